package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Stage is a part of an event's way into the database.
type Stage int

// The stages, in order.
const (
	// StageWait is how long the oldest request of a group waited until a writer took it.
	StageWait Stage = iota
	// StageBegin is opening the transaction: projects, streams, event ids and visitors are locked.
	StageBegin
	// StagePlace is reading what is near and deciding which session each event belongs to.
	StagePlace
	// StageCommit is writing, up to the end of COMMIT.
	StageCommit
	stages
)

// Outcome is what became of a group of requests that share a transaction.
type Outcome int

// The outcomes of one try.
const (
	// OutcomeCommitted: it is durable.
	OutcomeCommitted Outcome = iota
	// OutcomeRetried: another transaction got in the way, and it is tried again.
	OutcomeRetried
	// OutcomeSplit: some of it cannot be stored with the rest.
	OutcomeSplit
	// OutcomeUnavailable: the database is away, full or only reading.
	OutcomeUnavailable
	// OutcomeFailed: the database or we made a mistake.
	OutcomeFailed
	outcomes
)

// Receipt is what became of one event.
type Receipt int

// The receipts, as in the protocol.
const (
	ReceiptAccepted Receipt = iota
	ReceiptDuplicate
	ReceiptBot
	ReceiptOptedOut
	ReceiptInvalid
	ReceiptTooOld
	ReceiptInactive
	ReceiptHostname
	receipts
)

// Receipts counts the events of one request by what became of them.
type Receipts [receipts]int

type ingestMetrics struct {
	stage    [stages]prometheus.Observer
	group    [outcomes]prometheus.Counter
	receipt  [receipts]prometheus.Counter
	overload prometheus.Counter
	events   prometheus.Histogram
	requests prometheus.Histogram

	stageVec   *prometheus.HistogramVec
	groupVec   *prometheus.CounterVec
	receiptVec *prometheus.CounterVec
}

func newIngestMetrics() ingestMetrics {
	sizes := []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 4000}
	m := ingestMetrics{
		stageVec: prometheus.NewHistogramVec(histogramOpts("ingest", "stage_seconds",
			"How long each stage of storing a group of events took: wait, begin, place, commit.",
			[]float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15}), []string{"stage"}),
		groupVec: prometheus.NewCounterVec(counterOpts("ingest", "groups_total",
			"Tries to store a group of events, by outcome: committed, retried, split, unavailable, failed."), []string{"outcome"}),
		receiptVec: prometheus.NewCounterVec(counterOpts("ingest", "events_total",
			"Events that were answered, by what became of them."), []string{"receipt"}),
		overload: prometheus.NewCounter(counterOpts("ingest", "overloaded_total",
			"Requests refused because too many events waited; senders come again.")),
		events:   prometheus.NewHistogram(histogramOpts("ingest", "group_events", "Events that shared one COMMIT.", sizes)),
		requests: prometheus.NewHistogram(histogramOpts("ingest", "group_requests", "Requests that shared one COMMIT.", sizes)),
	}
	for i, name := range [stages]string{"wait", "begin", "place", "commit"} {
		m.stage[i] = m.stageVec.WithLabelValues(name)
	}
	for i, name := range [outcomes]string{"committed", "retried", "split", "unavailable", "failed"} {
		m.group[i] = m.groupVec.WithLabelValues(name)
	}
	for i, name := range [receipts]string{
		"accepted", "duplicate", "bot", "opted_out", "invalid", "too_old", "project_inactive", "hostname_not_allowed",
	} {
		m.receipt[i] = m.receiptVec.WithLabelValues(name)
	}
	return m
}

func (m *ingestMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.stageVec, m.groupVec, m.receiptVec, m.overload, m.events, m.requests}
}

// Stage observes how long a stage took.
func (m *Metrics) Stage(stage Stage, took time.Duration) {
	if m != nil {
		m.ingest.stage[stage].Observe(took.Seconds())
	}
}

// Group counts a try to store a group.
func (m *Metrics) Group(outcome Outcome) {
	if m != nil {
		m.ingest.group[outcome].Inc()
	}
}

// GroupSize observes how much shared one COMMIT.
func (m *Metrics) GroupSize(events int64, requests int) {
	if m != nil {
		m.ingest.events.Observe(float64(events))
		m.ingest.requests.Observe(float64(requests))
	}
}

// Answered counts the events of one request.
func (m *Metrics) Answered(counts *Receipts) {
	if m == nil {
		return
	}
	for receipt, n := range counts {
		if n > 0 {
			m.ingest.receipt[receipt].Add(float64(n))
		}
	}
}

// Overloaded counts a request that was refused because too many events waited.
func (m *Metrics) Overloaded() {
	if m != nil {
		m.ingest.overload.Inc()
	}
}
