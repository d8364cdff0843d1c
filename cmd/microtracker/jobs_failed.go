package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/jobs"
)

type jobsFailedCommand struct {
	ID     int64           `arg:"" optional:"" help:"The failed job to show with its whole error."`
	Filter jobFilterFlags  `embed:""`
	Page   newestPageFlags `embed:""`
}

// Run lists the failed jobs, or shows one.
func (c *jobsFailedCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	page, err := c.Page.page()
	if err != nil {
		return err
	}
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	if c.ID != 0 {
		return c.show(ctx, db)
	}
	found, err := db.FailedJobs(ctx, c.Filter.filter(), page)
	if err != nil {
		return err
	}
	more := len(found) > c.Page.Limit
	found = found[:min(len(found), c.Page.Limit)]
	list := table{header: []string{"ID", "KIND", "QUEUE", "FAILED", "PROJECT", "BATCH", "ERROR"}}
	var last int64
	for i := range found {
		job := &found[i]
		last = job.ID
		_, kind, _, _, _ := jobs.Describe(job.Payload)
		list.add(idCell(job.ID), kind, job.Queue, exactCell(job.FailedAt), zeroCell(job.ProjectID), job.BatchID, firstLine(job.Exception))
	}
	return list.print(more, last)
}

func (c *jobsFailedCommand) show(ctx context.Context, db *database) error {
	job, err := db.FailedJob(ctx, c.Filter.filter(), c.ID)
	if errors.Is(err, repo.ErrNotFound) {
		return noFailedJob(c.ID)
	}
	if err != nil {
		return err
	}
	_, kind, maxAttempts, arguments, _ := jobs.Describe(job.Payload)
	return writeFields(os.Stdout, [][2]string{
		{"failed job", idCell(job.ID)},
		{"uuid", job.UUID},
		{"kind", kind},
		{"queue", job.Queue},
		{"attempts", "at most " + strconv.Itoa(maxAttempts)},
		{"failed", exactCell(job.FailedAt)},
		{"project", zeroCell(job.ProjectID)},
		{"batch", job.BatchID},
		{"arguments", string(arguments)},
		{"error", job.Exception},
	})
}

func noFailedJob(id int64) error {
	return fmt.Errorf("there is no failed job %d: see microtracker jobs failed", id)
}

// retriedAtOnce is how many failed jobs are put back between two looks at whether to go on.
const retriedAtOnce = 200

type jobsRetryCommand struct {
	ID     int64          `arg:"" optional:"" help:"The failed job."`
	All    bool           `help:"All that failed so far, or those that --queue, --batch and --project name."`
	Filter jobFilterFlags `embed:""`
}

// Run puts the failed job, or all, back.
func (c *jobsRetryCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	switch filtered := c.Filter != (jobFilterFlags{}); {
	case (c.ID != 0) == c.All:
		return errors.New("give the ID of a failed job, or --all")
	case filtered && !c.All:
		return errors.New("--queue, --batch and --project go with --all")
	}
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	if c.All {
		return c.retryAll(ctx, db)
	}
	job, err := db.FailedJob(ctx, repo.JobFilter{}, c.ID)
	if err == nil {
		if _, _, _, _, ok := jobs.Describe(job.Payload); !ok {
			return fmt.Errorf("what failed job %d was to do cannot be read, so that it would fail again: microtracker jobs discard %d", c.ID, c.ID)
		}
		err = db.RetryFailedJob(ctx, repo.JobFilter{}, c.ID)
	}
	if errors.Is(err, repo.ErrNotFound) {
		return noFailedJob(c.ID)
	}
	if err != nil {
		return err
	}
	fmt.Printf("put failed job %d back into the queue %s\n", c.ID, harmless(job.Queue))
	return nil
}

func (c *jobsRetryCommand) retryAll(ctx context.Context, db *database) error {
	var retried, unreadable int
	for done := (repo.RetriedJobs{Left: 1}); done.Left > 0; {
		var err error
		done, err = db.RetryFailedJobs(ctx, c.Filter.filter(), done.Until, repo.Page[int64]{After: done.Last, Limit: retriedAtOnce})
		retried, unreadable = retried+done.Retried, unreadable+done.Unreadable
		if err != nil {
			return fmt.Errorf("after %d were put back: %w", retried, err)
		}
	}
	fmt.Printf("put %d failed jobs back into their queues\n", retried)
	if unreadable > 0 {
		fmt.Printf("left %d that cannot be read: microtracker jobs failed lists them without a kind, microtracker jobs discard forgets them\n", unreadable)
	}
	return nil
}

type jobsDiscardCommand struct {
	ID int64 `arg:"" help:"The failed job."`
}

// Run forgets the failed job.
func (c *jobsDiscardCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	err = db.DiscardFailedJob(ctx, repo.JobFilter{}, c.ID)
	if errors.Is(err, repo.ErrNotFound) {
		return noFailedJob(c.ID)
	}
	if err != nil {
		return err
	}
	fmt.Printf("discarded failed job %d\n", c.ID)
	return nil
}
