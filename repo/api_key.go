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

// DeleteAPIKey removes a key. ErrNotFound, also when it is another project's.
func (p *Project) DeleteAPIKey(ctx context.Context, id int64) error {
	result, err := p.store.db.NewDelete().Model((*APIKey)(nil)).Where("project_id = ? AND id = ?", p.ID, id).Exec(ctx)
	return classify("delete the API key", expectOne(result, err))
}
