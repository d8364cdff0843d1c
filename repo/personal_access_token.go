package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// TokenableUser is the tokenable_type of a user's tokens, as the former application wrote it.
const TokenableUser = `App\Models\User` //nolint:gosec // a class name

// PersonalAccessToken is a user's token for scripts: a row of personal_access_tokens.
type PersonalAccessToken struct {
	bun.BaseModel `bun:"table:personal_access_tokens"`

	ID            int64 `bun:",pk,autoincrement"`
	TokenableType string
	TokenableID   int64
	Name          string
	// Token is the sha-256 of the secret, in hex.
	Token string
	// Abilities is a JSON array of strings; ["*"] allows everything that the user may do.
	Abilities  string    `bun:",nullzero"`
	LastUsedAt time.Time `bun:",nullzero"`
	// ExpiresAt is zero for a token without end.
	ExpiresAt time.Time `bun:",nullzero"`
	CreatedAt time.Time `bun:",nullzero"`
	UpdatedAt time.Time `bun:",nullzero"`
}

// CreateToken stores a token of the user and sets its ID.
func (s *Store) CreateToken(ctx context.Context, userID int64, token *PersonalAccessToken) error {
	token.TokenableType, token.TokenableID = TokenableUser, userID
	_, err := s.db.NewInsert().Model(token).Exec(ctx)
	return classify("create the token", err)
}

// TokenUser returns the account whose unexpired token has this sha-256. ErrNotFound.
func (s *Store) TokenUser(ctx context.Context, sha256 string, now time.Time) (*User, *PersonalAccessToken, error) {
	token := new(PersonalAccessToken)
	err := s.db.NewSelect().Model(token).
		Where("token = ? AND tokenable_type = ?", sha256, TokenableUser).
		Where("expires_at IS NULL OR expires_at > ?", now).Scan(ctx)
	if err != nil {
		return nil, nil, classify("read the token", err)
	}
	user, err := s.User(ctx, token.TokenableID)
	return user, token, err
}

// TokenUserByID returns the account whose unexpired token has this id and this sha-256: the former application's form.
// ErrNotFound.
func (s *Store) TokenUserByID(ctx context.Context, id int64, sha256 string, now time.Time) (*User, *PersonalAccessToken, error) {
	user, token, err := s.TokenUser(ctx, sha256, now)
	if err == nil && token.ID != id {
		return nil, nil, classify("read the token", ErrNotFound)
	}
	return user, token, err
}

// Tokens lists the user's tokens, newest first: page.After is the id of the last one seen.
func (s *Store) Tokens(ctx context.Context, userID int64, page Page[int64]) ([]PersonalAccessToken, error) {
	var tokens []PersonalAccessToken
	query := s.db.NewSelect().Model(&tokens).
		Where("tokenable_type = ? AND tokenable_id = ?", TokenableUser, userID).
		Order("id DESC").Limit(int64(page.Limit))
	if page.After != 0 {
		query = query.Where("id < ?", page.After)
	}
	return tokens, classify("list the tokens", query.Scan(ctx))
}

// TouchToken notes that the token was used now.
func (s *Store) TouchToken(ctx context.Context, tokenID int64, now time.Time) error {
	_, err := s.db.NewUpdate().Model((*PersonalAccessToken)(nil)).
		Set("last_used_at = ?", now).Where("id = ?", tokenID).Exec(ctx)
	return classify("touch the token", err)
}

// DeleteToken revokes one of the user's tokens. ErrNotFound, also when it is another user's.
func (s *Store) DeleteToken(ctx context.Context, userID, tokenID int64) error {
	result, err := s.db.NewDelete().Model((*PersonalAccessToken)(nil)).
		Where("id = ? AND tokenable_type = ? AND tokenable_id = ?", tokenID, TokenableUser, userID).Exec(ctx)
	return classify("delete the token", expectOne(result, err))
}
