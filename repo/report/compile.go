package report

import (
	"fmt"
	"slices"
	"strings"
)

// Statement is SQL with its arguments, in order of the question marks.
type Statement struct {
	SQL  string
	Args []any
}

// compiler gathers one statement.
type compiler struct {
	query     Query
	projectID int64
	sql       strings.Builder
	args      []any
}

// Compile turns the question into one statement about one project. Its columns are the dimensions as text, then the
// metrics as double precision. ErrUnsupported when the question has no defined answer.
func Compile(projectID int64, q Query) (Statement, error) {
	if projectID == 0 {
		return Statement{}, fmt.Errorf("compile: no project")
	}
	if err := q.Check(); err != nil {
		return Statement{}, err
	}
	c := &compiler{query: q, projectID: projectID}
	c.compile()
	return Statement{SQL: c.sql.String(), Args: c.args}, nil
}

func (c *compiler) write(text string, args ...any) {
	c.sql.WriteString(text)
	c.args = append(c.args, args...)
}

func (c *compiler) add(f fragment) { c.write(f.sql, f.args...) }

// compile writes one table expression for each kind of facts, adds them up by row, and computes the metrics.
func (c *compiler) compile() {
	measures := c.measures()
	c.write("WITH facts AS (")
	first := true
	for kind := range factKinds {
		if !slices.ContainsFunc(measures, func(m measure) bool { return m.on == kind }) {
			continue
		}
		if !first {
			c.write("\n\tUNION ALL ")
		}
		first = false
		c.write("SELECT ")
		for i := range c.query.Dimensions {
			c.write(fmt.Sprintf("d%d, ", i))
		}
		for i, m := range measures {
			if m.on == kind {
				c.write(comma(i) + m.name + "::numeric AS " + m.name)
			} else {
				c.write(comma(i) + "0::numeric AS " + m.name)
			}
		}
		c.write(" FROM (")
		c.facts(kind, slices.DeleteFunc(slices.Clone(measures), func(m measure) bool { return m.on != kind }))
		c.write(fmt.Sprintf(") AS f%d", kind))
	}
	c.write("),\nsums AS (SELECT ")
	for i, d := range c.query.Dimensions {
		c.write(show(d, i) + fmt.Sprintf(" AS d%d, ", i))
	}
	for i, m := range measures {
		c.write(fmt.Sprintf("%scoalesce(sum(%s), 0) AS %s", comma(i), m.name, m.name))
	}
	c.write(" FROM facts")
	c.groupBy()
	c.write("),\nanswer AS (SELECT ")
	for i := range c.query.Dimensions {
		c.write(fmt.Sprintf("d%d, ", i))
	}
	for i, m := range c.query.Metrics {
		c.write(fmt.Sprintf("%s(%s)::float8 AS m%d", comma(i), metricDefs[m].expr, i))
	}
	c.write(" FROM sums)\nSELECT * FROM answer")
	c.page()
}

// measures returns, without repeats and in the order of the metrics, what has to be computed.
func (c *compiler) measures() []measure {
	var all []measure
	seen := map[string]bool{}
	for _, m := range c.query.Metrics {
		for _, need := range metricDefs[m].needs {
			if !seen[need.name] {
				seen[need.name] = true
				all = append(all, need)
			}
		}
	}
	return all
}

func (c *compiler) facts(kind facts, measures []measure) {
	switch kind {
	case sessionFacts, exitFacts:
		c.sessionFacts(kind, measures)
	case conversionFacts:
		c.conversionFacts(measures)
	default:
		c.eventFacts(measures)
	}
}

// eventFacts adds up events. Distinct visitors are counted in two steps, which hash, where count(DISTINCT) sorts.
func (c *compiler) eventFacts(measures []measure) {
	byVisitor := slices.ContainsFunc(measures, func(m measure) bool { return m.ofVisitors })
	if byVisitor {
		c.write("SELECT ")
		for i := range c.query.Dimensions {
			c.write(fmt.Sprintf("d%d, ", i))
		}
		for i, m := range measures {
			if m.ofVisitors {
				c.write(comma(i) + "count(*) AS " + m.name)
			} else {
				c.write(comma(i) + "sum(" + m.name + ") AS " + m.name)
			}
		}
		c.write(" FROM (")
	}
	c.write("SELECT ")
	c.dimensions("e.created_at", false)
	if byVisitor {
		c.write("e.visitor_id, ")
	}
	for i, m := range measures {
		c.write(comma(i) + m.expr + " AS " + m.name)
	}
	c.write("\n\tFROM events AS e")
	c.ofEvents()
	c.groupBy()
	if byVisitor {
		if len(c.query.Dimensions) == 0 {
			c.write("\n\tGROUP BY e.visitor_id")
		} else {
			c.write(", e.visitor_id")
		}
		c.write(") AS v")
		c.groupBy()
	}
}

