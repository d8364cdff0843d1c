package report

import (
	"fmt"
	"slices"
	"strings"
)

// facts is what a measure is computed on.
type facts int

const (
	// eventFacts: the range's events, each with its session.
	eventFacts facts = iota
	// sessionFacts: the sessions that started in the range.
	sessionFacts
)

// measure is an aggregate over one kind of facts.
type measure struct {
	name string
	on   facts
	expr string
}

var (
	visitors  = measure{"visitors", eventFacts, "count(DISTINCT e.visitor_id)"}
	pageviews = measure{"pageviews", eventFacts, "count(*) FILTER (WHERE e.event_type = 'page_view')"}
	sessions  = measure{"sessions", sessionFacts, "count(*)"}
	bounces   = measure{
		"bounces", sessionFacts,
		"count(*) FILTER (WHERE s.pageviews = 1 AND s.interactive_events = 0 AND s.engaged_ms < 10000)",
	}
	durationSum = measure{"duration_sum", sessionFacts, "sum(s.duration_seconds)"}
)

// metricDef computes a metric from measures, whose names are columns of the joined facts, never null.
type metricDef struct {
	needs []measure
	expr  string
}

// metricDefs is the closed table of metrics. One entry is one metric.
var metricDefs = map[Metric]metricDef{
	Visitors:           {[]measure{visitors}, "visitors"},
	Pageviews:          {[]measure{pageviews}, "pageviews"},
	Sessions:           {[]measure{sessions}, "sessions"},
	Bounces:            {[]measure{bounces}, "bounces"},
	BounceRate:         {[]measure{bounces, sessions}, "bounces / nullif(sessions, 0)"},
	AvgSessionDuration: {[]measure{durationSum, sessions}, "duration_sum / nullif(sessions, 0)"},
	ViewsPerSession:    {[]measure{pageviews, sessions}, "round(pageviews / nullif(sessions, 0), 2)"},
}

// dimensionDef says how facts fall into rows.
type dimensionDef struct {
	onEvents, onSessions string
	// zones is how many times the expressions take the time zone as an argument.
	zones int
	// perPage: a session falls into one row for each path that it viewed in the range.
	perPage bool
}

// dimensionDefs is the closed table of dimensions. One entry is one dimension.
var dimensionDefs = map[Dimension]dimensionDef{
	// Hours are cut as instants, so that the hour that a clock shows twice in autumn is two rows.
	Hour: {
		onEvents:   `to_char(date_trunc('hour', e.created_at, ?) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`,
		onSessions: `to_char(date_trunc('hour', s.started_at, ?) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`,
		zones:      1,
	},
	Day: {
		onEvents:   `to_char(e.created_at AT TIME ZONE ?, 'YYYY-MM-DD')`,
		onSessions: `to_char(s.started_at AT TIME ZONE ?, 'YYYY-MM-DD')`,
		zones:      1,
	},
	Path:   {onEvents: "e.path", onSessions: "p.path", perPage: true},
	Source: {onEvents: "s.source", onSessions: "s.source"},
}

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
	if err := q.check(); err != nil {
		return Statement{}, err
	}
	c := &compiler{query: q, projectID: projectID}
	c.compile()
	return Statement{SQL: c.sql.String(), Args: c.args}, nil
}

func (c *compiler) compile() {
	onEvents, onSessions := c.measures()
	c.sql.WriteString("WITH ")
	if len(onEvents) > 0 {
		c.eventFacts(onEvents)
	}
	if len(onSessions) > 0 {
		if len(onEvents) > 0 {
			c.sql.WriteString(",\n")
		}
		c.sessionFacts(onSessions)
	}
	c.sql.WriteString(",\nfacts AS (SELECT ")
	for i := range c.query.Dimensions {
		fmt.Fprintf(&c.sql, "d%d, ", i)
	}
	all := slices.Concat(onEvents, onSessions)
	for i, m := range all {
		fmt.Fprintf(&c.sql, "%scoalesce(%s, 0)::numeric AS %s", comma(i), m.name, m.name)
	}
	c.sql.WriteString(" FROM " + c.join(len(onEvents) > 0, len(onSessions) > 0) + ")\nSELECT ")
	for i := range c.query.Dimensions {
		fmt.Fprintf(&c.sql, "d%d, ", i)
	}
	for i, m := range c.query.Metrics {
		fmt.Fprintf(&c.sql, "%s(%s)::float8 AS m%d", comma(i), metricDefs[m].expr, i)
	}
	c.sql.WriteString(" FROM facts")
	c.orderAndPage()
}

