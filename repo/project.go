package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// ProjectInfo is what is known of a project: a row of projects.
type ProjectInfo struct {
	bun.BaseModel `bun:"table:projects"`

	ID          int64 `bun:",pk,autoincrement"`
	OwnerUserID int64
	Name        string
	Description string `bun:",nullzero"`
	WebsiteURL  string `bun:",nullzero"`
	PublicKey   string
	// SecretKey is the sha-256 of the secret key, in hex.
	SecretKey     string
	IsActive      bool
	LastUsedAt    time.Time `bun:",nullzero"`
	LastRotatedAt time.Time `bun:",nullzero"`
	CreatedAt     time.Time `bun:",nullzero"`
	UpdatedAt     time.Time `bun:",nullzero"`
	// TimeZone is an IANA name; the project's days begin at midnight there.
	TimeZone string
	// Currency is an ISO 4217 code.
	Currency string
}

// Caller is who asks for a project.
type Caller struct {
	UserID int64
}

// Project is an opened project: the only handle through which its rows are reached. Store.OpenProject makes it.
type Project struct {
	ProjectInfo

	store *Store
}

// CreateProject stores a project of its owner and opens it. ErrConflict when the owner has one of that name.
func (s *Store) CreateProject(ctx context.Context, info *ProjectInfo) (*Project, error) {
	if _, err := s.db.NewInsert().Model(info).Exec(ctx); err != nil {
		return nil, classify("create the project", err)
	}
	return &Project{ProjectInfo: *info, store: s}, nil
}

// OpenProject opens a project that the caller may see. ErrNotFound, whether it does not exist or is not the caller's.
func (s *Store) OpenProject(ctx context.Context, caller Caller, id int64) (*Project, error) {
	project := &Project{store: s}
	err := s.db.NewSelect().Model(&project.ProjectInfo).
		Where("id = ? AND owner_user_id = ?", id, caller.UserID).Scan(ctx)
	if err != nil {
		return nil, classify("open the project", err)
	}
	return project, nil
}

// Projects lists what the caller may see, by name: page.After is the name of the last one seen.
func (s *Store) Projects(ctx context.Context, caller Caller, page Page[string]) ([]ProjectInfo, error) {
	var projects []ProjectInfo
	err := s.db.NewSelect().Model(&projects).
		Where("owner_user_id = ? AND name > ?", caller.UserID, page.After).
		Order("name").Limit(int64(page.Limit)).Scan(ctx)
	return projects, classify("list the projects", err)
}

// Touch notes that one of the project's keys was used now.
func (p *Project) Touch(ctx context.Context, now time.Time) error {
	_, err := p.store.db.NewUpdate().Model((*ProjectInfo)(nil)).
		Set("last_used_at = ?", now).Where("id = ?", p.ID).Exec(ctx)
	return classify("touch the project", err)
}

// Delete removes the project and, by cascade, all its data. ErrNotFound when it is gone already.
func (p *Project) Delete(ctx context.Context) error {
	result, err := p.store.db.NewDelete().Model((*ProjectInfo)(nil)).Where("id = ?", p.ID).Exec(ctx)
	return classify("delete the project", expectOne(result, err))
}
