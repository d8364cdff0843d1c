package repotest

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Exec runs a statement on a database: what a test does to it behind the program's back.
func Exec(t testing.TB, url, statement string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer conn.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // the statement is committed
	if _, err := conn.Exec(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Hold runs a statement in a transaction that stays open, so that its locks are held, until release is called or the test
// ends.
func Hold(t testing.TB, url, statement string) (release func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	release = sync.OnceFunc(func() {
		ctx := context.WithoutCancel(t.Context())
		_, _ = conn.Exec(ctx, "ROLLBACK") // closing alone would not wait for the locks to go
		_ = conn.Close(ctx)
	})
	t.Cleanup(release)
	if _, err := conn.Exec(t.Context(), "BEGIN"); err != nil {
		t.Fatalf("begin: %v", err)
	}
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return release
}

// ShutOut takes a database away from everybody, as if it had been stopped, until allow is called or the test ends.
func ShutOut(t testing.TB, databaseURL string) (allow func()) {
	t.Helper()
	name := strings.TrimPrefix(mustParse(t, databaseURL).Path, "/")
	server := withDatabase(databaseURL, "postgres")
	allow = sync.OnceFunc(func() {
		if err := execute(context.WithoutCancel(t.Context()), server, "ALTER DATABASE "+quote(name)+" ALLOW_CONNECTIONS true"); err != nil {
			t.Errorf("give the database back: %v", err)
		}
	})
	t.Cleanup(allow)
	Exec(t, server, "ALTER DATABASE "+quote(name)+" ALLOW_CONNECTIONS false")
	Exec(t, server, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1", name)
	return allow
}

func mustParse(t testing.TB, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
