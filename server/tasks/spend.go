package tasks

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/ads"
	"github.com/microtracker/microtracker/server/jobs"
)

// SpendArgs names work on an import of what ads cost.
type SpendArgs struct {
	ProjectID int64 `json:"project_id"`
	ImportID  int64 `json:"import_id"`
}

func spendKind(name string) jobs.Kind[SpendArgs] {
	return jobs.Kind[SpendArgs]{Name: name, Version: 1, Queue: importsQueue, MaxAttempts: 4, Timeout: time.Hour}
}

// checkSpend looks at what each row of a file brings, importSpend imports them and undoSpend undoes that. settleSpend follows each: an
// import whose work has ended early goes back to where it was.
func checkSpend() jobs.Kind[SpendArgs]  { return spendKind("spend.check") }
func importSpend() jobs.Kind[SpendArgs] { return spendKind("spend.import") }
func undoSpend() jobs.Kind[SpendArgs]   { return spendKind("spend.undo") }
func settleSpend() jobs.Kind[SpendArgs] { return spendKind("spend.settle") }

// CheckSpendBatch looks at the rows of an import's file.
func CheckSpendBatch(args SpendArgs) (*repo.NewBatch, error) {
	return spendBatch("Check a file of what ads cost", checkSpend(), args)
}

// ImportSpendBatch imports what was looked at.
func ImportSpendBatch(args SpendArgs) (*repo.NewBatch, error) {
	return spendBatch("Import what ads cost", importSpend(), args)
}

// UndoSpendBatch undoes an import.
func UndoSpendBatch(args SpendArgs) (*repo.NewBatch, error) {
	return spendBatch("Undo an import of what ads cost", undoSpend(), args)
}

func spendBatch(name string, kind jobs.Kind[SpendArgs], args SpendArgs) (*repo.NewBatch, error) {
	job, err := kind.Job(args, jobs.Options{ProjectID: args.ProjectID})
	if err != nil {
		return nil, err
	}
	settle, err := settleSpend().Step(args)
	if err != nil {
		return nil, err
	}
	return &repo.NewBatch{Name: name, ProjectID: args.ProjectID, Options: repo.BatchOptions{Finally: settle}, Jobs: []repo.NewJob{job}}, nil
}

func (w *worker) registerSpend(registry *jobs.Registry) {
	jobs.Handle(registry, checkSpend(), w.onSpend(repo.SpendChecking, w.checkSpend))
	jobs.Handle(registry, importSpend(), w.onSpend(repo.SpendImporting, func(ctx context.Context, project *repo.Project, i *repo.SpendImport) error {
		return project.ApplySpendImport(ctx, i, w.Now(), func(rows int64) error { return project.NoteSpendWork(ctx, i, 0, rows) })
	}))
	jobs.Handle(registry, undoSpend(), w.onSpend(repo.SpendUndoing, func(ctx context.Context, project *repo.Project, i *repo.SpendImport) error {
		return project.UndoSpendImport(ctx, i, w.Now(), func(rows int64) error { return project.NoteSpendWork(ctx, i, 0, rows) })
	}))
	jobs.Handle(registry, settleSpend(), func(ctx context.Context, _ *jobs.Running, args SpendArgs) error {
		project, i, err := w.openSpend(ctx, args)
		if i == nil || i.State.Before() == i.State {
			return err
		}
		batch, err := w.Store.JobBatch(ctx, repo.JobFilter{}, i.BatchID)
		if err == nil && batch.FinishedAt == nil {
			return nil // that of a later batch, which works
		}
		return project.StopSpendWork(ctx, i.ID, i.BatchID, "the work on it failed or was cancelled: begin it again")
	})
}

