package ingest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/microtracker/microtracker/repo"
)

const (
	// maxRefold bounds how many stored events are read to cut a person's sessions anew. Beyond it, late events join the
	// session that is nearest, which stays as it is.
	maxRefold = 20_000
	// maxWidenings bounds how often the look around late events is widened.
	maxWidenings = 200
)

// latecomer is a person with new events that place has left.
type latecomer struct {
	*person

	left []*hit
	// since and until are how far around the events has been looked, near are the sessions found there, oldest first.
	since, until time.Time
	near         []repo.TrackingSession
}

// errTooMany is returned where more would have to be read than may.
var errTooMany = errors.New("too many events around a late one")

// refold cuts anew the sessions around these people's new events, from all of their events: what place cannot do. What is
// stored of them is read of all at once.
func (w *writing) refold(ctx context.Context, late []*latecomer) error {
	endless, err := w.lookAround(ctx, late)
	if err != nil {
		return err
	}
	late = slices.DeleteFunc(late, func(l *latecomer) bool { return slices.Contains(endless, l) })
	for _, l := range endless {
		placeLoosely(l.person, l.left)
	}
	return w.cutAnew(ctx, late)
}

// lookAround finds each person's sessions that are joined to his new events by gaps of a session's length at most, whether
// or not an ad cut them. It returns those people of whom there is no end of them.
func (w *writing) lookAround(ctx context.Context, late []*latecomer) (endless []*latecomer, err error) {
	owners := map[int64]*latecomer{}
	for _, l := range late {
		l.since, l.until = l.span()
		if l.timeline.unreadable {
			l.until = later(l.until, w.now.Add(SessionIdle)) // to his latest session, which is read anew, too
		}
		for _, v := range l.visitors {
			owners[v.ID] = l
		}
	}
	open := slices.Clone(late)
	for range maxWidenings {
		var sightings []repo.Sighting
		for _, l := range open {
			l.near = nil
			for _, key := range l.keys {
				sightings = append(sightings, repo.Sighting{VisitorKey: key, Since: l.since, Until: l.until})
			}
		}
		if len(sightings) == 0 {
			return nil, nil
		}
		near, err := w.tx.SessionsNear(ctx, sightings, SessionIdle)
		if err != nil {
			return nil, err
		}
		for i := range near {
			l := owners[near[i].VisitorID]
			if l == nil {
				return nil, repo.ErrTryAgain // a visitor of the person's other day has come meanwhile
			}
			l.near = append(l.near, near[i])
		}
		open = slices.DeleteFunc(open, func(l *latecomer) bool { return !l.widen() })
	}
	return open, nil
}

// widen takes in the times of the sessions found, and reports whether there may be more.
func (l *latecomer) widen() bool {
	wider := false
	for i := range l.near {
		if l.near[i].StartedAt.Before(l.since) {
			l.since, wider = l.near[i].StartedAt, true
		}
		if l.near[i].LastActivityAt.After(l.until) {
			l.until, wider = l.near[i].LastActivityAt, true
		}
	}
	return wider
}

// cutAnew cuts the sessions near these people's new events, in halves where they are too many to be read at once.
func (w *writing) cutAnew(ctx context.Context, late []*latecomer) error {
	var near []repo.TrackingSession
	for _, l := range late {
		near = append(near, l.near...)
	}
	events, err := w.storedEvents(ctx, near)
	switch {
	case errors.Is(err, errTooMany) && len(late) == 1:
		placeLoosely(late[0].person, late[0].left)
		return nil
	case errors.Is(err, errTooMany):
		half := len(late) / 2
		if err := w.cutAnew(ctx, late[:half]); err != nil {
			return err
		}
		return w.cutAnew(ctx, late[half:])
	case err != nil:
		return err
	}
	whole, err := w.tx.Sessions(ctx, refsOf(near))
	if err != nil {
		return err
	}
	for _, l := range late {
		if err := w.cut(ctx, l, events, whole); err != nil {
			return err
		}
	}
	return nil
}

// cut cuts one person's sessions anew, of events and rows that are those of others, too.
func (w *writing) cut(ctx context.Context, l *latecomer, events map[repo.SessionRef][]repo.Event, whole map[repo.SessionRef]*repo.TrackingSession) error {
	all := slices.DeleteFunc(slices.Clone(l.hits), func(h *hit) bool { return h.sessionKey != "" })
	rows := make(map[repo.SessionRef]*repo.TrackingSession, len(l.near))
	for _, ref := range refsOf(l.near) {
		if row := whole[ref]; row != nil {
			rows[ref] = row
		}
		all = append(all, l.storedHits(events[ref])...)
	}
	slices.SortFunc(all, func(a, b *hit) int { return a.compare(b.moment) })
	cut := cutAll(all, l.visitorOf)
	l.timeline.sessions = make([]*session, len(cut))
	for i, s := range cut {
		l.timeline.sessions[i] = s.session
	}
	return w.assignRows(ctx, l.person, cut, rows)
}

// storedEvents reads the events of these sessions. errTooMany.
func (w *writing) storedEvents(ctx context.Context, sessions []repo.TrackingSession) (map[repo.SessionRef][]repo.Event, error) {
	events := make(map[repo.SessionRef][]repo.Event, len(sessions))
	if len(sessions) == 0 {
		return events, nil
	}
	read, err := w.tx.SessionEvents(ctx, sessions, maxRefold+1)
	if err != nil {
		return nil, err
	}
	if len(read) > maxRefold {
		return nil, errTooMany
	}
	for i := range read {
		ref := repo.SessionRef{ProjectID: read[i].ProjectID, ID: read[i].SessionID}
		events[ref] = append(events[ref], read[i])
	}
	return events, nil
}

