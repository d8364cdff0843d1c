package repo_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
)

// store writes one session of a visitor with its events and adds them up, in the plainest way.
func store(t *testing.T, db *repo.Store, inbox *repo.Inbox, visitorKey string, session *repo.TrackingSession, events []repo.Event) {
	t.Helper()
	addUp(session, events)
	err := db.Ingest(t.Context(), func(tx *repo.IngestTx) error {
		ids := make([]repo.EventID, len(events))
		for i, e := range events {
			ids[i] = repo.EventID{ProjectID: inbox.ProjectID, ID: e.EventID}
		}
		key := repo.VisitorKey{ProjectID: inbox.ProjectID, Key: visitorKey}
		begun, err := tx.Begin(t.Context(), &repo.Opening{
			ProjectIDs: []int64{inbox.ProjectID}, EventIDs: ids,
			Sightings: []repo.Sighting{{VisitorKey: key, Since: session.StartedAt, Until: session.LastActivityAt}},
		}, now)
		if err != nil {
			return err
		}
		visitor := begun.Seen.Visitors[key]
		if session.ID, err = tx.SessionID(t.Context()); err != nil {
			return err
		}
		session.ProjectID, session.VisitorID = inbox.ProjectID, visitor.ID
		for i := range events {
			events[i].ProjectID, events[i].SessionID, events[i].VisitorID = inbox.ProjectID, session.ID, session.VisitorID
		}
		changes := &repo.Changes{
			NewSessions: []*repo.TrackingSession{session}, Events: events, Campaigns: []*repo.Visitor{visitor},
			Visitors: []repo.VisitorChange{{Visitor: visitor, SessionsAdded: 1}},
		}
		return tx.Commit(t.Context(), changes, now)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// addUp fills in the session's sums; each page view is left at most once.
func addUp(session *repo.TrackingSession, events []repo.Event) {
	session.StartedAt, session.LastActivityAt = events[0].CreatedAt, events[0].CreatedAt
	for i := range events {
		e := &events[i]
		if e.CreatedAt.Before(session.StartedAt) {
			session.StartedAt = e.CreatedAt
		}
		if e.CreatedAt.After(session.LastActivityAt) {
			session.LastActivityAt = e.CreatedAt
		}
		switch e.EventType {
		case "page_view":
			session.Pageviews++
			session.ExitPath = e.Path
			if session.EntryPath == "" {
				session.EntryPath = e.Path
			}
		case "exit":
			if e.EngagedMS != nil {
				session.EngagedMS += *e.EngagedMS
			}
		case "web_vital", "error":
		default:
			session.InteractiveEvents++
		}
	}
	session.DurationSeconds = int(session.LastActivityAt.Sub(session.StartedAt) / time.Second)
}

// record stores one session of a visitor that came from an ad.
func record(t *testing.T, db *repo.Store, inbox *repo.Inbox, visitorKey string, events ...repo.Event) *repo.TrackingSession {
	t.Helper()
	session := &repo.TrackingSession{SessionKey: uuid.NewString(), Source: "Google", Channel: "Paid Search", UTMSource: "google", UTMCampaignID: "7"}
	store(t, db, inbox, visitorKey, session, events)
	return session
}

func event(kind string, second int, path string) repo.Event {
	return repo.Event{
		EventType: kind, Name: kind, CreatedAt: now.Add(time.Duration(second) * time.Second), EventID: uuid.New(),
		Path: path, URL: "https://example.com" + path,
	}
}

func openInbox(t *testing.T, store *repo.Store, project *repo.Project) *repo.Inbox {
	t.Helper()
	inbox, err := store.OpenInbox(t.Context(), project.PublicKey, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return inbox
}

func TestAVisitorKnowsHisCampaigns(t *testing.T) {
	t.Parallel()
	db := repotest.Store(t)
	project := repotest.Project(t, db)
	record(t, db, openInbox(t, db, project), "v1", event("page_view", 0, "/"))
	visitor, err := project.VisitorByKey(t.Context(), "v1")
	if err != nil {
		t.Fatal(err)
	}
	if visitor.SessionsCount != 1 || string(visitor.FirstUTM) != `{"utm_source": "google", "utm_campaign_id": "7"}` {
		t.Errorf("visitor = %+v, first_utm = %s", visitor, visitor.FirstUTM)
	}
}

// claim claims an event id, and commits unless fail says otherwise.
func claim(t *testing.T, db *repo.Store, id repo.EventID, fail error) (bool, error) {
	t.Helper()
	claimed := false
	err := db.Ingest(t.Context(), func(tx *repo.IngestTx) error {
		begun, err := tx.Begin(t.Context(), &repo.Opening{ProjectIDs: []int64{id.ProjectID}, EventIDs: []repo.EventID{id}}, now)
		if err != nil || fail != nil {
			return errors.Join(err, fail)
		}
		claimed = begun.Claimed[id]
		return tx.Commit(t.Context(), &repo.Changes{}, now)
	})
	return claimed, err
}

func TestAnEventIDIsClaimedOnce(t *testing.T) {
	t.Parallel()
	db := repotest.Store(t)
	id := repo.EventID{ProjectID: repotest.Project(t, db).ID, ID: uuid.New()}
	for _, want := range []bool{true, false} {
		if claimed, err := claim(t, db, id, nil); err != nil || claimed != want {
			t.Fatalf("claimed = %v, %v; want %v", claimed, err, want)
		}
	}
}

func TestAFailedTransactionLeavesNothing(t *testing.T) {
	t.Parallel()
	db := repotest.Store(t)
	id, boom := repo.EventID{ProjectID: repotest.Project(t, db).ID, ID: uuid.New()}, errors.New("boom")
	if _, err := claim(t, db, id, boom); !errors.Is(err, boom) {
		t.Fatalf("err = %v, want boom", err)
	}
	if claimed, err := claim(t, db, id, nil); err != nil || !claimed {
		t.Fatalf("the id stayed claimed: %v, %v", claimed, err)
	}
}

func TestTheDatabaseRefusesAnotherTenantsSession(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	db := repotest.Open(t, url)
	checking, err := repo.Open(url, repo.Options{}) // without UseIngestPrivilege: PostgreSQL checks each row
	if err != nil {
		t.Fatal(err)
	}
	defer checking.Close()
	mine, theirs := repotest.Project(t, db), repotest.Project(t, db)
	foreign := record(t, db, openInbox(t, db, theirs), "v", event("page_view", 0, "/"))
	err = checking.Ingest(t.Context(), func(tx *repo.IngestTx) error {
		if _, err := tx.Begin(t.Context(), &repo.Opening{ProjectIDs: []int64{mine.ID}}, now); err != nil {
			return err
		}
		e := event("page_view", 0, "/")
		e.ProjectID, e.SessionID, e.VisitorID = mine.ID, foreign.ID, foreign.VisitorID
		return tx.Commit(t.Context(), &repo.Changes{Events: []repo.Event{e}}, now)
	})
	if !errors.Is(err, repo.ErrNotFound) {
		t.Fatalf("err = %v, want ErrNotFound", err)
	}
}

func TestLiveKnowsWhoIsOnWhichPage(t *testing.T) {
	t.Parallel()
	db := repotest.Store(t)
	project := repotest.Project(t, db)
	inbox := openInbox(t, db, project)
	record(t, db, inbox, "v1", event("page_view", 0, "/a"), event("page_view", 5, "/b"))
	record(t, db, inbox, "v2", event("page_view", 0, "/b"))
	record(t, db, inbox, "v3", event("page_view", 1, "/a"))
	record(t, db, inbox, "gone", event("page_view", -400, "/a"))
	live, err := project.Live(t.Context(), now.Add(-5*time.Minute), 10)
	if err != nil {
		t.Fatal(err)
	}
	if live.Visitors != 3 || live.Pageviews != 4 || len(live.Pages) != 2 ||
		live.Pages[0] != (repo.LiveShare{Name: "/b", Visitors: 2}) || live.Pages[1] != (repo.LiveShare{Name: "/a", Visitors: 1}) {
		t.Fatalf("live = %+v", live)
	}
}

// fillEveryTenantTable puts a row of the project into each table below projects.
func fillEveryTenantTable(t *testing.T, store *repo.Store, project *repo.Project) {
	t.Helper()
	record(t, store, openInbox(t, store, project), "v", event("page_view", 0, "/"))
	for _, err := range []error{
		project.CreateAPIKey(t.Context(), &repo.APIKey{Name: "k", Scope: "*", SecretPrefix: "p", SecretLast4: "l", SecretHash: "h"}),
		project.SaveDailyRollup(t.Context(), &repo.DailyRollup{Day: now}),
		project.UpsertAd(t.Context(), &repo.Ad{AdID: "1", Platform: "google", FirstSeenAt: now, LastSeenAt: now}),
		project.ReplaceAdSpend(t.Context(), []repo.AdSpend{{Platform: "google", Date: now, CampaignID: "1", AdsetID: "2", AdID: "3", Spend: "1"}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// planned returns how many rows PostgreSQL plans with for the table, -1 if it has never looked.
func planned(t *testing.T, conn *pgx.Conn, table string) (rows float64) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), "SELECT reltuples FROM pg_class WHERE oid = $1::regclass", table).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestTablesThatHaveGrownAreAnalyzed(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	db := repotest.Open(t, url)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	inbox := openInbox(t, db, repotest.Project(t, db))
	if _, err := db.EnsureEventPartitions(t.Context(), now, now.AddDate(0, 1, 0)); err != nil {
		t.Fatal(err)
	}
	month, next := now.Format("events_2006_01"), now.AddDate(0, 1, 0).Format("events_2006_01")
	for _, look := range []struct {
		visitor string
		want    float64
	}{{"v1", 1}, {"v2", 1}} { // the second event stays on the page that has been looked at
		record(t, db, inbox, look.visitor, event("page_view", 0, "/"))
		if err := db.AnalyzeIngest(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"visitors", "tracking_sessions", month} {
			if rows := planned(t, conn, table); rows != look.want {
				t.Errorf("after %s, PostgreSQL plans with %v rows of %s, want %v", look.visitor, rows, table, look.want)
			}
		}
	}
	if rows := planned(t, conn, next); rows != -1 {
		t.Errorf("PostgreSQL has looked at %s, which is empty: %v rows", next, rows)
	}
}
