package repo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// lockPatience is how long work that can wait waits for a lock that others stand behind.
const lockPatience = "SET LOCAL lock_timeout = '2s'"

// Retention is a project of which something is deleted for its age: a handle that can do nothing else.
// Store.RetainingProjects makes it.
type Retention struct {
	ProjectID int64

	store *Store
}

// RetainingProjects lists the projects that do not keep everything for ever, by id: page.After is the id of the last one seen.
func (s *Store) RetainingProjects(ctx context.Context, page Page[int64]) ([]Retention, error) {
	var ids []int64
	err := s.db.NewRaw(`
		SELECT id FROM projects
		WHERE id > ? AND coalesce(retain_events_days, retain_sessions_days, retain_visitors_days) IS NOT NULL
		ORDER BY id LIMIT ?`, page.After, page.Limit).Scan(ctx, &ids)
	projects := make([]Retention, len(ids))
	for i, id := range ids {
		projects[i] = Retention{ProjectID: id, store: s}
	}
	return projects, classify("list the projects with a retention", err)
}

// retainDays are for how many days a project p keeps what, whatever was set: nothing outlasts what it hangs on. Null: for ever.
const (
	retainEventsDays   = "least(p.retain_events_days, p.retain_sessions_days, p.retain_visitors_days)"
	retainSessionsDays = "least(p.retain_sessions_days, p.retain_visitors_days)"
)

// cutoffOf is the midnight in the zone of a project p before which something is older than so many days, by the clock that is
// behind: the database's or the caller's. Of what is younger nothing goes.
func cutoffOf(days string) string {
	return "date_trunc('day', least(?::timestamptz, now()) AT TIME ZONE p.time_zone - make_interval(days => " + days + ")) AT TIME ZONE p.time_zone"
}

// Deleted is what one step has done.
type Deleted struct {
	Rows int64
	// More: there was more than might be done at once.
	More bool
	// HeldBack: some of what is due waits until its days have been counted, or until nobody is busy with it.
	HeldBack bool
}

// Add adds up steps.
func (d *Deleted) Add(other Deleted) {
	d.Rows, d.More, d.HeldBack = d.Rows+other.Rows, other.More, d.HeldBack || other.HeldBack
}

// DeleteEvents deletes events of the days that are past their retention, oldest first, at most limit. Whole days alone, of the
// project's time zone, whose rollups are counted: from the first of them on they are never counted anew (events_deleted_before),
// and ingest takes no event of them any more. What is kept of them session by session goes at once.
func (r Retention) DeleteEvents(ctx context.Context, now time.Time, limit int) (Deleted, error) {
	var done Deleted
	err := r.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		before, heldBack, err := r.moveDeletedBefore(ctx, tx, now)
		if err != nil || before.IsZero() {
			done = Deleted{HeldBack: heldBack}
			return err
		}
		done.HeldBack = heldBack
		_, err = tx.NewRaw(`DELETE FROM rollup_breakdowns AS b USING projects AS p WHERE b.project_id = ? AND b.dimension = ?
			AND p.id = b.project_id AND b.day < (p.events_deleted_before AT TIME ZONE p.time_zone)::date`, r.ProjectID, BySession).Exec(ctx)
		if err != nil {
			return err
		}
		done.Rows, done.More, err = r.deleteOldest(ctx, tx, before, limit)
		return err
	})
	return done, classify("delete old events", err)
}

// moveDeletedBefore moves events_deleted_before to where it is due, as far as the days before it are counted, and returns it;
// zero: there is no retention. What is stored meanwhile is waited for: it has marked its days, or finds the new bound.
func (r Retention) moveDeletedBefore(ctx context.Context, tx bun.Tx, now time.Time) (before time.Time, heldBack bool, err error) {
	if _, err := tx.ExecContext(ctx, lockPatience); err != nil {
		return time.Time{}, false, err
	}
	var is, moved struct{ Deleted, Due bun.NullTime }
	const look = "SELECT p.events_deleted_before AS deleted, %s AS due FROM projects AS p WHERE p.id = ?"
	if err := tx.NewRaw(fmt.Sprintf(look, cutoffOf(retainEventsDays)), now, r.ProjectID).Scan(ctx, &is); err != nil {
		return time.Time{}, false, err
	}
	if is.Due.IsZero() || !is.Due.After(is.Deleted.Time) {
		return is.Deleted.Time, false, nil
	}
	// Ingest has the row locked as a key: a lock that is not compatible with that waits for those who store, and keeps others
	// from storing until the end of this transaction.
	if _, err := tx.NewRaw("SELECT FROM projects WHERE id = ? FOR UPDATE", r.ProjectID).Exec(ctx); err != nil {
		return time.Time{}, false, err
	}
	err = tx.NewRaw(`
		WITH bound AS (
			SELECT p.id, `+cutoffOf(retainEventsDays)+` AS due, (
				SELECT date_trunc('day', min(m.since) AT TIME ZONE p.time_zone) AT TIME ZONE p.time_zone FROM rollup_marks AS m
				WHERE m.project_id = p.id AND m.until > coalesce(p.events_deleted_before, '-infinity')) AS counted
			FROM projects AS p WHERE p.id = ?
		)
		UPDATE projects AS p SET events_deleted_before = greatest(p.events_deleted_before, least(bound.due, bound.counted))
		FROM bound WHERE p.id = bound.id RETURNING p.events_deleted_before AS deleted, bound.due`, now, r.ProjectID).Scan(ctx, &moved)
	return moved.Deleted.Time, moved.Deleted.Before(moved.Due.Time), err
}

