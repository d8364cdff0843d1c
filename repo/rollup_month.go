package repo

import (
	"context"
	"database/sql"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// RollupMonth is what a whole month counts by one dimension: a row of rollup_months, made of the breakdowns of its days.
type RollupMonth struct {
	bun.BaseModel `bun:"table:rollup_months"`

	ProjectID int64 `bun:",pk"`
	// Month is its first day.
	Month     time.Time `bun:"type:date,pk"`
	Dimension int16     `bun:",pk"`
	Data      []byte
	// Version is another one each time that the row is written.
	Version string `bun:"type:uuid,nullzero"`
	// MadeOf names the versions of the days that it is made of.
	MadeOf string `bun:"type:uuid"`
}

// madeOf is what a month has to be made of, over its days' breakdowns by nothing: with a day counted anew it is another.
const madeOf = `md5(string_agg(b.version::text, '' ORDER BY b.day, b.part))::uuid`

// StaleMonths returns the first days of the months of a project that are over and counted, and whose rows are missing or made of days
// that have changed: the oldest first, at most limit. A month is over when its last day is the one before yesterday.
func (s *Store) StaleMonths(ctx context.Context, projectID int64, limit int) ([]time.Time, error) {
	var months []time.Time
	err := s.db.NewRaw(`
		WITH months AS (
			SELECT date_trunc('month', b.day)::date AS month, `+madeOf+` AS made_of FROM rollup_breakdowns AS b JOIN projects AS p ON p.id = b.project_id
			WHERE b.project_id = ? AND b.dimension = 0
				AND b.day < date_trunc('month', to_timestamp(epoch_now()) AT TIME ZONE p.time_zone - interval '1 day')::date
			GROUP BY 1
		)
		SELECT c.month FROM months AS c
		WHERE NOT EXISTS (
				SELECT FROM rollup_months AS m WHERE m.project_id = ? AND m.month = c.month AND m.dimension = 0 AND m.made_of = c.made_of)
			AND NOT EXISTS (
				SELECT FROM rollup_marks AS k JOIN projects AS p ON p.id = k.project_id
				WHERE k.project_id = ? AND k.until > c.month::timestamp AT TIME ZONE p.time_zone
					AND k.since < (c.month + interval '1 month') AT TIME ZONE p.time_zone)
		ORDER BY c.month LIMIT ?`, projectID, projectID, projectID, limit).Scan(ctx, &months)
	return months, classify("list the months to put together", err)
}

// MakeMonth puts a month together: merge is given its days' breakdowns by each dimension, in the order of days and parts, and returns
// the month's data; nil leaves the dimension out. What was stored of the month before goes.
func (s *Store) MakeMonth(ctx context.Context, projectID int64, month time.Time, dimensions []int16, merge func(rows []RollupBreakdown) ([]byte, error)) error {
	options := &sql.TxOptions{Isolation: sql.LevelRepeatableRead}
	err := s.db.RunInTx(ctx, options, func(ctx context.Context, tx bun.Tx) error {
		since, until := month.Format(time.DateOnly), month.AddDate(0, 1, 0).Format(time.DateOnly)
		var is string
		err := tx.NewRaw("SELECT coalesce("+madeOf+", gen_random_uuid()) FROM rollup_breakdowns AS b WHERE b.project_id = ? AND b.dimension = 0 AND b.day >= ? AND b.day < ?",
			projectID, since, until).Scan(ctx, &is)
		if err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*RollupMonth)(nil)).Where("project_id = ? AND month = ?", projectID, since).Exec(ctx); err != nil {
			return err
		}
		for _, dimension := range dimensions {
			var days []RollupBreakdown
			err := tx.NewSelect().Model(&days).Where("project_id = ? AND dimension = ? AND day >= ? AND day < ?", projectID, dimension, since, until).
				Order("day", "part").Scan(ctx)
			if err != nil {
				return err
			}
			data, err := merge(days)
			if err != nil {
				return err
			}
			if data == nil {
				continue
			}
			row := &RollupMonth{ProjectID: projectID, Month: month, Dimension: dimension, Data: data, MadeOf: is}
			if _, err := tx.NewInsert().Model(row).ExcludeColumn("version").Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	return classify("put a month together", err)
}

// EachMonth gives the rows by these dimensions, 0 among them, of the whole months from since (included) to until (excluded), in order, without the
// data where the version is known: of those that are made of their days as they are. It returns these months, and ends with the first
// error of do.
func (v *BreakdownView) EachMonth(
	ctx context.Context, since, until time.Time, dimensions []int16, known []string, do func(row *RollupMonth) error,
) (months []time.Time, err error) {
	rows, err := v.tx.QueryContext(ctx, `
		WITH months AS (
			SELECT date_trunc('month', b.day)::date AS month, `+madeOf+` AS made_of FROM rollup_breakdowns AS b
			WHERE b.project_id = ? AND b.dimension = 0 AND b.day >= ? AND b.day < ? GROUP BY 1
		)
		SELECT m.month, m.dimension, m.version::text, CASE WHEN m.version = ANY (?::uuid[]) THEN NULL ELSE m.data END
		FROM rollup_months AS m JOIN months AS c ON c.month = m.month AND c.made_of = m.made_of
		WHERE m.project_id = ? AND m.month >= ? AND m.month + interval '1 month' <= ? AND m.dimension IN (?) ORDER BY m.month`,
		v.projectID, since.Format(time.DateOnly), until.Format(time.DateOnly), pgdialect.Array(known),
		v.projectID, since.Format(time.DateOnly), until.Format(time.DateOnly), bun.List(dimensions))
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	for rows.Next() {
		row := RollupMonth{ProjectID: v.projectID}
		if err := rows.Scan(&row.Month, &row.Dimension, &row.Version, &row.Data); err != nil {
			return nil, err
		}
		if row.Month = row.Month.UTC(); row.Dimension == 0 {
			months = append(months, row.Month)
		}
		if err := do(&row); err != nil {
			return nil, err
		}
	}
	return months, rows.Err()
}
