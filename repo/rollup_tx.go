package repo

import (
	"context"
	"database/sql"
	"time"

	"github.com/uptrace/bun"
)

// RollupTx is the transaction in which a day is counted: it sees one state of the database, and the marks that it takes are
// taken only if it stores what it counted. Of two that count the same day at once, one fails with ErrTryAgain: both would
// take the same mark.
type RollupTx struct {
	conn      bun.Conn
	tx        bun.Tx
	projectID int64
	// TimeZone is the project's.
	TimeZone string
	// Now is the database's clock.
	Now time.Time
	// FrozenBefore is until where days are not counted anew, since raw data have been deleted for their age; zero: nowhere.
	FrozenBefore time.Time
}

// rollupTimeout bounds one statement that counts.
const rollupTimeout = 5 * time.Minute

// RollUp runs work in such a transaction. ErrTryAgain when another transaction got in the way, ErrNotFound.
func (s *Store) RollUp(ctx context.Context, projectID int64, work func(ctx context.Context, tx *RollupTx) error) error {
	return s.rollupTx(ctx, projectID, false, work)
}

// ViewRollup runs work that counts and stores nothing. ErrNotFound.
func (s *Store) ViewRollup(ctx context.Context, projectID int64, work func(ctx context.Context, tx *RollupTx) error) error {
	return s.rollupTx(ctx, projectID, true, work)
}

func (s *Store) rollupTx(ctx context.Context, projectID int64, readOnly bool, work func(ctx context.Context, tx *RollupTx) error) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return classify("count a day", err)
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool
	options := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: readOnly}
	err = conn.RunInTx(ctx, options, func(ctx context.Context, tx bun.Tx) error {
		// As in inSnapshot.
		_, err := tx.ExecContext(ctx, "SET LOCAL enable_nestloop = off; SET LOCAL jit = off; SET LOCAL work_mem = '64MB'; SET LOCAL statement_timeout = ?",
			rollupTimeout.Milliseconds())
		if err != nil {
			return err
		}
		t := &RollupTx{conn: conn, tx: tx, projectID: projectID}
		var frozen bun.NullTime
		err = tx.NewRaw(`
			SELECT time_zone, to_timestamp(epoch_now()), greatest(events_deleted_before, sessions_deleted_before)
			FROM projects WHERE id = ?`, projectID).Scan(ctx, &t.TimeZone, &t.Now, &frozen)
		if err != nil {
			return err
		}
		t.FrozenBefore = frozen.Time
		return work(ctx, t)
	})
	return classify("count a day", err)
}

// TakeMarks takes the marks that lie wholly between the times, and returns each stretch of time once.
func (t *RollupTx) TakeMarks(ctx context.Context, since, until time.Time) ([]RollupMark, error) {
	var marks []RollupMark
	err := t.tx.NewRaw(`
		WITH taken AS (
			DELETE FROM rollup_marks WHERE project_id = ? AND since >= ? AND since < ? AND until <= ? RETURNING since, until, adds
		)
		SELECT since, until, bool_and(adds) AS adds FROM taken GROUP BY since, until`, t.projectID, since, until, until).Scan(ctx, &marks)
	return marks, err
}

// Mark marks a stretch of time, so that it is counted anew.
func (t *RollupTx) Mark(ctx context.Context, mark RollupMark) error {
	_, err := t.tx.NewInsert().Model(&rollupMarkRow{ProjectID: t.projectID, Since: mark.Since, Until: mark.Until, Adds: mark.Adds}).Exec(ctx)
	return err
}

// RollupPart is half an hour of a day, counted: a row of rollup_parts.
type RollupPart struct {
	bun.BaseModel `bun:"table:rollup_parts"`

	ProjectID int64     `bun:",pk"`
	Day       time.Time `bun:"type:date,pk"`
	// Part is which half hour of the day it is, from 0.
	Part int16 `bun:",pk"`
	Data []byte
	// Basis is another one each time that the part is counted after more than additions (RollupMark.Adds); empty: that has not been yet.
	Basis string `bun:"type:uuid,nullzero"`
}

// Parts reads what is counted of a day.
func (t *RollupTx) Parts(ctx context.Context, day time.Time) ([]RollupPart, error) {
	var parts []RollupPart
	err := t.tx.NewSelect().Model(&parts).Where("project_id = ? AND day = ?", t.projectID, day.Format(time.DateOnly)).Order("part").Scan(ctx)
	return parts, err
}

// SaveParts stores parts in place of what was there, and leaves the basis where none is given.
func (t *RollupTx) SaveParts(ctx context.Context, parts []RollupPart) error {
	for i := range parts {
		parts[i].ProjectID = t.projectID
	}
	_, err := t.tx.NewInsert().Model(&parts).On("CONFLICT (project_id, day, part) DO UPDATE").
		Set("data = EXCLUDED.data").Set("basis = coalesce(EXCLUDED.basis, rollup_part.basis)").Exec(ctx)
	return err
}

// DropParts deletes the parts of this day.
func (t *RollupTx) DropParts(ctx context.Context, day time.Time) error {
	return t.dropParts(ctx, "day = ?", day)
}

// DropPartsBefore deletes the parts of the days before this one.
func (t *RollupTx) DropPartsBefore(ctx context.Context, day time.Time) error {
	return t.dropParts(ctx, "day < ?", day)
}

func (t *RollupTx) dropParts(ctx context.Context, where string, day time.Time) error {
	_, err := t.tx.NewDelete().Model((*RollupPart)(nil)).Where("project_id = ?", t.projectID).Where(where, day.Format(time.DateOnly)).Exec(ctx)
	return err
}

// Save stores the day in place of what was there.
func (t *RollupTx) Save(ctx context.Context, rollup *DailyRollup) error {
	rollup.ProjectID, rollup.CreatedAt, rollup.UpdatedAt = t.projectID, t.Now, t.Now
	return saveDailyRollup(ctx, t.tx, rollup)
}

// Delete deletes the day, on which nothing happened.
func (t *RollupTx) Delete(ctx context.Context, day time.Time) error {
	_, err := t.tx.NewDelete().Model((*DailyRollup)(nil)).Where("project_id = ? AND day = ?", t.projectID, day.Format(time.DateOnly)).Exec(ctx)
	return err
}
