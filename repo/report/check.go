package report

import (
	"fmt"
	"slices"
)

// Check refuses what has no defined answer: ErrUnsupported.
func (q Query) Check() error {
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
	if err := q.checkDimensions(); err != nil {
		return err
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

func (q Query) checkDimensions() error {
	times, events := 0, 0
	for _, d := range q.Dimensions {
		if d.isTime() {
			times++
		}
		if d.isOfEvents() {
			events++
		}
	}
	if times > 1 {
		return fmt.Errorf("%w: ask by one of hour, day, week, month, quarter and year: the smaller says the larger", ErrUnsupported)
	}
	if len(q.Dimensions) > 3 {
		return fmt.Errorf("%w: ask by at most three dimensions", ErrUnsupported)
	}
	if slices.Contains(q.Dimensions, Property) != (q.PropertyKey != "") {
		return fmt.Errorf("%w: property_key names the custom property of the dimension property, and goes with it alone", ErrUnsupported)
	}
	if slices.Contains(q.Dimensions, BotReason) && q.Bots == BotsExcluded {
		return fmt.Errorf("%w: bot_reason is a bot's: ask with bots included, or for bots only", ErrUnsupported)
	}
	for _, m := range q.Metrics {
		if only := metricDefs[m].onlyBy; only != "" && (!slices.Contains(q.Dimensions, only) || events > 1) {
			return fmt.Errorf("%w: %s has a meaning by %s alone, or by it and what a session has: add that dimension", ErrUnsupported, m, only)
		}
	}
	if q.HasConversions() {
		if len(q.Conversions) == 0 {
			return fmt.Errorf("%w: there are no conversions to count: define one first", ErrUnsupported)
		}
	}
	conditions := 0
	return q.Filter.check(1, &conditions)
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