// measures returns, without repeats and in the order of the metrics, what has to be computed on which facts.
func (c *compiler) measures() (onEvents, onSessions []measure) {
	seen := map[string]bool{}
	for _, m := range c.query.Metrics {
		for _, need := range metricDefs[m].needs {
			if seen[need.name] {
				continue
			}
			seen[need.name] = true
			if need.on == eventFacts {
				onEvents = append(onEvents, need)
			} else {
				onSessions = append(onSessions, need)
			}
		}
	}
	return onEvents, onSessions
}

func (c *compiler) eventFacts(measures []measure) {
	c.sql.WriteString("event_facts AS (SELECT ")
	c.dimensions(func(d dimensionDef) string { return d.onEvents })
	c.selectMeasures(measures)
	c.sql.WriteString(`
	FROM events AS e JOIN tracking_sessions AS s ON s.project_id = e.project_id AND s.id = e.session_id
	WHERE e.project_id = ? AND e.created_at >= ? AND e.created_at < ? AND NOT s.is_bot
		AND s.last_activity_at >= ? AND s.started_at < ?`)
	// The session of an event in the range overlaps the range: said, so that the other sessions need not be read.
	c.args = append(c.args, c.projectID, c.query.Since, c.query.Until, c.query.Since, c.query.Until)
	if c.perPage() {
		c.sql.WriteString(" AND e.path IS NOT NULL")
	}
	c.groupBy()
}

func (c *compiler) sessionFacts(measures []measure) {
	c.sql.WriteString("session_facts AS (SELECT ")
	c.dimensions(func(d dimensionDef) string { return d.onSessions })
	c.selectMeasures(measures)
	c.sql.WriteString("\n\tFROM tracking_sessions AS s")
	if c.perPage() {
		c.sql.WriteString(` JOIN (SELECT DISTINCT session_id, path FROM events
		WHERE project_id = ? AND created_at >= ? AND created_at < ? AND event_type = 'page_view' AND path IS NOT NULL
	) AS p ON p.session_id = s.id`)
		c.args = append(c.args, c.projectID, c.query.Since, c.query.Until)
	}
	c.sql.WriteString("\n\tWHERE s.project_id = ? AND s.started_at >= ? AND s.started_at < ? AND NOT s.is_bot")
	c.args = append(c.args, c.projectID, c.query.Since, c.query.Until)
	c.groupBy()
}

func (c *compiler) perPage() bool {
	return slices.ContainsFunc(c.query.Dimensions, func(d Dimension) bool { return dimensionDefs[d].perPage })
}

func (c *compiler) dimensions(expr func(dimensionDef) string) {
	for i, d := range c.query.Dimensions {
		def := dimensionDefs[d]
		fmt.Fprintf(&c.sql, "%s AS d%d, ", expr(def), i)
		for range def.zones {
			c.args = append(c.args, c.query.Zone.String())
		}
	}
}

func (c *compiler) selectMeasures(measures []measure) {
	for i, m := range measures {
		fmt.Fprintf(&c.sql, "%s%s AS %s", comma(i), m.expr, m.name)
	}
}

func (c *compiler) groupBy() {
	for i := range c.query.Dimensions {
		if i == 0 {
			c.sql.WriteString("\n\tGROUP BY ")
		}
		// By position: the expression takes an argument, and the same argument twice is not the same expression.
		fmt.Fprintf(&c.sql, "%s%d", comma(i), i+1)
	}
	c.sql.WriteString(")")
}

func (c *compiler) join(onEvents, onSessions bool) string {
	switch {
	case !onSessions:
		return "event_facts"
	case !onEvents:
		return "session_facts"
	case len(c.query.Dimensions) == 0:
		return "event_facts CROSS JOIN session_facts"
	default:
		names := make([]string, len(c.query.Dimensions))
		for i := range names {
			names[i] = fmt.Sprintf("d%d", i)
		}
		return "event_facts FULL JOIN session_facts USING (" + strings.Join(names, ", ") + ")"
	}
}

func (c *compiler) orderAndPage() {
	q := c.query
	if len(q.Dimensions) == 0 {
		return
	}
	var terms []string
	for _, o := range q.order() {
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
	c.sql.WriteString("\nORDER BY " + strings.Join(terms, ", "))
	if q.byTimeOnly() {
		return // the empty buckets are still to be added
	}
	// One row more than asked tells whether there is a next page.
	c.sql.WriteString("\nLIMIT ? OFFSET ?")
	c.args = append(c.args, q.Limit+1, q.Offset)
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}
