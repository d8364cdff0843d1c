package repotest_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/microtracker/microtracker/repo/repotest"
)

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func exec(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func exists(t testing.TB, conn *pgx.Conn, table string) bool {
	t.Helper()
	var found bool
	if err := conn.QueryRow(t.Context(), "SELECT to_regclass($1) IS NOT NULL", table).Scan(&found); err != nil {
		t.Fatalf("look for the table %s: %v", table, err)
	}
	return found
}

func TestTwoTestsDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	one, two := connect(t, repotest.DatabaseURL(t)), connect(t, repotest.DatabaseURL(t))
	exec(t, one, "CREATE TABLE mine (id int)")
	if exists(t, two, "mine") {
		t.Error("a table made in one database is seen in the other")
	}
}

func TestADatabaseIsMigrated(t *testing.T) {
	t.Parallel()
	if conn := connect(t, repotest.DatabaseURL(t)); !exists(t, conn, "projects") {
		t.Error("the table projects is missing")
	}
}

func TestADatabaseGoesWithItsTestEvenWhileInUse(t *testing.T) { //nolint:paralleltest // the inner test ends before the outer looks
	var gone string
	t.Run("its test", func(t *testing.T) {
		gone = repotest.DatabaseURL(t)
		conn, err := pgx.Connect(t.Context(), gone)
		if err != nil {
			t.Fatal(err)
		}
		exec(t, conn, "BEGIN") // and forgotten
	})
	if conn, err := pgx.Connect(t.Context(), gone); err == nil {
		_ = conn.Close(t.Context())
		t.Error("the database is still there")
	}
}

func TestEachPostgresIsEmptyAndOfTheVersionPromised(t *testing.T) {
	t.Parallel()
	ran := 0
	repotest.EachPostgres(t, func(t *testing.T, major int, url string) {
		t.Helper()
		ran++
		conn := connect(t, url)
		var version int
		if err := conn.QueryRow(t.Context(), "SELECT current_setting('server_version_num')::int / 10000").Scan(&version); err != nil {
			t.Fatal(err)
		}
		if version != major {
			t.Errorf("version = %d, want %d", version, major)
		}
		if exists(t, conn, "projects") {
			t.Error("the database is not empty")
		}
	})
	if ran == 0 {
		t.Error("no version was run")
	}
}

// BenchmarkDatabaseURL is what a test pays for its database, the dropping included.
func BenchmarkDatabaseURL(b *testing.B) {
	repotest.DatabaseURL(b) // the server's start and the template are paid once per run
	var made time.Duration
	for b.Loop() {
		inner(b, &made)
	}
	b.ReportMetric(float64(made.Milliseconds())/float64(b.N), "ms/make")
}

// inner gives one round a TB whose cleanups run at its end.
func inner(b *testing.B, made *time.Duration) {
	b.Helper()
	round := &roundTB{B: b}
	began := time.Now()
	repotest.DatabaseURL(round)
	*made += time.Since(began)
	round.end()
}

// roundTB is a testing.TB of one round of a benchmark.
type roundTB struct {
	*testing.B
	cleanups []func()
}

func (r *roundTB) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *roundTB) Name() string { return r.B.Name() + " round" }

func (r *roundTB) end() {
	for _, f := range r.cleanups {
		f()
	}
}
