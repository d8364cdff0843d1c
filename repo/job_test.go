package repo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
)

const lease = time.Minute

// moveClock puts the database's clock, as the queue sees it, forward or back.
func moveClock(t *testing.T, url string, by time.Duration) {
	t.Helper()
	repotest.Exec(t, url, fmt.Sprintf(`CREATE OR REPLACE FUNCTION epoch_now() RETURNS bigint LANGUAGE sql STABLE AS
		'SELECT floor(extract(epoch FROM now()))::bigint + %d'`, int64(by.Seconds())))
}

func job(queue string) repo.NewJob { return repo.NewJob{Queue: queue, Payload: "{}"} }

func enqueue(t *testing.T, store *repo.Store, jobs ...repo.NewJob) []int64 {
	t.Helper()
	ids, err := store.Enqueue(t.Context(), jobs...)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func reserve(t *testing.T, store *repo.Store, queue string, limit int) []repo.Job {
	t.Helper()
	jobs, err := store.ReserveJobs(t.Context(), queue, lease, limit)
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

func TestAJobIsReservedByOneWorkerUntilHeIsNotHeardOf(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	store := repotest.Open(t, url)
	ids := enqueue(t, store, job("a"), job("a"), job("b"), repo.NewJob{Queue: "a", Payload: "{}", Delay: time.Hour})
	first := reserve(t, store, "a", 5)
	if len(first) != 2 || first[0].ID != ids[0] || first[0].Attempts != 1 {
		t.Fatalf("reserved %+v of %v", first, ids)
	}
	if again := reserve(t, store, "a", 5); len(again) != 0 {
		t.Fatalf("reserved twice: %+v", again)
	}
	moveClock(t, url, 50*time.Second)
	if renewed, err := store.RenewJobs(t.Context(), first[:1]); err != nil || !slices.Equal(renewed, ids[:1]) {
		t.Fatalf("renewed %v, %v", renewed, err)
	}
	moveClock(t, url, 70*time.Second)
	second := reserve(t, store, "a", 5)
	if len(second) != 1 || second[0].ID != ids[1] || second[0].Attempts != 2 {
		t.Fatalf("a dead worker's job was not taken up: %+v", second)
	}
	// The one who was thought dead finds that he lost it, whatever he wants to do with it.
	if renewed, err := store.RenewJobs(t.Context(), first[1:]); err != nil || len(renewed) != 0 {
		t.Fatalf("renewed %v, %v", renewed, err)
	}
	for what, err := range map[string]error{
		"complete": store.CompleteJob(t.Context(), &first[1]),
		"retry":    store.RetryJob(t.Context(), &first[1], 0, "why"),
		"fail":     store.FailJob(t.Context(), &first[1], "u", "why"),
	} {
		if !repo.IsJobLost(err) {
			t.Errorf("%s a lost job: %v", what, err)
		}
	}
	for _, job := range []repo.Job{first[0], second[0]} {
		if err := store.CompleteJob(t.Context(), &job); err != nil {
			t.Error(err)
		}
	}
	if left := repotest.Number(t, url, "SELECT count(*) FROM jobs"); left != 2 {
		t.Errorf("%d jobs are left, want that of the other queue and the delayed one", left)
	}
	moveClock(t, url, time.Hour+time.Second)
	if delayed := reserve(t, store, "a", 5); len(delayed) != 1 || delayed[0].ID != ids[3] {
		t.Errorf("the delayed job: %+v", delayed)
	}
}

func TestAJobWithTheKeyOfAnotherIsNotTakenIn(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	keyed := repo.NewJob{Queue: "a", Payload: "{}", DedupKey: "k"}
	if ids := enqueue(t, store, keyed, keyed); len(ids) != 1 {
		t.Fatalf("took in %v", ids)
	}
	running := reserve(t, store, "a", 1)
	if ids := enqueue(t, store, keyed); len(ids) != 0 {
		t.Fatalf("took in %v while one runs", ids)
	}
	if err := store.CompleteJob(t.Context(), &running[0]); err != nil {
		t.Fatal(err)
	}
	if ids := enqueue(t, store, keyed); len(ids) != 1 {
		t.Fatal("not taken in after it was done")
	}
}

func TestAReturnedJobIsAsIfItHadNotBeenTaken(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	enqueue(t, store, job("a"))
	if err := store.ReturnJobs(t.Context(), reserve(t, store, "a", 1), 0); err != nil {
		t.Fatal(err)
	}
	again := reserve(t, store, "a", 1)
	if len(again) != 1 || again[0].Attempts != 1 {
		t.Fatalf("got %+v", again)
	}
	if err := store.ReturnJobs(t.Context(), again, time.Minute); err != nil {
		t.Fatal(err)
	}
	if held := reserve(t, store, "a", 1); len(held) != 0 {
		t.Fatalf("was not kept back: %+v", held)
	}
}

func TestAJobIsEnqueuedWithTheTransactionOrNotAtAll(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	boom := errors.New("boom")
	err := store.InTx(t.Context(), func(ctx context.Context, tx *repo.Tx) error {
		if _, err := tx.Enqueue(ctx, job("a")); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) || len(reserve(t, store, "a", 1)) != 0 {
		t.Fatalf("err = %v, or a job of a transaction that was undone is there", err)
	}
}

func TestAClockPutBackDelaysNothing(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	store := repotest.Open(t, url)
	// The clock goes on while the test runs, and a job's times are told apart by whole seconds.
	const slack = time.Minute
	moveClock(t, url, time.Hour)
	enqueue(t, store, job("waiting"), job("running"), job("failed"), repo.NewJob{Queue: "delayed", Payload: "{}", Delay: 10 * time.Minute})
	reserve(t, store, "running", 1)
	failed := reserve(t, store, "failed", 1)
	if err := store.RetryJob(t.Context(), &failed[0], 30*time.Minute, "why"); err != nil {
		t.Fatal(err)
	}
	moveClock(t, url, 0)
	if mended, err := store.MendJobTimes(t.Context()); err != nil || mended != 4 {
		t.Fatalf("mended %d, %v", mended, err)
	}
	if got := reserve(t, store, "waiting", 1); len(got) != 1 {
		t.Error("the waiting job waits on")
	}
	if got := reserve(t, store, "delayed", 1); len(got) != 0 {
		t.Error("the delayed job came early")
	}
	moveClock(t, url, lease+slack)
	if got := reserve(t, store, "running", 1); len(got) != 1 {
		t.Error("the job of a dead worker waits on")
	}
	moveClock(t, url, 10*time.Minute+slack)
	if got := reserve(t, store, "delayed", 1); len(got) != 1 {
		t.Error("the delayed job waits on")
	}
	moveClock(t, url, 30*time.Minute+slack)
	if got := reserve(t, store, "failed", 1); len(got) != 1 {
		t.Error("the job that failed once waits on")
	}
	if mended, err := store.MendJobTimes(t.Context()); err != nil || mended != 0 {
		t.Errorf("mended %d again, %v", mended, err)
	}
}

func TestALockHasOneOwnerUntilItExpires(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	store := repotest.Open(t, url)
	const ttl = 10 * time.Second
	var fence int64
	for _, step := range []struct {
		owner   string
		at      time.Duration
		held    bool
		renewed bool
	}{
		{"a", 0, true, false},
		{"b", 0, false, false},
		{"a", time.Second, true, true}, // until 11 s
		{"b", 9 * time.Second, false, false},
		{"b", 12 * time.Second, true, false},
		{"a", -time.Hour, true, false}, // the clock was put back: b's lock has ended
		{"b", -time.Hour, false, false},
	} {
		moveClock(t, url, step.at)
		got, held, err := store.AcquireLock(t.Context(), "scheduler", step.owner, ttl)
		if err != nil || held != step.held {
			t.Fatalf("%s at %v: %v, %v; want %v", step.owner, step.at, held, err, step.held)
		}
		if held && (got > fence) == step.renewed {
			t.Errorf("%s at %v: fence %d after %d, renewed: %v", step.owner, step.at, got, fence, step.renewed)
		}
		fence = max(fence, got)
	}
	hold := func(owner string, fence int64) error {
		return store.InTx(t.Context(), func(ctx context.Context, tx *repo.Tx) error { return tx.HoldLock(ctx, "scheduler", owner, fence) })
	}
	if err := hold("a", fence); err != nil {
		t.Errorf("the holder does not hold it: %v", err)
	}
	if err := hold("a", fence-1); !errors.Is(err, repo.ErrConflict) {
		t.Errorf("an earlier holding still holds: %v", err)
	}
	if err := hold("b", fence); !errors.Is(err, repo.ErrConflict) {
		t.Errorf("another holds it: %v", err)
	}
	if err := store.ReleaseLock(t.Context(), "scheduler", "b"); err != nil { // not its owner
		t.Fatal(err)
	}
	if err := hold("a", fence); err != nil {
		t.Errorf("a stranger released the lock: %v", err)
	}
}

// run reserves the jobs of the queue and ends each as the function says.
func run(t *testing.T, store *repo.Store, queue string, end func(i int, job *repo.Job) error) int {
	t.Helper()
	jobs := reserve(t, store, queue, 100)
	for i := range jobs {
		if err := end(i, &jobs[i]); err != nil {
			t.Fatal(err)
		}
	}
	return len(jobs)
}

func TestABatchCountsItsJobsAndGoesOnWithItsSteps(t *testing.T) {
	t.Parallel()
	steps := repo.BatchOptions{
		Then:    &repo.BatchStep{Queue: "then", Payload: "{}"},
		Catch:   &repo.BatchStep{Queue: "catch", Payload: "{}"},
		Finally: &repo.BatchStep{Queue: "finally", Payload: "{}"},
	}
	tolerant := steps
	tolerant.AllowFailures = true
	type want struct {
		Pending, Failed          int
		Cancelled, Finished      bool
		Then, Catch, Finally     int
		AfterRetry               int // jobs done after the failed ones were tried again
		ThenLater, FinallyLater  int
		FailedLater, PendingLast int
	}
	for _, c := range []struct {
		name    string
		options repo.BatchOptions
		fails   int // the first of 3 jobs
		want    want
	}{
		{"all done", steps, 0, want{Finished: true, Then: 1, Finally: 1}},
		{"one fails and the rest is cancelled", steps, 1, want{Failed: 1, Cancelled: true, Finished: true, Catch: 1, Finally: 1, AfterRetry: 1}},
		{"one fails and the rest goes on", tolerant, 1, want{Failed: 1, Finished: true, Catch: 1, Finally: 1, AfterRetry: 1, ThenLater: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			store := repotest.Store(t)
			batch, err := store.CreateBatch(t.Context(), repo.NewBatch{Name: "b", Options: c.options, Jobs: []repo.NewJob{job("q"), job("q"), job("q")}})
			if err != nil || batch.TotalJobs != 3 || batch.PendingJobs != 3 || batch.FinishedAt != nil {
				t.Fatalf("made %+v, %v", batch, err)
			}
			count := func(queue string) int {
				return run(t, store, queue, func(_ int, job *repo.Job) error { return store.CompleteJob(t.Context(), job) })
			}
			run(t, store, "q", func(i int, job *repo.Job) error {
				if i < c.fails {
					return store.FailJob(t.Context(), job, fmt.Sprint("uuid", i), "why")
				}
				if err := store.CompleteJob(t.Context(), job); err != nil && !repo.IsJobLost(err) {
					return err
				}
				return nil
			})
			var got want
			batch, err = store.JobBatch(t.Context(), repo.JobFilter{}, batch.ID)
			if err != nil {
				t.Fatal(err)
			}
			got.Pending, got.Failed = batch.PendingJobs, batch.FailedJobs
			got.Cancelled, got.Finished = batch.CancelledAt != nil, batch.FinishedAt != nil
			got.Then, got.Catch, got.Finally = count("then"), count("catch"), count("finally")
			var names []string
			if err := json.Unmarshal([]byte(batch.FailedJobIDs), &names); err != nil || len(names) != c.fails {
				t.Errorf("failed_job_ids = %s, %v", batch.FailedJobIDs, err)
			}
			failed, err := store.FailedJobs(t.Context(), repo.JobFilter{BatchID: batch.ID}, repo.Page[int64]{Limit: 10})
			if err != nil || len(failed) != c.fails {
				t.Fatalf("failed jobs %+v, %v", failed, err)
			}
			for _, f := range failed {
				if err := store.RetryFailedJob(t.Context(), repo.JobFilter{}, f.ID); err != nil {
					t.Fatal(err)
				}
			}
			got.AfterRetry = count("q")
			got.ThenLater, got.FinallyLater = count("then"), count("finally")
			batch, err = store.JobBatch(t.Context(), repo.JobFilter{}, batch.ID)
			if err != nil {
				t.Fatal(err)
			}
			got.FailedLater, got.PendingLast = batch.FailedJobs, batch.PendingJobs
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestACancelledBatchLosesItsJobsAndRunsOnlyFinally(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	project := repotest.Project(t, store)
	batch, err := store.CreateBatch(t.Context(), repo.NewBatch{
		Name: "b", ProjectID: project.ID, Jobs: []repo.NewJob{job("q"), job("q")},
		Options: repo.BatchOptions{Then: &repo.BatchStep{Queue: "then", Payload: "{}"}, Finally: &repo.BatchStep{Queue: "finally", Payload: "{}"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	running := reserve(t, store, "q", 1)
	if _, err := store.CancelBatch(t.Context(), repo.JobFilter{ProjectID: project.ID + 1}, batch.ID); !errors.Is(err, repo.ErrNotFound) {
		t.Fatalf("a stranger's cancel: %v", err)
	}
	batch, err = store.CancelBatch(t.Context(), repo.JobFilter{ProjectID: project.ID}, batch.ID)
	if err != nil || batch.CancelledAt == nil || batch.FinishedAt == nil || batch.PendingJobs != 0 {
		t.Fatalf("cancelled %+v, %v", batch, err)
	}
	if err := store.CompleteJob(t.Context(), &running[0]); !repo.IsJobLost(err) {
		t.Errorf("a cancelled job was completed: %v", err)
	}
	if len(reserve(t, store, "q", 5))+len(reserve(t, store, "then", 5)) != 0 || len(reserve(t, store, "finally", 5)) != 1 {
		t.Error("jobs of the batch are left, or the wrong step followed")
	}
	if again, err := store.CancelBatch(t.Context(), repo.JobFilter{}, batch.ID); err != nil || *again.CancelledAt != *batch.CancelledAt {
		t.Errorf("again: %+v, %v", again, err)
	}
}

func TestAnEmptyBatchIsFinishedAtOnce(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	batch, err := store.CreateBatch(t.Context(), repo.NewBatch{Name: "b", Options: repo.BatchOptions{Then: &repo.BatchStep{Queue: "then", Payload: "{}"}}})
	if err != nil || batch.FinishedAt == nil || len(reserve(t, store, "then", 1)) != 1 {
		t.Fatalf("%+v, %v", batch, err)
	}
}

func TestADiscardedJobIsForgotten(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	enqueue(t, store, job("a"))
	run(t, store, "a", func(_ int, job *repo.Job) error { return store.FailJob(t.Context(), job, "u", "boom") })
	list, err := store.FailedJobs(t.Context(), repo.JobFilter{}, repo.Page[int64]{Limit: 10})
	if err != nil || len(list) != 1 || list[0].Exception != "boom" || list[0].FailedAt.IsZero() || list[0].Connection != "postgresql" {
		t.Fatalf("%+v, %v", list, err)
	}
	if err := store.DiscardFailedJob(t.Context(), repo.JobFilter{}, list[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := store.RetryFailedJob(t.Context(), repo.JobFilter{}, list[0].ID); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("retried what was discarded: %v", err)
	}
}
