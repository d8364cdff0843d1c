package repo

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"
)

// CacheEntry is a value that can be computed again: a row of cache.
//
// Values are computed from what belongs together, a project or the instance: their scope. A scope has a generation, which
// is an entry of its own, and each value says of which generation it is; one of another generation is as good as absent. So
// a scope is invalidated by the deletion of one row, and what was computed before that is never taken for what came after.
type CacheEntry struct {
	bun.BaseModel `bun:"table:cache"`

	Key   string `bun:",pk"`
	Value string
	// Expiration is in seconds since 1970-01-01 UTC, by the database's clock.
	Expiration int64
}

const (
	// MaxCacheLife is the longest that a value is kept.
	MaxCacheLife = 24 * time.Hour
	// generationLife is how long a generation is kept. When it goes, its values do.
	generationLife = 2 * MaxCacheLife
	// maxCacheKey bounds a key; a longer name is hashed. A key with something before it must fit into 255 characters.
	maxCacheKey = 180
	// cacheChannel is where the scopes are told that are invalidated.
	cacheChannel = "cache_invalidated"
	// generationName is of the entry that has the generation of a scope.
	generationName = "generation"
	instanceScope  = "instance:"
)

// What a value is stored as, after the generation.
const (
	cacheText     = "t"
	cacheBase64   = "b"
	cacheTooLarge = "l"
)

// CacheKey names a value. Project.CacheKey and Store.CacheKey make it.
type CacheKey struct{ scope, name string }

// CacheKey names a value that is computed from the project's data.
func (p *Project) CacheKey(name string) CacheKey { return CacheKey{scope: p.cachePrefix(), name: name} }

// CacheKey names a value that is computed from what belongs to no project.
func (s *Store) CacheKey(name string) CacheKey { return CacheKey{scope: instanceScope, name: name} }

// String is the key as cache.key has it.
func (k CacheKey) String() string {
	if len(k.scope)+len(k.name) <= maxCacheKey && utf8.ValidString(k.name) && k.name != generationName && !strings.Contains(k.name, "\x00") {
		return k.scope + k.name
	}
	sum := sha256.Sum256([]byte(k.name))
	return k.scope + "sha256:" + hex.EncodeToString(sum[:])
}

// Scope is the beginning of the keys of all values that are invalidated together.
func (k CacheKey) Scope() string { return k.scope }

// cachePrefix begins the keys of all values that are computed from the project's data.
func (p *Project) cachePrefix() string { return cachePrefix(p.ID) }

func cachePrefix(projectID int64) string { return "project:" + strconv.FormatInt(projectID, 10) + ":" }

// Cached is what the cache knows of a value.
type Cached struct {
	// Generation is that of the value's scope: StoreCached wants it.
	Generation string
	// Found says that Value is there, TooLarge that it is known to be too large to be kept.
	Found, TooLarge bool
	Value           []byte
	// Left is for how long the value holds, to the second, at most as long as was asked for.
	Left time.Duration
}

// Cached reads a value that is kept for life, and the generation of its scope, making it if there is none. Where the
// database's clock was put back, a value that says it is to hold for longer than life is not taken: it lives twice as long
// as it may at most.
func (s *Store) Cached(ctx context.Context, key CacheKey, life time.Duration) (*Cached, error) {
	for {
		cached, err := s.readCached(ctx, key, life)
		if !errors.Is(err, sql.ErrNoRows) {
			return cached, classify("read the cache", err)
		}
		// Who comes second takes the first one's.
		_, err = s.db.NewRaw(`INSERT INTO cache (key, value, expiration) VALUES (?, gen_random_uuid()::text, epoch_now() + ?)
			ON CONFLICT (key) DO NOTHING`, key.scope+generationName, wholeSeconds(generationLife)).Exec(ctx)
		if err != nil {
			return nil, classify("make a generation of the cache", err)
		}
	}
}

func (s *Store) readCached(ctx context.Context, key CacheKey, life time.Duration) (*Cached, error) {
	var row struct {
		Generation string
		Value      string
		Remaining  int64
	}
	err := s.db.NewRaw(`
		SELECT g.value AS generation, coalesce(c.value, '') AS value, coalesce(c.expiration - epoch_now(), 0) AS remaining
		FROM cache AS g LEFT JOIN cache AS c ON c.key = ? AND c.expiration > epoch_now() AND c.expiration <= epoch_now() + ?
			AND starts_with(c.value, g.value)
		WHERE g.key = ?`, key.String(), wholeSeconds(life), key.scope+generationName).Scan(ctx, &row)
	if err != nil {
		return nil, err
	}
	cached := &Cached{Generation: row.Generation, Left: time.Duration(row.Remaining) * time.Second}
	stored, ok := strings.CutPrefix(row.Value, row.Generation)
	if !ok || stored == "" {
		return cached, nil
	}
	switch kind, text := stored[:1], stored[1:]; kind {
	case cacheText:
		cached.Found, cached.Value = true, []byte(text)
	case cacheBase64:
		cached.Value, err = base64.StdEncoding.DecodeString(text)
		cached.Found = err == nil // else it is not ours, and is written over
	case cacheTooLarge:
		cached.TooLarge = true
	}
	return cached, nil
}

