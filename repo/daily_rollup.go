package repo

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"
)

// DailyRollup is one day of a project, counted: a row of daily_rollups.
type DailyRollup struct {
	bun.BaseModel `bun:"table:daily_rollups"`

	ID        int64 `bun:",pk,autoincrement"`
	ProjectID int64 `bun:",pk"`
	// Day is a date in the project's time zone.
	Day                    time.Time `bun:"type:date"`
	Visitors               int
	Sessions               int
	Bounces                int
	Pageviews              int
	FormStarts             int
	FormSubmits            int
	AvgSessionDurationSecs *float64
	Exits                  int
	Metrics                json.RawMessage `bun:"type:jsonb,nullzero"`
	TopPaths               json.RawMessage `bun:"type:jsonb,nullzero"`
	TopCTAs                json.RawMessage `bun:"top_ctas,type:jsonb,nullzero"`
	TopSources             json.RawMessage `bun:"type:jsonb,nullzero"`
	CreatedAt              time.Time       `bun:",nullzero"`
	UpdatedAt              time.Time       `bun:",nullzero"`
}

// SaveDailyRollup stores the day in place of what was there.
func (p *Project) SaveDailyRollup(ctx context.Context, rollup *DailyRollup) error {
	rollup.ProjectID = p.ID
	return classify("save the daily rollup", saveDailyRollup(ctx, p.store.db, rollup))
}

func saveDailyRollup(ctx context.Context, db bun.IDB, rollup *DailyRollup) error {
	query := db.NewInsert().Model(rollup).On("CONFLICT (project_id, day) DO UPDATE")
	for _, column := range []string{
		"visitors", "sessions", "bounces", "pageviews", "form_starts", "form_submits", "avg_session_duration_secs",
		"exits", "metrics", "top_paths", "top_ctas", "top_sources", "updated_at",
	} {
		query = query.Set("? = EXCLUDED.?", bun.Ident(column), bun.Ident(column))
	}
	_, err := query.Returning("id").Exec(ctx)
	return err
}

// visitorSet is the one part of metrics that grows with the visitors.
const visitorSet = "visitor_set"

// DailyRollups returns the days from since (included) to until (excluded), oldest first, at most limit. Metrics are without the set of
// visitors, which is by far the largest part of a day: DailyVisitorSets has it.
func (p *Project) DailyRollups(ctx context.Context, since, until time.Time, limit int) ([]DailyRollup, error) {
	var rollups []DailyRollup
	err := p.store.db.NewSelect().Model(&rollups).ExcludeColumn("metrics").ColumnExpr("metrics - ? AS metrics", visitorSet).
		Where("project_id = ? AND day >= ? AND day < ?", p.ID, since.Format(time.DateOnly), until.Format(time.DateOnly)).
		Order("day").Limit(int64(limit)).Scan(ctx)
	return rollups, classify("list the daily rollups", err)
}

// DailyVisitorSets returns the sets of visitors of the days from since (included) to until (excluded), oldest first, as
// server/rollup encodes them.
func (p *Project) DailyVisitorSets(ctx context.Context, since, until time.Time) ([]string, error) {
	var sets []string
	err := p.store.db.NewSelect().Model((*DailyRollup)(nil)).ColumnExpr("metrics ->> ?", visitorSet).
		Where("project_id = ? AND day >= ? AND day < ?", p.ID, since.Format(time.DateOnly), until.Format(time.DateOnly)).
		Where("metrics ->> ? IS NOT NULL", visitorSet).Order("day").Scan(ctx, &sets)
	return sets, classify("read the sets of visitors", err)
}