// openSpend opens an import; nil where it has gone.
func (w *worker) openSpend(ctx context.Context, args SpendArgs) (*repo.Project, *repo.SpendImport, error) {
	project, err := w.Store.OpenProject(ctx, repo.Caller{ProjectID: args.ProjectID}, args.ProjectID)
	if errors.Is(err, repo.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	i, err := project.SpendImport(ctx, args.ImportID)
	if errors.Is(err, repo.ErrNotFound) {
		return nil, nil, nil
	}
	return project, i, err
}

// onSpend does work on an import that is in the state. Work that was done, or stopped, is not done again; what its owner can put right
// is told to him and no failure.
func (w *worker) onSpend(state repo.SpendState, work func(ctx context.Context, project *repo.Project, i *repo.SpendImport) error) func(context.Context, *jobs.Running, SpendArgs) error {
	return func(ctx context.Context, _ *jobs.Running, args SpendArgs) error {
		project, i, err := w.openSpend(ctx, args)
		if i == nil || err != nil || i.State != state {
			return err
		}
		err = work(ctx, project, i)
		if overlap, ok := errors.AsType[*repo.OverlapError](err); ok {
			return project.StopSpendWork(ctx, i.ID, i.BatchID, overlap.Error()+": undo those first")
		}
		switch {
		case errors.Is(err, repo.ErrSpendState):
			return nil // somebody has stopped it
		case errors.Is(err, ads.ErrTooManyRows), errors.Is(err, ads.ErrNoTable):
			return project.StopSpendWork(ctx, i.ID, i.BatchID, err.Error())
		}
		return err
	}
}

// counter counts what is read.
type counter struct {
	io.Reader

	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// checkSpend reads the file and keeps what each row brings. An attempt that is repeated begins anew.
func (w *worker) checkSpend(ctx context.Context, project *repo.Project, i *repo.SpendImport) error {
	var layout ads.Layout
	if err := json.Unmarshal(i.Layout, &layout); err != nil {
		return jobs.Permanent(fmt.Errorf("read the layout: %w", err))
	}
	limits, err := SpendLimits(ctx, project, w.Now())
	if err != nil {
		return err
	}
	if err := project.BeginSpendCheck(ctx, i); err != nil {
		return err
	}
	counts := []*int64{&i.NewRows, &i.ChangedRows, &i.SameRows, &i.RefusedRows, &i.LeftOutRows}
	for _, n := range counts {
		*n = 0
	}
	hash := sha256.New()
	file := &counter{Reader: io.TeeReader(project.SpendFile(ctx, i.ID), hash)}
	reader := ads.NewReader(file, layout, limits)
	rows := make([]repo.SpendRow, 0, repo.SpendBlockRows)
	for {
		row, err := reader.Read()
		isEnd := errors.Is(err, io.EOF)
		if err != nil && !isEnd {
			return err
		}
		if !isEnd {
			rows = append(rows, SpendRow(&row))
		}
		if len(rows) == repo.SpendBlockRows || isEnd && len(rows) > 0 {
			if err := project.SaveSpendRows(ctx, i, rows); err != nil {
				return err
			}
			rows = rows[:0]
			if err := project.NoteSpendWork(ctx, i, file.n, i.Rows()); err != nil {
				return err
			}
		}
		if isEnd {
			return project.EndSpendCheck(ctx, i, hex.EncodeToString(hash.Sum(nil)), w.Now())
		}
	}
}

// SpendRow is a row of a file as the repository keeps it.
func SpendRow(row *ads.Row) repo.SpendRow {
	kept := repo.SpendRow{
		Line: row.Line, Reason: string(row.Reason), Detail: row.Detail, CampaignName: row.CampaignName, AdsetName: row.AdsetName, AdName: row.AdName,
		Spend: repo.AdSpend{
			Platform: row.Platform, Date: row.Date, CampaignID: row.CampaignID, AdsetID: row.AdsetID, AdID: row.AdID,
			Impressions: int(row.Impressions), Clicks: int(row.Clicks), Spend: centsText(row.Cents),
		},
	}
	switch {
	case row.IsLeftOut():
		kept.Outcome = repo.SpendLeftOut
	case row.Reason != "":
		kept.Outcome = repo.SpendRefused
	}
	return kept
}

// centsText is an amount in hundredths as the database writes it.
func centsText(cents int64) string {
	text := strconv.AppendInt(nil, cents/100, 10)
	return string(append(append(text, '.'), byte('0'+cents/10%10), byte('0'+cents%10)))
}

// SpendLimits are what a project's files may hold at a time.
func SpendLimits(ctx context.Context, project *repo.Project, now time.Time) (ads.Limits, error) {
	accounts, err := project.AdAccounts(ctx)
	if err != nil {
		return ads.Limits{}, err
	}
	today := func(zone string) (time.Time, error) {
		location, err := time.LoadLocation(zone)
		if err != nil {
			return time.Time{}, fmt.Errorf("read a time zone: %w", err)
		}
		year, month, day := now.In(location).Date()
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC), nil
	}
	others, err := today(project.TimeZone)
	if err != nil {
		return ads.Limits{}, err
	}
	days := map[string]time.Time{}
	for _, account := range accounts {
		if days[account.Platform], err = today(account.TimeZone); err != nil {
			return ads.Limits{}, err
		}
	}
	return ads.Limits{Currency: project.Currency, Today: func(platform string) time.Time {
		if day, ok := days[platform]; ok {
			return day
		}
		return others
	}}, nil
}

// ReadSample is the beginning of an import's file, as much as a layout is guessed from.
func ReadSample(ctx context.Context, project *repo.Project, id int64) ([]byte, error) {
	var sample bytes.Buffer
	_, err := io.Copy(&sample, io.LimitReader(project.SpendFile(ctx, id), ads.SampleSize))
	return sample.Bytes(), err
}
