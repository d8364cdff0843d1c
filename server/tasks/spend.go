package tasks

import (
	"context"
	"errors"
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
		return project.ApplySpendImport(ctx, i, w.Now(), func(rows int64) error { return project.NoteSpendWork(ctx, i, rows) })
	}))
	jobs.Handle(registry, undoSpend(), w.onSpend(repo.SpendUndoing, func(ctx context.Context, project *repo.Project, i *repo.SpendImport) error {
		return project.UndoSpendImport(ctx, i, w.Now(), func(rows int64) error { return project.NoteSpendWork(ctx, i, rows) })
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
