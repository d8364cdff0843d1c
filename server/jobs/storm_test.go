package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/jobs"
)

// stormWorker names, in the environment of a worker's process, the database that it works on.
const stormWorker = "MICROTRACKER_TEST_STORM_WORKER"

// TestMain is also the worker that the storm kills.
func TestMain(m *testing.M) {
	if url := os.Getenv(stormWorker); url != "" {
		if err := workInTheStorm(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// small is a job of the storm: its number.
func small() jobs.Kind[int] {
	return jobs.Kind[int]{Name: "small", Queue: "storm", MaxAttempts: 1000}
}

func workInTheStorm(url string) error {
	store, err := repo.Open(url, repo.Options{MaxConns: 6})
	if err != nil {
		return err
	}
	registry := jobs.NewRegistry()
	jobs.Handle(registry, small(), func(ctx context.Context, job *jobs.Running, number int) error {
		err := job.Complete(ctx, func(ctx context.Context, tx *repo.Tx) error {
			_, err := tx.Enqueue(ctx, repo.NewJob{Queue: "effects", Payload: strconv.Itoa(number), Delay: time.Hour})
			return err
		})
		if err != nil && !errors.Is(err, jobs.ErrLost) {
			return jobs.RetryAfter(0, err)
		}
		return err
	})
	jobs.NewWorker(jobs.Config{
		Store: store, Registry: registry, Logger: slog.New(slog.DiscardHandler), Concurrency: 1, Lease: 2 * time.Second, Poll: 100 * time.Millisecond,
	}).Run(context.Background())
	return nil
}

// TestKilledWorkersLoseNothingAndDoNothingTwice kills four workers at random while they do small jobs, each of which has an
// effect: another job, enqueued in the transaction that ends it. JOBS_STORM says how many, 2,000 otherwise.
func TestKilledWorkersLoseNothingAndDoNothingTwice(t *testing.T) {
	t.Parallel()
	total := 2000
	if asked := os.Getenv("JOBS_STORM"); asked != "" {
		var err error
		if total, err = strconv.Atoi(asked); err != nil {
			t.Fatal(err)
		}
	}
	url := repotest.DatabaseURL(t)
	store := repotest.Open(t, url)
	for done := 0; done < total; done += 1000 {
		list := make([]repo.NewJob, 0, 1000)
		for number := done; number < min(done+1000, total); number++ {
			job, err := small().Job(number, jobs.Options{})
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, job)
		}
		if _, err := store.Enqueue(t.Context(), list...); err != nil {
			t.Fatal(err)
		}
	}
	workers := make([]*exec.Cmd, 4)
	start := func(i int) {
		workers[i] = exec.CommandContext(t.Context(), os.Args[0])
		workers[i].Env = append(os.Environ(), stormWorker+"="+url)
		workers[i].Stderr = os.Stderr
		if err := workers[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	kill := func(i int) {
		_ = workers[i].Process.Kill()
		_ = workers[i].Wait()
	}
	for i := range workers {
		start(i)
	}
	began, kills := time.Now(), 0
	for repotest.Number(t, url, "SELECT count(*) FROM jobs WHERE queue = 'storm'") > 0 {
		select {
		case <-t.Context().Done():
			t.Fatal("the jobs are not done")
		case <-time.After(time.Duration(100+rand.IntN(400)) * time.Millisecond):
		}
		i := rand.IntN(len(workers))
		kill(i)
		start(i)
		kills++
	}
	t.Logf("%d jobs, %d kills, %.0f jobs/s", total, kills, float64(total)/time.Since(began).Seconds())
	for i := range workers {
		kill(i)
	}
	if failed := repotest.Number(t, url, "SELECT count(*) FROM failed_jobs"); failed != 0 {
		t.Errorf("%d jobs failed", failed)
	}
	done := repotest.Number(t, url, "SELECT count(DISTINCT payload) FROM jobs WHERE queue = 'effects'")
	effects := repotest.Number(t, url, "SELECT count(*) FROM jobs WHERE queue = 'effects'")
	if done != int64(total) || effects != int64(total) {
		t.Errorf("%d of %d jobs had an effect, %d effects in all", done, total, effects)
	}
}
