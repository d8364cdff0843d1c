package ingest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// page is a page view of a query some minutes after noon.
func page(minute int, query string) *hit {
	h := newHit(1, noon.Add(time.Duration(minute)*time.Minute), &Event{ID: uuid.New(), Type: "page_view", URL: "https://example.com/" + query}, "")
	h.from = &sender{}
	return h
}

// describe writes sessions as "source: minutes", in order.
func describe(sessions []*session) string {
	var lines []string
	for _, s := range sessions {
		s.finish()
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
	visitor := &repo.Visitor{ID: 1}
	for _, c := range []struct {
		name string
		hits []*hit
		want string
	}{
		{"a gap of 30 minutes holds", []*hit{page(0, ""), page(30, "")}, "Direct / None: 0 30"},
		{"a longer one cuts", []*hit{page(0, ""), page(31, "")}, "Direct / None: 0; Direct / None: 31"},
		{"midnight does not cut", []*hit{page(11*60+50, ""), page(12*60+10, "")}, "Direct / None: 710 730"},
		{
			"another ad begins a session",
			[]*hit{page(0, "?utm_source=google&utm_campaign_id=1"), page(1, "?utm_source=google&utm_campaign_id=2"), page(2, "")},
			"Google: 0; Google: 1 2",
		},
		{"the same ad goes on", []*hit{page(0, "?gclid=x"), page(5, "?gclid=x")}, "Direct / None: 0 5"},
		{"a direct session takes its first ad on", []*hit{page(0, ""), page(5, "?utm_source=newsletter&utm_campaign_id=3"), page(6, "")}, "newsletter: 0 5 6"},
		{"going back to the first ad's page begins another", []*hit{page(0, "?utm_campaign_id=1"), page(1, "?utm_campaign_id=2"), page(2, "?utm_campaign_id=1")}, "Direct / None: 0; Direct / None: 1; Direct / None: 2"},
		{"an unfilled macro is no ad", []*hit{page(0, "?utm_source=fb&utm_campaign_id=%7B%7Bcampaign.id%7D%7D"), page(1, "?utm_source=fb")}, "Facebook: 0 1"},
	} {
		cut := cutAll(c.hits, func(*hit) *repo.Visitor { return visitor })
		sessions := make([]*session, len(cut))
		for i, s := range cut {
			sessions[i] = s.session
		}
		if got := describe(sessions); got != c.want {
			t.Errorf("%s: cut %q, want %q", c.name, got, c.want)
		}
		line := timeline{keyed: map[string]*session{}, visitorOf: func(*hit) *repo.Visitor { return visitor }}
		for _, h := range c.hits {
			if !line.place(h) {
				t.Errorf("%s: an event in its order was not placed", c.name)
			}
		}
		if got := describe(line.sessions); got != c.want {
			t.Errorf("%s: placed %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWhatHappensOnAPageBringsNoAd(t *testing.T) {
	t.Parallel()
	first, second := page(0, "?utm_campaign_id=1"), page(1, "?utm_campaign_id=2")
	left := newHit(1, noon.Add(2*time.Minute), &Event{
		ID: uuid.New(), Type: "exit", URL: "https://example.com/?utm_campaign_id=1",
		PageViewID: uuid.NullUUID{UUID: first.id, Valid: true},
	}, "")
	left.from = &sender{}
	line := timeline{visitorOf: func(*hit) *repo.Visitor { return &repo.Visitor{} }}
	for _, h := range []*hit{first, second, left} {
		line.place(h)
	}
	if got, want := describe(line.sessions), "Direct / None: 0; Direct / None: 1 2"; got != want {
		t.Errorf("sessions = %q, want %q", got, want)
	}
}

func TestAFoldReadsWhatItWrote(t *testing.T) {
	t.Parallel()
	f := newFold(page(0, "?utm_source=mail&utm_campaign_id=1"))
	for i := range 2 * maxViews {
		view := page(i, "")
		f.add(view)
		left := newHit(1, noon.Add(time.Duration(i)*time.Minute), &Event{
			ID: uuid.New(), Type: "exit", URL: "https://example.com/", ScrollPct: new(float64(i)), EngagedMS: new(int64(i) * 1000),
			PageViewID: uuid.NullUUID{UUID: view.id, Valid: true},
		}, "")
		f.add(left)
	}
	var row, again repo.TrackingSession
	f.sums(&row)
	f.trim()
	data := f.encode()
	read, err := decodeFold(data)
	if err != nil {
		t.Fatal(err)
	}
	read.sums(&again)
	if !slices.Equal(data, read.encode()) || *row.ScrollPct != *again.ScrollPct || row.EngagedMS != again.EngagedMS || *row.PCQS != *again.PCQS {
		t.Errorf("wrote %+v, read %+v", row, again)
	}
	for length := range data {
		if _, err := decodeFold(data[:length]); err == nil {
			t.Errorf("a fold cut to %d bytes was read", length)
		}
	}
}

func FuzzDecodeFold(f *testing.F) {
	f.Add(newFold(page(0, "")).encode())
	f.Fuzz(func(_ *testing.T, data []byte) {
		if read, err := decodeFold(data); err == nil {
			read.encode()
		}
	})
}