// ofEvents joins and filters events e.
func (c *compiler) ofEvents() {
	q := c.query
	join := c.needsSession()
	if join {
		c.write(" JOIN tracking_sessions AS s ON s.project_id = e.project_id AND s.id = e.session_id")
	}
	if c.needsVisitor(nil) {
		c.write(" JOIN visitors AS v ON v.project_id = e.project_id AND v.id = e.visitor_id")
	}
	c.write("\n\tWHERE e.project_id = ? AND e.created_at >= ? AND e.created_at < ?", c.projectID, q.Since, q.Until)
	if join {
		// The session of an event in the range overlaps the range: said, so that the other sessions need not be read.
		c.write(" AND s.project_id = ? AND s.last_activity_at >= ? AND s.started_at < ?", c.projectID, q.Since, q.Until)
		c.bots("s.is_bot")
	} else if q.Bots != BotsIncluded {
		not := "NOT "
		if q.Bots == BotsOnly {
			not = ""
		}
		c.write(" AND "+not+`(e.session_id IN (SELECT id FROM tracking_sessions
			WHERE project_id = ? AND is_bot AND last_activity_at >= ? AND started_at < ?))`, c.projectID, q.Since, q.Until)
	}
	for _, d := range q.Dimensions {
		if d.isOfEvents() {
			def := dimensionDefs[d]
			c.write(" AND ")
			c.add(fragment{def.expr, c.argsOf(d)})
			c.write(" <> ''")
		}
	}
	if q.Filter != nil {
		c.write(" AND ")
		c.add(c.filter(q.Filter, true))
	}
}

func (c *compiler) bots(column string) {
	switch c.query.Bots {
	case BotsExcluded:
		c.write(" AND NOT " + column)
	case BotsOnly:
		c.write(" AND " + column)
	case BotsIncluded:
	}
}

// needsSession reports whether facts of events have to look at the sessions.
func (c *compiler) needsSession() bool {
	of := func(d dimensionDef) bool { return d.level == ofSession }
	return c.query.Filter.uses(of) || slices.ContainsFunc(c.query.Dimensions, func(d Dimension) bool { return of(dimensionDefs[d]) })
}

func (c *compiler) needsVisitor(measures []measure) bool {
	of := func(d dimensionDef) bool { return d.visitor }
	return c.query.Filter.uses(of) || slices.ContainsFunc(c.query.Dimensions, func(d Dimension) bool { return of(dimensionDefs[d]) }) ||
		slices.ContainsFunc(measures, measure.needsVisitors)
}

// sessionFacts adds up sessions; exitFacts: each in the row of the page that it ended on.
func (c *compiler) sessionFacts(kind facts, measures []measure) {
	q := c.query
	c.write("SELECT ")
	c.dimensions("s.started_at", kind == exitFacts)
	for i, m := range measures {
		c.write(comma(i))
		if m.expr == convertingExpr {
			c.write("count(*) FILTER (WHERE ")
			c.add(c.amongEvents("s.id", "session_id", c.isConversion()))
			c.write(")")
		} else {
			c.write(m.expr)
		}
		c.write(" AS " + m.name)
	}
	c.write("\n\tFROM tracking_sessions AS s")
	if c.needsVisitor(measures) {
		c.write(" JOIN visitors AS v ON v.project_id = s.project_id AND v.id = s.visitor_id")
	}
	if kind != exitFacts {
		c.pagesOfSessions()
	}
	c.write("\n\tWHERE s.project_id = ? AND s.started_at >= ? AND s.started_at < ?", c.projectID, q.Since, q.Until)
	c.bots("s.is_bot")
	if kind == exitFacts {
		c.write(" AND s.exit_path IS NOT NULL")
	}
	if q.Filter != nil {
		c.write(" AND ")
		c.add(c.filter(q.Filter, false))
	}
	c.groupBy()
}

