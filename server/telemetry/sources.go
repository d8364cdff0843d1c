package telemetry

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/cache"
)

const (
	// askEvery is how old the state of the database's tables may be that a scrape tells: however often is scraped, the
	// database is not asked more often.
	askEvery = 10 * time.Second
	// askTimeout bounds that question.
	askTimeout = 2 * time.Second
)

// Sources are where a scrape looks. Those that are nil tell nothing.
type Sources struct {
	// Pools are the connections to the database.
	Pools func() []repo.PoolState
	// Backlog is how many events wait to be stored, BacklogLimit how many may.
	Backlog      func() int64
	BacklogLimit int64
	// Watchers is how many watch live.
	Watchers func() int
	// IsReady is what readiness says.
	IsReady func() bool
	// Cache is what the cache of answers has done.
	Cache func() cache.Stats
	// Work is what waits in the database: one question for all replicas' queues.
	Work func(ctx context.Context) (*repo.WorkState, error)
}

// ErrWatched: the Metrics tell the state of another server already.
var ErrWatched = errors.New("the metrics have a server already")

// Watch makes each scrape tell what the sources say. Once for each Metrics, else ErrWatched.
func (m *Metrics) Watch(sources Sources) error {
	if m == nil {
		return nil
	}
	if m.isWatched.Swap(true) {
		return ErrWatched
	}
	return m.registry.Register(&stateCollector{sources: sources, now: time.Now})
}

// stateCollector asks the sources at each scrape.
type stateCollector struct {
	sources Sources
	now     func() time.Time

	mu    sync.Mutex
	asked time.Time
	state *repo.WorkState
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
}

// Describe describes nothing: what there is follows from what the sources say.
func (*stateCollector) Describe(chan<- *prometheus.Desc) {}

// Collect tells what the sources say now.
func (c *stateCollector) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	if c.sources.Pools != nil {
		c.collectPools(out)
	}
	if c.sources.Backlog != nil {
		gauge(desc("ingest_backlog_events", "Events that wait in memory to be stored."), float64(c.sources.Backlog()))
		gauge(desc("ingest_backlog_limit_events", "How many may wait; beyond that senders are told to come again."), float64(c.sources.BacklogLimit))
	}
	if c.sources.Watchers != nil {
		gauge(desc("live_watchers", "Streams that watch who is live."), float64(c.sources.Watchers()))
	}
	if c.sources.IsReady != nil {
		gauge(desc("ready", "1 where the server takes calls, as /readyz says."), number(c.sources.IsReady()))
	}
	if c.sources.Cache != nil {
		c.collectCache(out, gauge)
	}
	if c.sources.Work != nil {
		state := c.work()
		gauge(desc("work_state_up", "1 where the state of the queue could be read; without it the figures about it are missing."), number(state != nil))
		if state != nil {
			collectWork(gauge, state)
		}
	}
}

func (c *stateCollector) collectPools(out chan<- prometheus.Metric) {
	counted := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, pool string) {
		out <- prometheus.MustNewConstMetric(d, kind, value, pool)
	}
	for _, pool := range c.sources.Pools() {
		counted(desc("db_connections_max", "Most connections of the pool.", "pool"), prometheus.GaugeValue, float64(pool.Max), pool.Name)
		counted(desc("db_connections_open", "Connections that are open.", "pool"), prometheus.GaugeValue, float64(pool.Open), pool.Name)
		counted(desc("db_connections_in_use", "Connections at work.", "pool"), prometheus.GaugeValue, float64(pool.InUse), pool.Name)
		counted(desc("db_waits_total", "Times that somebody had to wait for a connection.", "pool"), prometheus.CounterValue, float64(pool.Waits), pool.Name)
		counted(desc("db_wait_seconds_total", "How long was waited for connections altogether.", "pool"), prometheus.CounterValue, pool.Waited.Seconds(), pool.Name)
	}
}

func (c *stateCollector) collectCache(out chan<- prometheus.Metric, gauge func(d *prometheus.Desc, value float64, labels ...string)) {
	stats := c.sources.Cache()
	count := func(d *prometheus.Desc, value int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
	}
	answers := desc("cache_answers_total", "Answers that the cache gave, by where from: memory of this process, table of all replicas, computed.", "from")
	count(answers, stats.FromMemory, "memory")
	count(answers, stats.FromTable, "table")
	count(answers, stats.Computed, "computed")
	count(desc("cache_failed_total", "Computations of answers that ended with an error."), stats.Failed)
	count(desc("cache_stale_total", "Answers that were no longer valid when they had been computed, and so not kept."), stats.Stale)
	count(desc("cache_impatient_total", "Answers that were computed because another replica took too long."), stats.Impatient)
	count(desc("cache_away_total", "Times that the table of answers could not be asked."), stats.Away)
	gauge(desc("cache_memory_entries", "Answers that this process keeps in memory."), float64(stats.MemoryEntries))
	gauge(desc("cache_memory_bytes", "Their size."), float64(stats.MemoryBytes))
}

func collectWork(gauge func(d *prometheus.Desc, value float64, labels ...string), state *repo.WorkState) {
	var queues, schedules names
	for _, queue := range state.Queues {
		name := queues.bounded(queue.Queue)
		if name != queue.Queue {
			continue // a series twice would make the whole scrape fail
		}
		gauge(desc("job_queue_waiting", "Jobs that could be worked on and wait.", "queue"), float64(queue.Waiting), name)
		gauge(desc("job_queue_delayed", "Jobs that are to begin later.", "queue"), float64(queue.Delayed), name)
		gauge(desc("job_queue_reserved", "Jobs that a worker has taken.", "queue"), float64(queue.Reserved), name)
		gauge(desc("job_queue_oldest_waiting_seconds", "How long the oldest of those that wait could have been worked on.", "queue"), queue.OldestWaiting.Seconds(), name)
	}
	gauge(desc("failed_jobs", "Jobs that were given up and wait for somebody to retry or discard them."), float64(state.FailedJobs))
	for _, schedule := range state.Schedules {
		if name := schedules.bounded(schedule.Name); name == schedule.Name {
			gauge(desc("schedule_lag_seconds", "How long ago the schedule should have run and has not; 0 where it is on time.", "schedule"), schedule.Lag.Seconds(), name)
		}
	}
	gauge(desc("rollup_marks", "Changes that the daily rollups do not have yet."), float64(state.Marks))
	gauge(desc("rollup_lag_seconds", "How long ago the oldest of them was made; 0 where there is none."), state.OldestMark.Seconds())
}

// work returns the state of the tables, which may be askEvery old; nil if it could not be read.
func (c *stateCollector) work() *repo.WorkState {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if age := now.Sub(c.asked); age >= 0 && age < askEvery && !c.asked.IsZero() {
		return c.state
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	state, err := c.sources.Work(ctx)
	if err != nil {
		state = nil
	}
	c.asked, c.state = c.now(), state
	return c.state
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
