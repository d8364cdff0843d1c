package repo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/microtracker/microtracker/repo/report"
)

// adCompiler writes one statement.
type adCompiler struct {
	statement
	AdQuery

	projectID int64
	currency  string
	days      adDays
	measures  []adMeasure
	slots     int
	// counted are the sessions of ofSessions, if isCounted.
	counted   []AdSessions
	isCounted bool
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
		if part == ofSessions && c.isCounted {
			c.addCounted(c.counted)
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
