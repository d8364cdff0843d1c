package localpg

import (
	"context"
	"fmt"
	"time"
)

// portPatience is how long to wait for the port of a server that has ended.
const portPatience = 15 * time.Second

// superviseEvery is how often Supervise looks whether the server is still there.
const superviseEvery = time.Second

// Supervise starts the server again whenever it has ended without Stop, until ctx ends. What was committed is there; open
// connections are not. It keeps the port, so that the connection string holds; where it cannot, it says so in the log.
func (s *Server) Supervise(ctx context.Context) {
	ticker := time.NewTicker(superviseEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := s.revive(ctx); err != nil && ctx.Err() == nil {
				s.logger.ErrorContext(ctx, "PostgreSQL has ended and could not be started again; trying again", "error", err)
			}
		}
	}
}

// revive starts the server again if it has ended and nobody stopped it.
func (s *Server) revive(ctx context.Context) error {
	s.stopping.Lock()
	defer s.stopping.Unlock()
	if s.stopped || !s.process.gone() {
		return nil
	}
	s.logger.WarnContext(ctx, "PostgreSQL has ended; starting it again", "log", s.folder.log())
	if err := s.awaitPort(ctx); err != nil {
		return err
	}
	process, port, err := run(ctx, s.config, s.folder, s.metadata)
	if err != nil {
		return err
	}
	s.process = process
	if port != s.port {
		return fmt.Errorf("its port %d was taken, it listens on %d now: start microtracker again", s.port, port)
	}
	s.logger.InfoContext(ctx, "PostgreSQL runs again")
	return nil
}

// awaitPort waits for the children of the server that has ended, which hold its port until they notice.
func (s *Server) awaitPort(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, portPatience)
	defer cancel()
	for {
		port, err := freePort(ctx, s.port)
		if err != nil {
			return err
		}
		if port == s.port {
			return nil
		}
		if pause(ctx, pollEvery) != nil {
			return nil // whoever has it keeps it; run says so
		}
	}
}
