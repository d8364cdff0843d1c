package repo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/microtracker/microtracker/repo/report"
)

// AdMetric is a number about ads (docs/metrics.md).
type AdMetric string

// The metrics of reports about ads, and those that the click ledger alone has.
const (
	AdImpressions           AdMetric = "impressions"
	AdClicks                AdMetric = "clicks"
	AdSpent                 AdMetric = "spend"
	AdCTR                   AdMetric = "ctr"
	AdCPC                   AdMetric = "cpc"
	AdCPM                   AdMetric = "cpm"
	AdLanded                AdMetric = "landed_sessions"
	AdBounces               AdMetric = "bounces"
	AdEngaged               AdMetric = "engaged_sessions"
	AdPCQS                  AdMetric = "pcqs"
	AdFormStarts            AdMetric = "form_starts"
	AdFormSubmits           AdMetric = "form_submits"
	AdConversions           AdMetric = "conversions"
	AdRevenue               AdMetric = "revenue"
	AdCPA                   AdMetric = "cpa"
	AdROAS                  AdMetric = "roas"
	AdCostPerQualitySession AdMetric = "cost_per_quality_session"

	adArrived      AdMetric = "arrived"      // landed, with bots
	adSubmitted    AdMetric = "submitted"    // engaged, with a form sent
	adConverted    AdMetric = "converted"    // engaged, with a conversion
	adSlowBounces  AdMetric = "slow_bounces" // bounces on pages that took long to show
	adUnidentified AdMetric = "unidentified" // landed with neither id nor name
	adMacros       AdMetric = "macros"       // landed with a macro that nobody filled in
	slowPageMillis          = 4000           // a largest element that takes this long is slow: Google's "poor"
	bounceOf                = "(s.pageviews = 1 AND s.interactive_events = 0 AND s.engaged_ms < 10000)"
	maxAdSlots              = 200_000
	mostSlotsAlone          = 100 // as many slots are asked for one by one
	maxAdDays               = 1100
)

// AdDimension is what figures about ads are broken down by.
type AdDimension string

// The dimensions of reports about ads. Of the time an answer has one at most.
const (
	AdPlatform  AdDimension = "platform"
	AdCampaign  AdDimension = "campaign"
	AdAdset     AdDimension = "adset"
	AdAd        AdDimension = "ad"
	AdPlacement AdDimension = "placement"
	AdDay       AdDimension = "day"
	AdWeek      AdDimension = "week"
	AdMonth     AdDimension = "month"
	// AdSource is a touch's, of attribution alone.
	AdSource AdDimension = "source"
)

func (d AdDimension) isTime() bool { return d == AdDay || d == AdWeek || d == AdMonth }

// AdCondition keeps what has such a value; of the operators those that compare whole texts, parts and beginnings.
type AdCondition struct {
	Dimension AdDimension
	Operator  report.Operator
	Values    []string
}

// AdOrder sorts rows by a metric or a dimension of the question.
type AdOrder struct {
	Metric     AdMetric
	Dimension  AdDimension
	Descending bool
}

// AdQuery is a question about what ads cost and brought.
type AdQuery struct {
	// Metrics are at least one, Dimensions may be none.
	Metrics    []AdMetric
	Dimensions []AdDimension
	// Since and Until are dates at midnight UTC, half-open: days of each platform's own zone.
	Since, Until time.Time
	// All of Conditions have to hold.
	Conditions []AdCondition
	// Conversions are those that count, Every event of them or the first of each session.
	Conversions     []report.Conversion
	EveryConversion bool
	// Count counts sessions, so that they need not be read; nil: they are.
	Count CountAdSessions
	// OrderBy is empty for the default: by time, else by the first metric, largest first.
	OrderBy []AdOrder
	// Limit is the most rows; zero: all. After is the last row of the page before.
	Limit int
	After *AdRow
}

// AdRow is one line of an answer, in the order of the question. Names are those of campaigns, ad sets and ads, else empty. Values
// are decimal numbers, nil where the definition divides by zero.
type AdRow struct {
	Dimensions []string
	Names      []string
	Values     []*string
}

// AdAnswer is the answer.
type AdAnswer struct {
	Rows []AdRow
	// Totals are over all rows of all pages.
	Totals AdRow
	More   bool
	// Compared are the rows of the other days, in the order of Rows.
	Compared       []AdRow
	ComparedTotals *AdRow
}

// adPart is where figures come from. All but spend are sessions.
type adPart int

const (
	ofSpend    adPart = iota
	ofSessions        // those that landed, without bots
	ofArrivals        // with bots
	ofForms
	ofDeals
	ofSlowPages
)

// adMeasure is a sum over one part.
type adMeasure struct {
	name string
	of   adPart
	sum  string
}

