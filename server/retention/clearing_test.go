package retention_test

import (
	"context"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/retention"
)

func TestWhatNobodyNeedsIsClearedAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	project := w.project.ID
	for _, c := range []struct {
		task, table string
		// old and new insert a row that goes and one that stays; $1 is the number of the row, $2 the project.
		old, new string
	}{
		{
			"forget event ids", "event_ids",
			"INSERT INTO event_ids SELECT $2::bigint, gen_random_uuid(), now() - interval '49 hours' WHERE $1::int > 0",
			"INSERT INTO event_ids SELECT $2::bigint, gen_random_uuid(), now() - interval '47 hours' WHERE $1::int > 0",
		},
		{
			"delete refused events", "refused_events",
			"INSERT INTO refused_events (project_id, received_at, status, field, reason, payload) SELECT $2::bigint, now() - interval '8 days', 'invalid', '', '', '' WHERE $1::int > 0",
			"INSERT INTO refused_events (project_id, received_at, status, field, reason, payload) SELECT $2::bigint, now() - interval '6 days', 'invalid', '', '', '' WHERE $1::int > 0",
		},
		{
			"delete expired credentials", "personal_access_tokens",
			"INSERT INTO personal_access_tokens (tokenable_type, tokenable_id, name, token, expires_at) SELECT 'user', $2::bigint, '', 'old' || $1::int, now() - interval '1 minute'",
			"INSERT INTO personal_access_tokens (tokenable_type, tokenable_id, name, token, expires_at) SELECT 'user', $2::bigint, '', 'new' || $1::int, now() + interval '1 minute'",
		},
		{
			"delete idle web sessions", "sessions",
			"INSERT INTO sessions (id, payload, last_activity) SELECT 'old' || $1::int, '', epoch_now() - 31 * 86400 WHERE $2::bigint > 0",
			"INSERT INTO sessions (id, payload, last_activity) SELECT 'new' || $1::int, '', epoch_now() - 29 * 86400 WHERE $2::bigint > 0",
		},
		{
			"clear the cache", "cache",
			"INSERT INTO cache SELECT 'old' || $1::int, '', epoch_now() - 1 WHERE $2::bigint > 0",
			"INSERT INTO cache SELECT 'new' || $1::int, '', epoch_now() + 60 WHERE $2::bigint > 0",
		},
		{
			"delete expired locks", "cache_locks",
			"INSERT INTO cache_locks SELECT 'old' || $1::int, '', epoch_now() - 3700 WHERE $2::bigint > 0",
			"INSERT INTO cache_locks SELECT 'new' || $1::int, '', epoch_now() + 60 WHERE $2::bigint > 0",
		},
		{
			"delete expired exports", "exports",
			"INSERT INTO exports (project_id, batch_id, columns, question, settled_id, created_at, expires_at) SELECT $2::bigint, 'old' || $1::int, '{}', '{}', 0, now(), now() - interval '2 seconds'",
			"INSERT INTO exports (project_id, batch_id, columns, question, settled_id, created_at, expires_at) SELECT $2::bigint, 'new' || $1::int, '{}', '{}', 0, now(), now() + interval '1 minute'",
		},
		{
			"delete unused streams", "track_streams",
			"INSERT INTO track_streams (project_id, stream_id, connection_id, updated_at) SELECT $2::bigint, 'old' || $1::int, gen_random_uuid(), now() - interval '31 days'",
			"INSERT INTO track_streams (project_id, stream_id, connection_id, updated_at) SELECT $2::bigint, 'new' || $1::int, gen_random_uuid(), now() - interval '29 days'",
		},
		{
			"delete old job batches", "job_batches",
			"INSERT INTO job_batches (id, name, total_jobs, pending_jobs, failed_jobs, failed_job_ids, created_at, finished_at) SELECT 'old' || $1::int, '', 0, 0, 0, '', 0, epoch_now() - 31 * 86400 WHERE $2::bigint > 0",
			"INSERT INTO job_batches (id, name, total_jobs, pending_jobs, failed_jobs, failed_job_ids, created_at) SELECT 'new' || $1::int, '', 0, 0, 0, '', 0 WHERE $2::bigint > 0",
		},
		{
			"delete old failed jobs", "failed_jobs",
			"INSERT INTO failed_jobs (uuid, connection, queue, payload, exception, failed_at) SELECT 'old' || $1::int, '', '', '', '', now() - interval '31 days' WHERE $2::bigint > 0",
			"INSERT INTO failed_jobs (uuid, connection, queue, payload, exception, failed_at) SELECT 'new' || $1::int, '', '', '', '', now() - interval '29 days' WHERE $2::bigint > 0",
		},
		{
			"delete idle rate limits", "rate_limits",
			"INSERT INTO rate_limits SELECT 'old' || $1::int, now() - interval '1 day' WHERE $2::bigint > 0",
			"INSERT INTO rate_limits SELECT 'new' || $1::int, now() WHERE $2::bigint > 0",
		},
	} {
		t.Run(c.task, func(t *testing.T) {
			t.Parallel()
			for i := range 5 {
				repotest.Exec(t, w.url, c.old, i+1, project)
				repotest.Exec(t, w.url, c.new, i+1, project)
			}
			config := retention.Config{DeleteIdleLimits: func(ctx context.Context) (int64, error) {
				return w.store.DeleteIdleRateLimits(ctx, time.Now().Add(-time.Hour))
			}}
			if n := w.run(t, c.task, config); n != 5 {
				t.Errorf("%d rows went, want 5", n)
			}
			if n := repotest.Number(t, w.url, "SELECT count(*) FROM "+c.table); n != 5 {
				t.Errorf("%d rows stay, want 5", n)
			}
		})
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	repotest.Exec(t, w.url, "INSERT INTO cache SELECT i, '', epoch_now() + 60 + i FROM generate_series(1, 20) AS i")
	if n := w.run(t, "clear the cache", retention.Config{CacheRows: 12, Chunk: 3}); n != 8 {
		t.Errorf("%d values went, want 8", n)
	}
	if n := repotest.Number(t, w.url, "SELECT min(expiration) - epoch_now() FROM cache"); n < 60 {
		t.Errorf("of those that stay the first expires in %d s", n)
	}
}

func TestSaltsAreDestroyedAfterTwoDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	repotest.Exec(t, w.url, "INSERT INTO visitor_salts SELECT (now() AT TIME ZONE 'UTC')::date - i, 'salt' FROM generate_series(0, 4) AS i")
	w.run(t, "destroy visitor salts", retention.Config{})
	if n := repotest.Number(t, w.url, "SELECT count(*) FROM visitor_salts"); n != 2 {
		t.Errorf("%d salts are left, want today's and yesterday's", n)
	}
}

func TestABudgetBoundsARun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	repotest.Exec(t, w.url, "INSERT INTO cache_locks SELECT i, '', 0 FROM generate_series(1, 100) AS i")
	locks := task(t, "delete expired locks", retention.Config{Store: w.store, Chunk: 10})
	if done, more, err := locks.Run(t.Context(), retention.Budget{Rows: 25}); done != 25 || !more || err != nil {
		t.Errorf("did %d, more %v, %v; want 25 and more", done, more, err)
	}
	if done, more, err := locks.Run(t.Context(), retention.Budget{Time: time.Nanosecond}); done != 0 || !more || err != nil {
		t.Errorf("without time: did %d, more %v, %v", done, more, err)
	}
	if done, more, err := locks.Run(t.Context(), retention.Budget{}); done != 75 || more || err != nil {
		t.Errorf("did %d, more %v, %v; want the other 75", done, more, err)
	}
}

func TestEachTaskHasItsOwnNameAndRunsOnAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seen := map[string]bool{}
	for _, task := range retention.Tasks(retention.Config{Store: w.store}) {
		if seen[task.Name] || task.Cron == "" {
			t.Errorf("%q at %q", task.Name, task.Cron)
		}
		seen[task.Name] = true
		if done, more, err := task.Run(t.Context(), retention.Budget{}); more || err != nil || done != 0 && task.Name != "make event partitions" {
			t.Errorf("%s: did %d, more %v, %v", task.Name, done, more, err)
		}
	}
}
