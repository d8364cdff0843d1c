package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server"
	"github.com/microtracker/microtracker/server/jobs"
	"github.com/microtracker/microtracker/server/mail"
	"github.com/microtracker/microtracker/server/tasks"
	"github.com/microtracker/microtracker/server/telemetry"
)

// workFlags say what a process does in the background.
type workFlags struct {
	Workers int      `help:"How many jobs to do at once; 0 leaves them to microtracker worker." default:"4" env:"MICROTRACKER_WORKERS"`
	Queues  []string `help:"Queues to take jobs from, each with how often it comes first in proportion to the others, such as mail=4,rollups=2. Default: all." env:"MICROTRACKER_QUEUES" placeholder:"QUEUE=WEIGHT"`
}

// work is what jobs are done with.
type work struct {
	store   *repo.Store
	sender  mail.Sender
	homeURL string
	metrics *telemetry.Metrics
	logger  *slog.Logger
}

// start does jobs, and schedules them when it is this process's turn, until ctx ends. The function that it returns waits for
// the jobs that are being done then.
func (f workFlags) start(ctx context.Context, w work) (stop func(), err error) {
	if f.Workers <= 0 {
		return func() {}, nil
	}
	registry := jobs.NewRegistry()
	tasks.Register(registry, tasks.Config{
		Store: w.store, Logger: w.logger, Sender: w.sender, HomeURL: strings.TrimSuffix(w.homeURL, "/"),
		RolledUp: w.metrics.RolledUp, Deleted: w.metrics.Deleted,
	})
	queues, err := f.queues(registry.Queues())
	if err != nil {
		return nil, err
	}
	scheduler, err := jobs.NewScheduler(jobs.SchedulerConfig{
		Store: w.store, Registry: registry, Logger: w.logger, Leads: w.metrics.Leads, Scheduled: w.metrics.Scheduled,
	})
	if err != nil {
		return nil, err
	}
	worker := jobs.NewWorker(jobs.Config{
		Store: w.store, Registry: registry, Logger: w.logger, Queues: queues, Concurrency: f.Workers, Began: w.metrics.JobBegun,
		Ended: func(kind, outcome string, took time.Duration) {
			w.metrics.JobEnded(kind, telemetry.JobOutcome(outcome), took)
		},
	})
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { worker.Run(ctx) })
	running.Go(func() { scheduler.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}, nil
}

// queues are those asked for, with their weights.
func (f workFlags) queues(known []string) ([]jobs.Queue, error) {
	if len(f.Queues) == 0 {
		return tasks.Weights(), nil
	}
	queues := make([]jobs.Queue, 0, len(f.Queues))
	for _, asked := range f.Queues {
		name, weight, weighted := strings.Cut(asked, "=")
		queue := jobs.Queue{Name: name, Weight: 1}
		if weighted {
			var err error
			if queue.Weight, err = strconv.Atoi(weight); err != nil || queue.Weight < 1 || queue.Weight > 1000 {
				return nil, fmt.Errorf("--queues %s: a weight is a number from 1 to 1000", asked)
			}
		}
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("--queues %s: there is no such queue; there are %s", asked, strings.Join(known, ", "))
		}
		queues = append(queues, queue)
	}
	return queues, nil
}

type workerCommand struct {
	PublicURL string     `help:"How browsers reach the server: where links in mails lead." default:"http://localhost:8080" env:"MICROTRACKER_PUBLIC_URL" placeholder:"URL"`
	Mail      mailFlags  `embed:""`
	Work      workFlags  `embed:""`
	Admin     adminFlags `embed:""`
}

// Run does jobs until it is told to stop.
func (c *workerCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	if c.Work.Workers <= 0 {
		return fmt.Errorf("--workers %d: a worker does one job at once at least", c.Work.Workers)
	}
	if err := c.Admin.check(); err != nil {
		return err
	}
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	sender, err := c.Mail.open(flags.Database.DataDir, os.Stdout)
	if err != nil {
		return err
	}
	metrics := telemetry.NewMetrics(version)
	stop, err := c.Work.start(ctx, work{store: db.Store, sender: sender, homeURL: c.PublicURL, metrics: metrics, logger: logger})
	if err != nil {
		return err
	}
	defer stop()
	admin, err := server.WorkerAdminHandler(db.Store, metrics)
	if err != nil {
		return err
	}
	listener, err := c.Admin.listen(ctx, logger)
	if err != nil {
		return err
	}
	stopAdmin := serveAdmin(listener, admin, logger) //nolint:contextcheck // ends after ctx has
	defer stopAdmin()
	go telemetry.NewClockWatch(telemetry.SystemClock(), logger).Run(ctx)
	logger.Info("working", "jobs_at_once", c.Work.Workers, "version", version)
	<-ctx.Done()
	logger.Info("finishing the jobs that are being done")
	return nil
}
