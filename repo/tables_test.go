package repo_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestAnEmailIsTakenOnce(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	user := repotest.User(t, store)
	err := store.CreateUser(t.Context(), &repo.User{Name: "Other", Email: user.Email, Password: "x"})
	var conflict *repo.ConflictError
	if !errors.Is(err, repo.ErrConflict) || !errors.As(err, &conflict) || conflict.Constraint != "users_email_unique" {
		t.Fatalf("err = %v, want a conflict with users_email_unique", err)
	}
	if err := store.SetPassword(t.Context(), user.ID, "new", now); err != nil {
		t.Fatal(err)
	}
	found, err := store.UserByEmail(t.Context(), user.Email)
	if err != nil || found.ID != user.ID || found.Password != "new" {
		t.Fatalf("found %+v, %v", found, err)
	}
}

func TestASessionLivesWhileItIsActive(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	user := repotest.User(t, store)
	session := &repo.Session{ID: "abc", UserID: user.ID, IPAddress: "2001:db8::1", Payload: "{}", LastActivity: now.Unix()}
	if err := store.CreateSession(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	if found, _, err := store.SessionUser(t.Context(), "abc", now); err != nil || found.ID != user.ID {
		t.Fatalf("user = %v, %v", found, err)
	}
	if _, _, err := store.SessionUser(t.Context(), "abc", now.Add(time.Second)); !errors.Is(err, repo.ErrNotFound) {
		t.Fatalf("an idle session answered: %v", err)
	}
	if err := store.TouchSession(t.Context(), "abc", "2001:db8::2", now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.SessionUser(t.Context(), "abc", now.Add(time.Minute)); err != nil {
		t.Fatalf("a touched session is gone: %v", err)
	}
	if deleted, err := store.DeleteIdleSessions(t.Context(), now.Add(2*time.Hour)); err != nil || deleted != 1 {
		t.Fatalf("deleted %d, %v", deleted, err)
	}
}

func TestATokenWorksUntilItExpiresOrIsRevoked(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	user, stranger := repotest.User(t, store), repotest.User(t, store)
	token := &repo.PersonalAccessToken{Name: "script", Token: "hash", Abilities: `["*"]`, ExpiresAt: now}
	if err := store.CreateToken(t.Context(), user.ID, token); err != nil {
		t.Fatal(err)
	}
	if found, _, err := store.TokenUser(t.Context(), "hash", now.Add(-time.Second)); err != nil || found.ID != user.ID {
		t.Fatalf("user = %v, %v", found, err)
	}
	if _, _, err := store.TokenUser(t.Context(), "hash", now); !errors.Is(err, repo.ErrNotFound) {
		t.Fatalf("an expired token answered: %v", err)
	}
	if err := store.DeleteToken(t.Context(), stranger.ID, token.ID); !errors.Is(err, repo.ErrNotFound) {
		t.Fatalf("a stranger's revocation: %v, want ErrNotFound", err)
	}
	if err := store.DeleteToken(t.Context(), user.ID, token.ID); err != nil {
		t.Fatal(err)
	}
}

func TestAResetTokenWorksOnceAndInTime(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	for _, hash := range []string{"first", "second"} {
		token := &repo.PasswordResetToken{Email: "a@example.com", Token: hash, CreatedAt: now}
		if err := store.SavePasswordResetToken(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	for _, attempt := range []struct {
		hash      string
		notBefore time.Time
		want      error
	}{
		{"first", now, repo.ErrNotFound}, // replaced
		{"second", now.Add(time.Second), repo.ErrNotFound},
		{"second", now, nil},
		{"second", now, repo.ErrNotFound}, // used
	} {
		if _, err := store.TakePasswordResetToken(t.Context(), attempt.hash, attempt.notBefore); !errors.Is(err, attempt.want) {
			t.Errorf("take %s: %v, want %v", attempt.hash, err, attempt.want)
		}
	}
}

func TestAProjectOpensForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	mine, theirs := repotest.Project(t, store), repotest.Project(t, store)
	me := repo.Caller{UserID: mine.OwnerUserID}
	if _, err := store.OpenProject(t.Context(), me, mine.ID); err != nil {
		t.Fatal(err)
	}
	_, foreign := store.OpenProject(t.Context(), me, theirs.ID)
	_, missing := store.OpenProject(t.Context(), me, theirs.ID+1000)
	if !errors.Is(foreign, repo.ErrNotFound) || foreign.Error() != missing.Error() {
		t.Fatalf("foreign: %v, missing: %v, want the same ErrNotFound", foreign, missing)
	}
	if list, err := store.Projects(t.Context(), me, repo.Page[string]{Limit: 10}); err != nil || len(list) != 1 || list[0].ID != mine.ID {
		t.Fatalf("list = %v, %v", list, err)
	}
}

func TestDeletingAProjectDeletesAllItsData(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	store, err := repo.Open(url, repo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	project := repotest.Project(t, store)
	fillEveryTenantTable(t, store, project)
	db := openDatabase(t, url)
	tables := []string{"api_keys", "visitors", "tracking_sessions", "events", "event_ids", "daily_rollups", "ads_dim", "ad_spend_fact"}
	count := func(table string) (n int) {
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, table := range tables {
		if count(table) == 0 {
			t.Errorf("%s has no row to delete", table)
		}
	}
	if err := project.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		if n := count(table); n != 0 {
			t.Errorf("%s still has %d rows", table, n)
		}
	}
}

func TestAnAPIKeyBelongsToItsProject(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	mine, theirs := repotest.Project(t, store), repotest.Project(t, store)
	key := &repo.APIKey{Name: "partner", Scope: "*", SecretPrefix: "abcdefgh", SecretLast4: "wxyz", SecretHash: "hash", IsActive: true}
	if err := theirs.CreateAPIKey(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if err := mine.DeleteAPIKey(t.Context(), key.ID); !errors.Is(err, repo.ErrNotFound) {
		t.Fatalf("err = %v, want ErrNotFound", err)
	}
	if keys, err := theirs.APIKeys(t.Context(), repo.Page[int64]{Limit: 10}); err != nil || len(keys) != 1 || keys[0].SecretPrefix != "abcdefgh" {
		t.Fatalf("keys = %v, %v", keys, err)
	}
	if err := theirs.DeleteAPIKey(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
}

func TestARollupReplacesItsDay(t *testing.T) {
	t.Parallel()
	project := repotest.Project(t, repotest.Store(t))
	duration := 12.34
	for visitors := range 2 {
		rollup := &repo.DailyRollup{
			Day: now, Visitors: visitors, AvgSessionDurationSecs: &duration, Metrics: json.RawMessage(`{"version": 1}`), CreatedAt: now,
		}
		if err := project.SaveDailyRollup(t.Context(), rollup); err != nil {
			t.Fatal(err)
		}
	}
	rollups, err := project.DailyRollups(t.Context(), now, now.AddDate(0, 0, 1), 100)
	if err != nil || len(rollups) != 1 || rollups[0].Visitors != 1 || *rollups[0].AvgSessionDurationSecs != duration {
		t.Fatalf("rollups = %+v, %v", rollups, err)
	}
}

func TestAnAdKeepsNamesThatANewSightingLacks(t *testing.T) {
	t.Parallel()
	project := repotest.Project(t, repotest.Store(t))
	for _, ad := range []repo.Ad{
		{AdID: "7", Platform: "google", CampaignName: "Autumn", FirstSeenAt: now, LastSeenAt: now},
		{AdID: "7", Platform: "google", AdName: "Blue", FirstSeenAt: now.Add(-time.Hour), LastSeenAt: now.Add(-time.Hour)},
	} {
		if err := project.UpsertAd(t.Context(), &ad); err != nil {
			t.Fatal(err)
		}
	}
	ads, err := project.Ads(t.Context(), repo.AdFilter{}, repo.Page[string]{Limit: 10})
	if err != nil || len(ads) != 1 {
		t.Fatalf("ads = %v, %v", ads, err)
	}
	if ad := ads[0]; ad.CampaignName != "Autumn" || ad.AdName != "Blue" || !ad.FirstSeenAt.Equal(now.Add(-time.Hour)) || !ad.LastSeenAt.Equal(now) {
		t.Fatalf("ad = %+v", ad)
	}
}

func TestAnAdKeepsTheNamesThatItHadBefore(t *testing.T) {
	t.Parallel()
	project := repotest.Project(t, repotest.Store(t))
	for i := range 25 {
		at := now.Add(time.Duration(i) * time.Minute)
		ads := []*repo.Ad{
			{AdID: "7", Platform: "google", CampaignName: fmt.Sprint("Campaign ", i/2), AdName: "Blue", FirstSeenAt: at, LastSeenAt: at, UpdatedAt: at},
			{AdID: "3", Platform: "google", AdName: "Red", FirstSeenAt: at, LastSeenAt: at, UpdatedAt: at},
		}
		if err := project.UpsertAds(t.Context(), ads); err != nil {
			t.Fatal(err)
		}
	}
	ads, err := project.Ads(t.Context(), repo.AdFilter{Platform: "google"}, repo.Page[string]{Limit: 10})
	if err != nil || len(ads) != 2 || len(ads[0].FormerNames) != 0 || len(ads[1].FormerNames) != 12 {
		t.Fatalf("ads = %+v, %v", ads, err)
	}
	if former := ads[1].FormerNames[0]; former.Campaign != "Campaign 11" || former.Ad != "Blue" || former.Adset != "" || !former.Until.Equal(now.Add(24*time.Minute)) {
		t.Errorf("formerly %+v", former)
	}
	if !ads[1].FirstSeenAt.Equal(now) || !ads[1].LastSeenAt.Equal(now) {
		t.Errorf("told of, not seen: %+v", ads[1])
	}
	if ads, err = project.Ads(t.Context(), repo.AdFilter{Platform: "tiktok"}, repo.Page[string]{Limit: 10}); err != nil || len(ads) != 0 {
		t.Errorf("of another platform: %v, %v", ads, err)
	}
}

func TestRestatedSpendReplacesItsRow(t *testing.T) {
	t.Parallel()
	project := repotest.Project(t, repotest.Store(t))
	for _, spend := range []string{"1.10", "9999999999.99"} {
		row := repo.AdSpend{Platform: "google", Date: now, CampaignID: "1", AdsetID: "2", AdID: "3", Impressions: 5, Clicks: 1, Spend: spend}
		if err := project.ReplaceAdSpend(t.Context(), []repo.AdSpend{row}); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := project.AdSpend(t.Context(), repo.AdSpendFilter{Since: now, Until: now.AddDate(0, 0, 1)}, repo.Page[*repo.AdSpendKey]{Limit: 10})
	if err != nil || len(rows) != 1 || rows[0].Spend != "9999999999.99" {
		t.Fatalf("rows = %+v, %v", rows, err)
	}
	tooMuch := repo.AdSpend{Platform: "google", Date: now, CampaignID: "1", AdsetID: "2", AdID: "3", Spend: "10000000000.00"}
	if err := project.ReplaceAdSpend(t.Context(), []repo.AdSpend{tooMuch}); !errors.Is(err, repo.ErrInvalid) {
		t.Fatalf("err = %v, want ErrInvalid", err)
	}
}

func TestReplicasAgreeOnTheSaltAndItIsDestroyed(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	first, err := store.VisitorSalt(t.Context(), now, []byte("first"))
	if err != nil {
		t.Fatal(err)
	}
	if second, err := store.VisitorSalt(t.Context(), now, []byte("second")); err != nil || !bytes.Equal(second, first) {
		t.Fatalf("second = %q, %v", second, err)
	}
	if err := store.DeleteVisitorSalts(t.Context(), now.AddDate(0, 0, 1)); err != nil {
		t.Fatal(err)
	}
	if third, err := store.VisitorSalt(t.Context(), now, []byte("third")); err != nil || string(third) != "third" {
		t.Fatalf("third = %q, %v", third, err)
	}
}