// StoreCached keeps a value that was computed after its scope had this generation, and reports whether it did: false means
// that the scope was invalidated since, and that the value may be stale.
func (s *Store) StoreCached(ctx context.Context, key CacheKey, generation string, value []byte, life time.Duration) (bool, error) {
	if text := string(value); utf8.ValidString(text) && !strings.Contains(text, "\x00") {
		return s.storeCached(ctx, key, generation, cacheText+text, life)
	}
	return s.storeCached(ctx, key, generation, cacheBase64+base64.StdEncoding.EncodeToString(value), life)
}

// StoreTooLarge notes that the value is too large to be kept, so that nobody waits for it.
func (s *Store) StoreTooLarge(ctx context.Context, key CacheKey, generation string, life time.Duration) error {
	_, err := s.storeCached(ctx, key, generation, cacheTooLarge, life)
	return err
}

func (s *Store) storeCached(ctx context.Context, key CacheKey, generation, stored string, life time.Duration) (bool, error) {
	// Whoever invalidates the scope deletes the generation first: he waits for this statement, or it for him.
	result, err := s.db.NewRaw(`
		INSERT INTO cache (key, value, expiration)
		SELECT ?, ?, epoch_now() + ? FROM cache AS g WHERE g.key = ? AND g.value = ? FOR KEY SHARE OF g
		ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, expiration = EXCLUDED.expiration`,
		key.String(), generation+stored, wholeSeconds(life), key.scope+generationName, generation).Exec(ctx)
	if err = expectOne(result, err); isNotFound(err) {
		return false, nil
	}
	return err == nil, classify("write the cache", err)
}

// wholeSeconds of a life are, at least one and at most what a generation lives.
func wholeSeconds(life time.Duration) int64 {
	return int64(math.Ceil(min(max(life, time.Second), generationLife).Seconds()))
}

// InvalidateCache makes all values that were computed from the project's data so far as good as absent, on all replicas:
// at once in the table, a moment later in their memory (ListenCache). The rows go when they expire.
func (p *Project) InvalidateCache(ctx context.Context) error {
	return classify("invalidate the cache", invalidateCache(ctx, p.store.db, p.cachePrefix()))
}

// InvalidateProjectCache does so for the project with the id.
func (s *Store) InvalidateProjectCache(ctx context.Context, projectID int64) error {
	return classify("invalidate the cache", invalidateCache(ctx, s.db, cachePrefix(projectID)))
}

// InvalidateCache does so for a project when the transaction commits. It is best its last step: others wait for it.
func (t *Tx) InvalidateCache(ctx context.Context, projectID int64) error {
	return classify("invalidate the cache", invalidateCache(ctx, t.tx, cachePrefix(projectID)))
}

// invalidateCache invalidates a scope, when the transaction commits.
func invalidateCache(ctx context.Context, db bun.IDB, scope string) error {
	_, err := db.ExecContext(ctx, "DELETE FROM cache WHERE key = ?", scope+generationName)
	return errors.Join(err, notify(ctx, db, cacheChannel, scope))
}

// clearCache invalidates the cache of the project and deletes its rows, when the transaction commits. It returns how many.
func (p *Project) clearCache(ctx context.Context, tx bun.Tx) (int64, error) {
	// In two statements: the second one sees what was stored while the first waited for it.
	if err := invalidateCache(ctx, tx, p.cachePrefix()); err != nil {
		return 0, err
	}
	return affected(tx.ExecContext(ctx, "DELETE FROM cache WHERE starts_with(key, ?)", p.cachePrefix()))
}

// ListenCache tells the listener the scopes that are invalidated, until ctx ends (Listen).
func (s *Store) ListenCache(ctx context.Context, listener Listener) {
	s.Listen(ctx, cacheChannel, listener)
}

// DeleteExpiredCache deletes values that have expired, and those that say they are to hold for longer than any may, after
// the database's clock was put back: limit at most. It returns how many.
func (s *Store) DeleteExpiredCache(ctx context.Context, limit int) (int64, error) {
	deleted, err := affected(s.db.NewRaw(`
		DELETE FROM cache WHERE key IN (
			SELECT key FROM cache WHERE expiration <= epoch_now() OR expiration > epoch_now() + ?
			LIMIT ? FOR UPDATE SKIP LOCKED)`, wholeSeconds(generationLife), limit).Exec(ctx))
	return deleted, classify("delete what has expired in the cache", err)
}

// TrimCache deletes the values that expire first until no more than keep are left: limit at most. It returns how many.
func (s *Store) TrimCache(ctx context.Context, keep, limit int) (int64, error) {
	deleted, err := affected(s.db.NewRaw(`
		DELETE FROM cache WHERE key IN (
			SELECT key FROM cache ORDER BY expiration, key
			LIMIT (SELECT least(greatest(count(*) - ?, 0), ?) FROM cache) FOR UPDATE SKIP LOCKED)`, keep, limit).Exec(ctx))
	return deleted, classify("trim the cache", err)
}
