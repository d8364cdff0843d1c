package repo

import (
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/microtracker/microtracker/repo/report"
)

// Report answers a question about the project, and the same question over the range compared with, nil: none. Both are of
// one moment. report.ErrUnsupported when it has no defined answer, context.DeadlineExceeded when it takes too long.
func (p *Project) Report(ctx context.Context, q report.Query, compared *report.Query) (*report.Answer, error) {
	answer := new(report.Answer)
	err := p.store.inSnapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		rows, err := p.reportRows(ctx, tx, q)
		if err != nil {
			return err
		}
		answer.Rows, answer.More = q.Finish(rows)
		totals, err := p.reportTotals(ctx, tx, q, answer.Rows)
		if err != nil {
			return err
		}
		answer.Totals = *totals
		if compared == nil {
			return nil
		}
		return p.compare(ctx, tx, q, *compared, answer)
	})
	return answer, classify("report", err)
}

// reportTotals are the metrics over the whole range; those that have a meaning by row alone are null.
func (p *Project) reportTotals(ctx context.Context, tx bun.Tx, q report.Query, rows []report.Row) (*report.Row, error) {
	if len(q.Dimensions) == 0 {
		return &rows[0], nil
	}
	whole := q
	whole.Dimensions, whole.OrderBy, whole.After, whole.Among, whole.PropertyKey = nil, nil, nil, nil, ""
	whole.Metrics = nil
	for _, m := range q.Metrics {
		if known, _ := m.Describe(); known.OnlyBy == "" {
			whole.Metrics = append(whole.Metrics, m)
		}
	}
	totals := &report.Row{Values: make([]*float64, len(q.Metrics))}
	if len(whole.Metrics) == 0 {
		return totals, nil
	}
	found, err := p.reportRows(ctx, tx, whole)
	if err != nil {
		return nil, err
	}
	for i, m := range q.Metrics {
		if at := slices.Index(whole.Metrics, m); at >= 0 {
			totals.Values[i] = found[0].Values[at]
		}
	}
	return totals, nil
}

// compare finds for each row the one of the other range: with the same values, and in the bucket of time that has the same
// place in its range.
func (p *Project) compare(ctx context.Context, tx bun.Tx, q, other report.Query, answer *report.Answer) error {
	place, there := timePlaces(q), other.Buckets()
	keyOf := func(row *report.Row) (string, bool) {
		parts := slices.Clone(row.Dimensions)
		for i, d := range q.Dimensions {
			if known, _ := d.Describe(); known.IsTime {
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
		if known, _ := d.Describe(); known.IsTime {
			continue
		}
		other.Among[i] = []string{}
		for _, row := range answer.Rows {
			other.Among[i] = append(other.Among[i], row.Dimensions[i])
		}
	}
	other.Limit, other.After, other.OrderBy = 0, nil, nil
	found, err := p.reportRows(ctx, tx, other)
	if err != nil {
		return err
	}
	found, _ = other.Finish(found)
	if answer.ComparedTotals, err = p.reportTotals(ctx, tx, other, found); err != nil {
		return err
	}
	byKey := make(map[string]*report.Row, len(found))
	for i := range found {
		byKey[strings.Join(found[i].Dimensions, "\x00")] = &found[i]
	}
	answer.Compared = make([]*report.Row, len(answer.Rows))
	for i := range answer.Rows {
		if key, ok := keyOf(&answer.Rows[i]); ok {
			answer.Compared[i] = byKey[key]
		}
		if answer.Compared[i] == nil {
			answer.Compared[i] = &report.Row{Values: other.Zeros()}
		}
	}
	return nil
}

// timePlaces are the places of the buckets in the range.
func timePlaces(q report.Query) map[string]int {
	places := map[string]int{}
	for i, bucket := range q.Buckets() {
		places[bucket] = i
	}
	return places
}

func (p *Project) reportRows(ctx context.Context, tx bun.Tx, q report.Query) ([]report.Row, error) {
	statement, err := report.Compile(p.ID, q)
	if err != nil {
		return nil, err
	}
	for i, arg := range statement.Args {
		if texts, ok := arg.([]string); ok {
			statement.Args[i] = pgdialect.Array(texts)
		}
	}
	rows, err := tx.QueryContext(ctx, statement.SQL, statement.Args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	var found []report.Row
	for rows.Next() {
		row := report.Row{Dimensions: make([]string, len(q.Dimensions)), Values: make([]*float64, len(q.Metrics))}
		targets := make([]any, 0, len(q.Dimensions)+len(q.Metrics))
		for i := range row.Dimensions {
			targets = append(targets, &row.Dimensions[i])
		}
		for i := range row.Values {
			targets = append(targets, &row.Values[i])
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		found = append(found, row)
	}
	return found, rows.Err()
}
