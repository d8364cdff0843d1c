package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// Live is who is on the project's site. Bots are left out.
type Live struct {
	// Visitors are those with an event since the time asked for, Pageviews their page views.
	Visitors, Pageviews int64
	// Pages are the busiest, by the visitors whose last page view it was; Sources and Countries likewise, by where visitors
	// came from and are. Countries has an empty name for where that is not known.
	Pages, Sources, Countries []LiveShare
	// Minutes are those with events, oldest first. The first is incomplete where the time asked for is in it.
	Minutes []LiveMinute
}

// LiveShare is how many of the visitors have something.
type LiveShare struct {
	Name     string
	Visitors int64
}

// LiveMinute is what happened in a minute.
type LiveMinute struct {
	Start               time.Time
	Visitors, Pageviews int64
}

// Live returns who has been active since then, with at most limit pages, sources and countries.
func (p *Project) Live(ctx context.Context, since time.Time, limit int) (*Live, error) {
	live := new(Live)
	err := p.store.inSnapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		return p.readLive(ctx, tx, since, limit, live)
	})
	return live, classify("look who is live", err)
}

func (p *Project) readLive(ctx context.Context, tx bun.Tx, since time.Time, limit int, live *Live) error {
	const whole, page, source, country, minute = 0, 1, 2, 3, 4
	rows, err := tx.QueryContext(ctx, `
		-- Who is there now, on which page, from where (bun reads a question mark as an argument)
		WITH recent AS MATERIALIZED (
			SELECT e.visitor_id, e.event_type, e.path, e.created_at, e.event_id, s.source, coalesce(s.country, '') AS country
			FROM events AS e JOIN tracking_sessions AS s ON s.project_id = e.project_id AND s.id = e.session_id
			WHERE e.project_id = ? AND e.created_at >= ? AND s.project_id = ? AND s.last_activity_at >= ? AND NOT s.is_bot
		),
		last_views AS (
			SELECT DISTINCT ON (visitor_id) visitor_id, path FROM recent
			WHERE event_type = 'page_view' AND path IS NOT NULL
			ORDER BY visitor_id, created_at DESC, event_id
		),
		pages AS (
			SELECT path, count(*) AS visitors FROM last_views GROUP BY path ORDER BY visitors DESC, path COLLATE "C" LIMIT ?
		),
		sources AS (
			SELECT source, count(DISTINCT visitor_id) AS visitors FROM recent GROUP BY source ORDER BY visitors DESC, source COLLATE "C" LIMIT ?
		),
		countries AS (
			SELECT country, count(DISTINCT visitor_id) AS visitors FROM recent GROUP BY country ORDER BY visitors DESC, country COLLATE "C" LIMIT ?
		)
		SELECT kind, name, minute, visitors, pageviews FROM (
			SELECT ? AS kind, '' AS name, NULL::timestamptz AS minute, count(DISTINCT visitor_id) AS visitors,
				count(*) FILTER (WHERE event_type = 'page_view') AS pageviews
			FROM recent
			UNION ALL SELECT ?, path, NULL, visitors, 0 FROM pages
			UNION ALL SELECT ?, source, NULL, visitors, 0 FROM sources
			UNION ALL SELECT ?, country, NULL, visitors, 0 FROM countries
			UNION ALL SELECT ?, '', date_trunc('minute', created_at), count(DISTINCT visitor_id), count(*) FILTER (WHERE event_type = 'page_view')
				FROM recent GROUP BY date_trunc('minute', created_at)
		) AS answer ORDER BY kind, minute, visitors DESC, name COLLATE "C"`,
		p.ID, since, p.ID, since, limit, limit, limit, whole, page, source, country, minute)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	for rows.Next() {
		var kind int
		var share LiveShare
		var start bun.NullTime
		var pageviews int64
		if err := rows.Scan(&kind, &share.Name, &start, &share.Visitors, &pageviews); err != nil {
			return err
		}
		switch kind {
		case whole:
			live.Visitors, live.Pageviews = share.Visitors, pageviews
		case page:
			live.Pages = append(live.Pages, share)
		case source:
			live.Sources = append(live.Sources, share)
		case country:
			live.Countries = append(live.Countries, share)
		case minute:
			live.Minutes = append(live.Minutes, LiveMinute{Start: start.UTC(), Visitors: share.Visitors, Pageviews: pageviews})
		}
	}
	return rows.Err()
}

