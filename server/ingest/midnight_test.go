package ingest_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/ingest"
)

// midnight is the end of noon's day.
var midnight = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

// count is how many rows of the project a table has.
func (w world) count(t *testing.T, table string) int64 {
	t.Helper()
	return repotest.Number(t, w.url, "SELECT count(*) FROM "+table+" WHERE project_id = $1", w.project.ID)
}

// expectUnits compares what is stored of the project with what docs/metrics.md says that it must be.
func (w world) expectUnits(t *testing.T, what string, visitors, sessions, events int64) {
	t.Helper()
	v, s, e := w.count(t, "visitors"), w.count(t, "tracking_sessions"), w.count(t, "events")
	if v != visitors || s != sessions || e != events {
		t.Errorf("%s: %d visitors, %d sessions, %d events; want %d, %d, %d", what, v, s, e, visitors, sessions, events)
	}
	w.expectSums(t, what)
}

// expectSums compares what rows say of others with those.
func (w world) expectSums(t *testing.T, what string) {
	t.Helper()
	for says, query := range map[string]string{
		"visitors whose sessions_count is not that of their sessions": `
			SELECT count(*) FROM visitors AS v WHERE project_id = $1 AND sessions_count <>
				(SELECT count(*) FROM tracking_sessions AS s WHERE s.project_id = v.project_id AND s.visitor_id = v.id)`,
		"visitors seen at other times than their events": `
			SELECT count(*) FROM visitors AS v WHERE project_id = $1 AND (first_seen_at, last_seen_at) IS DISTINCT FROM
				(SELECT (min(created_at), max(created_at)) FROM events AS e WHERE e.project_id = v.project_id AND e.visitor_id = v.id)`,
		"sessions at other times than their events": `
			SELECT count(*) FROM tracking_sessions AS s WHERE project_id = $1 AND (started_at, last_activity_at) IS DISTINCT FROM
				(SELECT (min(created_at), max(created_at)) FROM events AS e WHERE e.project_id = s.project_id AND e.session_id = s.id)`,
		"sessions of other page views than their events": `
			SELECT count(*) FROM tracking_sessions AS s WHERE project_id = $1 AND pageviews <> (SELECT count(*) FROM events AS e
				WHERE e.project_id = s.project_id AND e.session_id = s.id AND e.event_type = 'page_view')`,
		"events of another visitor than their session": `
			SELECT count(*) FROM events AS e JOIN tracking_sessions AS s ON s.project_id = e.project_id AND s.id = e.session_id
			WHERE e.project_id = $1 AND e.visitor_id <> s.visitor_id`,
	} {
		if n := repotest.Number(t, w.url, query, w.project.ID); n != 0 {
			t.Errorf("%s: %d %s", what, n, says)
		}
	}
}

// expectNoOrphans counts rows without those that they belong to, over all projects.
func expectNoOrphans(t *testing.T, url string) {
	t.Helper()
	for says, query := range map[string]string{
		"events without their session": `SELECT count(*) FROM events AS e WHERE NOT EXISTS
			(SELECT FROM tracking_sessions AS s WHERE s.project_id = e.project_id AND s.id = e.session_id)`,
		"events without their visitor": `SELECT count(*) FROM events AS e WHERE NOT EXISTS
			(SELECT FROM visitors AS v WHERE v.project_id = e.project_id AND v.id = e.visitor_id)`,
		"events without their project":   `SELECT count(*) FROM events AS e WHERE NOT EXISTS (SELECT FROM projects AS p WHERE p.id = e.project_id)`,
		"visitors without their project": `SELECT count(*) FROM visitors AS v WHERE NOT EXISTS (SELECT FROM projects AS p WHERE p.id = v.project_id)`,
		"event ids without their project": `SELECT count(*) FROM event_ids AS i WHERE NOT EXISTS
			(SELECT FROM projects AS p WHERE p.id = i.project_id)`,
		"sessions without their visitor": `SELECT count(*) FROM tracking_sessions AS s WHERE NOT EXISTS
			(SELECT FROM visitors AS v WHERE v.project_id = s.project_id AND v.id = s.visitor_id)`,
		"sessions without an event": `SELECT count(*) FROM tracking_sessions AS s WHERE NOT EXISTS
			(SELECT FROM events AS e WHERE e.project_id = s.project_id AND e.session_id = s.id)`,
	} {
		if n := repotest.Number(t, url, query); n != 0 {
			t.Errorf("%d %s", n, says)
		}
	}
}

// nightVisit is one visit from ten minutes to midnight until twenty past.
func nightVisit() []ingest.Event {
	first := view("/a", midnight.Add(-10*time.Minute))
	return []ingest.Event{
		first,
		{
			ID: uuid.New(), Type: "exit", URL: first.URL, At: midnight.Add(-time.Minute), ScrollPct: new(80.0), EngagedMS: new(int64(5000)),
			PageViewID: uuid.NullUUID{UUID: first.ID, Valid: true},
		},
		view("/b", midnight.Add(5*time.Minute)),
		view("/c", midnight.Add(20*time.Minute)),
	}
}

