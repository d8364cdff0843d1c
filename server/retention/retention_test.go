package retention_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/ingest"
	"github.com/microtracker/microtracker/server/retention"
)

const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

// world is a database, a project in New York and what takes its events in.
type world struct {
	url      string
	store    *repo.Store
	ingester *ingest.Ingester
	project  *repo.Project
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{url: repotest.DatabaseURL(t)}
	w.store = repotest.Open(t, w.url)
	w.ingester = ingest.New(ingest.Config{Store: w.store})
	t.Cleanup(w.ingester.Close)
	w.project = w.newProject(t)
	return w
}

func (w *world) newProject(t *testing.T) *repo.Project {
	t.Helper()
	project := repotest.Project(t, w.store)
	project.TimeZone, project.PrivacyMode = "America/New_York", "stored_id"
	if err := project.Save(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	return project
}

// retain sets for how many days the project keeps what; zero: for ever.
func (w *world) retain(t *testing.T, project *repo.Project, events, sessions, visitors int) {
	t.Helper()
	project.RetainEventsDays, project.RetainSessionsDays, project.RetainVisitorsDays = events, sessions, visitors
	if err := project.Save(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
}

// counted makes as if the rollups had been counted.
func (w *world) counted(t *testing.T) {
	t.Helper()
	repotest.Exec(t, w.url, "DELETE FROM rollup_marks")
}

// daysAgo is noon in New York, some days ago.
func daysAgo(days int) time.Time {
	zone, _ := time.LoadLocation("America/New_York") // time has it
	now := time.Now().In(zone)
	return time.Date(now.Year(), now.Month(), now.Day()-days, 12, 0, 0, 0, zone)
}

func view(path string, at time.Time) ingest.Event {
	return ingest.Event{ID: uuid.New(), Type: "page_view", URL: "https://example.com" + path, At: at}
}

// send sends events of a visitor whenever they were, and returns what became of the first.
func (w *world) send(t *testing.T, project *repo.Project, visitor string, events ...ingest.Event) ingest.Status {
	t.Helper()
	receipts, err := w.trySend(t.Context(), project, ingest.Client{VisitorKey: visitor}, events...)
	if err != nil {
		t.Fatal(err)
	}
	return receipts[0].Status
}

func (w *world) trySend(ctx context.Context, project *repo.Project, client ingest.Client, events ...ingest.Event) ([]ingest.Receipt, error) {
	client.IP, client.UserAgent = netip.MustParseAddr("192.0.2.1"), chrome
	for {
		inbox, err := w.store.OpenInbox(ctx, project.PublicKey, time.Now())
		if err != nil {
			return nil, err
		}
		receipts, err := w.ingester.Ingest(ctx, inbox, &ingest.Batch{Client: client, Events: events, AnyAge: true})
		if !errors.Is(err, ingest.ErrSettingsChanged) {
			return receipts, err
		}
	}
}

// run does a task until there is no more of it, in steps of one row each run, and returns how much it did.
func (w *world) run(t *testing.T, name string, config retention.Config) int64 {
	t.Helper()
	config.Store = w.store
	if config.Chunk == 0 {
		config.Chunk = 1
	}
	total := int64(0)
	for {
		done, more, err := task(t, name, config).Run(t.Context(), retention.Budget{Rows: 2})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		total += done
		if !more {
			return total
		}
	}
}

func task(t *testing.T, name string, config retention.Config) retention.Task {
	t.Helper()
	for _, task := range retention.Tasks(config) {
		if task.Name == name {
			return task
		}
	}
	t.Fatalf("there is no task %q", name)
	return retention.Task{}
}

func (w *world) count(t *testing.T, project *repo.Project, table string) int64 {
	t.Helper()
	return repotest.Number(t, w.url, "SELECT count(*) FROM "+table+" WHERE project_id = $1", project.ID)
}

// reopen reads the project again.
func (w *world) reopen(t *testing.T, project *repo.Project) *repo.Project {
	t.Helper()
	again, err := w.store.OpenProject(t.Context(), repo.Caller{ProjectID: project.ID}, project.ID)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func midnight(at time.Time) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, at.Location())
}

func TestOldEventsGoByWholeDaysOnceTheyAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.newProject(t)
	for days := range 60 {
		at := daysAgo(days)
		w.send(t, w.project, "anna", view("/", at), view("/", midnight(at).Add(time.Second)))
		w.send(t, other, "anna", view("/", at))
	}
	w.retain(t, w.project, 30, 0, 0)
	repotest.Exec(t, w.url, `INSERT INTO daily_rollups (project_id, day)
		SELECT DISTINCT project_id, (created_at AT TIME ZONE 'UTC')::date FROM events WHERE project_id = $1`, w.project.ID)
	repotest.Exec(t, w.url, `INSERT INTO rollup_breakdowns (project_id, day, part, dimension, data)
		SELECT project_id, day, 0, unnest(ARRAY[0, 100]), '' FROM daily_rollups WHERE project_id = $1`, w.project.ID)

	// Nothing is counted yet.
	if n := w.run(t, "delete old events", retention.Config{}); n != 0 {
		t.Errorf("deleted %d events of days that are not counted", n)
	}
	w.counted(t)
	// One day is to be counted anew: it and those after it wait.
	repotest.Exec(t, w.url, "INSERT INTO rollup_marks (project_id, since, until) VALUES ($1, $2, $2::timestamptz + interval '15 minutes')",
		w.project.ID, daysAgo(45))
	if n := w.run(t, "delete old events", retention.Config{}); n != 2*14 {
		t.Errorf("deleted %d events, want those of the days 46 to 59", n)
	}
	if got, want := w.reopen(t, w.project).EventsDeletedBefore, midnight(daysAgo(45)); !got.Equal(want) {
		t.Errorf("deleted before %v, want %v", got, want)
	}
	w.counted(t)
	if n := w.run(t, "delete old events", retention.Config{}); n != 2*15 {
		t.Errorf("deleted %d events, want those of the days 31 to 45", n)
	}
	if got, want := w.reopen(t, w.project).EventsDeletedBefore, midnight(daysAgo(30)); !got.Equal(want) {
		t.Errorf("deleted before %v, want %v", got, want)
	}
	if n := w.run(t, "delete old events", retention.Config{}); n != 0 {
		t.Errorf("deleted %d events more", n)
	}
	if mine, others := w.count(t, w.project, "events"), w.count(t, other, "events"); mine != 2*31 || others != 60 {
		t.Errorf("%d events are left, and %d of the project that keeps all; want 62 and 60", mine, others)
	}
	if n := w.count(t, w.project, "tracking_sessions"); n != 2*60 {
		t.Errorf("%d sessions are left, want all 120", n)
	}
	for dimension, want := range map[string]int64{"dimension = 0": 60, "dimension = 100": 31} {
		got := repotest.Number(t, w.url, "SELECT count(DISTINCT day) FROM rollup_breakdowns WHERE "+dimension+" AND project_id = $1", w.project.ID)
		if got != want {
			t.Errorf("%d days are kept by %s, want %d", got, dimension, want)
		}
	}

	// A late event of a deleted day, or next to one, finds nothing to be put together with, and harms no session.
	for what, at := range map[string]time.Time{"deleted": daysAgo(40), "next to it": midnight(daysAgo(30)).Add(5 * time.Minute)} {
		receipts, err := w.trySend(t.Context(), w.project, ingest.Client{VisitorKey: "anna"}, view("/late", at))
		if err != nil || receipts[0].Status != ingest.TooOld || receipts[0].Reason == "" {
			t.Errorf("a late event of a day that is %s: %+v, %v; want too old with a reason", what, receipts, err)
		}
	}
	if n := w.count(t, w.project, "tracking_sessions"); n != 2*60 {
		t.Errorf("%d sessions are left after late events, want 120", n)
	}
	// A wish for more does not bring back what is gone, nor is it deleted with less than before.
	w.retain(t, w.project, 50, 0, 0)
	if n := w.run(t, "delete old events", retention.Config{}); n != 0 || !w.reopen(t, w.project).EventsDeletedBefore.Equal(midnight(daysAgo(30))) {
		t.Errorf("deleted %d events with a longer retention", n)
	}
}

