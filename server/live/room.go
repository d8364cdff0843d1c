package live

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/microtracker/microtracker/repo"
)

const (
	// maxShares is how many pages, sources and countries a snapshot names.
	maxShares = 10
	// MaxEvents is how many events a message has at most, and how many of one look are kept.
	MaxEvents = 20
	// maxFirst is how many of the window's events are kept of the first look, for watchers who come again.
	maxFirst = 1000
	// Minutes is how many minutes a snapshot counts.
	Minutes = 30
	// grace is how long an event is kept at least, however long before it was stored it happened: until then nobody is slow who
	// has not been told of it.
	grace = 30 * time.Second
	// settlePatience is how long a look waits for those who are storing events at that moment.
	settlePatience = 100 * time.Millisecond
)

// Snapshot is who was there at one moment. It is shared: nobody changes it.
type Snapshot struct {
	AsOf time.Time
	repo.Live

	// Minutes are the last 30, oldest first, empty ones too.
	Minutes []repo.LiveMinute
}

// room is one project's watchers and the loop that looks for them.
type room struct {
	hub     *Hub
	project *repo.Project
	changed chan struct{}
	stop    context.CancelFunc
	horizon repo.EventHorizon

	// What follows is guarded by the hub's lock.

	watchers int
	snapshot *Snapshot
	// news is closed when there is a new snapshot.
	news chan struct{}
	// events are those of the window that were kept, by id.
	events []repo.LiveEvent
	// seen are when they were, one for each.
	seen []time.Time
	// lastID is up to which id the room has looked, 0 before the first.
	lastID int64
	// forgotten is the id of the last event that was dropped from events.
	forgotten int64

	// minutes are those before the window, which are counted once. The loop's own.
	minutes map[time.Time]repo.LiveMinute
}

func newRoom(h *Hub, project *repo.Project, stop context.CancelFunc) *room {
	return &room{
		hub: h, project: project, stop: stop, changed: make(chan struct{}, 1), news: make(chan struct{}),
		horizon: repo.EventHorizon{Store: h.Store, Patience: settlePatience},
	}
}

// serve looks until the room is left: when there is something new, but not too often.
func (r *room) serve(ctx context.Context) {
	refresh := time.NewTicker(r.hub.Refresh)
	defer refresh.Stop()
	for {
		began := time.Now()
		r.look(ctx)
		took := time.Since(began)
		pause := time.NewTimer(max(r.hub.Every-took, 4*took))
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
		if r.horizon.Pending() {
			continue // there are events that can be told of as soon as others have been stored
		}
		select {
		case <-ctx.Done():
			return
		case <-refresh.C:
		case <-r.changed:
		}
	}
}

// look takes a snapshot and what has happened since the last.
func (r *room) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	now := r.hub.Now()
	snapshot, events, upTo, err := r.read(ctx, now)
	if err != nil {
		if ctx.Err() == nil {
			r.hub.Logger.WarnContext(ctx, "could not look who is live; trying again", "project_id", r.project.ID, "error", err)
		}
		return
	}
	r.hub.mu.Lock()
	defer r.hub.mu.Unlock()
	r.snapshot = snapshot
	r.events = append(r.events, events...)
	for range events {
		r.seen = append(r.seen, now)
	}
	r.lastID = max(r.lastID, upTo)
	// By the times at which they happened; one that happened before its neighbours goes with them.
	old := 0
	for old < len(r.events) && r.events[old].CreatedAt.Before(now.Add(-Window)) && r.seen[old].Before(now.Add(-grace)) {
		old++
	}
	if old > 0 {
		r.forgotten = r.events[old-1].ID
		r.events, r.seen = slices.Clone(r.events[old:]), slices.Clone(r.seen[old:])
	}
	close(r.news)
	r.news = make(chan struct{})
}

func (r *room) read(ctx context.Context, now time.Time) (*Snapshot, []repo.LiveEvent, int64, error) {
	since := now.Add(-Window)
	if r.minutes == nil {
		minutes, err := r.project.LiveMinutes(ctx, now.Truncate(time.Minute).Add(-Minutes*time.Minute))
		if err != nil {
			return nil, nil, 0, err
		}
		r.minutes = make(map[time.Time]repo.LiveMinute, Minutes)
		for _, minute := range minutes {
			r.minutes[minute.Start.UTC()] = minute
		}
	}
	found, err := r.project.Live(ctx, since, maxShares)
	if err != nil {
		return nil, nil, 0, err
	}
	upTo, err := r.horizon.Advance(ctx)
	if err != nil {
		return nil, nil, 0, err
	}
	keep := r.hub.keep
	if r.lastID == 0 {
		keep = maxFirst
	}
	var events []repo.LiveEvent
	if upTo > r.lastID {
		if events, err = r.project.LiveEvents(ctx, since, r.lastID, upTo, keep); err != nil {
			return nil, nil, 0, err
		}
	}
	return &Snapshot{AsOf: now, Live: *found, Minutes: r.countMinutes(found.Minutes, now)}, events, upTo, nil
}

// countMinutes puts the minutes that the last look counted whole among those from before.
func (r *room) countMinutes(found []repo.LiveMinute, now time.Time) []repo.LiveMinute {
	whole := now.Add(-Window).Truncate(time.Minute).Add(time.Minute)
	for start := range r.minutes {
		if !start.Before(whole) {
			delete(r.minutes, start) // an erased visitor may have been all of it
		}
	}
	for _, minute := range found {
		if !minute.Start.Before(whole) {
			r.minutes[minute.Start] = minute
		}
	}
	list := make([]repo.LiveMinute, 0, Minutes)
	first := now.UTC().Truncate(time.Minute).Add(-(Minutes - 1) * time.Minute)
	for i := range Minutes {
		start := first.Add(time.Duration(i) * time.Minute)
		minute := r.minutes[start]
		minute.Start = start
		list = append(list, minute)
	}
	for start := range r.minutes {
		if start.Before(first) {
			delete(r.minutes, start)
		}
	}
	return list
}

// behind returns the place in events of the first one with a higher id.
func (r *room) behind(id int64) int {
	return sort.Search(len(r.events), func(i int) bool { return r.events[i].ID > id })
}