// adMeasures are the sums that metrics are made of.
func adMeasures() []adMeasure {
	return []adMeasure{
		{"impressions", ofSpend, "sum(x.impressions)"},
		{"clicks", ofSpend, "sum(x.clicks)"},
		{"spend", ofSpend, "sum(x.spend)"},
		{"spends", ofSpend, "count(*)"},
		{"landed", ofSessions, "count(*)"},
		{"bounces", ofSessions, "count(*) FILTER (WHERE " + bounceOf + ")"},
		{"score", ofSessions, "sum(s.pcqs)"},
		{"scored", ofSessions, "count(s.pcqs)"},
		{"unidentified", ofSessions, "count(*) FILTER (WHERE num_nonnulls(s.utm_campaign_id, s.utm_adset_id, s.utm_ad_id, s.utm_campaign_name, s.utm_adset_name, s.utm_ad_name) = 0)"},
		{"macros", ofSessions, "count(*) FILTER (WHERE s.has_macro)"},
		{"arrived", ofArrivals, "count(*)"},
		{"form_starts", ofForms, "sum(x.starts)"},
		{"form_submits", ofForms, "sum(x.submits)"},
		{"submitted", ofForms, "count(*) FILTER (WHERE x.submits > 0 AND NOT " + bounceOf + ")"},
		{"conversions", ofDeals, "sum(x.conversions)"},
		{"revenue", ofDeals, "sum(x.revenue)"},
		{"converted", ofDeals, "count(*) FILTER (WHERE NOT " + bounceOf + ")"},
		{"slow_bounces", ofSlowPages, "count(*) FILTER (WHERE " + bounceOf + ")"},
	}
}

// adExpression computes a metric from sums, which are never null.
func adExpression(m AdMetric) string {
	switch m {
	case AdSpent:
		return "spend"
	case AdCTR:
		return "round(clicks / nullif(impressions, 0), 10)"
	case AdCPC:
		return "round(spend / nullif(clicks, 0), 6)"
	case AdCPM:
		return "round(1000 * spend / nullif(impressions, 0), 6)"
	case AdLanded:
		return "landed"
	case AdEngaged:
		return "landed - bounces"
	case AdPCQS:
		return "round(score / nullif(scored, 0), 10)"
	case AdCPA:
		return "CASE WHEN spends > 0 THEN round(spend / nullif(conversions, 0), 6) END"
	case AdROAS:
		return "round(revenue / nullif(spend, 0), 10)"
	case AdCostPerQualitySession:
		return "CASE WHEN spends > 0 THEN round(100 * spend / nullif(score, 0), 6) END"
	default:
		return string(m) // the sum of that name
	}
}

// AdPerformance answers what ads cost and brought, and the same of the other days, nil: none. Both are of one moment, but for sessions
// that are counted.
// report.ErrUnsupported when it has no defined answer, context.DeadlineExceeded when it takes too long.
func (p *Project) AdPerformance(ctx context.Context, q AdQuery, compared *AdQuery) (*AdAnswer, error) {
	questions := []AdQuery{q}
	if compared != nil {
		total := *compared
		total.Dimensions = nil
		questions = append(questions, *compared, total)
	}
	counted, err := p.countAds(ctx, questions...)
	if err != nil {
		return nil, err
	}
	answer := new(AdAnswer)
	err = p.inAds(ctx, "report on ads", func(ctx context.Context, tx bun.Tx) error {
		rows, totals, err := p.adRows(ctx, tx, q, counted)
		if err != nil {
			return err
		}
		if q.Limit > 0 && len(rows) > q.Limit {
			rows, answer.More = rows[:q.Limit], true
		}
		answer.Rows, answer.Totals = rows, *totals
		if compared != nil {
			if err := p.compareAds(ctx, tx, q, *compared, counted, answer); err != nil {
				return err
			}
		}
		return p.nameAds(ctx, tx, q, answer.Rows)
	})
	return answer, err
}

// compareAds finds for each row that of the other days: with the same values, in the bucket of time of the same place.
func (p *Project) compareAds(ctx context.Context, tx bun.Tx, q, other AdQuery, counted []countedAds, answer *AdAnswer) error {
	here, there := adDays{since: q.Since, until: q.Until, unit: q.unit()}.buckets(), adDays{since: other.Since, until: other.Until, unit: q.unit()}.buckets()
	other.Limit, other.After, other.OrderBy = 0, nil, []AdOrder{}
	total := other
	total.Dimensions = nil
	_, totals, err := p.adRows(ctx, tx, total, counted)
	if err != nil {
		return err
	}
	answer.ComparedTotals = totals
	other.Conditions = slices.Clone(other.Conditions)
	for i, d := range q.Dimensions {
		if d.isTime() {
			continue
		}
		among := AdCondition{Dimension: d, Operator: report.OperatorIs, Values: []string{}}
		for _, row := range answer.Rows {
			if !slices.Contains(among.Values, row.Dimensions[i]) {
				among.Values = append(among.Values, row.Dimensions[i])
			}
		}
		other.Conditions = append(other.Conditions, among)
	}
	found, _, err := p.adRows(ctx, tx, other, counted)
	if err != nil {
		return err
	}
	byKey := make(map[string]AdRow, len(found))
	for _, row := range found {
		byKey[strings.Join(row.Dimensions, "\x00")] = row
	}
	for _, row := range answer.Rows {
		key := slices.Clone(row.Dimensions)
		for i, d := range q.Dimensions {
			if !d.isTime() {
				continue
			}
			if at := slices.Index(here, key[i]); at >= 0 && at < len(there) {
				key[i] = there[at]
			} else {
				key[i] = ""
			}
		}
		match, ok := byKey[strings.Join(key, "\x00")]
		if !ok {
			match = AdRow{Values: q.nothing()}
		}
		answer.Compared = append(answer.Compared, match)
	}
	return nil
}

