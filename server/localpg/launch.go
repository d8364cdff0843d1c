package localpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// pollEvery is how often a starting or stopping server is looked at.
	pollEvery = 10 * time.Millisecond
	// retryEvery is the time between two attempts at a start.
	retryEvery = 100 * time.Millisecond
	// launchPatience bounds how long a start is repeated while the server before is still falling down.
	launchPatience = 15 * time.Second
	// slowStart is when a person waiting is told why.
	slowStart = 5 * time.Second
)

// run returns the folder's server and its port once it answers: the one that runs already, or a new one.
func run(ctx context.Context, cfg Config, f folder, meta metadata) (*postmaster, int, error) {
	for deadline := time.Now().Add(launchPatience); ; {
		process, port, err := adopt(ctx, f)
		if err != nil {
			return nil, 0, err
		}
		if process != nil {
			cfg.Logger.InfoContext(ctx, "using the local PostgreSQL that is still running", "pid", process.pid(), "port", port)
			return process, port, nil
		}
		process, err = launch(ctx, cfg, f, &meta)
		if err == nil {
			return process, meta.Port, nil
		}
		if ctx.Err() != nil || !passing(err) || time.Now().After(deadline) {
			return nil, 0, err
		}
		if pause(ctx, retryEvery) != nil {
			return nil, 0, err
		}
	}
}

// passing tells failures that another attempt may not meet: the port was taken a moment ago, a server
// started by a killed process has come up meanwhile, or processes of a killed server are not gone yet.
// PostgreSQL tells them apart in words only.
func passing(err error) bool {
	return strings.Contains(err.Error(), "could not create any TCP/IP sockets") ||
		strings.Contains(err.Error(), `lock file "postmaster.pid" already exists`) ||
		strings.Contains(err.Error(), "pre-existing shared memory block")
}

// launch starts the server on a free port, by preference the one used last, which it notes in meta and in
// the folder.
func launch(ctx context.Context, cfg Config, f folder, meta *metadata) (*postmaster, error) {
	in, err := choose(ctx, cfg.BinDir, f.data(), meta.Major)
	if err != nil {
		return nil, err
	}
	runner, err := chooseAccount(f.data())
	if err != nil {
		return nil, err
	}
	if runner, err = runner.reachable(ctx, in, f.base()); err != nil {
		return nil, err
	}
	if len(runner.capabilities) > 0 {
		cfg.Logger.InfoContext(ctx, "PostgreSQL runs with a capability to pass directories that are closed to its account",
			"dir", f.base(), "programs", in.BinDir)
	}
	port, err := freePort(ctx, meta.Port)
	if err != nil {
		return nil, err
	}
	if port != meta.Port {
		meta.Port = port
		if err := meta.write(f.base()); err != nil {
			return nil, err
		}
	}
	return spawn(ctx, cfg, in, runner, f, port)
}

// spawn starts the server and waits until it answers, ends or ctx does.
func spawn(ctx context.Context, cfg Config, in Installation, runner account, f folder, port int) (*postmaster, error) {
	log, offset, err := openLog(f.log())
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()

	// Not bound to ctx: the server outlives the start.
	cmd := runner.command(context.WithoutCancel(ctx), in.program("postgres"), f.base(),
		append([]string{"-D", f.data()}, settings(cfg, port)...)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := runner.start(cmd); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	process := newChild(cmd)

	if err := awaitReady(ctx, f, process, cfg.Logger); err != nil {
		if process.gone() {
			return nil, fmt.Errorf("start PostgreSQL: it ended, saying: %s", logSince(f.log(), offset))
		}
		process.end(context.WithoutCancel(ctx), syscall.SIGQUIT)
		return nil, fmt.Errorf("wait for PostgreSQL to start: %w", err)
	}
	return process, nil
}

// awaitReady returns nil when the server of this process accepts connections.
func awaitReady(ctx context.Context, f folder, process *postmaster, logger *slog.Logger) error {
	began, told := time.Now(), false
	for {
		state, err := readPIDFile(f)
		if err == nil && state.pid == process.pid() && state.status == "ready" {
			return nil
		}
		if process.gone() {
			return errors.New("the server ended")
		}
		if !told && time.Since(began) > slowStart {
			told = true
			logger.InfoContext(ctx, "PostgreSQL is still starting; after a crash it first replays its log", "log", f.log())
		}
		if err := pause(ctx, pollEvery); err != nil {
			return err
		}
	}
}

// freePort returns the wanted port if nobody listens on it, else any free one. Somebody may take it before
// PostgreSQL does; launch then tries again.
func freePort(ctx context.Context, wanted int) (int, error) {
	var config net.ListenConfig
	if wanted != 0 {
		listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(loopback, strconv.Itoa(wanted)))
		if err == nil {
			return wanted, listener.Close()
		}
	}
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return 0, fmt.Errorf("find a free port for PostgreSQL: %w", err)
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.Join(errors.New("find a free port for PostgreSQL: no TCP address"), listener.Close())
	}
	return address.Port, listener.Close()
}

// pause waits, or returns the reason why ctx ended before.
func pause(ctx context.Context, interval time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(interval):
		return nil
	}
}

// killed reports whether a signal can no longer reach the process.
func killed(process *os.Process) bool {
	return process.Signal(syscall.Signal(0)) != nil
}
