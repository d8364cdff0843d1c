package localpg_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/microtracker/microtracker/server/localpg"
)

// TestOneFolder takes one folder through everything that may befall it, since initialising one costs a second.
// The parts depend on nothing but the folder and leave it stopped.
//
//nolint:paralleltest,tparallel // the parts share the folder
func TestOneFolder(t *testing.T) {
	t.Parallel()
	available(t)
	cfg := localpg.Config{Dir: t.TempDir(), Ephemeral: true}
	bystander := filepath.Join(cfg.Dir, ".postgres-init-mine", "letter.txt")
	if err := errors.Join(os.Mkdir(filepath.Dir(bystander), 0o700), os.WriteFile(bystander, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(cfg.Dir, "postgres", "data")

	t.Run("keeps what only looks half made", func(t *testing.T) {
		start(t, cfg)
		if _, err := os.Stat(bystander); err != nil {
			t.Errorf("somebody's file is gone: %v", err)
		}
	})
	t.Run("lets no wrong password in", func(t *testing.T) {
		config, err := pgx.ParseConfig(start(t, cfg).URL())
		if err != nil {
			t.Fatal(err)
		}
		config.Password = "guess"
		if conn, err := pgx.ConnectConfig(t.Context(), config); err == nil {
			_ = conn.Close(t.Context())
			t.Fatal("a wrong password was let in")
		}
	})
	t.Run("refuses a second start while it runs", func(t *testing.T) {
		start(t, cfg)
		_, err := localpg.Start(t.Context(), cfg)
		var inUse *localpg.InUseError
		if !errors.As(err, &inUse) || inUse.PID != os.Getpid() {
			t.Fatalf("err = %v, want InUseError of process %d", err, os.Getpid())
		}
	})
	t.Run("stops under a client with an open transaction, and only once", func(t *testing.T) {
		server := start(t, cfg)
		conn, err := pgx.Connect(t.Context(), server.URL())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(context.Background()) }()
		if _, err := conn.Exec(t.Context(), "BEGIN"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		stop(t, server)
		stop(t, server)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("Stop took %s", took)
		}
	})
	t.Run("starts over an empty pid file", func(t *testing.T) {
		write(t, filepath.Join(data, "postmaster.pid"), "")
		query(t, start(t, cfg).URL(), "SELECT 1")
	})
	t.Run("starts over the pid of another program", func(t *testing.T) {
		write(t, filepath.Join(data, "postmaster.pid"),
			strconv.Itoa(os.Getpid())+"\n/elsewhere\n0\n1\n\n127.0.0.1\n0 0\nready\n")
		query(t, start(t, cfg).URL(), "SELECT 1")
	})
	t.Run("exchanges a taken port for a free one", func(t *testing.T) {
		before := start(t, cfg)
		stop(t, before)
		occupy(t, before.URL())
		now := start(t, cfg)
		if now.URL() == before.URL() {
			t.Fatal("the address is the one that somebody else holds")
		}
		query(t, now.URL(), "SELECT 1")
	})
	t.Run("moves a full log aside", func(t *testing.T) {
		log := filepath.Join(cfg.Dir, "postgres", "postgres.log")
		if err := os.Truncate(log, 11<<20); err != nil {
			t.Fatal(err)
		}
		start(t, cfg)
		if info, err := os.Stat(log); err != nil || info.Size() > 1<<20 {
			t.Errorf("the log after a start: %v, %v", info, err)
		}
	})
	t.Run("is refused when no installed version wrote it", func(t *testing.T) {
		write(t, filepath.Join(data, "PG_VERSION"), "14\n")
		_, err := localpg.Start(t.Context(), cfg)
		var other *localpg.OtherMajorError
		if !errors.As(err, &other) || other.Want != 14 || len(other.Have) == 0 {
			t.Fatalf("err = %v, want OtherMajorError of 14", err)
		}
	})
}

// write replaces a file's content and keeps its owner, who may not be us.
func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// occupy listens where a server used to, until the test ends.
func occupy(t *testing.T, address string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
}
