package repo

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Event is one thing that happened: a row of events.
type Event struct {
	bun.BaseModel `bun:"table:events"`

	ID        int64 `bun:",pk,autoincrement"`
	ProjectID int64 `bun:",pk"`
	SessionID int64
	VisitorID int64
	// EventType is page_view, exit, click, … (docs/metrics.md).
	EventType string
	Name      string
	URL       string `bun:",nullzero"`
	Path      string `bun:",nullzero"`
	Selector  string `bun:",nullzero"`
	// ScrollPct is the deepest point of the page reached, 0 to 100.
	ScrollPct *float64
	// X and Y are in CSS pixels from the page's top left.
	X *int32
	Y *int32
	// Meta is a JSON object of custom properties.
	Meta      json.RawMessage `bun:"type:jsonb,nullzero"`
	CreatedAt time.Time
	EventID   uuid.UUID `bun:"type:uuid"`
	// PageViewID is the EventID of the page view that the event belongs to.
	PageViewID uuid.NullUUID `bun:"type:uuid"`
	// EngagedMS is cumulative over the page view.
	EngagedMS *int64 `bun:"engaged_ms"`
	Referrer  string `bun:",nullzero"`
	Title     string `bun:",nullzero"`
	// Value is what a conversion is worth, as a decimal number; Currency is ISO 4217, empty for the project's.
	Value    string `bun:",nullzero"`
	Currency string `bun:",nullzero"`
}

// LastEventAt returns when the project's newest event happened; zero if it has none.
func (p *Project) LastEventAt(ctx context.Context) (time.Time, error) {
	var at bun.NullTime
	err := p.store.db.NewRaw(
		"SELECT created_at FROM events WHERE project_id = ? ORDER BY created_at DESC LIMIT 1", p.ID).Scan(ctx, &at)
	if err = classify("look for the newest event", err); isNotFound(err) {
		return time.Time{}, nil
	}
	return at.Time, err
}

// Events returns the events of one session in the order in which they happened, at most limit.
func (p *Project) Events(ctx context.Context, sessionID int64, limit int) ([]Event, error) {
	var events []Event
	err := p.store.db.NewSelect().Model(&events).
		Where("project_id = ? AND session_id = ?", p.ID, sessionID).
		Order("created_at", "id").Limit(int64(limit)).Scan(ctx)
	return events, classify("list the events", err)
}
