package repo

import (
	"context"
	"database/sql"
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
	// DisabledAt is when the operator shut the account out; zero if he did not.
	DisabledAt time.Time `bun:",nullzero"`
	// IsOperator lets the account see and steer what concerns the whole instance.
	IsOperator bool
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

// SetUserName changes an account's display name. ErrNotFound.
func (s *Store) SetUserName(ctx context.Context, userID int64, name string, now time.Time) error {
	result, err := s.db.NewUpdate().Model((*User)(nil)).
		Set("name = ?", name).Set("updated_at = ?", now).Where("id = ?", userID).Exec(ctx)
	return classify("set the name", expectOne(result, err))
}

// SetUserDisabled shuts an account out from then on; the zero time lets it in again. ErrNotFound.
func (s *Store) SetUserDisabled(ctx context.Context, userID int64, at time.Time) error {
	result, err := s.db.NewUpdate().Model((*User)(nil)).
		Set("disabled_at = ?", bun.NullTime{Time: at}).Where("id = ?", userID).Exec(ctx)
	return classify("disable the user", expectOne(result, err))
}

// SetUserOperator makes an account an operator of the instance, or no longer one. ErrNotFound.
func (s *Store) SetUserOperator(ctx context.Context, userID int64, operator bool) error {
	result, err := s.db.NewUpdate().Model((*User)(nil)).Set("is_operator = ?", operator).Where("id = ?", userID).Exec(ctx)
	return classify("make the user an operator", expectOne(result, err))
}

// VerifyUserEmail notes that the address is proven. ErrNotFound when there is no such account.
func (s *Store) VerifyUserEmail(ctx context.Context, email string, now time.Time) error {
	result, err := s.db.NewUpdate().Model((*User)(nil)).
		Set("email_verified_at = coalesce(email_verified_at, ?)", now).Where("email = ?", email).Exec(ctx)
	return classify("verify the address", expectOne(result, err))
}

// DeleteUser deletes an account with its sessions, tokens and projects, and by cascade the projects' data.
func (s *Store) DeleteUser(ctx context.Context, user *User) error {
	err := s.db.RunInTx(ctx, &sql.TxOptions{}, func(ctx context.Context, tx bun.Tx) error {
		for _, query := range []*bun.DeleteQuery{
			tx.NewDelete().Model((*Session)(nil)).Where("user_id = ?", user.ID),
			tx.NewDelete().Model((*PersonalAccessToken)(nil)).Where("tokenable_type = ? AND tokenable_id = ?", TokenableUser, user.ID),
			tx.NewDelete().Model((*PasswordResetToken)(nil)).Where("email = ?", user.Email),
			tx.NewDelete().Model((*EmailVerificationToken)(nil)).Where("email = ?", user.Email),
			tx.NewDelete().Model((*ProjectInfo)(nil)).Where("owner_user_id = ?", user.ID),
			tx.NewDelete().Model((*User)(nil)).Where("id = ?", user.ID),
		} {
			if _, err := query.Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	return classify("delete the user", err)
}

// HasUsers reports whether any account exists.
func (s *Store) HasUsers(ctx context.Context) (bool, error) {
	exists, err := s.db.NewSelect().Model((*User)(nil)).Exists(ctx)
	return exists, classify("look for users", err)
}
