package repo

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/microtracker/microtracker/repo/report"
)

// LedgerQuery asks what became of the clicks of each ad on each day.
type LedgerQuery struct {
	// Since and Until are dates at midnight UTC, half-open: days of each platform's own zone.
	Since, Until    time.Time
	Conditions      []AdCondition
	Conversions     []report.Conversion
	EveryConversion bool
	// Limit is the most rows; After is the key of the last row of the page before.
	Limit int
	After *AdRow
}

// LedgerRow is an ad on a day. Counts are of sessions, but for clicks, form submits and conversions.
type LedgerRow struct {
	// Platform, Campaign, Adset and Ad are as in AdRow, with their names.
	Platform, Campaign, Adset, Ad, Day string
	CampaignName, AdsetName, AdName    string
	Clicks                             int64
	// Arrived are the sessions with those of bots, Landed those without, Engaged those of these that are no bounces.
	Arrived, Landed, Bounces, Engaged int64
	// Submitted and Converted are the engaged that sent a form, that converted.
	Submitted, Converted     int64
	FormSubmits, Conversions int64
	// Spend and Revenue are decimal numbers in the project's currency.
	Spend, Revenue string
	// SlowBounces are bounces on pages that took long to show.
	SlowBounces int64
	// Bots are the sessions of bots by how they were known.
	Bots map[string]int64
	// Unidentified are the platform's sessions of the day that say nothing of their ad, Macros those with a macro that nobody
	// filled in; OptOuts are the project's hits of that UTC day that were not stored.
	Unidentified, Macros, OptOuts int64
	// Key is where a page ends.
	Key AdRow
}

// LedgerDimensions and LedgerMetrics are how many a Key has.
const (
	LedgerDimensions = 5
	LedgerMetrics    = 12
)

func ledgerDimensions() []AdDimension {
	return []AdDimension{AdDay, AdPlatform, AdCampaign, AdAdset, AdAd}
}

// ClickLedger answers the ledger, by day, then by clicks, the most first. more says that there are rows after these. Errors as
// AdPerformance.
func (p *Project) ClickLedger(ctx context.Context, q LedgerQuery) (ledger []LedgerRow, more bool, err error) {
	ask := AdQuery{
		Metrics: []AdMetric{
			AdClicks, AdSpent, adArrived, AdLanded, AdBounces, AdEngaged, adSubmitted, adConverted, AdFormSubmits, AdConversions, AdRevenue, adSlowBounces,
		},
		Dimensions: ledgerDimensions(), Since: q.Since, Until: q.Until, Conditions: q.Conditions, Conversions: q.Conversions,
		EveryConversion: q.EveryConversion, Limit: q.Limit, After: q.After,
		OrderBy: []AdOrder{{Dimension: AdDay}, {Metric: AdClicks, Descending: true}},
	}
	err = p.inAds(ctx, "answer the click ledger", func(ctx context.Context, tx bun.Tx) error {
		rows, _, err := p.adRows(ctx, tx, ask, nil)
		if err != nil {
			return err
		}
		if q.Limit > 0 && len(rows) > q.Limit {
			rows, more = rows[:q.Limit], true
		}
		if len(rows) == 0 {
			return nil
		}
		if err := p.nameAds(ctx, tx, ask, rows); err != nil {
			return err
		}
		ledger = make([]LedgerRow, len(rows))
		for i, row := range rows {
			ledger[i] = LedgerRow{
				Day: row.Dimensions[0], Platform: row.Dimensions[1], Campaign: row.Dimensions[2], Adset: row.Dimensions[3], Ad: row.Dimensions[4],
				CampaignName: row.Names[2], AdsetName: row.Names[3], AdName: row.Names[4],
				Clicks: row.count(0), Spend: *row.Values[1], Arrived: row.count(2), Landed: row.count(3), Bounces: row.count(4), Engaged: row.count(5),
				Submitted: row.count(6), Converted: row.count(7), FormSubmits: row.count(8), Conversions: row.count(9), Revenue: *row.Values[10],
				SlowBounces: row.count(11), Key: row,
			}
		}
		return p.addReasons(ctx, tx, ask, ledger)
	})
	return ledger, more, err
}

// count is a value that is a whole number.
func (r AdRow) count(i int) int64 {
	var n int64
	for _, digit := range *r.Values[i] {
		if digit < '0' || digit > '9' {
			break
		}
		n = 10*n + int64(digit-'0')
	}
	return n
}