// deleteOldest deletes events before then of the oldest partition that has some, at most limit.
func (r Retention) deleteOldest(ctx context.Context, tx bun.Tx, before time.Time, limit int) (deleted int64, more bool, err error) {
	var partition string
	err = tx.NewRaw(`SELECT tableoid::regclass FROM events WHERE project_id = ? AND created_at < ? ORDER BY created_at LIMIT 1`,
		r.ProjectID, before).Scan(ctx, &partition)
	if isNotFound(classify("", err)) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	// By their places, which costs these rows and no others. The partition's name is the catalog's, quoted where it has to be.
	deleted, err = affected(tx.ExecContext(ctx, `DELETE FROM `+partition+` WHERE project_id = ? AND ctid = ANY (ARRAY(
		SELECT ctid FROM `+partition+` WHERE project_id = ? AND created_at < ? ORDER BY created_at LIMIT ?))`,
		r.ProjectID, r.ProjectID, before, limit))
	return deleted, deleted > 0, err
}

// DeleteSessions deletes sessions that were over on days past their retention, oldest first, at most limit, with what events
// they have left, and makes their visitors' rows what ingest would have made of the sessions that stay. Days whose events are
// kept for their rollups keep their sessions, too. A visitor who is being written is left for the next time.
func (r Retention) DeleteSessions(ctx context.Context, now time.Time, limit int) (Deleted, error) {
	var done Deleted
	err := r.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		before, err := r.moveSessionsDeletedBefore(ctx, tx, now)
		if err != nil || before.IsZero() {
			return err
		}
		var found []struct{ ID, VisitorID int64 }
		err = tx.NewRaw(`SELECT id, visitor_id FROM tracking_sessions
			WHERE project_id = ? AND started_at < ? AND last_activity_at < ? ORDER BY started_at LIMIT ?`,
			r.ProjectID, before, before, limit).Scan(ctx, &found)
		if err != nil || len(found) == 0 {
			return err
		}
		sessions, visitors := make([]int64, len(found)), make([]int64, len(found))
		for i, f := range found {
			sessions[i], visitors[i] = f.ID, f.VisitorID
		}
		done.Rows, err = r.deleteSessions(ctx, tx, sessions, visitors, before)
		done.More = len(found) == limit && done.Rows > 0
		done.HeldBack = done.Rows < int64(len(found))
		return err
	})
	return done, classify("delete old sessions", err)
}

// moveSessionsDeletedBefore moves sessions_deleted_before to where it is due, no further than events have been deleted, and
// returns it; zero: there is no retention.
func (r Retention) moveSessionsDeletedBefore(ctx context.Context, tx bun.Tx, now time.Time) (time.Time, error) {
	if _, err := tx.ExecContext(ctx, lockPatience); err != nil {
		return time.Time{}, err
	}
	var is struct{ Deleted, Due bun.NullTime }
	err := tx.NewRaw(`SELECT p.sessions_deleted_before AS deleted, least(p.events_deleted_before, `+cutoffOf(retainSessionsDays)+`) AS due
		FROM projects AS p WHERE p.id = ? AND p.events_deleted_before IS NOT NULL AND `+retainSessionsDays+` IS NOT NULL`,
		now, r.ProjectID).Scan(ctx, &is)
	if isNotFound(classify("", err)) {
		return time.Time{}, nil
	}
	if err != nil || !is.Due.After(is.Deleted.Time) {
		return is.Deleted.Time, err
	}
	_, err = tx.NewRaw("UPDATE projects SET sessions_deleted_before = greatest(sessions_deleted_before, ?) WHERE id = ?",
		is.Due.Time, r.ProjectID).Exec(ctx)
	return is.Due.Time, err
}

