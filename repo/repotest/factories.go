package repotest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/identity"
)

// Store opens a database of its own for the test.
func Store(t testing.TB) *repo.Store {
	t.Helper()
	store, err := repo.Open(DatabaseURL(t), repo.Options{MaxConns: 8})
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return store
}

// serial makes names that are not taken.
var serial atomic.Int64 //nolint:gochecknoglobals // names must differ between tests that share nothing

// User makes an account whose password matches nothing.
func User(t testing.TB, store *repo.Store) *repo.User {
	t.Helper()
	n := serial.Add(1)
	now := time.Now()
	user := &repo.User{
		Name: fmt.Sprintf("User %d", n), Email: fmt.Sprintf("user%d@example.com", n), Password: "none",
		CreatedAt: now, UpdatedAt: now,
	}
	if err := store.CreateUser(t.Context(), user); err != nil {
		t.Fatalf("make a user: %v", err)
	}
	return user
}

// Project makes a project with an owner of its own.
func Project(t testing.TB, store *repo.Store) *repo.Project {
	t.Helper()
	return ProjectOf(t, store, User(t, store))
}

// ProjectOf makes a project of the user.
func ProjectOf(t testing.TB, store *repo.Store, owner *repo.User) *repo.Project {
	t.Helper()
	now := time.Now()
	project, err := store.CreateProject(t.Context(), &repo.ProjectInfo{
		OwnerUserID: owner.ID, Name: fmt.Sprintf("Project %d", serial.Add(1)),
		PublicKey: identity.New(identity.PublicKey).Reveal(), SecretKey: identity.New(identity.SecretKey).SHA256(),
		IsActive: true, TimeZone: "UTC", Currency: "USD", CreatedAt: now, UpdatedAt: now,
	})
	if err != nil {
		t.Fatalf("make a project: %v", err)
	}
	return project
}
