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

// Bots says whether bots are in an answer.
type Bots int

// Bots are left out unless asked for.
const (
	BotsExcluded Bots = iota
	BotsIncluded
	BotsOnly
)

// Order sorts rows by one metric or one dimension of the question.
type Order struct {
	Metric     Metric
	Dimension  Dimension
	Descending bool
}

// Conversion is what counts as a conversion: an event that has all that is not empty.
type Conversion struct {
	ID        int64
	EventType string
	Name      string
	// PathPattern is as in OperatorMatches.
	PathPattern                string
	PropertyKey, PropertyValue string
	// Value is what an event that says none is worth, a decimal number in the project's currency; empty: nothing.
	Value string
}

// Query is a question about one project.
type Query struct {
	// Metrics are answered in this order; at least one.
	Metrics []Metric
	// Dimensions break the metrics down; at most three. None: one row.
	Dimensions []Dimension
	// PropertyKey names the custom property of the dimension Property.
	PropertyKey string
	// Since and Until bound the time, half-open.
	Since, Until time.Time
	// Zone cuts hours and days.
	Zone *time.Location
	// Filter says whom and what to keep; nil: all.
	Filter *Filter
	Bots   Bots
	// Conversions are those that the conversion metrics count, Every event of them or the first of each session.
	Conversions     []Conversion
	EveryConversion bool
	// Currency is the project's: values in another one are no revenue.
	Currency string
	// OrderBy is empty for the default: by time where time is a dimension, else by the first metric, largest first.
	OrderBy []Order
	// Limit is the most rows to return; zero: all.
	Limit int
	// After is the last row of the page before; nil: from the first.
	After *Row
	// Among keeps the rows whose dimensions have one of these values; nil for a dimension: any. Nil: all rows.
	Among [][]string
}

// Row is one line of an answer, in the order of the question's dimensions and metrics.
type Row struct {
	// Dimensions are texts: a day as YYYY-MM-DD, an hour in RFC 3339 with the zone's offset. Empty: there is none.
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
	// Compared are the rows of the range compared with, in the order of Rows; nil where there is none. ComparedTotals likewise.
	Compared       []*Row
	ComparedTotals *Row
}

// byTimeOnly reports whether time is the only dimension, so that every bucket of the range belongs in the answer.
func (q Query) byTimeOnly() bool { return len(q.Dimensions) == 1 && q.Dimensions[0].isTime() }

// SortedBy is what sorts the rows, the default when nothing was asked; rows that it finds the same are in the order of their
// dimensions.
func (q Query) SortedBy() []Order {
	if len(q.OrderBy) > 0 {
		return q.OrderBy
	}
	for _, d := range q.Dimensions {
		if d.isTime() {
			return []Order{{Dimension: d}}
		}
	}
	return []Order{{Metric: q.Metrics[0], Descending: true}}
}
