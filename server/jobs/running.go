package jobs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"time"

	"github.com/microtracker/microtracker/repo"
)

const (
	// firstBackoff and maxBackoff bound the wait after a failed attempt; it doubles with each.
	firstBackoff = 5 * time.Second
	maxBackoff   = time.Hour
	// maxError bounds the text that is kept of an error, in bytes.
	maxError = 16 << 10
)

// Running is a job that is being done.
type Running struct {
	repo.Job

	// Attempt is which one this is, from 1 on; MaxAttempts is the last.
	Attempt, MaxAttempts int

	store     *repo.Store
	completed bool
}

// Complete ends the job in one transaction with what work does: both happen, once, or neither. ErrLost when the job is not
// this worker's any more.
func (r *Running) Complete(ctx context.Context, work func(ctx context.Context, tx *repo.Tx) error) error {
	err := r.store.InTx(ctx, func(ctx context.Context, tx *repo.Tx) error {
		// First: whoever has lost the job must not wait with his effect for the one who has it.
		if err := tx.CompleteJob(ctx, &r.Job); err != nil {
			if repo.IsJobLost(err) {
				return ErrLost
			}
			return err
		}
		return work(ctx, tx)
	})
	r.completed = err == nil
	return err
}

// panicError is a handler's panic.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// attempt runs the handler and turns a panic into an error.
func (h handler) attempt(ctx context.Context, job *Running, p *payload) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{value: value, stack: debug.Stack()}
		}
	}()
	return h.do(ctx, job, p)
}

// backoff is how long to wait after this many failed attempts: doubled each time, a random part of it so that what failed
// together does not come back together.
func backoff(attempts int, random func() float64) time.Duration {
	wait := maxBackoff
	if attempts < 20 {
		wait = min(firstBackoff<<(max(attempts, 1)-1), maxBackoff)
	}
	return wait/2 + time.Duration(random()*float64(wait/2))
}

// after is when to try again after this error.
func after(err error, attempts int) time.Duration {
	if retry, ok := errors.AsType[retryError](err); ok {
		return max(retry.after, 0)
	}
	return backoff(attempts, rand.Float64)
}

// explain is the whole chain of an error, a line for each link with its type, and the stack of a panic.
func explain(err error) string {
	var text strings.Builder
	text.WriteString(oneLine(err))
	explainInto(&text, err, 1)
	if panicked, ok := errors.AsType[*panicError](err); ok {
		text.WriteString("\n\n")
		text.Write(panicked.stack)
	}
	return strings.ToValidUTF8(strings.ReplaceAll(text.String()[:min(text.Len(), maxError)], "\x00", ""), "")
}

// oneLine is an error's text: errors that were joined stand on lines of their own otherwise.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

func explainInto(text *strings.Builder, err error, depth int) {
	if text.Len() > maxError || depth > 50 {
		return
	}
	var inner []error
	switch wrapped := err.(type) { //nolint:errorlint // walks the chain itself
	case interface{ Unwrap() error }:
		inner = []error{wrapped.Unwrap()}
	case interface{ Unwrap() []error }:
		inner = wrapped.Unwrap()
	}
	for _, e := range inner {
		if e == nil {
			continue
		}
		fmt.Fprintf(text, "\n%s%T: %s", strings.Repeat("  ", depth), e, oneLine(e))
		explainInto(text, e, depth+1)
	}
}
