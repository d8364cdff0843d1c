package repotest

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

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

// HoldInserts lets inserts into a table wait, each before its statement, once the condition holds: until release is called or the test
// ends. stuck returns when one waits.
func HoldInserts(t testing.TB, url, table, condition string) (stuck, release func()) {
	t.Helper()
	Exec(t, url, `CREATE FUNCTION wait_at_insert() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF `+condition+` THEN PERFORM pg_advisory_xact_lock(4711); END IF;
			RETURN NULL;
		END $$`)
	Exec(t, url, "CREATE TRIGGER wait_at_insert BEFORE INSERT ON "+table+" FOR EACH STATEMENT EXECUTE FUNCTION wait_at_insert()")
	release = Hold(t, url, "SELECT pg_advisory_xact_lock(4711)")
	stuck = func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		again := time.NewTicker(20 * time.Millisecond)
		defer again.Stop()
		for Number(t, url, `SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
			WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.objid = 4711 AND NOT l.granted`) == 0 {
			select {
			case <-again.C:
			case <-ctx.Done():
				t.Fatalf("nothing was inserted into %s where %s", table, condition)
			}
		}
	}
	return stuck, release
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