func TestAVisitOverMidnightIsOneVisitorAndOneSessionInEveryOrderOfItsEvents(t *testing.T) {
	t.Parallel()
	for when, now := range map[string]time.Time{
		"at once":              midnight.Add(21 * time.Minute),
		"late on the next day": midnight.Add(23*time.Hour + 59*time.Minute),
	} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			*w.now = midnight.Add(-10 * time.Minute)
			w.send(t, client("192.0.2.255"), view("/", *w.now)) // makes the salt of the day that ends
			*w.now = now
			n := int64(0)
			for order := range permutations(nightVisit()) {
				for cuts := range 1 << (len(order) - 1) {
					n++
					who := client(fmt.Sprintf("2001:db8::%x", n))
					sent := renamed(order)
					begin := 0
					for i := range sent {
						if i == len(sent)-1 || cuts>>i&1 == 1 {
							for _, receipt := range w.send(t, who, sent[begin:i+1]...) {
								if receipt.Status != ingest.Accepted {
									t.Fatalf("receipt = %+v", receipt)
								}
							}
							begin = i + 1
						}
					}
				}
			}
			w.expectUnits(t, when, n+1, n+1, 4*n+1)
			wrong := repotest.Number(t, w.url, `SELECT count(*) FROM tracking_sessions WHERE project_id = $1 AND entry_path = '/a'
				AND NOT (pageviews = 3 AND duration_seconds = 1800 AND entry_path = '/a' AND exit_path = '/c' AND engaged_ms = 5000 AND scroll_pct = 80)`,
				w.project.ID)
			if wrong != 0 {
				t.Errorf("%d of the sessions say something else than the events", wrong)
			}
		})
	}
}

// renamed gives events other ids: they are the project's, and each visitor needs his own.
func renamed(events []ingest.Event) []ingest.Event {
	ids := map[uuid.UUID]uuid.UUID{}
	for _, e := range events {
		ids[e.ID] = uuid.New()
	}
	others := slices.Clone(events)
	for i := range others {
		others[i].ID = ids[others[i].ID]
		if others[i].PageViewID.Valid {
			others[i].PageViewID.UUID = ids[others[i].PageViewID.UUID]
		}
	}
	return others
}

func TestAVisitOverMidnightIsOneVisitorWhenItsEventsComeAllAtOnceToTwoServers(t *testing.T) {
	t.Parallel()
	w := setup(t)
	*w.now = midnight.Add(-10 * time.Minute)
	w.send(t, client("192.0.2.255"), view("/", *w.now))
	*w.now = midnight.Add(21 * time.Minute)
	replica := ingest.New(ingest.Config{Store: repotest.Open(t, w.url), Now: func() time.Time { return *w.now }}) // begun after midnight
	t.Cleanup(replica.Close)
	const people = 60
	var wg sync.WaitGroup
	for i := range people {
		for j, e := range renamed(nightVisit()) {
			ingester := []*ingest.Ingester{w.ingester, replica}[(i+j)%2]
			wg.Go(func() {
				_, err := ingester.Ingest(t.Context(), w.inbox, &ingest.Batch{Client: client(fmt.Sprintf("2001:db8::%x", i)), Events: []ingest.Event{e}})
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	w.expectUnits(t, "all at once", people+1, people+1, 4*people+1)
}

func TestWhoComesBackAfterMidnightAndMoreThanHalfAnHourIsANewVisitor(t *testing.T) {
	t.Parallel()
	w := setup(t)
	*w.now = midnight.Add(-10 * time.Minute)
	who := client("192.0.2.1")
	w.send(t, who, view("/", midnight.Add(-10*time.Minute)))
	*w.now = midnight.Add(time.Hour)
	w.send(t, who, view("/", midnight.Add(20*time.Minute+time.Microsecond)))
	w.expectUnits(t, "just over half an hour", 2, 2, 2)
	w.send(t, who, view("/", midnight.Add(40*time.Minute)))
	w.expectUnits(t, "the new visitor's second page", 2, 2, 3)
	w.send(t, who, view("/", midnight.Add(5*time.Minute)))
	w.expectUnits(t, "an event between the two makes one visit of them", 1, 1, 4)
}

func TestAnEventOfADayWhoseSaltIsDestroyedIsStoredUnderItsTime(t *testing.T) {
	t.Parallel()
	w := setup(t)
	who := client("192.0.2.1")
	w.send(t, who, view("/", noon))
	*w.now = noon.AddDate(0, 0, 2)
	late := view("/late", noon.Add(time.Minute))
	if receipts := w.send(t, who, late, view("/now", *w.now)); receipts[0].Status != ingest.Accepted || receipts[1].Status != ingest.Accepted {
		t.Fatalf("receipts = %+v", receipts)
	}
	w.expectUnits(t, "two days late", 2, 3, 3)
	at := repotest.Number(t, w.url, "SELECT count(*) FROM events WHERE project_id = $1 AND event_id = $2 AND created_at = $3", w.project.ID, late.ID, late.At)
	if at != 1 {
		t.Error("the late event is not stored under its time")
	}
	if n := repotest.Number(t, w.url, "SELECT count(*) FROM visitor_salts WHERE day < $1", noon.AddDate(0, 0, 1)); n != 0 {
		t.Errorf("%d salts are older than they may be", n)
	}
	if receipts := w.send(t, who, late); receipts[0].Status != ingest.Duplicate {
		t.Errorf("repeated: %+v", receipts[0])
	}
}
