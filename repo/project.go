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
	// AllowedHostnames are the hosts whose pages may send events, with "*." before one for its subdomains; none: any.
	AllowedHostnames []string `bun:",array,nullzero,default:'{}'"`
	// PrivacyMode is cookieless or stored_id.
	PrivacyMode string
	// HonorGlobalPrivacyControl and HonorDoNotTrack say which wishes not to be measured are honoured.
	HonorGlobalPrivacyControl bool
	HonorDoNotTrack           bool
	// The keys before the last rotation, in the form of the present ones, and until when they work.
	OldPublicKey          string    `bun:",nullzero"`
	OldPublicKeyExpiresAt time.Time `bun:",nullzero"`
	OldSecretKey          string    `bun:",nullzero"`
	OldSecretKeyExpiresAt time.Time `bun:",nullzero"`
	// RetainEventsDays, RetainSessionsDays and RetainVisitorsDays are for how many days each is kept; zero: for ever.
	RetainEventsDays   int `bun:",nullzero"`
	RetainSessionsDays int `bun:",nullzero"`
	RetainVisitorsDays int `bun:",nullzero"`
	// EventsDeletedBefore and SessionsDeletedBefore are until where they have been deleted for their age; zero: not at all.
	EventsDeletedBefore   time.Time `bun:",nullzero"`
	SessionsDeletedBefore time.Time `bun:",nullzero"`
}

// Caller is who asks for a project: a user, or a key that opens one project.
type Caller struct {
	// UserID is zero for a key.
	UserID int64
	// ProjectID is the project that the key opens, zero for a user.
	ProjectID int64
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
	query := s.db.NewSelect().Model(&project.ProjectInfo).Where("id = ?", id)
	if caller.ProjectID != 0 {
		query = query.Where("id = ?", caller.ProjectID)
	} else {
		query = query.Where("owner_user_id = ?", caller.UserID)
	}
	if err := query.Scan(ctx); err != nil {
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

// ProjectBySecretKey returns the project with this sha-256 of its secret key, or of the one before while that works.
// ErrNotFound.
func (s *Store) ProjectBySecretKey(ctx context.Context, sha256 string, now time.Time) (*ProjectInfo, error) {
	info := new(ProjectInfo)
	err := s.db.NewSelect().Model(info).
		Where("secret_key = ? OR (old_secret_key = ? AND old_secret_key_expires_at > ?)", sha256, sha256, now).Scan(ctx)
	return info, classify("read the project", err)
}

// TouchProject notes that one of the project's keys was used now.
func (s *Store) TouchProject(ctx context.Context, id int64, now time.Time) error {
	_, err := s.db.NewUpdate().Model((*ProjectInfo)(nil)).
		Set("last_used_at = ?", now).Where("id = ?", id).Exec(ctx)
	return classify("touch the project", err)
}

// Save writes the settings of the project: name, description, website, active, time zone, currency, hostnames, privacy,
// retention. With another time zone its days are counted again.
// ErrConflict when the owner has another project of that name, ErrNotFound when it is gone.
func (p *Project) Save(ctx context.Context, now time.Time) error {
	p.UpdatedAt = now
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var timeZone string
		if err := tx.NewRaw("SELECT time_zone FROM projects WHERE id = ? FOR NO KEY UPDATE", p.ID).Scan(ctx, &timeZone); err != nil {
			return err
		}
		result, err := tx.NewUpdate().Model(&p.ProjectInfo).
			Column("name", "description", "website_url", "is_active", "time_zone", "currency", "allowed_hostnames", "privacy_mode",
				"honor_global_privacy_control", "honor_do_not_track", "retain_events_days", "retain_sessions_days",
				"retain_visitors_days", "updated_at").
			Where("id = ?", p.ID).Exec(ctx)
		if err = expectOne(result, err); err != nil || timeZone == p.TimeZone {
			return err
		}
		return p.markAllDays(ctx, tx) // its days are others now
	})
	return classify("save the project", err)
}

// RotatePublicKey replaces the public key; the old one works until then. ErrNotFound.
func (p *Project) RotatePublicKey(ctx context.Context, key string, oldWorksUntil, now time.Time) error {
	return p.rotate(ctx, "public_key", key, oldWorksUntil, now)
}

// RotateSecretKey replaces the sha-256 of the secret key; the old one works until then. ErrNotFound.
func (p *Project) RotateSecretKey(ctx context.Context, sha256 string, oldWorksUntil, now time.Time) error {
	return p.rotate(ctx, "secret_key", sha256, oldWorksUntil, now)
}

// rotate keeps as the old key what is stored, not what was read: of two rotations at once, each keeps the other's key.
func (p *Project) rotate(ctx context.Context, column, key string, oldWorksUntil, now time.Time) error {
	err := p.store.db.NewUpdate().Model(&p.ProjectInfo).
		Set("? = ?", bun.Ident("old_"+column), bun.Ident(column)).
		Set("? = ?", bun.Ident("old_"+column+"_expires_at"), oldWorksUntil).
		Set("? = ?", bun.Ident(column), key).
		Set("last_rotated_at = ?", now).Set("updated_at = ?", now).
		Where("id = ?", p.ID).Returning("*").Scan(ctx)
	return classify("rotate the key", err)
}

// Delete removes the project and, by cascade, all its data, and what was computed from it. ErrNotFound when it is gone already.
func (p *Project) Delete(ctx context.Context) error {
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewDelete().Model((*ProjectInfo)(nil)).Where("id = ?", p.ID).Exec(ctx)
		if err := expectOne(result, err); err != nil {
			return err
		}
		_, err = p.clearCache(ctx, tx)
		return err
	})
	return classify("delete the project", err)
}
