package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// User is an account: a row of users.
type User struct {
	bun.BaseModel `bun:"table:users"`

	ID    int64 `bun:",pk,autoincrement"`
	Name  string
	Email string
	// EmailVerifiedAt is zero until the address is proven.
	EmailVerifiedAt time.Time `bun:",nullzero"`
	// Password is a hash: argon2id, or the former application's bcrypt.
	Password      string
	RememberToken string    `bun:",nullzero"`
	CreatedAt     time.Time `bun:",nullzero"`
	UpdatedAt     time.Time `bun:",nullzero"`
}

// CreateUser stores the account and sets its ID. Addresses are unique as given: lower-case them first.
// ErrConflict when the address is taken.
func (s *Store) CreateUser(ctx context.Context, user *User) error {
	_, err := s.db.NewInsert().Model(user).Exec(ctx)
	return classify("create the user", err)
}

// User returns an account by id. ErrNotFound.
func (s *Store) User(ctx context.Context, id int64) (*User, error) {
	user := new(User)
	err := s.db.NewSelect().Model(user).Where("id = ?", id).Scan(ctx)
	return user, classify("read the user", err)
}

// UserByEmail returns an account by its address. ErrNotFound.
func (s *Store) UserByEmail(ctx context.Context, email string) (*User, error) {
	user := new(User)
	err := s.db.NewSelect().Model(user).Where("email = ?", email).Scan(ctx)
	return user, classify("read the user", err)
}

// SetPassword replaces an account's password hash. ErrNotFound.
func (s *Store) SetPassword(ctx context.Context, userID int64, hash string, now time.Time) error {
	result, err := s.db.NewUpdate().Model((*User)(nil)).
		Set("password = ?", hash).Set("updated_at = ?", now).
		Where("id = ?", userID).Exec(ctx)
	return classify("set the password", expectOne(result, err))
}

// HasUsers reports whether any account exists.
func (s *Store) HasUsers(ctx context.Context) (bool, error) {
	exists, err := s.db.NewSelect().Model((*User)(nil)).Exists(ctx)
	return exists, classify("look for users", err)
}
