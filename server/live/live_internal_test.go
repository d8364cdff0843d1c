package live

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
)

// site is a project with one session, whose events a test stores behind the program's back.
type site struct {
	url     string
	project *repo.Project
}

func newSite(t *testing.T) *site {
	t.Helper()
	url := repotest.DatabaseURL(t)
	s := &site{url: url, project: repotest.Project(t, repotest.Open(t, url))}
	repotest.Exec(t, url, `INSERT INTO visitors (id, project_id, visitor_key, first_seen_at, last_seen_at) VALUES (1, $1, 'v', now(), now())`, s.project.ID)
	repotest.Exec(t, url, `INSERT INTO tracking_sessions (id, project_id, visitor_id, session_key, started_at, last_activity_at, source, country, device)
		VALUES (1, $1, 1, 's', now(), now(), 'Google', 'DE', 'desktop')`, s.project.ID)
	return s
}

// pageView inserts a page view of the session that happened so long ago.
func (s *site) pageView(path string, ago time.Duration) string {
	return fmt.Sprintf(`INSERT INTO events (project_id, session_id, visitor_id, event_type, name, path, created_at, event_id)
		VALUES (%d, 1, 1, 'page_view', 'page_view', '%s', now() - interval '%d seconds', '%s')`,
		s.project.ID, path, int(ago.Seconds()), uuid.New())
}

// hub is a replica that looks by itself only when refresh says so.
func (s *site) hub(t *testing.T, refresh time.Duration) *Hub {
	t.Helper()
	h := NewHub(Config{
		Store: repotest.Open(t, s.url), Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), Every: 10 * time.Millisecond, Refresh: refresh,
	})
	t.Cleanup(h.Close)
	return h
}

// next waits for the next message.
func next(t *testing.T, w *Watcher) Message {
	t.Helper()
	for {
		select {
		case <-w.News():
		case <-time.After(30 * time.Second):
			t.Fatal("the watcher is told nothing")
		}
		if message, tooSlow, ok := w.Take(); tooSlow {
			t.Fatal("the watcher is too slow")
		} else if ok {
			return message
		}
	}
}

// paths are those of the events of the next message that has any.
func paths(t *testing.T, w *Watcher) []string {
	t.Helper()
	for {
		if message := next(t, w); len(message.Events) > 0 {
			list := make([]string, len(message.Events))
			for i := range message.Events {
				list[i] = message.Events[i].Path
			}
			return list
		}
	}
}

func TestACommitOnOneReplicaIsSeenOnAnother(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		refresh time.Duration
		tell    bool
	}{
		"told of it":             {refresh: time.Hour, tell: true},
		"looking now and then":   {refresh: 50 * time.Millisecond},
		"told while also asking": {refresh: 50 * time.Millisecond, tell: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			here, there := s.hub(t, time.Hour), s.hub(t, test.refresh)
			w := there.Watch(s.project, nil)
			defer w.Close()
			next(t, w)
			repotest.Exec(t, s.url, s.pageView("/a", 0))
			if test.tell {
				here.Changed(s.project.ID)
			}
			for {
				message := next(t, w)
				if len(message.Events) == 0 {
					continue
				}
				event := message.Events[0]
				if event.Path != "/a" || event.Source != "Google" || event.Country != "DE" || event.Device != "desktop" {
					t.Errorf("event = %+v", event)
				}
				if message.Visitors != 1 || message.Pageviews != 1 || len(message.Minutes) != Minutes || message.Minutes[Minutes-1].Pageviews+message.Minutes[Minutes-2].Pageviews != 1 {
					t.Errorf("message = %+v", message)
				}
				for kind, shares := range map[string][]repo.LiveShare{"/a": message.Pages, "Google": message.Sources, "DE": message.Countries} {
					if diff := cmp.Diff([]repo.LiveShare{{Name: kind, Visitors: 1}}, shares); diff != "" {
						t.Error(diff)
					}
				}
				return
			}
		})
	}
}

func TestEventsAreToldInTheOrderInWhichTheyCanBeReliedOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.hub(t, 20*time.Millisecond).Watch(s.project, nil)
	defer w.Close()
	next(t, w)
	release := repotest.Hold(t, s.url, s.pageView("/withdrawn", 0))
	repotest.Exec(t, s.url, "BEGIN; "+s.pageView("/first", 0)+"; "+s.pageView("/second", 0)+"; COMMIT")
	for message := next(t, w); message.Pageviews != 2; message = next(t, w) {
		if len(message.Events) > 0 {
			t.Fatalf("events = %+v", message.Events)
		}
	}
	if message := next(t, w); len(message.Events) > 0 {
		t.Errorf("an event is told before one with a lower id can be seen: %+v", message.Events)
	}
	release()
	if diff := cmp.Diff([]string{"/first", "/second"}, paths(t, w)); diff != "" {
		t.Error(diff)
	}
}

