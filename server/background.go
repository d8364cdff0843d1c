package server

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// maxBackground bounds what waits to be done after its answer.
	maxBackground = 256
	// backgroundTimeout bounds one piece of it.
	backgroundTimeout = 30 * time.Second
)

// background does small things after their calls have been answered. What matters to anybody's data does not belong
// here: a crash forgets it.
type background struct {
	work   chan func(ctx context.Context) error
	logger *slog.Logger
	done   sync.WaitGroup
}

func newBackground(logger *slog.Logger) *background {
	b := &background{work: make(chan func(ctx context.Context) error, maxBackground), logger: logger}
	b.done.Go(b.run)
	return b
}

// do hands work over. It never blocks; false means that there is too much already.
func (b *background) do(work func(ctx context.Context) error) bool {
	select {
	case b.work <- work:
		return true
	default:
		return false
	}
}

func (b *background) run() {
	for work := range b.work {
		ctx, cancel := context.WithTimeout(context.Background(), backgroundTimeout)
		if err := work(ctx); err != nil {
			b.logger.ErrorContext(ctx, "could not do what was to be done after a call", "error", err)
		}
		cancel()
	}
}

// close does what waits and ends. Nothing may be handed over any more.
func (b *background) close() {
	close(b.work)
	b.done.Wait()
}
