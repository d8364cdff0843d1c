package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/microtracker/microtracker/repo/report"
)

// RollupBreakdown is what a stretch of time counts by one dimension, or session by session: a row of rollup_breakdowns.
type RollupBreakdown struct {
	bun.BaseModel `bun:"table:rollup_breakdowns"`

	ProjectID int64     `bun:",pk"`
	Day       time.Time `bun:"type:date,pk"`
	// Part is which half hour of the day it is, from 0; 0 alone for a whole day.
	Part int16 `bun:",pk"`
	// Dimension is by what; BySession: no breakdown, but what all others can be made of.
	Dimension int16 `bun:",pk"`
	Data      []byte
	// Version is another one each time that the row is written.
	Version string `bun:"type:uuid,nullzero"`
}

// BySession is the dimension of what is kept session by session. It goes with the day's events, for it says no less than they do.
const BySession int16 = 100

// BreakdownsInParts reads what is counted in parts of the days before this one.
func (t *RollupTx) BreakdownsInParts(ctx context.Context, before time.Time) ([]RollupBreakdown, error) {
	var rows []RollupBreakdown
	err := t.tx.NewSelect().Model(&rows).Where("project_id = ?", t.projectID).
		Where("day IN (SELECT day FROM rollup_parts WHERE project_id = ? AND day < ?)", t.projectID, before.Format(time.DateOnly)).
		Order("day", "dimension", "part").Scan(ctx)
	return rows, err
}

// DropBreakdowns deletes those of these parts of a day; none named: of all.
func (t *RollupTx) DropBreakdowns(ctx context.Context, day time.Time, parts ...int16) error {
	query := t.tx.NewDelete().Model((*RollupBreakdown)(nil)).Where("project_id = ? AND day = ?", t.projectID, day.Format(time.DateOnly))
	if len(parts) > 0 {
		query = query.Where("part IN (?)", bun.List(parts))
	}
	_, err := query.Exec(ctx)
	return err
}

// SaveBreakdowns stores breakdowns, after their days' rows and where there are none.
func (t *RollupTx) SaveBreakdowns(ctx context.Context, rows []RollupBreakdown) error {
	if len(rows) == 0 {
		return nil
	}
	for i := range rows {
		rows[i].ProjectID, rows[i].Version = t.projectID, ""
	}
	_, err := t.tx.NewInsert().Model(&rows).ExcludeColumn("version").Exec(ctx)
	return err
}

// BreakdownView is one state of the database's breakdowns of a project.
type BreakdownView struct {
	tx        bun.Tx
	projectID int64
}

// ViewBreakdowns runs work on one state of the breakdowns.
func (p *Project) ViewBreakdowns(ctx context.Context, work func(ctx context.Context, v *BreakdownView) error) error {
	err := p.store.inSnapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		return work(ctx, &BreakdownView{tx: tx, projectID: p.ID})
	})
	return classify("read the breakdowns", err)
}

// Report returns the rows of a question from the raw data of the same moment, as Project.Report puts answers together from.
func (v *BreakdownView) Report(ctx context.Context, q report.Query) ([]report.Row, error) {
	return reportRows(ctx, v.tx, v.projectID, q)
}

// Each gives those by these dimensions of the days from since (included) to until (excluded), but for whole months, by day and
// part; without the data where the version is known. It ends with the first error of do.
func (v *BreakdownView) Each(
	ctx context.Context, since, until time.Time, but []time.Time, dimensions []int16, known []string, do func(row *RollupBreakdown) error,
) error {
	months := make([]string, len(but))
	for i, month := range but {
		months[i] = month.Format(time.DateOnly)
	}
	rows, err := v.tx.QueryContext(ctx, `
		SELECT day, part, dimension, version::text, CASE WHEN version = ANY (?::uuid[]) THEN NULL ELSE data END
		FROM rollup_breakdowns WHERE project_id = ? AND day >= ? AND day < ? AND dimension IN (?)
			AND date_trunc('month', day)::date <> ALL (?::date[]) ORDER BY day, part`,
		pgdialect.Array(known), v.projectID, since.Format(time.DateOnly), until.Format(time.DateOnly), bun.List(dimensions), pgdialect.Array(months))
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	for rows.Next() {
		row := RollupBreakdown{ProjectID: v.projectID}
		if err := rows.Scan(&row.Day, &row.Part, &row.Dimension, &row.Version, &row.Data); err != nil {
			return err
		}
		if err := do(&row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Without reports whether one of these days has figures, and no row of the dimension.
func (v *BreakdownView) Without(ctx context.Context, since, until time.Time, dimension int16) (bool, error) {
	return v.tx.NewSelect().Model((*DailyRollup)(nil)).
		Where("project_id = ? AND day >= ? AND day < ? AND (sessions > 0 OR visitors > 0)", v.projectID, since.Format(time.DateOnly), until.Format(time.DateOnly)).
		Where("NOT EXISTS (SELECT FROM rollup_breakdowns AS b WHERE b.project_id = ? AND b.day = daily_rollup.day AND b.dimension = ?)",
			v.projectID, dimension).Exists(ctx)
}
