// Package load sends realistic visits to a running server and says what became of them: how many events a second it has
// taken, how long its answers took, and for each event what its receipt said.
package load

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Protocol is how requests are sent.
type Protocol string

// The protocols.
const (
	// ConnectJSON is what browsers speak: JSON by HTTP/1.1, as text/plain where a project's public key is used.
	ConnectJSON Protocol = "connect-json"
	// Connect is the same with protobuf's binary form.
	Connect Protocol = "connect"
	// GRPC is gRPC by HTTP/2.
	GRPC Protocol = "grpc"
)

// Config is what a Loader needs: URL, and ProjectKeys or APIKey.
type Config struct {
	// URL is the server's address, such as http://127.0.0.1:8080.
	URL string
	// ProjectKeys are the public keys of the projects, the one with most visitors first. Each request is that of one
	// visitor's browser.
	ProjectKeys []string
	// APIKey is an API key or a secret key: then one server tells of all visitors, in batches.
	APIKey string
	// Protocol is ConnectJSON if empty.
	Protocol Protocol
	// Stream sends batches by TrackStream, which needs ProjectID, an APIKey and GRPC.
	Stream    bool
	ProjectID int64
	// Connections is how many requests may be under way at a time, each on a connection of its own; 64 if zero.
	Connections int
	// Events and Duration end the run, whichever comes first; without either the context does.
	Events   int64
	Duration time.Duration
	// Rate is how many events are to be sent in a second, whether the server keeps up or not: a request that had to wait
	// for a connection counts as late. Zero: as many as the connections can.
	Rate float64
	// Batch is how many events a request has at most; 1 if zero. A browser's batch is one visit's.
	Batch int
	// ForwardFor tells each visitor's address in X-Forwarded-For.
	ForwardFor bool
	// Visits are the visits. Events and Projects are set by what stands above, Visitors and Open as well if they are zero.
	Visits Options
	// SameIDs takes the events' ids from Visits.Seed: another run with them sends duplicates. Else each run's are its own.
	SameIDs bool
	// Timeout bounds one try; 30 s if zero.
	Timeout time.Duration
	// GiveUp is how long after its first try a request is given up; 1 min if zero.
	GiveUp time.Duration
	// Ledger notes what was answered; nil: nobody does.
	Ledger *Ledger
	// Progress is told how far the run is, each ProgressEvery (1 s if zero) and at the end; nil: nobody is.
	Progress      func(Snapshot)
	ProgressEvery time.Duration
}

// stopGrace is how long requests that are under way may take when the context ends.
const stopGrace = 5 * time.Second

// Loader is a run that is prepared.
type Loader struct {
	config Config
	base   *url.URL
}

// New checks the configuration.
func New(config Config) (*Loader, error) {
	base, err := url.Parse(config.URL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("the server's address %q: give one such as http://127.0.0.1:8080", config.URL)
	}
	if config.Protocol == "" {
		config.Protocol = ConnectJSON
	}
	if config.Batch == 0 {
		config.Batch = 1
	}
	if config.Connections == 0 {
		config.Connections = 64
	}
	if config.Timeout == 0 {
		config.Timeout = 30 * time.Second
	}
	if config.GiveUp == 0 {
		config.GiveUp = time.Minute
	}
	if config.ProgressEvery == 0 {
		config.ProgressEvery = time.Second
	}
	if err := config.check(); err != nil {
		return nil, err
	}
	config.Visits.Projects = max(1, len(config.ProjectKeys))
	config.Visits.Events = int(config.Events)
	if config.Visits.Visitors == 0 {
		config.Visits.Visitors = 1_000_000
		if config.Events > 0 { // two visits of each, of about eight events
			config.Visits.Visitors = int(min(1_000_000, max(1000, config.Events/16)))
		}
	}
	if config.Visits.Open == 0 && config.Rate > 0 { // so that a visit takes its time: about 8 s from one event to the next
		config.Visits.Open = int(min(20_000, max(50, 8*config.Rate)))
	}
	return &Loader{config: config, base: base}, nil
}

const (
	maxBatch = 500 // the server takes no more
	// browserDays is how old a browser's events may be.
	browserDays = 7 * 24 * time.Hour
)

func (c *Config) check() error {
	isServer := c.APIKey != ""
	switch {
	case isServer == (len(c.ProjectKeys) > 0):
		return errors.New("give either the projects' public keys or an API key")
	case c.Batch < 1 || c.Batch > maxBatch:
		return fmt.Errorf("a batch of %d events: give 1 to %d", c.Batch, maxBatch)
	case c.Connections < 1 || c.Events < 0 || c.Duration < 0 || c.Timeout < 0 || c.GiveUp < 0 || c.Visits.Span < 0:
		return errors.New("connections, events and times must be positive")
	case c.Rate < 0 || math.IsNaN(c.Rate) || math.IsInf(c.Rate, 0):
		return fmt.Errorf("a rate of %v events a second: give a positive number, or 0 for as many as possible", c.Rate)
	case !(c.Visits.Bots >= 0 && c.Visits.Bots <= 1 && c.Visits.Ads >= 0 && c.Visits.Ads <= 1):
		return errors.New("the shares of bots and ads are between 0 and 1")
	case c.Visits.Span > browserDays && !isServer:
		return errors.New("events older than 7 days are taken from servers only: give an API key")
	case c.Visits.Span > 0 && c.Events == 0 && c.Duration == 0:
		return errors.New("back-dated visits need to know where to end: give a number of events or a duration")
	case c.Stream && (!isServer || c.Protocol != GRPC || c.ProjectID <= 0):
		return errors.New("a stream needs gRPC, an API key and the project's id")
	}
	switch c.Protocol {
	case ConnectJSON, Connect, GRPC:
		return nil
	default:
		return fmt.Errorf("protocol %q: give %s, %s or %s", c.Protocol, ConnectJSON, Connect, GRPC)
	}
}

