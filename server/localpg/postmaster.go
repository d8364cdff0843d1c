package localpg

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// fullStop is how long a server told to stop at once may take. It kills its own stragglers after 5 seconds.
const fullStop = 15 * time.Second

// postmaster is the first process of a server, started by us or found running.
type postmaster struct {
	process *os.Process
	// exited is closed when our child has ended; nil for a process that is not our child.
	exited chan struct{}
}

func newChild(cmd *exec.Cmd) *postmaster {
	p := &postmaster{process: cmd.Process, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // why it ended is in its log
		close(p.exited)
	}()
	return p
}

func (p *postmaster) pid() int { return p.process.Pid }

// gone reports whether the process has ended.
func (p *postmaster) gone() bool {
	if p.exited != nil {
		select {
		case <-p.exited:
			return true
		default:
			return false
		}
	}
	return killed(p.process) || isZombie(p.pid())
}

// end signals the process and waits until it is gone, telling whether it is when ctx ends.
func (p *postmaster) end(ctx context.Context, signal syscall.Signal) bool {
	_ = p.process.Signal(signal) // it may have ended already, which is what we want
	for !p.gone() {
		if pause(ctx, pollEvery) != nil {
			return p.gone()
		}
	}
	return true
}

// Stop ends the server and waits until none of its processes is left: open transactions are rolled back,
// connections closed. When ctx ends first the server stops without writing its buffers, loses nothing
// committed, and replays its log at the next start. A second Stop does nothing.
func (s *Server) Stop(ctx context.Context) error {
	s.stopping.Lock()
	defer s.stopping.Unlock()
	if s.stopped {
		return nil
	}
	if !s.process.end(ctx, syscall.SIGINT) {
		s.logger.WarnContext(ctx, "PostgreSQL did not stop in time and is stopped at once")
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), fullStop)
		defer cancel()
		if !s.process.end(last, syscall.SIGQUIT) {
			return &StillRunningError{PID: s.process.pid()}
		}
	}
	s.stopped = true
	s.lock.release()
	return nil
}
