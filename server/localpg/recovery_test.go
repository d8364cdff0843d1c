package localpg_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/microtracker/microtracker/server/localpg"
)

// ownerFolder makes this test binary start a server in the folder named, say so, and wait to be killed.
const ownerFolder = "LOCALPG_TEST_OWNER_FOLDER"

func TestMain(m *testing.M) {
	dir := os.Getenv(ownerFolder)
	if dir == "" {
		os.Exit(m.Run())
	}
	server, err := localpg.Start(context.Background(), localpg.Config{Dir: dir})
	if err != nil {
		_, _ = fmt.Fprintln(os.Stdout, "error", err)
		os.Exit(1)
	}
	_, _ = fmt.Fprintln(os.Stdout, server.PID(), server.URL())
	<-time.After(time.Minute) // the test kills us long before
}

// startOwner starts another process that owns a server, and returns it with the server's pid and URL.
func startOwner(t *testing.T, dir string) (owner *os.Process, pid int, url string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), ownerFolder+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	first, url, _ := strings.Cut(strings.TrimSpace(line), " ")
	if pid, _ = strconv.Atoi(first); err != nil || pid == 0 {
		t.Fatalf("the owner said %q, %v", line, err)
	}
	return cmd.Process, pid, url
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// available returns the PostgreSQLs that this machine has.
func available(t *testing.T) []localpg.Installation {
	t.Helper()
	found, err := localpg.Installations(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatal("no PostgreSQL on this machine: run make deps")
	}
	return found
}

func TestAServerThatOutlivedItsOwnerIsAdopted(t *testing.T) {
	t.Parallel()
	available(t)
	dir := t.TempDir()
	owner, pid, url := startOwner(t, dir)

	_, err := localpg.Start(t.Context(), localpg.Config{Dir: dir})
	if inUse := (*localpg.InUseError)(nil); !errors.As(err, &inUse) || inUse.PID != owner.Pid {
		t.Fatalf("err = %v while process %d owns the folder, want InUseError of that", err, owner.Pid)
	}

	query(t, url, "CREATE TABLE kept AS SELECT 42 AS answer")
	kill(t, owner.Pid)
	_, _ = owner.Wait()
	server := start(t, localpg.Config{Dir: dir})
	if server.PID() != pid || server.URL() != url {
		t.Errorf("server %d at %s, want %d at %s", server.PID(), server.URL(), pid, url)
	}
	if got := query(t, server.URL(), "SELECT answer FROM kept"); got != "42" {
		t.Errorf("answer = %q, want 42", got)
	}
	stop(t, server)
	if left := processesIn(t, dir); len(left) > 0 {
		t.Errorf("processes left after Stop: %v", left)
	}
}

func TestCommittedDataSurvivesTheKillOfOwnerAndServer(t *testing.T) {
	t.Parallel()
	available(t)
	dir := t.TempDir()
	owner, pid, url := startOwner(t, dir)
	query(t, url, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
	kill(t, pid)
	kill(t, owner.Pid)
	_, _ = owner.Wait()

	server := start(t, localpg.Config{Dir: dir})
	if got := query(t, server.URL(), "SELECT count(*) FROM kept"); got != "1000" {
		t.Errorf("count = %q, want 1000", got)
	}
}

func TestAStartInterruptedWhileInitialisingIsRepeated(t *testing.T) {
	t.Parallel()
	available(t)
	dir := t.TempDir()
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), ownerFolder+"="+dir)
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); !initdbWorks(dir); {
		if time.Now().After(deadline) {
			t.Fatal("initdb has not begun after 30 s")
		}
		<-time.After(time.Millisecond)
	}
	kill(t, owner.Process.Pid)
	_ = owner.Wait()
	if len(halfMade(t, dir)) == 0 {
		t.Fatal("the folder was complete before the kill: this test shows nothing")
	}

	server := start(t, localpg.Config{Dir: dir, Ephemeral: true})
	query(t, server.URL(), "SELECT 1")
	stop(t, server)
	// The orphaned initdb may go on writing for a while; a start after its end clears the rest away.
	for deadline := time.Now().Add(20 * time.Second); len(halfMade(t, dir)) > 0; {
		if time.Now().After(deadline) {
			t.Fatalf("left over: %v", halfMade(t, dir))
		}
		stop(t, start(t, localpg.Config{Dir: dir, Ephemeral: true}))
	}
}

func TestACancelledStartLeavesNothing(t *testing.T) {
	t.Parallel()
	available(t)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for !initdbWorks(dir) && ctx.Err() == nil {
			<-time.After(time.Millisecond)
		}
		cancel()
	}()
	if _, err := localpg.Start(ctx, localpg.Config{Dir: dir, Ephemeral: true}); err == nil {
		t.Fatal("the start was done before it was cancelled: this test shows nothing")
	}
	if left := halfMade(t, dir); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	if left := processesIn(t, dir); len(left) > 0 {
		t.Errorf("processes left: %v", left)
	}
}

// initdbWorks reports whether initdb has begun to fill the data directory.
func initdbWorks(dir string) bool {
	found, err := filepath.Glob(filepath.Join(dir, ".postgres-init-*", "data", "PG_VERSION"))
	return err == nil && len(found) > 0
}

func halfMade(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, ".postgres-init-*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}
