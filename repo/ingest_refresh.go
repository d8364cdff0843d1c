package repo

import (
	"context"
	"fmt"
	"time"
)

// RefreshSessions recomputes the sums of these sessions from their events, which all lie between since and until, both
// included. A session's row is a function of its events: late, repeated and shuffled ones give the same row.
// The formulas are those of docs/metrics.md.
func (t *IngestTx) RefreshSessions(ctx context.Context, ids []int64, since, until, now time.Time) error {
	_, err := t.tx.Exec(ctx, refreshSessionsSQL, describe, t.projectID, ids, since, until, now)
	if err != nil {
		return fmt.Errorf("refresh sessions: %w", err)
	}
	return nil
}

// RefreshVisitors recomputes from their sessions how many there are, and the campaigns of the first and the last that
// had one.
func (t *IngestTx) RefreshVisitors(ctx context.Context, ids []int64, now time.Time) error {
	_, err := t.tx.Exec(ctx, refreshVisitorsSQL, describe, t.projectID, ids, now)
	if err != nil {
		return fmt.Errorf("refresh visitors: %w", err)
	}
	return nil
}

const refreshSessionsSQL = `
-- What do the events of these sessions add up to?
WITH session_events AS (
	SELECT * FROM events
	WHERE project_id = $1 AND session_id = ANY ($2::bigint[]) AND created_at >= $3 AND created_at <= $4
),
page_views AS ( -- a page view reported several times counts with the most that was reported
	SELECT session_id, coalesce(page_view_id, event_id) AS page_view_id,
		max(scroll_pct) AS scroll_pct, least(coalesce(max(engaged_ms), 0), 30 * 60 * 1000) AS engaged_ms
	FROM session_events WHERE event_type IN ('page_view', 'exit')
	GROUP BY session_id, coalesce(page_view_id, event_id)
),
engagement AS (
	SELECT session_id, avg(scroll_pct) AS scroll_pct, sum(engaged_ms) AS engaged_ms
	FROM page_views GROUP BY session_id
),
totals AS (
	SELECT session_id, min(created_at) AS started_at, max(created_at) AS last_activity_at,
		count(*) FILTER (WHERE event_type = 'page_view') AS pageviews,
		count(*) FILTER (WHERE event_type NOT IN ('page_view', 'exit', 'web_vital', 'error')) AS interactive_events,
		bool_or(event_type = 'exit') AS has_exit,
		array_agg(path ORDER BY created_at, event_id) FILTER (WHERE event_type = 'page_view') AS paths,
		array_agg(url ORDER BY event_type <> 'page_view', created_at, event_id) AS urls,
		array_agg(referrer ORDER BY event_type <> 'page_view', created_at, event_id) AS referrers
	FROM session_events GROUP BY session_id
)
UPDATE tracking_sessions AS s SET
	started_at = t.started_at,
	last_activity_at = t.last_activity_at,
	duration_seconds = floor(extract(epoch FROM t.last_activity_at - t.started_at)),
	landing_url = t.urls[1],
	landing_referrer = t.referrers[1],
	entry_path = t.paths[1],
	exit_path = t.paths[array_upper(t.paths, 1)],
	pageviews = t.pageviews,
	interactive_events = t.interactive_events,
	engaged_ms = coalesce(e.engaged_ms, 0),
	scroll_pct = e.scroll_pct,
	pcqs = CASE WHEN t.has_exit THEN 100 * (
		0.4 * least(1, coalesce(e.engaged_ms, 0) / 1000.0 / (30 * greatest(t.pageviews, 1)))
		+ 0.4 * coalesce(e.scroll_pct, 0) / 100
		+ 0.2 * CASE WHEN t.interactive_events > 0 THEN 1 WHEN t.pageviews >= 2 THEN 0.5 ELSE 0 END) END,
	updated_at = $5
FROM totals AS t LEFT JOIN engagement AS e USING (session_id)
WHERE s.project_id = $1 AND s.id = t.session_id`

const refreshVisitorsSQL = `
-- How many sessions do these visitors have, and which campaigns brought the first and the last?
WITH campaigns AS (
	SELECT visitor_id, started_at, id, nullif(jsonb_strip_nulls(jsonb_build_object(
		'utm_source', utm_source, 'utm_medium', utm_medium,
		'utm_campaign_id', utm_campaign_id, 'utm_campaign_name', utm_campaign_name,
		'utm_adset_id', utm_adset_id, 'utm_adset_name', utm_adset_name,
		'utm_ad_id', utm_ad_id, 'utm_ad_name', utm_ad_name, 'utm_placement', utm_placement,
		'utm_term', utm_term, 'utm_content', utm_content, coalesce(click_id_kind, 'click_id'), click_id)), '{}') AS utm
	FROM tracking_sessions
	WHERE project_id = $1 AND visitor_id = ANY ($2::bigint[])
),
sums AS (
	SELECT visitor_id, count(*) AS sessions_count,
		(array_agg(utm ORDER BY started_at, id) FILTER (WHERE utm IS NOT NULL))[1] AS first_utm,
		(array_agg(utm ORDER BY started_at DESC, id DESC) FILTER (WHERE utm IS NOT NULL))[1] AS last_utm
	FROM campaigns GROUP BY visitor_id
)
UPDATE visitors AS v SET sessions_count = s.sessions_count, first_utm = s.first_utm, last_utm = s.last_utm, updated_at = $3
FROM sums AS s
WHERE v.project_id = $1 AND v.id = s.visitor_id`
