package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/ingest"
	"github.com/microtracker/microtracker/server/rollup"
)

const (
	dayEvents = 1_000_000
	// newEvents is how many events come in between two refreshes of today.
	newEvents = 1000
)

// plainCount is what a person would ask of a day in SQL: visitors, page views, sessions, bounces, the average duration and
// the page views of a session, without bots.
const plainCount = `
	SELECT e.visitors, e.pageviews, s.sessions, s.bounces, s.duration, e.pageviews::float8 / nullif(s.sessions, 0)
	FROM (
		SELECT count(DISTINCT e.visitor_id) AS visitors, count(*) FILTER (WHERE e.event_type = 'page_view') AS pageviews
		FROM events AS e JOIN tracking_sessions AS s ON s.project_id = e.project_id AND s.id = e.session_id
		WHERE e.project_id = $1 AND e.created_at >= $2 AND e.created_at < $3 AND NOT s.is_bot
	) AS e, (
		SELECT count(*) AS sessions, count(*) FILTER (WHERE pageviews = 1 AND interactive_events = 0 AND engaged_ms < 10000) AS bounces,
			avg(duration_seconds) AS duration
		FROM tracking_sessions WHERE project_id = $1 AND started_at >= $2 AND started_at < $3 AND NOT is_bot
	) AS s`

// rollups measures how long a day of a million events takes to be rolled up, as a share of the plain SQL count of the same
// day, and how long it takes to refresh today after some new events.
func rollups(ctx context.Context, b *bench) ([]row, error) {
	s, err := b.site(ctx, "rollups")
	if err != nil {
		return nil, err
	}
	defer s.close() //nolint:errcheck // its folder goes
	today := time.Now().UTC().Truncate(24 * time.Hour)
	if err := s.fillDay(ctx, today); err != nil {
		return nil, err
	}
	refresher := rollup.New(rollup.Config{Store: s.store})
	var old, fresh, refreshed, longer []float64
	var detail, freshDetail string
	for range b.rounds {
		plain, err := s.countPlainly(ctx, today)
		if err != nil {
			return nil, err
		}
		asToday, err := s.rebuild(ctx, refresher, today, 0)
		if err != nil {
			return nil, err
		}
		asOld, err := s.rebuild(ctx, refresher, today, 5)
		if err != nil {
			return nil, err
		}
		old, fresh = append(old, asOld.Seconds()/plain.Seconds()), append(fresh, asToday.Seconds()/plain.Seconds())
		detail = fmt.Sprintf("%d ms; plain %d ms", asOld.Milliseconds(), plain.Milliseconds())
		freshDetail = fmt.Sprintf("%d ms; plain %d ms", asToday.Milliseconds(), plain.Milliseconds())
		fmt.Printf("   plain SQL %v, an older day %v, today %v\n", plain.Round(time.Millisecond), asOld.Round(time.Millisecond), asToday.Round(time.Millisecond))
	}
	if _, err := s.rebuild(ctx, refresher, today, 0); err != nil { // its hours are kept again
		return nil, err
	}
	for range max(5, b.rounds) {
		took, err := s.refreshAfter(ctx, refresher, 0)
		if err != nil {
			return nil, err
		}
		tookLonger, err := s.refreshAfter(ctx, refresher, 30*time.Minute)
		if err != nil {
			return nil, err
		}
		fmt.Printf("   today after %d new events %v, and with visits of the last half hour %v\n", newEvents, took.Round(time.Millisecond), tookLonger.Round(time.Millisecond))
		refreshed, longer = append(refreshed, float64(took)/float64(200*time.Millisecond)), append(longer, float64(tookLonger)/float64(200*time.Millisecond))
	}
	return []row{
		{"rollup of a day of 1 M events / plain SQL count", median(old), 3, false, detail},
		{"rollup of today, 1 M events / plain SQL count", median(fresh), 3, false, freshDetail},
		{"refresh of today after 1,000 events / 200 ms", median(refreshed), 1, false, fmt.Sprintf("%.0f ms", 200*median(refreshed))},
		{"the same, visits of half an hour / 200 ms", median(longer), 1, false, fmt.Sprintf("%.0f ms", 200*median(longer))},
	}, nil
}

