package repo

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"

	"github.com/uptrace/bun"
)

// SpendWork is work on an import that begins.
type SpendWork struct {
	// From are the states in which it may begin, To the one while it is done.
	From []SpendState
	To   SpendState
	// Layout and Preview replace those of before where they are given.
	Layout, Preview json.RawMessage
	// Batch are the jobs that do it; none: the state is all that changes.
	Batch *NewBatch
}

// BeginSpendWork puts an import into another state and enqueues the jobs that work on it. A look at the file that ended early goes on
// where it was, if the layout is the same. ErrSpendState, ErrNotFound.
func (p *Project) BeginSpendWork(ctx context.Context, id int64, work SpendWork) (*SpendImport, error) {
	found := new(SpendImport)
	err := p.store.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.tx.NewSelect().Model(found).Where("project_id = ? AND id = ?", p.ID, id).For("NO KEY UPDATE").Scan(ctx); err != nil {
			return err
		}
		if !slices.Contains(work.From, found.State) {
			return ErrSpendState
		}
		goesOn := found.State == SpendUploaded && found.Checkpoint != nil && isSameJSON(found.Layout, work.Layout)
		found.State, found.Error = work.To, ""
		if !goesOn {
			found.DoneBytes, found.DoneRows, found.Checkpoint = 0, 0, nil
		}
		if work.Layout != nil && !goesOn {
			found.Layout, found.Preview, found.ContentHash = work.Layout, work.Preview, ""
			found.setCounts(make([]int64, spendOutcomes))
		}
		if work.Batch != nil {
			batch, err := tx.CreateBatch(ctx, *work.Batch)
			if err != nil {
				return err
			}
			found.BatchID = batch.ID
		}
		_, err := tx.tx.NewUpdate().Model(found).WherePK().Exec(ctx)
		return err
	})
	return found, classify("begin to work on the import", err)
}

// isSameJSON reports whether two texts say the same, whatever the order of their keys.
func isSameJSON(a, b json.RawMessage) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// StopSpendWork puts an import back into the state before the work on it, with why: the work that a batch does, or any if batch is
// empty. Nothing happens where no such work is done.
func (p *Project) StopSpendWork(ctx context.Context, id int64, batch, why string) error {
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		found := new(SpendImport)
		if err := tx.NewSelect().Model(found).Where("project_id = ? AND id = ?", p.ID, id).For("NO KEY UPDATE").Scan(ctx); err != nil {
			return err
		}
		before := found.State.Before()
		if before == found.State || batch != "" && batch != found.BatchID {
			return nil
		}
		_, err := tx.NewUpdate().Model(found).Set("state = ?", before).Set("error = nullif(?, '')", why).WherePK().Exec(ctx)
		return err
	})
	return classify("stop the work on the import", err)
}

// NoteSpendWork says with how many rows the work of a batch has dealt. ErrSpendState when it is to end.
func (p *Project) NoteSpendWork(ctx context.Context, i *SpendImport, doneRows int64) error {
	result, err := p.store.db.NewUpdate().Model((*SpendImport)(nil)).Set("done_rows = ?", doneRows).
		Where("project_id = ? AND id = ? AND state = ? AND batch_id = ?", p.ID, i.ID, i.State, i.BatchID).Exec(ctx)
	if err = expectOne(result, err); errors.Is(err, ErrNotFound) {
		err = ErrSpendState
	}
	return classify("note how far the work on the import is", err)
}

// moveSpend writes an import in its next state, if it is still in the one that i says. ErrSpendState.
func (p *Project) moveSpend(ctx context.Context, db bun.IDB, i *SpendImport, to SpendState) error {
	from := i.State
	i.State, i.Error = to, ""
	result, err := db.NewUpdate().Model(i).WherePK().Where("state = ? AND batch_id = ?", from, i.BatchID).Exec(ctx)
	if err = expectOne(result, err); errors.Is(err, ErrNotFound) {
		err = ErrSpendState
	}
	return err
}

// lockSpend keeps the project's other imports and undoings waiting until the transaction ends.
func (p *Project) lockSpend(ctx context.Context, tx bun.Tx) error {
	_, err := tx.NewRaw("SELECT pg_advisory_xact_lock(hashtextextended('ad spend', ?))", p.ID).Exec(ctx)
	return err
}

// spendRevision counts the project's imports and undoings so far.
func (p *Project) spendRevision(ctx context.Context, db bun.IDB) (revision int64, err error) {
	err = db.NewRaw("SELECT coalesce(max(greatest(revision, checked_revision)), 0) FROM spend_imports WHERE project_id = ?", p.ID).Scan(ctx, &revision)
	return revision, err
}
