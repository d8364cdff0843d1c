// Package report is the one compiler from a typed report question to SQL. docs/metrics.md defines what the numbers mean.
//
// No text of a caller ever becomes SQL: metrics and dimensions come from closed tables, everything else is a bound
// argument. A value never depends on what else was asked, because each measure is computed on its own facts.
package report

import (
	"errors"
	"time"
)

// DefinitionVersion is the version of docs/metrics.md that this package computes.
const DefinitionVersion = 1

// MaxBuckets is the most rows that a question by time may have before paging.
const MaxBuckets = 10_000

// ErrUnsupported: the question has no defined answer. Its text says why and what to ask instead.
var ErrUnsupported = errors.New("unsupported query")

// Metric is a number that can be asked for.
type Metric string

// The metrics. Bots are left out of all of them.
const (
	Visitors           Metric = "visitors"
	Sessions           Metric = "sessions"
	Pageviews          Metric = "pageviews"
	Bounces            Metric = "bounces"
	BounceRate         Metric = "bounce_rate"
	AvgSessionDuration Metric = "avg_session_duration"
	ViewsPerSession    Metric = "views_per_session"
)

// Dimension is what metrics can be broken down by.
type Dimension string

// The dimensions.
const (
	Hour   Dimension = "hour"
	Day    Dimension = "day"
	Path   Dimension = "path"
	Source Dimension = "source"
)

// Order sorts rows by one metric or one dimension of the question.
type Order struct {
	Metric     Metric
	Dimension  Dimension
	Descending bool
}

// Query is a question about one project.
type Query struct {
	// Metrics are answered in this order; at least one.
	Metrics []Metric
	// Dimensions break the metrics down; at most two. None: one row.
	Dimensions []Dimension
	// Since and Until bound the time, half-open.
	Since, Until time.Time
	// Zone cuts hours and days.
	Zone *time.Location
	// OrderBy is empty for the default: by time where time is a dimension, else by the first metric, largest first.
	OrderBy []Order
	// Limit is the most rows to return, Offset how many to skip first.
	Limit, Offset int
}

// Row is one line of an answer, in the order of the question's dimensions and metrics.
type Row struct {
	// Dimensions are texts: a day as YYYY-MM-DD, an hour in RFC 3339 with the zone's offset.
	Dimensions []string
	// Values are nil where the definition divides by zero.
	Values []*float64
}

// Answer is what a question returned.
type Answer struct {
	Rows []Row
	// Totals are over the whole range; not the sum of the rows.
	Totals Row
	// More says that there are rows after these.
	More bool
}

// byTimeOnly reports whether time is the only dimension, so that every bucket of the range belongs in the answer.
func (q Query) byTimeOnly() bool {
	return len(q.Dimensions) == 1 && (q.Dimensions[0] == Hour || q.Dimensions[0] == Day)
}

// order returns what sorts the rows, the default when nothing was asked.
func (q Query) order() []Order {
	if len(q.OrderBy) > 0 {
		return q.OrderBy
	}
	for _, d := range q.Dimensions {
		if d == Hour || d == Day {
			return []Order{{Dimension: d}}
		}
	}
	return []Order{{Metric: q.Metrics[0], Descending: true}}
}
