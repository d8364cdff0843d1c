package repo

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// takeRateLimit asks: may the key act now? Once the known answer is no, nothing is written and nothing is locked.
// Otherwise one upsert decides, under the row's lock: of attempts at the same time, each sees what the one before it left.
//
// allowed_at is when the key's next attempt is allowed. An attempt moves it on by one interval; a key that has been
// quiet has saved up at most a burst, so it moves on from no earlier than burst-1 intervals ago. That is the generic
// cell rate algorithm (ITU-T I.371), its theoretical arrival time kept less its tolerance.
//
// By way of AT TIME ZONE, because Citus wants ON CONFLICT to set immutable expressions: adding to a timestamptz is none.
const takeRateLimit = `
WITH refused AS (
	SELECT allowed_at FROM rate_limits WHERE key = ?0 AND allowed_at > ?1
),
taken AS (
	INSERT INTO rate_limits (key, allowed_at)
	SELECT ?0, ?2 WHERE NOT EXISTS (SELECT FROM refused)
	ON CONFLICT (key) DO UPDATE
	SET allowed_at = (GREATEST(rate_limits.allowed_at, ?3) AT TIME ZONE 'UTC' + ?4::interval) AT TIME ZONE 'UTC'
	WHERE rate_limits.allowed_at <= ?1
	RETURNING key
)
SELECT EXISTS (SELECT FROM taken), (SELECT allowed_at FROM refused)`

// TakeRateLimit counts an attempt of the key if it may be made now: burst at once by a key that has been quiet, then one
// every interval. A refused attempt is not counted; retryAfter says when one would be allowed, at the latest. Any number
// of replicas may ask at once; their clocks should agree, because a key may wait longer by as much as they differ.
// Keys have at most 255 characters; ErrInvalid.
func (s *Store) TakeRateLimit(ctx context.Context, key string, now time.Time, every time.Duration, burst int) (allowed bool, retryAfter time.Duration, err error) {
	if every < time.Microsecond || burst < 1 {
		return false, 0, fmt.Errorf("take the rate limit: %d per burst, then one every %v: %w", burst, every, ErrInvalid)
	}
	now = now.Truncate(time.Microsecond) // as exact as the database
	earliest := now.Add(-time.Duration(burst-1) * every)
	interval := fmt.Sprintf("%d microseconds", every.Microseconds())
	var allowedAt sql.NullTime
	err = s.db.NewRaw(takeRateLimit, key, now, earliest.Add(every), earliest, interval).Scan(ctx, &allowed, &allowedAt)
	if err != nil {
		return false, 0, classify("take the rate limit", err)
	}
	switch {
	case allowed:
		return true, 0, nil
	case allowedAt.Valid:
		return false, allowedAt.Time.Sub(now), nil
	default:
		// Others have taken the last ones while this statement ran. None of them can have moved it further than this.
		return false, every, nil
	}
}

// ResetRateLimit forgets the key's attempts: it has a whole burst again.
func (s *Store) ResetRateLimit(ctx context.Context, key string) error {
	_, err := s.db.NewRaw("DELETE FROM rate_limits WHERE key = ?", key).Exec(ctx)
	return classify("reset the rate limit", err)
}

// maxRateLimitsDeleted bounds how long one deletion takes.
const maxRateLimitsDeleted = 10_000

// DeleteIdleRateLimits deletes keys whose next attempt was allowed before then, 10,000 at most, and returns how many
// there were. A key that was allowed burst-1 intervals ago has its whole burst: it is as good as absent.
func (s *Store) DeleteIdleRateLimits(ctx context.Context, before time.Time) (int64, error) {
	result, err := s.db.NewRaw(`
DELETE FROM rate_limits WHERE allowed_at < ?0 AND key IN (
	SELECT key FROM rate_limits WHERE allowed_at < ?0 ORDER BY allowed_at, key LIMIT ?1 FOR UPDATE SKIP LOCKED
)`, before, maxRateLimitsDeleted).Exec(ctx)
	if err != nil {
		return 0, classify("delete idle rate limits", err)
	}
	deleted, err := result.RowsAffected()
	return deleted, classify("delete idle rate limits", err)
}