// LiveMinutes returns the minutes since then that have events, oldest first. Bots are left out.
func (p *Project) LiveMinutes(ctx context.Context, since time.Time) ([]LiveMinute, error) {
	var minutes []LiveMinute
	err := p.store.inSnapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		return tx.NewRaw(`
			SELECT date_trunc('minute', e.created_at) AS start, count(DISTINCT e.visitor_id) AS visitors,
				count(*) FILTER (WHERE e.event_type = 'page_view') AS pageviews
			FROM events AS e JOIN tracking_sessions AS s ON s.project_id = e.project_id AND s.id = e.session_id
			WHERE e.project_id = ? AND e.created_at >= ? AND s.project_id = ? AND s.last_activity_at >= ? AND NOT s.is_bot
			GROUP BY 1 ORDER BY 1`, p.ID, since, p.ID, since).Scan(ctx, &minutes)
	})
	return minutes, classify("count the last minutes", err)
}

// maxLiveEvents is how many events one look counts at most; of more it takes the newest.
const maxLiveEvents = 10_000

// LiveEvent is an event that has just been stored.
type LiveEvent struct {
	ID, VisitorID, SessionID int64
	EventType, Name          string
	CreatedAt                time.Time
	Path, Title              string
	Source, Country, Device  string
	// SkippedBefore is how many events were left out between this one and the one before it.
	SkippedBefore int64
}

// LiveEvents returns events with ids above after and up to upTo that have happened since then, in the order of their ids: of
// more than keep an even sample of as many, the last of them always. Bots are left out.
func (p *Project) LiveEvents(ctx context.Context, since time.Time, after, upTo int64, keep int) ([]LiveEvent, error) {
	var events []LiveEvent
	err := p.store.inLookups(ctx, func(ctx context.Context, tx bun.Tx) error {
		return tx.NewRaw(`
			WITH newest AS (
				SELECT e.id, e.created_at, e.session_id FROM events AS e
				WHERE e.project_id = ? AND e.id > ? AND e.id <= ? AND e.created_at >= ?
				-- Not in the order of an index, which would be followed through all that happened before then.
				ORDER BY e.id + 0 DESC LIMIT ?
			),
			places AS (
				SELECT n.id, n.created_at, s.source, s.country, s.device, row_number() OVER (ORDER BY n.id) AS place, count(*) OVER () AS found
				FROM newest AS n JOIN tracking_sessions AS s ON s.project_id = ? AND s.id = n.session_id WHERE NOT s.is_bot
			),
			kept AS (
				SELECT *, place - 1 - coalesce(lag(place) OVER (ORDER BY place), 0) AS skipped_before FROM places
				WHERE found <= ? OR place * ? / found <> (place - 1) * ? / found
			)
			SELECT e.id, e.visitor_id, e.session_id, e.event_type, e.name, e.created_at, coalesce(e.path, '') AS path,
				coalesce(e.title, '') AS title, k.source, coalesce(k.country, '') AS country, coalesce(k.device, '') AS device, k.skipped_before
			FROM kept AS k JOIN events AS e ON e.project_id = ? AND e.id = k.id AND e.created_at = k.created_at
			ORDER BY e.id`,
			p.ID, after, upTo, since, maxLiveEvents, p.ID, keep, keep, keep, p.ID).Scan(ctx, &events)
	})
	return events, classify("read what has just happened", err)
}
