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

// AdSpendBetween returns the rows of the days from since (included) to until (excluded).
func (p *Project) AdSpendBetween(ctx context.Context, since, until time.Time) ([]AdSpend, error) {
	var rows []AdSpend
	err := p.store.db.NewSelect().Model(&rows).
		Where("project_id = ? AND date >= ? AND date < ?", p.ID, since.Format(time.DateOnly), until.Format(time.DateOnly)).
		Order("date", "platform", "campaign_id", "adset_id", "ad_id").Scan(ctx)
	return rows, classify("list the ad spend", err)
}
