package repotest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/identity"
)

// Store opens a database of its own for the test.
func Store(t testing.TB) *repo.Store {
	t.Helper()
	return Open(t, DatabaseURL(t))
}

// Open opens a database for the test.
func Open(t testing.TB, url string) *repo.Store {
	t.Helper()
	store, err := repo.Open(url, repo.Options{MaxConns: 8})
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	// As `microtracker serve` does; a database that is away is the test's own matter.
	if _, err := store.UseIngestPrivilege(t.Context()); err != nil && !errors.Is(err, repo.ErrUnavailable) {
		t.Fatalf("use the privilege of ingest: %v", err)
	}
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
		IsActive: true, TimeZone: "UTC", Currency: "USD", PrivacyMode: "cookieless", CreatedAt: now, UpdatedAt: now,
	})
	if err != nil {
		t.Fatalf("make a project: %v", err)
	}
	return project
}

// Dump returns every row of every table of a database as text, to look for what must not be there.
func Dump(t testing.TB, url string) []byte {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect to dump: %v", err)
	}
	defer conn.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // it has been read
	var dump []byte
	err = conn.QueryRow(t.Context(), "SELECT convert_to(schema_to_xml('public', true, false, '')::text, 'UTF8')").Scan(&dump)
	if err != nil {
		t.Fatalf("dump: %v", err)
	}
	return dump
}

// Number returns the number that a query answers with: what a test asks of the database itself.
func Number(t testing.TB, url, query string, args ...any) int64 {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer conn.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // it has been read
	var n int64
	if err := conn.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}
