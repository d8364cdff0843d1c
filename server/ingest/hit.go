package ingest

import (
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/enrich"
)

// hit is an event with what it says of the session that it belongs to.
type hit struct {
	moment

	event    repo.Event
	origin   origin
	identity identity
	// from is who sent it; nil for an event that was stored before.
	from *sender
	// visitorKey is the key by which the event would make a visitor.
	visitorKey string
	// sessionKey holds its session together, if a server gave one.
	sessionKey string
	// botReason is why the sender is taken for a bot, empty for a person.
	botReason string
	// linkedKeys are those of the visitors whose sessions the event may be part of, too.
	linkedKeys []string
	// stored: the transaction stored the event; else it was there before.
	stored bool
	// refusal is set when the event cannot be stored at all.
	refusal Receipt
}

// origin is where a session comes from.
type origin struct {
	campaign        enrich.Campaign
	source, channel string
	searchTerm      string
}

// directChannel is the channel of a session that nothing is known to have led to.
const directChannel = "Direct"

// newHit cleans what the event carries and reads its origin from the address and the referrer.
func newHit(projectID int64, at time.Time, e *Event, websiteURL string) *hit {
	h := &hit{event: repo.Event{
		ProjectID: projectID, EventID: e.ID, CreatedAt: at, EventType: e.Type, Name: enrich.FixText(e.Name, 255),
		Selector: enrich.FixText(e.Selector, 255), Title: enrich.FixText(e.Title, 1024),
		ScrollPct: e.ScrollPct, X: e.X, Y: e.Y, Meta: e.Meta, PageViewID: e.PageViewID, EngagedMS: e.EngagedMS,
		Value: e.Value, Currency: e.Currency,
	}}
	if h.event.Name == "" {
		h.event.Name = e.Type
	}
	h.readOrigin(e.URL, e.Referrer, websiteURL)
	h.moment = momentOf(&h.event)
	return h
}

// storedHit reads anew what newHit read from an event that is stored.
func storedHit(e *repo.Event, websiteURL string) *hit {
	h := &hit{event: *e}
	h.readOrigin(e.URL, e.Referrer, websiteURL)
	h.moment = momentOf(&h.event)
	return h
}

// readOrigin is the same for an address and for what CleanURL makes of it.
func (h *hit) readOrigin(rawURL, rawReferrer, websiteURL string) {
	var ownHost string
	if page, err := enrich.CleanURL(rawURL); err == nil {
		h.event.URL, h.event.Path = page.URL, page.Path
		h.origin.campaign = enrich.ParseCampaign(page.Query)
		ownHost = page.Host
	} else {
		ownHost = hostOf(websiteURL)
	}
	referrer := enrich.ParseReferrer(rawReferrer, ownHost)
	h.event.Referrer = enrich.CleanReferrer(rawReferrer)
	if h.event.EventType == pageViewType || !h.event.PageViewID.Valid {
		// What happens on a page brings nobody: its page view has. So two tabs of two ads do not cut each other's sessions.
		h.identity = identityOf(h.origin.campaign.Identity())
	}
	h.origin.source = enrich.Source(h.origin.campaign, referrer)
	h.origin.channel = enrich.Channel(h.origin.campaign, referrer)
	h.origin.searchTerm = enrich.SearchTerm(rawReferrer)
}

func hostOf(rawURL string) string {
	page, err := enrich.CleanURL(rawURL)
	if err != nil {
		return ""
	}
	return page.Host
}
