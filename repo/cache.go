package repo

import (
	"context"
	"strconv"
	"time"

	"github.com/uptrace/bun"
)

// CacheEntry is a value that can be computed again: a row of cache.
type CacheEntry struct {
	bun.BaseModel `bun:"table:cache"`

	Key   string `bun:",pk"`
	Value string
	// Expiration is in seconds since 1970-01-01 UTC.
	Expiration int64
}

// CacheSet stores a value until it expires, in place of a former one.
func (s *Store) CacheSet(ctx context.Context, key, value string, expires time.Time) error {
	entry := &CacheEntry{Key: key, Value: value, Expiration: expires.Unix()}
	_, err := s.db.NewInsert().Model(entry).
		On("CONFLICT (key) DO UPDATE").Set("value = EXCLUDED.value").Set("expiration = EXCLUDED.expiration").Exec(ctx)
	return classify("write the cache", err)
}

// CacheGet returns a value that has not expired. ErrNotFound.
func (s *Store) CacheGet(ctx context.Context, key string, now time.Time) (string, error) {
	entry := new(CacheEntry)
	err := s.db.NewSelect().Model(entry).Where("key = ? AND expiration > ?", key, now.Unix()).Scan(ctx)
	return entry.Value, classify("read the cache", err)
}

// cachePrefix begins the keys of all values that are computed from the project's data.
func (p *Project) cachePrefix() string { return "project:" + strconv.FormatInt(p.ID, 10) + ":" }