// deleteSessions deletes those of the sessions whose visitors nobody else has locked, and returns how many.
func (r Retention) deleteSessions(ctx context.Context, tx bun.Tx, sessions, visitors []int64, before time.Time) (int64, error) {
	// Ingest writes a visitor's sessions under the lock of his row; this takes what is free and waits for nobody, so that the
	// two never wait for each other in a circle.
	var locked []int64
	err := tx.NewRaw(`SELECT id FROM visitors WHERE project_id = ? AND id IN (?) FOR NO KEY UPDATE SKIP LOCKED`,
		r.ProjectID, bun.List(visitors)).Scan(ctx, &locked)
	if err != nil || len(locked) == 0 {
		return 0, err
	}
	// What was found is looked at again, now that it stays as it is.
	var doomed []int64
	err = tx.NewRaw(`SELECT id FROM tracking_sessions WHERE project_id = ? AND id IN (?) AND visitor_id IN (?)
		AND started_at < ? AND last_activity_at < ?`, r.ProjectID, bun.List(sessions), bun.List(locked), before, before).Scan(ctx, &doomed)
	if err != nil || len(doomed) == 0 {
		return 0, err
	}
	// Their events go by the foreign key: there are none but those that DeleteEvents has not come to.
	deleted, err := affected(tx.NewRaw("DELETE FROM tracking_sessions WHERE project_id = ? AND id IN (?)", r.ProjectID, bun.List(doomed)).Exec(ctx))
	if err != nil {
		return 0, err
	}
	// What a visitor's row says of his sessions, as readCampaigns and recountVisitors read it. The fold is of his latest
	// session that time holds together: if one is left, it is that one.
	_, err = tx.NewRaw(`
		UPDATE visitors AS v SET
			sessions_count = (SELECT count(*) FROM tracking_sessions AS s WHERE s.project_id = v.project_id AND s.visitor_id = v.id),
			first_seen_at = coalesce((SELECT min(started_at) FROM tracking_sessions AS s
				WHERE s.project_id = v.project_id AND s.visitor_id = v.id), v.first_seen_at),
			first_utm = (SELECT `+utmJSON+` FROM tracking_sessions AS s WHERE s.project_id = v.project_id AND s.visitor_id = v.id
				AND `+hasUTM+` ORDER BY started_at, last_activity_at, landing_url, id LIMIT 1),
			last_utm = (SELECT `+utmJSON+` FROM tracking_sessions AS s WHERE s.project_id = v.project_id AND s.visitor_id = v.id
				AND `+hasUTM+` ORDER BY started_at DESC, last_activity_at DESC, landing_url DESC, id DESC LIMIT 1),
			fold = CASE WHEN EXISTS (SELECT FROM tracking_sessions AS s WHERE s.project_id = v.project_id AND s.visitor_id = v.id
				AND NOT s.is_keyed) THEN v.fold END
		WHERE v.project_id = ? AND v.id IN (?)`, r.ProjectID, bun.List(locked)).Exec(ctx)
	return deleted, err
}

// VisitorPlace is a place in the order of all visitors, by project and id.
type VisitorPlace struct{ ProjectID, ID int64 }

// sweep looks at the visitors after a place, at most limit, and does something to those that a condition on v, which is ours,
// names and nobody has locked. It returns how many these were and how far it came; zero: all have been looked at.
func (s *Store) sweep(ctx context.Context, after VisitorPlace, limit int, condition, lock, action string, args ...any) (int64, VisitorPlace, error) {
	var swept struct {
		Done, Seen    int64
		ProjectID, ID int64
	}
	err := s.db.NewRaw(`
		WITH seen AS (
			SELECT project_id, id FROM visitors WHERE (project_id, id) > (?, ?) ORDER BY project_id, id LIMIT ?
		),
		last AS (SELECT project_id, id FROM seen ORDER BY project_id DESC, id DESC LIMIT 1),
		chosen AS (
			SELECT v.project_id, v.id FROM visitors AS v JOIN projects AS p ON p.id = v.project_id
			WHERE (v.project_id, v.id) > (?, ?) AND (v.project_id, v.id) <= (SELECT project_id, id FROM last) AND `+condition+`
			FOR `+lock+` OF v SKIP LOCKED
		),
		done AS (`+action+` RETURNING 1)
		SELECT (SELECT count(*) FROM done) AS done, (SELECT count(*) FROM seen) AS seen,
			coalesce((SELECT project_id FROM last), 0) AS project_id, coalesce((SELECT id FROM last), 0) AS id`,
		append([]any{after.ProjectID, after.ID, limit, after.ProjectID, after.ID}, args...)...).Scan(ctx, &swept)
	if err != nil || swept.Seen < int64(limit) {
		return swept.Done, VisitorPlace{}, err
	}
	return swept.Done, VisitorPlace{ProjectID: swept.ProjectID, ID: swept.ID}, nil
}

