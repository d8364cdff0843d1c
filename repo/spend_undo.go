package repo

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// OverlapError says which later imports have told of the same ads and days. It is why an import cannot be undone.
type OverlapError struct {
	// Imports are the latest of them, at most ten.
	Imports []int64
}

func (e *OverlapError) Error() string {
	return fmt.Sprintf("later imports have the same ads and days: %v", e.Imports)
}

// LaterSpendImports returns which imports in force came after this one and tell of the same ads and days: the latest, at most ten.
func (p *Project) LaterSpendImports(ctx context.Context, i *SpendImport) ([]int64, error) {
	ids, err := p.laterSpendImports(ctx, p.store.db, i)
	return ids, classify("look for later imports", err)
}

func (p *Project) laterSpendImports(ctx context.Context, db bun.IDB, i *SpendImport) ([]int64, error) {
	var later []int64
	err := db.NewRaw(`SELECT DISTINCT l.import_id FROM (`+unnested("outcome "+spendKey, "r.*", "b.import_id = ? AND r.outcome < 3")+`) AS r
		JOIN (`+unnested("outcome "+spendKey, "b.import_id, r.*", `b.import_id IN (SELECT id FROM spend_imports WHERE project_id = ? AND state IN (?) AND revision > ?)
			AND b.max_date >= (SELECT min(min_date) FROM spend_import_blocks WHERE project_id = ? AND import_id = ?) AND r.outcome < 3`)+`) AS l
			USING (platform, date, campaign_id, adset_id, ad_id)
		ORDER BY 1 DESC LIMIT 10`,
		p.ID, i.ID, p.ID, p.ID, bun.List([]SpendState{SpendImported, SpendUndoing}), i.Revision, p.ID, i.ID).Scan(ctx, &later)
	return later, err
}

// UndoSpendImport puts back what was there before the import. *OverlapError when later imports tell of the same ads and days;
// ErrSpendState when somebody has stopped the work.
func (p *Project) UndoSpendImport(ctx context.Context, i *SpendImport, now time.Time, done func(rows int64) error) error {
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := p.lockSpend(ctx, tx); err != nil {
			return err
		}
		later, err := p.laterSpendImports(ctx, tx, i)
		if err != nil {
			return err
		}
		if len(later) > 0 {
			return &OverlapError{Imports: later}
		}
		err = p.changeSpend(ctx, tx, i, done, func(b *spendBlock) error { return unwriteSpendBlock(ctx, tx, b, now) })
		if err != nil {
			return err
		}
		revision, err := p.spendRevision(ctx, tx)
		if err != nil {
			return err
		}
		i.Revision, i.UndoneAt, i.DoneRows = revision+1, now, i.Rows()
		return p.moveSpend(ctx, tx, i, SpendUndone)
	})
	return classify("undo the import", err)
}

// unwriteSpendBlock puts back what was there before a block was stored.
func unwriteSpendBlock(ctx context.Context, tx bun.Tx, b *spendBlock, now time.Time) error {
	if b.Counts[SpendNew] > 0 {
		// Looked up row by row, for the same reason as in replaceSpend.
		_, err := tx.NewRaw(`DELETE FROM ad_spend_fact WHERE project_id = ? AND id = ANY (ARRAY(SELECT found.id FROM (`+
			unnested("outcome "+spendKey, "r.*", "b.import_id = ? AND b.first_line = ? AND r.outcome = 0")+`) AS r CROSS JOIN LATERAL (
				SELECT f.id FROM ad_spend_fact AS f WHERE f.project_id = ? AND f.platform = r.platform AND f.date = r.date AND f.campaign_id = r.campaign_id
					AND f.adset_id = r.adset_id AND f.ad_id = r.ad_id LIMIT 1) AS found))`,
			b.ProjectID, b.ProjectID, b.ImportID, b.FirstLine, b.ProjectID).Exec(ctx)
		if err != nil {
			return err
		}
	}
	if b.Counts[SpendChanged] == 0 {
		return nil
	}
	return replaceSpend(ctx, tx, b, "old_", now)
}
