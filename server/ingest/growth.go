package ingest

import (
	"context"
	"sync"
	"time"
)

const (
	// analyzeTimeout bounds one look at the tables.
	analyzeTimeout = time.Minute
	// analyzeEvery and analyzeAfter are how long and how many events lie between two looks at the least.
	analyzeEvery = time.Second
	analyzeAfter = 100
)

// growth has the database analyze tables that are much larger than when it last did: those of a young database, and each
// month's new partition of events. Until it has, PostgreSQL takes them for empty and any index for as good as the right one.
type growth struct {
	mu sync.Mutex
	// events are those since looked.
	events    int64
	looked    time.Time
	isLooking bool
	busy      sync.WaitGroup
}

// add counts stored events. The look is taken beside the writer, which does not wait for it.
func (g *Ingester) add(events int64) {
	now := g.now()
	g.growth.mu.Lock()
	defer g.growth.mu.Unlock()
	g.growth.events += events
	if g.growth.isLooking || g.growth.events < analyzeAfter || now.Sub(g.growth.looked) < analyzeEvery {
		return
	}
	g.growth.events, g.growth.looked, g.growth.isLooking = 0, now, true
	g.growth.busy.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), analyzeTimeout)
		defer cancel()
		if err := g.config.Store.AnalyzeIngest(ctx); err != nil {
			g.config.Logger.DebugContext(ctx, "could not analyze the tables; autovacuum will", "error", err)
		}
		g.growth.mu.Lock()
		defer g.growth.mu.Unlock()
		g.growth.isLooking = false
	})
}
