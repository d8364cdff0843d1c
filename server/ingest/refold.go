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

// refold cuts anew the sessions around a person's new events, from all of their events: what place cannot do. left are
// those of the events that place has left.
func (w *writing) refold(ctx context.Context, p *person, left []*hit) error {
	near, stored, err := w.around(ctx, p)
	if errors.Is(err, errTooMany) {
		placeLoosely(p, left)
		return nil
	}
	if err != nil {
		return err
	}
	late := slices.DeleteFunc(slices.Clone(p.hits), func(h *hit) bool { return h.sessionKey != "" })
	all := slices.Concat(stored, late)
	slices.SortFunc(all, func(a, b *hit) int { return a.compare(b.moment) })
	whole, err := w.tx.Sessions(ctx, refsOf(near))
	if err != nil {
		return err
	}
	cut := cutAll(all, p.visitorOf)
	p.timeline.sessions = make([]*session, len(cut))
	for i, s := range cut {
		p.timeline.sessions[i] = s.session
	}
	return w.assignRows(ctx, p, cut, whole)
}

// around reads the sessions around a person's new events, and their events. errTooMany.
func (w *writing) around(ctx context.Context, p *person) ([]repo.TrackingSession, []*hit, error) {
	near, err := w.cluster(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	stored, err := w.storedHits(ctx, p, near)
	return near, stored, err
}

// errTooMany is returned where more would have to be read than may.
var errTooMany = errors.New("too many events around a late one")

// cluster returns the person's sessions that are joined to his new events by gaps of a session's length at most, whether
// or not an ad cut them. errTooMany.
func (w *writing) cluster(ctx context.Context, p *person) ([]repo.TrackingSession, error) {
	since, until := p.span()
	if p.timeline.unreadable {
		until = later(until, w.now.Add(SessionIdle)) // to his latest session, which is read anew, too
	}
	for range maxWidenings {
		sightings := make([]repo.Sighting, 0, len(p.keys))
		for _, key := range p.keys {
			sightings = append(sightings, repo.Sighting{VisitorKey: key, Since: since, Until: until})
		}
		near, err := w.tx.SessionsNear(ctx, sightings, SessionIdle)
		if err != nil {
			return nil, err
		}
		wider := false
		for i := range near {
			if near[i].StartedAt.Before(since) {
				since, wider = near[i].StartedAt, true
			}
			if near[i].LastActivityAt.After(until) {
				until, wider = near[i].LastActivityAt, true
			}
		}
		if !wider {
			return near, nil
		}
	}
	return nil, errTooMany
}

// storedHits reads the sessions' events. errTooMany.
func (w *writing) storedHits(ctx context.Context, p *person, near []repo.TrackingSession) ([]*hit, error) {
	if len(near) == 0 {
		return nil, nil
	}
	since, until := near[0].StartedAt, near[0].LastActivityAt
	for i := range near {
		since, until = earlier(since, near[i].StartedAt), later(until, near[i].LastActivityAt)
	}
	events, err := w.tx.SessionEvents(ctx, refsOf(near), since, until, maxRefold+1)
	if err != nil {
		return nil, err
	}
	if len(events) > maxRefold {
		return nil, errTooMany
	}
	hits := make([]*hit, len(events))
	for i := range events {
		hits[i] = storedHit(&events[i], p.websiteURL)
	}
	return hits, nil
}

// foldAnew adds up the events of a keyed session that another version has written.
func (w *writing) foldAnew(ctx context.Context, p *person, row *repo.TrackingSession) (*fold, error) {
	stored, err := w.storedHits(ctx, p, []repo.TrackingSession{*row})
	if err != nil {
		return nil, err
	}
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
