package ingest

import (
	"time"

	"github.com/microtracker/microtracker/repo"
)

// person is whoever is recognised as one, with his new events: by a stored id one visitor, without one a visitor of each
// day, of which the one before goes on while a session is open across midnight.
type person struct {
	websiteURL string
	// keys are those by which his visitors may be known.
	keys     []repo.VisitorKey
	hits     []*hit
	visitors map[string]*repo.Visitor
	timeline timeline
	// recount: sessions have changed hands, so that first and last sight are read anew.
	recount bool
	// whole are the rows that were cut anew, by what they were.
	whole map[repo.SessionRef]*repo.TrackingSession
}

// latest returns the fold of a visitor's latest session, if it has changed: nil if it has not, empty if it is not known any
// more.
func (p *person) latest(v *repo.Visitor) []byte {
	var last *session
	for _, s := range p.timeline.sessions {
		if s.visitor == v {
			last = s
		}
	}
	if p.whole == nil { // the timeline began with his latest
		if last == nil || len(last.hits) == 0 {
			return nil
		}
		return encodeLatest(last.row.ID, last.fold)
	}
	id, before, err := decodeLatest(v.Fold)
	isKnown := err == nil && p.whole[repo.SessionRef{ProjectID: v.ProjectID, ID: id}] == nil
	switch {
	case isKnown && (last == nil || last.fold.first.before(before.first)):
		return nil // it was not among those cut anew, and is later
	case last == nil:
		return []byte{}
	}
	return encodeLatest(last.row.ID, last.fold)
}

func (p *person) visitorOf(h *hit) *repo.Visitor {
	if h.from == nil {
		return p.visitorByID(h.event.VisitorID)
	}
	return p.visitors[h.visitorKey]
}

func (p *person) visitorByID(id int64) *repo.Visitor {
	for _, v := range p.visitors {
		if v.ID == id {
			return v
		}
	}
	return nil // not reached: sessions are read of his visitors only
}

// span returns the times of his earliest and his latest new event.
func (p *person) span() (since, until time.Time) {
	since, until = p.hits[0].event.CreatedAt, p.hits[0].event.CreatedAt
	for _, h := range p.hits[1:] {
		since, until = earlier(since, h.event.CreatedAt), later(until, h.event.CreatedAt)
	}
	return since, until
}

// sightings says which visitors to look for, and which to make: those by whose keys he has new events.
func (p *person) sightings() []repo.Sighting {
	sightings := make([]repo.Sighting, 0, len(p.keys))
	for _, key := range p.keys {
		sighting := repo.Sighting{VisitorKey: key, LookOnly: true}
		sighting.Since, sighting.Until = p.span()
		for _, h := range p.hits {
			if h.visitorKey == key.Key {
				sighting.LookOnly = false
			}
		}
		sightings = append(sightings, sighting)
	}
	return sightings
}

// meet gives the person a new event.
func (p *person) meet(h *hit) {
	p.hits = append(p.hits, h)
	p.addKey(h.event.ProjectID, h.visitorKey)
	for _, key := range h.linkedKeys {
		p.addKey(h.event.ProjectID, key)
	}
}

// addKey adds a key by which the person may be known.
func (p *person) addKey(projectID int64, key string) {
	for _, known := range p.keys {
		if known.Key == key {
			return
		}
	}
	p.keys = append(p.keys, repo.VisitorKey{ProjectID: projectID, Key: key})
}
