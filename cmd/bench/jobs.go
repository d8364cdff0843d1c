package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/jobs"
)

const (
	// smallJobs is how many jobs are done, jobWorkers by how many workers.
	smallJobs  = 100_000
	jobWorkers = 4
	// killEvery is how often one of the workers is killed, and jobLease after which time his jobs are taken by the others.
	killEvery = 2 * time.Second
	jobLease  = 3 * time.Second
)

// takeByHand is the shortest queue there is: one statement takes a job and ends it. Who dies in the middle of it leaves the
// job; nothing tells of failures, of retries or of who is at what.
const takeByHand = `DELETE FROM jobs WHERE id = (SELECT id FROM jobs WHERE queue = 'by hand' AND available_at <= epoch_now()
	ORDER BY available_at, id FOR UPDATE SKIP LOCKED LIMIT 1)`

func noopJob() jobs.Kind[int] {
	return jobs.Kind[int]{Name: "noop", Queue: "noop", MaxAttempts: 1000}
}

// queue compares how fast small jobs are done by workers of which one is killed every other second with how fast four
// connections take the same rows off the same table by hand.
func queue(ctx context.Context, b *bench) ([]row, error) {
	db, err := b.database(ctx, "jobs")
	if err != nil {
		return nil, err
	}
	defer db.close() //nolint:errcheck // it was measured
	var byHand, ours float64
	var kills int
	ratios := make([]float64, b.rounds)
	for i := range ratios {
		if byHand, err = jobsByHand(ctx, db); err != nil {
			return nil, err
		}
		if ours, kills, err = jobsByWorkers(ctx, db); err != nil {
			return nil, err
		}
		ratios[i] = ours / byHand
		fmt.Printf("   %.0f jobs/s with %d workers killed, %.0f by hand\n", ours, kills, byHand)
	}
	return []row{{
		Name: "jobs/s with workers killed / SKIP LOCKED by hand", Ratio: median(ratios), Target: 0.7, HigherIsBetter: true,
		detail: fmt.Sprintf("%.0f/s, %.0f/s by hand", ours, byHand),
	}}, nil
}

func fillQueue(ctx context.Context, db *database, queue string) error {
	job, err := noopJob().Job(1, jobs.Options{})
	if err != nil {
		return err
	}
	_, err = db.exec(ctx, fmt.Sprintf(`INSERT INTO jobs (queue, payload, attempts, available_at, created_at)
		SELECT '%s', '%s', 0, epoch_now(), epoch_now() FROM generate_series(1, %d)`, queue, job.Payload, smallJobs), "VACUUM ANALYZE jobs", "CHECKPOINT")
	return err
}

// jobsByHand returns jobs per second.
func jobsByHand(ctx context.Context, db *database) (float64, error) {
	if err := fillQueue(ctx, db, "by hand"); err != nil {
		return 0, err
	}
	var hands sync.WaitGroup
	var failed atomic.Pointer[error]
	begun := time.Now()
	for range jobWorkers {
		hands.Go(func() {
			if err := emptyByHand(ctx, db.URL()); err != nil {
				failed.Store(&err)
			}
		})
	}
	hands.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return smallJobs / time.Since(begun).Seconds(), nil
}

func emptyByHand(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // it has done its work
	for {
		tag, err := conn.Exec(ctx, takeByHand)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
	}
}

// jobsByWorkers returns jobs per second and how many workers were killed meanwhile.
func jobsByWorkers(ctx context.Context, db *database) (rate float64, kills int, err error) {
	if err := fillQueue(ctx, db, noopJob().Queue); err != nil {
		return 0, 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return 0, 0, err
	}
	var workers [jobWorkers]*exec.Cmd
	start := func(i int) error {
		workers[i] = exec.CommandContext(ctx, self, "worker", db.URL()) //nolint:gosec // this very program
		workers[i].Stderr = os.Stderr
		return workers[i].Start()
	}
	kill := func(i int) {
		_ = workers[i].Process.Kill()
		_ = workers[i].Wait()
	}
	defer func() {
		for i := range workers {
			if workers[i] != nil && workers[i].Process != nil {
				kill(i)
			}
		}
	}()
	begun := time.Now()
	for i := range workers {
		if err := start(i); err != nil {
			return 0, 0, err
		}
	}
	conn, err := pgx.Connect(ctx, db.URL())
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close(ctx) //nolint:errcheck // it has done its work
	nextKill := begun.Add(killEvery)
	for left := true; left; {
		select {
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM jobs WHERE queue = 'noop')").Scan(&left); err != nil {
			return 0, 0, err
		}
		if time.Now().After(nextKill) {
			nextKill = nextKill.Add(killEvery)
			i := rand.IntN(len(workers)) //nolint:gosec // any worker will do
			kill(i)
			kills++
			if err := start(i); err != nil {
				return 0, 0, err
			}
		}
	}
	return smallJobs / time.Since(begun).Seconds(), kills, nil
}

// workNoop is a worker, until it is killed.
func workNoop(url string) error {
	store, err := repo.Open(url, repo.Options{MaxConns: 4})
	if err != nil {
		return err
	}
	registry := jobs.NewRegistry()
	jobs.Handle(registry, noopJob(), func(context.Context, *jobs.Running, int) error { return nil })
	jobs.NewWorker(jobs.Config{
		Store: store, Registry: registry, Logger: slog.New(slog.DiscardHandler), Concurrency: 1, Lease: jobLease,
	}).Run(context.Background())
	return errors.New("a worker came to an end")
}
