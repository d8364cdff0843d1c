package repo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// SpendBlockRows is how many rows of a file are kept together.
const SpendBlockRows = 5000

// SpendOutcome is what a row of a file brings.
type SpendOutcome int16

// The outcomes. What is new, changed or the same is taken.
const (
	SpendNew SpendOutcome = iota
	SpendChanged
	SpendSame
	// SpendRefused: a mistake is in the row.
	SpendRefused
	// SpendLeftOut: the row is no ad's, such as a total.
	SpendLeftOut
	spendOutcomes
)

// SpendRow is a row of a file of what ads cost.
type SpendRow struct {
	// Line is where it begins in the file.
	Line    int
	Outcome SpendOutcome
	// Reason and Detail say why it is refused or left out.
	Reason, Detail string
	// Spend is what it says, and Old, of a row that is changed, what was there.
	Spend, Old                      AdSpend
	CampaignName, AdsetName, AdName string
}

// spendBlock is many rows: a row of spend_import_blocks. All arrays have as many elements.
type spendBlock struct {
	bun.BaseModel `bun:"table:spend_import_blocks"`

	ProjectID      int64 `bun:",pk"`
	ImportID       int64 `bun:",pk"`
	FirstLine      int   `bun:",pk"`
	LastLine       int
	MinDate        time.Time `bun:"type:date,nullzero"`
	MaxDate        time.Time `bun:"type:date,nullzero"`
	Counts         []int64   `bun:",array"`
	Lines          []int64   `bun:",array"`
	Outcomes       []int64   `bun:",array"`
	Reasons        []string  `bun:",array"`
	Details        []string  `bun:",array"`
	Platforms      []string  `bun:",array"`
	Dates          []string  `bun:",array"`
	CampaignIDs    []string  `bun:"campaign_ids,array"`
	CampaignNames  []string  `bun:",array"`
	AdsetIDs       []string  `bun:"adset_ids,array"`
	AdsetNames     []string  `bun:",array"`
	AdIDs          []string  `bun:"ad_ids,array"`
	AdNames        []string  `bun:",array"`
	Impressions    []int64   `bun:",array"`
	Clicks         []int64   `bun:",array"`
	Spend          []string  `bun:",array"`
	OldImpressions []int64   `bun:",array"`
	OldClicks      []int64   `bun:",array"`
	OldSpend       []string  `bun:",array"`
}

// newSpendBlock makes a block of rows, at least one.
func newSpendBlock(rows []SpendRow) *spendBlock {
	b := &spendBlock{FirstLine: rows[0].Line, LastLine: rows[len(rows)-1].Line, Counts: make([]int64, spendOutcomes)}
	for i := range rows {
		row := &rows[i]
		date := "2000-01-01" // of a row that has none; nobody reads it
		if !row.Spend.Date.IsZero() {
			date = row.Spend.Date.Format(time.DateOnly)
		}
		if row.Outcome <= SpendSame {
			if b.MinDate.IsZero() || row.Spend.Date.Before(b.MinDate) {
				b.MinDate = row.Spend.Date
			}
			if row.Spend.Date.After(b.MaxDate) {
				b.MaxDate = row.Spend.Date
			}
		}
		b.Counts[row.Outcome]++
		b.Lines, b.Outcomes = append(b.Lines, int64(row.Line)), append(b.Outcomes, int64(row.Outcome))
		b.Reasons, b.Details = append(b.Reasons, row.Reason), append(b.Details, row.Detail)
		b.Platforms, b.Dates = append(b.Platforms, row.Spend.Platform), append(b.Dates, date)
		b.CampaignIDs, b.CampaignNames = append(b.CampaignIDs, row.Spend.CampaignID), append(b.CampaignNames, row.CampaignName)
		b.AdsetIDs, b.AdsetNames = append(b.AdsetIDs, row.Spend.AdsetID), append(b.AdsetNames, row.AdsetName)
		b.AdIDs, b.AdNames = append(b.AdIDs, row.Spend.AdID), append(b.AdNames, row.AdName)
		b.Impressions, b.Clicks = append(b.Impressions, int64(row.Spend.Impressions)), append(b.Clicks, int64(row.Spend.Clicks))
		b.OldImpressions, b.OldClicks = append(b.OldImpressions, int64(row.Old.Impressions)), append(b.OldClicks, int64(row.Old.Clicks))
		b.Spend, b.OldSpend = append(b.Spend, orZero(row.Spend.Spend)), append(b.OldSpend, orZero(row.Old.Spend))
	}
	return b
}

func orZero(amount string) string {
	if amount == "" {
		return "0"
	}
	return amount
}

