package repo_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
)

func TestTheOperatorListsEveryAccountByPages(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	var want, got []int64
	for range 5 {
		want = append(want, repotest.User(t, store).ID)
	}
	for after := int64(0); ; {
		page, err := store.UsersAsOperator(t.Context(), repo.Page[int64]{After: after, Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for i := range page {
			got = append(got, page[i].ID)
		}
		after = got[len(got)-1]
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
}

func TestTheOperatorsResetEndsSessionsAndLinksOfThatAccountAlone(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	ada, bob := repotest.User(t, store), repotest.User(t, store)
	for _, user := range []*repo.User{ada, bob} {
		session := &repo.Session{ID: "session of " + user.Email, UserID: user.ID, Payload: "{}", LastActivity: now.Unix()}
		if err := store.CreateSession(t.Context(), session); err != nil {
			t.Fatal(err)
		}
		link := &repo.PasswordResetToken{Email: user.Email, Token: "link of " + user.Email, CreatedAt: now}
		if err := store.SavePasswordResetToken(t.Context(), link); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.ResetPasswordAsOperator(t.Context(), ada, "new", now); err != nil {
		t.Fatal(err)
	}
	if found, err := store.User(t.Context(), ada.ID); err != nil || found.Password != "new" || !found.UpdatedAt.Equal(now) {
		t.Errorf("her account is %+v, %v", found, err)
	}
	for user, want := range map[*repo.User]error{ada: repo.ErrNotFound, bob: nil} {
		if _, _, err := store.SessionUser(t.Context(), "session of "+user.Email, now); !errors.Is(err, want) {
			t.Errorf("session of %s: %v, want %v", user.Email, err, want)
		}
		if _, err := store.TakePasswordResetToken(t.Context(), "link of "+user.Email, now); !errors.Is(err, want) {
			t.Errorf("link of %s: %v, want %v", user.Email, err, want)
		}
	}
	if err := store.ResetPasswordAsOperator(t.Context(), &repo.User{ID: ada.ID + 1000}, "new", now); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("of nobody: %v, want ErrNotFound", err)
	}
}

func TestTheOperatorSeesAndOpensEverybodysProjects(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	ada, bob := repotest.User(t, store), repotest.User(t, store)
	hers, his := repotest.ProjectOf(t, store, ada), repotest.ProjectOf(t, store, bob)
	ids := func(owner, after int64) (ids []int64) {
		projects, err := store.ProjectsAsOperator(t.Context(), owner, repo.Page[int64]{After: after, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		for i := range projects {
			ids = append(ids, projects[i].ID)
			if want := map[int64]string{hers.ID: ada.Email, his.ID: bob.Email}[projects[i].ID]; projects[i].OwnerEmail != want {
				t.Errorf("project %d is of %q, want %q", projects[i].ID, projects[i].OwnerEmail, want)
			}
		}
		return ids
	}
	for _, c := range []struct {
		owner, after int64
		want         []int64
	}{{0, 0, []int64{hers.ID, his.ID}}, {0, hers.ID, []int64{his.ID}}, {bob.ID, 0, []int64{his.ID}}, {ada.ID, hers.ID, nil}} {
		if got := ids(c.owner, c.after); !slices.Equal(got, c.want) {
			t.Errorf("of owner %d after %d: %v, want %v", c.owner, c.after, got, c.want)
		}
	}
	if opened, err := store.OpenProjectAsOperator(t.Context(), his.ID); err != nil || opened.Name != his.Name {
		t.Errorf("opened %+v, %v", opened, err)
	}
	if _, err := store.OpenProjectAsOperator(t.Context(), his.ID+1000); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("one that is not there: %v, want ErrNotFound", err)
	}
}

func TestTheOperatorSeesWhoseATokenIs(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	user := repotest.User(t, store)
	token := &repo.PersonalAccessToken{Name: "script", Token: "hash", Abilities: `["*"]`}
	if err := store.CreateToken(t.Context(), user.ID, token); err != nil {
		t.Fatal(err)
	}
	if found, owner, err := store.TokenAsOperator(t.Context(), token.ID); err != nil || found.Name != "script" || owner.ID != user.ID {
		t.Errorf("found %+v of %+v, %v", found, owner, err)
	}
	if _, _, err := store.TokenAsOperator(t.Context(), token.ID+1); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("one that is not there: %v, want ErrNotFound", err)
	}
}
