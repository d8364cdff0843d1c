package repo

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/microtracker/microtracker/repo/report"
)

// Report answers a question about the project. report.ErrUnsupported when it has no defined answer.
func (p *Project) Report(ctx context.Context, q report.Query) (*report.Answer, error) {
	answer := new(report.Answer)
	err := p.store.inSnapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		rows, err := p.reportRows(ctx, tx, q)
		if err != nil {
			return err
		}
		answer.Rows, answer.More = q.Finish(rows)
		if len(q.Dimensions) == 0 {
			answer.Totals = answer.Rows[0]
			return nil
		}
		whole := q
		whole.Dimensions, whole.OrderBy = nil, nil
		totals, err := p.reportRows(ctx, tx, whole)
		if err != nil {
			return err
		}
		answer.Totals = totals[0]
		return nil
	})
	return answer, classify("report", err)
}

func (p *Project) reportRows(ctx context.Context, tx bun.Tx, q report.Query) ([]report.Row, error) {
	statement, err := report.Compile(p.ID, q)
	if err != nil {
		return nil, err
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