// rows are the block's rows.
func (b *spendBlock) rows() []SpendRow {
	rows := make([]SpendRow, len(b.Lines))
	for i := range rows {
		date, _ := time.Parse(time.DateOnly, b.Dates[i]) // the database wrote it
		rows[i] = SpendRow{
			Line: int(b.Lines[i]), Outcome: SpendOutcome(b.Outcomes[i]), Reason: b.Reasons[i], Detail: b.Details[i],
			CampaignName: b.CampaignNames[i], AdsetName: b.AdsetNames[i], AdName: b.AdNames[i],
			Spend: AdSpend{
				Platform: b.Platforms[i], Date: date, CampaignID: b.CampaignIDs[i], AdsetID: b.AdsetIDs[i], AdID: b.AdIDs[i],
				Impressions: int(b.Impressions[i]), Clicks: int(b.Clicks[i]), Spend: b.Spend[i],
			},
			Old: AdSpend{Impressions: int(b.OldImpressions[i]), Clicks: int(b.OldClicks[i]), Spend: b.OldSpend[i]},
		}
	}
	return rows
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

// unnested are the rows of blocks that a condition keeps, in SQL.
func unnested(columns, where string) string {
	return `SELECT ` + columns + ` FROM spend_import_blocks AS b, unnest(b.lines, b.outcomes, b.platforms, b.dates, b.campaign_ids, b.campaign_names,
			b.adset_ids, b.adset_names, b.ad_ids, b.ad_names, b.impressions, b.clicks, b.spend, b.old_impressions, b.old_clicks, b.old_spend)
		AS r (line, outcome, platform, date, campaign_id, campaign_name, adset_id, adset_name, ad_id, ad_name, impressions, clicks, spend,
			old_impressions, old_clicks, old_spend)
		WHERE b.project_id = ? AND ` + where
}

// writeSpendBlock stores what is new and changed in a block.
func writeSpendBlock(ctx context.Context, tx bun.Tx, b *spendBlock, now time.Time) error {
	if b.Counts[SpendNew] > 0 {
		_, err := tx.NewRaw(`INSERT INTO ad_spend_fact (project_id, platform, date, campaign_id, adset_id, ad_id, impressions, clicks, spend, created_at, updated_at) `+
			unnested("b.project_id, r.platform, r.date, r.campaign_id, r.adset_id, r.ad_id, r.impressions, r.clicks, r.spend, ?, ?", "b.import_id = ? AND b.first_line = ? AND r.outcome = 0"),
			now, now, b.ProjectID, b.ImportID, b.FirstLine).Exec(ctx)
		if err != nil {
			return err
		}
	}
	if b.Counts[SpendChanged] == 0 {
		return nil
	}
	_, err := tx.NewRaw(`UPDATE ad_spend_fact AS f SET impressions = r.impressions, clicks = r.clicks, spend = r.spend, updated_at = ?
		FROM (`+unnested("r.*", "b.import_id = ? AND b.first_line = ? AND r.outcome = 1")+`) AS r WHERE `+sameSpend,
		now, b.ProjectID, b.ImportID, b.FirstLine, b.ProjectID).Exec(ctx)
	return err
}

// sameSpend joins ad_spend_fact AS f with rows r.
const sameSpend = `f.project_id = ? AND f.platform = r.platform AND f.date = r.date AND f.campaign_id = r.campaign_id AND f.adset_id = r.adset_id AND f.ad_id = r.ad_id`

// unwriteSpendBlock puts back what was there before a block was stored.
func unwriteSpendBlock(ctx context.Context, tx bun.Tx, b *spendBlock, now time.Time) error {
	if b.Counts[SpendNew] > 0 {
		_, err := tx.NewRaw(`DELETE FROM ad_spend_fact AS f USING (`+unnested("r.*", "b.import_id = ? AND b.first_line = ? AND r.outcome = 0")+`) AS r WHERE `+sameSpend,
			b.ProjectID, b.ImportID, b.FirstLine, b.ProjectID).Exec(ctx)
		if err != nil {
			return err
		}
	}
	if b.Counts[SpendChanged] == 0 {
		return nil
	}
	_, err := tx.NewRaw(`UPDATE ad_spend_fact AS f SET impressions = r.old_impressions, clicks = r.old_clicks, spend = r.old_spend, updated_at = ?
		FROM (`+unnested("r.*", "b.import_id = ? AND b.first_line = ? AND r.outcome = 1")+`) AS r WHERE `+sameSpend,
		now, b.ProjectID, b.ImportID, b.FirstLine, b.ProjectID).Exec(ctx)
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
		SELECT DISTINCT ON (s.ad_id COLLATE "C") ?, s.ad_id, s.platform, s.campaign_id, nullif(s.campaign_name, ''), s.adset_id, nullif(s.adset_name, ''),
			nullif(s.ad_name, ''), min(s.date) OVER w, max(s.date) OVER w, ?::timestamptz, ?::timestamptz
		FROM (`+unnested("r.*", "b.import_id = ? AND r.outcome < 3")+`) AS s WINDOW w AS (PARTITION BY s.ad_id COLLATE "C") ORDER BY s.ad_id COLLATE "C", s.date DESC
		ON CONFLICT (project_id, ad_id) DO UPDATE SET platform = EXCLUDED.platform, `+sets.String()+`
			former_names = CASE WHEN `+newer+` THEN `+formerNames+` ELSE ad.former_names END,
			first_seen_at = least(ad.first_seen_at, EXCLUDED.first_seen_at), last_seen_at = greatest(ad.last_seen_at, EXCLUDED.last_seen_at),
			updated_at = EXCLUDED.updated_at`,
		projectID, now, now, projectID, importID).Exec(ctx)
	return err
}
