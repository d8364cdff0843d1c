package main

import (
	"context"
	"fmt"
)

// foreignKeyRows is how many events each way stores.
const foreignKeyRows = 100_000

// foreignKeys measures what PostgreSQL's row-by-row check of the three foreign keys of events costs, in transactions of
// 1,000 events whose parents exist: the time without it as a share of the time with it (docs/adr/0013).
func foreignKeys(ctx context.Context, b *bench) ([]row, error) {
	s, err := b.site(ctx, "foreign-keys")
	if err != nil {
		return nil, err
	}
	defer s.close() //nolint:errcheck // its folder goes
	_, err = s.exec(ctx, fmt.Sprintf(`
		INSERT INTO visitors (id, project_id, visitor_key, first_seen_at, last_seen_at)
		SELECT n, %[1]d, 'v' || n, now(), now() FROM generate_series(1, 20000) AS n`, s.project.ID), fmt.Sprintf(`
		INSERT INTO tracking_sessions (id, project_id, visitor_id, session_key, started_at, last_activity_at)
		SELECT n, %[1]d, n, 's' || n, now(), now() FROM generate_series(1, 20000) AS n`, s.project.ID), fmt.Sprintf(`
		CREATE UNLOGGED TABLE bench_rows AS SELECT n, %[1]d::bigint AS project_id, 1 + n %% 20000 AS parent, 'page_view' AS event_type,
			'https://shop.example.com/products/' || n %% 997 AS url, '/products/' || n %% 997 AS path, now() - n * interval '1 ms' AS created_at,
			gen_random_uuid() AS event_id FROM generate_series(1, %[2]d) AS n`, s.project.ID, foreignKeyRows),
		"CREATE INDEX ON bench_rows (n)", "ANALYZE")
	if err != nil {
		return nil, err
	}
	store := func(setting string) string {
		return fmt.Sprintf(`DO $$ BEGIN FOR block IN 0..%d LOOP %s
			INSERT INTO events (project_id, session_id, visitor_id, event_type, name, url, path, created_at, event_id)
			SELECT project_id, parent, parent, event_type, event_type, url, path, created_at, event_id FROM bench_rows
			WHERE n > block * 1000 AND n <= block * 1000 + 1000; COMMIT; END LOOP; END $$`, foreignKeyRows/1000-1, setting)
	}
	var shares []float64
	var detail string
	for range b.rounds {
		checked, err := s.exec(ctx, store(""))
		if err != nil {
			return nil, err
		}
		if _, err := s.exec(ctx, "TRUNCATE events"); err != nil {
			return nil, err
		}
		unchecked, err := s.exec(ctx, store("SET LOCAL session_replication_role = replica;"))
		if err != nil {
			return nil, err
		}
		if _, err := s.exec(ctx, "TRUNCATE events"); err != nil {
			return nil, err
		}
		shares = append(shares, unchecked.Seconds()/checked.Seconds())
		detail = fmt.Sprintf("%.1f and %.1f µs an event", unchecked.Seconds()*1e6/foreignKeyRows, checked.Seconds()*1e6/foreignKeyRows)
	}
	return []row{{"events without / with row-by-row parent checks", median(shares), 0.8, false, detail}}, nil
}
