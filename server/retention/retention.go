// Package retention deletes what is older than it may be kept, and clears away what nobody needs any more: small pieces of
// work that any number of replicas may do beside ingest, each bounded (docs/retention.md).
package retention

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/microtracker/microtracker/repo"
)

// Budget bounds one run of a task. Zero values take the defaults.
type Budget struct {
	// Rows is about how many rows are looked at or deleted at most; default 200,000.
	Rows int64
	// Time is after how long nothing new is begun; default 20 s.
	Time time.Duration
}

// Task is something to be done by the clock.
type Task struct {
	Name string
	// Cron says when, in UTC.
	Cron string
	// Run does at most as much as the budget says and returns how many rows that was, and whether there is more to do at once.
	// What it did before an error is done.
	Run func(ctx context.Context, budget Budget) (done int64, more bool, err error)
}

// Config is what the tasks need. Store is required.
type Config struct {
	Store *repo.Store
	// Now is the clock; time.Now if nil. Of what the database's clock says is younger, nothing is deleted.
	Now    func() time.Time
	Logger *slog.Logger
	// DeleteIdleLimits deletes some of the rate limits that are as good as forgotten, and returns how many; nil: nothing does.
	DeleteIdleLimits func(ctx context.Context) (int64, error)
	// WebSessionIdle is after how long without activity a web session ends; default 30 days.
	WebSessionIdle time.Duration
	// LinkLife is for how long a link that was mailed works; default 7 days.
	LinkLife time.Duration
	// RefusedLife is for how long refused events are kept to be looked at; default 7 days.
	RefusedLife time.Duration
	// CacheRows is how many computed values are kept in the table cache; default 10,000.
	CacheRows int
	// Chunk is how many rows one transaction deletes at most; default 5,000.
	Chunk int
}

const (
	// visitorIdle is after how long a visitor's latest session is closed.
	visitorIdle = 48 * time.Hour
	// eventIDLife is for how long a repeated event is known (docs/metrics.md).
	eventIDLife = 48 * time.Hour
	// streamLife is for how long the place of a stream is kept that nobody goes on with.
	streamLife = 30 * 24 * time.Hour
	// jobLife is for how long finished batches and failed jobs are kept.
	jobLife = 30 * 24 * time.Hour
	// sessionChunk is how many sessions one transaction deletes at most: each costs a look into every month for its events.
	sessionChunk = 500
	// spendChunk is how many imports of spend one transaction forgets at most: each may have a file of 256 MiB.
	spendChunk = 5
)

type tasks struct{ Config }

// Tasks lists what is to be done.
func Tasks(config Config) []Task {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	config.WebSessionIdle = cmp.Or(config.WebSessionIdle, 30*24*time.Hour)
	config.LinkLife = cmp.Or(config.LinkLife, 7*24*time.Hour)
	config.RefusedLife = cmp.Or(config.RefusedLife, 7*24*time.Hour)
	config.CacheRows = cmp.Or(config.CacheRows, 10_000)
	config.Chunk = cmp.Or(config.Chunk, 5_000)
	t := &tasks{config}
	store := config.Store
	return []Task{
		{"delete old events", "5 * * * *", t.perProject(config.Chunk, repo.Retention.DeleteEvents)},
		{"delete old sessions", "15 * * * *", t.perProject(min(config.Chunk, sessionChunk), repo.Retention.DeleteSessions)},
		{"delete old visitors", "25 3 * * *", t.sweep("old visitors", store.DeleteOldVisitors, 0)},
		{"close idle visitors", "40 2 * * *", t.sweep("idle visitors", store.CloseIdleVisitors, visitorIdle)},
		{"make event partitions", "0 */6 * * *", once(t.makePartitions)},
		{"drop event partitions", "50 3 * * *", once(t.dropPartitions)},
		{"forget event ids", "*/15 * * * *", t.chunks(func(ctx context.Context, limit int) (int64, error) {
			return store.DeleteEventIDs(ctx, t.before(eventIDLife), limit)
		})},
		{"destroy visitor salts", "2 * * * *", once(t.destroySalts)},
		{"delete refused events", "10 * * * *", t.until(func(ctx context.Context) (int64, error) {
			return store.DeleteOldRefusedEvents(ctx, t.before(t.RefusedLife))
		})},
		{"delete expired credentials", "*/5 * * * *", t.until(func(ctx context.Context) (int64, error) {
			return store.DeleteExpiredCredentials(ctx, t.Now(), t.before(t.LinkLife))
		})},
		{"delete idle web sessions", "*/5 * * * *", t.until(func(ctx context.Context) (int64, error) {
			return store.DeleteIdleSessions(ctx, t.before(t.WebSessionIdle))
		})},
		{"delete idle rate limits", "*/5 * * * *", t.until(t.deleteIdleLimits)},
		{"clear the cache", "*/5 * * * *", t.chunks(t.clearCache)},
		{"delete expired locks", "*/5 * * * *", t.chunks(store.DeleteExpiredLocks)},
		{"delete expired exports", "*/10 * * * *", t.until(store.DeleteExpiredExports)},
		{"delete unused streams", "20 4 * * *", t.chunks(func(ctx context.Context, limit int) (int64, error) {
			return store.DeleteUnusedStreams(ctx, t.before(streamLife), limit)
		})},
		{"delete old job batches", "30 4 * * *", t.chunks(func(ctx context.Context, limit int) (int64, error) {
			return store.DeleteFinishedBatches(ctx, jobLife, limit)
		})},
		{"delete old failed jobs", "35 4 * * *", t.chunks(func(ctx context.Context, limit int) (int64, error) {
			return store.DeleteOldFailedJobs(ctx, jobLife, limit)
		})},
		{"delete expired spend imports", "50 * * * *", t.until(func(ctx context.Context) (int64, error) {
			return store.DeleteExpiredSpend(ctx, t.Now(), spendChunk)
		})},
	}
}

