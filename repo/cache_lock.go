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
	// Expiration is in seconds since 1970-01-01 UTC.
	Expiration int64
}

// AcquireLock takes the lock for owner until it expires, or renews it when owner holds it. It reports whether owner
// holds it now: false means that another does.
func (s *Store) AcquireLock(ctx context.Context, key, owner string, now, expires time.Time) (bool, error) {
	lock := &CacheLock{Key: key, Owner: owner, Expiration: expires.Unix()}
	result, err := s.db.NewInsert().Model(lock).
		On("CONFLICT (key) DO UPDATE").Set("owner = EXCLUDED.owner").Set("expiration = EXCLUDED.expiration").
		Where("cache_lock.owner = EXCLUDED.owner OR cache_lock.expiration <= ?", now.Unix()).Exec(ctx)
	if err = expectOne(result, err); isNotFound(err) {
		return false, nil
	}
	return err == nil, classify("acquire the lock", err)
}

// ReleaseLock gives the lock up if owner holds it.
func (s *Store) ReleaseLock(ctx context.Context, key, owner string) error {
	_, err := s.db.NewDelete().Model((*CacheLock)(nil)).Where("key = ? AND owner = ?", key, owner).Exec(ctx)
	return classify("release the lock", err)
}
