package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/microtracker/microtracker/repo"
)

const (
	// defaultLease is how long a worker that is not heard of keeps its jobs; it says that it is there four times as often.
	defaultLease = time.Minute
	// defaultPoll is how often a worker looks for jobs by itself: a pooler may swallow what wakes it.
	defaultPoll = 2 * time.Second
	// defaultGrace is how long a worker that stops waits for its jobs.
	defaultGrace = 20 * time.Second
	// smallJob is up to which duration of jobs more of them are taken than can be begun at once.
	smallJob = 50 * time.Millisecond
	// maxTaken bounds how many are taken at once.
	maxTaken = 64
	// leaveFor is for how long a job that this worker does not know is left to others.
	leaveFor = 30 * time.Second
	// storeTimeout bounds a statement on the queue.
	storeTimeout = 10 * time.Second
)

// Queue is a queue that a worker takes jobs from.
type Queue struct {
	Name string
	// Weight says how often the queue is asked first, in proportion to the others.
	Weight int
}

// Config is what a Worker needs. Store, Registry and Logger are required.
type Config struct {
	Store    *repo.Store
	Registry *Registry
	Logger   *slog.Logger
	// Queues are those it takes jobs from; all that are registered, with the same weight, if none.
	Queues []Queue
	// Concurrency is how many jobs it does at once; 4 if zero.
	Concurrency int
	// Lease, Poll and Grace: see defaultLease, defaultPoll, defaultGrace.
	Lease, Poll, Grace time.Duration
	// Began is told that a job is begun. May be nil.
	Began func()
	// Ended is told of each attempt that was begun: its kind, its outcome (done, retried, failed, lost, returned) and how long it took. May be
	// nil.
	Ended func(kind, outcome string, took time.Duration)
}

// Worker does jobs.
type Worker struct {
	config Config
	wake   chan struct{}
	// taken are jobs on their way to a free hand.
	taken chan repo.Job
	// free says that a hand took one.
	free    chan struct{}
	mu      sync.Mutex
	held    map[reservation]*hold
	renewed time.Time
	// average is a moving average of how long jobs take, in nanoseconds.
	average atomic.Int64
}

// reservation names a job that was taken once. The same worker may take it again after it has lost it.
type reservation struct {
	id       int64
	attempts int16
}

func reservationOf(job *repo.Job) reservation { return reservation{id: job.ID, attempts: job.Attempts} }

// hold is a job that this worker has reserved.
type hold struct {
	job    repo.Job
	cancel context.CancelCauseFunc // nil until it is begun
	lost   bool
}

// NewWorker makes a worker.
func NewWorker(config Config) *Worker {
	config.Concurrency = orDefault(config.Concurrency, 4)
	config.Lease = orDefault(config.Lease, defaultLease)
	config.Poll = orDefault(config.Poll, defaultPoll)
	config.Grace = orDefault(config.Grace, defaultGrace)
	if config.Ended == nil {
		config.Ended = func(string, string, time.Duration) {}
	}
	if config.Began == nil {
		config.Began = func() {}
	}
	if len(config.Queues) == 0 {
		for _, name := range config.Registry.Queues() {
			config.Queues = append(config.Queues, Queue{Name: name, Weight: 1})
		}
	}
	w := &Worker{
		config: config, wake: make(chan struct{}, 1), taken: make(chan repo.Job, maxTaken+config.Concurrency),
		free: make(chan struct{}, 1), held: map[reservation]*hold{},
	}
	w.average.Store(int64(time.Second)) // until known: nothing is taken ahead
	return w
}

