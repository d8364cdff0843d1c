package repo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// ApplySpendImport stores what the file brings, all of it or nothing: what is new and what is changed, and the ads' names. done hears
// how many rows have been dealt with. ErrSpendState when somebody has stopped the work.
func (p *Project) ApplySpendImport(ctx context.Context, i *SpendImport, now time.Time, done func(rows int64) error) error {
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := p.lockSpend(ctx, tx); err != nil {
			return err
		}
		if err := p.recompareSpend(ctx, tx, i, done); err != nil {
			return err
		}
		err := p.changeSpend(ctx, tx, i, done, func(b *spendBlock) error { return writeSpendBlock(ctx, tx, b, now) })
		if err != nil {
			return err
		}
		return p.endSpendImport(ctx, tx, i, now)
	})
	return classify("import the spend", err)
}

// changeSpend changes the spend by one block after the other, and tells how many rows are done.
func (p *Project) changeSpend(ctx context.Context, tx bun.Tx, i *SpendImport, done func(rows int64) error, change func(b *spendBlock) error) error {
	var rows int64
	return p.eachSpendBlock(ctx, tx, i.ID, countColumns(), func(b *spendBlock) error {
		if err := change(b); err != nil {
			return err
		}
		for _, n := range b.Counts {
			rows += n
		}
		return done(rows)
	})
}

// endSpendImport names the ads and puts the import in force. The ads come last, because who stores sessions waits for their rows.
func (p *Project) endSpendImport(ctx context.Context, tx bun.Tx, i *SpendImport, now time.Time) error {
	if _, err := tx.NewRaw("DELETE FROM spend_import_chunks WHERE project_id = ? AND import_id = ?", p.ID, i.ID).Exec(ctx); err != nil {
		return err
	}
	if err := nameSpentAds(ctx, tx, p.ID, i.ID, now); err != nil {
		return err
	}
	revision, err := p.spendRevision(ctx, tx)
	if err != nil {
		return err
	}
	i.Revision, i.ImportedAt, i.ExpiresAt, i.DoneRows = revision+1, now, now.Add(UndoLife), i.Rows()
	return p.moveSpend(ctx, tx, i, SpendImported)
}

// recompareSpend compares the rows anew where something was imported or undone since they were. done hears of each block that none is
// imported yet.
func (p *Project) recompareSpend(ctx context.Context, tx bun.Tx, i *SpendImport, done func(rows int64) error) error {
	revision, err := p.spendRevision(ctx, tx)
	if err != nil || revision == i.CheckedRevision {
		return err
	}
	i.setCounts(make([]int64, spendOutcomes))
	return p.eachSpendBlock(ctx, tx, i.ID, nil, func(b *spendBlock) error {
		rows := b.rows()
		if _, err := tx.NewDelete().Model(b).WherePK().Exec(ctx); err != nil {
			return err
		}
		if err := p.saveSpendRows(ctx, tx, i, rows); err != nil {
			return err
		}
		return done(0)
	})
}

// ImportSpendRows imports rows at once, at most some blocks of them, as an import of its own, which it fills in. Of a dry run nothing is
// kept; so it is where a row is refused, unless withoutRefused. rows are given their outcomes.
func (p *Project) ImportSpendRows(ctx context.Context, i *SpendImport, rows []SpendRow, dryRun, withoutRefused bool, now time.Time) (imported bool, err error) {
	errDry := errors.New("nothing is to be kept")
	err = p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) (err error) {
		if err := p.lockSpend(ctx, tx); err != nil {
			return err
		}
		if i.CheckedRevision, err = p.spendRevision(ctx, tx); err != nil {
			return err
		}
		i.ProjectID, i.State, i.CreatedAt, i.ExpiresAt, i.BatchID = p.ID, SpendImporting, now, now.Add(UndoLife), "at once"
		if _, err := tx.NewInsert().Model(i).Exec(ctx); err != nil {
			return err
		}
		for begin := 0; begin < len(rows); begin += SpendBlockRows {
			if err := p.saveSpendRows(ctx, tx, i, rows[begin:min(begin+SpendBlockRows, len(rows))]); err != nil {
				return err
			}
		}
		if dryRun || i.RefusedRows > 0 && !withoutRefused {
			return errDry
		}
		err = p.eachSpendBlock(ctx, tx, i.ID, countColumns(), func(b *spendBlock) error { return writeSpendBlock(ctx, tx, b, now) })
		if err != nil {
			return err
		}
		if err := p.endSpendImport(ctx, tx, i, now); err != nil {
			return err
		}
		i.BatchID = ""
		_, err = tx.NewUpdate().Model(i).Column("batch_id").WherePK().Exec(ctx)
		return err
	})
	if errors.Is(err, errDry) {
		return false, nil
	}
	return err == nil, classify("import the spend", err)
}

