package report

import "slices"

// Metric is a number that can be asked for.
type Metric string

// The metrics (docs/metrics.md).
const (
	Visitors           Metric = "visitors"
	Sessions           Metric = "sessions"
	Pageviews          Metric = "pageviews"
	Bounces            Metric = "bounces"
	BounceRate         Metric = "bounce_rate"
	AvgSessionDuration Metric = "avg_session_duration"
	ViewsPerSession    Metric = "views_per_session"
	Events             Metric = "events"
	Exits              Metric = "exits"
	Clicks             Metric = "clicks"
	FormStarts         Metric = "form_starts"
	FormSubmits        Metric = "form_submits"
	FormCompletion     Metric = "form_completion"
	AvgEngagedTime     Metric = "avg_engaged_time"
	ScrollDepth        Metric = "scroll_depth"
	PCQS               Metric = "pcqs"
	ExitRate           Metric = "exit_rate"
	NewSessions        Metric = "new_sessions"
	Conversions        Metric = "conversions"
	ConversionRate     Metric = "conversion_rate"
	Revenue            Metric = "revenue"
)

// facts is what a measure is computed on.
type facts int

const (
	// eventFacts: the range's events, each with its session.
	eventFacts facts = iota
	// sessionFacts: the sessions that started in the range.
	sessionFacts
	// exitFacts: these sessions, each in the row of the page that it ended on.
	exitFacts
	// conversionFacts: the range's events that are conversions, once for each conversion that they are.
	conversionFacts
	factKinds
)

// measure is an aggregate over one kind of facts.
type measure struct {
	name string
	on   facts
	expr string
	// ofVisitors: expr says of one visitor's facts what visitors adds up; others are added up as they are.
	ofVisitors bool
}

func ofType(name, eventType string) measure {
	return measure{name: name, on: eventFacts, expr: "count(*) FILTER (WHERE e.event_type = '" + eventType + "')"}
}

func visitors() measure {
	return measure{name: "visitors", on: eventFacts, expr: "1", ofVisitors: true}
}
func pageviews() measure { return ofType("pageviews", "page_view") }
func sessions() measure  { return measure{name: "sessions", on: sessionFacts, expr: "count(*)"} }
func bounces() measure {
	return measure{
		name: "bounces", on: sessionFacts,
		expr: "count(*) FILTER (WHERE s.pageviews = 1 AND s.interactive_events = 0 AND s.engaged_ms < 10000)",
	}
}

func sumOf(name, expr string) measure { return measure{name: name, on: sessionFacts, expr: expr} }

// convertingExpr and conversionsExpr stand for what depends on the question.
const (
	convertingExpr  = "converting"
	conversionsExpr = "conversions"
	revenueExpr     = "revenue"
)

// metricDef computes a metric from measures, whose names are columns of the joined facts, never null.
type metricDef struct {
	needs []measure
	expr  string
	unit  string
	about string
	// ratio: null where there is nothing to divide by, also in an empty bucket.
	ratio bool
	// onlyBy: the metric has a meaning by this dimension alone.
	onlyBy Dimension
}

