package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/microtracker/microtracker/repo"
	adfiles "github.com/microtracker/microtracker/server/ads"
	"github.com/microtracker/microtracker/server/jobs"
	"github.com/microtracker/microtracker/server/tasks"
)

const (
	// spendAds times spendDays are the rows of the file: a million.
	spendAds, spendDays = 2_500, 400
	// spendMemory is what an import may take, in bytes.
	spendMemory = 200 << 20
)

// spendFile writes a file of a million rows, as one of the platforms exports them or as COPY reads them into ad_spend_fact.
func spendFile(projectID int64) io.ReadCloser {
	reader, writer := io.Pipe()
	go func() {
		out := bufio.NewWriterSize(writer, 512<<10)
		var line []byte
		if projectID == 0 {
			_, _ = out.WriteString("Day,Campaign name,Campaign ID,Ad set name,Ad set ID,Ad name,Ad ID,Impressions,Link clicks,Amount spent (EUR)\n")
		}
		since := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
		for day := range spendDays {
			date := since.AddDate(0, 0, day).Format(time.DateOnly)
			for ad := range spendAds {
				campaign, set, id := 120210000000000000+ad/50, 120220000000000000+ad/10, 120230000000000000+ad
				if projectID == 0 {
					line = fmt.Appendf(line[:0], "%s,Campaign %d,%d,Set %d,%d,Ad %d,%d,%d,%d,%d.%02d\n", date, ad/50, campaign, ad/10, set, ad, id, 5000+ad, ad%97, 10+ad%7, day%100)
				} else {
					line = fmt.Appendf(line[:0], "%d,facebook,%s,%d,%d,%d,%d,%d,%d.%02d\n", projectID, date, campaign, set, id, 5000+ad, ad%97, 10+ad%7, day%100)
				}
				_, _ = out.Write(line) // Flush says it
			}
		}
		_ = writer.CloseWithError(out.Flush()) // nil, always
	}()
	return reader
}

// workOnSpend does jobs until stop is called, which may be done twice. Of what it is at when it stops, it waits for nothing.
func (s *site) workOnSpend(ctx context.Context) (stop func()) {
	registry := jobs.NewRegistry()
	tasks.Register(registry, tasks.Config{Store: s.store, Logger: slog.New(slog.DiscardHandler)})
	working, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		jobs.NewWorker(jobs.Config{
			Store: s.store, Registry: registry, Logger: slog.New(slog.DiscardHandler), Poll: 100 * time.Millisecond, Grace: time.Nanosecond,
		}).Run(working)
	}()
	return func() {
		cancel()
		<-done
	}
}

// spend measures how long a file of a million rows takes to be looked at and imported, as a share of COPY of the same rows into the
// same table, and how much memory that takes.
func spend(ctx context.Context, b *bench) ([]row, error) {
	s, err := b.site(ctx, "spend")
	if err != nil {
		return nil, err
	}
	defer s.close() //nolint:errcheck // its folder goes
	if _, err := s.exec(ctx, "UPDATE projects SET currency = 'EUR'"); err != nil {
		return nil, err
	}
	project, err := s.store.OpenProject(ctx, repo.Caller{ProjectID: s.project.ID}, s.project.ID)
	if err != nil {
		return nil, err
	}
	stop := s.workOnSpend(ctx)
	defer func() { stop() }()
	var rates, memories []float64
	var whole time.Duration
	detail := ""
	for range b.rounds {
		copied, err := s.copySpend(ctx)
		if err != nil {
			return nil, err
		}
		highest := watchMemory()
		checked, imported, err := importSpend(ctx, project)
		memory := highest()
		if err != nil {
			return nil, err
		}
		rates = append(rates, copied.Seconds()/(checked+imported).Seconds())
		memories = append(memories, float64(memory)/spendMemory)
		whole = checked + imported
		detail = fmt.Sprintf("looked at in %.1f s, imported in %.1f s; COPY %.1f s; %d MB", checked.Seconds(), imported.Seconds(), copied.Seconds(), memory>>20)
	}
	stop()
	interrupted, err := s.interruptSpend(ctx, project)
	if err != nil {
		return nil, err
	}
	stop = s.workOnSpend(ctx)
	inLook, inImport, forgotten, err := s.cancelSpend(ctx, project)
	if err != nil {
		return nil, err
	}
	cancelled := fmt.Sprintf("in the look %.2f s, in the import %.2f s; forgotten in %.2f s", inLook.Seconds(), inImport.Seconds(), forgotten.Seconds())
	return []row{
		{"1 M rows of spend from a CSV file, looked at and imported: rate / COPY of the same rows", median(rates), 0.4, true, detail},
		{"the same: most memory of the program / 200 MB", median(memories), 1, false, detail},
		{
			"the same, both the look and the import interrupted half way and gone on with / without that",
			(interrupted[0] + interrupted[1]).Seconds() / whole.Seconds(), 1.5, false,
			fmt.Sprintf("looked at in %.1f s, imported in %.1f s", interrupted[0].Seconds(), interrupted[1].Seconds()),
		},
		{"the same, cancelled half way: seconds until it has stopped, and nothing of it is left", (max(inLook, inImport) + forgotten).Seconds(), 5, false, cancelled},
	}, nil
}

