package ingest

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"github.com/microtracker/microtracker/repo"
)

// saltLife is how long a day's salt is kept from the beginning of its day. After that nobody, with any database, can
// tell whose key it was.
const saltLife = 48 * time.Hour

// dayOf numbers the UTC days since 1970.
func dayOf(at time.Time) int64 { return at.Unix() / (24 * 60 * 60) }

func startOf(day int64) time.Time { return time.Unix(day*24*60*60, 0).UTC() }

// salts remembers the salts that are in use: today's and yesterday's.
type salts struct {
	store *repo.Store

	mu sync.Mutex
	// ofDay has nil for a day that has none.
	ofDay map[int64][]byte
}

// of returns the salt of a day, making today's if no replica has yet; nil for a day whose salt is destroyed, was never
// made, or is yet to come.
func (s *salts) of(ctx context.Context, day int64, now time.Time) ([]byte, error) {
	today := dayOf(now)
	if day != today && day != today-1 {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if salt, ok := s.ofDay[day]; ok {
		return salt, nil
	}
	salt, err := s.load(ctx, day, today)
	if err != nil {
		return nil, err
	}
	for known := range s.ofDay {
		if known < today-1 {
			delete(s.ofDay, known)
		}
	}
	if s.ofDay == nil {
		s.ofDay = make(map[int64][]byte, 3)
	}
	s.ofDay[day] = salt
	return salt, nil
}

func (s *salts) load(ctx context.Context, day, today int64) ([]byte, error) {
	if day != today {
		return s.store.OldVisitorSalt(ctx, startOf(day))
	}
	if err := s.store.DeleteVisitorSalts(ctx, startOf(day).Add(-saltLife).AddDate(0, 0, 1)); err != nil {
		return nil, err
	}
	candidate := make([]byte, 32)
	_, _ = rand.Read(candidate) // never fails
	return s.store.VisitorSalt(ctx, startOf(day), candidate)
}
