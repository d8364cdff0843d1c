// Package cache shares answers that take long to compute: among the callers of one process, and by the table cache among
// replicas.
package cache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/singleflight"

	"github.com/microtracker/microtracker/repo"
)

// Config is what a Cache needs. Store is required; zero values of the rest take the defaults.
type Config struct {
	Store  *repo.Store
	Logger *slog.Logger
	// MemoryLife is how long a value is taken from memory without a look at the table; default 5 s. By so much an answer may
	// be stale on a replica that does not hear of its invalidation.
	MemoryLife time.Duration
	// MemoryBytes and MemoryEntries bound what is kept in memory; default 64 MiB and 10,000.
	MemoryBytes, MemoryEntries int
	// MaxValue is up to how many bytes a value is kept; default 1 MiB. A larger one is answered, and computed each time.
	MaxValue int
	// ComputeTimeout bounds a computation; default 60 s.
	ComputeTimeout time.Duration
	// Patience is how long to wait for the computation of another replica before computing as well; default 20 s.
	Patience time.Duration
	// LockLife is after how long a replica that computes and is not heard of is taken for dead; default 6 s.
	LockLife time.Duration
	// TableTimeout bounds one look at the table; default 2 s. A database that takes longer is away, and the value is computed.
	TableTimeout time.Duration
}

// Cache keeps computed values. Safe for concurrent use. Run keeps it up to date with other replicas.
type Cache struct {
	config  Config
	memory  *memory
	flights singleflight.Group
	counts  counts
}

// New makes a Cache.
func New(config Config) *Cache {
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	config.MemoryLife = cmp.Or(config.MemoryLife, 5*time.Second)
	config.MemoryBytes = cmp.Or(config.MemoryBytes, 64<<20)
	config.MemoryEntries = cmp.Or(config.MemoryEntries, 10_000)
	config.MaxValue = cmp.Or(config.MaxValue, 1<<20)
	config.ComputeTimeout = cmp.Or(config.ComputeTimeout, time.Minute)
	config.Patience = cmp.Or(config.Patience, 20*time.Second)
	config.LockLife = cmp.Or(config.LockLife, 6*time.Second)
	config.TableTimeout = cmp.Or(config.TableTimeout, 2*time.Second)
	return &Cache{config: config, memory: newMemory(config.MemoryBytes, config.MemoryEntries, config.MemoryLife)}
}

// Run forgets what other replicas invalidate, until ctx ends. Without it the memory is stale for MemoryLife at most.
func (c *Cache) Run(ctx context.Context) {
	c.config.Store.ListenCache(ctx, repo.Listener{
		Connected: c.memory.clear, // what was invalidated meanwhile has not been heard
		Received:  c.memory.invalidate,
		Lost: func(err error) {
			c.config.Logger.WarnContext(ctx, "the cache does not hear of other replicas; trying again", "error", err)
		},
	})
}

