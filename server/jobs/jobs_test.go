package jobs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/jobs"
)

type greeting struct {
	Name string `json:"name"`
}

func greet() jobs.Kind[greeting] {
	return jobs.Kind[greeting]{Name: "greet", Version: 2, Queue: "greetings", MaxAttempts: 3}
}

// moveClock puts the database's clock, as the queue sees it, forward or back.
func moveClock(t *testing.T, url string, by time.Duration) {
	t.Helper()
	repotest.Exec(t, url, fmt.Sprintf(`CREATE OR REPLACE FUNCTION epoch_now() RETURNS bigint LANGUAGE sql STABLE AS
		'SELECT floor(extract(epoch FROM now()))::bigint + %d'`, int64(by.Seconds())))
}

// office is a database with a worker on it.
type office struct {
	url      string
	store    *repo.Store
	registry *jobs.Registry
	outcomes chan string
	stop     func()
}

// open starts a worker whose registry has been filled.
func open(t *testing.T, fill func(o *office), change ...func(c *jobs.Config)) *office {
	t.Helper()
	url := repotest.DatabaseURL(t)
	o := &office{url: url, store: repotest.Open(t, url), registry: jobs.NewRegistry(), outcomes: make(chan string, 1000)}
	fill(o)
	o.start(t, change...)
	return o
}

func (o *office) start(t *testing.T, change ...func(c *jobs.Config)) {
	t.Helper()
	config := jobs.Config{
		Store: o.store, Registry: o.registry, Logger: slog.New(slog.DiscardHandler), Poll: 20 * time.Millisecond,
		Lease: 2 * time.Second, Grace: 100 * time.Millisecond, Ended: func(kind, outcome string, _ time.Duration) { o.outcomes <- kind + " " + outcome },
	}
	for _, f := range change {
		f(&config)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		jobs.NewWorker(config).Run(ctx)
		close(done)
	}()
	o.stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(o.stop)
}

func (o *office) enqueue(t *testing.T, name string, options jobs.Options) int64 {
	t.Helper()
	id, err := jobs.Enqueue(t.Context(), o.store, greet(), greeting{Name: name}, options)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (o *office) expect(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		select {
		case got := <-o.outcomes:
			if got != w {
				t.Fatalf("outcome %q, want %q", got, w)
			}
		case <-t.Context().Done():
			t.Fatalf("no outcome, want %q", w)
		}
	}
}

