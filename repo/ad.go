package repo

import (
	"context"
	"slices"
	"strings"
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

// ListedAd is an ad with what it was called before.
type ListedAd struct {
	Ad `bun:",extend"`

	// FormerNames are those of before, latest first, at most 20.
	FormerNames []FormerAdNames `bun:"type:jsonb"`
}

// FormerAdNames are the names that an ad, its ad set and its campaign had until one of them changed.
type FormerAdNames struct {
	Campaign string    `json:"campaign"`
	Adset    string    `json:"adset"`
	Ad       string    `json:"ad"`
	Until    time.Time `json:"until"`
}

// setFormerNames keeps the names of an ad that are about to be replaced, in an INSERT into ads_dim AS ad that is to replace them.
const setFormerNames = "former_names = " + formerNames

const formerNames = `CASE WHEN EXCLUDED.campaign_name <> ad.campaign_name OR EXCLUDED.adset_name <> ad.adset_name
		OR EXCLUDED.ad_name <> ad.ad_name
	THEN jsonb_path_query_array(jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('campaign', ad.campaign_name, 'adset', ad.adset_name,
		'ad', ad.ad_name, 'until', EXCLUDED.updated_at))) || ad.former_names, '$[0 to 19]')
	ELSE ad.former_names END`

// UpsertAd stores the ad, or brings a known one up to date: its names are replaced by those that are given, and the
// time it was seen is widened.
func (p *Project) UpsertAd(ctx context.Context, ad *Ad) error {
	err := p.upsertAds(ctx, []*Ad{ad}, "first_seen_at = least(ad.first_seen_at, EXCLUDED.first_seen_at)",
		"last_seen_at = greatest(ad.last_seen_at, EXCLUDED.last_seen_at)")
	return classify("save the ad", err)
}

// UpsertAds stores what somebody says of ads, each once: what is given replaces what is known, and when a known ad was seen
// stays as it is.
func (p *Project) UpsertAds(ctx context.Context, ads []*Ad) error {
	return classify("save the ads", p.upsertAds(ctx, ads))
}

func (p *Project) upsertAds(ctx context.Context, ads []*Ad, sets ...string) error {
	// Everybody locks ads in this order.
	slices.SortFunc(ads, func(a, b *Ad) int { return strings.Compare(a.AdID, b.AdID) })
	for _, ad := range ads {
		ad.ProjectID = p.ID
	}
	query := p.store.db.NewInsert().Model(&ads).On("CONFLICT (project_id, ad_id) DO UPDATE").
		Set("platform = EXCLUDED.platform").Set("updated_at = EXCLUDED.updated_at").Set(setFormerNames)
	for _, set := range sets {
		query = query.Set(set)
	}
	for _, column := range []string{"campaign_id", "campaign_name", "adset_id", "adset_name", "ad_name", "placement"} {
		query = query.Set("? = coalesce(EXCLUDED.?, ad.?)", bun.Ident(column), bun.Ident(column), bun.Ident(column))
	}
	_, err := query.Exec(ctx)
	return err
}

// AdFilter says which ads to list. Empty fields say nothing.
type AdFilter struct {
	Platform, CampaignID, AdsetID string
}

// Ads lists the project's ads by id: page.After is the id of the last one seen.
func (p *Project) Ads(ctx context.Context, filter AdFilter, page Page[string]) ([]ListedAd, error) {
	var ads []ListedAd
	query := p.store.db.NewSelect().Model(&ads).
		Where("project_id = ? AND ad_id > ?", p.ID, page.After).Order("ad_id").Limit(int64(page.Limit))
	for _, equal := range []struct{ column, value string }{
		{"platform", filter.Platform}, {"campaign_id", filter.CampaignID}, {"adset_id", filter.AdsetID},
	} {
		if equal.value != "" {
			query = query.Where("? = ?", bun.Ident(equal.column), equal.value)
		}
	}
	return ads, classify("list the ads", query.Scan(ctx))
}
