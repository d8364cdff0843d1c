package rollup

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/microtracker/microtracker/repo"
)

// growingLook brings the parts of a project to one state of the database.
type growingLook struct {
	*growingProject

	days map[time.Time]bool
	// settles is the id up to which all events are there.
	settles int64
	kinds   kindSeed
	number  int
	grown   *grown
	// came is how many new events there were, anew how many parts were counted from nothing.
	came, anew int

	zone  *time.Location
	spans map[time.Time]span
	// counts are those of the parts that are there.
	counts map[growingPlace]*counter
	// asked are the sessions to read for them.
	asked map[int64]bool
}

func (l *growingLook) run(ctx context.Context, tx *repo.RollupTx) (err error) {
	if l.zone, err = time.LoadLocation(tx.TimeZone); err != nil {
		return fmt.Errorf("look at the parts that grow: %w", err)
	}
	if l.timeZone != tx.TimeZone {
		l.timeZone, l.parts = tx.TimeZone, map[growingPlace]*growingPart{}
	}
	yesterday := dateOf(tx.Now, l.zone).AddDate(0, 0, -1)
	l.grown = &grown{since: yesterday, parts: map[growingPlace][]layer{}}
	if l.grown.stamp, err = tx.Stamp(ctx, yesterday); err != nil {
		return err
	}
	l.spans = map[time.Time]span{}
	bases := map[growingPlace]string{}
	for day := range l.days {
		if day.Before(yesterday) {
			return errMoved
		}
		if s := spanOf(day, l.zone); !s.since.Before(tx.FrozenBefore) {
			l.spans[day] = s
			if err := l.basesOf(ctx, tx, s, bases); err != nil {
				return err
			}
		}
	}
	l.drop(yesterday, bases)
	if err := l.readNew(ctx, tx); err != nil {
		return err
	}
	for place, basis := range bases {
		if err := l.need(ctx, tx, place, basis); err != nil {
			return err
		}
	}
	return nil
}

// basesOf lists the parts of a day that have marks, and what they have to be counted from.
func (l *growingLook) basesOf(ctx context.Context, tx *repo.RollupTx, s span, bases map[growingPlace]string) error {
	stored, err := tx.Bases(ctx, s.day)
	if err != nil {
		return err
	}
	changes, err := tx.Changes(ctx, s.since, s.until)
	if err != nil {
		return err
	}
	cuts := map[int][]string{}
	for _, change := range changes {
		for i := s.part(latest(change.Since, s.since)); i <= s.part(earliest(change.Until, s.until).Add(-1)); i++ {
			cuts[i] = append(cuts[i], change.Cuts)
		}
	}
	for i, names := range cuts {
		bases[growingPlace{s.day, int16(i)}] = stored[int16(i)] + strings.Join(names, "")
	}
	return nil
}

// drop drops the parts that are stored as a part of a whole day by now, and those that have another basis.
func (l *growingLook) drop(yesterday time.Time, bases map[growingPlace]string) {
	for place, part := range l.parts {
		basis, needed := bases[place]
		if place.day.Before(yesterday) || needed && basis != part.basis {
			delete(l.parts, place)
		}
	}
}

// readNew reads what has come since the last look, and puts it into the parts that are there.
func (l *growingLook) readNew(ctx context.Context, tx *repo.RollupTx) error {
	if len(l.parts) == 0 {
		l.settled, l.unsettled = l.settles, map[int64]struct{}{}
	}
	since := tx.Now.Add(-3 * day) // of all that may be needed
	l.counts, l.asked = map[growingPlace]*counter{}, map[int64]bool{}
	unsettled := map[int64]struct{}{}
	var seen []seenPage
	if err := tx.NewEvents(ctx, l.settled, since, func(e *repo.RollupEvent) {
		_, known := l.unsettled[e.ID]
		if e.ID > l.settles {
			unsettled[e.ID] = struct{}{}
		}
		if !known {
			seen = append(seen, l.addEvent(e))
		}
	}); err != nil {
		return fmt.Errorf("read the new events: %w", err)
	}
	l.came = len(seen)
	l.addLater(seen)
	l.settled, l.unsettled = l.settles, unsettled
	ids := make([]int64, 0, len(l.asked))
	for id := range l.asked {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if err := tx.SessionsOf(ctx, ids, func(s *repo.RollupSession) {
		for _, c := range l.counts {
			if _, ok := c.places[s.ID]; ok {
				c.addSession(s)
			}
		}
	}); err != nil {
		return fmt.Errorf("read the sessions of new events: %w", err)
	}
	for place, c := range l.counts {
		c.sort()
		if !l.parts[place].grow(c, l.timeZone, l.kinds) {
			delete(l.parts, place)
		}
	}
	if len(unsettled) > maxUnsettled {
		l.parts = map[growingPlace]*growingPart{}
	}
	return nil
}

// seenPage is the path that a session saw with an event; empty: none.
type seenPage struct {
	session int64
	path    string
	at      time.Time
}

// addEvent adds a new event to the part in which it happened.
func (l *growingLook) addEvent(e *repo.RollupEvent) seenPage {
	for place, part := range l.parts {
		if e.At.Before(part.window.Since) || !e.At.Before(part.window.Until) {
			continue
		}
		l.counter(place).addEvent(e)
		l.asked[e.SessionID] = true
	}
	seen := seenPage{session: e.SessionID, at: e.At}
	if string(e.Type) == pageViewType {
		seen.path = string(e.Path)
	}
	return seen
}

// addLater adds what sessions did after the part in which they started.
func (l *growingLook) addLater(events []seenPage) {
	for place, part := range l.parts {
		for _, e := range events {
			if e.at.Before(part.window.Until) {
				continue
			}
			if known := part.sessions[e.session]; known != nil && !known.started {
				continue
			} else if known == nil {
				if l.counts[place] == nil {
					continue
				} else if _, isNew := l.counts[place].places[e.session]; !isNew {
					continue
				}
			}
			c := l.counter(place)
			c.came(e.session)
			l.asked[e.session] = true
			if e.path != "" {
				c.addLater(repo.LaterPage{SessionID: e.session, Path: e.path, Days: daysBetween(place.day, e.at, l.zone)})
			}
		}
	}
}

// counter is what counts that which comes on top of a part.
func (l *growingLook) counter(place growingPlace) *counter {
	if c := l.counts[place]; c != nil {
		return c
	}
	c := l.newCounter(place)
	l.counts[place] = c
	return c
}

func (l *growingLook) newCounter(place growingPlace) *counter {
	s, ok := l.spans[place.day]
	if !ok {
		s = spanOf(place.day, l.zone)
		l.spans[place.day] = s
	}
	return newCounter(s.window(int(place.part), int(place.part)+1), 1, s.until)
}

// need sees to it that a part is there, and takes it as it is.
func (l *growingLook) need(ctx context.Context, tx *repo.RollupTx, place growingPlace, basis string) error {
	part := l.parts[place]
	if part == nil {
		c := l.newCounter(place)
		if err := c.read(ctx, tx, place.day); err != nil {
			return err
		}
		part = &growingPart{window: c.window, basis: basis, sessions: map[int64]*growingSession{}}
		if !part.grow(c, l.timeZone, l.kinds) {
			return fmt.Errorf("count a part that grows: %w", errMoved)
		}
		l.parts[place] = part
		l.anew++
	}
	part.needed = l.number
	l.grown.parts[place] = part.layers
	return nil
}