func (t *tasks) before(age time.Duration) time.Time { return t.Now().Add(-age) }

// spending is a budget in use.
type spending struct {
	rows  int64
	until time.Time
}

func (b Budget) spend() *spending {
	return &spending{rows: cmp.Or(b.Rows, 200_000), until: time.Now().Add(cmp.Or(b.Time, 20*time.Second))}
}

// next returns how many rows the next step may do, at most limit; zero: the budget is spent.
func (s *spending) next(ctx context.Context, limit int) int {
	if s.rows <= 0 || ctx.Err() != nil || !time.Now().Before(s.until) {
		return 0
	}
	return int(min(int64(limit), s.rows))
}

// once is a task that is done in one step.
func once(step func(ctx context.Context) (int64, error)) func(context.Context, Budget) (int64, bool, error) {
	return func(ctx context.Context, _ Budget) (int64, bool, error) {
		done, err := step(ctx)
		return done, false, err
	}
}

// chunks is a task of steps that are told how much they may do, and are done when one does less.
func (t *tasks) chunks(step func(ctx context.Context, limit int) (int64, error)) func(context.Context, Budget) (int64, bool, error) {
	return func(ctx context.Context, budget Budget) (done int64, more bool, err error) {
		left := budget.spend()
		for {
			limit := left.next(ctx, t.Chunk)
			if limit == 0 {
				return done, true, ctx.Err()
			}
			n, err := step(ctx, limit)
			done, left.rows = done+n, left.rows-n
			if err != nil || n < int64(limit) {
				return done, false, err
			}
		}
	}
}

// until is a task of steps that know themselves how much they may do, and are done when one does nothing.
func (t *tasks) until(step func(ctx context.Context) (int64, error)) func(context.Context, Budget) (int64, bool, error) {
	return func(ctx context.Context, budget Budget) (done int64, more bool, err error) {
		for left := budget.spend(); left.next(ctx, 1) > 0; {
			n, err := step(ctx)
			done, left.rows = done+n, left.rows-n
			if err != nil || n == 0 {
				return done, false, err
			}
		}
		return done, true, ctx.Err()
	}
}

