package repo

import (
	"context"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/microtracker/microtracker/repo/report"
)

// Report answers a question about the project, and the same question over the range compared with, nil: none. Both are of
// one moment. report.ErrUnsupported when it has no defined answer, context.DeadlineExceeded when it takes too long.
func (p *Project) Report(ctx context.Context, q report.Query, compared *report.Query) (*report.Answer, error) {
	var answer *report.Answer
	err := p.store.inSnapshot(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		answer, err = report.Assemble(q, compared, func(q report.Query) ([]report.Row, error) { return reportRows(ctx, tx, p.ID, q) })
		return err
	})
	return answer, classify("report", err)
}

func reportRows(ctx context.Context, tx bun.Tx, projectID int64, q report.Query) ([]report.Row, error) {
	statement, err := report.Compile(projectID, q)
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
