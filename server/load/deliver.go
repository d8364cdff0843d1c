package load

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

// receipt says what became of one event.
type receipt struct {
	status        microtrackerv1.ReceiptStatus
	field, reason string
}

// sender sends requests, one at a time.
type sender interface {
	// send makes one try. It returns a *callError where the server has said no; any other error is the network's.
	send(ctx context.Context, req *request) ([]receipt, error)
	close()
}

// callError is what the server answered in place of receipts.
type callError struct {
	code    connect.Code
	message string
	// reason is that of the google.rpc.ErrorInfo.
	reason string
	// retryAfter is what the server asks for, zero if it does not.
	retryAfter time.Duration
}

// Error is for people.
func (e *callError) Error() string { return e.code.String() + ": " + e.message }

// mayPass reports whether another try may do better.
func (e *callError) mayPass() bool {
	switch e.code {
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded, connect.CodeAborted:
		return true
	case connect.CodeResourceExhausted:
		return e.reason != microtrackerv1.ErrorReason_ERROR_REASON_REQUEST_TOO_LARGE.String()
	default:
		return false
	}
}

// detail reads what is known of an error's details.
func (e *callError) detail(message any) {
	switch m := message.(type) {
	case *errdetails.ErrorInfo:
		e.reason = m.GetReason()
	case *errdetails.RetryInfo:
		e.retryAfter = m.GetRetryDelay().AsDuration()
	}
}

// How long to wait between two tries: half of it to all of it.
const (
	firstBackOff = 100 * time.Millisecond
	lastBackOff  = 5 * time.Second
)

// backOff is how long to wait after so many tries.
func backOff(tries int, err error) time.Duration {
	wait := min(lastBackOff, firstBackOff<<min(tries-1, 10))
	var refused *callError
	if errors.As(err, &refused) && refused.retryAfter > 0 {
		return refused.retryAfter + rand.N(refused.retryAfter/4+1) //nolint:gosec // so that not all come back at once
	}
	return wait/2 + rand.N(wait/2) //nolint:gosec // the same
}

// deliver sends a request until it is answered for good, or given up.
func (r *run) deliver(ctx, hard context.Context, to sender, req *request) {
	begun := time.Now()
	if r.config.Rate == 0 {
		req.due = begun
	}
	req.stamp(begun)
	r.tally.sent.Add(req.events())
	for tries := 1; ; tries++ {
		receipts, err := r.try(hard, to, req)
		if err == nil {
			r.settle(req, receipts)
			return
		}
		r.noteTrouble(err)
		if refused, ok := errors.AsType[*callError](err); ok && !refused.mayPass() {
			r.fail(req, err)
			r.stopIfHopeless(err)
			return
		}
		again := time.Now().Add(backOff(tries, err))
		if again.Sub(begun) > r.config.GiveUp || !waitUntil(ctx, again) {
			r.fail(req, err)
			return
		}
		r.tally.retried.Add(1)
	}
}

func (r *run) try(hard context.Context, to sender, req *request) ([]receipt, error) {
	ctx, cancel := context.WithTimeout(hard, r.config.Timeout)
	defer cancel()
	req.track.SentAt = timestamppb.Now()
	receipts, err := to.send(ctx, req)
	if err == nil && len(receipts) != len(req.track.GetEvents()) {
		return nil, &callError{code: connect.CodeInternal, message: "the answer does not have one receipt for each event"}
	}
	return receipts, err
}

// settle counts what was answered.
func (r *run) settle(req *request, receipts []receipt) {
	now := time.Now()
	r.tally.latency.add(now.Sub(req.due))
	r.tally.requests.Add(1)
	r.lastAnswer.raise(int64(now.Sub(r.begun)))
	for i, got := range receipts {
		r.tally.receipt(got.status, got.field, got.reason)
		if r.config.Ledger != nil {
			r.config.Ledger.Add(req.track.GetEvents()[i].GetEventId(), statusText(got.status))
		}
	}
}

func (r *run) noteTrouble(err error) { r.trouble.Store(new(failureText(err))) }

// stopIfHopeless ends the run if it would go on like this: nothing has been taken yet, because the key is wrong or
// nothing listens there that knows of events.
func (r *run) stopIfHopeless(err error) bool {
	var refused *callError
	if !errors.As(err, &refused) || r.tally.requests.Load() > 0 {
		return false
	}
	switch refused.code {
	case connect.CodeUnauthenticated, connect.CodePermissionDenied, connect.CodeNotFound, connect.CodeUnimplemented, connect.CodeUnknown, connect.CodeInvalidArgument:
		r.hopeless.CompareAndSwap(nil, refused)
		r.end()
		return true
	default:
		return false
	}
}

// fail counts what was given up.
func (r *run) fail(req *request, err error) {
	r.tally.failed.Add(req.events())
	r.tally.failureReasons.add(failureText(err), req.events())
}
