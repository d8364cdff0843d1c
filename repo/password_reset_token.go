package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// PasswordResetToken lets whoever reads the address's mail set a new password: a row of password_reset_tokens.
type PasswordResetToken struct {
	bun.BaseModel `bun:"table:password_reset_tokens"`

	Email string `bun:",pk"`
	// Token is the sha-256 of the secret in the mail, in hex.
	Token     string
	CreatedAt time.Time `bun:",nullzero"`
}

// SavePasswordResetToken stores the address's token in place of a former one.
func (s *Store) SavePasswordResetToken(ctx context.Context, token *PasswordResetToken) error {
	_, err := s.db.NewInsert().Model(token).
		On("CONFLICT (email) DO UPDATE").Set("token = EXCLUDED.token").Set("created_at = EXCLUDED.created_at").Exec(ctx)
	return classify("save the reset token", err)
}

// PasswordResetToken returns the token with this sha-256 if it was made at or after notBefore, and leaves it. ErrNotFound.
func (s *Store) PasswordResetToken(ctx context.Context, sha256 string, notBefore time.Time) (*PasswordResetToken, error) {
	token := new(PasswordResetToken)
	err := s.db.NewSelect().Model(token).Where("token = ? AND created_at >= ?", sha256, notBefore).Scan(ctx)
	return token, classify("read the reset token", err)
}

// TakePasswordResetToken deletes and returns the token with this sha-256 if it was made at or after notBefore: it
// works once. ErrNotFound.
func (s *Store) TakePasswordResetToken(ctx context.Context, sha256 string, notBefore time.Time) (*PasswordResetToken, error) {
	token := new(PasswordResetToken)
	err := s.db.NewDelete().Model(token).
		Where("token = ? AND created_at >= ?", sha256, notBefore).Returning("*").Scan(ctx)
	return token, classify("take the reset token", err)
}
