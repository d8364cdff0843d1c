package repo_test

import (
	"errors"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
)

func TestExpiredCredentialsAreClearedAwayAndOthersStay(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	user := repotest.User(t, store)
	for hash, expires := range map[string]time.Time{"dead": now.Add(-time.Second), "living": now.Add(time.Hour), "endless": {}} {
		if err := store.CreateToken(t.Context(), user.ID, &repo.PersonalAccessToken{Name: hash, Token: hash, ExpiresAt: expires}); err != nil {
			t.Fatal(err)
		}
	}
	for email, made := range map[string]time.Time{"old@example.com": now.Add(-8 * 24 * time.Hour), "new@example.com": now} {
		if err := store.SaveEmailVerificationToken(t.Context(), &repo.EmailVerificationToken{Email: email, Token: email, CreatedAt: made}); err != nil {
			t.Fatal(err)
		}
		if err := store.SavePasswordResetToken(t.Context(), &repo.PasswordResetToken{Email: email, Token: email, CreatedAt: made}); err != nil {
			t.Fatal(err)
		}
	}
	deleted, err := store.DeleteExpiredCredentials(t.Context(), now, now.Add(-7*24*time.Hour))
	if err != nil || deleted != 3 {
		t.Fatalf("deleted %d, %v; want 3", deleted, err)
	}
	if tokens, err := store.Tokens(t.Context(), user.ID, repo.Page[int64]{Limit: 10}); err != nil || len(tokens) != 2 {
		t.Errorf("tokens = %v, %v", tokens, err)
	}
	if _, err := store.TakeEmailVerificationToken(t.Context(), "old@example.com", time.Time{}); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("the old link: %v", err)
	}
	if _, err := store.TakeEmailVerificationToken(t.Context(), "new@example.com", time.Time{}); err != nil {
		t.Errorf("the new link: %v", err)
	}
}

func TestOfTwoRotationsAtOnceEachKeepsTheOthersKey(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	project := repotest.Project(t, store)
	other, err := store.OpenProject(t.Context(), repo.Caller{UserID: project.OwnerUserID}, project.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := project.RotatePublicKey(t.Context(), "first", now.Add(time.Hour), now); err != nil {
		t.Fatal(err)
	}
	// The second handle was opened before.
	if err := other.RotatePublicKey(t.Context(), "second", now.Add(time.Hour), now); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"first", "second"} {
		if _, err := store.OpenInbox(t.Context(), key, now); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
}
