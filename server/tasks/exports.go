package tasks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/exports"
	"github.com/microtracker/microtracker/server/jobs"
)

const (
	// maxExportParts is in how many parts an export is built at most, each of a stretch of time of exportPart at least.
	maxExportParts = 30
	exportPart     = 24 * time.Hour
	// exportPage is how many events one page looks at.
	exportPage = 500
	// exportChunk is from how many bytes on a piece of the file is stored.
	exportChunk = 256 << 10
)

// ExportArgs names a part of an export: the events from Since until Until, half-open.
type ExportArgs struct {
	ProjectID int64     `json:"project_id"`
	ExportID  int64     `json:"export_id"`
	Part      int       `json:"part"`
	Since     time.Time `json:"since"`
	Until     time.Time `json:"until"`
}

// buildExport builds a part of an export.
func buildExport() jobs.Kind[ExportArgs] {
	return jobs.Kind[ExportArgs]{Name: "exports.build", Version: 1, Queue: exportsQueue, MaxAttempts: 5, Timeout: 30 * time.Minute}
}

// ExportBatch is a batch that builds an export in parts, whose events happened from first until last, both zero where there are none.
func ExportBatch(export *repo.Export, first, last time.Time) (repo.NewBatch, error) {
	batch := repo.NewBatch{Name: fmt.Sprintf("Export %d", export.ID), ProjectID: export.ProjectID}
	whole := export.Selection().Query
	parts := int(min(maxExportParts, 1+last.Sub(first)/exportPart))
	length := (last.Sub(first) / time.Duration(parts)).Truncate(time.Microsecond) // as the database keeps times
	since := whole.Since
	for part := range parts {
		until := whole.Until
		if part < parts-1 {
			until = since.Add(length)
			if part == 0 {
				until = first.Add(length)
			}
		}
		job, err := buildExport().Job(ExportArgs{ProjectID: export.ProjectID, ExportID: export.ID, Part: part, Since: since, Until: until}, jobs.Options{})
		if err != nil {
			return batch, err
		}
		batch.Jobs = append(batch.Jobs, job)
		since = until
	}
	return batch, nil
}

func (w *worker) registerExports(registry *jobs.Registry) {
	jobs.Handle(registry, buildExport(), w.buildExport)
}

// buildExport builds a part, and goes on where an attempt before it came to.
func (w *worker) buildExport(ctx context.Context, _ *jobs.Running, args ExportArgs) error {
	err := w.buildPart(ctx, args)
	switch {
	case errors.Is(err, repo.ErrNotFound):
		return nil // the project or the export has gone, or another part has failed
	case errors.Is(err, repo.ErrExportTooLarge):
		return jobs.Permanent(err)
	}
	return err
}

func (w *worker) buildPart(ctx context.Context, args ExportArgs) error {
	project, err := w.Store.OpenProject(ctx, repo.Caller{ProjectID: args.ProjectID}, args.ProjectID)
	if err != nil {
		return err
	}
	export, err := project.Export(ctx, args.ExportID)
	if err != nil {
		return err
	}
	writer, err := exports.NewWriter(export.Columns, export.Question.Identities)
	if err != nil {
		return jobs.Permanent(err) // of a newer version's
	}
	part := &exportedPart{project: project, export: export, number: args.Part, place: repo.ExportPlace{At: args.Since}}
	if err := part.begin(ctx, writer); err != nil {
		return err
	}
	for more := true; more; {
		page, err := project.ExportByTime(ctx, export.Selection(), part.place, args.Until, exportPage)
		if err != nil {
			return err
		}
		for i := range page.Events {
			event := &page.Events[i]
			if err := writer.Event(&part.pending, event); err != nil {
				return err
			}
			part.rows++
			part.place = repo.ExportPlace{At: event.Event.CreatedAt, ID: event.Event.ID}
			if err := part.store(ctx, exportChunk); err != nil {
				return err
			}
		}
		if more = page.More; more {
			part.place = page.Last
		}
	}
	return part.store(ctx, 1)
}

// exportedPart is a part of an export that is being built.
type exportedPart struct {
	project *repo.Project
	export  *repo.Export
	number  int
	// place is of the last event that was looked at.
	place repo.ExportPlace
	// pending are lines that are not stored yet, of as many events as rows; chunks is how many pieces are.
	pending bytes.Buffer
	rows    int64
	chunks  int
}

// begin finds where to go on; the first part begins with the line of the names.
func (p *exportedPart) begin(ctx context.Context, writer *exports.Writer) error {
	last, err := p.project.LastExportChunk(ctx, p.export.ID, p.number)
	if err != nil {
		return err
	}
	if last != nil {
		p.chunks, p.place = last.Number+1, repo.ExportPlace{At: last.LastAt, ID: last.LastID}
		return nil
	}
	if p.number > 0 {
		return nil
	}
	if p.export.Question.ByteOrderMark {
		p.pending.WriteString(exports.ByteOrderMark)
	}
	return writer.Header(&p.pending)
}

// store stores the lines that wait when they have so many bytes.
func (p *exportedPart) store(ctx context.Context, atLeast int) error {
	if p.pending.Len() < atLeast {
		return nil
	}
	err := p.project.AddExportChunks(ctx, p.export.ID, []repo.ExportChunk{{
		Part: p.number, Number: p.chunks, Data: p.pending.Bytes(), LastAt: p.place.At, LastID: p.place.ID, Rows: p.rows,
	}})
	if errors.Is(err, repo.ErrExportTooLarge) {
		why := fmt.Sprintf("the file would be larger than %d MiB: ask for a shorter range, fewer columns, or with a narrower filter", repo.MaxExportBytes>>20)
		err = errors.Join(err, p.project.FailExport(ctx, p.export.ID, why))
	}
	p.chunks++
	p.rows = 0
	p.pending.Reset()
	return err
}
