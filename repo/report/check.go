package report

import (
	"fmt"
	"slices"
)

// check refuses what has no defined answer.
func (q Query) check() error {
	if len(q.Metrics) == 0 {
		return fmt.Errorf("%w: ask for at least one metric", ErrUnsupported)
	}
	for _, m := range q.Metrics {
		if _, ok := metricDefs[m]; !ok {
			return fmt.Errorf("%w: there is no metric %q", ErrUnsupported, m)
		}
	}
	for _, d := range q.Dimensions {
		if _, ok := dimensionDefs[d]; !ok {
			return fmt.Errorf("%w: there is no dimension %q", ErrUnsupported, d)
		}
	}
	if slices.Contains(q.Dimensions, Hour) && slices.Contains(q.Dimensions, Day) {
		return fmt.Errorf("%w: ask by hour or by day, not both: an hour says its day", ErrUnsupported)
	}
	for _, o := range q.OrderBy {
		if o.Metric != "" && !slices.Contains(q.Metrics, o.Metric) {
			return fmt.Errorf("%w: order_by %s: it is not among the metrics asked for; add it there", ErrUnsupported, o.Metric)
		}
		if o.Dimension != "" && !slices.Contains(q.Dimensions, o.Dimension) {
			return fmt.Errorf("%w: order_by %s: it is not among the dimensions asked for; add it there", ErrUnsupported, o.Dimension)
		}
	}
	return q.checkBuckets()
}

func (q Query) checkBuckets() error {
	span := q.Until.Sub(q.Since).Hours()
	if slices.Contains(q.Dimensions, Hour) && span > MaxBuckets {
		return fmt.Errorf("%w: the range has more than %d hours; ask by day or for a shorter range", ErrUnsupported, MaxBuckets)
	}
	if slices.Contains(q.Dimensions, Day) && span/24 > MaxBuckets {
		return fmt.Errorf("%w: the range has more than %d days; ask for a shorter range", ErrUnsupported, MaxBuckets)
	}
	return nil
}