// writeSpendBlock stores what is new and changed in a block.
func writeSpendBlock(ctx context.Context, tx bun.Tx, b *spendBlock, now time.Time) error {
	if b.Counts[SpendNew] > 0 {
		_, err := tx.NewRaw(`INSERT INTO ad_spend_fact (project_id, platform, date, campaign_id, adset_id, ad_id, impressions, clicks, spend, created_at, updated_at) `+
			unnested("outcome impressions clicks spend "+spendKey, "b.project_id, r.platform, r.date, r.campaign_id, r.adset_id, r.ad_id, r.impressions, r.clicks, r.spend, ?, ?", "b.import_id = ? AND b.first_line = ? AND r.outcome = 0"),
			now, now, b.ProjectID, b.ImportID, b.FirstLine).Exec(ctx)
		if err != nil {
			return err
		}
	}
	if b.Counts[SpendChanged] == 0 {
		return nil
	}
	return replaceSpend(ctx, tx, b, "", now)
}

// replaceSpend stores the figures of the rows that a block changes, or with the prefix old_ those of before. By the unique key alone: of a join the planner makes what is worst
// for a table that was just filled.
func replaceSpend(ctx context.Context, tx bun.Tx, b *spendBlock, prefix string, now time.Time) error {
	fields := prefix + "impressions " + prefix + "clicks " + prefix + "spend"
	_, err := tx.NewRaw(`INSERT INTO ad_spend_fact (project_id, platform, date, campaign_id, adset_id, ad_id, impressions, clicks, spend, created_at, updated_at) `+
		unnested("outcome "+fields+" "+spendKey, "b.project_id, r.platform, r.date, r.campaign_id, r.adset_id, r.ad_id, r."+strings.Join(strings.Fields(fields), ", r.")+", ?, ?", "b.import_id = ? AND b.first_line = ? AND r.outcome = 1")+`
		ON CONFLICT (project_id, platform, date, campaign_id, adset_id, ad_id) DO UPDATE
		SET impressions = EXCLUDED.impressions, clicks = EXCLUDED.clicks, spend = EXCLUDED.spend, updated_at = EXCLUDED.updated_at`,
		now, now, b.ProjectID, b.ImportID, b.FirstLine).Exec(ctx)
	return err
}

// nameSpentAds brings the ads that an import tells of up to date. Names are those of an ad's latest day; they replace others unless a
// session came from the ad after that day.
func nameSpentAds(ctx context.Context, tx bun.Tx, projectID, importID int64, now time.Time) error {
	const newer = "EXCLUDED.last_seen_at + interval '1 day' >= ad.last_seen_at"
	var sets strings.Builder
	for _, column := range []string{"campaign_id", "campaign_name", "adset_id", "adset_name", "ad_name"} {
		fmt.Fprintf(&sets, "%[1]s = CASE WHEN %[2]s THEN coalesce(EXCLUDED.%[1]s, ad.%[1]s) ELSE coalesce(ad.%[1]s, EXCLUDED.%[1]s) END, ", column, newer)
	}
	_, err := tx.NewRaw(`INSERT INTO ads_dim AS ad (project_id, ad_id, platform, campaign_id, campaign_name, adset_id, adset_name, ad_name,
			first_seen_at, last_seen_at, created_at, updated_at)
		SELECT ?, s.ad_id, s.latest[2], s.latest[3], nullif(s.latest[4], ''), s.latest[5], nullif(s.latest[6], ''), nullif(s.latest[7], ''),
			s.first_date, s.last_date, ?::timestamptz, ?::timestamptz
		FROM (SELECT r.ad_id COLLATE "C" AS ad_id, min(r.date) AS first_date, max(r.date) AS last_date, max(ARRAY[to_char(r.date, 'YYYY-MM-DD'), r.platform,
				r.campaign_id, r.campaign_name, r.adset_id, r.adset_name, r.ad_name] COLLATE "C") AS latest
			FROM (`+unnested("outcome campaign_name adset_name ad_name "+spendKey, "r.*", "b.import_id = ? AND r.outcome < 3")+`) AS r GROUP BY 1) AS s
		ORDER BY s.ad_id
		ON CONFLICT (project_id, ad_id) DO UPDATE SET platform = EXCLUDED.platform, `+sets.String()+`
			former_names = CASE WHEN `+newer+` THEN `+formerNames+` ELSE ad.former_names END,
			first_seen_at = least(ad.first_seen_at, EXCLUDED.first_seen_at), last_seen_at = greatest(ad.last_seen_at, EXCLUDED.last_seen_at),
			updated_at = EXCLUDED.updated_at`,
		projectID, now, now, projectID, importID).Exec(ctx)
	return err
}