// perProject is a task of steps for each project that does not keep everything: in turns, so that a large one does not keep
// the others waiting. What fails for one is done for the others.
func (t *tasks) perProject(chunk int, step func(r repo.Retention, ctx context.Context, now time.Time, limit int) (repo.Deleted, error)) func(context.Context, Budget) (int64, bool, error) {
	return func(ctx context.Context, budget Budget) (done int64, more bool, err error) {
		left := budget.spend()
		projects, err := t.projects(ctx)
		if err != nil {
			return 0, false, err
		}
		var failures []error
		for len(projects) > 0 {
			var unfinished []repo.Retention
			for _, project := range projects {
				limit := left.next(ctx, chunk)
				if limit == 0 {
					return done, true, errors.Join(append(failures, ctx.Err())...)
				}
				deleted, err := step(project, ctx, t.Now(), limit)
				done, left.rows = done+deleted.Rows, left.rows-deleted.Rows
				if err != nil {
					failures = append(failures, err)
					continue
				}
				if deleted.HeldBack {
					t.Logger.InfoContext(ctx, "some of what is past its retention waits until its days are counted and nobody writes it", "project_id", project.ProjectID)
				}
				if deleted.More {
					unfinished = append(unfinished, project)
				}
			}
			projects = unfinished
		}
		return done, false, errors.Join(failures...)
	}
}

func (t *tasks) projects(ctx context.Context) ([]repo.Retention, error) {
	const page = 1000
	var all []repo.Retention
	for after := int64(0); ; {
		some, err := t.Store.RetainingProjects(ctx, repo.Page[int64]{After: after, Limit: page})
		all = append(all, some...)
		if err != nil || len(some) < page {
			return all, err
		}
		after = some[len(some)-1].ProjectID
	}
}

// placeLife is for how long it is remembered how far a sweep has come.
const placeLife = 24 * time.Hour

// sweep is a task that looks at all visitors in their order, and goes on where the last run has come to. Where that is not
// known any more, it begins anew.
func (t *tasks) sweep(name string, step func(ctx context.Context, after repo.VisitorPlace, before time.Time, limit int) (int64, repo.VisitorPlace, error), age time.Duration) func(context.Context, Budget) (int64, bool, error) {
	key := t.Store.CacheKey("retention: " + name)
	return func(ctx context.Context, budget Budget) (done int64, more bool, err error) {
		left := budget.spend()
		cached, err := t.Store.Cached(ctx, key, placeLife)
		if err != nil {
			return 0, false, err
		}
		var place repo.VisitorPlace
		if cached.Found {
			_ = json.Unmarshal(cached.Value, &place) // what is not ours leaves the beginning
		}
		for {
			limit := left.next(ctx, t.Chunk)
			if limit == 0 {
				return done, true, ctx.Err()
			}
			n, last, err := step(ctx, place, t.before(age), limit)
			if err != nil {
				return done, false, err
			}
			done, left.rows, place = done+n, left.rows-int64(limit), last
			text, _ := json.Marshal(place) // two numbers
			if _, err := t.Store.StoreCached(ctx, key, cached.Generation, text, placeLife); err != nil {
				return done, false, err
			}
			if place == (repo.VisitorPlace{}) {
				return done, false, nil
			}
		}
	}
}

// keptBack is the beginning of the oldest month that is kept ready though it may be empty.
func (t *tasks) keptBack() time.Time {
	now := t.Now().UTC()
	return time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, time.UTC)
}

func (t *tasks) makePartitions(ctx context.Context) (int64, error) {
	made, err := t.Store.EnsureEventPartitions(ctx, t.keptBack(), t.Now().AddDate(0, 2, 0))
	return int64(made), err
}

func (t *tasks) dropPartitions(ctx context.Context) (int64, error) {
	dropped, err := t.Store.DropEventPartitions(ctx, t.keptBack())
	return int64(dropped), err
}

// destroySalts destroys the salts of days that began more than 48 hours ago: yesterday's and today's stay.
func (t *tasks) destroySalts(ctx context.Context) (int64, error) {
	return 0, t.Store.DeleteVisitorSalts(ctx, t.Now().UTC().AddDate(0, 0, -1))
}

func (t *tasks) deleteIdleLimits(ctx context.Context) (int64, error) {
	if t.DeleteIdleLimits == nil {
		return 0, nil
	}
	return t.DeleteIdleLimits(ctx)
}

func (t *tasks) clearCache(ctx context.Context, limit int) (int64, error) {
	expired, err := t.Store.DeleteExpiredCache(ctx, limit)
	if err != nil || expired >= int64(limit) {
		return expired, err
	}
	trimmed, err := t.Store.TrimCache(ctx, t.CacheRows, limit-int(expired))
	return expired + trimmed, err
}
