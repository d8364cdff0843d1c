package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// EmailVerificationToken proves that whoever has it reads the address's mail: a row of email_verification_tokens.
type EmailVerificationToken struct {
	bun.BaseModel `bun:"table:email_verification_tokens"`

	Email string `bun:",pk"`
	// Token is the sha-256 of the secret in the mail, in hex.
	Token     string
	CreatedAt time.Time
}

// SaveEmailVerificationToken stores the address's token in place of a former one.
func (s *Store) SaveEmailVerificationToken(ctx context.Context, token *EmailVerificationToken) error {
	_, err := s.db.NewInsert().Model(token).
		On("CONFLICT (email) DO UPDATE").Set("token = EXCLUDED.token").Set("created_at = EXCLUDED.created_at").Exec(ctx)
	return classify("save the verification token", err)
}

// TakeEmailVerificationToken deletes and returns the token with this sha-256 if it was made at or after notBefore: it
// works once. ErrNotFound.
func (s *Store) TakeEmailVerificationToken(ctx context.Context, sha256 string, notBefore time.Time) (*EmailVerificationToken, error) {
	token := new(EmailVerificationToken)
	err := s.db.NewDelete().Model(token).
		Where("token = ? AND created_at >= ?", sha256, notBefore).Returning("*").Scan(ctx)
	return token, classify("take the verification token", err)
}
