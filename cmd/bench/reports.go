package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/server/rollup"
)

const (
	reportProjects = 50
	reportDays     = 30
)

// reports measures the overview and filtered breakdowns of a month of 5 million events, as shares of the plain SQL.
func reports(ctx context.Context, b *bench) ([]row, error) {
	s, refresher, err := b.filledSite(ctx, "reports")
	if err != nil {
		return nil, err
	}
	defer s.close() //nolint:errcheck // its folder goes
	since, until := filledDays()
	rows, err := s.overviews(ctx, b, refresher, since, until)
	if err != nil {
		return nil, err
	}
	filtered, err := s.filtered(ctx, b, refresher, since, until)
	return slices.Concat(rows, filtered), err
}

// filledDays are the days of a filled month, the last of them yesterday.
func filledDays() (since, until time.Time) {
	until = time.Now().UTC().Truncate(24 * time.Hour)
	return until.AddDate(0, 0, -reportDays), until
}

// filledSite makes a database with a month of 5 million events, and what counted them.
func (b *bench) filledSite(ctx context.Context, name string) (*site, *rollup.Refresher, error) {
	s, err := b.site(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	since, until := filledDays()
	if err := s.fillMonth(ctx, since); err != nil {
		return nil, nil, errors.Join(err, s.close())
	}
	refresher, err := s.countDays(ctx, since, until)
	if err != nil {
		return nil, nil, errors.Join(err, s.close())
	}
	return s, refresher, nil
}

// countDays counts the days of the project, and returns what counted them.
func (s *site) countDays(ctx context.Context, since, until time.Time) (*rollup.Refresher, error) {
	begun := time.Now()
	refresher := rollup.New(rollup.Config{Store: s.store})
	if err := s.store.MarkRollup(ctx, s.project.ID, repo.RollupMark{Since: since, Until: until}); err != nil {
		return nil, err
	}
	if err := refresher.Refresh(ctx, s.project.ID, nil); err != nil {
		return nil, err
	}
	fmt.Printf("   counted the days in %v\n", time.Since(begun).Round(time.Millisecond))
	return refresher, nil
}

// overview asks what a dashboard shows first, and returns how long all of it took together.
func (s *site) overview(ctx context.Context, answers *rollup.Answers, since, until time.Time) (time.Duration, error) {
	six := []report.Metric{report.Visitors, report.Pageviews, report.Sessions, report.BounceRate, report.AvgSessionDuration, report.ViewsPerSession}
	questions := []report.Query{{Metrics: six, Dimensions: []report.Dimension{report.Day}}}
	for _, d := range []report.Dimension{report.Path, report.Source, report.Campaign, report.Country, report.Device} {
		questions = append(questions, report.Query{Metrics: []report.Metric{report.Visitors, report.Pageviews}, Dimensions: []report.Dimension{d}, Limit: 10})
	}
	begun := time.Now()
	for i, q := range questions {
		q.Zone, q.Since, q.Until = time.UTC, since, until
		var compared *report.Query
		if i == 0 {
			before := q
			before.Since, before.Until = since.Add(-until.Sub(since)), since
			compared = &before
		}
		if _, ok, err := answers.Answer(ctx, s.project, q, compared); err != nil || !ok {
			return 0, fmt.Errorf("ask by %v: from days: %v: %w", q.Dimensions, ok, err)
		}
	}
	return time.Since(begun), nil
}

// overviews measures the overview of a month: by a server that has read nothing yet, and by one that has; and of a year, first with
// that month alone in it, then with eleven more like it.
func (s *site) overviews(ctx context.Context, b *bench, refresher *rollup.Refresher, since, until time.Time) ([]row, error) {
	var cold, warm, sparse, full []float64
	var plain, took, coldTook, year time.Duration
	measure := func(since time.Time, ratios *[]float64, by func() time.Duration) error {
		answers := rollup.NewAnswers(refresher)
		var best time.Duration
		for i := range 4 {
			took, err := s.overview(ctx, answers, since, until)
			if err != nil {
				return err
			}
			if i == 0 {
				coldTook = took
				continue
			}
			if best == 0 || took < best {
				best = took
			}
		}
		took = best
		*ratios = append(*ratios, best.Seconds()/by().Seconds())
		return nil
	}
	var month time.Duration
	for range b.rounds {
		var err error
		if plain, err = s.plainly(ctx, plainCount, since, until); err != nil {
			return nil, err
		}
		if err := measure(since, &warm, func() time.Duration { return plain }); err != nil {
			return nil, err
		}
		month = took
		cold = append(cold, coldTook.Seconds()/plain.Seconds())
		fmt.Printf("   plain SQL %v, overview %v, and %v by a server that has read nothing yet\n", plain.Round(time.Millisecond), took.Round(time.Millisecond), coldTook.Round(time.Millisecond))
		if err := measure(until.AddDate(-1, 0, 0), &sparse, func() time.Duration { return month }); err != nil {
			return nil, err
		}
	}
	if err := s.copyMonths(ctx); err != nil {
		return nil, err
	}
	begun := time.Now()
	if err := refresher.RollUpMonths(ctx, s.project.ID); err != nil {
		return nil, err
	}
	fmt.Printf("   put the months together in %v\n", time.Since(begun).Round(time.Millisecond))
	for range b.rounds {
		if err := measure(since, &[]float64{}, func() time.Duration { return plain }); err != nil {
			return nil, err
		}
		month = took
		if err := measure(until.AddDate(0, 0, -12*reportDays), &full, func() time.Duration { return month }); err != nil {
			return nil, err
		}
		year = took
		fmt.Printf("   overview of a month %v, of twelve such %v, and %v by a server that has read nothing yet\n", month.Round(time.Millisecond), year.Round(time.Millisecond), coldTook.Round(time.Millisecond))
	}
	return []row{
		{"overview, 30 days, 5 M events / plain SQL of its six metrics", median(warm), 1.0 / 50, false, fmt.Sprintf("%d ms; plain %d ms", month.Milliseconds(), plain.Milliseconds())},
		{"the same by a server that has read nothing yet", median(cold), 1.0 / 50, false, ""},
		{"overview, 12 months / 30 days, data of 30 days", median(sparse), 2, false, ""},
		{"the same, data of 12 months", median(full), 2, false, fmt.Sprintf("%d ms", year.Milliseconds())},
	}, nil
}

// copyMonths gives the project eleven more months like the one that is counted.
func (s *site) copyMonths(ctx context.Context) error {
	_, err := s.exec(ctx, fmt.Sprintf(`
		INSERT INTO daily_rollups (project_id, day, visitors, sessions, bounces, pageviews, form_starts, form_submits, exits)
		SELECT project_id, day - 30 * k, visitors, sessions, bounces, pageviews, form_starts, form_submits, exits
		FROM daily_rollups, generate_series(1, 11) AS k WHERE project_id = %[1]d;
		INSERT INTO rollup_breakdowns (project_id, day, part, dimension, data)
		SELECT project_id, day - 30 * k, part, dimension, data FROM rollup_breakdowns, generate_series(1, 11) AS k WHERE project_id = %[1]d`,
		s.project.ID), "VACUUM ANALYZE rollup_breakdowns")
	return err
}

// plainly returns how long a statement takes on the project and a range, with the settings of reports.
func (s *site) plainly(ctx context.Context, statement string, args ...any) (time.Duration, error) {
	conn, err := pgx.Connect(ctx, s.URL())
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx) //nolint:errcheck // it has done its work
	if _, err := conn.Exec(ctx, "SET enable_nestloop = off; SET jit = off; SET work_mem = '128MB'"); err != nil {
		return 0, err
	}
	begun := time.Now()
	_, err = conn.Exec(ctx, statement, append([]any{s.project.ID}, args...)...)
	return time.Since(begun), err
}

