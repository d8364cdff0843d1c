package repo

import (
	"context"
	"database/sql"
	"time"

	"github.com/uptrace/bun"
)

// RollupMark is a stretch of time of a project whose figures have changed since they were counted: Since included, Until
// excluded. Whoever sees the mark sees the change.
type RollupMark struct {
	Since, Until time.Time
	// Adds says that nothing but events were added, and the sessions that they belong to. Else anything may have changed.
	Adds bool
}

// MarkedProjects lists the projects that have something to count, by id: page.After is the id of the last one seen.
func (s *Store) MarkedProjects(ctx context.Context, page Page[int64]) ([]int64, error) {
	var ids []int64
	// From one project to the next by the index, however many marks one has.
	err := s.db.NewRaw(`
		WITH RECURSIVE marked AS (
			(SELECT project_id FROM rollup_marks WHERE project_id > ? ORDER BY project_id LIMIT 1)
			UNION ALL
			SELECT (SELECT m.project_id FROM rollup_marks AS m WHERE m.project_id > marked.project_id ORDER BY m.project_id LIMIT 1)
			FROM marked WHERE marked.project_id IS NOT NULL
		)
		SELECT project_id FROM marked WHERE project_id IS NOT NULL LIMIT ?`, page.After, page.Limit).Scan(ctx, &ids)
	return ids, classify("list the projects to count", err)
}

// RollupState is what of a project is to be counted.
type RollupState struct {
	TimeZone string
	// Now is the database's clock.
	Now time.Time
	// Marks are in the order of Since, each once.
	Marks []RollupMark
}

// RollupState returns what of the project is to be counted. ErrNotFound.
func (s *Store) RollupState(ctx context.Context, projectID int64) (*RollupState, error) {
	state := new(RollupState)
	err := s.db.NewRaw("SELECT time_zone, to_timestamp(epoch_now()) FROM projects WHERE id = ?", projectID).
		Scan(ctx, &state.TimeZone, &state.Now)
	if err == nil {
		err = s.db.NewRaw("SELECT DISTINCT since, until FROM rollup_marks WHERE project_id = ? ORDER BY since, until", projectID).
			Scan(ctx, &state.Marks)
	}
	return state, classify("read what is to be counted", err)
}

// RollupOutlook is what the days of a range can be counted on for.
type RollupOutlook struct {
	TimeZone string
	// Now is the database's clock.
	Now time.Time
	// FrozenBefore is until where days are not counted anew, since raw data have been deleted for their age; zero: nowhere.
	FrozenBefore time.Time
	// Marks are those that lie in the range, or reach into it, each once, and at most 1,000.
	Marks []RollupMark
}

// RollupOutlook returns what is to be counted of the range. ErrNotFound.
func (p *Project) RollupOutlook(ctx context.Context, since, until time.Time) (*RollupOutlook, error) {
	var rows []struct {
		TimeZone             string
		Now                  time.Time
		Frozen               bun.NullTime
		MarkSince, MarkUntil bun.NullTime
	}
	err := p.store.db.NewRaw(`
		SELECT p.time_zone, to_timestamp(epoch_now()) AS now, greatest(p.events_deleted_before, p.sessions_deleted_before) AS frozen,
			m.since AS mark_since, m.until AS mark_until
		FROM projects AS p LEFT JOIN (
			SELECT DISTINCT since, until FROM rollup_marks WHERE project_id = ? AND since < ? AND until > ? LIMIT 1000
		) AS m ON true WHERE p.id = ?`, p.ID, until, since, p.ID).Scan(ctx, &rows)
	if err == nil && len(rows) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return nil, classify("read what is to be counted", err)
	}
	outlook := &RollupOutlook{TimeZone: rows[0].TimeZone, Now: rows[0].Now, FrozenBefore: rows[0].Frozen.Time}
	for _, row := range rows {
		if !row.MarkSince.IsZero() {
			outlook.Marks = append(outlook.Marks, RollupMark{Since: row.MarkSince.Time, Until: row.MarkUntil.Time})
		}
	}
	return outlook, nil
}

// SplitRollupMark puts pieces in the place of a mark. Nothing happens if the mark has been taken meanwhile.
func (s *Store) SplitRollupMark(ctx context.Context, projectID int64, mark RollupMark, pieces []RollupMark) error {
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var markedAt bun.NullTime
		var adds bool
		err := tx.NewRaw(`
			WITH taken AS (DELETE FROM rollup_marks WHERE project_id = ? AND since = ? AND until = ? RETURNING marked_at, adds)
			SELECT min(marked_at), coalesce(bool_and(adds), false) FROM taken`, projectID, mark.Since, mark.Until).Scan(ctx, &markedAt, &adds)
		if err != nil || markedAt.IsZero() {
			return err
		}
		rows := make([]rollupMarkRow, len(pieces))
		for i, piece := range pieces {
			rows[i] = rollupMarkRow{ProjectID: projectID, Since: piece.Since, Until: piece.Until, Adds: adds, MarkedAt: markedAt.Time}
		}
		_, err = tx.NewInsert().Model(&rows).Exec(ctx)
		return err
	})
	return classify("split a mark", err)
}

