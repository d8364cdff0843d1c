package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/enrich"
	"github.com/microtracker/microtracker/server/jobs"
)

type jobsCommand struct {
	List        jobsListCommand        `cmd:"" help:"List the jobs that wait or run, newest first."`
	Show        jobsShowCommand        `cmd:"" help:"Show a job that waits or runs: its arguments and its last error."`
	Cancel      jobsCancelCommand      `cmd:"" help:"Remove a job; one that runs is told within seconds."`
	Failed      jobsFailedCommand      `cmd:"" help:"List the jobs that failed for good, newest first, or show one with its whole error."`
	Retry       jobsRetryCommand       `cmd:"" help:"Put a failed job, or all, back into their queues."`
	Discard     jobsDiscardCommand     `cmd:"" help:"Forget a failed job."`
	Batches     jobsBatchesCommand     `cmd:"" help:"List batches, newest first."`
	Batch       jobsBatchCommand       `cmd:"" help:"Show a batch with the ids of what failed in it."`
	CancelBatch jobsCancelBatchCommand `cmd:"" help:"Remove the jobs of a batch that wait or run."`
	Schedules   jobsSchedulesCommand   `cmd:"" help:"List what happens by the clock, with when it last did and next will."`
	Queues      jobsQueuesCommand      `cmd:"" help:"Say how much waits and runs, by queue."`
}

// jobFilterFlags say which jobs are meant.
type jobFilterFlags struct {
	Project int64  `help:"Only those of this project." placeholder:"ID"`
	Queue   string `help:"Only those of this queue."`
	Batch   string `help:"Only those of this batch." placeholder:"ID"`
}

func (f jobFilterFlags) filter() repo.JobFilter {
	return repo.JobFilter{ProjectID: f.Project, Queue: f.Queue, BatchID: f.Batch}
}

// newestPageFlags ask for a part of a list that begins with the newest.
type newestPageFlags struct {
	Limit int   `help:"At most this many." default:"50"`
	After int64 `help:"Go on with those older than this ID." placeholder:"ID"`
}

func (f newestPageFlags) page() (repo.Page[int64], error) {
	return pageFlags(f).page()
}

type jobsListCommand struct {
	Filter jobFilterFlags  `embed:""`
	Page   newestPageFlags `embed:""`
}

// Run lists the jobs.
func (c *jobsListCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	page, err := c.Page.page()
	if err != nil {
		return err
	}
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	found, err := db.Jobs(ctx, c.Filter.filter(), page)
	if err != nil {
		return err
	}
	now, err := db.Now(ctx)
	if err != nil {
		return err
	}
	more := len(found) > c.Page.Limit
	found = found[:min(len(found), c.Page.Limit)]
	list := table{header: []string{"ID", "KIND", "QUEUE", "STATE", "SINCE OR FROM", "ATTEMPTS", "PROJECT", "BATCH", "LAST ERROR"}}
	var last int64
	for i := range found {
		job := &found[i]
		last = job.ID
		_, kind, maxAttempts, _, _ := jobs.Describe(job.Payload)
		list.add(idCell(job.ID), kind, job.Queue, string(job.State(now)), secondCell(stateSince(job)), fmt.Sprintf("%d of %d", job.Attempts, maxAttempts),
			zeroCell(job.ProjectID), job.BatchID, firstLine(job.LastError))
	}
	return list.print(more, last)
}

// stateSince is when its worker was last heard of, or from when on it may be taken.
func stateSince(job *repo.Job) int64 {
	if job.ReservedAt != nil {
		return *job.ReservedAt
	}
	return job.AvailableAt
}

type jobsShowCommand struct {
	ID int64 `arg:"" help:"The job."`
}

// Run shows the job.
func (c *jobsShowCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	job, err := db.Job(ctx, repo.JobFilter{}, c.ID)
	if errors.Is(err, repo.ErrNotFound) {
		return noJob(c.ID)
	}
	if err != nil {
		return err
	}
	now, err := db.Now(ctx)
	if err != nil {
		return err
	}
	id, kind, maxAttempts, arguments, _ := jobs.Describe(job.Payload)
	reserved := ""
	if job.ReservedAt != nil {
		reserved = secondCell(*job.ReservedAt)
	}
	return writeFields(os.Stdout, [][2]string{
		{"job", idCell(job.ID)},
		{"uuid", id},
		{"kind", kind},
		{"queue", job.Queue},
		{"state", string(job.State(now))},
		{"attempts", fmt.Sprintf("%d of %d", job.Attempts, maxAttempts)},
		{"created", secondCell(job.CreatedAt)},
		{"available", secondCell(job.AvailableAt)},
		{"worker heard of", reserved},
		{"project", zeroCell(job.ProjectID)},
		{"batch", job.BatchID},
		{"key", job.DedupKey},
		{"arguments", string(arguments)},
		{"last error", job.LastError},
	})
}

type jobsCancelCommand struct {
	ID int64 `arg:"" help:"The job."`
}

// Run removes the job.
func (c *jobsCancelCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	err = db.CancelJob(ctx, repo.JobFilter{}, c.ID)
	if errors.Is(err, repo.ErrNotFound) {
		return noJob(c.ID)
	}
	if err != nil {
		return err
	}
	fmt.Printf("cancelled job %d\n", c.ID)
	return nil
}

func noJob(id int64) error {
	return fmt.Errorf("no job %d waits or runs: it is done, or see microtracker jobs failed", id)
}

type jobsBatchesCommand struct {
	Project int64  `help:"Only those of this project." placeholder:"ID"`
	Limit   int    `help:"At most this many." default:"50"`
	After   string `help:"Go on with those older than this ID." placeholder:"ID"`
}

