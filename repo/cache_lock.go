package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// CacheLock says who may do something that one replica does at a time: a row of cache_locks.
type CacheLock struct {
	bun.BaseModel `bun:"table:cache_locks"`

	Key   string `bun:",pk"`
	Owner string
	// Expiration is in seconds since 1970-01-01 UTC, by the database's clock.
	Expiration int64
	// Fence is the number of this holding: each new holder has a higher one.
	Fence int64
}

// AcquireLock takes the lock for owner for ttl, in whole seconds, or renews it when owner holds it, and returns the fence of
// his holding. Not held: another holds it. All who use a lock use it with the same ttl: one that ends later than that is left
// from before the clock was put back, and has ended.
func (s *Store) AcquireLock(ctx context.Context, key, owner string, ttl time.Duration) (fence int64, held bool, err error) {
	seconds := max(1, int64(ttl/time.Second))
	err = s.db.NewRaw(`
		INSERT INTO cache_locks AS held (key, owner, expiration, fence)
		VALUES (?0, ?1, epoch_now() + ?2, nextval('cache_lock_fences'))
		ON CONFLICT (key) DO UPDATE SET owner = EXCLUDED.owner, expiration = EXCLUDED.expiration,
			fence = CASE WHEN held.owner = EXCLUDED.owner THEN held.fence ELSE EXCLUDED.fence END
		WHERE held.owner = EXCLUDED.owner OR held.expiration <= epoch_now() OR held.expiration > epoch_now() + ?2
		RETURNING fence`, key, owner, seconds).Scan(ctx, &fence)
	if err = classify("acquire the lock", err); isNotFound(err) {
		return 0, false, nil
	}
	return fence, err == nil, err
}

// ReleaseLock gives the lock up if owner holds it.
func (s *Store) ReleaseLock(ctx context.Context, key, owner string) error {
	_, err := s.db.NewDelete().Model((*CacheLock)(nil)).Where("key = ? AND owner = ?", key, owner).Exec(ctx)
	return classify("release the lock", err)
}

// HoldLock makes sure that owner holds the lock with this fence, and goes on to until the transaction ends: who wants to take
// it over waits so long. ErrConflict when he does not hold it any more.
func (t *Tx) HoldLock(ctx context.Context, key, owner string, fence int64) error {
	var one int
	err := t.tx.NewRaw("SELECT 1 FROM cache_locks WHERE key = ? AND owner = ? AND fence = ? AND expiration > epoch_now() FOR SHARE",
		key, owner, fence).Scan(ctx, &one)
	if err = classify("hold the lock", err); isNotFound(err) {
		return classify("hold the lock", ErrConflict)
	}
	return err
}
