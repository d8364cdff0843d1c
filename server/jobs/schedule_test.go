package jobs_test

import (
	"bytes"
	"context"
	"log/slog"
	"regexp"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/jobs"
)

// hourly is a registry with one schedule.
func hourly() *jobs.Registry {
	registry := jobs.NewRegistry()
	jobs.AddSchedule(registry, "hourly greeting", "0 * * * *", "Europe/Berlin", greet(), greeting{Name: "all"})
	return registry
}

func newScheduler(t *testing.T, store *repo.Store, log *bytes.Buffer) *jobs.Scheduler {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	if log != nil {
		logger = slog.New(slog.NewTextHandler(log, nil))
	}
	scheduler, err := jobs.NewScheduler(jobs.SchedulerConfig{Store: store, Registry: hourly(), Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	return scheduler
}

func turn(t *testing.T, s *jobs.Scheduler) {
	t.Helper()
	if err := jobs.Turn(s, t.Context()); err != nil {
		t.Fatal(err)
	}
}

// takeJobs ends the jobs that were scheduled and says how many there were.
func takeJobs(t *testing.T, store *repo.Store) int {
	t.Helper()
	list, err := store.ReserveJobs(t.Context(), "greetings", time.Minute, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, job := range list {
		if err := store.CompleteJob(t.Context(), &job); err != nil {
			t.Fatal(err)
		}
	}
	return len(list)
}

func schedule(t *testing.T, store *repo.Store) repo.JobSchedule {
	t.Helper()
	list, err := store.JobSchedules(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("schedules %+v, %v", list, err)
	}
	return list[0]
}

func TestWhatIsDueIsEnqueuedOnceAndWhatWasMissedIsMadeUpOnce(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	store := repotest.Open(t, url)
	scheduler := newScheduler(t, store, nil)
	turn(t, scheduler)
	if row := schedule(t, store); takeJobs(t, store) != 0 || row.NextRunAt.Minute() != 0 || !row.LastRunAt.IsZero() || row.TimeZone != "Europe/Berlin" {
		t.Fatalf("at the beginning %+v", row)
	}
	for _, hours := range []int{1, 2, 7} { // the last after five that were missed
		moveClock(t, url, time.Duration(hours)*time.Hour)
		turn(t, scheduler)
		turn(t, scheduler)
		if n := takeJobs(t, store); n != 1 {
			t.Errorf("after %d hours: %d jobs", hours, n)
		}
	}
	moveClock(t, url, 8*time.Hour)
	turn(t, scheduler)
	moveClock(t, url, 9*time.Hour)
	turn(t, scheduler) // while the former one still waits
	if n := takeJobs(t, store); n != 1 {
		t.Errorf("%d jobs wait beside each other", n)
	}
	if row := schedule(t, store); row.LastRunAt.IsZero() || row.LastJobID == 0 || !row.NextRunAt.After(row.LastRunAt) {
		t.Errorf("afterwards %+v", row)
	}
}

func TestOneReplicaSchedulesAndAnotherTakesOver(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	store := repotest.Open(t, url)
	first, second := newScheduler(t, store, nil), newScheduler(t, store, nil)
	turn(t, first)
	turn(t, second)
	moveClock(t, url, time.Hour) // the lock has ended as well
	turn(t, second)
	turn(t, first)
	if n := takeJobs(t, store); n != 1 {
		t.Fatalf("%d jobs by two replicas", n)
	}
	// Killed, the second says nothing any more: after its lock has ended, the first goes on.
	moveClock(t, url, 2*time.Hour)
	turn(t, first)
	if n := takeJobs(t, store); n != 1 {
		t.Fatalf("%d jobs after the takeover", n)
	}
}

func TestASchedulerThatStopsHandsOver(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	first, second := newScheduler(t, store, nil), newScheduler(t, store, nil)
	turn(t, first)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	first.Run(ctx)
	if _, held, err := store.AcquireLock(t.Context(), "scheduler", "somebody", 10*time.Second); err != nil || !held {
		t.Errorf("the lock was kept: %v", err)
	}
	turn(t, second) // waits
}

func TestAClockThatIsSetIsTold(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	store := repotest.Open(t, url)
	var log bytes.Buffer
	scheduler := newScheduler(t, store, &log)
	turn(t, scheduler)
	by := regexp.MustCompile(`clock was set.* by=(\S+)`)
	for _, c := range []struct {
		by, moved time.Duration
		jobs      int
	}{
		{2 * time.Hour, 2 * time.Hour, 1},
		{time.Hour, -time.Hour, 0},
		{2 * time.Hour, time.Hour, 1}, // the hour comes again
	} {
		log.Reset()
		moveClock(t, url, c.by)
		turn(t, scheduler)
		told := append(by.FindStringSubmatch(log.String()), "", "")[1]
		// Between two looks the clock has gone on by itself, too.
		if moved, err := time.ParseDuration(told); err != nil || (moved-c.moved).Abs() > 10*time.Minute {
			t.Errorf("to %v: %q, want that it was set by %v", c.by, log.String(), c.moved)
		}
		if n := takeJobs(t, store); n != c.jobs {
			t.Errorf("to %v: %d jobs, want %d", c.by, n, c.jobs)
		}
		if row := schedule(t, store); row.NextRunAt.After(time.Now().Add(c.by + time.Hour + time.Second)) {
			t.Errorf("to %v: the next run is at %v", c.by, row.NextRunAt)
		}
	}
}

func TestAWrongExpressionIsToldAtTheStart(t *testing.T) {
	t.Parallel()
	registry := jobs.NewRegistry()
	jobs.AddSchedule(registry, "x", "61 * * * *", "", greet(), greeting{})
	if _, err := jobs.NewScheduler(jobs.SchedulerConfig{Store: repotest.Store(t), Registry: registry, Logger: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("taken")
	}
}
