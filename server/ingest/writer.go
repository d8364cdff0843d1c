package ingest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/telemetry"
)

const (
	// MaxWaiting bounds how many events wait to be stored, over all writers.
	MaxWaiting = 20_000
	// maxGroupEvents and maxGroupItems bound one transaction.
	maxGroupEvents = 4000
	maxGroupItems  = 1000
	// writeTimeout bounds one transaction: a database that takes longer is away.
	writeTimeout = 15 * time.Second
	// maxTries bounds how often a group is tried that another transaction got in the way of.
	maxTries = 4
)

// backlog counts the events that wait.
type backlog struct{ events atomic.Int64 }

// writer stores items one group after the other: whatever comes in while a group is being stored is the next one, so that
// under load many callers share a COMMIT and without load nobody waits.
type writer struct {
	ingester *Ingester
	queue    chan *item
	done     sync.WaitGroup
	mu       sync.RWMutex
	closed   bool
}

func newWriter(g *Ingester) *writer {
	w := &writer{ingester: g, queue: make(chan *item, MaxWaiting)}
	g.health.alive.Add(1)
	w.done.Go(w.run)
	return w
}

// enqueue hands an item to the writer of its person, so that two writers rarely meet at one visitor.
func (g *Ingester) enqueue(it *item) error {
	if g.waiting.events.Add(it.events) > MaxWaiting {
		g.waiting.events.Add(-it.events)
		g.config.Metrics.Overloaded()
		return ErrOverloaded
	}
	var place uint64
	switch {
	case it.stream != nil:
		place = uint64(it.inbox.ProjectID)
	case len(it.hits) > 0:
		place = binary.BigEndian.Uint64(it.hits[0].from.id[:])
	}
	w := g.writers[place%uint64(len(g.writers))]
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		g.waiting.events.Add(-it.events)
		return repo.ErrUnavailable
	}
	w.queue <- it // there is room: each item counts for an event at least
	return nil
}

func (w *writer) close() {
	w.mu.Lock()
	w.closed = true
	close(w.queue)
	w.mu.Unlock()
	w.done.Wait()
}

func (w *writer) run() {
	defer w.ingester.health.alive.Add(-1)
	for first := range w.queue {
		w.ingester.config.Metrics.Stage(telemetry.StageWait, time.Since(first.since))
		group := w.gather(first)
		w.store(parts(group))
		for _, it := range group {
			w.ingester.waiting.events.Add(-it.events)
		}
	}
}

// gather takes what else waits, up to the bounds of a group.
func (w *writer) gather(first *item) []*item {
	group, events := []*item{first}, first.events
	for events < maxGroupEvents && len(group) < maxGroupItems {
		select {
		case it, ok := <-w.queue:
			if !ok {
				return group
			}
			group, events = append(group, it), events+it.events
		default:
			return group
		}
	}
	return group
}

// part is an item, or the piece of one that is tried by itself.
type part struct {
	*item

	hits []*hit
	// last: the item is done with it, and its opt-outs and its place in the stream are stored with it.
	last bool
}

func eventsOf(group []part) int64 {
	events := 0
	for _, p := range group {
		events += len(p.hits)
	}
	return int64(events)
}

func parts(items []*item) []part {
	all := make([]part, len(items))
	for i, it := range items {
		all[i] = part{item: it, hits: it.hits, last: true}
	}
	return all
}

// store stores the parts and tells those who wait. What cannot be stored sinks alone: a group that the database refuses is
// halved until the event is found that it refuses.
func (w *writer) store(group []part) {
	for {
		err := w.tryOften(group)
		var excluded *excludedError
		if !errors.As(err, &excluded) {
			w.settle(group, err)
			return
		}
		var rest []part
		for i, p := range group {
			switch why := excluded.why[i]; {
			case why == nil:
				rest = append(rest, p)
			case errors.Is(why, errRefused):
				p.hits = slices.DeleteFunc(slices.Clone(p.hits), func(h *hit) bool { return h.refusal.Status != 0 })
				rest = append(rest, p)
			default:
				p.finish(why)
			}
		}
		if len(rest) == 0 {
			return
		}
		group = rest
	}
}

// settle ends the parts with the outcome, or goes on with halves of them.
func (w *writer) settle(group []part, err error) {
	switch {
	case err == nil:
		for _, p := range group {
			p.finish(nil)
		}
	case errors.Is(err, repo.ErrUnavailable):
		w.ingester.config.Logger.Debug("could not store events; their senders will try again", "items", len(group), "error", err)
		for _, p := range group {
			p.finish(err)
		}
	case len(group) == 1 && errors.Is(err, repo.ErrNotFound):
		group[0].finish(ErrSettingsChanged) // the project is gone: whoever opens its inbox again will hear so
	case len(group) > 1:
		w.store(group[:len(group)/2])
		w.store(group[len(group)/2:])
	case len(group[0].hits) > 1:
		p := group[0]
		half := len(p.hits) / 2
		w.store([]part{{item: p.item, hits: p.hits[:half]}})
		w.store([]part{{item: p.item, hits: p.hits[half:], last: p.last}})
	default:
		w.refuse(group[0], err)
	}
}

// refuse ends a part of one event, or of none, that the database does not take.
func (w *writer) refuse(p part, err error) {
	w.ingester.config.Logger.Warn("the database refuses an event", "project_id", p.inbox.ProjectID, "error", err)
	if len(p.hits) == 0 || !errors.Is(err, repo.ErrInvalid) {
		p.finish(err)
		return
	}
	p.hits[0].refusal = Receipt{Status: Invalid, Field: "event", Reason: "the database refuses a value in it: send plain text and numbers"}
	if p.last && (len(p.optOuts) > 0 || p.stream != nil) {
		w.store([]part{{item: p.item, last: true}})
		return
	}
	p.finish(nil)
}

// finish tells who waits. The first error of an item is its own.
func (p part) finish(err error) {
	if err != nil || p.last {
		select {
		case p.done <- err:
		default: // an earlier part has failed
		}
	}
}

// tryOften tries again what another transaction got in the way of.
func (w *writer) tryOften(group []part) error {
	var err error
	for range maxTries {
		err = w.try(group)
		w.ingester.observe(group, err)
		if errors.Is(err, repo.ErrNoPartition) {
			if err := w.remakePartitions(group); err != nil {
				return err
			}
			continue
		}
		if !errors.Is(err, repo.ErrTryAgain) && !errors.Is(err, repo.ErrConflict) {
			return err
		}
	}
	return err
}

// remakePartitions makes again those that the group's events need, after one was dropped.
func (w *writer) remakePartitions(group []part) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	g := w.ingester
	g.partitions.forget()
	for _, p := range group {
		if err := g.ensurePartitions(ctx, p.item, g.now()); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) try(group []part) (err error) {
	defer func() {
		if cause := recover(); cause != nil { // a defect of ours costs this group, not the server
			err = fmt.Errorf("panic while storing events: %v\n%s", cause, debug.Stack())
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	g := w.ingester
	ctx, span := g.config.Tracing.StartGroup(ctx, "ingest group", origins(group))
	span.Count("microtracker.group.requests", int64(len(group)))
	defer func() { span.End(err) }()
	err = g.config.Store.Ingest(ctx, func(tx *repo.IngestTx) error {
		return newWriting(g, tx, group).run(ctx)
	})
	if err != nil && ctx.Err() != nil {
		return errors.Join(repo.ErrUnavailable, err)
	}
	if err == nil {
		g.add(eventsOf(group))
		for _, id := range projectsOf(group) {
			g.config.Committed(id)
		}
	}
	return err
}
