package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/cache"
	"github.com/microtracker/microtracker/server/telemetry"
)

// scrape returns what Prometheus would read.
func scrape(t *testing.T, m *telemetry.Metrics) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	m.Handler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	body, err := io.ReadAll(recorder.Result().Body)
	if err != nil || recorder.Code != 200 {
		t.Fatalf("scrape: %d %v", recorder.Code, err)
	}
	return string(body)
}

func expectLines(t *testing.T, scraped string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(scraped, line+"\n") {
			t.Errorf("there is no line %q", line)
		}
	}
}

// everything observes each metric once.
func everything(m *telemetry.Metrics) {
	m.Procedures([]string{"/a.B/C"})
	p := m.Procedure("/a.B/C")
	p.Begin()
	p.Begin()
	p.End(0, 3*time.Millisecond)
	other := m.Procedure("/stranger/'; DROP TABLE")
	other.Begin()
	other.End(connect.CodeUnimplemented, time.Millisecond)
	m.Stage(telemetry.StageCommit, 2*time.Millisecond)
	m.Group(telemetry.OutcomeRetried)
	m.GroupSize(30, 3)
	m.Answered(&telemetry.Receipts{telemetry.ReceiptAccepted: 2, telemetry.ReceiptHostname: 1})
	m.Overloaded()
	m.JobBegun()
	m.JobEnded("rollup", telemetry.JobDone, time.Second)
	m.Scheduled("rollups")
	m.Leads(true)
	m.RolledUp(false, time.Millisecond)
	m.Deleted("events", 7)
}

func TestWhatIsObservedIsScraped(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics("v1")
	everything(m)
	scraped := scrape(t, m)
	expectLines(t, scraped,
		`microtracker_rpc_requests_total{code="ok",procedure="/a.B/C"} 1`,
		`microtracker_rpc_in_flight{procedure="/a.B/C"} 1`,
		`microtracker_rpc_duration_seconds_bucket{procedure="/a.B/C",le="0.0025"} 0`,
		`microtracker_rpc_duration_seconds_bucket{procedure="/a.B/C",le="0.005"} 1`,
		`microtracker_rpc_requests_total{code="unimplemented",procedure="unknown"} 1`,
		`microtracker_ingest_stage_seconds_count{stage="commit"} 1`,
		`microtracker_ingest_groups_total{outcome="retried"} 1`,
		`microtracker_ingest_group_events_sum 30`,
		`microtracker_ingest_group_requests_sum 3`,
		`microtracker_ingest_events_total{receipt="accepted"} 2`,
		`microtracker_ingest_events_total{receipt="hostname_not_allowed"} 1`,
		`microtracker_ingest_overloaded_total 1`,
		`microtracker_job_attempts_total{kind="rollup",outcome="done"} 1`,
		`microtracker_job_workers_busy 0`,
		`microtracker_schedule_leader 1`,
		`microtracker_rollup_duration_seconds_count{how="part"} 1`,
		`microtracker_retention_deleted_rows_total{task="events"} 7`,
	)
	if strings.Contains(scraped, "stranger") {
		t.Error("a stranger has made a series")
	}
	problems, err := promlint.New(strings.NewReader(scraped)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		if strings.HasPrefix(problem.Metric, "microtracker_") {
			t.Errorf("%s: %s", problem.Metric, problem.Text)
		}
	}
}

func TestNoMetricsObserveNothing(t *testing.T) {
	t.Parallel()
	everything(nil)
	var m *telemetry.Metrics
	if err := m.Watch(telemetry.Sources{}); err != nil {
		t.Error(err)
	}
	recorder := httptest.NewRecorder()
	m.Handler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	if recorder.Code != 404 {
		t.Errorf("status %d", recorder.Code)
	}
}

func TestNamesOfJobsMakeABoundedNumberOfSeries(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics("v1")
	for i := range 1000 {
		m.JobEnded(fmt.Sprintf("kind %d", i), telemetry.JobDone, time.Millisecond)
	}
	scraped := scrape(t, m)
	if n := strings.Count(scraped, "microtracker_job_attempts_total{"); n != 101 {
		t.Errorf("%d series", n)
	}
	expectLines(t, scraped, `microtracker_job_attempts_total{kind="other",outcome="done"} 900`)
}

