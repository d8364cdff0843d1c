package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// WorkState is what waits to be done in the background, over all replicas, by the database's clock.
type WorkState struct {
	Queues     []QueueState
	FailedJobs int64
	// LastFailedAt is when the last job was given up; zero if none stands there.
	LastFailedAt time.Time
	Schedules    []ScheduleState
	// Marks is how many changes the daily rollups do not have yet, OldestMark how long ago the oldest of them was made.
	Marks      int64
	OldestMark time.Duration
}

// QueueState is one queue. A queue without jobs is none.
type QueueState struct {
	Queue string
	// Waiting could be worked on, Delayed are to begin later, Reserved are taken by a worker.
	Waiting, Delayed, Reserved int64
	// OldestWaiting is for how long the oldest of those that wait could have been worked on.
	OldestWaiting time.Duration
}

// ScheduleState is one schedule.
type ScheduleState struct {
	Name string
	// LastRunAt is zero if it has not run yet.
	LastRunAt, NextRunAt time.Time
	// Lag is how long ago it should have run and has not.
	Lag time.Duration
}

// workTimeout bounds the questions about the state of the queue: whoever watches must not add to the load.
const workTimeout = 2 * time.Second

// WorkState reads what waits, in one read-only transaction of at most 2 s.
func (s *Store) WorkState(ctx context.Context) (*WorkState, error) {
	state := new(WorkState)
	err := s.lookBriefly(ctx, func(ctx context.Context, tx bun.Tx) error {
		var queues []struct {
			Queue                      string
			Waiting, Delayed, Reserved int64
			Oldest                     int64
		}
		// How many jobs of each queue wait, are to begin later, are taken, and for how many seconds does the oldest wait?
		err := tx.NewRaw(`
			SELECT queue,
				count(*) FILTER (WHERE reserved_at IS NULL AND available_at <= epoch_now()) AS waiting,
				count(*) FILTER (WHERE reserved_at IS NULL AND available_at > epoch_now()) AS delayed,
				count(reserved_at) AS reserved,
				coalesce(greatest(0, epoch_now() - min(available_at) FILTER (WHERE reserved_at IS NULL)), 0) AS oldest
			FROM jobs GROUP BY queue ORDER BY queue`).Scan(ctx, &queues)
		if err != nil {
			return err
		}
		for _, q := range queues {
			state.Queues = append(state.Queues, QueueState{
				Queue: q.Queue, Waiting: q.Waiting, Delayed: q.Delayed, Reserved: q.Reserved, OldestWaiting: time.Duration(q.Oldest) * time.Second,
			})
		}
		var lastFailed bun.NullTime
		if err := tx.NewRaw(`SELECT count(*), max(failed_at) FROM failed_jobs`).Scan(ctx, &state.FailedJobs, &lastFailed); err != nil {
			return err
		}
		state.LastFailedAt = lastFailed.Time
		var schedules []struct {
			Name                 string
			LastRunAt, NextRunAt bun.NullTime
			Lag                  float64
		}
		// Which schedules are there, and for how many seconds is each overdue?
		err = tx.NewRaw(`
			SELECT name, last_run_at, next_run_at, greatest(0, epoch_now() - extract(epoch FROM next_run_at))::float8 AS lag
			FROM job_schedules ORDER BY name`).Scan(ctx, &schedules)
		if err != nil {
			return err
		}
		for _, s := range schedules {
			state.Schedules = append(state.Schedules, ScheduleState{
				Name: s.Name, LastRunAt: s.LastRunAt.Time, NextRunAt: s.NextRunAt.Time, Lag: secondsOf(s.Lag),
			})
		}
		var oldest float64
		err = tx.NewRaw(`SELECT count(*), coalesce(greatest(0, epoch_now() - extract(epoch FROM min(marked_at))), 0)::float8 FROM rollup_marks`).
			Scan(ctx, &state.Marks, &oldest)
		state.OldestMark = secondsOf(oldest)
		return err
	})
	return state, classify("read the state of the queue", err)
}

func secondsOf(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