// pagesOfSessions joins what the sessions' events have: a session stands in the row of each of its events in the range, of
// page views alone where only pages are asked for.
func (c *compiler) pagesOfSessions() {
	var mine []Dimension
	pagesOnly := true
	for _, d := range c.query.Dimensions {
		if d.isOfEvents() {
			mine = append(mine, d)
			pagesOnly = pagesOnly && dimensionDefs[d].level == ofPage
		}
	}
	if len(mine) == 0 {
		return
	}
	c.write(" JOIN (SELECT DISTINCT e.session_id")
	for _, d := range mine {
		c.write(", ")
		c.add(fragment{dimensionDefs[d].expr, c.argsOf(d)})
		c.write(" AS " + string(d))
	}
	c.write("\n\t\tFROM events AS e WHERE e.project_id = ? AND e.created_at >= ? AND e.created_at < ?", c.projectID, c.query.Since, c.query.Until)
	if pagesOnly {
		c.write(" AND e.event_type = 'page_view'")
	}
	c.write(") AS p ON p.session_id = s.id")
	for _, d := range mine {
		c.write(" AND p." + string(d) + " <> ''")
	}
}

// conversionFacts adds up events that are conversions.
func (c *compiler) conversionFacts(measures []measure) {
	c.write("SELECT ")
	c.dimensions("e.created_at", false)
	for i, m := range measures {
		c.write(comma(i))
		switch {
		case m.expr == revenueExpr:
			// Each event once; what says no value is worth that of the first conversion which has one.
			c.write(`sum(CASE WHEN e.value IS NULL THEN c.worth WHEN coalesce(e.currency, ?) = ? THEN e.value END)
				FILTER (WHERE c.is_first)`, c.query.Currency, c.query.Currency)
		case c.query.EveryConversion:
			c.write("count(*)")
		default:
			c.write("count(DISTINCT (e.session_id, c.id))")
		}
		c.write(" AS " + m.name)
	}
	c.write(`
	FROM events AS e CROSS JOIN LATERAL (
		SELECT id, worth, row_number() OVER (ORDER BY worth IS NULL, id) = 1 AS is_first FROM (VALUES (0::bigint, NULL::numeric, false)`)
	for _, conversion := range c.query.Conversions {
		c.write(", (?::bigint, nullif(?, '')::numeric, ", conversion.ID, conversion.Value)
		c.add(conversion.predicate())
		c.write(")")
	}
	c.write(") AS d (id, worth, hit) WHERE hit) AS c")
	c.ofEvents()
	c.write(" AND ")
	c.add(c.isConversion())
	c.groupBy()
}

// isConversion is met by events that are a conversion asked about.
func (c *compiler) isConversion() fragment {
	parts := []fragment{{sql: "false"}}
	for _, conversion := range c.query.Conversions {
		p := conversion.predicate()
		parts = append(parts, fragment{"(" + p.sql + ")", p.args})
	}
	return joined(" OR ", parts)
}

// argsOf are the arguments of a dimension's expression.
func (c *compiler) argsOf(d Dimension) []any {
	switch def := dimensionDefs[d]; {
	case def.zoned:
		return []any{c.query.Zone.String()}
	case def.keyed:
		return []any{c.query.PropertyKey}
	}
	return nil
}

// dimensions writes the dimensions' values; at is when the facts are, and of sessions what their events have comes from p, or is
// where they ended.
func (c *compiler) dimensions(at string, ended bool) {
	for i, d := range c.query.Dimensions {
		def := dimensionDefs[d]
		switch {
		case def.level == ofTime:
			c.write(timed(def.expr, at), c.argsOf(d)...)
		case ended && d == Path:
			c.write("s.exit_path")
		case d.isOfEvents() && strings.HasPrefix(at, "s."):
			c.write("p." + string(d))
		default:
			c.add(fragment{def.expr, c.argsOf(d)})
		}
		c.write(fmt.Sprintf(" AS d%d, ", i))
	}
}

// groupBy groups by the dimensions, by position: an expression takes an argument, and the same argument twice is not the same
// expression.
func (c *compiler) groupBy() {
	for i := range c.query.Dimensions {
		if i == 0 {
			c.write("\n\tGROUP BY ")
		}
		c.write(fmt.Sprintf("%s%d", comma(i), i+1))
	}
}

// show is the dimension's value as text.
func show(d Dimension, i int) string {
	value := fmt.Sprintf("d%d", i)
	if format := dimensionDefs[d].show; format != "" {
		return strings.ReplaceAll(format, "%", value)
	}
	return value
}

