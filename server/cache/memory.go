package cache

import (
	"hash/maphash"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// entryOverhead is about what an entry takes beside its key and its value, in bytes.
const entryOverhead = 256

// scopeStripes is over how many counters scopes are spread. Two scopes that share one only cost each other a value.
const scopeStripes = 256

// memory keeps values of late use, up to a number and a size of all together. Safe for concurrent use.
type memory struct {
	life     time.Duration
	maxBytes int
	seed     maphash.Seed

	mu      sync.Mutex
	entries *simplelru.LRU[string, memoryEntry]
	bytes   int
	// epochs count the invalidations: a value that was looked for before one is not kept after it.
	epochs [scopeStripes]uint64
}

type memoryEntry struct {
	value []byte
	// until is by the process's own clock, which nobody can put back.
	until time.Time
}

func newMemory(maxBytes, maxEntries int, life time.Duration) *memory {
	m := &memory{life: life, maxBytes: maxBytes, seed: maphash.MakeSeed()}
	m.entries, _ = simplelru.NewLRU(max(maxEntries, 1), func(name string, e memoryEntry) { m.bytes -= sizeOf(name, e) }) // fails below 1
	return m
}

func sizeOf(name string, e memoryEntry) int { return len(name) + len(e.value) + entryOverhead }

func (m *memory) epoch(scope string) *uint64 {
	return &m.epochs[maphash.String(m.seed, scope)%scopeStripes]
}

// get returns a value, and the epoch for put.
func (m *memory) get(scope, name string) (value []byte, epoch uint64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	epoch = *m.epoch(scope)
	e, ok := m.entries.Get(name)
	if !ok {
		return nil, epoch, false
	}
	if !time.Now().Before(e.until) {
		m.entries.Remove(name)
		return nil, epoch, false
	}
	return e.value, epoch, true
}

// put keeps a value that was looked for in this epoch, if that lasts, for left at most.
func (m *memory) put(scope, name string, value []byte, left time.Duration, epoch uint64) {
	e := memoryEntry{value: value, until: time.Now().Add(min(left, m.life))}
	m.mu.Lock()
	defer m.mu.Unlock()
	if *m.epoch(scope) != epoch || sizeOf(name, e) > m.maxBytes {
		return
	}
	m.entries.Remove(name)
	m.entries.Add(name, e)
	m.bytes += sizeOf(name, e)
	for m.bytes > m.maxBytes {
		m.entries.RemoveOldest()
	}
}

// invalidate forgets the values of a scope.
func (m *memory) invalidate(scope string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	*m.epoch(scope)++
	for _, name := range m.entries.Keys() {
		if strings.HasPrefix(name, scope) {
			m.entries.Remove(name)
		}
	}
}

// clear forgets everything.
func (m *memory) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.epochs {
		m.epochs[i]++
	}
	m.entries.Purge()
}

// size returns how much is kept.
func (m *memory) size() (entries, bytes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.entries.Len(), m.bytes
}
