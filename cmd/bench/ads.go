package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/server/rollup"
)

const (
	adSessions = 1_000_000
	adCount    = 500
	adDays     = 30
)

// plainAds is the one scan of the sessions that a report on ads needs: what it adds up of them, in one row.
const plainAds = `
	SELECT count(*), count(*) FILTER (WHERE s.pageviews = 1 AND s.interactive_events = 0 AND s.engaged_ms < 10000), sum(s.pcqs), count(s.pcqs)
	FROM tracking_sessions AS s
	WHERE s.project_id = $1 AND s.started_at >= $2 AND s.started_at < $3 AND NOT s.is_bot
		AND (num_nonnulls(s.utm_campaign_id, s.utm_adset_id, s.utm_ad_id, s.utm_campaign_name, s.utm_adset_name, s.utm_ad_name) > 0
			OR s.channel IN ('Paid Search', 'Paid Social', 'Display'))`

// plainAdEvents is the scan of the events that conversions and forms need beside it.
const plainAdEvents = `
	SELECT count(*) FILTER (WHERE event_type = 'form_start'), count(*) FILTER (WHERE event_type = 'form_submit'),
		count(DISTINCT session_id) FILTER (WHERE event_type = 'conversion'), sum(value) FILTER (WHERE event_type = 'conversion')
	FROM events WHERE project_id = $1 AND created_at >= $2 AND created_at < $3 AND event_type IN ('form_start', 'form_submit', 'conversion')`

// ads measures how long reports on 30 days of a million sessions of 500 ads take, as a share of the scan that they need.
func ads(ctx context.Context, b *bench) ([]row, error) {
	s, err := b.site(ctx, "ads")
	if err != nil {
		return nil, err
	}
	defer s.close() //nolint:errcheck // its folder goes
	until := time.Now().UTC().Truncate(24 * time.Hour)
	since := until.AddDate(0, 0, -adDays)
	if err := s.fillAds(ctx, since, until); err != nil {
		return nil, err
	}
	byAd := []repo.AdDimension{repo.AdPlatform, repo.AdCampaign, repo.AdAdset, repo.AdAd}
	ofSessions := []repo.AdMetric{
		repo.AdSpent, repo.AdImpressions, repo.AdClicks, repo.AdCTR, repo.AdCPC, repo.AdLanded, repo.AdBounces, repo.AdEngaged, repo.AdPCQS,
		repo.AdCostPerQualitySession,
	}
	ofEvents := append([]repo.AdMetric{repo.AdFormStarts, repo.AdFormSubmits, repo.AdConversions, repo.AdRevenue, repo.AdCPA, repo.AdROAS}, ofSessions...)
	cases := []struct {
		name, plain string
		query       repo.AdQuery
		target      float64
	}{
		{"ads, 30 days, 1 M sessions, by ad / one scan of the sessions", plainAds, repo.AdQuery{Dimensions: byAd, Metrics: ofSessions}, 1.5},
		{"the same by ad and day / one scan", plainAds, repo.AdQuery{Dimensions: append(byAd, repo.AdDay), Metrics: ofSessions, Limit: 1000}, 1.5},
		{"with forms and conversions / a scan of both", plainAds + ";" + plainAdEvents, repo.AdQuery{Dimensions: byAd, Metrics: ofEvents}, 3},
	}
	refresher, err := s.countDays(ctx, since.AddDate(0, 0, -1), until.AddDate(0, 0, 1))
	if err != nil {
		return nil, err
	}
	answers := rollup.NewAnswers(refresher)
	ratios, details := make([][]float64, len(cases)), make([]string, len(cases))
	for range max(5, b.rounds) {
		for i, c := range cases {
			plain, err := s.scanAds(ctx, c.plain == plainAds, since, until)
			if err != nil {
				return nil, err
			}
			c.query.Since, c.query.Until, c.query.Conversions = since, until, []report.Conversion{report.AnyConversion()}
			begun := time.Now()
			answer, err := s.store.OpenProject(ctx, repo.Caller{ProjectID: s.project.ID}, s.project.ID)
			if err != nil {
				return nil, err
			}
			c.query.Count = answers.CountAdSessions(answer)
			got, err := answer.AdPerformance(ctx, c.query, nil)
			if err != nil {
				return nil, err
			}
			took := time.Since(begun)
			ratios[i] = append(ratios[i], took.Seconds()/plain.Seconds())
			details[i] = fmt.Sprintf("%d ms; plain %d ms; %d rows", took.Milliseconds(), plain.Milliseconds(), len(got.Rows))
		}
	}
	rows := make([]row, len(cases))
	for i, c := range cases {
		rows[i] = row{c.name, median(ratios[i]), c.target, false, details[i]}
	}
	return rows, nil
}

// scanAds takes the time of the plain scans, with the settings that reports have.
func (s *site) scanAds(ctx context.Context, sessionsAlone bool, since, until time.Time) (time.Duration, error) {
	conn, err := pgx.Connect(ctx, s.URL())
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx) //nolint:errcheck // it has done its work
	if _, err := conn.Exec(ctx, "SET enable_nestloop = off; SET jit = off; SET work_mem = '64MB'"); err != nil {
		return 0, err
	}
	begun := time.Now()
	if _, err := conn.Exec(ctx, plainAds, s.project.ID, since, until); err != nil {
		return 0, err
	}
	if !sessionsAlone {
		if _, err := conn.Exec(ctx, plainAdEvents, s.project.ID, since, until); err != nil {
			return 0, err
		}
	}
	return time.Since(begun), nil
}

