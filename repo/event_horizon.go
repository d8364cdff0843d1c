package repo

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// firstSettleWait and longestSettleWait bound the waits between two looks at who still stores events; they double.
const (
	firstSettleWait   = 5 * time.Millisecond
	longestSettleWait = 250 * time.Millisecond
)

// EventMark is how far the ids of events had been given away at one moment, and who might still have been storing some of them
// then (docs/adr/0019).
type EventMark struct {
	// LastID is the last id of an event, of any project, that had been given away; 0: none had.
	LastID int64
	// Writers are the transactions that were writing events, by PostgreSQL's names for them.
	Writers []string
}

// MarkEvents marks the moment. A transaction that takes ids afterwards takes higher ones.
func (s *Store) MarkEvents(ctx context.Context) (EventMark, error) {
	var mark EventMark
	// The list of the writers needs the sequence's row, so it is made after that was read: whoever took an id before is on it,
	// or has ended and let everybody see what he stored. (He holds his lock until after that.)
	err := s.db.NewRaw(`
		WITH given AS MATERIALIZED (SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS id FROM events_id_seq)
		SELECT given.id, ARRAY(
			SELECT l.virtualtransaction FROM pg_locks AS l
			WHERE l.locktype = 'relation' AND l.relation = 'events'::regclass AND l.granted
				AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
				AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
				AND given.id IS NOT NULL)
		FROM given`).Scan(ctx, &mark.LastID, pgdialect.Array(&mark.Writers))
	return mark, classify("mark the events", err)
}

// stillWrite returns which of the transactions go on.
func (s *Store) stillWrite(ctx context.Context, writers []string) ([]string, error) {
	var still []string
	err := s.db.NewRaw(`SELECT DISTINCT virtualtransaction FROM pg_locks
		WHERE locktype = 'relation' AND relation = 'events'::regclass AND virtualtransaction IN (?)`, bun.List(writers)).Scan(ctx, &still)
	return still, classify("look who stores events", err)
}

// SettledEvents returns an id up to which every event is there that will ever be: whoever looks from now on sees all of them,
// and no smaller id comes any more. It is the last id given away when it was called, so what was acknowledged before is below
// it. It waits for those who are storing events at that moment, commonly some milliseconds, and for patience at most:
// ErrTryAgain.
func (s *Store) SettledEvents(ctx context.Context, patience time.Duration) (int64, error) {
	mark, err := s.MarkEvents(ctx)
	if err != nil {
		return 0, err
	}
	if err := s.awaitSettled(ctx, &mark, patience); err != nil {
		return 0, err
	}
	if len(mark.Writers) > 0 {
		return 0, fmt.Errorf("wait for those who store events: %w", ErrTryAgain)
	}
	return mark.LastID, nil
}

// awaitSettled waits until the writers of the mark have ended, or patience has, and leaves those in it who have not.
func (s *Store) awaitSettled(ctx context.Context, mark *EventMark, patience time.Duration) error {
	until := time.Now().Add(patience)
	for wait := firstSettleWait; len(mark.Writers) > 0; wait = min(2*wait, longestSettleWait) {
		if time.Now().Add(wait).After(until) {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return classify("wait for those who store events", ctx.Err())
		case <-timer.C:
		}
		still, err := s.stillWrite(ctx, mark.Writers)
		if err != nil {
			return err
		}
		mark.Writers = still
	}
	return nil
}

// EventHorizon follows up to which id the events are settled, for those who look again and again and would not wait: with
// writers that never pause, each mark is settled by the time of a later look. One goroutine's at a time.
type EventHorizon struct {
	Store *Store
	// Patience is how long one look waits for the writers at most.
	Patience time.Duration

	settled int64
	pending *EventMark
}

// Advance returns an id up to which all events are there for whoever looks from now on; 0 until there is one.
func (h *EventHorizon) Advance(ctx context.Context) (int64, error) {
	if h.pending != nil {
		still, err := h.Store.stillWrite(ctx, h.pending.Writers)
		if err != nil {
			return h.settled, err
		}
		if h.pending.Writers = still; len(still) == 0 {
			h.settled, h.pending = h.pending.LastID, nil
		}
	}
	mark, err := h.Store.MarkEvents(ctx)
	if err != nil {
		return h.settled, err
	}
	if err := h.Store.awaitSettled(ctx, &mark, h.Patience); err != nil {
		return h.settled, err
	}
	switch {
	case len(mark.Writers) == 0:
		h.settled, h.pending = mark.LastID, nil
	case h.pending == nil:
		h.pending = &mark
	}
	return h.settled, nil
}

// Pending reports whether events had ids at the last look that were not settled yet.
func (h *EventHorizon) Pending() bool { return h.pending != nil }
