package repo

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

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

// adCompiler writes one statement.
type adCompiler struct {
	statement
	AdQuery

	projectID int64
	currency  string
	days      adDays
	measures  []adMeasure
	slots     int
	counted   []countedAds
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
	c := &adCompiler{AdQuery: q, projectID: p.ID, currency: p.Currency, days: *days, counted: counted}
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

// compile writes: what was spent; of each part of the sessions the sums by what they say of their ad, by slot of time; with
// these in their place, by day of their platform; both together by row, with the totals; the metrics, sorted.
func (c *adCompiler) compile() error {
	if slices.ContainsFunc(c.Dimensions, func(d AdDimension) bool { return d == AdSource }) {
		return fmt.Errorf("%w: spend has no source: ask for attribution by it", report.ErrUnsupported)
	}
	if times := slices.DeleteFunc(slices.Clone(c.Dimensions), func(d AdDimension) bool { return !d.isTime() }); len(times) > 1 {
		return fmt.Errorf("%w: ask by one of day, week and month: the smaller says the larger", report.ErrUnsupported)
	}
	c.measures = c.needs()
	c.add(`WITH spend AS MATERIALIZED (SELECT platform, campaign_id, adset_id, ad_id, date, impressions, clicks, spend FROM ad_spend_fact
	WHERE project_id = ? AND date >= ?::date AND date < ?::date)`, c.projectID, c.Since.Format(time.DateOnly), c.Until.Format(time.DateOnly))
	addSpent(&c.statement)
	if err := c.addSlots(); err != nil {
		return err
	}
	c.addFacts()
	c.addCells()
	c.addRows()
	return nil
}

func (c *adCompiler) addSlots() error {
	bounds, buckets := c.days.slots()
	c.slots = len(bounds) - 1
	if c.slots*len(buckets) > maxAdSlots {
		return fmt.Errorf("%w: too many days in too many time zones: ask for fewer days, or by week or month", report.ErrUnsupported)
	}
	var zones, slots []int64
	var names []string
	for zone, of := range buckets {
		for slot, bucket := range of {
			if bucket != "" {
				zones, slots, names = append(zones, int64(zone)), append(slots, int64(slot+1)), append(names, bucket)
			}
		}
	}
	c.add(`,
slots AS (SELECT * FROM unnest(?::int[], ?::int[], ?::text[]) AS t (zone, slot, bucket))`, pgdialect.Array(zones), pgdialect.Array(slots), pgdialect.Array(names))
	var platforms []string
	var of []int64
	for platform, zone := range c.days.platforms {
		platforms, of = append(platforms, platform), append(of, int64(zone))
	}
	c.add(`,
zones AS (SELECT * FROM unnest(?::text[], ?::int[]) AS t (platform, zone))`, pgdialect.Array(platforms), pgdialect.Array(of))
	return nil
}

// addFacts writes the table facts: the sums of sessions by what they say of their ad.
func (c *adCompiler) addFacts() {
	if !c.hasSessions() {
		return
	}
	bounds, _ := c.days.slots()
	c.add(",\nended AS (SELECT max(last_activity_at) AS at FROM tracking_sessions WHERE project_id = ? AND started_at >= ? AND started_at < ?)",
		c.projectID, bounds[0], bounds[len(bounds)-1])
	c.add(",\nfacts AS (")
	before := c.text.Len()
	for _, part := range []adPart{ofSessions, ofArrivals, ofForms, ofDeals, ofSlowPages} {
		if !slices.ContainsFunc(c.measures, func(m adMeasure) bool { return m.of == part }) {
			continue
		}
		at := slices.IndexFunc(c.counted, func(a countedAds) bool { return slices.EqualFunc(a.bounds, bounds, time.Time.Equal) })
		if part == ofSessions && at >= 0 {
			c.addCounted(c.counted[at].sessions)
			continue
		}
		slots := [][]time.Time{bounds}
		if c.slots <= mostSlotsAlone && (part == ofSessions || part == ofArrivals) {
			// One by one: a slot that is worked out of the time of each session lets the planner expect as many groups as sessions.
			slots = slots[:0]
			for i := range c.slots {
				slots = append(slots, bounds[i:i+2])
			}
		}
		for i, slot := range slots {
			if c.text.Len() > before {
				c.add("\n\tUNION ALL ")
			}
			c.addPart(part, slot, i+1)
		}
	}
	c.add(")")
	columns := []string{"p.slot"}
	if c.byPlacement() {
		columns = append(columns, "p.placement")
	}
	for _, m := range c.measures {
		if m.of != ofSpend {
			columns = append(columns, "p."+m.name)
		}
	}
	addPlaced(&c.statement, c.projectID, "placed", "facts", strings.Join(columns, ", "))
}

// addPart writes the sums of one part of the sessions that started within the bounds: of one slot, or of several.
func (c *adCompiler) addPart(part adPart, bounds []time.Time, slot int) {
	since, until := bounds[0], bounds[len(bounds)-1]
	// Events are looked for until the last of these sessions ended: said, so that no later months are read.
	const ended = "(SELECT at FROM ended)"
	c.add("SELECT " + campaignOf + " AS campaign, " + adsetOf + " AS adset, " + adOf + " AS ad")
	if c.byPlacement() {
		c.add(", coalesce(s.utm_placement, '') AS placement")
	}
	c.add(", s.click_id_kind, " + markedSource + " AS marked_source")
	keys := 5
	if c.byPlacement() {
		keys++
	}
	if len(bounds) > 2 {
		c.add(", width_bucket(s.started_at, ?::timestamptz[]) AS slot", pgdialect.Array(instantTexts(bounds)))
		keys++
	} else {
		c.add(fmt.Sprintf(", %d AS slot", slot))
	}
	for _, m := range c.measures {
		switch m.of {
		case part:
			c.add(", coalesce(" + m.sum + ", 0)::numeric AS " + m.name)
		case ofSpend:
		default:
			c.add(", 0::numeric AS " + m.name)
		}
	}
	c.add("\n\tFROM tracking_sessions AS s")
	switch part {
	case ofForms:
		c.add(` JOIN (SELECT e.session_id, count(*) FILTER (WHERE e.event_type = 'form_start') AS starts, count(*) FILTER (WHERE e.event_type = 'form_submit') AS submits
		FROM events AS e WHERE e.project_id = ? AND e.created_at >= ? AND e.created_at <= `+ended+` AND e.event_type IN ('form_start', 'form_submit')
		GROUP BY e.session_id) AS x ON x.session_id = s.id`, c.projectID, since)
	case ofDeals:
		c.add(" JOIN (SELECT e.session_id, ")
		if c.EveryConversion {
			c.add("count(*)")
		} else {
			c.add("count(DISTINCT c.id)")
		}
		c.add(` AS conversions, coalesce(sum(CASE WHEN e.value IS NULL THEN c.worth WHEN coalesce(e.currency, ?) = ? THEN e.value END)
			FILTER (WHERE c.is_first), 0) AS revenue FROM events AS e CROSS JOIN LATERAL `, c.currency, c.currency)
		of, is := report.ConversionsOf(c.Conversions), report.IsConversion(c.Conversions)
		c.add(of.SQL, of.Args...)
		c.add(" AS c\n\t\tWHERE e.project_id = ? AND e.created_at >= ? AND e.created_at <= "+ended+" AND ", c.projectID, since)
		c.add(is.SQL, is.Args...)
		c.add(" GROUP BY e.session_id) AS x ON x.session_id = s.id")
	case ofSlowPages:
		c.add(` JOIN (SELECT DISTINCT e.session_id FROM events AS e
		WHERE e.project_id = ? AND e.created_at >= ? AND e.created_at <= `+ended+` AND e.event_type = 'web_vital' AND e.name = 'LCP'
			AND CASE WHEN jsonb_typeof(e.meta -> 'value') = 'number' THEN (e.meta ->> 'value')::numeric >= ? END) AS x ON x.session_id = s.id`,
			c.projectID, since, slowPageMillis)
	case ofSpend, ofSessions, ofArrivals:
	}
	c.add("\n\tWHERE s.project_id = ? AND s.started_at >= ? AND s.started_at < ? AND "+landed, c.projectID, since, until)
	if part != ofArrivals {
		c.add(" AND NOT s.is_bot")
	}
	c.add("\n\tGROUP BY ")
	for i := range keys {
		c.add(listed(i) + strconv.Itoa(i+1))
	}
}

// hasSessions reports whether a sum is over sessions.
func (c *adCompiler) hasSessions() bool {
	return slices.ContainsFunc(c.measures, func(m adMeasure) bool { return m.of != ofSpend })
}

// byPlacement reports whether the question looks at placements.
func (c *adCompiler) byPlacement() bool {
	return slices.Contains(c.Dimensions, AdPlacement) ||
		slices.ContainsFunc(c.Conditions, func(cond AdCondition) bool { return cond.Dimension == AdPlacement })
}

// columns are the columns of cells that the dimensions are.
func (q AdQuery) columns() []string {
	list := make([]string, len(q.Dimensions))
	for i, d := range q.Dimensions {
		list[i] = string(d)
		if d.isTime() {
			list[i] = "bucket"
		}
	}
	return list
}

func listed(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}

// addCells writes the table cells: spend and sessions one below the other, each with its keys and with zeros for what the other has.
func (c *adCompiler) addCells() {
	c.add(",\ncells AS (SELECT x.platform, x.campaign_id AS campaign, x.adset_id AS adset, x.ad_id AS ad, '' AS placement, " +
		c.days.bucketOfDate("x.date") + " AS bucket")
	for _, m := range c.measures {
		if m.of == ofSpend {
			c.add(", " + m.sum + "::numeric AS " + m.name)
		} else {
			c.add(", 0::numeric AS " + m.name)
		}
	}
	c.add("\n\tFROM spend AS x GROUP BY 1, 2, 3, 4, 5, 6")
	if c.hasSessions() {
		placement := "''"
		if c.byPlacement() {
			placement = "p.placement"
		}
		c.add("\n\tUNION ALL SELECT p.platform, p.campaign, p.adset, p.ad, " + placement + ", t.bucket")
		for _, m := range c.measures {
			if m.of == ofSpend {
				c.add(", 0::numeric")
			} else {
				c.add(", p." + m.name)
			}
		}
		c.add(` FROM placed AS p LEFT JOIN zones AS z ON z.platform = p.platform
		JOIN slots AS t ON t.zone = coalesce(z.zone, 0) AND t.slot = p.slot`)
	}
	c.add(")")
}

// addRows writes the rest.
func (c *adCompiler) addRows() {
	c.add(",\nsums AS (SELECT ")
	columns := strings.Join(c.columns(), ", ")
	for i, column := range c.columns() {
		c.add(fmt.Sprintf("%s AS d%d, ", column, i))
	}
	for i, m := range c.measures {
		c.add(listed(i) + "coalesce(sum(" + m.name + "), 0) AS " + m.name)
	}
	total := "true"
	if len(c.Dimensions) > 0 {
		total = "grouping(" + columns + ") > 0"
	}
	c.add(", " + total + " AS total FROM cells")
	for i, condition := range c.Conditions {
		c.add([]string{" WHERE ", " AND "}[min(i, 1)])
		addAdCondition(&c.statement, string(condition.Dimension), condition)
	}
	if len(c.Dimensions) > 0 {
		c.add(" GROUP BY GROUPING SETS ((" + columns + "), ())")
	}
	c.add("),\nanswer AS (SELECT total")
	for i := range c.Dimensions {
		c.add(fmt.Sprintf(", coalesce(d%d, '') AS d%d", i, i))
	}
	for i, m := range c.Metrics {
		c.add(fmt.Sprintf(", (%s)::numeric AS m%d", adExpression(m), i))
	}
	c.add(" FROM sums)\nSELECT total")
	for i := range c.Dimensions {
		c.add(fmt.Sprintf(", d%d", i))
	}
	for i := range c.Metrics {
		c.add(fmt.Sprintf(", m%d::text", i))
	}
	c.add(" FROM answer WHERE true")
	c.addPage()
}

// addAdCondition writes one condition on a column that is never null.
func addAdCondition(s *statement, column string, condition AdCondition) {
	values := pgdialect.Array(condition.Values)
	switch condition.Operator {
	case report.OperatorIsNot:
		s.add("NOT "+column+" = ANY (?::text[])", values)
	case report.OperatorContains:
		s.add("EXISTS (SELECT FROM unnest(?::text[]) AS w (word) WHERE strpos("+column+", word) > 0)", values)
	case report.OperatorStartsWith:
		s.add("EXISTS (SELECT FROM unnest(?::text[]) AS w (word) WHERE starts_with("+column+", word))", values)
	default:
		s.add(column+" = ANY (?::text[])", values)
	}
}

// order returns what sorts the rows.
func (q AdQuery) order() []AdOrder {
	if q.OrderBy != nil {
		return q.OrderBy
	}
	if unit := q.unit(); unit != "" {
		return []AdOrder{{Dimension: unit}}
	}
	return []AdOrder{{Metric: q.Metrics[0], Descending: true}}
}

// addPage sorts, the totals first, and cuts the page.
func (c *adCompiler) addPage() {
	if len(c.Dimensions) == 0 {
		return
	}
	type term struct {
		column     string
		after      *string
		descending bool
		number     bool
	}
	var terms []term
	value := func(of func(row *AdRow) *string) *string {
		if c.After == nil {
			return nil
		}
		return of(c.After)
	}
	for _, o := range c.order() {
		if o.Metric != "" {
			i := slices.Index(c.Metrics, o.Metric)
			terms = append(terms, term{fmt.Sprintf("answer.m%d", i), value(func(row *AdRow) *string { return row.Values[i] }), o.Descending, true})
			continue
		}
		i := slices.Index(c.Dimensions, o.Dimension)
		terms = append(terms, term{fmt.Sprintf(`d%d COLLATE "C"`, i), value(func(row *AdRow) *string { return &row.Dimensions[i] }), o.Descending, false})
	}
	for i := range c.Dimensions {
		terms = append(terms, term{fmt.Sprintf(`d%d COLLATE "C"`, i), value(func(row *AdRow) *string { return &row.Dimensions[i] }), false, false})
	}
	if c.After != nil {
		// Behind the last one by the first term, or the same by it and behind by the second, and so on.
		c.add(" AND (total")
		var same statement
		for _, t := range terms {
			than, kind := " > ", "::text"
			if t.descending {
				than = " < "
			}
			if t.number {
				kind = "::numeric"
			}
			if t.after == nil { // null is last
				same.add(" AND " + t.column + " IS NULL")
				continue
			}
			beyond := t.column + than + "?" + kind
			if t.number {
				beyond = "(" + beyond + " OR " + t.column + " IS NULL)"
			}
			c.add(" OR ("+beyond+same.text.String()+")", append([]any{*t.after}, same.args...)...)
			same.add(" AND "+t.column+" = ?"+kind, *t.after)
		}
		c.add(")")
	}
	c.add("\nORDER BY total DESC")
	for _, t := range terms {
		direction := ""
		if t.descending {
			direction = " DESC"
		}
		c.add(", " + t.column + direction + " NULLS LAST")
	}
	if c.Limit > 0 {
		// The totals, and a row more than asked, which tells whether there is a next page.
		c.add("\nLIMIT ?", c.Limit+2)
	}
}