// CloseIdleVisitors looks at the visitors after a place, at most limit, and takes from those of whom nothing was heard since
// before what ingest would need to go on with their latest session. It returns how many these were and how far it came;
// zero: all have been looked at. Whoever comes back all the same has the events near him read.
func (s *Store) CloseIdleVisitors(ctx context.Context, after VisitorPlace, before time.Time, limit int) (int64, VisitorPlace, error) {
	closed, last, err := s.sweep(ctx, after, limit,
		"v.fold IS NOT NULL AND v.last_seen_at < ? AND coalesce(v.updated_at, v.last_seen_at) < ?", "NO KEY UPDATE",
		"UPDATE visitors AS v SET fold = NULL FROM chosen AS c WHERE v.project_id = c.project_id AND v.id = c.id", before, before)
	return closed, last, classify("close idle visitors", err)
}

// DeleteOldVisitors looks at the visitors after a place, at most limit, and deletes those without a session who have not been
// there for longer than their project keeps them. It returns how many these were and how far it came; zero: all have been
// looked at.
func (s *Store) DeleteOldVisitors(ctx context.Context, after VisitorPlace, now time.Time, limit int) (int64, VisitorPlace, error) {
	deleted, last, err := s.sweep(ctx, after, limit,
		`v.sessions_count = 0 AND v.last_seen_at < `+cutoffOf("p.retain_visitors_days")+` AND NOT EXISTS (
			SELECT FROM tracking_sessions AS s WHERE s.project_id = v.project_id AND s.visitor_id = v.id)`, "UPDATE",
		"DELETE FROM visitors AS v USING chosen AS c WHERE v.project_id = c.project_id AND v.id = c.id", now)
	return deleted, last, classify("delete old visitors", err)
}

// DropEventPartitions drops the months of events that are empty, lie wholly before the retention of every project and ended
// before keep, and returns how many. ErrUnavailable where a long report is in the way, as with EnsureEventPartitions, which makes a month
// again.
func (s *Store) DropEventPartitions(ctx context.Context, keep time.Time) (int, error) {
	var months []string
	err := s.db.NewRaw(`
		WITH bound AS (
			SELECT min(CASE WHEN `+retainEventsDays+` IS NOT NULL THEN coalesce(p.events_deleted_before, '-infinity')
				ELSE '-infinity' END) AS before FROM projects AS p
		)
		SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid, bound
		WHERE i.inhparent = 'events'::regclass AND c.relname ~ '^events_[0-9]{4,}_[0-9]{2}$'
			AND (to_date(substr(c.relname, 8), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' <= least(bound.before, ?::timestamptz, now())
		ORDER BY c.relname`, keep).Scan(ctx, &months)
	if err != nil {
		return 0, classify("list old partitions", err)
	}
	dropped := 0
	for _, month := range months {
		gone, err := s.dropIfEmpty(ctx, month)
		err = classify("drop the partition "+month, err)
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil { // the statement's, not the caller's
			err = errors.Join(ErrUnavailable, err)
		}
		if err != nil {
			return dropped, err
		}
		if gone {
			dropped++
		}
	}
	return dropped, nil
}

// dropIfEmpty drops a partition of events if it has no row.
func (s *Store) dropIfEmpty(ctx context.Context, month string) (bool, error) {
	var isEmpty bool
	isEmptyNow := "SELECT NOT EXISTS (SELECT FROM " + month + ")" // the name is the catalog's and matches ours
	if err := s.db.NewRaw(isEmptyNow).Scan(ctx, &isEmpty); err != nil || !isEmpty {
		return false, err
	}
	// What was deleted from it is cleared away first, so that to look once more, with everybody waiting, takes no time.
	if _, err := s.db.ExecContext(ctx, "VACUUM "+month); err != nil {
		return false, err
	}
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		for _, statement := range []string{lockPatience, "SET LOCAL statement_timeout = '2s'", "LOCK TABLE ONLY events IN ACCESS EXCLUSIVE MODE"} {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		if err := tx.NewRaw(isEmptyNow).Scan(ctx, &isEmpty); err != nil || !isEmpty {
			return err
		}
		_, err := tx.ExecContext(ctx, "DROP TABLE "+month)
		return err
	})
	return err == nil && isEmpty, err
}
