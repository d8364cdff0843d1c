package rollup

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/microtracker/microtracker/repo"
)

const (
	// maxGrowing bounds how many sessions are known of all parts that grow, at about 170 bytes each.
	maxGrowing = 1_000_000
	// maxUnsettled bounds how many events of a project are known by their ids, since those between them may still come.
	maxUnsettled = 1_000_000
	// growIdle is after how long what is known of a project's parts is forgotten: more has come than a part has.
	growIdle = 10 * time.Minute
	// settleWithin is how long a first look waits for those who are storing events.
	settleWithin = time.Second
)

var (
	// errMoved: what a day is kept as has changed since it was looked at.
	errMoved = errors.New("the day is kept in another way by now")
	// errTooMany: more sessions than are kept.
	errTooMany = errors.New("the marked parts have too many sessions to keep")
)

// growing keeps the marked parts of today and yesterday of all projects as they were counted last, and what has come since is all that
// is read again. Nothing of it is stored. Safe for concurrent use, but for one project by one goroutine at a time.
type growing struct {
	config Config
	kinds  kindSeed
	// most is maxGrowing.
	most     int
	mu       sync.Mutex
	projects map[int64]*growingProject
	looks    int
}

// growingProject are the parts of a project.
type growingProject struct {
	timeZone string
	parts    map[growingPlace]*growingPart
	horizon  repo.EventHorizon
	// settled is the id up to which all events are in the parts; unsettled are the ids of the others that are.
	settled   int64
	unsettled map[int64]struct{}
	// lookedAt is when the last look began, sessions how many were known after it.
	lookedAt time.Time
	sessions int
}

// growingPlace is where a part is.
type growingPlace struct {
	day  time.Time
	part int16
}

// grown are parts as they are at one moment, in place of what is stored of them. nil: there are none.
type grown struct {
	// since is the first of the days that stamp names; stamp what was stored of them at that moment.
	since time.Time
	stamp string
	parts map[growingPlace][]layer
}

// has reports whether a part of a day is among them.
func (g *grown) has(day time.Time, part int16) bool {
	if g == nil {
		return false
	}
	_, ok := g.parts[growingPlace{day, part}]
	return ok
}

// growsBefore reports whether there are parts of days before this one.
func (g *grown) growsBefore(today time.Time) bool {
	if g == nil {
		return false
	}
	for place := range g.parts {
		if place.day.Before(today) {
			return true
		}
	}
	return false
}

// addTo adds them by these dimensions.
func (g *grown) addTo(s *stretches, dimensions []int16) {
	if g == nil {
		return
	}
	for place, layers := range g.parts {
		if place.day.Before(s.since) || !place.day.Before(s.until) {
			continue
		}
		for _, l := range layers {
			for _, dimension := range dimensions {
				if b := l.breakdowns[dimension]; b != nil {
					s.by[dimension] = append(s.by[dimension], stretch{place.day, b})
				}
			}
		}
	}
}

func newGrowing(config Config) *growing {
	return &growing{config: config, kinds: kindSeed{maphash.MakeSeed()}, most: maxGrowing, projects: map[int64]*growingProject{}}
}

// look counts the marked parts of these days, which are today and yesterday, with all that was committed before.
func (g *growing) look(ctx context.Context, projectID int64, days map[time.Time]bool) (*grown, error) {
	begun := g.config.Now()
	p, number := g.project(projectID, begun)
	if p.settled == 0 {
		settled, err := g.config.Store.SettledEvents(ctx, settleWithin)
		if err != nil {
			return nil, err
		}
		p.settled = settled
	}
	// Before the state of the database is looked at: what is settled then is in it.
	settled, err := p.horizon.Advance(ctx)
	if err != nil {
		return nil, err
	}
	look := growingLook{growingProject: p, days: days, kinds: g.kinds, settles: max(settled, p.settled), number: number}
	if err := g.config.Store.ViewRollup(ctx, projectID, look.run); err != nil {
		g.forget(projectID) // it may be half of it
		return nil, err
	}
	if err := g.bound(projectID, p, number); err != nil {
		return nil, err
	}
	g.config.Logger.DebugContext(ctx, "looked at the parts that grow", "project_id", projectID, "parts", len(look.grown.parts), "anew", look.anew,
		"new_events", look.came, "unsettled", len(p.unsettled), "took", g.config.Now().Sub(begun))
	return look.grown, nil
}

// project returns what is kept of a project, and the number of the look.
func (g *growing) project(id int64, now time.Time) (*growingProject, int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	maps.DeleteFunc(g.projects, func(_ int64, p *growingProject) bool { return now.Sub(p.lookedAt) > growIdle })
	p := g.projects[id]
	if p == nil {
		p = &growingProject{
			horizon: repo.EventHorizon{Store: g.config.Store}, parts: map[growingPlace]*growingPart{}, unsettled: map[int64]struct{}{},
		}
		g.projects[id] = p
	}
	g.looks++
	p.lookedAt = now
	return p, g.looks
}

func (g *growing) forget(projectID int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.projects, projectID)
}

// bound forgets what was needed longest ago where there is too much: of the project, then of others. errTooMany if the look itself
// needs more.
func (g *growing) bound(projectID int64, p *growingProject, look int) error {
	if !p.shrink(g.most, look) {
		g.forget(projectID)
		return errTooMany
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	p.sessions = p.count()
	for {
		total, oldest := 0, projectID
		for id, other := range g.projects {
			total += other.sessions
			if oldest == projectID || id != projectID && other.lookedAt.Before(g.projects[oldest].lookedAt) {
				oldest = id
			}
		}
		if total <= g.most || oldest == projectID {
			return nil
		}
		delete(g.projects, oldest)
	}
}

func (p *growingProject) count() int {
	total := 0
	for _, part := range p.parts {
		total += len(part.sessions)
	}
	return total
}

// shrink forgets parts that the look did not need, those first that were needed longest ago, until they have no more sessions than
// most. False: they have more.
func (p *growingProject) shrink(most, look int) bool {
	for p.count() > most {
		var oldest growingPlace
		needed := look
		for place, part := range p.parts {
			if part.needed < needed {
				oldest, needed = place, part.needed
			}
		}
		if needed == look {
			return false
		}
		delete(p.parts, oldest)
	}
	return true
}

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
