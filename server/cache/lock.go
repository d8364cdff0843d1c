package cache

import (
	"context"
	"sync"
	"time"
)

// lock is held by the replica that computes a value.
type lock struct {
	*Cache

	key, owner string
}

// acquire takes the lock, or renews it, and reports whether it is held.
func (l *lock) acquire(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, l.config.TableTimeout)
	defer cancel()
	_, held, err := l.config.Store.AcquireLock(ctx, l.key, l.owner, l.config.LockLife)
	return held, err
}

// keep renews the lock until release is called, which gives it up. A lock that is lost costs a second computation on another
// replica and nothing else.
func (l *lock) keep(ctx context.Context) (release func()) {
	renewing, stop := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		ticker := time.NewTicker(l.config.LockLife / 3)
		defer ticker.Stop()
		for {
			select {
			case <-renewing.Done():
				return
			case <-ticker.C:
				_, _ = l.acquire(renewing) // there is a next time
			}
		}
	})
	return func() {
		stop()
		done.Wait()
		ctx, cancel := context.WithTimeout(ctx, l.config.TableTimeout)
		defer cancel()
		if err := l.config.Store.ReleaseLock(ctx, l.key, l.owner); err != nil {
			l.config.Logger.DebugContext(ctx, "could not release a lock of the cache; it ends by itself", "key", l.key, "error", err)
		}
	}
}
