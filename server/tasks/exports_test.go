package tasks_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/tasks"
)

// visited is a project with events of three days.
func (o *office) visited(t *testing.T, many int) *repo.Project {
	t.Helper()
	project := repotest.Project(t, o.store)
	repotest.Exec(t, o.url, "INSERT INTO visitors (id, project_id, visitor_key, first_seen_at, last_seen_at) VALUES (1, $1, 'v', now(), now())", project.ID)
	repotest.Exec(t, o.url, "INSERT INTO tracking_sessions (id, project_id, visitor_id, session_key, started_at, last_activity_at) VALUES (1, $1, 1, 's', now(), now())", project.ID)
	repotest.Exec(t, o.url, `INSERT INTO events (project_id, session_id, visitor_id, event_type, name, title, created_at, event_id)
		SELECT $1, 1, 1, 'click', 'n' || n, repeat('x', 10000), now() - n * interval '1 hour', gen_random_uuid() FROM generate_series(1, $2) AS n`, project.ID, many)
	return project
}

// create makes an export; before is done before its jobs can begin.
func (o *office) create(t *testing.T, project *repo.Project, before func(export *repo.Export)) *repo.Export {
	t.Helper()
	settled, err := o.store.SettledEvents(t.Context(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	export := &repo.Export{Columns: []string{"event_name", "title"}, SettledID: settled, Question: repo.ExportQuestion{Bots: report.BotsIncluded}}
	first, last, err := project.ExportSpan(t.Context(), export.Selection())
	if err != nil {
		t.Fatal(err)
	}
	err = project.CreateExport(t.Context(), export, func(export *repo.Export) (repo.NewBatch, error) {
		batch, err := tasks.ExportBatch(export, first, last)
		for i := range batch.Jobs {
			batch.Jobs[i].Delay = time.Hour
		}
		return batch, err
	})
	if err != nil {
		t.Fatal(err)
	}
	if before != nil {
		before(export)
	}
	repotest.Exec(t, o.url, "UPDATE jobs SET available_at = epoch_now()")
	return export
}

// built waits for the jobs of an export and returns it with its file.
func (o *office) built(t *testing.T, project *repo.Project, export *repo.Export) (*repo.Export, string) {
	t.Helper()
	for export.State() == repo.ExportBuilding {
		<-o.outcomes
		var err error
		if export, err = project.Export(t.Context(), export.ID); err != nil {
			t.Fatal(err)
		}
	}
	var file bytes.Buffer
	if err := project.ReadExport(t.Context(), export.ID, 0, func(data []byte) error { file.Write(data); return nil }); err != nil {
		t.Fatal(err)
	}
	return export, file.String()
}

func TestAnExportGoesOnWhereAnAttemptCameTo(t *testing.T) {
	t.Parallel()
	o := open(t)
	project := o.visited(t, 72)
	whole, want := o.built(t, project, o.create(t, project, nil))
	if whole.State() != repo.ExportReady || whole.RowCount != 72 || strings.Count(want, "\r\n") != 73 || whole.Batch.TotalJobs < 3 {
		t.Fatalf("export = %+v, %d lines", whole, strings.Count(want, "\r\n"))
	}
	// The first attempt at the first part stored the header and the oldest event, and ended.
	lines := strings.SplitAfter(want, "\r\n")
	export := o.create(t, project, func(made *repo.Export) {
		repotest.Exec(t, o.url, `INSERT INTO export_chunks (project_id, export_id, part, number, data, last_at, last_id)
			SELECT project_id, $1, 0, 0, $2, created_at, id FROM events ORDER BY created_at LIMIT 1`, made.ID, []byte(lines[0]+lines[1]))
	})
	_, again := o.built(t, project, export)
	if again != want {
		t.Errorf("%d bytes, want %d", len(again), len(want))
	}
}

func TestAFileThatGrowsTooLargeFails(t *testing.T) {
	t.Parallel()
	o := open(t)
	project := o.visited(t, 3)
	export := o.create(t, project, func(made *repo.Export) {
		repotest.Exec(t, o.url, "UPDATE exports SET byte_count = $1 WHERE id = $2", int64(repo.MaxExportBytes), made.ID)
	})
	export, file := o.built(t, project, export)
	if export.State() != repo.ExportFailed || !strings.Contains(export.Error, "shorter range") || file != "" || export.ByteCount != 0 {
		t.Errorf("export = %+v, %d bytes", export, len(file))
	}
	if err := project.AddExportChunks(t.Context(), export.ID, []repo.ExportChunk{{Data: []byte("x")}}); err == nil {
		t.Error("something is added to an export that has failed")
	}
}
