// Package jobs does work in the background: typed jobs in named queues, many of them as batches, and what happens by the
// clock. Any number of workers may run; one that is killed loses nothing, because its jobs are taken up by others.
//
// A job is done at least once. Its handler makes that harmless: it may be repeated, or it ends the job in the transaction
// that has its effect (Running.Complete), which happens exactly once.
package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
)

const (
	// maxPayload bounds a job's payload in bytes.
	maxPayload = 256 << 10
	// defaultAttempts and defaultTimeout are those of a kind that does not say.
	defaultAttempts = 5
	defaultTimeout  = 5 * time.Minute
	// DefaultQueue is the queue of a kind that does not say.
	DefaultQueue = "default"
)

// Kind is a sort of job, with arguments of type A, which are kept as JSON.
type Kind[A any] struct {
	// Name is kept with each job: it stays.
	Name string
	// Version of the arguments; a job of a newer version is left to newer workers.
	Version int
	// Upgrade reads arguments of an older version. Nil: they are read as those of today.
	Upgrade func(version int, args json.RawMessage) (A, error)
	// Queue is where such jobs wait; DefaultQueue if empty.
	Queue string
	// MaxAttempts is how often a job is tried before it goes to failed_jobs; 5 if zero.
	MaxAttempts int
	// Timeout bounds an attempt; 5 minutes if zero.
	Timeout time.Duration
}

// payload is what jobs.payload holds.
type payload struct {
	UUID        string          `json:"uuid"`
	Kind        string          `json:"kind"`
	Version     int             `json:"version"`
	MaxAttempts int             `json:"max_attempts"`
	DedupKey    string          `json:"dedup_key,omitempty"`
	Args        json.RawMessage `json:"args"`
}

// Options of a job. Zero values take the defaults.
type Options struct {
	// Delay is for how long the job waits at least.
	Delay time.Duration
	// DedupKey keeps the job out while another with the key waits or runs.
	DedupKey string
	// ProjectID says whose job it is; zero: the instance's.
	ProjectID int64
}

// Job makes a job that Store.Enqueue or Tx.Enqueue takes.
func (k Kind[A]) Job(args A, o Options) (repo.NewJob, error) {
	raw, err := json.Marshal(args)
	if err != nil {
		return repo.NewJob{}, fmt.Errorf("make a job %s: %w", k.Name, err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return repo.NewJob{}, fmt.Errorf("make a job %s: %w", k.Name, err)
	}
	attempts := k.MaxAttempts
	if attempts == 0 {
		attempts = defaultAttempts
	}
	encoded, err := json.Marshal(payload{
		UUID: id.String(), Kind: k.Name, Version: k.Version, MaxAttempts: attempts, DedupKey: o.DedupKey, Args: raw,
	})
	if err != nil {
		return repo.NewJob{}, fmt.Errorf("make a job %s: %w", k.Name, err)
	}
	if len(encoded) > maxPayload {
		return repo.NewJob{}, fmt.Errorf("make a job %s: its arguments have %d bytes; at most %d are kept: store them elsewhere and name them", k.Name, len(encoded), maxPayload)
	}
	return repo.NewJob{Queue: k.queue(), Payload: string(encoded), Delay: o.Delay, DedupKey: o.DedupKey, ProjectID: o.ProjectID}, nil
}

func (k Kind[A]) queue() string {
	if k.Queue == "" {
		return DefaultQueue
	}
	return k.Queue
}

// Step makes a job that follows a batch.
func (k Kind[A]) Step(args A) (*repo.BatchStep, error) {
	job, err := k.Job(args, Options{})
	return &repo.BatchStep{Queue: job.Queue, Payload: job.Payload}, err
}

// Enqueue stores one job of the kind and returns its id; 0 when another has its key.
func Enqueue[A any](ctx context.Context, store *repo.Store, k Kind[A], args A, o Options) (int64, error) {
	job, err := k.Job(args, o)
	if err != nil {
		return 0, err
	}
	ids, err := store.Enqueue(ctx, job)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}

// Describe says what a job's payload holds, for those who look at jobs: its uuid, kind, how often it is tried at most, and its
// arguments as JSON. ok is false for a payload that is not ours.
func Describe(jobPayload string) (id, kind string, maxAttempts int, args json.RawMessage, ok bool) {
	var p payload
	if err := json.Unmarshal([]byte(jobPayload), &p); err != nil {
		return "", "", 0, nil, false
	}
	return p.UUID, p.Kind, p.MaxAttempts, p.Args, true
}

// handler does jobs of one kind.
type handler struct {
	version int
	timeout time.Duration
	do      func(ctx context.Context, job *Running, p *payload) error
}

// Registry knows what is done, and when. It is filled before anything runs.
type Registry struct {
	handlers  map[string]handler
	queues    map[string]bool
	schedules []Schedule
}

// NewRegistry makes an empty one.
func NewRegistry() *Registry {
	return &Registry{handlers: map[string]handler{}, queues: map[string]bool{}}
}

// Handle has the jobs of a kind done by a function.
func Handle[A any](r *Registry, k Kind[A], do func(ctx context.Context, job *Running, args A) error) {
	timeout := k.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	r.queues[k.queue()] = true
	r.handlers[k.Name] = handler{version: k.Version, timeout: timeout, do: func(ctx context.Context, job *Running, p *payload) error {
		args, err := k.args(p)
		if err != nil {
			return Permanent(err)
		}
		return do(ctx, job, args)
	}}
}

func (k Kind[A]) args(p *payload) (args A, err error) {
	if p.Version < k.Version && k.Upgrade != nil {
		if args, err = k.Upgrade(p.Version, p.Args); err != nil {
			return args, fmt.Errorf("read arguments of version %d: %w", p.Version, err)
		}
		return args, nil
	}
	if err := json.Unmarshal(p.Args, &args); err != nil {
		return args, fmt.Errorf("read the arguments: %w", err)
	}
	return args, nil
}

// Queues are the names of the queues in which registered jobs wait, sorted.
func (r *Registry) Queues() []string { return slices.Sorted(maps.Keys(r.queues)) }

// permanentError is one that another attempt would meet again.
type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

// Permanent marks an error that no other attempt can avoid: the job fails at once.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanentError{err}
}

// retryError says when to try again.
type retryError struct {
	error

	after time.Duration
}

func (e retryError) Unwrap() error { return e.error }

// RetryAfter marks an error with when to try again, instead of the usual back-off.
func RetryAfter(after time.Duration, err error) error { return retryError{err, after} }

// ErrLost is the cause with which a job's context ends when the job was cancelled, or taken by another worker because this
// one was not heard of.
var ErrLost = errors.New("the job is not this worker's any more")

// errStopping is the cause with which a job's context ends when its worker stops and cannot wait any longer.
var errStopping = errors.New("the worker stops")
