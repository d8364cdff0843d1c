package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server"
	"github.com/microtracker/microtracker/server/localpg"
)

// bench is what scenarios share: where to put databases, and what to end.
type bench struct {
	options
}

func newBench(o options) (*bench, error) {
	if o.keep && o.dir == "" {
		return nil, errors.New("-keep needs -dir: name the folder to keep")
	}
	if o.dir != "" {
		return &bench{options: o}, nil
	}
	dir, err := os.MkdirTemp("", "microtracker-bench-")
	if err != nil {
		return nil, err
	}
	o.dir = dir
	return &bench{options: o}, os.Chmod(dir, 0o711) //nolint:gosec // PostgreSQL may run as another user
}

func (b *bench) close() {
	if !b.keep {
		_ = os.RemoveAll(b.dir)
	}
}

// database is a PostgreSQL of its own, as durable as one that is used.
type database struct {
	*localpg.Server

	store *repo.Store
	// tracker is the server on it; nil: there is none.
	tracker *process
}

func (b *bench) database(ctx context.Context, name string) (*database, error) {
	local, err := localpg.Start(ctx, localpg.Config{Dir: filepath.Join(b.dir, name), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	store, err := repo.Open(local.URL(), repo.Options{}) //nolint:contextcheck // the pools outlive the start
	if err != nil {
		return nil, errors.Join(err, local.Stop(ctx))
	}
	db := &database{Server: local, store: store}
	if _, err = store.Migrate(ctx); err == nil {
		_, err = store.EnsureEventPartitions(ctx, time.Now().AddDate(0, -1, 0), time.Now().AddDate(0, 1, 0))
	}
	if err != nil {
		return nil, errors.Join(err, db.close())
	}
	return db, nil
}

func (db *database) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var stopped error
	if db.tracker != nil {
		stopped = db.tracker.stop()
	}
	return errors.Join(stopped, db.store.Close(), db.Stop(ctx))
}

// project makes a project and returns its public key and its secret key.
func (db *database) project(ctx context.Context) (*repo.Project, string, error) {
	name := fmt.Sprintf("bench %d", time.Now().UnixNano())
	user := &repo.User{Name: name, Email: strconv.FormatInt(time.Now().UnixNano(), 36) + "@example.com", Password: "none"}
	if err := db.store.CreateUser(ctx, user); err != nil {
		return nil, "", err
	}
	project, secret, err := server.CreateProject(ctx, db.store, repo.ProjectInfo{OwnerUserID: user.ID, Name: name, CreatedAt: time.Now()})
	return project, secret.Reveal(), err
}

// site is what a scenario measures on: a database with a project, and maybe a server that serves it.
type site struct {
	*database

	project *repo.Project
	// secret is the project's secret key.
	secret string
}

// site makes a database with a project.
func (b *bench) site(ctx context.Context, name string) (*site, error) {
	db, err := b.database(ctx, name)
	if err != nil {
		return nil, err
	}
	project, secret, err := db.project(ctx)
	if err != nil {
		return nil, errors.Join(err, db.close())
	}
	return &site{database: db, project: project, secret: secret}, nil
}

// servedSite makes a database with a project, and starts the server to measure on it.
func (b *bench) servedSite(ctx context.Context, name string) (*site, error) {
	s, err := b.site(ctx, name)
	if err != nil {
		return nil, err
	}
	if s.tracker, err = b.serve(ctx, s.database); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// exec runs statements and returns how long they took.
func (db *database) exec(ctx context.Context, statements ...string) (time.Duration, error) {
	conn, err := pgx.Connect(ctx, db.URL())
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx) //nolint:errcheck // it has done its work
	begun := time.Now()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return 0, fmt.Errorf("%.60s…: %w", statement, err)
		}
	}
	return time.Since(begun), nil
}

// process is a server in a process of its own.
type process struct {
	cmd     *exec.Cmd
	address string
}

// serve starts the server to measure on the database.
func (b *bench) serve(ctx context.Context, db *database) (*process, error) {
	return start(ctx, b.binary, "serve", "--database-url", db.URL(), "--trusted-proxies", "127.0.0.0/8", "--log-level", "warn")
}

// serveNoop starts the server that answers Track and does nothing.
func (b *bench) serveNoop(ctx context.Context) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, self, "noop", address), address: address} //nolint:gosec // this very program
	err = p.begin(ctx)
	return p, err
}

func start(ctx context.Context, binary string, args ...string) (*process, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, binary, append(args, "--listen", address)...), address: address} //nolint:gosec // the operator names it
	err = p.begin(ctx)
	return p, err
}

func (p *process) begin(ctx context.Context) error {
	p.cmd.Stderr = os.Stderr
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(os.Interrupt) }
	if err := p.cmd.Start(); err != nil {
		return err
	}
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return errors.Join(fmt.Errorf("%s does not answer", p.address), p.stop())
}

func (p *process) stop() error {
	_ = p.cmd.Process.Signal(os.Interrupt)
	err := p.cmd.Wait()
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil // it was interrupted
	}
	return err
}

// memory is the most memory that the process has had at once, in MB.
func (p *process) memory() float64 {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0 // another system than Linux
	}
	defer file.Close() //nolint:errcheck // it was read
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kilobytes, _ := strconv.ParseFloat(strings.Fields(value)[0], 64)
			return kilobytes / 1024
		}
	}
	return 0
}

func freeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
