package repo

import (
	"context"
	"database/sql"
	"time"

	"github.com/uptrace/bun"
)

// What the operator of an installation may see and do, whoever's it is. These methods ask for no caller and stand behind
// no handle: only cmd may use them, never what serves strangers. Their names end in AsOperator, so that one search finds
// every use.

// UsersAsOperator lists all accounts in the order in which they were opened: page.After is the id of the last one seen.
func (s *Store) UsersAsOperator(ctx context.Context, page Page[int64]) ([]User, error) {
	var users []User
	err := s.db.NewSelect().Model(&users).Where("id > ?", page.After).Order("id").Limit(int64(page.Limit)).Scan(ctx)
	return users, classify("list the users", err)
}

// ResetPasswordAsOperator replaces an account's password hash, ends all its web sessions, and makes a reset link that is
// under way worthless: all or nothing. Its tokens work on. ErrNotFound when the account is gone.
func (s *Store) ResetPasswordAsOperator(ctx context.Context, user *User, hash string, now time.Time) error {
	err := s.db.RunInTx(ctx, &sql.TxOptions{}, func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewUpdate().Model((*User)(nil)).
			Set("password = ?", hash).Set("updated_at = ?", now).Where("id = ?", user.ID).Exec(ctx)
		if err := expectOne(result, err); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*Session)(nil)).Where("user_id = ?", user.ID).Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewDelete().Model((*PasswordResetToken)(nil)).Where("email = ?", user.Email).Exec(ctx)
		return err
	})
	return classify("reset the password", err)
}

// OwnedProject is a project with its owner's address.
type OwnedProject struct {
	ProjectInfo `bun:",extend"`

	OwnerEmail string `bun:",scanonly"`
}

// ProjectsAsOperator lists the projects of one owner, or all if ownerUserID is 0, in the order in which they were made:
// page.After is the id of the last one seen.
func (s *Store) ProjectsAsOperator(ctx context.Context, ownerUserID int64, page Page[int64]) ([]OwnedProject, error) {
	var projects []OwnedProject
	query := s.db.NewSelect().Model(&projects).ModelTableExpr("projects AS p").
		ColumnExpr("p.*").ColumnExpr("u.email AS owner_email").
		Join("JOIN users AS u ON u.id = p.owner_user_id").
		Where("p.id > ?", page.After).OrderExpr("p.id").Limit(int64(page.Limit))
	if ownerUserID != 0 {
		query = query.Where("p.owner_user_id = ?", ownerUserID)
	}
	return projects, classify("list the projects", query.Scan(ctx))
}

// OpenProjectAsOperator opens any project. ErrNotFound.
func (s *Store) OpenProjectAsOperator(ctx context.Context, id int64) (*Project, error) {
	project := &Project{store: s}
	err := s.db.NewSelect().Model(&project.ProjectInfo).Where("id = ?", id).Scan(ctx)
	if err != nil {
		return nil, classify("open the project", err)
	}
	return project, nil
}

// TokenAsOperator returns any user's token and its owner. ErrNotFound.
func (s *Store) TokenAsOperator(ctx context.Context, id int64) (*PersonalAccessToken, *User, error) {
	token := new(PersonalAccessToken)
	err := s.db.NewSelect().Model(token).Where("id = ? AND tokenable_type = ?", id, TokenableUser).Scan(ctx)
	if err != nil {
		return nil, nil, classify("read the token", err)
	}
	owner, err := s.User(ctx, token.TokenableID)
	return token, owner, err
}
