package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// adLevel is a level of the campaigns that has ids and names.
type adLevel struct {
	dimension AdDimension
	// id and name are columns of ads_dim, and with utm_ before them of sessions.
	id, name string
}

func adLevels() []adLevel {
	return []adLevel{
		{AdCampaign, "campaign_id", "campaign_name"},
		{AdAdset, "adset_id", "adset_name"},
		{AdAd, "ad_id", "ad_name"},
	}
}

// adName is what an id is called on a platform.
type adName struct{ platform, id string }

// adNames are the latest names of ids: of ads_dim, of the platform and of any, and for ids that it has none of, of the sessions
// that started from since to until.
func (p *Project) adNames(ctx context.Context, tx bun.Tx, level adLevel, ids []string, since, until time.Time) (map[adName]string, error) {
	names := make(map[adName]string, 2*len(ids))
	if len(ids) == 0 {
		return names, nil
	}
	read := func(query string, args ...any) error {
		rows, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err tells what matters
		for rows.Next() {
			var of adName
			var name string
			if err := rows.Scan(&of.platform, &of.id, &name); err != nil {
				return err
			}
			names[of] = name // the latest is the last
			names[adName{id: of.id}] = name
		}
		return rows.Err()
	}
	err := read("SELECT platform, "+level.id+", "+level.name+" FROM ads_dim WHERE project_id = ? AND "+level.id+" = ANY (?::text[]) AND "+
		level.name+" IS NOT NULL ORDER BY last_seen_at, ad_id", p.ID, pgdialect.Array(ids))
	if err != nil {
		return nil, err
	}
	missing := []string{}
	for _, id := range ids {
		if _, ok := names[adName{id: id}]; !ok {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return names, nil
	}
	return names, read("SELECT DISTINCT ON (utm_"+level.id+") '', utm_"+level.id+", utm_"+level.name+` FROM tracking_sessions
		WHERE project_id = ? AND started_at >= ? AND started_at < ? AND utm_`+level.id+" = ANY (?::text[]) AND utm_"+level.name+` IS NOT NULL
		ORDER BY utm_`+level.id+", started_at DESC, id DESC", p.ID, since, until, pgdialect.Array(missing))
}

// nameAds gives the rows' campaigns, ad sets and ads their names.
func (p *Project) nameAds(ctx context.Context, tx bun.Tx, q AdQuery, rows []AdRow) error {
	platform := -1
	for i, d := range q.Dimensions {
		if d == AdPlatform {
			platform = i
		}
	}
	for _, level := range adLevels() {
		for i, d := range q.Dimensions {
			if d != level.dimension {
				continue
			}
			var ids []string
			seen := map[string]bool{"": true}
			for _, row := range rows {
				if id := row.Dimensions[i]; !seen[id] {
					seen[id] = true
					ids = append(ids, id)
				}
			}
			names, err := p.adNames(ctx, tx, level, ids, q.Since.AddDate(0, 0, -1), q.Until.AddDate(0, 0, 1))
			if err != nil {
				return err
			}
			for _, row := range rows {
				of := adName{id: row.Dimensions[i]}
				name := names[of]
				if platform >= 0 {
					of.platform = row.Dimensions[platform]
					if its, ok := names[of]; ok {
						name = its
					}
				}
				row.Names[i] = name
			}
		}
	}
	return nil
}
