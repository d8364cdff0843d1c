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

// SessionUser returns a session that was active at or after activeSince, and its account. ErrNotFound.
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

// TouchSession notes that the session was active now, from this address.
func (s *Store) TouchSession(ctx context.Context, sessionID, ipAddress string, now time.Time) error {
	_, err := s.db.NewUpdate().Model((*Session)(nil)).
		Set("last_activity = ?", now.Unix()).Set("ip_address = nullif(?, '')", ipAddress).Where("id = ?", sessionID).Exec(ctx)
	return classify("touch the session", err)
}

// SessionCursor is the place of a session in the list of the latest active ones.
type SessionCursor struct {
	LastActivity int64
	ID           string
}

// Sessions lists the user's sessions that were active at or after activeSince, the latest active first.
func (s *Store) Sessions(ctx context.Context, userID int64, activeSince time.Time, page Page[SessionCursor]) ([]Session, error) {
	var sessions []Session
	query := s.db.NewSelect().Model(&sessions).
		Where("user_id = ? AND last_activity >= ?", userID, activeSince.Unix()).
		OrderExpr("last_activity DESC, id").Limit(int64(page.Limit))
	if after := page.After; after.ID != "" {
		query = query.Where("last_activity < ? OR (last_activity = ? AND id > ?)", after.LastActivity, after.LastActivity, after.ID)
	}
	return sessions, classify("list the sessions", query.Scan(ctx))
}

// DeleteUserSession ends one of the user's sessions. ErrNotFound, also when it is another user's.
func (s *Store) DeleteUserSession(ctx context.Context, userID int64, sessionID string) error {
	result, err := s.db.NewDelete().Model((*Session)(nil)).Where("id = ? AND user_id = ?", sessionID, userID).Exec(ctx)
	return classify("delete the session", expectOne(result, err))
}

// DeleteOtherSessions ends all of the user's sessions but the one to keep; an empty keep ends all.
func (s *Store) DeleteOtherSessions(ctx context.Context, userID int64, keep string) error {
	_, err := s.db.NewDelete().Model((*Session)(nil)).Where("user_id = ? AND id <> ?", userID, keep).Exec(ctx)
	return classify("delete the other sessions", err)
}

// DeleteSession ends a session. One that is gone already is no error.
func (s *Store) DeleteSession(ctx context.Context, sessionID string) error {
	_, err := s.db.NewDelete().Model((*Session)(nil)).Where("id = ?", sessionID).Exec(ctx)
	return classify("delete the session", err)
}

// DeleteIdleSessions ends sessions without activity since then, a bounded number, and returns how many there were.
func (s *Store) DeleteIdleSessions(ctx context.Context, since time.Time) (int64, error) {
	deleted, err := affected(s.db.NewRaw(`DELETE FROM sessions WHERE id IN
		(SELECT id FROM sessions WHERE last_activity < ? LIMIT ? FOR UPDATE SKIP LOCKED)`, since.Unix(), housekeepingLimit).Exec(ctx))
	return deleted, classify("delete idle sessions", err)
}
