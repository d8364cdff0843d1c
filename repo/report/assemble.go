package report

import (
	"slices"
	"strings"
)

// Assemble puts the answer to a question together, and the same question over the range compared with, nil: none. rows gives a
// question's rows as the statement of Compile does: what happened, in order, after the last row of the page before, among those
// asked for, one more than the page has; where time is the only dimension all of them.
func Assemble(q Query, compared *Query, rows func(q Query) ([]Row, error)) (*Answer, error) {
	found, err := rows(q)
	if err != nil {
		return nil, err
	}
	answer := new(Answer)
	answer.Rows, answer.More = q.Finish(found)
	totals, err := totalsOf(q, answer.Rows, rows)
	if err != nil {
		return nil, err
	}
	answer.Totals = *totals
	if compared == nil {
		return answer, nil
	}
	return answer, compareWith(q, *compared, answer, rows)
}

// totalsOf are the metrics over the whole range; those that have a meaning by row alone are null.
func totalsOf(q Query, found []Row, rows func(q Query) ([]Row, error)) (*Row, error) {
	if len(q.Dimensions) == 0 {
		return &found[0], nil
	}
	whole := q
	whole.Dimensions, whole.OrderBy, whole.After, whole.Among, whole.PropertyKey = nil, nil, nil, nil, ""
	whole.Metrics = nil
	for _, m := range q.Metrics {
		if metricDefs[m].onlyBy == "" {
			whole.Metrics = append(whole.Metrics, m)
		}
	}
	totals := &Row{Values: make([]*float64, len(q.Metrics))}
	if len(whole.Metrics) == 0 {
		return totals, nil
	}
	total, err := rows(whole)
	if err != nil {
		return nil, err
	}
	for i, m := range q.Metrics {
		if at := slices.Index(whole.Metrics, m); at >= 0 {
			totals.Values[i] = total[0].Values[at]
		}
	}
	return totals, nil
}

// compareWith finds for each row the one of the other range: with the same values, and in the bucket of time that has the same
// place in its range.
func compareWith(q, other Query, answer *Answer, rows func(q Query) ([]Row, error)) error {
	place, there := timePlaces(q), other.Buckets()
	keyOf := func(row *Row) (string, bool) {
		parts := slices.Clone(row.Dimensions)
		for i, d := range q.Dimensions {
			if d.isTime() {
				at, ok := place[row.Dimensions[i]]
				if !ok || at >= len(there) {
					return "", false
				}
				parts[i] = there[at]
			}
		}
		return strings.Join(parts, "\x00"), true
	}
	other.Among = make([][]string, len(q.Dimensions))
	for i, d := range q.Dimensions {
		if d.isTime() {
			continue
		}
		other.Among[i] = []string{}
		for _, row := range answer.Rows {
			other.Among[i] = append(other.Among[i], row.Dimensions[i])
		}
	}
	other.Limit, other.After, other.OrderBy = 0, nil, nil
	found, err := rows(other)
	if err != nil {
		return err
	}
	found, _ = other.Finish(found)
	if answer.ComparedTotals, err = totalsOf(other, found, rows); err != nil {
		return err
	}
	byKey := make(map[string]*Row, len(found))
	for i := range found {
		byKey[strings.Join(found[i].Dimensions, "\x00")] = &found[i]
	}
	answer.Compared = make([]*Row, len(answer.Rows))
	for i := range answer.Rows {
		if key, ok := keyOf(&answer.Rows[i]); ok {
			answer.Compared[i] = byKey[key]
		}
		if answer.Compared[i] == nil {
			answer.Compared[i] = &Row{Values: other.Zeros()}
		}
	}
	return nil
}

// timePlaces are the places of the buckets in the range.
func timePlaces(q Query) map[string]int {
	places := map[string]int{}
	for i, bucket := range q.Buckets() {
		places[bucket] = i
	}
	return places
}
