package ingest

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/microtracker/microtracker/repo"
)

const (
	// tellAgain is how often the log repeats that events cannot be stored.
	tellAgain = time.Minute
	// trustAgain is how long after the last failure storing is taken to work again while nobody sends anything: whoever
	// is kept away by a failure could otherwise never show that it has passed.
	trustAgain = 10 * time.Second
)

// health is whether events can be stored. It says so in the log when that changes.
type health struct {
	logger *slog.Logger
	// now is the clock of a test; time.Now if nil.
	now   func() time.Time
	alive atomic.Int64
	// isFailing is checked at each commit without taking the lock.
	isFailing atomic.Bool

	mu          sync.Mutex
	since, last time.Time
	err         error
	// told is when the log was last told of a failure, toldDisk that it was about a full disk; isTold: it has not yet been
	// told that this is over.
	told             time.Time
	toldDisk, isTold bool
}

func (h *health) clock() time.Time {
	if h.now != nil {
		return h.now()
	}
	return time.Now()
}

// failed notes that the database did not take a group. Where failures and successes alternate, the log hears of it once a
// minute, not each time.
func (h *health) failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.clock()
	if !h.isFailing.Swap(true) {
		h.since = now
	}
	h.last, h.err = now, err
	isDisk := errors.Is(err, repo.ErrDiskFull)
	if now.Sub(h.told) < tellAgain && isDisk == h.toldDisk {
		return
	}
	h.told, h.toldDisk, h.isTold = now, isDisk, true
	lasting := now.Sub(h.since).Round(time.Second).String()
	if isDisk {
		h.logger.Error("the database's disk is full: nothing is stored until it has room; senders keep their events and come again", "for", lasting, "error", err)
		return
	}
	h.logger.Warn("the database takes no events; senders keep them and come again", "for", lasting, "error", err)
}

// stored notes that a group was committed.
func (h *health) stored() {
	if !h.isFailing.Load() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.isFailing.Swap(false) {
		return
	}
	h.err = nil
	if h.isTold {
		h.isTold = false
		h.logger.Info("events are stored again", "after", h.clock().Sub(h.since).Round(time.Millisecond).String())
	}
}

// State is how storing goes.
type State struct {
	// Writers is how many there are to be, Alive how many there are.
	Writers, Alive int
	// Waiting is how many events wait, Limit how many may.
	Waiting, Limit int64
	// FailingSince is when the database began to take no events; zero while it does, or while 10 s have passed without a
	// try. Err is why.
	FailingSince time.Time
	Err          error
}

// State returns how storing goes.
func (g *Ingester) State() State {
	state := State{
		Writers: len(g.writers), Alive: int(g.health.alive.Load()), Waiting: g.waiting.events.Load(), Limit: MaxWaiting,
	}
	g.health.mu.Lock()
	defer g.health.mu.Unlock()
	if g.health.isFailing.Load() && g.health.clock().Sub(g.health.last) < trustAgain {
		state.FailingSince, state.Err = g.health.since, g.health.err
	}
	return state
}
