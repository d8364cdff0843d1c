package repo

import (
	"context"
	"database/sql"
	"time"
)

// housekeepingLimit bounds how many rows of a table one call deletes.
const housekeepingLimit = 10_000

// DeleteExpiredCredentials deletes what no longer opens anything: tokens that expired, links that were not followed
// before linksBefore. It returns how many there were.
func (s *Store) DeleteExpiredCredentials(ctx context.Context, now, linksBefore time.Time) (int64, error) {
	var deleted int64
	for _, statement := range []struct {
		table, key, column string
		before             time.Time
	}{
		{"personal_access_tokens", "id", "expires_at", now},
		{"password_reset_tokens", "email", "created_at", linksBefore},
		{"email_verification_tokens", "email", "created_at", linksBefore},
	} {
		// The names are ours, from the list above.
		result, err := s.db.NewRaw("DELETE FROM "+statement.table+" WHERE "+statement.key+" IN (SELECT "+statement.key+
			" FROM "+statement.table+" WHERE "+statement.column+" < ? LIMIT ?)", statement.before, housekeepingLimit).Exec(ctx)
		if err != nil {
			return deleted, classify("delete expired credentials", err)
		}
		n, err := result.RowsAffected()
		if err != nil {
			return deleted, classify("delete expired credentials", err)
		}
		deleted += n
	}
	return deleted, nil
}

// affected says how many rows a statement changed.
func affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