// copySpend stores the rows by COPY, with the table empty before and after.
func (s *site) copySpend(ctx context.Context) (time.Duration, error) {
	if err := s.forgetSpend(ctx); err != nil {
		return 0, err
	}
	conn, err := pgx.Connect(ctx, s.URL())
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx) //nolint:errcheck // it has done its work
	file := spendFile(s.project.ID)
	defer file.Close() //nolint:errcheck // it has been read
	begun := time.Now()
	tag, err := conn.PgConn().CopyFrom(ctx, file, "COPY ad_spend_fact (project_id, platform, date, campaign_id, adset_id, ad_id, impressions, clicks, spend) FROM STDIN (FORMAT csv)")
	took := time.Since(begun)
	if err != nil {
		return 0, err
	}
	if tag.RowsAffected() != spendAds*spendDays {
		return 0, fmt.Errorf("COPY stored %d rows", tag.RowsAffected())
	}
	return took, s.forgetSpend(ctx)
}

// forgetSpend empties the tables.
func (s *site) forgetSpend(ctx context.Context) error {
	_, err := s.exec(ctx, "TRUNCATE ad_spend_fact", "DELETE FROM spend_imports", "VACUUM ANALYZE spend_import_blocks", "CHECKPOINT")
	return err
}

// uploadSpend uploads the file, as the API does.
func uploadSpend(ctx context.Context, project *repo.Project) (id int64, err error) {
	made, err := project.CreateSpendImport(ctx, "bench.csv", time.Now())
	if err != nil {
		return 0, err
	}
	file := spendFile(0)
	defer file.Close() //nolint:errcheck // it has been read
	piece := make([]byte, 512<<10)
	for offset := int64(0); ; {
		n, readErr := io.ReadFull(file, piece)
		if n > 0 {
			if offset, err = project.AppendSpendChunk(ctx, made.ID, offset, piece[:n]); err != nil {
				return 0, err
			}
		}
		if readErr != nil {
			return made.ID, nil // the end
		}
	}
}

// spendWork is the work of looking at an import's file, and that of importing it.
func spendWork(ctx context.Context, project *repo.Project, id int64) (look, apply repo.SpendWork, err error) {
	sample, err := tasks.ReadSample(ctx, project, id)
	if err != nil {
		return look, apply, err
	}
	found, err := adfiles.Detect(sample)
	if err != nil {
		return look, apply, err
	}
	look = repo.SpendWork{From: []repo.SpendState{repo.SpendUploading, repo.SpendUploaded}, To: repo.SpendChecking, Preview: []byte("{}")}
	if look.Layout, err = json.Marshal(found.Layout); err != nil {
		return look, apply, err
	}
	args := tasks.SpendArgs{ProjectID: project.ID, ImportID: id}
	if look.Batch, err = tasks.CheckSpendBatch(args); err != nil {
		return look, apply, err
	}
	apply = repo.SpendWork{From: []repo.SpendState{repo.SpendChecked}, To: repo.SpendImporting}
	apply.Batch, err = tasks.ImportSpendBatch(args)
	return look, apply, err
}

// importSpend uploads the file and has it looked at and imported.
func importSpend(ctx context.Context, project *repo.Project) (checked, imported time.Duration, err error) {
	id, err := uploadSpend(ctx, project)
	if err != nil {
		return 0, 0, err
	}
	look, apply, err := spendWork(ctx, project, id)
	if err != nil {
		return 0, 0, err
	}
	if checked, err = workOn(ctx, project, id, look, repo.SpendChecked); err != nil {
		return 0, 0, err
	}
	imported, err = workOn(ctx, project, id, apply, repo.SpendImported)
	return checked, imported, err
}

// workOn begins work on an import and waits until it is in the state that this leads to.
func workOn(ctx context.Context, project *repo.Project, id int64, work repo.SpendWork, until repo.SpendState) (time.Duration, error) {
	begun := time.Now()
	if _, err := project.BeginSpendWork(ctx, id, work); err != nil {
		return 0, err
	}
	err := waitForSpend(ctx, project, id, func(found *repo.SpendImport) (bool, error) {
		if found.State != until && found.State != work.To {
			return false, fmt.Errorf("the import is %s: %s", found.State, found.Error)
		}
		return found.State == until, nil
	})
	return time.Since(begun), err
}

// waitForSpend looks at an import until it is as wanted.
func waitForSpend(ctx context.Context, project *repo.Project, id int64, wanted func(found *repo.SpendImport) (bool, error)) error {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		found, err := project.SpendImport(ctx, id)
		if err != nil {
			return err
		}
		if is, err := wanted(found); is || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-again.C:
		}
	}
}

// watchMemory looks at how much memory the program has of the system; what it returns ends that and says what was the most.
func watchMemory() func() uint64 {
	runtime.GC()
	stop, most := make(chan struct{}), make(chan uint64)
	go func() {
		again := time.NewTicker(50 * time.Millisecond)
		defer again.Stop()
		var highest uint64
		for {
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			highest = max(highest, stats.Sys-stats.HeapReleased)
			select {
			case <-again.C:
			case <-stop:
				most <- highest
				return
			}
		}
	}()
	return func() uint64 {
		close(stop)
		return <-most
	}
}