// addReasons finds what may be why clicks were lost on the days of these rows.
func (p *Project) addReasons(ctx context.Context, tx bun.Tx, ask AdQuery, ledger []LedgerRow) error {
	if err := p.addBots(ctx, tx, ask, ledger); err != nil {
		return err
	}
	whole := AdQuery{
		Metrics: []AdMetric{adUnidentified, adMacros}, Dimensions: []AdDimension{AdDay, AdPlatform}, Since: ask.Since, Until: ask.Until,
	}
	rows, _, err := p.adRows(ctx, tx, whole, nil)
	if err != nil {
		return err
	}
	of := make(map[[2]string]AdRow, len(rows))
	for _, row := range rows {
		of[[2]string{row.Dimensions[0], row.Dimensions[1]}] = row
	}
	var optOuts []struct {
		Day  string
		Hits int64
	}
	err = tx.NewRaw("SELECT day::text AS day, sum(hits)::bigint AS hits FROM opt_outs WHERE project_id = ? AND day >= ?::date AND day < ?::date GROUP BY 1",
		p.ID, ask.Since.Format(time.DateOnly), ask.Until.Format(time.DateOnly)).Scan(ctx, &optOuts)
	if err != nil {
		return err
	}
	hits := make(map[string]int64, len(optOuts))
	for _, row := range optOuts {
		hits[row.Day] = row.Hits
	}
	for i := range ledger {
		row := &ledger[i]
		row.OptOuts = hits[row.Day]
		if found, ok := of[[2]string{row.Day, row.Platform}]; ok {
			row.Unidentified, row.Macros = found.count(0), found.count(1)
		}
	}
	return nil
}

// addBots adds how the bots of each row were known.
func (p *Project) addBots(ctx context.Context, tx bun.Tx, ask AdQuery, ledger []LedgerRow) error {
	days, err := p.adDays(ctx, tx, ask.Since, ask.Until, AdDay)
	if err != nil {
		return err
	}
	ask.Metrics = []AdMetric{adArrived}
	c := &adCompiler{AdQuery: ask, projectID: p.ID, currency: p.Currency, days: *days}
	var wanted []string
	rows := make(map[string]*LedgerRow, len(ledger))
	keyOf := func(parts ...string) string { return strings.Join(parts, "\x1f") }
	for i := range ledger {
		row := &ledger[i]
		if row.Arrived == row.Landed {
			continue
		}
		row.Bots = map[string]int64{}
		key := keyOf(row.Day, row.Platform, row.Campaign, row.Adset, row.Ad)
		rows[key] = row
		wanted = append(wanted, key)
	}
	if len(wanted) == 0 {
		return nil
	}
	if err := c.compileBots(wanted); err != nil {
		return err
	}
	found, err := tx.QueryContext(ctx, c.text.String(), c.args...)
	if err != nil {
		return err
	}
	defer found.Close() //nolint:errcheck // rows.Err tells what matters
	for found.Next() {
		var key, reason string
		var count int64
		if err := found.Scan(&key, &reason, &count); err != nil {
			return err
		}
		if row, ok := rows[key]; ok {
			row.Bots[reason] = count
		}
	}
	return found.Err()
}

// compileBots writes a statement over the bots of the rows with these keys: the key, how they were known, how many.
func (c *adCompiler) compileBots(wanted []string) error {
	c.add(`WITH spend AS MATERIALIZED (SELECT platform, campaign_id, adset_id, ad_id, date FROM ad_spend_fact
	WHERE project_id = ? AND date >= ?::date AND date < ?::date)`, c.projectID, c.Since.Format(time.DateOnly), c.Until.Format(time.DateOnly))
	addSpent(&c.statement)
	if err := c.addSlots(); err != nil {
		return err
	}
	bounds, _ := c.days.slots()
	c.add(`,
facts AS (SELECT `+campaignOf+` AS campaign, `+adsetOf+` AS adset, `+adOf+` AS ad, s.click_id_kind, `+markedSource+` AS marked_source,
		width_bucket(s.started_at, ?::timestamptz[]) AS slot, coalesce(s.bot_reason, '') AS reason, count(*) AS n
	FROM tracking_sessions AS s WHERE s.project_id = ? AND s.started_at >= ? AND s.started_at < ? AND s.is_bot AND `+landed+`
	GROUP BY 1, 2, 3, 4, 5, 6, 7)`, pgdialect.Array(instantTexts(bounds)), c.projectID, bounds[0], bounds[len(bounds)-1])
	addPlaced(&c.statement, c.projectID, "placed", "facts", "p.slot, p.reason, p.n")
	c.add(`
SELECT * FROM (SELECT concat_ws(chr(31), t.bucket, p.platform, p.campaign, p.adset, p.ad) AS key, p.reason, sum(p.n)::bigint
	FROM placed AS p LEFT JOIN zones AS z ON z.platform = p.platform JOIN slots AS t ON t.zone = coalesce(z.zone, 0) AND t.slot = p.slot
	GROUP BY 1, 2) AS b WHERE key = ANY (?::text[])`, pgdialect.Array(wanted))
	return nil
}