func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// Run does jobs until ctx ends; then it gives back what it has not begun, waits for what it has, at most for the grace, and
// gives that back, too.
func (w *Worker) Run(ctx context.Context) {
	var background, hands sync.WaitGroup
	// The jobs' own context outlives ctx: they are let finish.
	jobs, stopJobs := context.WithCancelCause(context.WithoutCancel(ctx))
	beat, stopBeat := context.WithCancel(context.WithoutCancel(ctx))
	background.Go(func() { w.renew(beat) })
	listen, stopListening := context.WithCancel(ctx)
	background.Go(func() {
		w.config.Store.Listen(listen, repo.JobsChannel, repo.Listener{Connected: w.poke, Received: func(string) { w.poke() }})
	})
	for range w.config.Concurrency {
		hands.Go(func() {
			for job := range w.taken {
				signal(w.free)
				w.do(jobs, job)
			}
		})
	}
	w.take(ctx)
	stopListening()
	w.giveBack(context.WithoutCancel(ctx))
	close(w.taken)
	w.finish(&hands, stopJobs)
	stopBeat()
	background.Wait()
}

// finish waits for the jobs that are being done, for the grace; then it ends their contexts, and waits for them once more.
func (w *Worker) finish(hands *sync.WaitGroup, stop context.CancelCauseFunc) {
	defer stop(nil)
	done := make(chan struct{})
	go func() {
		hands.Wait()
		close(done)
	}()
	for range 2 {
		select {
		case <-done:
			return
		case <-time.After(w.config.Grace):
			stop(errStopping)
		}
	}
	w.config.Logger.Warn("jobs do not end; others take them when their lease has ended")
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// poke makes the worker look for jobs.
func (w *Worker) poke() { signal(w.wake) }

// take takes jobs and hands them over until ctx ends.
func (w *Worker) take(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		want := w.wanted()
		if want == 0 {
			wait(ctx, w.free, w.config.Poll)
			continue
		}
		got, err := w.reserve(ctx, want)
		switch {
		case err != nil && ctx.Err() == nil:
			failures++
			if failures == 1 {
				w.config.Logger.WarnContext(ctx, "cannot take jobs; trying again", "error", err)
			}
			wait(ctx, nil, min(time.Duration(failures)*500*time.Millisecond, 5*time.Second))
		case err == nil && failures > 0:
			failures = 0
			w.config.Logger.InfoContext(ctx, "taking jobs again")
		case err == nil && got == 0:
			wait(ctx, w.wake, w.config.Poll/2+rand.N(w.config.Poll/2)) //nolint:gosec // spreads the workers, hides nothing
		}
	}
}

// wait waits for a signal, the end of ctx, or at most so long.
func wait(ctx context.Context, c <-chan struct{}, atMost time.Duration) {
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-c:
	case <-timer.C:
	}
}

// wanted is how many jobs to take: as many as hands are free, and where jobs are small, more, so that taking them is
// shared by many.
func (w *Worker) wanted() int {
	w.mu.Lock()
	held := len(w.held)
	w.mu.Unlock()
	ahead := 0
	if average := time.Duration(w.average.Load()); average < smallJob {
		ahead = min(maxTaken, w.config.Concurrency*int(smallJob/max(average, time.Millisecond)))
	}
	free := w.config.Concurrency + ahead - held
	if free < ahead/2 && held >= w.config.Concurrency {
		return 0 // enough for now: many at once, later
	}
	return max(free, 0)
}

// reserve takes up to want jobs, from queues in a random order in which the weightier come first more often.
func (w *Worker) reserve(ctx context.Context, want int) (got int, err error) {
	for _, queue := range shuffle(w.config.Queues, rand.Float64) {
		if got == want {
			break
		}
		statement, cancel := context.WithTimeout(ctx, storeTimeout)
		jobs, err := w.config.Store.ReserveJobs(statement, queue, w.config.Lease, want-got)
		cancel()
		if err != nil {
			return got, err
		}
		w.mu.Lock()
		if len(w.held) == 0 {
			w.renewed = time.Now()
		}
		for _, job := range jobs {
			w.held[reservationOf(&job)] = &hold{job: job}
		}
		w.mu.Unlock()
		for _, job := range jobs {
			w.taken <- job // there is room: no more than wanted are held
		}
		got += len(jobs)
	}
	return got, nil
}

