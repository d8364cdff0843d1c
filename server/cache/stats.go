package cache

import "sync/atomic"

// Stats says what the cache has done since it was made, and what it keeps in memory.
type Stats struct {
	// FromMemory and FromTable are answers that were there, Computed those that were not, Failed the computations among them
	// that ended with an error.
	FromMemory, FromTable, Computed, Failed int64
	// Stale are values that were invalidated while they were computed, and so not kept.
	Stale int64
	// Impatient are computations that did not wait any longer for another replica's.
	Impatient int64
	// Away counts how often the database did not answer.
	Away int64
	// MemoryEntries and MemoryBytes are kept now.
	MemoryEntries, MemoryBytes int
}

type counts struct{ memory, table, computed, failed, stale, impatient, away atomic.Int64 }

// Stats returns the counts.
func (c *Cache) Stats() Stats {
	stats := Stats{
		FromMemory: c.counts.memory.Load(), FromTable: c.counts.table.Load(), Computed: c.counts.computed.Load(),
		Failed: c.counts.failed.Load(), Stale: c.counts.stale.Load(), Impatient: c.counts.impatient.Load(),
		Away: c.counts.away.Load(),
	}
	stats.MemoryEntries, stats.MemoryBytes = c.memory.size()
	return stats
}