// Run lists the batches.
func (c *jobsBatchesCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	page, err := pageFlags{Limit: c.Limit}.page()
	if err != nil {
		return err
	}
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	batches, err := db.JobBatches(ctx, repo.JobFilter{ProjectID: c.Project}, repo.Page[string]{After: c.After, Limit: page.Limit})
	if err != nil {
		return err
	}
	more := len(batches) > c.Limit
	batches = batches[:min(len(batches), c.Limit)]
	list := table{header: []string{"ID", "NAME", "STATE", "JOBS", "PENDING", "FAILED", "PROJECT", "CREATED", "FINISHED"}}
	last := ""
	for i := range batches {
		batch := &batches[i]
		last = batch.ID
		list.add(batch.ID, batch.Name, string(batch.State()), strconv.Itoa(batch.TotalJobs), strconv.Itoa(batch.PendingJobs),
			strconv.Itoa(batch.FailedJobs), zeroCell(batch.ProjectID), secondCell(batch.CreatedAt), optionalSecondCell(batch.FinishedAt))
	}
	if err := list.write(os.Stdout); err != nil {
		return err
	}
	if more {
		fmt.Fprintf(os.Stderr, "There are more: --after %s\n", harmless(last))
	}
	return nil
}

type jobsBatchCommand struct {
	ID string `arg:"" help:"The batch."`
}

// Run shows the batch.
func (c *jobsBatchCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	batch, err := db.JobBatch(ctx, repo.JobFilter{}, c.ID)
	if errors.Is(err, repo.ErrNotFound) {
		return noBatch(c.ID)
	}
	if err != nil {
		return err
	}
	return writeBatch(os.Stdout, batch)
}

type jobsCancelBatchCommand struct {
	ID string `arg:"" help:"The batch."`
}

// Run cancels the batch and shows it.
func (c *jobsCancelBatchCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	batch, err := db.CancelBatch(ctx, repo.JobFilter{}, c.ID)
	if errors.Is(err, repo.ErrNotFound) {
		return noBatch(c.ID)
	}
	if err != nil {
		return err
	}
	return writeBatch(os.Stdout, batch)
}

func noBatch(id string) error {
	return fmt.Errorf("there is no batch %q: see microtracker jobs batches", id)
}

func writeBatch(out io.Writer, batch *repo.JobBatch) error {
	return writeFields(out, [][2]string{
		{"batch", batch.ID},
		{"name", batch.Name},
		{"state", string(batch.State())},
		{"jobs", strconv.Itoa(batch.TotalJobs)},
		{"pending", strconv.Itoa(batch.PendingJobs)},
		{"failed", strconv.Itoa(batch.FailedJobs)},
		{"project", zeroCell(batch.ProjectID)},
		{"created", secondCell(batch.CreatedAt)},
		{"cancelled", optionalSecondCell(batch.CancelledAt)},
		{"finished", optionalSecondCell(batch.FinishedAt)},
		{"failed uuids", batch.FailedJobIDs},
	})
}

type jobsSchedulesCommand struct{}

// Run lists the schedules.
func (c *jobsSchedulesCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	schedules, err := db.JobSchedules(ctx)
	if err != nil {
		return err
	}
	list := table{header: []string{"NAME", "CRON", "TIME ZONE", "LAST RUN", "NEXT RUN", "LAST JOB"}}
	for _, schedule := range schedules {
		list.add(schedule.Name, schedule.Cron, schedule.TimeZone, exactCell(schedule.LastRunAt), exactCell(schedule.NextRunAt), zeroCell(schedule.LastJobID))
	}
	return list.write(os.Stdout)
}

type jobsQueuesCommand struct{}

// Run counts what waits and runs.
func (c *jobsQueuesCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	depths, err := db.QueueDepths(ctx)
	if err != nil {
		return err
	}
	failed, err := db.CountFailedJobs(ctx)
	if err != nil {
		return err
	}
	list := table{header: []string{"QUEUE", "WAITING", "DELAYED", "RUNNING", "WAITING FOR"}}
	for _, depth := range depths {
		list.add(depth.Queue, idCell(depth.Waiting), idCell(depth.Delayed), idCell(depth.Reserved), (time.Duration(depth.OldestSeconds) * time.Second).String())
	}
	if err := list.write(os.Stdout); err != nil {
		return err
	}
	fmt.Printf("failed jobs: %d\n", failed)
	return nil
}

// writeFields prints names and values, a line each; of a value with several lines the rest stands below it, indented. What
// programs and strangers have put into them is made harmless, as in a table.
func writeFields(out io.Writer, fields [][2]string) error {
	const longest = 64 << 10
	for _, field := range fields {
		name, value := field[0], field[1]
		for i, line := range strings.Split(value, "\n") {
			indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
			line = enrich.FixText(line, longest)
			if i == 0 {
				if line == "" {
					line = "-"
				}
				line = fmt.Sprintf("%-16s%s", name, line)
			} else {
				line = strings.TrimRight("                "+indent+line, " ")
			}
			if _, err := fmt.Fprintln(out, line); err != nil {
				return err
			}
		}
	}
	return nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// zeroCell is an ID, nothing if there is none.
func zeroCell(id int64) string {
	if id == 0 {
		return ""
	}
	return idCell(id)
}

// exactCell is a time in UTC to the second, nothing if there is none.
func exactCell(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// secondCell is a time of the queue.
func secondCell(seconds int64) string { return exactCell(time.Unix(seconds, 0)) }

func optionalSecondCell(seconds *int64) string {
	if seconds == nil {
		return ""
	}
	return secondCell(*seconds)
}
