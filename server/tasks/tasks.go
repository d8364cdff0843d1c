// Package tasks is what the server does in the background: its kinds of jobs and its schedules. Whoever serves RPCs
// enqueues them; whoever works registers them, in the same process or in another.
package tasks

import (
	"context"
	"log/slog"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/jobs"
	"github.com/microtracker/microtracker/server/mail"
	"github.com/microtracker/microtracker/server/rollup"
)

// The queues. Each has its own so that none keeps another waiting: somebody waits for a mail, a dashboard for today.
const (
	mailQueue    = "mail"
	rollupsQueue = "rollups"
	// rebuildQueue is for days that are counted again because somebody asked.
	rebuildQueue = "rebuild"
	upkeepQueue  = "upkeep"
	// importsQueue is for files that somebody has sent and waits for.
	importsQueue = "imports"
	// exportsQueue is for files that somebody has asked for.
	exportsQueue = "exports"
)

// Weights is how often each queue comes first where one does not say otherwise.
func Weights() []jobs.Queue {
	return []jobs.Queue{{Name: mailQueue, Weight: 4}, {Name: rollupsQueue, Weight: 4}, {Name: importsQueue, Weight: 2}, {Name: exportsQueue, Weight: 2}, {Name: upkeepQueue, Weight: 2}, {Name: rebuildQueue, Weight: 1}}
}

// Config is what the work needs. All are required but Now, Observed and Deleted.
type Config struct {
	Store  *repo.Store
	Logger *slog.Logger
	// Sender gets mail out.
	Sender mail.Sender
	// HomeURL is where links in mails lead: the dashboard's address, without a slash at its end.
	HomeURL string
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// RolledUp is told that a project's days were counted again, and how long that took. May be nil.
	RolledUp func(isWhole bool, took time.Duration)
	// Deleted is told what upkeep has deleted. May be nil.
	Deleted func(task string, rows int64)
}

// worker does the jobs.
type worker struct {
	Config

	rollups *rollup.Refresher
	rests   rests
}

// Register has all kinds of jobs done by the registry's workers, and the schedules kept by its scheduler.
func Register(registry *jobs.Registry, config Config) {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.RolledUp == nil {
		config.RolledUp = func(bool, time.Duration) {}
	}
	if config.Deleted == nil {
		config.Deleted = func(string, int64) {}
	}
	w := &worker{Config: config, rollups: rollup.New(rollup.Config{Store: config.Store, Logger: config.Logger, Now: config.Now})}
	w.registerMails(registry)
	w.registerRollups(registry)
	w.registerExports(registry)
	w.registerSpend(registry)
	w.registerAdLinks(registry)
	w.registerUpkeep(registry)
}

// projectsAtOnce is how many projects are listed at once.
const projectsAtOnce = 500

// eachProject does something with every project, and ends with the first error.
func (w *worker) eachProject(ctx context.Context, do func(id int64) error) error {
	page := repo.Page[int64]{Limit: projectsAtOnce}
	for {
		ids, err := w.Store.ProjectIDs(ctx, page)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := do(id); err != nil {
				return err
			}
		}
		if len(ids) < page.Limit {
			return nil
		}
		page.After = ids[len(ids)-1]
	}
}