// campaign is a page view that comes from a campaign.
func campaign(name string, at time.Time) ingest.Event {
	return view("/?utm_source=mail&utm_campaign="+name, at)
}

func TestOldSessionsGoAndTheirVisitorsAreAsIfTheyHadNotBeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	expected := w.newProject(t)
	visits := []struct {
		visitor string
		days    []int
	}{
		{"who stays away", []int{50, 40}},
		{"who comes back", []int{50, 40, 20, 3}},
		{"who was there today", []int{45, 0}},
		{"who is new", []int{2}},
	}
	sendDays := func(project *repo.Project, visitor string, days []int, youngerThan int) {
		for _, day := range days {
			if day < youngerThan {
				at := daysAgo(day).Add(-12 * time.Hour)
				w.send(t, project, visitor, campaign(strconv.Itoa(day), at), view("/two", at.Add(time.Minute)))
			}
		}
	}
	for _, v := range visits {
		sendDays(w.project, v.visitor, v.days, 100)
		sendDays(expected, v.visitor, v.days, 31)
	}
	w.counted(t)
	w.retain(t, w.project, 10, 30, 0)
	if n := w.run(t, "delete old sessions", retention.Config{}); n != 0 {
		t.Errorf("deleted %d sessions whose events are not deleted yet", n)
	}
	w.run(t, "delete old events", retention.Config{})
	if n := w.run(t, "delete old sessions", retention.Config{}); n != 5 {
		t.Errorf("deleted %d sessions, want 5", n)
	}
	if got, want := w.reopen(t, w.project).SessionsDeletedBefore, midnight(daysAgo(30)); !got.Equal(want) {
		t.Errorf("deleted before %v, want %v", got, want)
	}
	// They come again, and go on.
	for _, project := range []*repo.Project{w.project, expected} {
		for _, v := range visits {
			w.send(t, project, v.visitor, view("/again", time.Now()))
		}
	}
	for _, v := range visits {
		got, err := w.project.VisitorByKey(t.Context(), v.visitor)
		if err != nil {
			t.Fatal(err)
		}
		want, err := expected.VisitorByKey(t.Context(), v.visitor)
		if err != nil {
			t.Fatal(err)
		}
		if got.SessionsCount != want.SessionsCount || string(got.FirstUTM) != string(want.FirstUTM) || string(got.LastUTM) != string(want.LastUTM) {
			t.Errorf("%s: %d sessions, from %s to %s; want %d, from %s to %s", v.visitor, got.SessionsCount, got.FirstUTM, got.LastUTM,
				want.SessionsCount, want.FirstUTM, want.LastUTM)
		}
		gotSessions, err := w.project.TrackingSessions(t.Context(), got.ID, 10)
		if err != nil {
			t.Fatal(err)
		}
		wantSessions, err := expected.TrackingSessions(t.Context(), want.ID, 10)
		if err != nil || len(gotSessions) != len(wantSessions) {
			t.Fatalf("%s: %d sessions, want %d, %v", v.visitor, len(gotSessions), len(wantSessions), err)
		}
		for i := range gotSessions {
			if gotSessions[i].Pageviews != wantSessions[i].Pageviews {
				t.Errorf("%s: session %d has %d page views, want %d", v.visitor, i, gotSessions[i].Pageviews, wantSessions[i].Pageviews)
			}
		}
	}
}

func TestOldVisitorsWithoutASessionGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.newProject(t)
	for days := range 50 {
		for _, project := range []*repo.Project{w.project, other} {
			w.send(t, project, fmt.Sprint("visitor ", days), view("/", daysAgo(days)))
		}
	}
	w.send(t, w.project, "visitor 45", view("/", daysAgo(1)))
	w.counted(t)
	w.retain(t, w.project, 10, 20, 40)
	w.run(t, "delete old events", retention.Config{})
	w.run(t, "delete old sessions", retention.Config{})
	if n := w.run(t, "delete old visitors", retention.Config{}); n != 8 {
		t.Errorf("deleted %d visitors, want those who came last 41 to 49 days ago, but for the one who came again", n)
	}
	if mine, others := w.count(t, w.project, "visitors"), w.count(t, other, "visitors"); mine != 42 || others != 50 {
		t.Errorf("%d visitors are left, and %d of the project that keeps all; want 42 and 50", mine, others)
	}
}

func TestIdleVisitorsAreClosedAndTakenUpAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, visitor := range []string{"anna", "bert", "carl"} {
		w.send(t, w.project, visitor, campaign("one", daysAgo(5)), view("/two", daysAgo(5).Add(10*time.Minute)))
	}
	if n := w.run(t, "close idle visitors", retention.Config{}); n != 0 {
		t.Errorf("closed %d visitors of whom something was heard just now", n)
	}
	in3Days := retention.Config{Now: func() time.Time { return time.Now().AddDate(0, 0, 3) }}
	w.send(t, w.project, "dora", view("/", time.Now()))
	repotest.Exec(t, w.url, "UPDATE visitors SET updated_at = now() + interval '2 days' WHERE visitor_key = 'dora'")
	if n := w.run(t, "close idle visitors", in3Days); n != 3 {
		t.Errorf("closed %d visitors, want 3", n)
	}
	if n := repotest.Number(t, w.url, "SELECT count(*) FROM visitors WHERE fold IS NOT NULL"); n != 1 {
		t.Errorf("%d visitors are open, want 1", n)
	}
	w.send(t, w.project, "anna", view("/three", daysAgo(5).Add(20*time.Minute))) // late, into the session
	w.send(t, w.project, "bert", view("/zero", daysAgo(5).Add(-10*time.Minute))) // late, before it
	w.send(t, w.project, "carl", view("/three", time.Now()))                     // comes back
	for visitor, want := range map[string][]int{"anna": {3}, "bert": {3}, "carl": {2, 1}} {
		found, err := w.project.VisitorByKey(t.Context(), visitor)
		if err != nil {
			t.Fatal(err)
		}
		sessions, err := w.project.TrackingSessions(t.Context(), found.ID, 10)
		if err != nil || len(sessions) != len(want) || found.SessionsCount != len(want) {
			t.Fatalf("%s: %d sessions, says %d, want %d, %v", visitor, len(sessions), found.SessionsCount, len(want), err)
		}
		for i := range want {
			if sessions[i].Pageviews != want[i] {
				t.Errorf("%s: session %d has %d page views, want %d", visitor, i, sessions[i].Pageviews, want[i])
			}
		}
	}
}

