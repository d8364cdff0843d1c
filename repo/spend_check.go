package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// BeginSpendCheck forgets what was found in the file before, and notes what the rows are compared with.
func (p *Project) BeginSpendCheck(ctx context.Context, i *SpendImport) error {
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) (err error) {
		if _, err = tx.NewRaw("DELETE FROM spend_import_blocks WHERE project_id = ? AND import_id = ?", p.ID, i.ID).Exec(ctx); err != nil {
			return err
		}
		i.CheckedRevision, err = p.spendRevision(ctx, tx)
		return err
	})
	return classify("begin to check the file", err)
}

// SaveSpendRows compares rows of a file with what is there and keeps them: at most SpendBlockRows. They count in i.
func (p *Project) SaveSpendRows(ctx context.Context, i *SpendImport, rows []SpendRow) error {
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		return p.saveSpendRows(ctx, tx, i, rows)
	})
	return classify("keep rows of the file", err)
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
	i.ContentHash, i.DoneBytes, i.DoneRows, i.ExpiresAt = contentHash, i.ByteCount, i.Rows(), now.Add(OpenSpendLife)
	return classify("end the check of the file", p.moveSpend(ctx, p.store.db, i, SpendChecked))
}
