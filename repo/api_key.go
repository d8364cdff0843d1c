package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// APIKey is a partner's key to one project: a row of api_keys.
type APIKey struct {
	bun.BaseModel `bun:"table:api_keys"`

	ID        int64 `bun:",pk,autoincrement"`
	ProjectID int64 `bun:",pk"`
	Name      string
	// Scope is what the key may do, separated by spaces; "*" is everything.
	Scope        string
	SecretPrefix string
	SecretLast4  string
	// SecretHash is argon2id.
	SecretHash    string
	IsActive      bool
	LastUsedAt    time.Time `bun:",nullzero"`
	LastRotatedAt time.Time `bun:",nullzero"`
	CreatedAt     time.Time `bun:",nullzero"`
	UpdatedAt     time.Time `bun:",nullzero"`
}

// CreateAPIKey stores a key of the project and sets its ID.
func (p *Project) CreateAPIKey(ctx context.Context, key *APIKey) error {
	key.ProjectID = p.ID
	_, err := p.store.db.NewInsert().Model(key).Returning("id").Exec(ctx)
	return classify("create the API key", err)
}

// APIKeys lists the project's keys, newest first: page.After is the id of the last one seen.
func (p *Project) APIKeys(ctx context.Context, page Page[int64]) ([]APIKey, error) {
	var keys []APIKey
	query := p.store.db.NewSelect().Model(&keys).Where("project_id = ?", p.ID).Order("id DESC").Limit(int64(page.Limit))
	if page.After != 0 {
		query = query.Where("id < ?", page.After)
	}
	return keys, classify("list the API keys", query.Scan(ctx))
}

// APIKey returns one of the project's keys. ErrNotFound, also when it is another project's.
func (p *Project) APIKey(ctx context.Context, id int64) (*APIKey, error) {
	key := new(APIKey)
	err := p.store.db.NewSelect().Model(key).Where("project_id = ? AND id = ?", p.ID, id).Scan(ctx)
	return key, classify("read the API key", err)
}

// SaveAPIKey writes a key's name, scope, secret and whether it works. ErrNotFound, also when it is another project's.
func (p *Project) SaveAPIKey(ctx context.Context, key *APIKey) error {
	result, err := p.store.db.NewUpdate().Model(key).
		Column("name", "scope", "is_active", "secret_prefix", "secret_last4", "secret_hash", "last_rotated_at", "updated_at").
		Where("project_id = ? AND id = ?", p.ID, key.ID).Exec(ctx)
	return classify("save the API key", expectOne(result, err))
}

// maxKeysOfPrefix bounds how many keys share the first characters of their secrets; by chance hardly two do.
const maxKeysOfPrefix = 4

// ActiveAPIKeys returns the active keys whose secrets begin with these characters: the one way to a key without its
// project, for whoever presents it.
func (s *Store) ActiveAPIKeys(ctx context.Context, secretPrefix string) ([]APIKey, error) {
	var keys []APIKey
	err := s.db.NewSelect().Model(&keys).
		Where("secret_prefix = ? AND is_active", secretPrefix).Order("id").Limit(maxKeysOfPrefix).Scan(ctx)
	return keys, classify("look for the API key", err)
}

// TouchAPIKey notes that the key was used now.
func (s *Store) TouchAPIKey(ctx context.Context, key *APIKey, now time.Time) error {
	_, err := s.db.NewUpdate().Model((*APIKey)(nil)).
		Set("last_used_at = ?", now).Where("project_id = ? AND id = ?", key.ProjectID, key.ID).Exec(ctx)
	return classify("touch the API key", err)
}

// DeleteAPIKey removes a key. ErrNotFound, also when it is another project's.
func (p *Project) DeleteAPIKey(ctx context.Context, id int64) error {
	result, err := p.store.db.NewDelete().Model((*APIKey)(nil)).Where("project_id = ? AND id = ?", p.ID, id).Exec(ctx)
	return classify("delete the API key", expectOne(result, err))
}
