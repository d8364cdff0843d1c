package repo_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/repo/repotest"
)

// manySessions is a project with a month of 200,000 sessions by 100,000 visitors, 5 events each.
func manySessions(b *testing.B) *repo.Project {
	b.Helper()
	url := repotest.DatabaseURL(b)
	db := repotest.Open(b, url)
	since := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	if _, err := db.EnsureEventPartitions(b.Context(), since, since.AddDate(0, 1, 0)); err != nil {
		b.Fatal(err)
	}
	project := repotest.Project(b, db)
	conn, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	for _, statement := range []string{
		`SELECT setseed(0.5)`,
		`INSERT INTO visitors (project_id, id, visitor_key, first_seen_at, last_seen_at, viewport_w)
			SELECT $1, i, 'v' || i, '2026-11-01', '2026-11-01', (ARRAY[390, 820, 1280, 1920])[1 + i % 4] FROM generate_series(1, 100000) AS i`,
		`INSERT INTO tracking_sessions (project_id, id, visitor_id, session_key, started_at, last_activity_at, source, country, is_bot)
			SELECT $1, i, 1 + (i * 7919) % 100000, 's' || i, at, at + interval '2 minutes', 'source ' || floor(20 * random() ^ 2), 'DE', i % 20 = 0
			FROM (SELECT i, timestamptz '2026-10-01 00:00Z' + random() * interval '30 days' AS at FROM generate_series(1, 200000) AS i) AS s`,
		// Of the five events of a session three are page views; half of the sessions click something, half of them tell how far
		// down the first page was read.
		`INSERT INTO events (project_id, session_id, visitor_id, event_type, name, path, selector, x, y, scroll_pct, created_at, event_id, page_view_id)
			SELECT $1, s.id, s.visitor_id, kind, kind, '/page/' || floor(500 * random() ^ 3),
				CASE WHEN kind = 'click' THEN '#e' || floor(50 * random() ^ 2) END, CASE WHEN kind = 'click' THEN (390 * random())::int END,
				CASE WHEN kind = 'click' THEN (4000 * random() ^ 2)::int END, CASE WHEN kind = 'exit' THEN (100 * random())::numeric(5, 2) END,
				s.started_at + k * interval '20 seconds', md5(s.id || ' ' || k)::uuid, CASE WHEN k > 0 THEN md5(s.id || ' 0')::uuid END
			FROM tracking_sessions AS s CROSS JOIN generate_series(0, 4) AS k,
				LATERAL (SELECT CASE WHEN k IN (0, 2, 3) THEN 'page_view' WHEN k = 1 AND s.id % 2 = 0 THEN 'click' WHEN k = 1 THEN 'custom' ELSE 'exit' END AS kind) AS t
			WHERE s.project_id = $1`,
		`UPDATE visitors SET first_seen_at = s.at FROM (SELECT visitor_id, min(started_at) AS at FROM tracking_sessions WHERE project_id = $1 GROUP BY 1) AS s
			WHERE project_id = $1 AND id = s.visitor_id`,
	} {
		args := []any{project.ID}
		if statement == `SELECT setseed(0.5)` {
			args = nil
		}
		if _, err := conn.Exec(b.Context(), statement, append([]any{pgx.QueryExecModeExec}, args...)...); err != nil {
			b.Fatalf("%s: %v", statement, err)
		}
	}
	if _, err := conn.Exec(b.Context(), "VACUUM ANALYZE"); err != nil {
		b.Fatal(err)
	}
	return project
}

func BenchmarkJourneys(b *testing.B) {
	project := manySessions(b)
	month := repo.Journey{Since: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC), Zone: time.UTC}
	narrow := month
	narrow.Filter = only(is(report.Source, "source 3"))
	page := func(path string) []report.Condition { return []report.Condition{is(report.Path, path)} }
	three := [][]report.Condition{page("/page/0"), {is(report.EventType, "click")}, page("/page/1")}
	var ten [][]report.Condition
	for range 10 {
		ten = append(ten, []report.Condition{{Dimension: report.Path, Operator: report.OperatorMatches, Values: []string{"/page/*"}}})
	}
	funnel := func(q repo.FunnelQuery) func() error {
		q.MaxRows = 10
		return func() error {
			_, err := project.Funnel(b.Context(), q)
			return err
		}
	}
	retention := func(q repo.RetentionQuery) func() error {
		q.Now = month.Until.AddDate(0, 0, 1)
		return func() error {
			_, err := project.Retention(b.Context(), q)
			return err
		}
	}
	paths := func(q repo.PathsQuery) func() error {
		return func() error {
			_, err := project.Paths(b.Context(), q)
			return err
		}
	}
	heatmap := func(q repo.HeatmapQuery) func() error {
		return func() error {
			_, err := project.Heatmap(b.Context(), q)
			return err
		}
	}
	for _, c := range []struct {
		name string
		ask  func() error
	}{
		{"funnel of 3 steps by visitor within a day", funnel(repo.FunnelQuery{Journey: month, Steps: three, Window: 24 * time.Hour})},
		{"funnel of 3 steps by session and source", funnel(repo.FunnelQuery{Journey: month, Steps: three, Window: time.Hour, BySession: true, Breakdown: report.Source})},
		{"funnel of 3 steps, strict", funnel(repo.FunnelQuery{Journey: month, Steps: three, Window: 24 * time.Hour, Strict: true})},
		{"funnel of 3 steps, one source", funnel(repo.FunnelQuery{Journey: narrow, Steps: three, Window: 24 * time.Hour})},
		{"funnel of 10 steps that every page view meets", funnel(repo.FunnelQuery{Journey: month, Steps: ten, Window: 24 * time.Hour})},
		{"retention by day", retention(repo.RetentionQuery{Journey: month, Period: report.Day, Periods: 30})},
		{"retention by week, one source", retention(repo.RetentionQuery{Journey: narrow, Period: report.Week, Periods: 4})},
		{"retention by day, who clicked", retention(repo.RetentionQuery{Journey: month, Period: report.Day, Periods: 30, Return: three[1]})},
		{"paths from the first page, 3 steps", paths(repo.PathsQuery{Journey: month, Depth: 3, MaxNodes: 10})},
		{"paths from a page, 10 steps", paths(repo.PathsQuery{Journey: month, Path: "/page/1", Depth: 10, MaxNodes: 50})},
		{"paths back from the last page, one source", paths(repo.PathsQuery{Journey: narrow, Previous: true, Depth: 3, MaxNodes: 10})},
		{"heatmap of the busiest page", heatmap(repo.HeatmapQuery{Journey: month, Path: "/page/0"})},
		{"heatmap of a page, one source", heatmap(repo.HeatmapQuery{Journey: narrow, Path: "/page/7"})},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if err := c.ask(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