// run is a run that goes on.
type run struct {
	*Loader

	requests *composer
	tally    tally
	begun    time.Time
	// lastAnswer is in nanoseconds since begun.
	lastAnswer maximum
	// id names the run.
	id string
	// hopeless is why nothing can be sent at all, nil if something can; end ends the run then.
	hopeless atomic.Pointer[callError]
	end      context.CancelFunc
	// trouble is the last error.
	trouble atomic.Pointer[string]
}

// Run sends until the run's end. When ctx ends it lets what is under way finish, for some seconds, and returns what
// there is. The error is about the run itself, such as a key that is wrong or a ledger that cannot be written: what the
// server refuses or fails to answer is in the Result.
func (l *Loader) Run(ctx context.Context) (Result, error) {
	r := &run{Loader: l, begun: time.Now(), id: rand.Text()[:12]}
	asked := ctx
	ctx, r.end = context.WithCancel(ctx)
	defer r.end()
	r.requests = newComposer(ctx, l.config, r.begun)
	// What is under way outlives ctx by the grace.
	hard, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(stopGrace)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-hard.Done():
		}
	})
	defer stop()

	reported := make(chan struct{})
	finished := make(chan struct{})
	go func() {
		defer close(reported)
		r.report(finished)
	}()
	var workers sync.WaitGroup
	for i := range l.config.Connections {
		workers.Go(func() {
			if l.config.Stream {
				r.workStream(ctx, hard, i)
			} else {
				r.work(ctx, hard)
			}
		})
	}
	workers.Wait()
	close(finished)
	<-reported
	result := r.result()
	result.Interrupted = asked.Err() != nil
	if l.config.Ledger != nil {
		if err := l.config.Ledger.Flush(); err != nil {
			return result, fmt.Errorf("write the ledger: %w", err)
		}
	}
	if err := r.hopeless.Load(); err != nil {
		return result, fmt.Errorf("the server takes no events: %w", err)
	}
	return result, nil
}

// work sends one request after the other on one connection.
func (r *run) work(ctx, hard context.Context) {
	connection := r.connect()
	defer connection.close()
	for {
		req := r.requests.next()
		if req == nil || !waitUntil(ctx, req.due) {
			return
		}
		r.deliver(ctx, hard, connection, req)
	}
}

// connect makes what sends; nothing is opened yet.
func (r *run) connect() sender {
	if r.config.Protocol == GRPC {
		return newRPC(r.Loader)
	}
	return newWire(r.Loader)
}

// report tells the progress until the run is finished.
func (r *run) report(finished <-chan struct{}) {
	ticker := time.NewTicker(r.config.ProgressEvery)
	defer ticker.Stop()
	var before Snapshot
	for {
		isLast := false
		select {
		case <-finished:
			isLast = true
		case <-ticker.C:
		}
		if r.config.Ledger != nil && !isLast {
			_ = r.config.Ledger.Flush() // it keeps the error until the end
		}
		if r.config.Progress != nil {
			now := Snapshot{
				Elapsed: time.Since(r.begun), Sent: r.tally.sent.Load(), Requests: r.tally.requests.Load(),
				Counts: r.tally.counts(), P99: r.tally.latency.quantile(0.99),
			}
			if trouble := r.trouble.Swap(nil); trouble != nil {
				now.Trouble = *trouble
			}
			if passed := now.Elapsed - before.Elapsed; passed > 0 {
				now.EventsPerSecond = float64(now.Answered()-before.Answered()) / passed.Seconds()
			}
			r.config.Progress(now)
			before = now
		}
		if isLast {
			return
		}
	}
}

func (r *run) result() Result {
	res := Result{
		Elapsed: time.Duration(r.lastAnswer.value()), Requests: r.tally.requests.Load(), Counts: r.tally.counts(),
		Latency: r.tally.latency.latencies(), Refusals: r.tally.refusals.copy(), Failures: r.tally.failureReasons.copy(),
	}
	if res.Elapsed == 0 {
		res.Elapsed = time.Since(r.begun)
	}
	res.EventsPerSecond = float64(res.Answered()) / res.Elapsed.Seconds()
	res.RequestsPerSecond = float64(res.Requests) / res.Elapsed.Seconds()
	return res
}

// waitUntil waits for a time, and reports whether it came before ctx ended.
func waitUntil(ctx context.Context, at time.Time) bool {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// randomSeed is nobody else's.
func randomSeed() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])
}