// plainFiltered is what a person would write for visitors and page views by something.
const plainFiltered = `
	SELECT %s AS by, count(DISTINCT e.visitor_id), count(*) FILTER (WHERE e.event_type = 'page_view')
	FROM events AS e JOIN tracking_sessions AS s ON s.project_id = e.project_id AND s.id = e.session_id
	WHERE e.project_id = $1 AND e.created_at >= $2 AND e.created_at < $3 AND NOT s.is_bot AND %s
	GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10`

// filtered measures breakdowns with filters, by a server that has answered the like before, and by one that has read nothing yet.
func (s *site) filtered(ctx context.Context, b *bench, refresher *rollup.Refresher, since, until time.Time) ([]row, error) {
	is := func(d report.Dimension, value string) report.Filter {
		return report.Filter{Condition: &report.Condition{Dimension: d, Operator: report.OperatorIs, Values: []string{value}}}
	}
	var rows []row
	for _, c := range []struct {
		name, column, where string
		by                  report.Dimension
		filter              report.Filter
	}{
		{"source = Google by path / plain SQL", "e.path", "s.source = 'Google'", report.Path, is(report.Source, "Google")},
		{"path = X by campaign / plain SQL", "coalesce(s.utm_campaign_name, s.utm_campaign_id, '')", "e.path = '/products/0'", report.Campaign, is(report.Path, "/products/0")},
		{
			"source = Google, device = mobile by country / plain SQL", "coalesce(s.country, '')", "s.source = 'Google' AND s.device = 'mobile'", report.Country,
			report.Filter{All: []report.Filter{is(report.Source, "Google"), is(report.Device, "mobile")}},
		},
	} {
		q := report.Query{
			Metrics: []report.Metric{report.Visitors, report.Pageviews}, Dimensions: []report.Dimension{c.by}, Filter: &c.filter,
			Zone: time.UTC, Since: since, Until: until, Limit: 10,
		}
		var warm, cold []float64
		var detail string
		for range b.rounds {
			answers := rollup.NewAnswers(refresher)
			plain, err := s.plainly(ctx, fmt.Sprintf(plainFiltered, c.column, c.where), since, until)
			if err != nil {
				return nil, err
			}
			var first, took time.Duration
			for i := range 4 {
				begun := time.Now()
				if _, ok, err := answers.Answer(ctx, s.project, q, nil); err != nil || !ok {
					return nil, fmt.Errorf("ask by %v: from days: %v: %w", q.Dimensions, ok, err)
				}
				if took = time.Since(begun); i == 0 {
					first = took
				}
			}
			warm, cold = append(warm, took.Seconds()/plain.Seconds()), append(cold, first.Seconds()/plain.Seconds())
			detail = fmt.Sprintf("%d ms, first %d ms; plain %d ms", took.Milliseconds(), first.Milliseconds(), plain.Milliseconds())
		}
		rows = append(rows, row{c.name, median(warm), 0.2, false, detail}, row{"the same by a server that has read nothing yet", median(cold), 0.2, false, ""})
	}
	return rows, nil
}

