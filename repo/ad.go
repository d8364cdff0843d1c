package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// Ad is an ad with its place in the campaign hierarchy: a row of ads_dim.
type Ad struct {
	bun.BaseModel `bun:"table:ads_dim"`

	AdID         string `bun:",pk"`
	ProjectID    int64  `bun:",pk"`
	Platform     string
	CampaignID   string `bun:",nullzero"`
	CampaignName string `bun:",nullzero"`
	AdsetID      string `bun:",nullzero"`
	AdsetName    string `bun:",nullzero"`
	AdName       string `bun:",nullzero"`
	Placement    string `bun:",nullzero"`
	FirstSeenAt  time.Time
	LastSeenAt   time.Time
	CreatedAt    time.Time `bun:",nullzero"`
	UpdatedAt    time.Time `bun:",nullzero"`
}

// UpsertAd stores the ad, or brings a known one up to date: its names are replaced by those that are given, and the
// time it was seen is widened.
func (p *Project) UpsertAd(ctx context.Context, ad *Ad) error {
	ad.ProjectID = p.ID
	query := p.store.db.NewInsert().Model(ad).On("CONFLICT (project_id, ad_id) DO UPDATE").
		Set("platform = EXCLUDED.platform").
		Set("first_seen_at = least(ad.first_seen_at, EXCLUDED.first_seen_at)").
		Set("last_seen_at = greatest(ad.last_seen_at, EXCLUDED.last_seen_at)").
		Set("updated_at = EXCLUDED.updated_at")
	for _, column := range []string{"campaign_id", "campaign_name", "adset_id", "adset_name", "ad_name", "placement"} {
		query = query.Set("? = coalesce(EXCLUDED.?, ad.?)", bun.Ident(column), bun.Ident(column), bun.Ident(column))
	}
	_, err := query.Exec(ctx)
	return classify("save the ad", err)
}

// Ads lists the project's ads by id: page.After is the id of the last one seen.
func (p *Project) Ads(ctx context.Context, page Page[string]) ([]Ad, error) {
	var ads []Ad
	err := p.store.db.NewSelect().Model(&ads).
		Where("project_id = ? AND ad_id > ?", p.ID, page.After).Order("ad_id").Limit(int64(page.Limit)).Scan(ctx)
	return ads, classify("list the ads", err)
}
