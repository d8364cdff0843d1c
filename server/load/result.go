package load

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

// Counts say what became of the events.
type Counts struct {
	// Accepted are stored and count.
	Accepted int64
	// Duplicate were stored already: by a try whose answer was lost, or by an earlier run with the same ids.
	Duplicate int64
	// Bot are stored and left out of the reports.
	Bot int64
	// OptedOut are counted by the server and not stored.
	OptedOut int64
	// Refused will never be stored; Result.Refusals says why.
	Refused int64
	// Committed are those of a stream that were stored when their answer was lost, so that more is not known.
	Committed int64
	// Failed were given up; Result.Failures says why. They may be stored or not.
	Failed int64
	// Retried is how many requests were sent once more; each try counts.
	Retried int64
}

// Answered is how many events the server has answered for.
func (c Counts) Answered() int64 {
	return c.Accepted + c.Duplicate + c.Bot + c.OptedOut + c.Refused + c.Committed
}

// Latencies are those of the requests that were answered, from when they were to be sent to the answer, tries included.
type Latencies struct{ Mean, P50, P90, P99, P999, Max time.Duration }

// Result is what a run has shown.
type Result struct {
	// Elapsed is from the first request to the last answer.
	Elapsed time.Duration
	// Requests are those that were answered.
	Requests int64
	Counts
	EventsPerSecond   float64
	RequestsPerSecond float64
	Latency           Latencies
	// Refusals and Failures count events by reason.
	Refusals, Failures map[string]int64
	// Interrupted: the context ended before the run did.
	Interrupted bool
}

// Snapshot is how far a run is.
type Snapshot struct {
	Elapsed time.Duration
	// Sent is how many events have been handed over to be sent.
	Sent     int64
	Requests int64
	Counts
	// EventsPerSecond is over the time since the snapshot before.
	EventsPerSecond float64
	// P99 is over the whole run.
	P99 time.Duration
	// Trouble is the last error since the snapshot before, of requests that are tried again, too.
	Trouble string
}

// maxReasons bounds how many different reasons are told apart.
const maxReasons = 100

// reasons counts events by why they were not stored.
type reasons struct {
	mu     sync.Mutex
	counts map[string]int64
}

func (r *reasons) add(reason string, events int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = map[string]int64{}
	}
	if _, known := r.counts[reason]; !known && len(r.counts) >= maxReasons {
		reason = "other reasons"
	}
	r.counts[reason] += events
}

func (r *reasons) copy() map[string]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.counts)
}

// tally counts while a run goes on.
type tally struct {
	statuses                 [10]atomic.Int64 // by microtrackerv1.ReceiptStatus
	committed, failed        atomic.Int64
	retried, requests, sent  atomic.Int64
	latency                  histogram
	refusals, failureReasons reasons
}

func (t *tally) receipt(status microtrackerv1.ReceiptStatus, field, reason string) {
	t.statuses[min(max(int(status), 0), len(t.statuses)-1)].Add(1)
	switch status {
	case microtrackerv1.ReceiptStatus_RECEIPT_STATUS_ACCEPTED, microtrackerv1.ReceiptStatus_RECEIPT_STATUS_DUPLICATE,
		microtrackerv1.ReceiptStatus_RECEIPT_STATUS_BOT, microtrackerv1.ReceiptStatus_RECEIPT_STATUS_OPTED_OUT:
		return
	default:
	}
	text := statusText(status)
	if field != "" {
		text += " " + field
	}
	if reason != "" {
		text += ": " + reason
	}
	t.refusals.add(text, 1)
}

func (t *tally) counts() Counts {
	of := func(status microtrackerv1.ReceiptStatus) int64 { return t.statuses[status].Load() }
	c := Counts{
		Accepted:  of(microtrackerv1.ReceiptStatus_RECEIPT_STATUS_ACCEPTED),
		Duplicate: of(microtrackerv1.ReceiptStatus_RECEIPT_STATUS_DUPLICATE),
		Bot:       of(microtrackerv1.ReceiptStatus_RECEIPT_STATUS_BOT),
		OptedOut:  of(microtrackerv1.ReceiptStatus_RECEIPT_STATUS_OPTED_OUT),
		Committed: t.committed.Load(), Failed: t.failed.Load(), Retried: t.retried.Load(),
	}
	all := int64(0)
	for i := range t.statuses {
		all += t.statuses[i].Load()
	}
	c.Refused = max(0, all-c.Accepted-c.Duplicate-c.Bot-c.OptedOut)
	return c
}
