package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// Session is a web session of the dashboard: a row of sessions. A visitor's session is a TrackingSession.
type Session struct {
	bun.BaseModel `bun:"table:sessions"`

	// ID is the sha-256 of the cookie, in hex.
	ID        string `bun:",pk"`
	UserID    int64  `bun:",nullzero"`
	IPAddress string `bun:",nullzero"`
	UserAgent string `bun:",nullzero"`
	// Payload is JSON: what the session carries beside its columns.
	Payload string
	// LastActivity is in seconds since 1970-01-01 UTC, kept to the minute.
	LastActivity int64
}

// CreateSession stores a session.
func (s *Store) CreateSession(ctx context.Context, session *Session) error {
	_, err := s.db.NewInsert().Model(session).Exec(ctx)
	return classify("create the session", err)
}

// SessionUser returns the account of a session that was active at or after activeSince. ErrNotFound.
func (s *Store) SessionUser(ctx context.Context, sessionID string, activeSince time.Time) (*User, *Session, error) {
	session := new(Session)
	err := s.db.NewSelect().Model(session).
		Where("id = ? AND last_activity >= ?", sessionID, activeSince.Unix()).Scan(ctx)
	if err != nil {
		return nil, nil, classify("read the session", err)
	}
	user, err := s.User(ctx, session.UserID)
	return user, session, err
}

// TouchSession notes that the session was active now.
func (s *Store) TouchSession(ctx context.Context, sessionID string, now time.Time) error {
	_, err := s.db.NewUpdate().Model((*Session)(nil)).
		Set("last_activity = ?", now.Unix()).Where("id = ?", sessionID).Exec(ctx)
	return classify("touch the session", err)
}

// DeleteSession ends a session. One that is gone already is no error.
func (s *Store) DeleteSession(ctx context.Context, sessionID string) error {
	_, err := s.db.NewDelete().Model((*Session)(nil)).Where("id = ?", sessionID).Exec(ctx)
	return classify("delete the session", err)
}

// DeleteIdleSessions ends the sessions without activity since then, and returns how many there were.
func (s *Store) DeleteIdleSessions(ctx context.Context, since time.Time) (int64, error) {
	result, err := s.db.NewDelete().Model((*Session)(nil)).Where("last_activity < ?", since.Unix()).Exec(ctx)
	if err != nil {
		return 0, classify("delete idle sessions", err)
	}
	deleted, err := result.RowsAffected()
	return deleted, classify("delete idle sessions", err)
}
