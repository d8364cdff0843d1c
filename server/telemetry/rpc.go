package telemetry

import (
	"time"

	"connectrpc.com/connect/v2"
	"github.com/prometheus/client_golang/prometheus"
)

// unknownProcedure stands for every procedure that the server does not have: its name is whatever a stranger wrote.
const unknownProcedure = "unknown"

// maxCode is the last of Connect's codes, which begin with 1; 0 stands for success here.
const maxCode = connect.CodeUnauthenticated

type rpcMetrics struct {
	requests   *prometheus.CounterVec
	seconds    *prometheus.HistogramVec
	inFlight   *prometheus.GaugeVec
	procedures map[string]*Procedure
	unknown    *Procedure
}

// Procedure is one RPC's figures, found once and not at each call.
type Procedure struct {
	// Name is the procedure's, or "unknown".
	Name     string
	codes    [maxCode + 1]prometheus.Counter
	seconds  prometheus.Observer
	inFlight prometheus.Gauge
}

func newRPCMetrics() rpcMetrics {
	m := rpcMetrics{
		requests: prometheus.NewCounterVec(counterOpts("rpc", "requests_total",
			"Calls that have ended, by procedure and Connect code (ok for success)."), []string{"procedure", "code"}),
		seconds: prometheus.NewHistogramVec(histogramOpts("rpc", "duration_seconds",
			"How long calls took; a stream counts when it ends.",
			[]float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}), []string{"procedure"}),
		inFlight: prometheus.NewGaugeVec(gaugeOpts("rpc", "in_flight", "Calls and streams that are running."), []string{"procedure"}),
	}
	m.unknown = m.procedure(unknownProcedure)
	return m
}

func (m *rpcMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.requests, m.seconds, m.inFlight}
}

func (m *rpcMetrics) procedure(name string) *Procedure {
	p := &Procedure{Name: name, seconds: m.seconds.WithLabelValues(name), inFlight: m.inFlight.WithLabelValues(name)}
	for code := range p.codes {
		text := "ok"
		if code > 0 {
			text = connect.Code(code).String()
		}
		p.codes[code] = m.requests.WithLabelValues(name, text)
	}
	return p
}

// Procedures says which RPCs there are, before the first of them is called.
func (m *Metrics) Procedures(names []string) {
	if m == nil {
		return
	}
	known := make(map[string]*Procedure, len(names))
	for _, name := range names {
		known[name] = m.rpc.procedure(name)
	}
	m.rpc.procedures = known
}

// Procedure returns the figures of a procedure; those of "unknown" where it is none of Procedures. Nil without metrics.
func (m *Metrics) Procedure(name string) *Procedure {
	if m == nil {
		return nil
	}
	if p := m.rpc.procedures[name]; p != nil {
		return p
	}
	return m.rpc.unknown
}

// Begin counts a call that runs.
func (p *Procedure) Begin() {
	if p != nil {
		p.inFlight.Inc()
	}
}

// End counts a call that has ended with the code, 0 for success.
func (p *Procedure) End(code connect.Code, took time.Duration) {
	if p == nil {
		return
	}
	p.inFlight.Dec()
	if code > maxCode {
		code = connect.CodeUnknown
	}
	p.codes[code].Inc()
	p.seconds.Observe(took.Seconds())
}
