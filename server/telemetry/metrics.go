// Package telemetry tells the operator what the server does: metrics for Prometheus, traces for OpenTelemetry, and a log
// line when the clock jumps.
//
// Label values come from closed sets, never from strangers: a caller can neither make series nor leave data in them.
// A nil *Metrics and a nil *Tracing observe nothing.
package telemetry

import (
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const namespace = "microtracker"

// maxNames bounds how many different names (of jobs, queues, tasks) a metric tells apart; what comes after is "other".
const maxNames = 100

// Metrics are what is counted and measured. Safe for concurrent use. To observe an event or a call allocates nothing.
type Metrics struct {
	registry *prometheus.Registry
	rpc      rpcMetrics
	ingest   ingestMetrics
	work     *workMetrics
	// isWatched: Watch has been called.
	isWatched atomic.Bool
}

// NewMetrics makes metrics of a program of this version.
func NewMetrics(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), rpc: newRPCMetrics(), ingest: newIngestMetrics(), work: newWorkMetrics()}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "Always 1; the labels say what is running.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(m.rpc.collectors()...)
	m.registry.MustRegister(m.ingest.collectors()...)
	m.registry.MustRegister(m.work.collectors()...)
	return m
}

// Handler serves the metrics in the formats that Prometheus reads. What could not be collected is left out, and the rest
// is served.
func (m *Metrics) Handler() http.Handler {
	if m == nil {
		return http.NotFoundHandler()
	}
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, Registry: m.registry})
}

// names keeps a label's values to a bounded set.
type names struct {
	mu    sync.RWMutex
	known map[string]struct{}
}

// bounded returns the name, or "other" if there are too many already.
func (n *names) bounded(name string) string {
	n.mu.RLock()
	_, known := n.known[name]
	n.mu.RUnlock()
	if known {
		return name
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, known := n.known[name]; known {
		return name
	}
	if len(n.known) >= maxNames || name == "" {
		return "other"
	}
	if n.known == nil {
		n.known = map[string]struct{}{}
	}
	n.known[name] = struct{}{}
	return name
}

func counterOpts(subsystem, name, help string) prometheus.CounterOpts {
	return prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help}
}

func gaugeOpts(subsystem, name, help string) prometheus.GaugeOpts {
	return prometheus.GaugeOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help}
}

func histogramOpts(subsystem, name, help string, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help, Buckets: buckets}
}
