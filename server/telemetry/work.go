package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// JobOutcome is how one attempt at a job ended.
type JobOutcome string

// The outcomes of an attempt.
const (
	JobDone JobOutcome = "done"
	// JobRetried: it failed, and is tried again later.
	JobRetried JobOutcome = "retried"
	// JobFailed: it failed for the last time and stands in failed_jobs.
	JobFailed JobOutcome = "failed"
	// JobReturned: the worker stops and gives it back unfinished.
	JobReturned JobOutcome = "returned"
	// JobLost: another worker took it over, because this one had not been heard of.
	JobLost JobOutcome = "lost"
)

type workMetrics struct {
	kinds, tasks, schedules names

	jobs        *prometheus.CounterVec
	jobSeconds  *prometheus.HistogramVec
	running     prometheus.Gauge
	scheduled   *prometheus.CounterVec
	leader      prometheus.Gauge
	rollups     *prometheus.HistogramVec
	deletedRows *prometheus.CounterVec
}

func newWorkMetrics() *workMetrics {
	seconds := []float64{0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200}
	m := &workMetrics{
		jobs: prometheus.NewCounterVec(counterOpts("job", "attempts_total",
			"Attempts at jobs that this process made, by kind and outcome."), []string{"kind", "outcome"}),
		jobSeconds: prometheus.NewHistogramVec(histogramOpts("job", "duration_seconds",
			"How long an attempt at a job took, by kind.", seconds), []string{"kind"}),
		running: prometheus.NewGauge(gaugeOpts("job", "workers_busy", "Jobs that this process is working on.")),
		scheduled: prometheus.NewCounterVec(counterOpts("schedule", "runs_total",
			"Times that this process has started what a schedule asks for."), []string{"schedule"}),
		leader: prometheus.NewGauge(gaugeOpts("schedule", "leader", "1 where this process is the one that schedules; over all replicas the sum is 1.")),
		rollups: prometheus.NewHistogramVec(histogramOpts("rollup", "duration_seconds",
			"How long it took to bring a project's day up to date: part (only hours that changed) or whole.",
			[]float64{0.005, 0.025, 0.1, 0.2, 0.5, 1, 2, 5, 15, 60}), []string{"how"}),
		deletedRows: prometheus.NewCounterVec(counterOpts("retention", "deleted_rows_total",
			"Rows that were deleted because their time was over, by task."), []string{"task"}),
	}
	return m
}

func (m *workMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.jobs, m.jobSeconds, m.running, m.scheduled, m.leader, m.rollups, m.deletedRows}
}

// JobBegun counts a job that is being worked on, until JobEnded.
func (m *Metrics) JobBegun() {
	if m != nil {
		m.work.running.Inc()
	}
}

// JobEnded counts an attempt at a job and how long it took.
func (m *Metrics) JobEnded(kind string, outcome JobOutcome, took time.Duration) {
	if m == nil {
		return
	}
	kind = m.work.kinds.bounded(kind)
	m.work.running.Dec()
	m.work.jobs.WithLabelValues(kind, string(outcome)).Inc()
	m.work.jobSeconds.WithLabelValues(kind).Observe(took.Seconds())
}

// Scheduled counts a run of a schedule that was started.
func (m *Metrics) Scheduled(schedule string) {
	if m != nil {
		m.work.scheduled.WithLabelValues(m.work.schedules.bounded(schedule)).Inc()
	}
}

// Leads says whether this process is the one that schedules.
func (m *Metrics) Leads(leads bool) {
	switch {
	case m == nil:
	case leads:
		m.work.leader.Set(1)
	default:
		m.work.leader.Set(0)
	}
}

// RolledUp observes how long one day of a project took to be brought up to date; isWhole: all of it was counted anew.
func (m *Metrics) RolledUp(isWhole bool, took time.Duration) {
	if m == nil {
		return
	}
	how := "part"
	if isWhole {
		how = "whole"
	}
	m.work.rollups.WithLabelValues(how).Observe(took.Seconds())
}

// Deleted counts the rows that a task of retention deleted.
func (m *Metrics) Deleted(task string, rows int64) {
	if m != nil {
		m.work.deletedRows.WithLabelValues(m.work.tasks.bounded(task)).Add(float64(rows))
	}
}
