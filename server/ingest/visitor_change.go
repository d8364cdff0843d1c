package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/microtracker/microtracker/repo"
)

// visitorChange is what a visitor's new events say of him.
type visitorChange struct {
	row *repo.VisitorChange
	// latest is the moment of the latest new event.
	latest moment
	// known is what is stored of him.
	known *repo.Visitor
	// last is his latest new session that came from a campaign.
	last *session
	// campaigns: his first and last campaign have to be read from his sessions.
	campaigns bool
}

// change returns the entry of a visitor, making it.
func (w *writing) change(v *repo.Visitor) *visitorChange {
	c := w.changed[v]
	if c == nil {
		c = &visitorChange{known: v, row: &repo.VisitorChange{Visitor: &repo.Visitor{
			ID: v.ID, ProjectID: v.ProjectID, VisitorKey: v.VisitorKey, FirstSeenAt: v.FirstSeenAt, LastSeenAt: v.LastSeenAt,
		}}}
		w.changed[v] = c
	}
	return c
}

// came notes a session that comes from a campaign. A new one after all that he had is his last; of any other his sessions
// have to say which is first and last.
func (c *visitorChange) came(s *session) {
	v := c.row.Visitor
	switch {
	case !s.isNew || s.row.IsKeyed || c.known.SessionsCount > 0 && !s.row.StartedAt.After(c.known.LastSeenAt):
		c.campaigns = true
	case c.last != nil && !s.fold.first.time().After(c.last.fold.last.time()):
		c.campaigns = true
	default:
		utm := utmJSON(s.row)
		if v.FirstUTM == nil {
			v.FirstUTM = utm
		}
		v.LastUTM, c.last = utm, s
	}
}

// utmJSON is a session's campaign as visitors.first_utm and last_utm keep it.
func utmJSON(row *repo.TrackingSession) json.RawMessage {
	fields := map[string]string{}
	for _, field := range []struct{ name, value string }{
		{"utm_source", row.UTMSource},
		{"utm_medium", row.UTMMedium},
		{"utm_campaign_id", row.UTMCampaignID},
		{"utm_campaign_name", row.UTMCampaignName},
		{"utm_adset_id", row.UTMAdsetID},
		{"utm_adset_name", row.UTMAdsetName},
		{"utm_ad_id", row.UTMAdID},
		{"utm_ad_name", row.UTMAdName},
		{"utm_placement", row.UTMPlacement},
		{"utm_term", row.UTMTerm},
		{"utm_content", row.UTMContent},
		{cmp.Or(row.ClickIDKind, "click_id"), row.ClickID},
	} {
		if field.value != "" {
			fields[field.name] = field.value
		}
	}
	text, _ := json.Marshal(fields) // texts marshal
	return text
}

// see notes a new event: what it says of the browser counts if it is the latest.
func (c *visitorChange) see(h *hit) {
	v, client := c.row.Visitor, &h.from.client
	v.FirstSeenAt, v.LastSeenAt = earlier(v.FirstSeenAt, h.event.CreatedAt), later(v.LastSeenAt, h.event.CreatedAt)
	v.IsBot = v.IsBot || h.botReason != ""
	if h.before(c.latest) {
		return
	}
	c.latest, c.row.LatestAt = h.moment, h.event.CreatedAt
	v.Timezone = cmp.Or(client.Timezone, v.Timezone)
	v.ViewportW, v.ViewportH = cmp.Or(int(client.ViewportW), v.ViewportW), cmp.Or(int(client.ViewportH), v.ViewportH)
	v.UserAgent = cmp.Or(client.UserAgent, v.UserAgent)
}

// collectVisitors writes down what changes for a person's visitors. One without a session is none: he was made for an event
// that a session of the day before has taken.
func (w *writing) collectVisitors(p *person) {
	for _, key := range p.keys {
		v := p.visitors[key.Key]
		if v == nil {
			continue
		}
		if latest := p.latest(v); latest != nil {
			w.change(v).row.Fold = latest
		}
		c := w.changed[v]
		added := 0
		if c != nil {
			added = c.row.SessionsAdded
		}
		if v.SessionsCount+added == 0 {
			w.changes.Unseen = append(w.changes.Unseen, v)
			continue
		}
		if c != nil {
			w.changes.Visitors = append(w.changes.Visitors, *c.row)
		}
		switch {
		case p.recount:
			w.changes.Recount = append(w.changes.Recount, v)
		case c != nil && c.campaigns:
			w.changes.Campaigns = append(w.changes.Campaigns, v)
		}
	}
}

// giveID gives a new session its id.
func (w *writing) giveID(ctx context.Context, s *session) error {
	if s.row.ID != 0 {
		return nil
	}
	id, err := w.tx.SessionID(ctx)
	s.row.ID = id
	return err
}

// mergeAds makes one of several sightings of an ad and puts the ads into the order of their keys: the latest names count.
func mergeAds(ads []*repo.Ad) []*repo.Ad {
	slices.SortStableFunc(ads, func(a, b *repo.Ad) int {
		return cmp.Or(cmp.Compare(a.ProjectID, b.ProjectID), cmp.Compare(a.AdID, b.AdID), a.LastSeenAt.Compare(b.LastSeenAt))
	})
	merged := ads[:0]
	for _, ad := range ads {
		n := len(merged)
		if n == 0 || merged[n-1].ProjectID != ad.ProjectID || merged[n-1].AdID != ad.AdID {
			merged = append(merged, ad)
			continue
		}
		before := merged[n-1]
		ad.CampaignID, ad.CampaignName = cmp.Or(ad.CampaignID, before.CampaignID), cmp.Or(ad.CampaignName, before.CampaignName)
		ad.AdsetID, ad.AdsetName = cmp.Or(ad.AdsetID, before.AdsetID), cmp.Or(ad.AdsetName, before.AdsetName)
		ad.AdName, ad.Placement = cmp.Or(ad.AdName, before.AdName), cmp.Or(ad.Placement, before.Placement)
		ad.FirstSeenAt = before.FirstSeenAt
		merged[n-1] = ad
	}
	return merged
}
