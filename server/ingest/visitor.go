package ingest

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"sync"
	"time"

	"github.com/microtracker/microtracker/repo"
)

// saltLife is how long a day's salt is kept from the beginning of its day. After that nobody, with any database, can
// tell whose key it was.
const saltLife = 48 * time.Hour

// visitorKey returns the key that the visitor is known by: his stored id where he has one, else for one UTC day a
// keyed hash of project, address and user agent. The address itself is never stored.
func (g *Ingester) visitorKey(ctx context.Context, projectID int64, client Client, now time.Time) (string, error) {
	if client.VisitorKey != "" {
		return client.VisitorKey, nil
	}
	salt, err := g.salts.of(ctx, now)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, salt)
	var id [8]byte
	binary.BigEndian.PutUint64(id[:], uint64(projectID))
	mac.Write(id[:])
	address := client.IP.As16()
	mac.Write(address[:])
	mac.Write([]byte(client.UserAgent))
	return "day:" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16]), nil
}

// salts remembers today's salt.
type salts struct {
	store *repo.Store

	mu   sync.Mutex
	day  string
	salt []byte
}

func (s *salts) of(ctx context.Context, at time.Time) ([]byte, error) {
	day := at.UTC().Format(time.DateOnly)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.day == day {
		return s.salt, nil
	}
	candidate := make([]byte, 32)
	_, _ = rand.Read(candidate) // never fails
	salt, err := s.store.VisitorSalt(ctx, at, candidate)
	if err != nil {
		return nil, err
	}
	if err := s.store.DeleteVisitorSalts(ctx, at.Add(-saltLife)); err != nil {
		return nil, err
	}
	s.day, s.salt = day, salt
	return salt, nil
}
