package server

import (
	"sync"
	"time"
)

const (
	// verifiedFor is how long a credential that was right is remembered.
	verifiedFor = 10 * time.Minute
	// maxVerified bounds how many are remembered.
	maxVerified = 10_000
)

// verifiedKeys remembers which credentials have been right, by the sha-256 of each, and which argon2id hash an API key
// has matched, so that a key costs its tens of milliseconds once and not with every call. It opens nothing by itself:
// the row is read each time. Safe for concurrent use.
type verifiedKeys struct {
	now func() time.Time

	mu    sync.RWMutex
	known map[string]verifiedKey
}

type verifiedKey struct {
	// hash is the stored hash that an API key has matched, empty for what is looked up by its sha-256.
	hash  string
	until time.Time
}

func newVerifiedKeys(now func() time.Time) *verifiedKeys {
	return &verifiedKeys{now: now, known: map[string]verifiedKey{}}
}

// knows reports whether the credential has been right lately.
func (v *verifiedKeys) knows(sha256 string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.now().Before(v.known[sha256].until)
}

// matches reports whether the credential has matched this very hash lately.
func (v *verifiedKeys) matches(sha256, hash string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	found, ok := v.known[sha256]
	return ok && found.hash == hash && v.now().Before(found.until)
}

// remember notes that the credential was right.
func (v *verifiedKeys) remember(sha256, hash string) {
	if v.fresh(sha256, hash) {
		return // without keeping other calls waiting
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.known) >= maxVerified {
		clear(v.known) // they prove themselves again
	}
	v.known[sha256] = verifiedKey{hash: hash, until: v.now().Add(verifiedFor)}
}

// fresh reports whether the credential was remembered with this hash not long ago.
func (v *verifiedKeys) fresh(sha256, hash string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	found, ok := v.known[sha256]
	return ok && found.hash == hash && v.now().Add(verifiedFor/2).Before(found.until)
}
