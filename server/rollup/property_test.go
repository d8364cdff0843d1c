package rollup_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/ingest"
)

// randomVisits is what one visitor does in some days: gaps just below and above half an hour, ads, searches, clicks, forms,
// and visits across midnight.
func randomVisits(random *rand.Rand, since time.Time, views int) []ingest.Event {
	at := since.Add(time.Duration(random.IntN(48*60)) * time.Minute)
	var events []ingest.Event
	for range views {
		at = at.Add([]time.Duration{0, time.Second, 5 * time.Minute, 29 * time.Minute, 31 * time.Minute, 5 * time.Hour, 11 * time.Hour}[random.IntN(7)])
		page := view([]string{"/", "/a", "/b?utm_source=mail&utm_campaign=x", "/b?utm_source=post&utm_campaign=y", "/c"}[random.IntN(5)], at)
		if random.IntN(5) == 0 {
			page.Referrer = "https://www.google.com/"
		}
		events = append(events, page)
		for range random.IntN(4) {
			after := time.Duration(random.IntN(1200)) * time.Second
			switch random.IntN(6) {
			case 0, 1:
				events = append(events, exit(page, after, float64(random.IntN(101)), time.Duration(random.IntN(60))*time.Second))
			case 2:
				events = append(events, on(page, "click", "Buy", after))
			case 3:
				marked := on(page, "click", []string{"Buy", "Try"}[random.IntN(2)], after)
				marked.Meta = []byte(`{"cta": true}`)
				events = append(events, marked)
			case 4:
				events = append(events, on(page, "form_start", "Order", after), on(page, "form_submit", "Order", after+time.Second))
			case 5:
				events = append(events, ingest.Event{ID: uuid.New(), Type: "custom", Name: "thought", URL: page.URL, At: page.At.Add(after)})
				if random.IntN(2) == 0 { // of no page
					events[len(events)-1].URL = ""
				}
			}
		}
	}
	return events
}

func TestRollupsEqualARecountWhateverHappensMeanwhile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, now string }{
		{"UTC", "2026-10-26T15:00:00Z"},
		{"Europe/Berlin", "2026-10-26T15:00:00Z"},
		{"Asia/Kolkata", "2026-10-26T15:00:00Z"},
		{"Australia/Lord_Howe", "2026-10-05T03:00:00Z"},
		{"America/St_Johns", "2026-11-02T15:00:00Z"},
		{"Asia/Beirut", "2026-10-26T01:00:00Z"},
		{"Asia/Beirut", "2026-03-30T01:00:00Z"},
	} {
		t.Run(c.zone+" "+c.now, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, c.now)
			if err != nil {
				t.Fatal(err)
			}
			w := setup(t, c.zone, now)
			keys := w.storm(t)
			w.refresh(t)
			if got := w.markedDays(t); len(got) != 0 {
				t.Errorf("marked are %v", got)
			}
			w.expectRecount(t, "refreshed", keys...)
			for i := range 6 {
				if err := w.refresher.Rebuild(t.Context(), w.project.ID, dayIn(now.AddDate(0, 0, -i), w.zone)); err != nil {
					t.Fatal(err)
				}
			}
			w.expectRecount(t, "rebuilt", keys...)
		})
	}
}

// storm lets visitors come, late, in any order, twice, as bots and to be erased, while days are refreshed and rebuilt.
// It returns the keys of all of them.
func (w *world) storm(t *testing.T) []string {
	t.Helper()
	var keys []string
	var senders, refreshers sync.WaitGroup
	done := make(chan struct{})
	turns := make(chan struct{}, 6)
	for i := range 24 {
		random := rand.New(rand.NewPCG(uint64(i), uint64(w.now.Unix())))
		key := fmt.Sprint("visitor ", i)
		keys = append(keys, key)
		senders.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			events := randomVisits(random, w.now.AddDate(0, 0, -4), 2+random.IntN(12))
			if random.IntN(2) == 0 {
				random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			}
			for piece := range slices.Chunk(events, 1+random.IntN(4)) {
				agent := []string{chrome, iphone}[i%2]
				if random.IntN(15) == 0 {
					agent = googlebot
				}
				for range 1 + random.IntN(5)/4 {
					if err := w.sends(t.Context(), visitor(key, agent), piece...); err != nil {
						t.Error(err)
					}
				}
				if random.IntN(40) == 0 {
					if _, err := w.project.EraseVisitor(t.Context(), repo.VisitorRef{Key: key}, w.now); err != nil && !errors.Is(err, repo.ErrNotFound) {
						t.Error(err)
					}
				}
			}
		})
	}
	for i := range 2 {
		random := rand.New(rand.NewPCG(uint64(i), 77))
		refreshers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				err := w.refresher.Refresh(t.Context(), w.project.ID, nil)
				if err == nil && random.IntN(4) == 0 {
					err = w.refresher.Rebuild(t.Context(), w.project.ID, dayIn(w.now.AddDate(0, 0, -random.IntN(4)), w.zone))
				}
				if err != nil && !errors.Is(err, repo.ErrTryAgain) {
					t.Error(err)
					return
				}
			}
		})
	}
	senders.Wait()
	close(done)
	refreshers.Wait()
	return keys
}