// shuffle orders queues at random, each place drawn by weight.
func shuffle(queues []Queue, random func() float64) []string {
	left := slices.Clone(queues)
	names := make([]string, 0, len(left))
	for len(left) > 0 {
		total := 0
		for _, q := range left {
			total += max(q.Weight, 1)
		}
		at, place := int(random()*float64(total)), 0
		for i, q := range left {
			if at -= max(q.Weight, 1); at < 0 {
				place = i
				break
			}
		}
		names = append(names, left[place].Name)
		left = slices.Delete(left, place, place+1)
	}
	return names
}

// giveBack returns the jobs that no hand has begun.
func (w *Worker) giveBack(ctx context.Context) {
	var jobs []repo.Job
	for {
		select {
		case job := <-w.taken:
			jobs = append(jobs, job)
			w.forget(&job)
			continue
		default:
		}
		break
	}
	if len(jobs) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := w.config.Store.ReturnJobs(ctx, jobs, 0); err != nil {
		w.config.Logger.WarnContext(ctx, "could not give jobs back; others take them when their lease has ended", "jobs", len(jobs), "error", err)
	}
}

// renew says regularly that this worker is at its jobs, and ends those that it has lost.
func (w *Worker) renew(ctx context.Context) {
	ticker := time.NewTicker(w.config.Lease / 4)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		w.mu.Lock()
		asked := make([]repo.Job, 0, len(w.held))
		for _, h := range w.held {
			if !h.lost {
				asked = append(asked, h.job)
			}
		}
		w.mu.Unlock()
		if len(asked) == 0 {
			continue
		}
		began := time.Now()
		statement, cancel := context.WithTimeout(ctx, min(storeTimeout, w.config.Lease/4))
		mine, err := w.config.Store.RenewJobs(statement, asked)
		cancel()
		if ctx.Err() == nil {
			w.settleRenewal(ctx, asked, mine, began, err)
		}
	}
}

func (w *Worker) settleRenewal(ctx context.Context, asked []repo.Job, mine []int64, began time.Time, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.renewed = began
	} else {
		w.config.Logger.WarnContext(ctx, "could not say that this worker is at its jobs", "error", err)
		if time.Since(w.renewed) < w.config.Lease {
			return
		}
		mine = nil // others may have them by now
	}
	for _, job := range asked {
		h := w.held[reservationOf(&job)]
		if h == nil || slices.Contains(mine, job.ID) {
			continue
		}
		h.lost = true
		if h.cancel != nil {
			h.cancel(ErrLost)
		}
	}
}

func (w *Worker) forget(job *repo.Job) {
	w.mu.Lock()
	delete(w.held, reservationOf(job))
	w.mu.Unlock()
	signal(w.free)
}

// do does one job.
func (w *Worker) do(ctx context.Context, job repo.Job) {
	defer w.forget(&job)
	jobCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w.mu.Lock()
	h := w.held[reservationOf(&job)]
	h.cancel = cancel
	lost := h.lost
	w.mu.Unlock()
	if lost {
		return
	}
	w.config.Began()
	began := time.Now()
	kind, outcome := w.attempt(jobCtx, ctx, &job)
	took := time.Since(began)
	w.average.Store((w.average.Load()*7 + int64(took)) / 8)
	w.config.Ended(kind, outcome, took)
}

// Outcomes of an attempt.
const (
	outcomeDone     = "done"
	outcomeRetried  = "retried"
	outcomeFailed   = "failed"
	outcomeLost     = "lost"
	outcomeReturned = "returned"
)

