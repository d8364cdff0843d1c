package rollup

import (
	"context"
	"errors"
	"hash/maphash"
	"maps"
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
