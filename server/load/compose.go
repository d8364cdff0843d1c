package load

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

// request is what is sent at once.
type request struct {
	track *microtrackerv1.TrackRequest
	// visitor is who sends it, nil for a server.
	visitor *Visitor
	// due is when it is to be sent.
	due time.Time
}

func (r *request) events() int64 { return int64(len(r.track.GetEvents())) }

// composer makes requests out of visits. It is safe for concurrent use.
type composer struct {
	config Config
	begun  time.Time
	// first is when the first back-dated visit begins.
	first time.Time

	mu        sync.Mutex
	ctx       func() error
	generator *Generator
	made      int64
	sent      int64
}

// endMargin keeps back-dated visits from reaching into the future, or out of the age that the server takes.
const endMargin = 30 * time.Minute

func newComposer(ctx context.Context, config Config, begun time.Time) *composer {
	c := &composer{config: config, begun: begun, first: begun.Add(-config.Visits.Span), ctx: ctx.Err}
	options := config.Visits
	if options.Span > 0 {
		c.first = c.first.Add(min(endMargin, options.Span/8))
		options.Span -= 2 * min(endMargin, options.Span/8)
	}
	if config.SameIDs {
		c.generator = NewGenerator(options)
	} else {
		c.generator = newGenerator(options, newRand(randomSeed(), randomSeed()))
	}
	if config.Events == 0 && config.Duration > 0 {
		c.generator.progress = func() float64 { return float64(time.Since(begun)) / float64(config.Duration) }
	}
	return c
}

// next makes the next request, nil at the end of the run.
func (c *composer) next() *request {
	c.mu.Lock()
	defer c.mu.Unlock()
	due := time.Now()
	if c.config.Rate > 0 {
		due = c.begun.Add(time.Duration(float64(c.sent) / c.config.Rate * float64(time.Second)))
	}
	isOver := c.ctx() != nil || c.config.Duration > 0 && due.Sub(c.begun) >= c.config.Duration
	hits := c.gather(isOver)
	if len(hits) == 0 {
		return nil
	}
	c.sent += int64(len(hits))
	return c.compose(hits, due)
}

// gather returns the next request's events; at the end of the run those that wait.
func (c *composer) gather(isOver bool) []Hit {
	isOver = isOver || c.ended()
	if c.config.APIKey != "" {
		var hits []Hit
		for !isOver && len(hits) < c.config.Batch && !c.ended() {
			hits = append(hits, c.hit())
		}
		return hits
	}
	for !isOver && !c.ended() {
		hit := c.hit()
		if c.config.Batch == 1 {
			return []Hit{hit}
		}
		v := hit.visit
		if v.held = append(v.held, hit); len(v.held) == c.config.Batch || hit.Last {
			return v.take()
		}
	}
	// What waits at the end of the run.
	for _, v := range c.generator.open.visits {
		if len(v.held) > 0 {
			return v.take()
		}
	}
	return nil
}

func (c *composer) ended() bool { return c.config.Events > 0 && c.made >= c.config.Events }

func (c *composer) hit() Hit {
	c.made++
	return c.generator.Next()
}

func (v *visit) take() []Hit {
	hits := v.held
	v.held = nil
	return hits
}

func (c *composer) compose(hits []Hit, due time.Time) *request {
	req := &request{due: due, track: &microtrackerv1.TrackRequest{Events: make([]*microtrackerv1.Event, len(hits))}}
	if c.config.APIKey == "" {
		req.visitor = hits[0].Visitor
		req.track.ProjectKey = c.config.ProjectKeys[req.visitor.Project]
		req.track.Client = req.visitor.Client()
	}
	for i := range hits {
		event := hits[i].Event
		if c.config.Visits.Span > 0 {
			event.CreateTime = timestamppb.New(c.first.Add(hits[i].Offset))
		}
		if c.config.APIKey != "" {
			event.Client = hits[i].Visitor.ServerClient()
		}
		req.track.Events[i] = event
	}
	return req
}

// stamp gives the events that are not back-dated the time at which they are sent, one a moment after the other.
func (r *request) stamp(now time.Time) {
	events := r.track.GetEvents()
	for i, event := range events {
		if event.GetCreateTime() == nil {
			event.CreateTime = timestamppb.New(now.Add(-time.Duration(len(events)-1-i) * time.Millisecond))
		}
	}
}

// maximum is the greatest of what it was told.
type maximum struct{ atomic.Int64 }

func (m *maximum) raise(to int64) {
	for {
		old := m.Load()
		if to <= old || m.CompareAndSwap(old, to) {
			return
		}
	}
}

func (m *maximum) value() int64 { return m.Load() }
