package repo

import (
	"context"

	"github.com/microtracker/microtracker/repo/report"
)

// Report answers a question about the project. report.ErrUnsupported when it has no defined answer.
func (p *Project) Report(ctx context.Context, q report.Query) (*report.Answer, error) {
	rows, err := p.reportRows(ctx, q)
	if err != nil {
		return nil, err
	}
	answer := new(report.Answer)
	answer.Rows, answer.More = q.Finish(rows)
	if len(q.Dimensions) == 0 {
		answer.Totals = answer.Rows[0]
		return answer, nil
	}
	whole := q
	whole.Dimensions, whole.OrderBy = nil, nil
	totals, err := p.reportRows(ctx, whole)
	if err != nil {
		return nil, err
	}
	answer.Totals = totals[0]
	return answer, nil
}

func (p *Project) reportRows(ctx context.Context, q report.Query) ([]report.Row, error) {
	statement, err := report.Compile(p.ID, q)
	if err != nil {
		return nil, err
	}
	rows, err := p.store.db.QueryContext(ctx, statement.SQL, statement.Args...)
	if err != nil {
		return nil, classify("run the report", err)
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
			return nil, classify("read the report", err)
		}
		found = append(found, row)
	}
	return found, classify("read the report", rows.Err())
}
