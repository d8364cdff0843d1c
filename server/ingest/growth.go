package ingest

import (
	"context"
	"sync"
	"time"
)

// analyzeTimeout bounds one look at the tables.
const analyzeTimeout = time.Minute

// growth has the database look at its tables while they are young: after 100 events, 1,000, 10,000 and 100,000. Later it
// does so by itself often enough.
type growth struct {
	mu     sync.Mutex
	events int64
	next   int64
	busy   sync.WaitGroup
}

// add counts stored events. The look is taken beside the writer, which does not wait for it.
func (g *Ingester) add(events int64) {
	g.growth.mu.Lock()
	defer g.growth.mu.Unlock()
	if g.growth.next == 0 {
		g.growth.next = 100
	}
	g.growth.events += events
	if g.growth.events < g.growth.next || g.growth.next > 100_000 {
		return
	}
	rows := g.growth.next
	g.growth.next *= 10
	g.growth.busy.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), analyzeTimeout)
		defer cancel()
		if err := g.config.Store.AnalyzeIngest(ctx, rows); err != nil {
			g.config.Logger.DebugContext(ctx, "could not analyze the tables; autovacuum will", "error", err)
		}
	})
}