// page sorts the rows and cuts the page.
func (c *compiler) page() {
	q := c.query
	if len(q.Dimensions) == 0 {
		return
	}
	var where fragment
	for i, values := range q.Among {
		if values != nil {
			where = where.and(fragment{fmt.Sprintf("d%d = ANY (?)", i), []any{values}})
		}
	}
	if q.After != nil && !q.byTimeOnly() {
		where = where.and(c.after())
	}
	if where.sql != "" {
		c.write("\nWHERE ")
		c.add(where)
	}
	var terms []string
	for _, o := range q.SortedBy() {
		term := fmt.Sprintf("m%d", slices.Index(q.Metrics, o.Metric))
		if o.Dimension != "" {
			term = fmt.Sprintf(`d%d COLLATE "C"`, slices.Index(q.Dimensions, o.Dimension))
		}
		if o.Descending {
			term += " DESC"
		}
		terms = append(terms, term+" NULLS LAST")
	}
	for i := range q.Dimensions {
		terms = append(terms, fmt.Sprintf(`d%d COLLATE "C"`, i))
	}
	c.write("\nORDER BY " + strings.Join(terms, ", "))
	if q.Limit > 0 && !q.byTimeOnly() { // else the empty buckets are still to be added
		// One row more than asked tells whether there is a next page.
		c.write("\nLIMIT ?", q.Limit+1)
	}
}

// after keeps the rows behind the last one of the page before: those that are behind it by the first term, or are the same by
// it and behind it by the second, and so on. Rows that come and go meanwhile move nothing.
func (c *compiler) after() fragment {
	q := c.query
	var same fragment
	var behind []fragment
	term := func(equal, beyond fragment) {
		if beyond.sql != "" {
			behind = append(behind, joined(" AND ", []fragment{same.and(beyond)}))
		}
		same = same.and(equal)
	}
	dimension := func(i int, descending bool) {
		value := q.After.Dimensions[i]
		if q.Dimensions[i] == Hour {
			value = utcHour(value)
		}
		than := ">"
		if descending {
			than = "<"
		}
		column := fmt.Sprintf(`d%d COLLATE "C"`, i)
		term(fragment{column + " = ?", []any{value}}, fragment{column + " " + than + " ?", []any{value}})
	}
	for _, o := range q.SortedBy() {
		if o.Dimension != "" {
			dimension(slices.Index(q.Dimensions, o.Dimension), o.Descending)
			continue
		}
		i := slices.Index(q.Metrics, o.Metric)
		column, value := fmt.Sprintf("m%d", i), q.After.Values[i]
		if value == nil { // null is last
			term(fragment{sql: column + " IS NULL"}, fragment{})
			continue
		}
		than := ">"
		if o.Descending {
			than = "<"
		}
		term(fragment{column + " = ?::float8", []any{*value}}, fragment{"(" + column + " " + than + " ?::float8 OR " + column + " IS NULL)", []any{*value}})
	}
	for i := range q.Dimensions {
		dimension(i, false)
	}
	return joined(" OR ", behind)
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}

// timed puts the time in the place of the word at.
func timed(expr, at string) string {
	return strings.NewReplacer("(at ", "("+at+" ", " at ", " "+at+" ", " at,", " "+at+",").Replace(expr)
}

// Where is a condition that other statements than Compile's take over.
type Where struct {
	SQL  string
	Args []any
	// NeedsVisitors: the condition looks at the row of the visitor, v.
	NeedsVisitors bool
}

// SessionCondition is the condition over sessions s, and their visitors v, that the question's filter and bots make, within its
// range where it looks at their events. Of the question only Since, Until, Filter and Bots matter.
func SessionCondition(projectID int64, q Query) (Where, error) { return condition(projectID, q, false) }

// EventCondition is the same over events e with their sessions s.
func EventCondition(projectID int64, q Query) (Where, error) { return condition(projectID, q, true) }

func condition(projectID int64, q Query, ofEvents bool) (Where, error) {
	if projectID == 0 {
		return Where{}, fmt.Errorf("compile: no project")
	}
	conditions := 0
	if err := q.Filter.check(1, &conditions); err != nil {
		return Where{}, err
	}
	c := &compiler{query: q, projectID: projectID}
	c.write("true")
	c.bots("s.is_bot")
	if q.Filter != nil {
		c.write(" AND ")
		c.add(c.filter(q.Filter, ofEvents))
	}
	return Where{SQL: c.sql.String(), Args: c.args, NeedsVisitors: c.needsVisitor(nil)}, nil
}