// nothing are the values where there is neither spend nor a session: sums are zero, what is divided is null.
func (q AdQuery) nothing() []*string {
	values := make([]*string, len(q.Metrics))
	for i, m := range q.Metrics {
		if expression := adExpression(m); !strings.Contains(expression, "/") {
			values[i] = new("0")
		}
	}
	return values
}

func (q AdQuery) unit() AdDimension {
	for _, d := range q.Dimensions {
		if d.isTime() {
			return d
		}
	}
	return ""
}

// adRows runs one statement: its rows and, from the same pass, their totals.
func (p *Project) adRows(ctx context.Context, tx bun.Tx, q AdQuery, counted []countedAds) (rows []AdRow, totals *AdRow, err error) {
	days, err := p.adDays(ctx, tx, q.Since, q.Until, q.unit())
	if err != nil {
		return nil, nil, err
	}
	c := &adCompiler{AdQuery: q, projectID: p.ID, currency: p.Currency, days: *days}
	bounds, _ := days.slots()
	if at := slices.IndexFunc(counted, func(a countedAds) bool { return slices.EqualFunc(a.bounds, bounds, time.Time.Equal) }); at >= 0 {
		c.isCounted = true
		if c.counted, err = p.ownSlots(ctx, tx, days, counted[at].sessions); err != nil {
			return nil, nil, err
		}
	}
	if err := c.compile(); err != nil {
		return nil, nil, err
	}
	found, err := tx.QueryContext(ctx, c.text.String(), c.args...)
	if err != nil {
		return nil, nil, err
	}
	defer found.Close() //nolint:errcheck // rows.Err tells what matters
	for found.Next() {
		var total bool
		row := AdRow{Dimensions: make([]string, len(q.Dimensions)), Names: make([]string, len(q.Dimensions)), Values: make([]*string, len(q.Metrics))}
		targets := []any{&total}
		for i := range row.Dimensions {
			targets = append(targets, &row.Dimensions[i])
		}
		for i := range row.Values {
			targets = append(targets, &row.Values[i])
		}
		if err := found.Scan(targets...); err != nil {
			return nil, nil, err
		}
		if total {
			totals = &row
			if len(q.Dimensions) > 0 {
				continue
			}
		}
		rows = append(rows, row)
	}
	return rows, totals, found.Err()
}

// adDays reads in which zones platforms date what they report.
func (p *Project) adDays(ctx context.Context, db bun.IDB, since, until time.Time, unit AdDimension) (*adDays, error) {
	if until.Sub(since) > maxAdDays*24*time.Hour {
		return nil, fmt.Errorf("%w: it is about more than %d days: ask for fewer", report.ErrUnsupported, maxAdDays)
	}
	var accounts []AdAccount
	if err := db.NewSelect().Model(&accounts).Where("project_id = ?", p.ID).Scan(ctx); err != nil {
		return nil, err
	}
	days := &adDays{since: since, until: until, unit: unit, platforms: map[string]int{}}
	places := map[string]int{}
	place := func(name string) (int, error) {
		if at, ok := places[name]; ok {
			return at, nil
		}
		zone, err := time.LoadLocation(name)
		if err != nil {
			return 0, fmt.Errorf("load a time zone: %w", err)
		}
		places[name] = len(days.zones)
		days.zones = append(days.zones, zone)
		return places[name], nil
	}
	if _, err := place(p.TimeZone); err != nil {
		return nil, err
	}
	for _, account := range accounts {
		at, err := place(account.TimeZone)
		if err != nil {
			return nil, err
		}
		days.platforms[account.Platform] = at
	}
	return days, nil
}

// needs are the sums that the metrics are made of.
func (q AdQuery) needs() []adMeasure {
	var all strings.Builder
	for _, m := range q.Metrics {
		all.WriteString(adExpression(m) + " ")
	}
	words := strings.FieldsFunc(all.String(), func(r rune) bool { return (r < 'a' || r > 'z') && r != '_' })
	return slices.DeleteFunc(adMeasures(), func(m adMeasure) bool { return !slices.Contains(words, m.name) })
}
