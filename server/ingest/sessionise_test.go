package ingest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// page is a page view of a query some minutes after noon.
func page(minute int, query string) hit {
	return newHit(0, noon.Add(time.Duration(minute)*time.Minute), Event{ID: uuid.New(), Type: "page_view", URL: "https://example.com/" + query}, "")
}

// describe writes sessions as "source: minutes", in order.
func describe(sessions []*session) string {
	var lines []string
	for _, s := range sessions {
		var minutes []string
		for _, h := range s.hits {
			minutes = append(minutes, fmt.Sprint(h.event.CreatedAt.Sub(noon).Minutes()))
		}
		lines = append(lines, s.row.Source+": "+strings.Join(minutes, " "))
	}
	return strings.Join(lines, "; ")
}

func TestSessionsAreCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		hits []hit
		want string
	}{
		{"a gap of 30 minutes holds", []hit{page(0, ""), page(30, "")}, "Direct / None: 0 30"},
		{"a longer one cuts", []hit{page(0, ""), page(31, "")}, "Direct / None: 0; Direct / None: 31"},
		{"midnight does not cut", []hit{page(11*60+50, ""), page(12*60+10, "")}, "Direct / None: 710 730"},
		{"order does not matter", []hit{page(20, ""), page(0, ""), page(40, "")}, "Direct / None: 0 20 40"},
		{
			"another ad begins a session",
			[]hit{page(0, "?utm_source=google&utm_campaign_id=1"), page(1, "?utm_source=google&utm_campaign_id=2"), page(2, "")},
			"Google: 0; Google: 1 2",
		},
		{"the same ad goes on", []hit{page(0, "?gclid=x"), page(5, "?gclid=x")}, "Direct / None: 0 5"},
		{"a direct session takes its first ad on", []hit{page(0, ""), page(5, "?utm_source=newsletter&utm_campaign_id=3"), page(6, "")}, "newsletter: 0 5 6"},
		{"going back to the first ad's page goes back to its session", []hit{page(0, "?utm_campaign_id=1"), page(1, "?utm_campaign_id=2"), page(2, "?utm_campaign_id=1")}, "Direct / None: 0 2; Direct / None: 1"},
		{"an unfilled macro is no ad", []hit{page(0, "?utm_source=fb&utm_campaign_id=%7B%7Bcampaign.id%7D%7D"), page(1, "?utm_source=fb")}, "Facebook: 0 1"},
	} {
		if got := describe(sessionise(nil, c.hits)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAHitContinuesAStoredSession(t *testing.T) {
	t.Parallel()
	stored := []repo.TrackingSession{
		{ID: 1, Source: "Google", Channel: "Paid Search", UTMSource: "google", UTMCampaignID: "1", StartedAt: noon, LastActivityAt: noon},
		{ID: 2, Source: "Direct / None", Channel: "Direct", StartedAt: noon.Add(50 * time.Minute), LastActivityAt: noon.Add(50 * time.Minute)},
	}
	for _, c := range []struct {
		hit  hit
		want int64 // session id, 0 for a new one
	}{
		{page(10, ""), 1},
		{page(25, ""), 2}, // both are near: the later one
		{page(25, "?utm_source=google&utm_campaign_id=1"), 1},
		{page(60, "?utm_source=google&utm_campaign_id=9"), 2}, // direct takes it on
		{page(10, "?utm_source=google&utm_campaign_id=9"), 0},
		{page(90, ""), 0},
	} {
		near := append([]repo.TrackingSession(nil), stored...)
		got := sessionise(near, []hit{c.hit})
		if len(got) != 1 || got[0].row.ID != c.want {
			t.Errorf("%s at %v: session %d, want %d", c.hit.event.URL, c.hit.event.CreatedAt, got[0].row.ID, c.want)
		}
	}
}
