// Package repotest lends tests a real PostgreSQL: DatabaseURL gives a test a migrated, empty database of its own.
//
// One server is started for all the test processes of a `go test` command, and a watcher of a few shell lines
// stops it and removes its files when that command is gone, however it went. With the environment variable
// MICROTRACKER_TEST_DATABASE_URL set, that server is used and none is started; its role must be allowed to
// create databases, and the template made there stays for the next run.
package repotest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/microtracker/microtracker/server/localpg"
)

const (
	// serverVariable names a server to use instead of starting one.
	serverVariable = "MICROTRACKER_TEST_DATABASE_URL"
	// patience bounds everything done to a server on a test's behalf; a loaded machine is slow.
	patience = 2 * time.Minute
)

// DatabaseURL returns the address of a database for this test alone: migrated, without rows, dropped when the
// test ends.
func DatabaseURL(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	server, err := sharedServer(ctx)
	if err != nil {
		t.Fatalf("find a PostgreSQL for the test: %v", err)
	}
	name := databaseName(t)
	if err := cloneTemplate(ctx, server, name); err != nil {
		t.Fatalf("make a database for the test: %v", err)
	}
	t.Cleanup(func() { drop(t, server, name) })
	return withDatabase(server, name)
}

// EachPostgres runs a subtest on every major version of PostgreSQL that this machine has, each with the address
// of an empty database: no migrations, no tables. With MICROTRACKER_TEST_DATABASE_URL set, that is one version.
func EachPostgres(t *testing.T, test func(t *testing.T, major int, url string)) {
	t.Helper()
	servers := eachServer(t)
	majors := make([]int, 0, len(servers))
	for major := range servers {
		majors = append(majors, major)
	}
	slices.Sort(majors)
	for _, major := range majors {
		t.Run(fmt.Sprintf("PostgreSQL %d", major), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			server, err := servers[major](ctx, t)
			if err != nil {
				t.Fatalf("start PostgreSQL %d: %v", major, err)
			}
			name := databaseName(t)
			if err := execute(ctx, server, "CREATE DATABASE "+quote(name)); err != nil {
				t.Fatalf("make a database for the test: %v", err)
			}
			t.Cleanup(func() { drop(t, server, name) })
			test(t, major, withDatabase(server, name))
		})
	}
}

// opener returns the address of a server, starting it for the test where that is needed.
type opener func(context.Context, testing.TB) (string, error)

// eachServer finds a server for each major version: the shared one, and private ones for the others.
func eachServer(t *testing.T) map[int]opener {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	shared, err := sharedServer(ctx)
	if err != nil {
		t.Fatalf("find a PostgreSQL for the test: %v", err)
	}
	major, err := majorOf(ctx, shared)
	if err != nil {
		t.Fatalf("ask the shared PostgreSQL for its version: %v", err)
	}
	servers := map[int]opener{major: func(context.Context, testing.TB) (string, error) { return shared, nil }}
	if os.Getenv(serverVariable) != "" {
		return servers
	}
	installed, err := localpg.Installations(ctx, "")
	if err != nil {
		t.Fatalf("look for other versions of PostgreSQL: %v", err)
	}
	for _, in := range installed {
		if servers[in.Major] == nil {
			servers[in.Major] = func(ctx context.Context, t testing.TB) (string, error) {
				t.Helper()
				return privateServer(ctx, t, in.BinDir)
			}
		}
	}
	return servers
}

// majorOf asks a server for its major version.
func majorOf(ctx context.Context, server string) (major int, err error) {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return 0, err
	}
	err = conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int / 10000").Scan(&major)
	return major, errors.Join(err, conn.Close(ctx))
}

// withDatabase is a server's address with another database in it.
func withDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server // the connection has been made with it, so it parses
	}
	u.Path = "/" + name
	return u.String()
}
