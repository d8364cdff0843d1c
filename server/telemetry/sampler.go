package telemetry

import (
	"math/rand/v2"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// sampler decides which traces are recorded. What begins here is recorded by chance, for a share of the calls, and never
// more than so many in a second. What a caller says of his trace can only take it out: he cannot have it recorded by
// asking, nor by choosing its id, which is why the id decides nothing.
type sampler struct {
	share     float64
	perSecond int
	now       func() time.Time

	mu     sync.Mutex
	second int64
	begun  int
}

func newSampler(share float64, perSecond int, now func() time.Time) *sampler {
	return &sampler{share: share, perSecond: perSecond, now: now}
}

// ShouldSample decides about one span.
func (s *sampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	parent := trace.SpanContextFromContext(p.ParentContext)
	result := sdktrace.SamplingResult{Decision: sdktrace.Drop, Tracestate: parent.TraceState()}
	var isRecorded bool
	switch {
	case parent.IsValid() && !parent.IsRemote():
		isRecorded = parent.IsSampled() // decided already
	case parent.IsValid() && !parent.IsSampled():
	default:
		isRecorded = s.draw()
	}
	if isRecorded {
		result.Decision = sdktrace.RecordAndSample
	}
	return result
}

// draw is whether another trace is recorded.
func (s *sampler) draw() bool {
	if s.share <= 0 || rand.Float64() >= s.share { //nolint:gosec // a share, not a secret
		return false
	}
	second := s.now().Unix()
	s.mu.Lock()
	defer s.mu.Unlock()
	if second != s.second {
		s.second, s.begun = second, 0
	}
	s.begun++
	return s.begun <= s.perSecond
}

// Description names the sampler.
func (*sampler) Description() string { return "share of the calls, bounded by the second" }
