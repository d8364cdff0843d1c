package repo_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
)

// record stores one session of a new visitor with these events, whose times are seconds after now.
func record(t *testing.T, inbox *repo.Inbox, visitorKey string, events ...repo.Event) *repo.TrackingSession {
	t.Helper()
	session := &repo.TrackingSession{SessionKey: uuid.NewString(), Source: "Google", Channel: "Paid Search", UTMSource: "google", UTMCampaignID: "7"}
	err := inbox.InTx(t.Context(), func(tx *repo.IngestTx) error {
		ids := make([]uuid.UUID, len(events))
		session.StartedAt, session.LastActivityAt = events[0].CreatedAt, events[0].CreatedAt
		for i, e := range events {
			ids[i] = e.EventID
			if e.CreatedAt.After(session.LastActivityAt) {
				session.LastActivityAt = e.CreatedAt
			}
			if e.CreatedAt.Before(session.StartedAt) {
				session.StartedAt = e.CreatedAt
			}
		}
		if _, err := tx.ClaimEventIDs(t.Context(), ids, now); err != nil {
			return err
		}
		visitors, err := tx.SeeVisitors(t.Context(), []repo.Sighting{{VisitorKey: visitorKey, FirstSeenAt: now, LastSeenAt: now}}, now)
		if err != nil {
			return err
		}
		session.VisitorID = visitors[visitorKey]
		if err := tx.SaveSessions(t.Context(), []*repo.TrackingSession{session}, now); err != nil {
			return err
		}
		for i := range events {
			events[i].SessionID, events[i].VisitorID = session.ID, session.VisitorID
		}
		if err := tx.InsertEvents(t.Context(), events); err != nil {
			return err
		}
		if err := tx.RefreshSessions(t.Context(), []int64{session.ID}, session.StartedAt, session.LastActivityAt, now); err != nil {
			return err
		}
		return tx.RefreshVisitors(t.Context(), []int64{session.VisitorID}, now)
	})
	if err != nil {
		t.Fatal(err)
	}
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

func TestASessionAddsUpItsEvents(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	project := repotest.Project(t, store)
	first, second := event("page_view", 0, "/a"), event("page_view", 20, "/b")
	exit := func(view repo.Event, at int, scroll float64, engagedMS int64) repo.Event {
		e := event("exit", at, view.Path)
		e.PageViewID = uuid.NullUUID{UUID: view.EventID, Valid: true}
		e.ScrollPct, e.EngagedMS = &scroll, &engagedMS
		return e
	}
	record(t, openInbox(t, store, project), "v1",
		exit(second, 50, 100, 30_000), exit(first, 18, 40, 9_000), second, exit(first, 10, 20, 5_000), first)

	visitor, err := project.VisitorByKey(t.Context(), "v1")
	if err != nil {
		t.Fatal(err)
	}
	if visitor.SessionsCount != 1 || string(visitor.FirstUTM) != `{"utm_source": "google", "utm_campaign_id": "7"}` {
		t.Errorf("visitor = %+v, first_utm = %s", visitor, visitor.FirstUTM)
	}
	sessions, err := project.TrackingSessions(t.Context(), visitor.ID, 10)
	if err != nil || len(sessions) != 1 {
		t.Fatalf("sessions = %v, %v", sessions, err)
	}
	s := sessions[0]
	if s.Pageviews != 2 || s.InteractiveEvents != 0 || s.DurationSeconds != 50 || s.EntryPath != "/a" || s.ExitPath != "/b" || s.EngagedMS != 39_000 {
		t.Errorf("session = %+v", s)
	}
	// Of the first view the deepest report counts: (40 + 100) / 2.
	if s.ScrollPct == nil || *s.ScrollPct != 70 {
		t.Errorf("scroll_pct = %v, want 70", s.ScrollPct)
	}
	// 100 x (0.4 x 39 / 60 + 0.4 x 0.7 + 0.2 x 0.5) = 26 + 28 + 10
	if s.PCQS == nil || *s.PCQS != 64 {
		t.Errorf("pcqs = %v, want 64", s.PCQS)
	}
}

func TestAnEventIDIsClaimedOnce(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	inbox := openInbox(t, store, repotest.Project(t, store))
	id := uuid.New()
	for _, want := range []bool{true, false} {
		err := inbox.InTx(t.Context(), func(tx *repo.IngestTx) error {
			claimed, err := tx.ClaimEventIDs(t.Context(), []uuid.UUID{id}, now)
			if claimed[id] != want {
				t.Errorf("claimed = %v, want %v", claimed[id], want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAFailedTransactionLeavesNothing(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	inbox := openInbox(t, store, repotest.Project(t, store))
	id, boom := uuid.New(), errors.New("boom")
	claim := func(fail error) (claimed bool, err error) {
		err = inbox.InTx(t.Context(), func(tx *repo.IngestTx) error {
			ids, err := tx.ClaimEventIDs(t.Context(), []uuid.UUID{id}, now)
			claimed = ids[id]
			return errors.Join(err, fail)
		})
		return claimed, err
	}
	if _, err := claim(boom); !errors.Is(err, boom) {
		t.Fatalf("err = %v, want boom", err)
	}
	if claimed, err := claim(nil); err != nil || !claimed {
		t.Fatalf("the id stayed claimed: %v, %v", claimed, err)
	}
}

func TestTheDatabaseRefusesAnotherTenantsSession(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	mine, theirs := repotest.Project(t, store), repotest.Project(t, store)
	foreign := record(t, openInbox(t, store, theirs), "v", event("page_view", 0, "/"))
	err := openInbox(t, store, mine).InTx(t.Context(), func(tx *repo.IngestTx) error {
		e := event("page_view", 0, "/")
		e.SessionID, e.VisitorID = foreign.ID, foreign.VisitorID
		return tx.InsertEvents(t.Context(), []repo.Event{e})
	})
	if !errors.Is(err, repo.ErrNotFound) {
		t.Fatalf("err = %v, want ErrNotFound", err)
	}
}

func TestLiveKnowsWhoIsOnWhichPage(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	project := repotest.Project(t, store)
	inbox := openInbox(t, store, project)
	record(t, inbox, "v1", event("page_view", 0, "/a"), event("page_view", 5, "/b"))
	record(t, inbox, "v2", event("page_view", 0, "/b"))
	record(t, inbox, "v3", event("page_view", 1, "/a"))
	record(t, inbox, "gone", event("page_view", -400, "/a"))
	live, err := project.Live(t.Context(), now.Add(-5*time.Minute), 10)
	if err != nil {
		t.Fatal(err)
	}
	if live.Visitors != 3 || live.Pageviews != 4 || len(live.Pages) != 2 ||
		live.Pages[0] != (repo.LivePage{Path: "/b", Visitors: 2}) || live.Pages[1] != (repo.LivePage{Path: "/a", Visitors: 1}) {
		t.Fatalf("live = %+v", live)
	}
}

// fillEveryTenantTable puts a row of the project into each table below projects.
func fillEveryTenantTable(t *testing.T, store *repo.Store, project *repo.Project) {
	t.Helper()
	record(t, openInbox(t, store, project), "v", event("page_view", 0, "/"))
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