// fillAds stores 30 days of a million sessions of 500 ads on three platforms, two of which date what they report in zones of their
// own; what was spent on each ad and day; and of one session in ten a form begun, sent, and a conversion.
func (s *site) fillAds(ctx context.Context, since, until time.Time) error {
	begun := time.Now()
	from := since.Format(time.RFC3339)
	if _, err := s.exec(ctx, fmt.Sprintf("SELECT create_event_partitions('%s', '%s')", from, until.Format(time.RFC3339))); err != nil {
		return err
	}
	_, err := s.exec(ctx, "SET session_replication_role = replica", fmt.Sprintf(`
		INSERT INTO visitors (id, project_id, visitor_key, first_seen_at, last_seen_at, sessions_count)
		SELECT 1000000 + n, %d, 'filled ' || md5(n::text), '%s', '%[2]s', 1 FROM generate_series(0, 399999) AS n`, s.project.ID, from), fmt.Sprintf(`
		INSERT INTO ad_accounts (project_id, platform, time_zone, created_at, updated_at)
		SELECT %d, platform, zone, now(), now() FROM (VALUES ('facebook', 'America/New_York'), ('tiktok', 'Asia/Tokyo')) AS t (platform, zone)`, s.project.ID), fmt.Sprintf(`
		INSERT INTO ads_dim (project_id, ad_id, platform, campaign_id, campaign_name, adset_id, adset_name, ad_name, first_seen_at, last_seen_at)
		SELECT %d, 'ad' || n, (ARRAY['facebook', 'google', 'tiktok'])[1 + n %% 3], 'c' || n %% 50, 'Campaign ' || n %% 50, 's' || n %% 150, 'Set ' || n %% 150,
			'Ad ' || n, '%s', '%[2]s' FROM generate_series(0, %d) AS n`, s.project.ID, from, adCount-1), fmt.Sprintf(`
		INSERT INTO ad_spend_fact (project_id, platform, date, campaign_id, adset_id, ad_id, impressions, clicks, spend)
		SELECT project_id, platform, '%s'::date + day, campaign_id, adset_id, ad_id, 5000, 80, 12.34
		FROM ads_dim, generate_series(0, %d) AS day WHERE project_id = %d`, since.Format(time.DateOnly), adDays-1, s.project.ID), fmt.Sprintf(`
		INSERT INTO tracking_sessions (id, project_id, visitor_id, session_key, started_at, last_activity_at, duration_seconds, pageviews,
			interactive_events, engaged_ms, pcqs, source, channel, device, browser, os, country, is_bot, landing_url, entry_path, exit_path,
			utm_source, utm_medium, utm_campaign_id, utm_campaign_name, utm_adset_id, utm_ad_id, click_id, click_id_kind)
		SELECT 1000000 + n, %d, 1000000 + n::bigint * 7919 %% 400000, gen_random_uuid(), at, at + interval '10 minutes', 600, 1 + n %% 4, n %% 3, n %% 60 * 1000,
			n %% 10000 / 100.0, (ARRAY['Facebook', 'Google', 'TikTok'])[1 + ad %% 3], 'Paid Social', (ARRAY['desktop', 'mobile', 'tablet'])[1 + n %% 3],
			'Chrome', 'Windows', 'DE', n %% 33 = 0, 'https://shop.example.com/products/' || n %% 2003, '/products/' || n %% 2003, '/',
			(ARRAY['facebook', 'google', 'tiktok'])[1 + ad %% 3], 'cpc', 'c' || ad %% 50, 'Campaign ' || ad %% 50, 's' || ad %% 150, 'ad' || ad,
			md5(n::text), (ARRAY['fbclid', 'gclid', 'ttclid'])[1 + ad %% 3]
		FROM generate_series(0, %d) AS n, LATERAL (SELECT (n * 31 %% %d) AS ad, '%s'::timestamptz + n * interval '%d days' / %[2]d AS at) AS t`,
		s.project.ID, adSessions-1, adCount, from, adDays), fmt.Sprintf(`
		INSERT INTO events (project_id, session_id, visitor_id, event_type, name, url, path, created_at, event_id, value)
		SELECT s.project_id, s.id, s.visitor_id, kind, kind, 'https://shop.example.com/', '/', s.started_at + n * interval '1 minute', gen_random_uuid(),
			CASE WHEN kind = 'conversion' THEN 19.99 END
		FROM tracking_sessions AS s, unnest(ARRAY['page_view', 'form_start', 'form_submit', 'conversion']) WITH ORDINALITY AS k (kind, n)
		WHERE s.project_id = %d AND (n = 1 OR s.id %% 10 = 0) ORDER BY s.started_at`, s.project.ID),
		"VACUUM ANALYZE visitors", "VACUUM ANALYZE tracking_sessions", "VACUUM ANALYZE events", "VACUUM ANALYZE ad_spend_fact", "VACUUM ANALYZE ads_dim", "CHECKPOINT")
	fmt.Printf("   filled %d sessions after %v\n", adSessions, time.Since(begun).Round(time.Second))
	return err
}