// fillDay stores a day of events of 100,000 visitors, of whom 3 in 100 are bots: visits of 7 events within ten minutes, with
// 4 page views on 2,000 paths of very different frequency, 2 exits and a click.
func (s *site) fillDay(ctx context.Context, day time.Time) error {
	begun := time.Now()
	const sessions = dayEvents / 7
	_, err := s.exec(ctx, "SET session_replication_role = replica", fmt.Sprintf(`
		INSERT INTO visitors (id, project_id, visitor_key, first_seen_at, last_seen_at, sessions_count)
		SELECT 1000000 + n, %d, 'filled ' || md5(n::text), '%s', '%[2]s', 1 FROM generate_series(0, 99999) AS n`, s.project.ID, day.Format(time.RFC3339)), fmt.Sprintf(`
		INSERT INTO tracking_sessions (id, project_id, visitor_id, session_key, started_at, last_activity_at, duration_seconds, pageviews,
			interactive_events, engaged_ms, pcqs, source, channel, device, browser, os, country, is_bot, bot_reason, landing_url, entry_path, exit_path)
		SELECT 1000000 + n, %d, 1000000 + n * 7919 %% 100000, gen_random_uuid(), at, at + interval '10 minutes', 600, 4, n %% 3, n %% 60 * 1000,
			n %% 10000 / 100.0, (ARRAY['Google', 'Direct / None', 'mail', 'facebook', 'partner ' || n %% 200])[1 + n %% 5],
			(ARRAY['Organic Search', 'Direct', 'Email', 'Paid Social', 'Referral'])[1 + n %% 5], (ARRAY['desktop', 'mobile', 'tablet'])[1 + n %% 3],
			(ARRAY['Chrome', 'Safari', 'Firefox', 'Edge'])[1 + n %% 4], (ARRAY['Windows', 'iOS', 'Android', 'macOS', 'Linux'])[1 + n %% 5],
			(ARRAY['DE', 'FR', 'US', 'BR', 'IN', 'JP', 'GB'])[1 + n %% 7], n * 7919 %% 100000 < 3000, CASE WHEN n * 7919 %% 100000 < 3000 THEN 'user_agent' END,
			'https://shop.example.com/products/' || n %% 2003, '/products/' || n %% 2003, '/'
		FROM generate_series(0, %d) AS n, LATERAL (SELECT '%s'::timestamptz + n * interval '23 hours 45 minutes' / %[2]d AS at) AS t`,
		s.project.ID, sessions-1, day.Format(time.RFC3339)), fmt.Sprintf(`
		INSERT INTO events (project_id, session_id, visitor_id, event_type, name, url, path, title, created_at, event_id, page_view_id, scroll_pct, engaged_ms, meta, selector)
		SELECT s.project_id, s.id, s.visitor_id, kind, CASE kind WHEN 'click' THEN 'Button ' || s.id %% 50 ELSE kind END,
			'https://shop.example.com' || path, path, CASE WHEN kind = 'page_view' THEN 'Product - Example Shop' END,
			s.started_at + n * interval '100 seconds', gen_random_uuid(), CASE WHEN kind <> 'page_view' THEN gen_random_uuid() END,
			CASE WHEN kind = 'exit' THEN 50 END, CASE WHEN kind = 'exit' THEN 5000 END, CASE WHEN kind = 'click' AND s.id %% 3 = 0 THEN '{"cta": true}'::jsonb END,
			CASE WHEN kind = 'click' THEN '#main > button' END
		FROM tracking_sessions AS s, generate_series(0, 6) AS n,
			LATERAL (SELECT (ARRAY['page_view', 'exit', 'page_view', 'click', 'page_view', 'exit', 'page_view'])[1 + n] AS kind,
				'/products/' || floor(2000 * power((s.id * 31 + n * 17) %% 10007 / 10007.0, 3))::int AS path) AS e
		WHERE s.project_id = %d
		ORDER BY s.started_at + n * interval '100 seconds'`, s.project.ID),
		"VACUUM ANALYZE visitors", "VACUUM ANALYZE tracking_sessions", "VACUUM ANALYZE events", "CHECKPOINT")
	fmt.Printf("   filled a day after %v\n", time.Since(begun).Round(time.Second))
	return err
}

func (s *site) countPlainly(ctx context.Context, day time.Time) (time.Duration, error) {
	conn, err := pgx.Connect(ctx, s.URL())
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx) //nolint:errcheck // it has done its work
	// As rollups are counted: else the planner now and then takes a join by nested loops, and seconds.
	if _, err := conn.Exec(ctx, "SET enable_nestloop = off; SET jit = off; SET work_mem = '128MB'"); err != nil {
		return 0, err
	}
	begun := time.Now()
	_, err = conn.Exec(ctx, plainCount, s.project.ID, day, day.AddDate(0, 0, 1))
	return time.Since(begun), err
}

// rebuild counts the day as it is done when it is so many days ago: by the database's clock.
func (s *site) rebuild(ctx context.Context, refresher *rollup.Refresher, day time.Time, daysAgo int) (time.Duration, error) {
	_, err := s.exec(ctx, fmt.Sprintf(`CREATE OR REPLACE FUNCTION epoch_now() RETURNS bigint LANGUAGE sql STABLE AS
		'SELECT floor(extract(epoch FROM now()))::bigint + %d'`, daysAgo*24*60*60))
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	err = refresher.Rebuild(ctx, s.project.ID, day)
	return time.Since(begun), err
}

// refreshAfter stores new events of now, and returns how long the refresh after them takes. As if some belonged to visits that
// have lasted so long, that time is marked, too.
func (s *site) refreshAfter(ctx context.Context, refresher *rollup.Refresher, lasted time.Duration) (time.Duration, error) {
	inbox, err := s.store.OpenInbox(ctx, s.project.PublicKey, time.Now())
	if err != nil {
		return 0, err
	}
	ingester := ingest.New(ingest.Config{Store: s.store})
	defer ingester.Close()
	name := uuid.NewString()
	for i := range 10 {
		batch := &ingest.Batch{Client: ingest.Client{UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"}}
		batch.Client.VisitorKey = fmt.Sprintf("%s %d", name, i)
		for range newEvents / 10 {
			batch.Events = append(batch.Events, ingest.Event{ID: uuid.New(), Type: "page_view", URL: "https://shop.example.com/products/1", At: time.Now()})
		}
		if _, err := ingester.Ingest(ctx, inbox, batch); err != nil {
			return 0, err
		}
	}
	now := time.Now().UTC()
	if lasted > 0 {
		if err := s.store.MarkRollup(ctx, s.project.ID, repo.RollupMark{Since: now.Add(-lasted), Until: now}); err != nil {
			return 0, err
		}
	}
	begun := time.Now()
	err = refresher.Refresh(ctx, s.project.ID, nil)
	return time.Since(begun), err
}