func TestAScrapeTellsTheStateAndAsksTheDatabaseSeldom(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics("v1")
	asked := 0
	err := m.Watch(telemetry.Sources{
		Pools: func() []repo.PoolState {
			return []repo.PoolState{{Name: "main", Max: 20, Open: 5, InUse: 2, Waits: 3, Waited: 1500 * time.Millisecond}}
		},
		Backlog: func() int64 { return 12 }, BacklogLimit: 100,
		Watchers: func() int { return 4 },
		IsReady:  func() bool { return true },
		Cache:    func() cache.Stats { return cache.Stats{FromMemory: 7, FromTable: 2, Computed: 3, MemoryBytes: 99} },
		Work: func(context.Context) (*repo.WorkState, error) {
			asked++
			return &repo.WorkState{
				Queues:     []repo.QueueState{{Queue: "default", Waiting: 5, Delayed: 1, Reserved: 2, OldestWaiting: time.Minute}},
				FailedJobs: 2, Marks: 9, OldestMark: 30 * time.Second,
				Schedules: []repo.ScheduleState{{Name: "rollups", Lag: 3 * time.Second}},
			}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	scrape(t, m)
	expectLines(t, scrape(t, m),
		`microtracker_db_connections_max{pool="main"} 20`,
		`microtracker_db_connections_in_use{pool="main"} 2`,
		`microtracker_db_waits_total{pool="main"} 3`,
		`microtracker_db_wait_seconds_total{pool="main"} 1.5`,
		`microtracker_ingest_backlog_events 12`,
		`microtracker_ingest_backlog_limit_events 100`,
		`microtracker_live_watchers 4`,
		`microtracker_cache_answers_total{from="memory"} 7`,
		`microtracker_cache_answers_total{from="computed"} 3`,
		`microtracker_cache_memory_bytes 99`,
		`microtracker_ready 1`,
		`microtracker_work_state_up 1`,
		`microtracker_job_queue_waiting{queue="default"} 5`,
		`microtracker_job_queue_oldest_waiting_seconds{queue="default"} 60`,
		`microtracker_failed_jobs 2`,
		`microtracker_schedule_lag_seconds{schedule="rollups"} 3`,
		`microtracker_rollup_marks 9`,
		`microtracker_rollup_lag_seconds 30`,
	)
	if asked != 1 {
		t.Errorf("two scrapes asked the database %d times", asked)
	}
	if err := m.Watch(telemetry.Sources{}); err == nil {
		t.Error("a second server's state went into the same metrics")
	}
}

func TestADatabaseThatIsAwayTakesItsOwnFiguresAlone(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics("v1")
	err := m.Watch(telemetry.Sources{Work: func(context.Context) (*repo.WorkState, error) { return nil, errors.New("away") }})
	if err != nil {
		t.Fatal(err)
	}
	scraped := scrape(t, m)
	expectLines(t, scraped, `microtracker_work_state_up 0`)
	if strings.Contains(scraped, "microtracker_rollup_marks") {
		t.Error("it invents figures")
	}
}

func TestToObserveAllocatesNothing(t *testing.T) { //nolint:paralleltest // allocations of others would count
	m := telemetry.NewMetrics("v1")
	m.Procedures([]string{"/a.B/C"})
	counts := &telemetry.Receipts{telemetry.ReceiptAccepted: 1}
	allocations := testing.AllocsPerRun(1000, func() {
		p := m.Procedure("/a.B/C")
		p.Begin()
		m.Stage(telemetry.StageBegin, time.Millisecond)
		m.Group(telemetry.OutcomeCommitted)
		m.GroupSize(1, 1)
		m.Answered(counts)
		p.End(0, time.Millisecond)
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

// BenchmarkObserve prints what one Track that has a group of its own costs to observe, at most: usually many share it.
func BenchmarkObserve(b *testing.B) {
	m := telemetry.NewMetrics("v1")
	m.Procedures([]string{"/a.B/C"})
	counts := &telemetry.Receipts{telemetry.ReceiptAccepted: 1}
	b.ReportAllocs()
	for b.Loop() {
		p := m.Procedure("/a.B/C")
		p.Begin()
		begun := time.Now()
		for stage := range telemetry.StageCommit + 1 {
			m.Stage(stage, time.Since(begun))
		}
		m.Group(telemetry.OutcomeCommitted)
		m.GroupSize(1, 1)
		m.Answered(counts)
		p.End(0, time.Since(begun))
	}
}