// TestAWatcherWhoComesAgainMissesNothing has writers that commit out of order, and a watcher who changes between two replicas.
func TestAWatcherWhoComesAgainMissesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	hubs := []*Hub{s.hub(t, 20*time.Millisecond), s.hub(t, 20*time.Millisecond)}
	for _, h := range hubs {
		h.keep = 1000                    // all: a slow machine looks rarely
		next(t, h.Watch(s.project, nil)) // somebody else watches, so that the rooms have looked before he comes
	}
	var told []string
	var cursor *int64
	for round := range 8 {
		var writers sync.WaitGroup
		for writer := range 4 {
			writers.Go(func() {
				inserts := make([]string, MaxEvents/4) // in one transaction
				for i := range inserts {
					inserts[i] = s.pageView(fmt.Sprintf("/%d/%d/%d", round, writer, i), 0)
				}
				repotest.Exec(t, s.url, strings.Join(inserts, "; "))
			})
		}
		for len(told) < (round+1)*MaxEvents && !t.Failed() {
			w := hubs[rand.IntN(2)].Watch(s.project, cursor)
			for range 1 + rand.IntN(3) {
				message := next(t, w)
				for i := range message.Events {
					told = append(told, message.Events[i].Path)
				}
				cursor = &message.Cursor
			}
			w.Close()
		}
		writers.Wait()
	}
	if diff := cmp.Diff(repotest.Texts(t, s.url, "SELECT path FROM events ORDER BY id"), told); diff != "" {
		t.Errorf("(-stored +told):\n%s", diff)
	}
}

func TestOfManyEventsASampleIsTold(t *testing.T) {
	t.Parallel()
	const many = 1000
	s := newSite(t)
	h := s.hub(t, time.Hour)
	w := h.Watch(s.project, nil)
	defer w.Close()
	next(t, w)
	repotest.Exec(t, s.url, s.pageView("/first", 0))
	h.Changed(s.project.ID)
	before := next(t, w)
	for len(before.Events) == 0 {
		before = next(t, w)
	}
	repotest.Exec(t, s.url, fmt.Sprintf(`INSERT INTO events (project_id, session_id, visitor_id, event_type, name, path, created_at, event_id)
		SELECT %d, 1, 1, 'page_view', 'x', '/' || n, now(), gen_random_uuid() FROM generate_series(1, %d) AS n`, s.project.ID, many))
	h.Changed(s.project.ID)
	message := next(t, w)
	for len(message.Events) == 0 {
		message = next(t, w)
	}
	if len(message.Events) != MaxEvents || message.Skipped != many-MaxEvents || message.Events[MaxEvents-1].Path != fmt.Sprintf("/%d", many) {
		t.Errorf("%d events, %d skipped; want %d, %d", len(message.Events), message.Skipped, MaxEvents, many-MaxEvents)
	}
	// Who comes again to a replica that has not looked yet is told of those he missed, as many of them as are kept.
	other := s.hub(t, time.Hour).Watch(s.project, &before.Cursor)
	defer other.Close()
	events, skipped := 0, 0
	for events+skipped < many {
		message := next(t, other)
		events, skipped = events+len(message.Events), skipped+int(message.Skipped)
		if len(message.Events) > MaxEvents || skipped > many-maxFirst+1 {
			t.Fatalf("%d events, %d skipped", len(message.Events), skipped)
		}
	}
}

func TestAllWatchersShareOneLook(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	h := s.hub(t, time.Hour)
	watchers := make([]*Watcher, 1000)
	for i := range watchers {
		watchers[i] = h.Watch(s.project, nil)
	}
	first := next(t, watchers[0])
	if h.Watchers() != len(watchers) || len(h.rooms) != 1 {
		t.Errorf("%d watchers in %d rooms", h.Watchers(), len(h.rooms))
	}
	for _, w := range watchers[1:] {
		if message := next(t, w); message.Snapshot != first.Snapshot {
			t.Fatal("a watcher has a look of his own")
		}
	}
	for _, w := range watchers {
		w.Close()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.rooms) != 0 || h.deaf != nil {
		t.Error("nobody watches, and somebody is looked for")
	}
}

func TestTheSlowAreToldSoAndHoldNobodyUp(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var mu sync.Mutex
	now := time.Now()
	h := NewHub(Config{Store: repotest.Open(t, s.url), Every: time.Millisecond, Refresh: time.Hour, Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}})
	t.Cleanup(h.Close)
	slow, quick := h.Watch(s.project, nil), h.Watch(s.project, nil)
	defer slow.Close()
	defer quick.Close()
	next(t, slow)
	next(t, quick)
	repotest.Exec(t, s.url, s.pageView("/missed", 0))
	h.Changed(s.project.ID)
	if diff := cmp.Diff([]string{"/missed"}, paths(t, quick)); diff != "" {
		t.Error(diff)
	}
	mu.Lock()
	now = now.Add(Window + grace + time.Minute)
	mu.Unlock()
	h.Changed(s.project.ID)
	message := next(t, quick)
	for message.Visitors > 0 {
		message = next(t, quick)
	}
	if _, tooSlow, _ := slow.Take(); !tooSlow {
		t.Error("a watcher who missed an event is not told so")
	}
	if message = next(t, h.Watch(s.project, nil)); len(message.Events) > 0 {
		t.Errorf("events from before the window: %+v", message.Events)
	}
}

func TestAClosedHubEnds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	h := s.hub(t, time.Hour)
	w := h.Watch(s.project, nil)
	next(t, w)
	h.Changed(s.project.ID)
	h.Close() // waits for all that was begun
	h.Changed(s.project.ID)
	w.Close()
	h.Watch(s.project, nil).Close()
	h.Close()
}
