package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// Live is who is on the project's site.
type Live struct {
	// Visitors are those with an event since the time asked for, Pageviews their page views.
	Visitors, Pageviews int64
	// Pages are the busiest, by the visitors whose last page view it was.
	Pages []LivePage
}

// LivePage is a page that visitors are on.
type LivePage struct {
	Path     string
	Visitors int64
}

// Live returns who has been active since then, with at most maxPages pages. Bots are left out.
func (p *Project) Live(ctx context.Context, since time.Time, maxPages int) (*Live, error) {
	live := new(Live)
	err := p.store.inSnapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		return p.readLive(ctx, tx, since, maxPages, live)
	})
	return live, classify("look who is live", err)
}

func (p *Project) readLive(ctx context.Context, tx bun.Tx, since time.Time, maxPages int, live *Live) error {
	rows, err := tx.QueryContext(ctx, `
		-- Who is there now, and on which page (bun reads a question mark as an argument)
		WITH recent AS (
			SELECT e.visitor_id, e.event_type, e.path, e.created_at, e.event_id
			FROM events AS e JOIN tracking_sessions AS s ON s.project_id = e.project_id AND s.id = e.session_id
			WHERE e.project_id = ? AND e.created_at >= ? AND s.last_activity_at >= ? AND NOT s.is_bot
		),
		last_views AS (
			SELECT DISTINCT ON (visitor_id) visitor_id, path FROM recent
			WHERE event_type = 'page_view' AND path IS NOT NULL
			ORDER BY visitor_id, created_at DESC, event_id
		),
		pages AS (
			SELECT path, count(*) AS visitors FROM last_views GROUP BY path ORDER BY visitors DESC, path COLLATE "C" LIMIT ?
		)
		SELECT path, visitors, pageviews, is_page FROM (
			SELECT '' AS path, count(DISTINCT visitor_id) AS visitors,
				count(*) FILTER (WHERE event_type = 'page_view') AS pageviews, false AS is_page
			FROM recent
			UNION ALL
			SELECT path, visitors, 0, true FROM pages
		) AS answer ORDER BY is_page, visitors DESC, path COLLATE "C"`, p.ID, since, since, maxPages)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	for rows.Next() {
		var page LivePage
		var pageviews int64
		var isPage bool
		if err := rows.Scan(&page.Path, &page.Visitors, &pageviews, &isPage); err != nil {
			return err
		}
		if isPage {
			live.Pages = append(live.Pages, page)
		} else {
			live.Visitors, live.Pageviews = page.Visitors, pageviews
		}
	}
	return rows.Err()
}
