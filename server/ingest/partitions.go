package ingest

import (
	"context"
	"sync"
	"time"

	"github.com/microtracker/microtracker/repo"
)

// partitions remembers which months of events have their partition, beyond those that are kept ready.
type partitions struct {
	mu    sync.Mutex
	ready map[int]bool
}

// ensure makes the partition that an old event needs.
func (p *partitions) ensure(ctx context.Context, store *repo.Store, at time.Time) error {
	at = at.UTC()
	month := at.Year()*12 + int(at.Month())
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ready[month] {
		return nil
	}
	if _, err := store.EnsureEventPartitions(ctx, at, at); err != nil {
		return err
	}
	if p.ready == nil {
		p.ready = map[int]bool{}
	}
	p.ready[month] = true
	return nil
}

// forget looks at all partitions again: one has been dropped since (docs/retention.md).
func (p *partitions) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready = nil
}
