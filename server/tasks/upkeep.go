package tasks

import (
	"context"
	"fmt"
	"time"

	"github.com/microtracker/microtracker/server/jobs"
	"github.com/microtracker/microtracker/server/limit"
	"github.com/microtracker/microtracker/server/retention"
)

// UpkeepArgs names a task of retention.
type UpkeepArgs struct {
	Task string `json:"task"`
}

// upkeep does a task of retention. It is tried again when its schedule comes again.
func upkeep() jobs.Kind[UpkeepArgs] {
	return jobs.Kind[UpkeepArgs]{Name: "upkeep", Version: 1, Queue: upkeepQueue, MaxAttempts: 3, Timeout: 10 * time.Minute}
}

// longestUpkeep is after how long a job of upkeep leaves the rest to its next run.
const longestUpkeep = 5 * time.Minute

func (w *worker) registerUpkeep(registry *jobs.Registry) {
	limiter := limit.New(w.Store, w.Now)
	list := map[string]retention.Task{}
	for _, task := range retention.Tasks(retention.Config{
		Store: w.Store, Now: w.Now, Logger: w.Logger, DeleteIdleLimits: limiter.DeleteIdle, LinkLife: VerificationLife,
	}) {
		list[task.Name] = task
		jobs.AddSchedule(registry, task.Name, task.Cron, "UTC", upkeep(), UpkeepArgs{Task: task.Name})
	}
	jobs.Handle(registry, upkeep(), func(ctx context.Context, _ *jobs.Running, args UpkeepArgs) error {
		task, known := list[args.Task]
		if !known {
			return jobs.Permanent(fmt.Errorf("there is no task %q", args.Task))
		}
		return w.keepUp(ctx, task)
	})
}

// keepUp runs the task until there is nothing left to do, in turns, so that what it did is counted as it goes.
func (w *worker) keepUp(ctx context.Context, task retention.Task) error {
	var total int64
	began := time.Now()
	for {
		done, more, err := task.Run(ctx, retention.Budget{})
		total += done
		w.Deleted(task.Name, done)
		if err != nil {
			return fmt.Errorf("%s: %w", task.Name, err)
		}
		if !more || time.Since(began) > longestUpkeep {
			break
		}
	}
	if total > 0 {
		w.Logger.InfoContext(ctx, "kept house", "task", task.Name, "rows", total, "took", time.Since(began).Round(time.Millisecond))
	}
	return nil
}
