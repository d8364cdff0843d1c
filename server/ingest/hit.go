package ingest

import (
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/enrich"
)

// hit is an event with what it says of the session that it belongs to.
type hit struct {
	// index is the event's place in the batch.
	index int
	event repo.Event
	// identity is the ad or campaign that the event's address carries, empty if none.
	identity string
	origin   origin
}

// origin is where a session comes from.
type origin struct {
	campaign        enrich.Campaign
	source, channel string
}

// newHit cleans what the event carries and reads its origin from the address and the referrer.
func newHit(index int, at time.Time, e Event, websiteURL string) hit {
	h := hit{index: index, event: repo.Event{
		EventID: e.ID, CreatedAt: at, EventType: e.Type, Name: enrich.FixText(e.Name, 255),
		Selector: enrich.FixText(e.Selector, 255), Title: enrich.FixText(e.Title, 1024),
		ScrollPct: e.ScrollPct, X: e.X, Y: e.Y, Meta: e.Meta, PageViewID: e.PageViewID, EngagedMS: e.EngagedMS,
	}}
	if h.event.Name == "" {
		h.event.Name = e.Type
	}
	ownHost := hostOf(websiteURL)
	if page, err := enrich.CleanURL(e.URL); err == nil {
		h.event.URL, h.event.Path = page.URL, page.Path
		h.origin.campaign = enrich.ParseCampaign(page.Query)
		ownHost = page.Host
	}
	referrer := enrich.ParseReferrer(e.Referrer, ownHost)
	if cleaned, err := enrich.CleanURL(e.Referrer); err == nil {
		h.event.Referrer = cleaned.URL
	}
	h.identity = h.origin.campaign.Identity()
	h.origin.source = enrich.Source(h.origin.campaign, referrer)
	h.origin.channel = enrich.Channel(h.origin.campaign, referrer)
	return h
}

func hostOf(rawURL string) string {
	page, err := enrich.CleanURL(rawURL)
	if err != nil {
		return ""
	}
	return page.Host
}