// fillMonth stores a month of 50 projects: the site's has 500,000 visitors with 1,000,000 sessions of 5 events, 3 in 100 of them
// bots'; each of the others 2,000 sessions.
func (s *site) fillMonth(ctx context.Context, since time.Time) error {
	begun := time.Now()
	projects := []string{strconv.FormatInt(s.project.ID, 10)}
	for range reportProjects - 1 {
		project, _, err := s.database.project(ctx)
		if err != nil {
			return err
		}
		projects = append(projects, strconv.FormatInt(project.ID, 10))
	}
	from := since.Format(time.RFC3339)
	_, err := s.exec(ctx, fmt.Sprintf("SELECT create_event_partitions('%s', now() + interval '2 days')", from),
		"SET session_replication_role = replica; SET work_mem = '128MB'", `
		CREATE FUNCTION pg_temp.chance(n bigint, salt bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS
			'SELECT (hashint8extended(n, salt) & 1048575) / 1048576.0::float8';
		CREATE FUNCTION pg_temp.path(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
			$$SELECT '/products/' || floor(2000 * power(pg_temp.chance(n, 1), 3))::integer$$`, fmt.Sprintf(`
		CREATE TEMP TABLE visits AS
		SELECT n, 1000000 + n AS id, CASE WHEN n < 1000000 THEN projects[1] ELSE projects[2 + n %% 49] END AS project_id,
			1000000 + CASE WHEN n < 500000 OR n >= 1000000 THEN n ELSE floor(500000 * power(pg_temp.chance(n, 2), 2))::bigint END AS visitor_id,
			'%s'::timestamptz + interval '%d days' * CASE WHEN n < 1000000 THEN (n * 7919 %% 1000000) / 1000000.0 ELSE (n %% 98000) / 98000.0 END AS at
		FROM generate_series(0::bigint, 1097999) AS n, (SELECT ARRAY[%s]::bigint[] AS projects) AS p`, from, reportDays, strings.Join(projects, ", ")), `
		INSERT INTO visitors (id, project_id, visitor_key, first_seen_at, last_seen_at, sessions_count, timezone, viewport_w)
		SELECT visitor_id, project_id, 'filled ' || visitor_id, min(at), max(at), count(*), 'Europe/Berlin', 360 + visitor_id % 1500
		FROM visits GROUP BY 1, 2`,
		`
		INSERT INTO tracking_sessions (id, project_id, visitor_id, session_key, started_at, last_activity_at, duration_seconds, pageviews,
			interactive_events, engaged_ms, scroll_pct, pcqs, source, channel, utm_source, utm_medium, utm_campaign_id, utm_campaign_name, device, browser,
			os, country, is_bot, bot_reason, landing_url, entry_path, exit_path)
		SELECT id, project_id, visitor_id, gen_random_uuid(), at, at + interval '4 minutes', 240, 3, 1, n % 60 * 1000, n % 101, n % 10000 / 100.0,
			CASE source WHEN 0 THEN 'Google' WHEN 1 THEN 'Direct / None' ELSE 'source ' || source END,
			(ARRAY['Organic Search', 'Direct', 'Email', 'Paid Social', 'Referral'])[1 + source % 5],
			CASE WHEN campaign < 100 THEN 'source ' || source END, CASE WHEN campaign < 100 THEN 'cpc' END,
			CASE WHEN campaign < 100 THEN 'c' || campaign END, CASE WHEN campaign < 100 THEN 'Campaign ' || campaign END,
			(ARRAY['desktop', 'mobile', 'tablet'])[1 + n % 3], (ARRAY['Chrome', 'Safari', 'Firefox', 'Edge'])[1 + n % 4],
			(ARRAY['Windows', 'iOS', 'Android', 'macOS', 'Linux'])[1 + n % 5], chr(65 + country / 6) || chr(65 + country % 6),
			is_bot, CASE WHEN is_bot THEN 'user_agent' END, 'https://shop.example.com' || pg_temp.path(n * 5), pg_temp.path(n * 5), pg_temp.path(n * 5 + 3)
		FROM (SELECT *, floor(200 * power(pg_temp.chance(visitor_id, 3), 2))::integer AS source, floor(300 * pg_temp.chance(n, 4))::integer AS campaign,
			floor(30 * power(pg_temp.chance(visitor_id, 5), 2))::integer AS country, visitor_id % 100 < 3 AS is_bot FROM visits) AS v
		ORDER BY at`, `
		INSERT INTO events (project_id, session_id, visitor_id, event_type, name, url, path, title, created_at, event_id, page_view_id, scroll_pct, engaged_ms, selector)
		SELECT project_id, id, visitor_id, kind, CASE kind WHEN 'click' THEN 'Button ' || n % 50 ELSE kind END, 'https://shop.example.com' || path, path,
			CASE WHEN kind = 'page_view' THEN 'Product - Example Shop' END, at + k * interval '1 minute', gen_random_uuid(),
			CASE WHEN kind <> 'page_view' THEN gen_random_uuid() END, CASE WHEN kind = 'exit' THEN 50 END, CASE WHEN kind = 'exit' THEN 5000 END,
			CASE WHEN kind = 'click' THEN '#main > button' END
		FROM visits, generate_series(0, 4) AS k,
			LATERAL (SELECT (ARRAY['page_view', 'page_view', 'click', 'page_view', 'exit'])[1 + k] AS kind, pg_temp.path(n * 5 + least(k, 3)) AS path) AS e
		ORDER BY at + k * interval '1 minute'`,
		"DROP TABLE visits", "VACUUM ANALYZE visitors", "VACUUM ANALYZE tracking_sessions", "VACUUM ANALYZE events", "CHECKPOINT")
	fmt.Printf("   filled a month after %v\n", time.Since(begun).Round(time.Second))
	return err
}