// Get returns the value of key, which holds for life (a second to a day) from when it was computed. Where nobody has it,
// compute makes it: once for all who ask at the same time, on all replicas as long as the database is there. It gets a
// context that goes on when the caller's ends, and its error is everybody's in this process and is not kept.
//
// The value is shared and must not be changed. What compute reads must be committed; who changes that and invalidates the
// project's cache in the same transaction or later is never followed by a value computed before.
func (c *Cache) Get(ctx context.Context, key repo.CacheKey, life time.Duration, compute func(ctx context.Context) ([]byte, error)) ([]byte, error) {
	life = min(max(life, time.Second), repo.MaxCacheLife)
	name := key.String()
	value, epoch, ok := c.memory.get(key.Scope(), name)
	if ok {
		c.counts.memory.Add(1)
		return value, nil
	}
	// Who asks after an invalidation must not be given what was begun before it.
	flight := c.flights.DoChan(fmt.Sprintf("%d %s", epoch, name), func() (value any, err error) {
		defer func() {
			if cause := recover(); cause != nil {
				err = fmt.Errorf("panic while computing %s: %v\n%s", name, cause, debug.Stack())
			}
		}()
		call := &call{Cache: c, key: key, name: name, life: life, epoch: epoch, compute: compute}
		return call.do(context.WithoutCancel(ctx))
	})
	select {
	case done := <-flight:
		value, _ := done.Val.([]byte) // nil with an error
		return value, done.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// call is one search for a value that is not in memory, for all who ask for it meanwhile.
type call struct {
	*Cache

	key  repo.CacheKey
	name string
	life time.Duration
	// epoch is the memory's when the search began.
	epoch   uint64
	compute func(ctx context.Context) ([]byte, error)
}

// do looks into the table, and computes what is not there.
func (c *call) do(ctx context.Context) ([]byte, error) {
	cached, err := c.look(ctx)
	switch {
	case err != nil:
		c.complain(ctx, "read", err)
		return c.computeAlone(ctx)
	case cached.Found:
		return c.share(cached), nil
	case cached.TooLarge:
		return c.run(ctx)
	}
	return c.computeOnce(ctx)
}

// look reads the value from the table.
func (c *call) look(ctx context.Context) (*repo.Cached, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.TableTimeout)
	defer cancel()
	return c.config.Store.Cached(ctx, c.key, c.life)
}

// share keeps in memory what was in the table.
func (c *call) share(cached *repo.Cached) []byte {
	c.counts.table.Add(1)
	c.memory.put(c.key.Scope(), c.name, cached.Value, cached.Left, c.epoch)
	return cached.Value
}

const (
	// pollFirst and pollAtMost bound the wait between two looks for another's value; it doubles each time.
	pollFirst  = 10 * time.Millisecond
	pollAtMost = 500 * time.Millisecond
)

// computeOnce computes the value as the only replica that does, or waits for the one that does. Who does not hear of it in
// time computes it all the same.
func (c *call) computeOnce(ctx context.Context) ([]byte, error) {
	owner, wait, until := uuid.NewString(), pollFirst, time.Now().Add(c.config.Patience)
	for {
		// The generation is part of the lock, so that nobody waits for what is not valid any more. It is read with the value,
		// before the lock is asked for; who gets the lock looks again, since its last holder may have stored the value.
		cached, err := c.look(ctx)
		switch {
		case err != nil:
			c.complain(ctx, "read", err)
			return c.computeAlone(ctx)
		case cached.Found:
			return c.share(cached), nil
		case cached.TooLarge:
			return c.run(ctx)
		}
		lock := &lock{Cache: c.Cache, key: "cache:" + cached.Generation + ":" + c.name, owner: owner}
		held, err := lock.acquire(ctx)
		if err != nil {
			c.complain(ctx, "lock", err)
			return c.computeFor(ctx, cached.Generation)
		}
		if held {
			return c.computeLocked(ctx, lock, cached.Generation)
		}
		if !time.Now().Before(until) {
			c.counts.impatient.Add(1)
			return c.computeFor(ctx, cached.Generation)
		}
		pause(ctx, wait/2+rand.N(wait/2)) //nolint:gosec // spreads the replicas, hides nothing
		wait = min(2*wait, pollAtMost)
	}
}

func pause(ctx context.Context, length time.Duration) {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// computeLocked computes the value while the lock is held and renewed.
func (c *call) computeLocked(ctx context.Context, lock *lock, generation string) ([]byte, error) {
	release := lock.keep(ctx)
	defer release()
	switch cached, err := c.look(ctx); {
	case err != nil:
		c.complain(ctx, "read", err)
	case cached.Found:
		return c.share(cached), nil
	case cached.TooLarge:
		return c.run(ctx)
	}
	return c.computeFor(ctx, generation)
}

// computeFor computes the value after its scope had this generation, and keeps it.
func (c *call) computeFor(ctx context.Context, generation string) ([]byte, error) {
	value, err := c.run(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.TableTimeout)
	defer cancel()
	if len(value) > c.config.MaxValue {
		if err := c.config.Store.StoreTooLarge(ctx, c.key, generation, c.life); err != nil {
			c.complain(ctx, "write", err)
		}
		return value, nil
	}
	switch stored, err := c.config.Store.StoreCached(ctx, c.key, generation, value, c.life); {
	case err != nil:
		c.complain(ctx, "write", err)
	case !stored:
		c.counts.stale.Add(1)
		return value, nil // right for who asked before the invalidation, and for nobody else
	}
	c.memory.put(c.key.Scope(), c.name, value, c.life, c.epoch)
	return value, nil
}

// computeAlone computes the value without the table.
func (c *call) computeAlone(ctx context.Context) ([]byte, error) {
	value, err := c.run(ctx)
	if err == nil && len(value) <= c.config.MaxValue {
		c.memory.put(c.key.Scope(), c.name, value, c.life, c.epoch)
	}
	return value, err
}

// run computes the value.
func (c *call) run(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.ComputeTimeout)
	defer cancel()
	c.counts.computed.Add(1)
	value, err := c.compute(ctx)
	if err != nil {
		c.counts.failed.Add(1)
		return nil, err
	}
	return value, nil
}

// complain says which step did not work and was done without.
func (c *call) complain(ctx context.Context, step string, err error) {
	c.counts.away.Add(1)
	if !errors.Is(err, context.Canceled) {
		c.config.Logger.WarnContext(ctx, "the cache goes without its table", "step", step, "key", c.name, "error", err)
	}
}
