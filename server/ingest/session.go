package ingest

import (
	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/enrich"
)

// session is one of a visitor's sessions while new events are put into it.
type session struct {
	row  *repo.TrackingSession
	fold *fold
	// visitor is whose it is.
	visitor *repo.Visitor
	// isNew: there is no row yet. isWhole: row has all its columns.
	isNew, isWhole bool
	// hits are its new events.
	hits []*hit
	// beginsEarlier: a new event comes before all that were stored.
	beginsEarlier bool
	// originHit, entryHit and exitHit are the new events that its origin, its entry and its exit are now read from.
	originHit, entryHit, exitHit *hit
}

// latestSession is the visitor's latest session, as his row has it.
func latestSession(visitor *repo.Visitor) (*session, error) {
	id, f, err := decodeLatest(visitor.Fold)
	row := &repo.TrackingSession{ID: id, ProjectID: visitor.ProjectID, VisitorID: visitor.ID}
	return &session{row: row, visitor: visitor, fold: f}, err
}

// loadedSession is a session that a key holds together.
func loadedSession(row *repo.TrackingSession, visitor *repo.Visitor) (*session, error) {
	f, err := decodeFold(row.Fold)
	return &session{row: row, visitor: visitor, fold: f}, err
}

func newSession(h *hit, visitor *repo.Visitor) *session {
	s := &session{isNew: true, isWhole: true, visitor: visitor, row: &repo.TrackingSession{ProjectID: h.event.ProjectID}}
	if h.sessionKey != "" {
		s.row.SessionKey, s.row.IsKeyed = h.sessionKey, true
	} else {
		s.row.SessionKey = uuid.Must(uuid.NewV7()).String()
	}
	s.fold = newFold(h)
	s.originHit = h
	s.note(h)
	return s
}

// add puts a new event into the session.
func (s *session) add(h *hit) {
	if s.fold.takesOn(h) {
		s.fold.takeOrigin(h)
		s.originHit = h
	}
	s.fold.add(h)
	s.note(h)
}

// note remembers what of the row has to be read from this event.
func (s *session) note(h *hit) {
	s.beginsEarlier = s.beginsEarlier || s.fold.first == h.moment
	if s.fold.entry == h.moment {
		s.entryHit = h
	}
	if s.fold.exit == h.moment && h.rank == 0 {
		s.exitHit = h
	}
	if h.from != nil {
		s.hits = append(s.hits, h)
	}
}

// needsWhole reports whether more than the sums of a session have changed, so that its row has to be read whole first.
func (s *session) needsWhole() bool {
	return !s.isWhole && (s.beginsEarlier || s.originHit != nil || s.entryHit != nil || s.exitHit != nil && s.exitHit.event.Path == "")
}

// finish writes into the row what the events say.
func (s *session) finish() {
	row := s.row
	row.VisitorID = s.visitor.ID
	s.fold.sums(row)
	s.fold.trim()
	row.Fold = nil
	if row.IsKeyed {
		row.Fold = s.fold.encode()
	}
	if s.originHit != nil {
		s.takeOrigin(&s.originHit.origin)
	}
	if s.entryHit != nil {
		row.LandingURL, row.LandingReferrer = s.entryHit.event.URL, s.entryHit.event.Referrer
		row.EntryPath = ""
		if s.entryHit.rank == 0 {
			row.EntryPath = s.entryHit.event.Path
		}
	}
	if s.exitHit != nil {
		row.ExitPath = s.exitHit.event.Path
	}
	for _, h := range s.hits {
		if s.isNew && row.Device == "" {
			device := &h.from.device
			row.Device, row.Browser, row.BrowserVersion = device.Device, device.Browser, device.BrowserVersion
			row.OS, row.OSVersion = device.OS, device.OSVersion
			row.Country, row.Region = h.from.country, h.from.region
		}
		if h.botReason != "" && !row.IsBot {
			row.IsBot, row.BotReason = true, h.botReason
		}
	}
}

func (s *session) takeOrigin(o *origin) {
	c, row := &o.campaign, s.row
	row.Source, row.Channel, row.SearchTerm, row.HasMacro = o.source, o.channel, o.searchTerm, c.HasMacro
	row.UTMSource, row.UTMMedium = c.Source, c.Medium
	row.UTMCampaignID, row.UTMCampaignName = c.CampaignID, c.CampaignName
	row.UTMAdsetID, row.UTMAdsetName = c.AdsetID, c.AdsetName
	row.UTMAdID, row.UTMAdName, row.UTMPlacement = c.AdID, c.AdName, c.Placement
	row.UTMTerm, row.UTMContent = c.Term, c.Content
	row.ClickID, row.ClickIDKind = c.ClickID, string(c.ClickIDKind)
}

// hasCampaign reports whether the session has an origin that visitors.first_utm and last_utm are about.
func hasCampaign(o *origin) bool {
	c := o.campaign
	c.HasMacro = false
	return c != enrich.Campaign{}
}

// adOf is the ad that the session came from, nil if it names none.
func (s *session) adOf() *repo.Ad {
	c := &s.originHit.origin.campaign
	if c.AdID == "" {
		return nil
	}
	return &repo.Ad{
		ProjectID: s.row.ProjectID, AdID: c.AdID, Platform: enrich.AdPlatform(*c), CampaignID: c.CampaignID,
		CampaignName: c.CampaignName, AdsetID: c.AdsetID, AdsetName: c.AdsetName, AdName: c.AdName, Placement: c.Placement,
		FirstSeenAt: s.originHit.event.CreatedAt, LastSeenAt: s.originHit.event.CreatedAt,
	}
}
