package limit

import (
	"sync"
	"time"
)

// maxRefusals is how many refused subjects are remembered at least; twice as many at most, about 3 MB.
const maxRefusals = 10_000

// refusals remembers which keys are refused until when. The zero value is empty.
//
// Two generations bound it: when the young one is full it becomes the old one, whose keys are dropped unless they were
// noted since. What is dropped too early costs one question to the database.
type refusals struct {
	mu         sync.RWMutex
	young, old map[string]time.Time
}

// check returns *Exceeded if the key is refused now.
func (r *refusals) check(key string, now time.Time) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	until, known := r.young[key]
	if !known {
		until, known = r.old[key]
	}
	if known && until.After(now) {
		return &Exceeded{RetryAfter: until.Sub(now)}
	}
	return nil
}

// note remembers that the key is refused until then.
func (r *refusals) note(key string, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.young == nil || len(r.young) >= maxRefusals {
		r.old, r.young = r.young, map[string]time.Time{}
	}
	r.young[key] = until
}

// forget drops the key.
func (r *refusals) forget(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.young, key)
	delete(r.old, key)
}
