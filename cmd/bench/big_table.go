package main

import (
	"context"
	"fmt"
	"time"
)

// bigTable measures single events with 20 million events in the table as a share of the rate with none.
func bigTable(ctx context.Context, b *bench) ([]row, error) {
	s, err := b.servedSite(ctx, "size")
	if err != nil {
		return nil, err
	}
	defer s.close() //nolint:errcheck // its folder goes
	measure := func(seed uint64) (shots, error) {
		var best shots
		for round := range b.rounds {
			fired, err := b.fire(ctx, s.tracker.address, s.project.PublicKey, seed+uint64(round), 0)
			if err != nil {
				return best, err
			}
			fmt.Printf("   %.0f/s, p99 %v\n", fired.rate, fired.percentile(99))
			if fired.rate > best.rate {
				best = fired
			}
		}
		return best, nil
	}
	empty, err := measure(10)
	if err != nil {
		return nil, err
	}
	if err := s.fill(ctx, s.project.ID, b.events); err != nil {
		return nil, err
	}
	full, err := measure(20)
	if err != nil {
		return nil, err
	}
	return []row{
		{fmt.Sprintf("single event: rate with %d M events / with none", b.events/1_000_000), full.rate / empty.rate, 0.9, true, fmt.Sprintf("%.0f/s", full.rate)},
	}, nil
}

// fill stores events of the last 80 days, 7 to a session and 10 to a visitor, and the ids of those of the last two days.
func (db *database) fill(ctx context.Context, projectID, events int64) error {
	const block = 1_000_000
	begun := time.Now()
	if _, err := db.exec(ctx, "SELECT create_event_partitions(now() - interval '90 days', now())"); err != nil {
		return err
	}
	for first := int64(0); first < events; first += block {
		last := min(first+block, events)
		_, err := db.exec(ctx, "SET session_replication_role = replica", fmt.Sprintf(`
			INSERT INTO visitors (id, project_id, visitor_key, first_seen_at, last_seen_at, sessions_count)
			SELECT 1000000000 + n, %[1]d, 'filled ' || md5(n::text), now(), now(), 1 FROM generate_series(%[2]d::bigint / 10, %[3]d::bigint / 10 - 1) AS n`, projectID, first, last), fmt.Sprintf(`
			INSERT INTO tracking_sessions (id, project_id, visitor_id, session_key, started_at, last_activity_at, pageviews)
			SELECT 1000000000 + n, %[1]d, 1000000000 + n * 7 / 10, gen_random_uuid(), at, at + interval '5 minutes', 4
			FROM generate_series(%[2]d::bigint / 7, %[3]d::bigint / 7 - 1) AS n, LATERAL (SELECT now() - interval '80 days' * (1 - n * 7.0 / %[4]d) AS at) AS t`,
			projectID, first, last, events), fmt.Sprintf(`
			INSERT INTO events (project_id, session_id, visitor_id, event_type, name, url, path, title, created_at, event_id)
			SELECT %[1]d, 1000000000 + n / 7, 1000000000 + n / 10, 'page_view', 'page_view', 'https://shop.example.com/products/' || n %% 2003,
				'/products/' || n %% 2003, 'Product - Example Shop', now() - interval '80 days' * (1 - n::float8 / %[4]d), gen_random_uuid()
			FROM generate_series(%[2]d::bigint, %[3]d::bigint - 1) AS n`, projectID, first, last, events))
		if err != nil {
			return err
		}
		fmt.Printf("   %d of %d M events after %v\n", last/block, events/block, time.Since(begun).Round(time.Second))
	}
	_, err := db.exec(ctx, "INSERT INTO event_ids SELECT project_id, event_id, created_at FROM events WHERE created_at > now() - interval '2 days' ON CONFLICT DO NOTHING",
		"VACUUM ANALYZE visitors", "VACUUM ANALYZE tracking_sessions", "VACUUM ANALYZE events", "VACUUM ANALYZE event_ids", "CHECKPOINT")
	return err
}