func TestEmptyPartitionsAreDroppedAndMadeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.newProject(t)
	old := daysAgo(400)
	w.send(t, w.project, "anna", view("/", old))
	w.send(t, other, "anna", view("/", daysAgo(300)))
	month := "events_" + old.UTC().Format("2006_01")
	isThere := func() bool {
		return repotest.Number(t, w.url, "SELECT count(*) FROM pg_class WHERE relname = $1", month) == 1
	}
	w.counted(t)
	w.retain(t, w.project, 90, 0, 0)
	for _, step := range []struct {
		what string
		do   func()
		want bool
	}{
		{"it has an event", func() {}, true},
		{"another project keeps all", func() { w.run(t, "delete old events", retention.Config{}) }, true},
		{"the other project has not deleted anything", func() { w.retain(t, other, 350, 0, 0) }, true},
		{"it is before all retention", func() { w.run(t, "delete old events", retention.Config{}) }, false},
	} {
		step.do()
		w.run(t, "drop event partitions", retention.Config{})
		if isThere() != step.want {
			t.Fatalf("%s: the partition is there: %v", step.what, isThere())
		}
	}
	// The ingester remembers that the month had a partition.
	third := w.newProject(t)
	if got := w.send(t, third, "anna", view("/", old)); got != ingest.Accepted || !isThere() {
		t.Errorf("an event of the dropped month: %v", got)
	}
	if n := w.run(t, "make event partitions", retention.Config{}); n != 0 {
		t.Errorf("made %d partitions that were there", n)
	}
}

