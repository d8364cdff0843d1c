package repo

import (
	"cmp"
	"context"
	"time"

	"github.com/uptrace/bun"
)

// OptOut counts the hits of one day that were not stored because their visitors asked not to be measured: a row of
// opt_outs.
type OptOut struct {
	bun.BaseModel `bun:"table:opt_outs"`

	ProjectID int64 `bun:",pk"`
	// Day is in UTC.
	Day time.Time `bun:",pk,type:date"`
	// Signal is how the visitors asked: global_privacy_control or do_not_track.
	Signal string `bun:",pk"`
	Hits   int64
}

// CompareOptOuts puts counts into the order of their keys.
func CompareOptOuts(a, b OptOut) int {
	return cmp.Or(cmp.Compare(a.ProjectID, b.ProjectID), a.Day.Compare(b.Day), cmp.Compare(a.Signal, b.Signal))
}

// OptOutKey is where a page of counts ends.
type OptOutKey struct {
	Day    time.Time
	Signal string
}

// OptOuts lists the counts, newest day first: page.After is the key of the last one seen.
func (p *Project) OptOuts(ctx context.Context, page Page[OptOutKey]) ([]OptOut, error) {
	var counts []OptOut
	query := p.store.db.NewSelect().Model(&counts).Where("project_id = ?", p.ID)
	if page.After.Signal != "" {
		query = query.Where("(day < ? OR day = ? AND signal > ?)", page.After.Day, page.After.Day, page.After.Signal)
	}
	err := query.OrderExpr("day DESC, signal").Limit(int64(page.Limit)).Scan(ctx)
	return counts, classify("list the opt-outs", err)
}

func (b *ingestBatch) countOptOuts(c *Changes, _ time.Time) error {
	n := len(c.OptOuts)
	if n == 0 {
		return nil
	}
	projects, days, signals, hits := make([]int64, n), make([]time.Time, n), make([]string, n), make([]int64, n)
	for i, o := range c.OptOuts {
		projects[i], days[i], signals[i], hits[i] = o.ProjectID, o.Day, o.Signal, o.Hits
	}
	b.exec(`
		INSERT INTO opt_outs AS known (project_id, day, signal, hits)
		SELECT project_id, day, signal, hits FROM unnest($1::bigint[], $2::date[], $3::text[], $4::bigint[])
			AS new (project_id, day, signal, hits)
		ORDER BY project_id, day, signal
		ON CONFLICT (project_id, day, signal) DO UPDATE SET hits = known.hits + EXCLUDED.hits`, projects, days, signals, hits)
	return nil
}
