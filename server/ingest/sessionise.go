package ingest

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/enrich"
)

// SessionIdle is the longest gap within a session (docs/metrics.md: session).
const SessionIdle = 30 * time.Minute

// directChannel is the channel of a session that nothing is known to have led to.
const directChannel = "Direct"

// session is one of a visitor's sessions while a batch is cut.
type session struct {
	row      *repo.TrackingSession
	identity string
	// changed says that the origin is new and has to be written.
	changed bool
	hits    []*hit
}

// sessionise cuts one visitor's hits into sessions, given those that he has near them (docs/metrics.md: session):
// a hit belongs to a session without a gap over 30 minutes to it, unless it brings an ad identity that is not the
// session's own. A direct session takes its first identity on instead of ending. It returns the sessions that the
// hits fall into, new ones with ID 0.
func sessionise(near []repo.TrackingSession, hits []hit) []*session {
	sessions := make([]*session, 0, len(near)+1)
	for i := range near {
		sessions = append(sessions, &session{row: &near[i], identity: campaignOf(&near[i]).Identity()})
	}
	inTime := make([]*hit, len(hits))
	for i := range hits {
		inTime[i] = &hits[i]
	}
	slices.SortStableFunc(inTime, func(a, b *hit) int {
		return cmp.Or(a.event.CreatedAt.Compare(b.event.CreatedAt), slices.Compare(a.event.EventID[:], b.event.EventID[:]))
	})
	for _, h := range inTime {
		s := sessionOf(sessions, h)
		if s == nil {
			s = newSession(h)
			sessions = append(sessions, s)
		}
		s.add(h)
	}
	return slices.DeleteFunc(sessions, func(s *session) bool { return len(s.hits) == 0 })
}

// sessionOf returns the session that the hit continues, nil if it begins one. Of several, the one of its own identity
// is preferred, then the latest.
func sessionOf(sessions []*session, h *hit) *session {
	var found *session
	for _, s := range slices.Backward(sessions) {
		at := h.event.CreatedAt
		if at.Before(s.row.StartedAt.Add(-SessionIdle)) || at.After(s.row.LastActivityAt.Add(SessionIdle)) {
			continue
		}
		if h.identity != "" && s.identity == h.identity {
			return s
		}
		fits := h.identity == "" || s.identity == "" && s.row.Channel == directChannel
		if fits && (found == nil || s.row.StartedAt.After(found.row.StartedAt)) {
			found = s
		}
	}
	return found
}

func newSession(h *hit) *session {
	s := &session{row: &repo.TrackingSession{
		SessionKey: uuid.Must(uuid.NewV7()).String(), StartedAt: h.event.CreatedAt, LastActivityAt: h.event.CreatedAt,
	}}
	s.takeOrigin(h)
	return s
}

func (s *session) add(h *hit) {
	if h.identity != "" && s.identity == "" {
		s.takeOrigin(h)
	}
	if h.event.CreatedAt.Before(s.row.StartedAt) {
		s.row.StartedAt = h.event.CreatedAt
	}
	if h.event.CreatedAt.After(s.row.LastActivityAt) {
		s.row.LastActivityAt = h.event.CreatedAt
	}
	s.hits = append(s.hits, h)
}

func (s *session) takeOrigin(h *hit) {
	c := h.origin.campaign
	s.identity, s.changed = h.identity, true
	s.row.Source, s.row.Channel = h.origin.source, h.origin.channel
	s.row.UTMSource, s.row.UTMMedium = c.Source, c.Medium
	s.row.UTMCampaignID, s.row.UTMCampaignName = c.CampaignID, c.CampaignName
	s.row.UTMAdsetID, s.row.UTMAdsetName = c.AdsetID, c.AdsetName
	s.row.UTMAdID, s.row.UTMAdName, s.row.UTMPlacement = c.AdID, c.AdName, c.Placement
	s.row.UTMTerm, s.row.UTMContent = c.Term, c.Content
	s.row.ClickID, s.row.ClickIDKind = c.ClickID, string(c.ClickIDKind)
}

func campaignOf(s *repo.TrackingSession) enrich.Campaign {
	return enrich.Campaign{
		Source: s.UTMSource, Medium: s.UTMMedium, CampaignID: s.UTMCampaignID, CampaignName: s.UTMCampaignName,
		AdsetID: s.UTMAdsetID, AdsetName: s.UTMAdsetName, AdID: s.UTMAdID, AdName: s.UTMAdName,
		Placement: s.UTMPlacement, ClickID: s.ClickID, ClickIDKind: enrich.ClickIDKind(s.ClickIDKind),
	}
}
