package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// RollupChange is a stretch of time with marks.
type RollupChange struct {
	Since, Until time.Time
	// Cuts names those of the marks that tell of more than additions (RollupMark.Adds); empty: there is none.
	Cuts string
}

// Changes lists what is still to be counted and reaches into this time, until excluded: each stretch of time once.
func (t *RollupTx) Changes(ctx context.Context, since, until time.Time) ([]RollupChange, error) {
	var changes []RollupChange
	err := t.tx.NewRaw(`
		SELECT since, until, coalesce(md5(string_agg(xmin::text || ctid::text, '' ORDER BY ctid) FILTER (WHERE NOT adds)), '') AS cuts
		FROM rollup_marks WHERE project_id = ? AND since < ? AND until > ? GROUP BY since, until ORDER BY since, until`,
		t.projectID, until, since).Scan(ctx, &changes)
	return changes, err
}

// Bases returns the bases (RollupPart.Basis) of the parts of a day that have one.
func (t *RollupTx) Bases(ctx context.Context, day time.Time) (map[int16]string, error) {
	var parts []RollupPart
	err := t.tx.NewSelect().Model(&parts).Column("part", "basis").
		Where("project_id = ? AND day = ? AND basis IS NOT NULL", t.projectID, day.Format(time.DateOnly)).Scan(ctx)
	bases := make(map[int16]string, len(parts))
	for i := range parts {
		bases[parts[i].Part] = parts[i].Basis
	}
	return bases, err
}

// NewEvents gives the events whose ids are higher than one, those of bots, too, of all months from that in which since lies on. What
// is given is for one call alone.
func (t *RollupTx) NewEvents(ctx context.Context, after int64, since time.Time, give func(e *RollupEvent)) error {
	// By the month only the partitions are told: by the very time, the planner would rather go through all that happened since.
	year, month, _ := since.UTC().Date()
	var e RollupEvent
	return t.read(ctx, func(row wireRow) {
		e = RollupEvent{ID: row.number(0), At: moment(row.number(1)), SessionID: row.number(2), Type: row[3], Path: row[4], Name: row[5], Marked: row.flag(6)}
		give(&e)
	}, `
		SELECT id, created_at, session_id, `+eventColumns+` FROM events WHERE project_id = $1 AND id > $2 AND created_at >= $3`,
		t.projectID, after, time.Date(year, month, 1, 0, 0, 0, 0, time.UTC))
}

// Stamp names what is stored of the days from this one on: after one of them was counted again it is another.
func (t *RollupTx) Stamp(ctx context.Context, since time.Time) (string, error) {
	return rollupStamp(ctx, t.tx, t.projectID, since)
}

// Stamp is as RollupTx.Stamp.
func (v *BreakdownView) Stamp(ctx context.Context, since time.Time) (string, error) {
	return rollupStamp(ctx, v.tx, v.projectID, since)
}

func rollupStamp(ctx context.Context, tx bun.Tx, projectID int64, since time.Time) (stamp string, err error) {
	// Whoever counts a day writes its row, also where it stays the same.
	err = tx.NewRaw("SELECT coalesce(string_agg(day::text || ' ' || xmin::text, ' ' ORDER BY day), '') FROM daily_rollups WHERE project_id = ? AND day >= ?",
		projectID, since.Format(time.DateOnly)).Scan(ctx, &stamp)
	return stamp, err
}
