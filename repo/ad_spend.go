package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// AdSpend is what one ad cost and brought on one day, as its platform reports: a row of ad_spend_fact.
type AdSpend struct {
	bun.BaseModel `bun:"table:ad_spend_fact"`

	ID        int64 `bun:",pk,autoincrement"`
	ProjectID int64 `bun:",pk"`
	Platform  string
	// Date is a date in the ad account's time zone.
	Date        time.Time `bun:"type:date"`
	CampaignID  string
	AdsetID     string
	AdID        string
	Impressions int
	Clicks      int
	// Spend is a decimal with two places in the project's currency; text, so that no float ever touches money.
	Spend     string
	CreatedAt time.Time `bun:",nullzero"`
	UpdatedAt time.Time `bun:",nullzero"`
}

// ReplaceAdSpend stores the rows; one that is there for the same platform, date, campaign, ad set and ad is replaced,
// since platforms restate. ErrInvalid when a value is out of range.
func (p *Project) ReplaceAdSpend(ctx context.Context, rows []AdSpend) error {
	for i := range rows {
		rows[i].ProjectID = p.ID
	}
	_, err := p.store.db.NewInsert().Model(&rows).
		On("CONFLICT (project_id, platform, date, campaign_id, adset_id, ad_id) DO UPDATE").
		Set("impressions = EXCLUDED.impressions").Set("clicks = EXCLUDED.clicks").Set("spend = EXCLUDED.spend").
		Set("updated_at = EXCLUDED.updated_at").Exec(ctx)
	return classify("save the ad spend", err)
}

// AdSpendFilter says which spend to list: of the days from Since (included) to Until (excluded), dates at midnight UTC. Other
// fields say nothing where they are empty.
type AdSpendFilter struct {
	Since, Until                        time.Time
	Platform, CampaignID, AdsetID, AdID string
}

// AdSpendKey is what there is one row of spend of.
type AdSpendKey struct {
	Date       string
	Platform   string
	CampaignID string
	AdsetID    string
	AdID       string
}

// Key returns the row's key.
func (s *AdSpend) Key() AdSpendKey {
	return AdSpendKey{s.Date.Format(time.DateOnly), s.Platform, s.CampaignID, s.AdsetID, s.AdID}
}

// AdSpend lists spend in the order of its key: page.After is that of the last row seen.
func (p *Project) AdSpend(ctx context.Context, filter AdSpendFilter, page Page[*AdSpendKey]) ([]AdSpend, error) {
	var rows []AdSpend
	query := p.store.db.NewSelect().Model(&rows).
		Where("project_id = ? AND date >= ? AND date < ?", p.ID, filter.Since.Format(time.DateOnly), filter.Until.Format(time.DateOnly)).
		Order("date", "platform", "campaign_id", "adset_id", "ad_id").Limit(int64(page.Limit))
	if after := page.After; after != nil {
		query = query.Where("date >= ? AND (date, platform, campaign_id, adset_id, ad_id) > (?, ?, ?, ?, ?)",
			after.Date, after.Date, after.Platform, after.CampaignID, after.AdsetID, after.AdID)
	}
	for _, equal := range []struct{ column, value string }{
		{"platform", filter.Platform}, {"campaign_id", filter.CampaignID}, {"adset_id", filter.AdsetID}, {"ad_id", filter.AdID},
	} {
		if equal.value != "" {
			query = query.Where("? = ?", bun.Ident(equal.column), equal.value)
		}
	}
	return rows, classify("list the ad spend", query.Scan(ctx))
}
