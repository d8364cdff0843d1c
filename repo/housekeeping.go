package repo

import (
	"context"
	"database/sql"
	"time"

	"github.com/uptrace/bun"
)

// housekeepingLimit bounds how many rows of a table one call deletes.
const housekeepingLimit = 10_000

// DeleteExpiredCredentials deletes what no longer opens anything: tokens that expired, links that were not followed
// before linksBefore. It returns how many there were.
func (s *Store) DeleteExpiredCredentials(ctx context.Context, now, linksBefore time.Time) (int64, error) {
	var deleted int64
	for _, statement := range []struct {
		table, key, column string
		before             time.Time
	}{
		{"personal_access_tokens", "id", "expires_at", now},
		{"password_reset_tokens", "email", "created_at", linksBefore},
		{"email_verification_tokens", "email", "created_at", linksBefore},
	} {
		// The names are ours, from the list above.
		result, err := s.db.NewRaw("DELETE FROM "+statement.table+" WHERE "+statement.key+" IN (SELECT "+statement.key+
			" FROM "+statement.table+" WHERE "+statement.column+" < ? LIMIT ?)", statement.before, housekeepingLimit).Exec(ctx)
		if err != nil {
			return deleted, classify("delete expired credentials", err)
		}
		n, err := result.RowsAffected()
		if err != nil {
			return deleted, classify("delete expired credentials", err)
		}
		deleted += n
	}
	return deleted, nil
}

// DeleteEventIDs forgets the ids of events that were received before then, at most limit, and returns how many: a repetition
// of such an event would be stored again.
func (s *Store) DeleteEventIDs(ctx context.Context, before time.Time, limit int) (int64, error) {
	var deleted int64
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		// By the block range index: the rows lie in the order in which they came, and a look at all of them is never cheaper.
		if _, err := tx.ExecContext(ctx, "SET LOCAL enable_seqscan = off"); err != nil {
			return err
		}
		var err error
		deleted, err = affected(tx.NewRaw(`DELETE FROM event_ids WHERE ctid = ANY (ARRAY(
			SELECT ctid FROM event_ids WHERE received_at < ? LIMIT ? FOR UPDATE SKIP LOCKED))`, before, limit).Exec(ctx))
		return err
	})
	return deleted, classify("forget event ids", err)
}

// DeleteUnusedStreams deletes the places of streams that nobody has gone on with since then, at most limit, and returns how
// many.
func (s *Store) DeleteUnusedStreams(ctx context.Context, before time.Time, limit int) (int64, error) {
	deleted, err := affected(s.db.NewRaw(`DELETE FROM track_streams WHERE (project_id, stream_id) IN
		(SELECT project_id, stream_id FROM track_streams WHERE updated_at < ? LIMIT ? FOR UPDATE SKIP LOCKED)`, before, limit).Exec(ctx))
	return deleted, classify("delete unused streams", err)
}

// DeleteFinishedBatches deletes batches that were finished longer ago than that, by the database's clock, with what failed in
// them: at most limit. It returns how many.
func (s *Store) DeleteFinishedBatches(ctx context.Context, age time.Duration, limit int) (int64, error) {
	deleted, err := affected(s.db.NewRaw(`DELETE FROM job_batches WHERE id IN
		(SELECT id FROM job_batches WHERE finished_at < epoch_now() - ? LIMIT ? FOR UPDATE SKIP LOCKED)`,
		int64(age.Seconds()), limit).Exec(ctx))
	return deleted, classify("delete finished batches", err)
}

// DeleteOldFailedJobs deletes jobs that failed longer ago than that, by the database's clock: at most limit. It returns how
// many.
func (s *Store) DeleteOldFailedJobs(ctx context.Context, age time.Duration, limit int) (int64, error) {
	deleted, err := affected(s.db.NewRaw(`DELETE FROM failed_jobs WHERE id IN
		(SELECT id FROM failed_jobs WHERE failed_at < to_timestamp(epoch_now() - ?) ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED)`,
		int64(age.Seconds()), limit).Exec(ctx))
	return deleted, classify("delete old failed jobs", err)
}

// DeleteExpiredLocks deletes locks that ended an hour ago or longer, and those that say they end in more than a week, after
// the database's clock was put back: at most limit. It returns how many. A lock's next fence is higher all the same.
func (s *Store) DeleteExpiredLocks(ctx context.Context, limit int) (int64, error) {
	deleted, err := affected(s.db.NewRaw(`DELETE FROM cache_locks WHERE key IN
		(SELECT key FROM cache_locks WHERE expiration < epoch_now() - 3600 OR expiration > epoch_now() + 7 * 86400
		LIMIT ? FOR UPDATE SKIP LOCKED)`, limit).Exec(ctx))
	return deleted, classify("delete expired locks", err)
}

// affected says how many rows a statement changed.
func affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
