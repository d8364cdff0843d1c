package server

import (
	"context"
	"errors"
	"time"

	"github.com/microtracker/microtracker/server/tasks"
)

// housekeepingEvery is how often what has expired is cleared away.
const housekeepingEvery = 5 * time.Minute

// keepHouse clears away what has expired until ctx ends. Any number of replicas may do so: each deletes a bounded number
// of rows that nobody needs.
func (s *Server) keepHouse(ctx context.Context) {
	ticker := time.NewTicker(housekeepingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := s.clearExpired(ctx); err != nil && ctx.Err() == nil {
				s.config.Logger.WarnContext(ctx, "could not clear expired rows away; trying again", "error", err)
			}
		}
	}
}

func (s *Server) clearExpired(ctx context.Context) error {
	now := s.config.Now()
	_, limits := s.limiter.DeleteIdle(ctx)
	_, sessions := s.config.Store.DeleteIdleSessions(ctx, now.Add(-rememberedIdle))
	_, credentials := s.config.Store.DeleteExpiredCredentials(ctx, now, now.Add(-tasks.VerificationLife))
	_, refused := s.config.Store.DeleteOldRefusedEvents(ctx, now.Add(-refusedFor))
	return errors.Join(limits, sessions, credentials, refused)
}