// rollupMarkRow is a row of rollup_marks.
type rollupMarkRow struct {
	bun.BaseModel `bun:"table:rollup_marks"`

	ProjectID    int64
	Since, Until time.Time
	Adds         bool
	MarkedAt     time.Time `bun:",nullzero,default:now()"`
}

// MarkRollup marks a stretch of time, so that it is counted anew. ErrNotFound.
func (s *Store) MarkRollup(ctx context.Context, projectID int64, mark RollupMark) error {
	_, err := s.db.NewInsert().Model(&rollupMarkRow{ProjectID: projectID, Since: mark.Since, Until: mark.Until, Adds: mark.Adds}).Exec(ctx)
	return classify("mark a stretch of time", err)
}

// MarkAllDays deletes the project's daily rollups and marks all of its time, for a project whose days are others now: its
// time zone has changed. Days whose raw data were deleted for their age stay as they are.
func (p *Project) MarkAllDays(ctx context.Context) error {
	err := p.store.db.RunInTx(ctx, nil, p.markAllDays)
	return classify("mark all days", err)
}

// markAllDays does so in a transaction, after the time zone was written.
func (p *Project) markAllDays(ctx context.Context, tx bun.Tx) error {
	for _, query := range []string{
		// First the marks: whoever counts has taken some and is waited for, or fails and begins anew in the new zone.
		"DELETE FROM rollup_marks WHERE project_id = ?",
		"DELETE FROM rollup_parts WHERE project_id = ?",
		"DELETE FROM rollup_months WHERE project_id = ?",
		`DELETE FROM daily_rollups AS r USING projects AS p WHERE r.project_id = ? AND p.id = r.project_id
			AND r.day::timestamp AT TIME ZONE p.time_zone >= ` + frozenBefore,
		`INSERT INTO rollup_marks (project_id, since, until)
		SELECT p.id, date_bin('15 minutes', least(e.first, s.first), 'epoch'),
			date_bin('15 minutes', greatest(e.last, s.last), 'epoch') + interval '15 minutes'
		FROM projects AS p,
			LATERAL (SELECT min(created_at) AS first, max(created_at) AS last FROM events WHERE project_id = p.id) AS e,
			LATERAL (SELECT min(started_at) AS first, max(started_at) AS last FROM tracking_sessions WHERE project_id = p.id) AS s
		WHERE p.id = ? AND coalesce(e.first, s.first) IS NOT NULL`,
	} {
		if _, err := tx.ExecContext(ctx, query, p.ID); err != nil {
			return err
		}
	}
	return nil
}

// frozenBefore is, of a project p, until where its days are not counted anew: raw data have been deleted for their age.
const frozenBefore = `coalesce(greatest(p.events_deleted_before, p.sessions_deleted_before), '-infinity')`

// markVisitor marks the whole days on which a visitor came, and returns their dates; but for those that cannot be counted
// anew, which stay as they are.
func (p *Project) markVisitor(ctx context.Context, tx bun.Tx, visitorID int64) ([]string, error) {
	var days []string
	err := tx.NewRaw(`
		WITH days AS (
			SELECT DISTINCT (seen.at AT TIME ZONE p.time_zone)::date AS day, p.id, p.time_zone, `+frozenBefore+` AS frozen_before
			FROM projects AS p, (
				SELECT created_at AS at FROM events WHERE project_id = ? AND visitor_id = ?
				UNION ALL SELECT started_at FROM tracking_sessions WHERE project_id = ? AND visitor_id = ?
			) AS seen
			WHERE p.id = ?
		),
		marked AS (
			INSERT INTO rollup_marks (project_id, since, until)
			SELECT id, day::timestamp AT TIME ZONE time_zone, (day + 1)::timestamp AT TIME ZONE time_zone
			FROM days WHERE day::timestamp AT TIME ZONE time_zone >= frozen_before
		)
		SELECT day::text FROM days WHERE day::timestamp AT TIME ZONE time_zone >= frozen_before ORDER BY day`,
		p.ID, visitorID, p.ID, visitorID, p.ID).Scan(ctx, &days)
	return days, err
}
