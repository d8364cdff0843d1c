package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// pidFile is what a server says of itself in postmaster.pid.
type pidFile struct {
	pid  int
	port int
	// status is "starting", "ready", "stopping" or "standby".
	status string
}

// readPIDFile returns an error when there is no file or it is not complete yet.
func readPIDFile(f folder) (pidFile, error) {
	text, err := os.ReadFile(filepath.Join(f.data(), "postmaster.pid"))
	if err != nil {
		return pidFile{}, err
	}
	// Lines: pid, data directory, start time, port, socket directory, listen address, shared memory, status.
	lines := strings.Split(string(text), "\n")
	if len(lines) < 8 {
		return pidFile{}, errors.New("postmaster.pid is not complete")
	}
	pid, pidErr := strconv.Atoi(strings.TrimSpace(lines[0]))
	port, portErr := strconv.Atoi(strings.TrimSpace(lines[3]))
	return pidFile{pid: pid, port: port, status: strings.TrimSpace(lines[7])}, errors.Join(pidErr, portErr)
}

// adopt takes over a server that outlived the process which started it. It waits out a start or a stop that is
// under way, and returns nil when no server runs.
func adopt(ctx context.Context, f folder) (*postmaster, int, error) {
	for {
		pid, err := writtenPID(f)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, 0, nil
		}
		if err != nil {
			return nil, 0, fmt.Errorf("look for a running PostgreSQL: %w", err)
		}
		if pid <= 0 {
			return nil, 0, setAside(f)
		}
		process, err := os.FindProcess(pid)
		if err != nil {
			return nil, 0, fmt.Errorf("look for a running PostgreSQL: %w", err)
		}
		found := &postmaster{process: process}
		if killed(process) {
			return nil, 0, nil // PostgreSQL removes the stale file itself
		}
		if found.gone() || !isPostmasterOf(pid, f) {
			return nil, 0, setAside(f)
		}
		if state, err := readPIDFile(f); err == nil && state.pid == pid && state.status == "ready" && answers(ctx, state.port) {
			return found, state.port, nil
		}
		if err := pause(ctx, pollEvery); err != nil {
			return nil, 0, fmt.Errorf("wait for the PostgreSQL that is starting or stopping as process %d: %w", pid, err)
		}
	}
}

// answers asks a server whether it does TLS, to which it replies with a byte before anybody has to log in. A
// server that was killed a moment ago still looks alive, and its kernel takes connections, but it says nothing.
func answers(ctx context.Context, port int) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	deadline, _ := ctx.Deadline()
	if conn.SetDeadline(deadline) != nil {
		return false
	}
	if _, err := conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil {
		return false
	}
	_, err = conn.Read(make([]byte, 1))
	return err == nil
}

// writtenPID is the first line of postmaster.pid, which is there before the others. It is 0 for a file that
// does not begin with a number, as a crash of the machine may leave one.
func writtenPID(f folder) (int, error) {
	text, err := os.ReadFile(filepath.Join(f.data(), "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	if pid, err := strconv.Atoi(strings.TrimSpace(first)); err == nil {
		return pid, nil
	}
	return 0, nil
}

// setAside moves away a postmaster.pid that is damaged, or whose process id now belongs to a zombie or to some
// other program, where PostgreSQL would refuse to start. Should processes of that server live nevertheless, their
// shared memory still keeps a second server out.
func setAside(f folder) error {
	path := filepath.Join(f.data(), "postmaster.pid")
	if err := os.Rename(path, path+".stale"); err != nil {
		return fmt.Errorf("move the process id of a PostgreSQL long gone aside: %w", err)
	}
	return nil
}
