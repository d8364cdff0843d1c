package ingest

import (
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/microtracker/microtracker/repo"
)

// SessionIdle is the longest gap within a session (docs/metrics.md: session).
const SessionIdle = 30 * time.Minute

// timeline is one person's sessions while new events are put into them. Taken together, the events of all his sessions in
// the order of their moments are cut like this (docs/metrics.md: session): an event begins a session when it is the first,
// when it comes more than 30 minutes after the one before it, or when it brings an ad identity that is not the session's;
// else it belongs to the session of the event before it. place does so for events that come in their order or fall into
// the middle of a session; for any other it gives up, and the sessions around it are cut anew (refold.go).
type timeline struct {
	// sessions are in the order of their moments and do not overlap: of each of the person's visitors the latest that is
	// stored, and those that are new.
	sessions []*session
	// keyed are the sessions that a server's keys hold together.
	keyed map[string]*session
	// visitorOf returns the visitor that an event makes by itself.
	visitorOf func(h *hit) *repo.Visitor
	// unreadable: one of the sessions was written by another version, and is cut anew.
	unreadable bool
}

// all goes through all sessions, those of time and those of keys.
func (t *timeline) all() iter.Seq[*session] {
	return func(yield func(*session) bool) {
		for _, s := range t.sessions {
			if !yield(s) {
				return
			}
		}
		for _, key := range slices.Sorted(maps.Keys(t.keyed)) {
			if !yield(t.keyed[key]) {
				return
			}
		}
	}
}

// load adds a visitor's latest session.
func (t *timeline) load(v *repo.Visitor) {
	if v.SessionsCount == 0 {
		return
	}
	s, err := latestSession(v)
	if err != nil {
		t.unreadable = true
		return
	}
	t.sessions = append(t.sessions, s)
}

// place puts an event into the session that it belongs to, or begins one. False: nothing has changed, the sessions around
// the event have to be cut anew.
func (t *timeline) place(h *hit) bool {
	if h.sessionKey != "" {
		return t.placeKeyed(h)
	}
	// The first session that begins after the event.
	next, _ := slices.BinarySearchFunc(t.sessions, h.moment, func(s *session, at moment) int { return s.fold.first.compare(at) })
	if next < len(t.sessions) && (!t.sessions[next].isNew || t.sessions[next].fold.first.within(h.moment)) {
		return false // those before the latest are not known; or it may change how that one begins, or join it with the one before
	}
	if next == 0 {
		t.insert(0, newSession(h, t.visitorOf(h)))
		return true
	}
	previous := t.sessions[next-1]
	switch f := previous.fold; {
	case h.before(f.last):
		if h.identity.isZero() || h.identity == f.identity && f.origin.before(h.moment) {
			previous.add(h)
			return true
		}
		return false
	case !f.last.within(h.moment):
		t.insert(next, newSession(h, t.visitorOf(h)))
	case f.cuts(h):
		t.insert(next, newSession(h, previous.visitor))
	default:
		previous.add(h)
	}
	return true
}

func (t *timeline) insert(at int, s *session) {
	t.sessions = slices.Insert(t.sessions, at, s)
}

// placeKeyed puts an event into the session of its key. Order matters to its origin alone: that is the first identity's,
// and without one the first event's.
func (t *timeline) placeKeyed(h *hit) bool {
	s := t.keyed[h.sessionKey]
	if s == nil {
		t.keyed[h.sessionKey] = newSession(h, t.visitorOf(h))
		return true
	}
	f := s.fold
	earlier := h.before(f.origin)
	if f.identity.isZero() && !h.identity.isZero() || earlier && f.identity.isZero() == h.identity.isZero() {
		f.takeOrigin(h)
		s.originHit = h
	}
	s.add(h)
	return true
}

// cutSession is a session with all of its events.
type cutSession struct {
	*session

	all []*hit
}

// cutAll cuts events, which are in the order of their moments, into sessions from nothing.
func cutAll(hits []*hit, visitorOf func(h *hit) *repo.Visitor) []*cutSession {
	var sessions []*cutSession
	var current *cutSession
	begin := func(h *hit, visitor *repo.Visitor) {
		current = &cutSession{session: newSession(h, visitor)}
		sessions = append(sessions, current)
	}
	for _, h := range hits {
		switch {
		case current == nil || !current.fold.last.within(h.moment):
			begin(h, visitorOf(h))
		case current.fold.cuts(h):
			begin(h, current.visitor)
		default:
			current.add(h)
		}
		current.all = append(current.all, h)
	}
	return sessions
}
