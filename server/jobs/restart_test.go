package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/jobs"
	"github.com/microtracker/microtracker/server/localpg"
)

// log keeps what is logged.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), text)
}

// until waits until it is so, for two minutes at most.
func until(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !isSo() {
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestADatabaseThatRestartsLosesNoJobAndDoesNoneTwice(t *testing.T) {
	t.Parallel()
	config := localpg.Config{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)}
	start := func() *localpg.Server {
		server, err := localpg.Start(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		return server
	}
	server := start()
	url := server.URL()
	t.Cleanup(func() { _ = server.Stop(context.WithoutCancel(t.Context())) })
	store, err := repo.Open(url, repo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if _, err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	said := new(log)
	logger := slog.New(slog.NewTextHandler(said, nil))
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
	const total = 600
	for number := range total {
		job, err := small().Job(number, jobs.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Enqueue(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	worker := jobs.NewWorker(jobs.Config{Store: store, Registry: registry, Logger: logger, Lease: 2 * time.Second, Poll: 100 * time.Millisecond})
	running.Go(func() { worker.Run(ctx) })
	for round := range 2 {
		left := int64(total - 150*(round+1))
		until(t, "some of the jobs", func() bool {
			return repotest.Number(t, url, "SELECT count(*) FROM jobs WHERE queue = 'storm'") <= left
		})
		if err := server.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		until(t, "a line in the log", func() bool { return said.has("cannot take jobs; trying again") })
		server = start()
		if server.URL() != url {
			t.Fatalf("the database came back at %s, was at %s", server.URL(), url)
		}
	}
	until(t, "all jobs", func() bool {
		return repotest.Number(t, url, "SELECT count(*) FROM jobs WHERE queue = 'storm'") == 0
	})
	if !said.has("taking jobs again") {
		t.Error("the log does not say that it goes on")
	}
	if failed := repotest.Number(t, url, "SELECT count(*) FROM failed_jobs"); failed != 0 {
		t.Errorf("%d jobs failed", failed)
	}
	done := repotest.Number(t, url, "SELECT count(DISTINCT payload) FROM jobs WHERE queue = 'effects'")
	effects := repotest.Number(t, url, "SELECT count(*) FROM jobs WHERE queue = 'effects'")
	if done != total || effects != total {
		t.Errorf("%d of %d jobs had an effect, %d effects in all", done, total, effects)
	}
}