func TestAPartitionIsNotDroppedUnderAReader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.send(t, w.project, "anna", view("/", daysAgo(400)))
	w.counted(t)
	w.retain(t, w.project, 90, 0, 0)
	w.run(t, "delete old events", retention.Config{})
	release := repotest.Hold(t, w.url, "SELECT count(*) FROM events")
	_, _, err := task(t, "drop event partitions", retention.Config{Store: w.store}).Run(t.Context(), retention.Budget{})
	if !errors.Is(err, repo.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	release()
	if n := w.run(t, "drop event partitions", retention.Config{}); n < 1 {
		t.Errorf("dropped %d", n)
	}
}

func TestDeletingGoesOnBesideIngest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const visitors = 20
	for v := range visitors {
		for _, days := range []int{50, 40, 35, 20} {
			w.send(t, w.project, fmt.Sprint("visitor ", v), campaign(strconv.Itoa(days), daysAgo(days)))
		}
	}
	w.counted(t)
	w.retain(t, w.project, 30, 30, 60)
	stop := make(chan struct{})
	var writing sync.WaitGroup
	for range 3 {
		writing.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := w.trySend(t.Context(), w.project, ingest.Client{VisitorKey: fmt.Sprint("visitor ", i%visitors)}, view("/now", time.Now())); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 2 { // what was being written the first time goes the second
		for _, name := range []string{"delete old events", "delete old sessions", "delete old visitors", "close idle visitors"} {
			w.run(t, name, retention.Config{Chunk: 7})
		}
	}
	close(stop)
	writing.Wait()
	w.run(t, "delete old sessions", retention.Config{})
	for says, query := range map[string]string{
		"old sessions":                      "SELECT count(*) FROM tracking_sessions WHERE project_id = $1 AND last_activity_at < now() - interval '32 days'",
		"old events":                        "SELECT count(*) FROM events WHERE project_id = $1 AND created_at < now() - interval '32 days'",
		"visitors with a wrong number":      "SELECT count(*) FROM visitors AS v WHERE project_id = $1 AND sessions_count <> (SELECT count(*) FROM tracking_sessions AS s WHERE s.project_id = v.project_id AND s.visitor_id = v.id)",
		"visitors with a wrong campaign":    "SELECT count(*) FROM visitors WHERE project_id = $1 AND first_utm ->> 'utm_campaign_name' <> '20'",
		"sessions with wrong numbers":       "SELECT count(*) FROM tracking_sessions AS s WHERE project_id = $1 AND pageviews <> (SELECT count(*) FROM events AS e WHERE e.project_id = s.project_id AND e.session_id = s.id)",
		"visitors who have lost a session":  "SELECT count(*) FROM visitors WHERE project_id = $1 AND sessions_count <> 2",
		"events of a visitor who is not he": "SELECT count(*) FROM events AS e JOIN tracking_sessions AS s ON s.project_id = e.project_id AND s.id = e.session_id WHERE e.project_id = $1 AND e.visitor_id <> s.visitor_id",
	} {
		if n := repotest.Number(t, w.url, query, w.project.ID); n != 0 {
			t.Errorf("%d %s", n, says)
		}
	}
}
