package repo

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// AwaitSpendCheck reads an import anew, once rows of its file that somebody is keeping at this moment are kept: a worker that was stopped
// does not hear of it. ErrNotFound.
func (p *Project) AwaitSpendCheck(ctx context.Context, i *SpendImport) error {
	found := new(SpendImport)
	err := p.store.db.NewSelect().Model(found).Where("project_id = ? AND id = ?", p.ID, i.ID).For("NO KEY UPDATE").Scan(ctx)
	if err == nil {
		*i = *found
	}
	return classify("wait for who checks the file", err)
}

// BeginSpendCheck forgets what was found in the file before, and notes what the rows are compared with. Of a look that goes on, nothing
// is forgotten: what was found is compared anew when it is imported, if something else was imported in between.
func (p *Project) BeginSpendCheck(ctx context.Context, i *SpendImport) error {
	if i.Checkpoint != nil {
		return nil
	}
	i.setCounts(make([]int64, spendOutcomes))
	i.DoneBytes, i.DoneRows = 0, 0
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) (err error) {
		if i.CheckedRevision, err = p.spendRevision(ctx, tx); err != nil {
			return err
		}
		// The row first: whoever else works on the import has to wait, and finds then that it was begun anew.
		if err := p.moveSpend(ctx, tx, i, SpendChecking); err != nil {
			return err
		}
		_, err = tx.NewRaw("DELETE FROM spend_import_blocks WHERE project_id = ? AND import_id = ?", p.ID, i.ID).Exec(ctx)
		return err
	})
	return classify("begin to check the file", err)
}

// SpendKeys calls seen with those of the rows found so far that are taken, with nothing but their lines, platforms, dates and ids.
func (p *Project) SpendKeys(ctx context.Context, id int64, seen func(row *SpendRow)) error {
	columns := []string{"first_line", "lines", "outcomes", "platforms", "dates", "campaign_ids", "adset_ids", "ad_ids"}
	err := p.eachSpendBlock(ctx, p.store.db, id, columns, func(b *spendBlock) error {
		for i, outcome := range b.Outcomes {
			if SpendOutcome(outcome) > SpendSame {
				continue
			}
			date, err := time.Parse(time.DateOnly, b.Dates[i])
			if err != nil {
				return err
			}
			seen(&SpendRow{Line: int(b.Lines[i]), Spend: AdSpend{Platform: b.Platforms[i], Date: date, CampaignID: b.CampaignIDs[i], AdsetID: b.AdsetIDs[i], AdID: b.AdIDs[i]}})
		}
		return nil
	})
	return classify("read the keys of the file", err)
}

// SaveSpendRows compares rows of a file with what is there and keeps them, at most SpendBlockRows, together with the place up to which
// that is: doneBytes of the file, and the checkpoint from which to go on. They count in i. ErrSpendState when the work is to end,
// ErrSpendElsewhere when somebody else has gone on with it.
func (p *Project) SaveSpendRows(ctx context.Context, i *SpendImport, rows []SpendRow, doneBytes int64, checkpoint json.RawMessage) error {
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := p.holdSpendCheck(ctx, tx, i); err != nil {
			return err
		}
		if err := p.saveSpendRows(ctx, tx, i, rows); err != nil {
			return err
		}
		i.DoneBytes, i.DoneRows, i.Checkpoint = doneBytes, i.Rows(), checkpoint
		return p.moveSpend(ctx, tx, i, i.State)
	})
	return classify("keep rows of the file", err)
}

// holdSpendCheck keeps an import as it is until the transaction ends, if it is as i says. ErrSpendState, ErrSpendElsewhere.
func (p *Project) holdSpendCheck(ctx context.Context, tx bun.Tx, i *SpendImport) error {
	held := new(SpendImport)
	err := tx.NewSelect().Model(held).Column("state", "batch_id", "done_rows").Where("project_id = ? AND id = ?", p.ID, i.ID).For("NO KEY UPDATE").Scan(ctx)
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && (held.State != i.State || held.BatchID != i.BatchID):
		return ErrSpendState
	case err == nil && held.DoneRows != i.DoneRows:
		return ErrSpendElsewhere
	}
	return err
}

func (p *Project) saveSpendRows(ctx context.Context, tx bun.Tx, i *SpendImport, rows []SpendRow) error {
	if err := p.compareSpend(ctx, tx, rows); err != nil {
		return err
	}
	block := newSpendBlock(rows)
	block.ProjectID, block.ImportID = p.ID, i.ID
	if _, err := tx.NewInsert().Model(block).Exec(ctx); err != nil {
		return err
	}
	counts := []int64{i.NewRows, i.ChangedRows, i.SameRows, i.RefusedRows, i.LeftOutRows}
	for outcome, n := range block.Counts {
		counts[outcome] += n
	}
	i.setCounts(counts)
	return nil
}

// compareSpend finds out of the rows that are taken whether each is new, changed or the same, in a transaction.
func (p *Project) compareSpend(ctx context.Context, tx bun.Tx, rows []SpendRow) error {
	var platforms, dates, campaigns, adsets, ads []string
	var places []int
	for i := range rows {
		if rows[i].Outcome > SpendSame {
			continue
		}
		key := rows[i].Spend.Key()
		rows[i].Outcome, rows[i].Old = SpendNew, AdSpend{}
		platforms, dates, campaigns = append(platforms, key.Platform), append(dates, key.Date), append(campaigns, key.CampaignID)
		adsets, ads, places = append(adsets, key.AdsetID), append(ads, key.AdID), append(places, i)
	}
	if len(places) == 0 {
		return nil
	}
	var found []struct {
		N           int
		Impressions int
		Clicks      int
		Spend       string
	}
	// By the unique index, a look for each row: a join would read the whole table for each block.
	if _, err := tx.ExecContext(ctx, "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"); err != nil {
		return err
	}
	err := tx.NewRaw(`SELECT r.n, f.impressions, f.clicks, f.spend
		FROM unnest(?::text[], ?::date[], ?::text[], ?::text[], ?::text[]) WITH ORDINALITY AS r (platform, date, campaign_id, adset_id, ad_id, n)
		JOIN ad_spend_fact AS f ON f.project_id = ? AND f.platform = r.platform AND f.date = r.date AND f.campaign_id = r.campaign_id
			AND f.adset_id = r.adset_id AND f.ad_id = r.ad_id`,
		pgdialect.Array(platforms), pgdialect.Array(dates), pgdialect.Array(campaigns), pgdialect.Array(adsets), pgdialect.Array(ads), p.ID).Scan(ctx, &found)
	if err != nil {
		return err
	}
	for _, old := range found {
		row := &rows[places[old.N-1]]
		row.Outcome = SpendChanged
		row.Old = AdSpend{Impressions: old.Impressions, Clicks: old.Clicks, Spend: old.Spend}
		if old.Impressions == row.Spend.Impressions && old.Clicks == row.Spend.Clicks && old.Spend == row.Spend.Spend {
			row.Outcome = SpendSame
		}
	}
	return nil
}

// EndSpendCheck notes what was found in the file. ErrSpendState when somebody has stopped the work.
func (p *Project) EndSpendCheck(ctx context.Context, i *SpendImport, contentHash string, now time.Time) error {
	i.ContentHash, i.DoneBytes, i.DoneRows, i.ExpiresAt, i.Checkpoint = contentHash, i.ByteCount, i.Rows(), now.Add(OpenSpendLife), nil
	return classify("end the check of the file", p.moveSpend(ctx, p.store.db, i, SpendChecked))
}
