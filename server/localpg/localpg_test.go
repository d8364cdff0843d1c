package localpg_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/microtracker/microtracker/server/localpg"
)

// start runs a server that the test's end stops.
func start(t *testing.T, cfg localpg.Config) *localpg.Server {
	t.Helper()
	server, err := localpg.Start(t.Context(), cfg)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() { stop(t, server) })
	return server
}

func stop(t *testing.T, server *localpg.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

// query runs a statement and returns its first column as text.
func query(t *testing.T, url, sql string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if last := results[len(results)-1]; len(last.Rows) > 0 {
		return string(last.Rows[0][0])
	}
	return ""
}

func running(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestAFreshServerAnswersAndIsDurable(t *testing.T) {
	t.Parallel()
	// A path too long for a socket file.
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	server := start(t, localpg.Config{Dir: dir})
	for setting, want := range map[string]string{
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "data_checksums": "on",
		"TimeZone": "UTC", "server_encoding": "UTF8", "password_encryption": "scram-sha-256", "listen_addresses": "127.0.0.1",
	} {
		if got := query(t, server.URL(), "SHOW "+setting); got != want {
			t.Errorf("%s = %q, want %q", setting, got, want)
		}
	}
	if got := query(t, server.URL(), "SELECT current_database() || upper('ä') || ('a' > 'B')"); got != "microtrackerÄtrue" {
		t.Errorf("database, case and order = %q", got)
	}
	info, err := os.Stat(filepath.Join(dir, "postgres", "microtracker.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file with the password: %v, %v; want mode 0600", info, err)
	}
}

func TestStopLeavesNoProcessAndASecondStartKeepsTheData(t *testing.T) {
	t.Parallel()
	cfg := localpg.Config{Dir: t.TempDir()}
	server := start(t, cfg)
	query(t, server.URL(), "CREATE TABLE kept AS SELECT 42 AS answer")
	stop(t, server)
	if running(server.PID()) || len(processesIn(t, cfg.Dir)) > 0 {
		t.Errorf("processes left after Stop: %v", processesIn(t, cfg.Dir))
	}

	began := time.Now()
	again := start(t, cfg)
	t.Logf("second start: %s", time.Since(began))
	if again.URL() != server.URL() {
		t.Errorf("the address changed from %s to %s", server.URL(), again.URL())
	}
	if got := query(t, again.URL(), "SELECT answer FROM kept"); got != "42" {
		t.Errorf("answer = %q, want 42", got)
	}
}

func TestTwoFoldersServeSideBySide(t *testing.T) {
	t.Parallel()
	one := start(t, localpg.Config{Dir: t.TempDir(), Ephemeral: true})
	two := start(t, localpg.Config{Dir: t.TempDir(), Ephemeral: true})
	query(t, one.URL(), "CREATE TABLE mine (id int)")
	if got := query(t, two.URL(), "SELECT to_regclass('mine') IS NULL"); got != "t" {
		t.Error("a table of one server is seen in the other")
	}
}

func TestAForeignDirectoryIsRefusedAndLeftAsItWas(t *testing.T) {
	t.Parallel()
	for name, files := range map[string][]string{
		"some files":             {"postgres/letter.txt"},
		"somebody's data":        {"postgres/PG_VERSION", "postgres/postgresql.conf"},
		"a data directory above": {"PG_VERSION"},
		"an unknown mark":        {"postgres/microtracker.json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, file := range files {
				path := filepath.Join(dir, file)
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("18\n"), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			before := tree(t, dir)
			_, err := localpg.Start(t.Context(), localpg.Config{Dir: dir})
			if foreign := (*localpg.ForeignDirectoryError)(nil); !errors.As(err, &foreign) {
				t.Fatalf("err = %v, want ForeignDirectoryError", err)
			}
			if after := tree(t, dir); after != before {
				t.Errorf("the directory changed from\n%s\nto\n%s", before, after)
			}
		})
	}
}

func tree(t *testing.T, dir string) string {
	t.Helper()
	var paths []string
	if err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(paths, "\n")
}

// processesIn lists processes that work in a directory; Linux only, empty elsewhere.
func processesIn(t *testing.T, dir string) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, dir+"/") {
			found = append(found, link)
		}
	}
	return found
}
