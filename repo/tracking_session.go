package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// TrackingSession is a visitor's activity without a gap of over 30 minutes: a row of tracking_sessions.
// Its sums are a function of its events; server/ingest computes them.
type TrackingSession struct {
	bun.BaseModel `bun:"table:tracking_sessions"`

	ID             int64 `bun:",pk,autoincrement"`
	ProjectID      int64 `bun:",pk"`
	VisitorID      int64
	SessionKey     string
	StartedAt      time.Time
	LastActivityAt time.Time
	// LandingURL and LandingReferrer are those of the first page view.
	LandingURL      string `bun:",nullzero"`
	LandingReferrer string `bun:",nullzero"`
	DurationSeconds int
	// ScrollPct is the average over the page views of the deepest point reached, 0 to 100. Nil until an exit told it.
	ScrollPct *float64
	// PCQS is the page quality score, version 1, 0 to 100 (docs/metrics.md). Nil until the first exit.
	PCQS            *float64 `bun:"pcqs"`
	UTMSource       string   `bun:"utm_source,nullzero"`
	UTMMedium       string   `bun:"utm_medium,nullzero"`
	UTMCampaignID   string   `bun:"utm_campaign_id,nullzero"`
	UTMCampaignName string   `bun:"utm_campaign_name,nullzero"`
	UTMAdsetID      string   `bun:"utm_adset_id,nullzero"`
	UTMAdsetName    string   `bun:"utm_adset_name,nullzero"`
	UTMAdID         string   `bun:"utm_ad_id,nullzero"`
	UTMAdName       string   `bun:"utm_ad_name,nullzero"`
	UTMPlacement    string   `bun:"utm_placement,nullzero"`
	UTMTerm         string   `bun:"utm_term,nullzero"`
	UTMContent      string   `bun:"utm_content,nullzero"`
	ClickID         string   `bun:"click_id,nullzero"`
	ClickIDKind     string   `bun:"click_id_kind,nullzero"`
	Source          string
	Channel         string
	// HasMacro says that an ad's macro arrived as it was written: the ad is set up wrongly.
	HasMacro bool
	// SearchTerm is what was looked for at the search engine that led here, without personal data.
	SearchTerm string `bun:",nullzero"`
	// Country is ISO 3166-1, Region the rest of the ISO 3166-2 code.
	Country string `bun:",nullzero"`
	Region  string `bun:",nullzero"`
	Device  string `bun:",nullzero"`
	Browser string `bun:",nullzero"`
	OS      string `bun:"os,nullzero"`
	// BrowserVersion and OSVersion are such as 131 and 17.4.
	BrowserVersion string `bun:",nullzero"`
	OSVersion      string `bun:"os_version,nullzero"`
	IsBot          bool
	BotReason      string `bun:",nullzero"`
	EntryPath      string `bun:",nullzero"`
	ExitPath       string `bun:",nullzero"`
	Pageviews      int
	// InteractiveEvents counts what a person did on purpose (docs/metrics.md).
	InteractiveEvents int
	// EngagedMS is how long the session's pages were visible and focused, in milliseconds.
	EngagedMS int64 `bun:"engaged_ms"`
	// IsKeyed says that a server's key holds the session together, not time.
	IsKeyed bool
	// Fold is what server/ingest needs to go on adding up, of a keyed session; of others the visitor has it.
	Fold      []byte
	CreatedAt time.Time `bun:",nullzero"`
	UpdatedAt time.Time `bun:",nullzero"`
}

// TrackingSessions returns the visitor's sessions, oldest first, at most limit.
func (p *Project) TrackingSessions(ctx context.Context, visitorID int64, limit int) ([]TrackingSession, error) {
	var sessions []TrackingSession
	err := p.store.db.NewSelect().Model(&sessions).
		Where("project_id = ? AND visitor_id = ?", p.ID, visitorID).
		Order("started_at", "last_activity_at", "landing_url", "id").Limit(int64(limit)).Scan(ctx)
	return sessions, classify("list the sessions", err)
}
