package repo

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"
)

// Visitor is somebody who came: a row of visitors.
type Visitor struct {
	bun.BaseModel `bun:"table:visitors"`

	ID            int64 `bun:",pk,autoincrement"`
	ProjectID     int64 `bun:",pk"`
	VisitorKey    string
	FirstSeenAt   time.Time
	LastSeenAt    time.Time
	SessionsCount int
	IsBot         bool
	Timezone      string `bun:",nullzero"`
	// ViewportW and ViewportH are in CSS pixels.
	ViewportW int    `bun:"viewport_w,nullzero"`
	ViewportH int    `bun:"viewport_h,nullzero"`
	UserAgent string `bun:",nullzero"`
	// FirstUTM and LastUTM are the campaigns of the first and the last session that had one, as a JSON object.
	FirstUTM json.RawMessage `bun:"type:jsonb,nullzero"`
	LastUTM  json.RawMessage `bun:"type:jsonb,nullzero"`
	// Fold is what server/ingest needs to go on with the latest session; nil: it reads the events again.
	Fold      []byte
	CreatedAt time.Time `bun:",nullzero"`
	UpdatedAt time.Time `bun:",nullzero"`
}

// VisitorByKey returns the project's visitor with this key. ErrNotFound.
func (p *Project) VisitorByKey(ctx context.Context, key string) (*Visitor, error) {
	visitor := new(Visitor)
	err := p.store.db.NewSelect().Model(visitor).Where("project_id = ? AND visitor_key = ?", p.ID, key).Scan(ctx)
	return visitor, classify("read the visitor", err)
}
