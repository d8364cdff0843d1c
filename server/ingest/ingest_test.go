package ingest_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/ingest"
)

const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// setup makes an ingester of its own clock and a project.
func setup(t *testing.T) world {
	t.Helper()
	url := repotest.DatabaseURL(t)
	store := repotest.Open(t, url)
	project := repotest.Project(t, store)
	inbox, err := store.OpenInbox(t.Context(), project.PublicKey, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	now := noon
	ingester := ingest.New(ingest.Config{Store: store, Now: func() time.Time { return now }})
	t.Cleanup(ingester.Close)
	return world{ingester: ingester, inbox: inbox, project: project, url: url, now: &now}
}

type world struct {
	ingester *ingest.Ingester
	inbox    *repo.Inbox
	project  *repo.Project
	// url is the database's.
	url string
	now *time.Time
}

func view(path string, at time.Time) ingest.Event {
	return ingest.Event{ID: uuid.New(), Type: "page_view", URL: "https://example.com" + path, At: at}
}

func client(address string) ingest.Client {
	return ingest.Client{IP: netip.MustParseAddr(address), UserAgent: chrome}
}

func (w world) send(t *testing.T, c ingest.Client, events ...ingest.Event) []ingest.Receipt {
	t.Helper()
	receipts, err := w.ingester.Ingest(t.Context(), w.inbox, &ingest.Batch{Client: c, Events: events})
	if err != nil {
		t.Fatal(err)
	}
	return receipts
}

func TestParallelTabsShareOneSession(t *testing.T) {
	t.Parallel()
	w := setup(t)
	const tabs, views = 8, 10
	visitor := client("192.0.2.1")
	visitor.VisitorKey = "anna"
	var wg sync.WaitGroup
	for range tabs {
		wg.Go(func() {
			for i := range views {
				if _, err := w.ingester.Ingest(t.Context(), w.inbox, &ingest.Batch{Client: visitor, Events: []ingest.Event{view(fmt.Sprintf("/%d", i), noon)}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	found, err := w.project.VisitorByKey(t.Context(), "anna")
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := w.project.TrackingSessions(t.Context(), found.ID, 10)
	if err != nil || len(sessions) != 1 || sessions[0].Pageviews != tabs*views || found.SessionsCount != 1 {
		t.Fatalf("sessions = %+v, count %d, %v; want one of %d page views", sessions, found.SessionsCount, err, tabs*views)
	}
}

func TestACookielessVisitorIsKnownForADay(t *testing.T) {
	t.Parallel()
	w := setup(t)
	count := func() float64 {
		live, err := w.project.Live(t.Context(), noon.AddDate(0, 0, -1), 10)
		if err != nil {
			t.Fatal(err)
		}
		return float64(live.Visitors)
	}
	w.send(t, client("192.0.2.1"), view("/", noon))
	w.send(t, client("192.0.2.1"), view("/", noon))
	if n := count(); n != 1 {
		t.Errorf("the same address and browser: %v visitors, want 1", n)
	}
	w.send(t, client("192.0.2.2"), view("/", noon))
	if n := count(); n != 2 {
		t.Errorf("another address: %v visitors, want 2", n)
	}
	*w.now = noon.AddDate(0, 0, 1)
	w.send(t, client("192.0.2.1"), view("/", *w.now))
	if n := count(); n != 3 {
		t.Errorf("the next day: %v visitors, want 3", n)
	}
}

func TestTheAddressIsNotStored(t *testing.T) {
	t.Parallel()
	w := setup(t)
	receipts := w.send(t, client("192.0.2.77"), view("/", noon))
	if receipts[0].Status != ingest.Accepted {
		t.Fatalf("receipt = %+v", receipts[0])
	}
	live, err := w.project.Live(t.Context(), noon.Add(-time.Minute), 10)
	if err != nil || live.Visitors != 1 {
		t.Fatalf("live = %+v, %v", live, err)
	}
	everything := repotest.Dump(t, w.url)
	if bytes.Contains(everything, []byte("192.0.2.77")) {
		t.Error("the client's address is in the database")
	}
}

func TestSecretsInAddressesAreNotStored(t *testing.T) {
	t.Parallel()
	w := setup(t)
	e := view("/reset?token=sesame&utm_source=mail#frag", noon)
	e.Referrer = "https://other.example/login?password=sesame"
	w.send(t, client("192.0.2.1"), e)
	everything := repotest.Dump(t, w.url)
	if bytes.Contains(everything, []byte("sesame")) || bytes.Contains(everything, []byte("#frag")) {
		t.Errorf("a secret is in the database: %s", everything)
	}
}
