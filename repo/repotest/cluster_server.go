package repotest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/microtracker/microtracker/server/localpg"
)

// sharedServer returns the address of the server that all test processes of one `go test` share. The first
// process that asks starts it.
func sharedServer(ctx context.Context) (string, error) {
	if server := os.Getenv(serverVariable); server != "" {
		return server, nil
	}
	dir, err := runDir(ctx)
	if err != nil {
		return "", err
	}
	address := filepath.Join(dir, "address")
	if url, err := os.ReadFile(address); err == nil {
		return string(url), nil
	}

	unlock, err := lock(filepath.Join(dir, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if url, err := os.ReadFile(address); err == nil { // written while we waited
		return string(url), nil
	}
	// It is nobody's to stop: the watcher ends it with the run.
	server, err := localpg.Start(ctx, localpg.Config{Dir: filepath.Join(dir, "shared"), Ephemeral: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return "", err
	}
	spread(filepath.Join(dir, "shared", "postgres", "data", "base"))
	// Written aside and moved, so that a reader finds a whole address or none.
	if err := os.WriteFile(address+".new", []byte(server.URL()), 0o600); err != nil {
		return "", fmt.Errorf("note the address of the PostgreSQL for tests: %w", err)
	}
	if err := os.Rename(address+".new", address); err != nil {
		return "", fmt.Errorf("note the address of the PostgreSQL for tests: %w", err)
	}
	return server.URL(), nil
}

// privateServer starts a server of the given programs for one test.
func privateServer(ctx context.Context, t testing.TB, binDir string) (string, error) {
	t.Helper()
	run, err := runDir(ctx)
	if err != nil {
		return "", err
	}
	// Not t.TempDir: a killed test leaves its server to the watcher, which looks here.
	dir, err := os.MkdirTemp(run, "private-")
	if err != nil {
		return "", fmt.Errorf("make a folder for a PostgreSQL: %w", err)
	}
	server, err := localpg.Start(ctx, localpg.Config{Dir: dir, BinDir: binDir, Ephemeral: true})
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	t.Cleanup(func() {
		// The test's own context has ended by then.
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		if err := errors.Join(server.Stop(stopCtx), os.RemoveAll(dir)); err != nil {
			t.Errorf("stop a PostgreSQL for tests: %v", err)
		}
	})
	return server.URL(), nil
}

// runDir makes the folder that holds everything of this test run, and sets the watcher on it.
func runDir(ctx context.Context) (string, error) {
	run, err := findOwner()
	if err != nil {
		return "", err
	}
	// The user's id keeps two users' folders apart; nobody else may prepare ours.
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("microtracker-test-%d-%d-%s", os.Getuid(), run.pid, run.started))
	if err := os.Mkdir(dir, 0o711); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("make the folder of the test run: %w", err)
	}
	if err := ours(dir); err != nil {
		return "", err
	}
	watched := filepath.Join(dir, "watched")
	if _, err := os.Stat(watched); err == nil {
		return dir, nil
	}
	unlock, err := lock(filepath.Join(dir, "watcher-lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(watched); err == nil {
		return dir, nil
	}
	if err := startWatcher(ctx, run, dir); err != nil {
		return "", err
	}
	return dir, os.WriteFile(watched, nil, 0o600)
}

// ours refuses a folder that another user made under our name in the shared directory for temporary files.
func ours(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at the folder of the test run: %w", err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(stat.Uid) != os.Getuid() {
		return fmt.Errorf("the folder of the test run, %s, is another user's", dir)
	}
	return nil
}

// startWatcher starts the shell that cleans up after the run. It must not hold our output open, for which the
// go command waits, nor hear the terminal's signals.
func startWatcher(ctx context.Context, run owner, dir string) error {
	// It outlives the context, and us.
	watcher := exec.CommandContext(context.WithoutCancel(ctx), "/bin/sh", "-c", watcherScript,
		"microtracker-test-watcher", strconv.Itoa(run.pid), run.started, dir)
	watcher.Dir = "/"
	watcher.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	watcher.Stdin, watcher.Stdout, watcher.Stderr = nil, io.Discard, io.Discard
	if err := watcher.Start(); err != nil {
		return fmt.Errorf("start the watcher of the test run: %w", err)
	}
	return watcher.Process.Release()
}

// lock waits for a file's lock, which the kernel also releases when its holder is killed.
func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the test run: %w", err)
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		if err == nil {
			// Unlocked first: a program being started at this moment holds a copy of the file until it runs.
			return func() {
				_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
				_ = file.Close()
			}, nil
		}
		if !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock the test run: %w", err), file.Close())
		}
	}
}

// owner is the process whose life is the test run's.
type owner struct {
	pid int
	// started tells the process from a later one with the same id.
	started string
}

// findOwner returns the go command, which is the parent of all its test processes, or this process when
// something else started it: a debugger, or a person who built the test binary.
func findOwner() (owner, error) {
	pid := os.Getppid()
	if name, err := processName(pid); err != nil || filepath.Base(strings.TrimSpace(name)) != "go" {
		pid = os.Getpid()
	}
	started, err := processStart(pid)
	if err != nil {
		return owner{}, fmt.Errorf("ask when process %d started: %w", pid, err)
	}
	return owner{pid: pid, started: started}, nil
}