// storedHits are stored events of the person as new ones are seen.
func (p *person) storedHits(events []repo.Event) []*hit {
	hits := make([]*hit, len(events))
	for i := range events {
		hits[i] = storedHit(&events[i], p.websiteURL)
	}
	return hits
}

// foldAnew adds up the events of a keyed session that another version has written.
func (w *writing) foldAnew(ctx context.Context, p *person, row *repo.TrackingSession) (*fold, error) {
	events, err := w.storedEvents(ctx, []repo.TrackingSession{*row})
	if err != nil {
		return nil, err
	}
	stored := p.storedHits(events[repo.SessionRef{ProjectID: row.ProjectID, ID: row.ID}])
	if len(stored) == 0 {
		return nil, errFold
	}
	slices.SortFunc(stored, func(a, b *hit) int { return a.compare(b.moment) })
	f := newFold(stored[0])
	for _, h := range stored[1:] {
		if f.identity.isZero() && !h.identity.isZero() {
			f.takeOrigin(h)
		}
		f.add(h)
	}
	return f, nil
}

func refsOf(sessions []repo.TrackingSession) []repo.SessionRef {
	refs := make([]repo.SessionRef, len(sessions))
	for i := range sessions {
		refs[i] = repo.SessionRef{ProjectID: sessions[i].ProjectID, ID: sessions[i].ID}
	}
	return refs
}

// assignRows gives the sessions cut anew the rows of those that they were before, each the row of its earliest event that
// has one to give, and notes which events move and which rows nobody needs any more.
func (w *writing) assignRows(ctx context.Context, p *person, cut []*cutSession, whole map[repo.SessionRef]*repo.TrackingSession) error {
	free := make(map[int64]*repo.TrackingSession, len(whole))
	for _, row := range whole {
		free[row.ID] = row
	}
	for _, s := range cut {
		var source *repo.TrackingSession
		for _, h := range s.all {
			if row := free[h.event.SessionID]; row != nil {
				s.takeRow(row)
				delete(free, row.ID)
				break
			}
			if source == nil {
				source = whole[refOf(h)]
			}
		}
		if s.isNew {
			if source != nil {
				s.copySender(source)
			}
			if err := w.giveID(ctx, s.session); err != nil {
				return err
			}
		} else if s.row.VisitorID != s.visitor.ID {
			w.change(p.visitorByID(s.row.VisitorID)).row.SessionsAdded--
			w.change(s.visitor).row.SessionsAdded++
		}
		w.noteMoves(s, whole)
	}
	for _, row := range free {
		w.changes.Emptied = append(w.changes.Emptied, row)
		w.change(p.visitorByID(row.VisitorID)).row.SessionsAdded--
	}
	p.recount, p.whole = true, whole
	return nil
}

func refOf(h *hit) repo.SessionRef {
	return repo.SessionRef{ProjectID: h.event.ProjectID, ID: h.event.SessionID}
}

// takeRow makes the session the one that has this row.
func (s *session) takeRow(row *repo.TrackingSession) {
	s.row, s.isNew, s.isWhole = row, false, true
}

// copySender takes over what the stored events' sender was like: events do not tell.
func (s *session) copySender(source *repo.TrackingSession) {
	s.row.Device, s.row.Browser, s.row.BrowserVersion = source.Device, source.Browser, source.BrowserVersion
	s.row.OS, s.row.OSVersion = source.OS, source.OSVersion
	s.row.Country, s.row.Region = source.Country, source.Region
	s.row.IsBot, s.row.BotReason = source.IsBot, source.BotReason
}

// noteMoves writes down which stored events have come from another session, or go to another visitor with theirs. What
// was a bot's stays a bot's.
func (w *writing) noteMoves(s *cutSession, whole map[repo.SessionRef]*repo.TrackingSession) {
	for _, h := range s.all {
		if h.from != nil {
			continue
		}
		if was := whole[refOf(h)]; was != nil && was.IsBot && !s.row.IsBot {
			s.row.IsBot, s.row.BotReason = true, was.BotReason
		}
		if h.event.SessionID != s.row.ID || h.event.VisitorID != s.visitor.ID {
			moved := h.event
			moved.SessionID, moved.VisitorID = s.row.ID, s.visitor.ID
			w.changes.Moved = append(w.changes.Moved, moved)
		}
	}
}

// placeLoosely puts events into the nearest session, for a visitor without end.
func placeLoosely(p *person, hits []*hit) {
	for _, h := range hits {
		var nearest *session
		for _, s := range p.timeline.sessions {
			if s.fold.last.within(h.moment) || s.fold.first.within(h.moment) || s.fold.first.before(h.moment) && h.before(s.fold.last) {
				nearest = s
			}
		}
		if nearest != nil {
			nearest.add(h)
			continue
		}
		s := newSession(h, p.visitorOf(h))
		p.timeline.sessions = append(p.timeline.sessions, s)
		slices.SortFunc(p.timeline.sessions, func(a, b *session) int { return a.fold.first.compare(b.fold.first) })
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