// metricDefs is the closed table of metrics. One entry is one metric.
var metricDefs = map[Metric]metricDef{
	Visitors:  {needs: []measure{visitors()}, expr: "visitors", unit: "count", about: "Distinct visitors with at least one event in the range."},
	Pageviews: {needs: []measure{pageviews()}, expr: "pageviews", unit: "count", about: "Pages shown in the range."},
	Sessions:  {needs: []measure{sessions()}, expr: "sessions", unit: "count", about: "Sessions that started in the range."},
	Bounces:   {needs: []measure{bounces()}, expr: "bounces", unit: "count", about: "Sessions with one page view, nothing done on purpose and under 10 seconds of attention."},
	BounceRate: {
		needs: []measure{bounces(), sessions()}, expr: "bounces / nullif(sessions, 0)", unit: "ratio", ratio: true,
		about: "Bounces as a share of the sessions.",
	},
	AvgSessionDuration: {
		needs: []measure{sumOf("duration_sum", "sum(s.duration_seconds)"), sessions()}, expr: "duration_sum / nullif(sessions, 0)",
		unit: "seconds", ratio: true, about: "From the first to the last event of a session, on average.",
	},
	ViewsPerSession: {
		needs: []measure{pageviews(), sessions()}, expr: "round(pageviews / nullif(sessions, 0), 2)", unit: "number", ratio: true,
		about: "Page views for each session.",
	},
	Events:      {needs: []measure{{name: "events", on: eventFacts, expr: "count(*)"}}, expr: "events", unit: "count", about: "Events of any type in the range."},
	Exits:       {needs: []measure{ofType("exits", "exit")}, expr: "exits", unit: "count", about: "Pages left or hidden in the range."},
	Clicks:      {needs: []measure{ofType("clicks", "click")}, expr: "clicks", unit: "count", about: "Clicks in the range."},
	FormStarts:  {needs: []measure{ofType("form_starts", "form_start")}, expr: "form_starts", unit: "count", about: "Forms begun in the range."},
	FormSubmits: {needs: []measure{ofType("form_submits", "form_submit")}, expr: "form_submits", unit: "count", about: "Forms sent in the range."},
	FormCompletion: {
		needs: []measure{ofType("form_starts", "form_start"), ofType("form_submits", "form_submit")}, expr: "form_submits / nullif(form_starts, 0)",
		unit: "ratio", ratio: true, about: "Forms sent as a share of those begun.",
	},
	AvgEngagedTime: {
		needs: []measure{sumOf("engaged_sum", "sum(s.engaged_ms)"), sessions()}, expr: "engaged_sum / 1000 / nullif(sessions, 0)",
		unit: "seconds", ratio: true, about: "For how long the pages of a session were looked at, on average.",
	},
	ScrollDepth: {
		needs: []measure{sumOf("scroll_sum", "sum(s.scroll_pct)"), sumOf("scrolled", "count(s.scroll_pct)")}, expr: "scroll_sum / nullif(scrolled, 0)",
		unit: "percent", ratio: true, about: "How far down the pages of a session were read, on average.",
	},
	PCQS: {
		needs: []measure{sumOf("score_sum", "sum(s.pcqs)"), sumOf("scored", "count(s.pcqs)")}, expr: "score_sum / nullif(scored, 0)",
		unit: "number", ratio: true, about: "The page quality score of a session, 0 to 100, on average.",
	},
	ExitRate: {
		needs: []measure{{name: "ended", on: exitFacts, expr: "count(*)"}, pageviews()}, expr: "ended / nullif(pageviews, 0)",
		unit: "ratio", ratio: true, onlyBy: Path, about: "Sessions that ended on a page as a share of its page views.",
	},
	NewSessions: {
		needs: []measure{sumOf("new_sessions", "count(*) FILTER (WHERE s.started_at <= v.first_seen_at)")}, expr: "new_sessions",
		unit: "count", about: "First sessions of visitors.",
	},
	Conversions: {
		needs: []measure{{name: "conversions", on: conversionFacts, expr: conversionsExpr}}, expr: "conversions", unit: "count",
		about: "Conversions, each counted once for a session unless every one is asked for.",
	},
	ConversionRate: {
		needs: []measure{sumOf("converting", convertingExpr), sessions()}, expr: "converting / nullif(sessions, 0)", unit: "ratio", ratio: true,
		about: "Sessions with a conversion as a share of the sessions.",
	},
	Revenue: {
		needs: []measure{{name: "revenue", on: conversionFacts, expr: revenueExpr}}, expr: "revenue", unit: "money",
		about: "What the conversions are worth, in the project's currency.",
	},
}

// Description is what is known of a metric or a dimension.
type Description struct {
	Name, Unit, About string
	// OnlyBy is the one dimension by which a metric has a meaning; empty: any.
	OnlyBy Dimension
	// OfEvents: an event has the dimension, not a session.
	OfEvents bool
	// IsTime: the dimension is of time, and cannot be filtered.
	IsTime bool
}

// Describe describes a metric. False: there is none such.
func (m Metric) Describe() (Description, bool) {
	def, ok := metricDefs[m]
	return Description{Name: string(m), Unit: def.unit, About: def.about, OnlyBy: def.onlyBy}, ok
}

// needsVisitors reports whether a measure looks at the visitor's row.
func (m measure) needsVisitors() bool { return m.name == "new_sessions" }

// HasConversions reports whether the question is about conversions.
func (q Query) HasConversions() bool {
	return slices.ContainsFunc(q.Metrics, func(m Metric) bool { return m == Conversions || m == ConversionRate || m == Revenue })
}