func (o *office) failed(t *testing.T) []repo.FailedJob {
	t.Helper()
	failed, err := o.store.FailedJobs(t.Context(), repo.JobFilter{}, repo.Page[int64]{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return failed
}

func TestAJobIsDoneWithItsArguments(t *testing.T) {
	t.Parallel()
	names := make(chan string, 1)
	o := open(t, func(o *office) {
		jobs.Handle(o.registry, greet(), func(_ context.Context, job *jobs.Running, args greeting) error {
			names <- fmt.Sprint(args.Name, job.Attempt, job.MaxAttempts)
			return nil
		})
	})
	o.enqueue(t, "Ada", jobs.Options{})
	o.expect(t, "greet done")
	if got := <-names; got != "Ada1 3" {
		t.Errorf("got %q", got)
	}
	if left := repotest.Number(t, o.url, "SELECT count(*) FROM jobs"); left != 0 {
		t.Errorf("%d jobs are left", left)
	}
}

func TestAFailingJobIsTriedAgainAndThenKeptWithTheWholeChainOfErrors(t *testing.T) {
	t.Parallel()
	root := errors.New("the shelf is empty")
	o := open(t, func(o *office) {
		jobs.Handle(o.registry, greet(), func(context.Context, *jobs.Running, greeting) error {
			return jobs.RetryAfter(0, fmt.Errorf("greet: %w", errors.Join(io.ErrUnexpectedEOF, fmt.Errorf("fetch: %w", root))))
		})
	})
	o.enqueue(t, "Ada", jobs.Options{DedupKey: "ada"})
	o.expect(t, "greet retried", "greet retried", "greet failed")
	failed := o.failed(t)
	if len(failed) != 1 {
		t.Fatalf("failed %+v", failed)
	}
	for _, part := range []string{"greet: unexpected EOF; fetch: the shelf is empty", "*fmt.wrapError: fetch: the shelf is empty", "*errors.errorString: the shelf is empty"} {
		if !strings.Contains(failed[0].Exception, part) {
			t.Errorf("the exception lacks %q:\n%s", part, failed[0].Exception)
		}
	}
	id, kind, attempts, args, ok := jobs.Describe(failed[0].Payload)
	if !ok || id != failed[0].UUID || kind != "greet" || attempts != 3 || string(args) != `{"name":"Ada"}` || failed[0].Queue != "greetings" {
		t.Errorf("described %s %s %d %s %v of %+v", id, kind, attempts, args, ok, failed[0])
	}
	// Tried again it has all its attempts, and its key.
	if err := o.store.RetryFailedJob(t.Context(), repo.JobFilter{}, failed[0].ID); err != nil {
		t.Fatal(err)
	}
	o.expect(t, "greet retried", "greet retried", "greet failed")
	if again := o.failed(t); len(again) != 1 || again[0].UUID != failed[0].UUID {
		t.Errorf("failed again %+v", again)
	}
}

func TestAPermanentErrorAndAPanicAreKept(t *testing.T) {
	t.Parallel()
	o := open(t, func(o *office) {
		jobs.Handle(o.registry, greet(), func(_ context.Context, _ *jobs.Running, args greeting) error {
			if args.Name == "panic" {
				panic("no such greeting\x00")
			}
			return jobs.Permanent(errors.New("nobody is called so"))
		})
	})
	o.enqueue(t, "X", jobs.Options{})
	o.expect(t, "greet failed")
	panicking := greet()
	panicking.MaxAttempts = 1
	if _, err := jobs.Enqueue(t.Context(), o.store, panicking, greeting{Name: "panic"}, jobs.Options{}); err != nil {
		t.Fatal(err)
	}
	o.expect(t, "greet failed")
	failed := o.failed(t)
	if len(failed) != 2 || !strings.Contains(failed[0].Exception, "panic: no such greeting") || !strings.Contains(failed[0].Exception, "jobs_test.go") {
		t.Fatalf("failed %+v", failed)
	}
}

func TestAJobIsDoneOnceWithWhatItsTransactionDoes(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	o := open(t, func(o *office) {
		jobs.Handle(o.registry, greet(), func(ctx context.Context, job *jobs.Running, args greeting) error {
			return job.Complete(ctx, func(ctx context.Context, tx *repo.Tx) error {
				if _, err := tx.Enqueue(ctx, repo.NewJob{Queue: "effects", Payload: "{}"}); err != nil {
					return err
				}
				if job.Attempt == 1 {
					return jobs.RetryAfter(0, boom) // undone, and the job is not ended
				}
				return nil
			})
		})
	}, func(c *jobs.Config) { c.Queues = []jobs.Queue{{Name: "greetings"}} })
	o.enqueue(t, "Ada", jobs.Options{})
	o.expect(t, "greet retried", "greet done")
	if effects := repotest.Number(t, o.url, "SELECT count(*) FROM jobs"); effects != 1 {
		t.Errorf("%d effects", effects)
	}
}

func TestACancelledJobIsTold(t *testing.T) {
	t.Parallel()
	begun, cause := make(chan struct{}), make(chan error, 1)
	o := open(t, func(o *office) {
		jobs.Handle(o.registry, greet(), func(ctx context.Context, _ *jobs.Running, _ greeting) error {
			close(begun)
			<-ctx.Done()
			cause <- context.Cause(ctx)
			return ctx.Err()
		})
	})
	id := o.enqueue(t, "Ada", jobs.Options{})
	<-begun
	if err := o.store.CancelJob(t.Context(), repo.JobFilter{}, id); err != nil {
		t.Fatal(err)
	}
	if got := <-cause; !errors.Is(got, jobs.ErrLost) {
		t.Errorf("cause %v", got)
	}
	o.expect(t, "greet lost")
	if len(o.failed(t)) != 0 {
		t.Error("a cancelled job failed")
	}
}

func TestAJobThatTakesTooLongIsEndedAndSaysSo(t *testing.T) {
	t.Parallel()
	kind := greet()
	kind.Timeout, kind.MaxAttempts = time.Millisecond, 1
	o := open(t, func(o *office) {
		jobs.Handle(o.registry, kind, func(ctx context.Context, _ *jobs.Running, _ greeting) error {
			<-ctx.Done()
			return fmt.Errorf("greet: %w", ctx.Err())
		})
	})
	if _, err := jobs.Enqueue(t.Context(), o.store, kind, greeting{}, jobs.Options{}); err != nil {
		t.Fatal(err)
	}
	o.expect(t, "greet failed")
	if failed := o.failed(t); !strings.Contains(failed[0].Exception, "it took longer than 1ms") {
		t.Errorf("exception %s", failed[0].Exception)
	}
}

func TestAWorkerThatStopsFinishesOrGivesBack(t *testing.T) {
	t.Parallel()
	begun := make(chan string, 10)
	finish := make(chan struct{})
	o := open(t, func(o *office) {
		jobs.Handle(o.registry, greet(), func(ctx context.Context, _ *jobs.Running, args greeting) error {
			begun <- args.Name
			switch args.Name {
			case "quick":
				<-finish
				return nil
			default:
				<-ctx.Done()
				return ctx.Err()
			}
		})
	}, func(c *jobs.Config) { c.Concurrency = 2 })
	o.enqueue(t, "quick", jobs.Options{})
	o.enqueue(t, "slow", jobs.Options{})
	<-begun
	<-begun
	o.enqueue(t, "waiting", jobs.Options{})
	stopped := make(chan struct{})
	go func() {
		o.stop()
		close(stopped)
	}()
	close(finish)
	<-stopped
	left, err := o.store.Jobs(t.Context(), repo.JobFilter{}, repo.Page[int64]{Limit: 10})
	if err != nil || len(left) != 2 {
		t.Fatalf("left %+v, %v", left, err)
	}
	for _, job := range left {
		if job.ReservedAt != nil || job.Attempts != 0 {
			t.Errorf("not given back as it was: %+v", job)
		}
	}
}

func TestAWorkerLeavesWhatItDoesNotKnowToNewerOnes(t *testing.T) {
	t.Parallel()
	o := open(t, func(o *office) {
		jobs.Handle(o.registry, greet(), func(context.Context, *jobs.Running, greeting) error { return nil })
	})
	newer := greet()
	newer.Version = 3
	other := greet()
	other.Name = "wave"
	for _, kind := range []jobs.Kind[greeting]{newer, other} {
		if _, err := jobs.Enqueue(t.Context(), o.store, kind, greeting{}, jobs.Options{}); err != nil {
			t.Fatal(err)
		}
		o.expect(t, "unknown returned")
	}
	if left := repotest.Number(t, o.url, "SELECT count(*) FROM jobs WHERE attempts = 0 AND reserved_at IS NULL"); left != 2 {
		t.Errorf("%d are left for others", left)
	}
}

func TestOlderArgumentsAreUpgraded(t *testing.T) {
	t.Parallel()
	kind := greet()
	kind.Upgrade = func(version int, args json.RawMessage) (greeting, error) {
		var name string
		err := json.Unmarshal(args, &name)
		return greeting{Name: fmt.Sprintf("%s of version %d", name, version)}, err
	}
	names := make(chan string, 1)
	o := open(t, func(o *office) {
		jobs.Handle(o.registry, kind, func(_ context.Context, _ *jobs.Running, args greeting) error {
			names <- args.Name
			return nil
		})
	})
	older := jobs.Kind[string]{Name: "greet", Version: 1, Queue: "greetings"}
	if _, err := jobs.Enqueue(t.Context(), o.store, older, "Ada", jobs.Options{}); err != nil {
		t.Fatal(err)
	}
	o.expect(t, "greet done")
	if got := <-names; got != "Ada of version 1" {
		t.Errorf("got %q", got)
	}
}

func TestAWorkerIsWokenAndLooksByItself(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		poll   time.Duration
		insert string
	}{
		"woken":   {poll: time.Hour},
		"polling": {poll: 10 * time.Millisecond, insert: "INSERT INTO jobs (queue, payload, attempts, available_at, created_at) SELECT queue, payload, 0, 0, 0 FROM kept"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := open(t, func(o *office) {
				jobs.Handle(o.registry, greet(), func(context.Context, *jobs.Running, greeting) error { return nil })
			}, func(c2 *jobs.Config) { c2.Poll = c.poll })
			o.enqueue(t, "first", jobs.Options{}) // also by the look when the worker comes to listen
			o.expect(t, "greet done")
			if c.insert == "" {
				o.enqueue(t, "second", jobs.Options{})
			} else {
				job, err := greet().Job(greeting{}, jobs.Options{})
				if err != nil {
					t.Fatal(err)
				}
				repotest.Exec(t, o.url, "CREATE TABLE kept AS SELECT $1::text AS queue, $2::text AS payload", job.Queue, job.Payload)
				repotest.Exec(t, o.url, c.insert)
			}
			o.expect(t, "greet done")
		})
	}
}

func TestTheWeightSaysHowOftenAQueueComesFirst(t *testing.T) {
	t.Parallel()
	first := map[string]int{}
	for i := range 100 {
		first[jobs.Shuffle([]jobs.Queue{{Name: "a", Weight: 3}, {Name: "b"}}, func() float64 { return float64(i) / 100 })[0]]++
	}
	if diff := cmp.Diff(map[string]int{"a": 75, "b": 25}, first); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheBackoffGrowsAndIsBounded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		attempts int
		random   float64
		want     time.Duration
	}{
		{1, 0, 2500 * time.Millisecond},
		{1, 1, 5 * time.Second},
		{2, 1, 10 * time.Second},
		{5, 1, 80 * time.Second},
		{15, 1, time.Hour},
		{32767, 0, 30 * time.Minute},
	} {
		if got := jobs.Backoff(c.attempts, func() float64 { return c.random }); got != c.want {
			t.Errorf("after %d: %v, want %v", c.attempts, got, c.want)
		}
	}
}

func TestAPayloadThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := greet().Job(greeting{Name: strings.Repeat("x", 300_000)}, jobs.Options{}); err == nil {
		t.Error("taken")
	}
}