// attempt tries the job once, in jobCtx, and sees to what becomes of it.
func (w *Worker) attempt(jobCtx, ctx context.Context, job *repo.Job) (kind, outcome string) {
	var p payload
	if err := json.Unmarshal([]byte(job.Payload), &p); err != nil {
		return "unknown", w.settle(ctx, job, &p, Permanent(fmt.Errorf("read the payload: %w", err)))
	}
	h, known := w.config.Registry.handlers[p.Kind]
	if !known || p.Version > h.version {
		// A newer worker knows it: during an upgrade there are both.
		w.config.Logger.InfoContext(ctx, "leaving a job to a newer worker", "job", job.ID, "kind", p.Kind, "version", p.Version)
		return "unknown", w.putBack(ctx, job, leaveFor)
	}
	if int(job.Attempts) > p.MaxAttempts {
		// Nobody was left to say what went wrong.
		err := fmt.Errorf("its workers vanished in the middle of %d attempts", p.MaxAttempts)
		return p.Kind, w.settle(ctx, job, &p, Permanent(err))
	}
	limited, cancel := context.WithTimeoutCause(jobCtx, h.timeout, fmt.Errorf("it took longer than %v", h.timeout))
	defer cancel()
	running := &Running{Job: *job, Attempt: int(job.Attempts), MaxAttempts: p.MaxAttempts, store: w.config.Store}
	err := h.attempt(limited, running, &p)
	switch {
	case running.completed:
		return p.Kind, outcomeDone
	case err != nil && errors.Is(context.Cause(limited), errStopping):
		return p.Kind, w.putBack(ctx, job, 0)
	case errors.Is(err, ErrLost), errors.Is(context.Cause(limited), ErrLost):
		w.config.Logger.InfoContext(ctx, "a job was cancelled or taken by another worker", "job", job.ID, "kind", p.Kind)
		return p.Kind, outcomeLost
	case err != nil && limited.Err() != nil:
		err = errors.Join(err, context.Cause(limited))
	}
	return p.Kind, w.settle(ctx, job, &p, err)
}

// settle writes down what became of the job. A database that is away is waited for, as long as the job is ours.
func (w *Worker) settle(ctx context.Context, job *repo.Job, p *payload, err error) (outcome string) {
	for deadline := time.Now().Add(w.config.Lease); ; {
		statement, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
		var stored error
		outcome, stored = w.store(statement, job, p, err)
		cancel()
		switch {
		case stored == nil:
			return outcome
		case repo.IsJobLost(stored):
			return outcomeLost
		case !errors.Is(stored, repo.ErrUnavailable) && !errors.Is(stored, context.DeadlineExceeded), time.Now().After(deadline):
			w.config.Logger.ErrorContext(ctx, "could not write down what became of a job; it will be tried again", "job", job.ID, "kind", p.Kind, "error", stored)
			return outcomeLost
		}
		wait(context.WithoutCancel(ctx), nil, time.Second)
	}
}

func (w *Worker) store(ctx context.Context, job *repo.Job, p *payload, err error) (outcome string, stored error) {
	logger := w.config.Logger.With("job", job.ID, "kind", p.Kind, "attempt", job.Attempts)
	_, permanent := errors.AsType[permanentError](err)
	switch {
	case err == nil:
		return outcomeDone, w.config.Store.CompleteJob(ctx, job)
	case permanent, int(job.Attempts) >= p.MaxAttempts:
		if stored = w.config.Store.FailJob(ctx, job, p.uuid(job), explain(err)); stored == nil {
			logger.ErrorContext(ctx, "a job failed for good; see microtracker jobs failed", "error", err)
		}
		return outcomeFailed, stored
	default:
		delay := after(err, int(job.Attempts))
		if stored = w.config.Store.RetryJob(ctx, job, delay, explain(err)); stored == nil {
			logger.WarnContext(ctx, "a job failed and will be tried again", "in", delay.Round(time.Second), "error", err)
		}
		return outcomeRetried, stored
	}
}

// uuid names the job among the failed ones; a payload that cannot be read has none.
func (p *payload) uuid(job *repo.Job) string {
	if p.UUID != "" {
		return p.UUID
	}
	return fmt.Sprintf("job-%d", job.ID)
}

func (w *Worker) putBack(ctx context.Context, job *repo.Job, delay time.Duration) (outcome string) {
	statement, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if err := w.config.Store.ReturnJobs(statement, []repo.Job{*job}, delay); err != nil {
		w.config.Logger.WarnContext(ctx, "could not give a job back; another worker takes it when its lease has ended", "job", job.ID, "error", err)
	}
	return outcomeReturned
}
