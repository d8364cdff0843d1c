package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/robfig/cron/v3"

	"github.com/microtracker/microtracker/repo"
)

const (
	// schedulerLock is the lock of the one who schedules, and schedulerTTL how long it outlives him.
	schedulerLock = "scheduler"
	schedulerTTL  = 10 * time.Second
	// schedulerTick is how often he looks at the clock, and others whether he is gone.
	schedulerTick = time.Second
	// clockJump is from which difference on the database's clock is taken to have been set.
	clockJump = 5 * time.Second
)

// Schedule is a job that is enqueued by the clock.
type Schedule struct {
	// Name is shown, and kept: it stays.
	Name string
	// Cron has the five usual fields, from minutes to weekdays, or is @hourly, @daily, @every 15s and the like.
	Cron string
	// TimeZone is the IANA name of the zone in which Cron is read; UTC if empty.
	TimeZone string
	// Job makes the job that is enqueued.
	Job func() (repo.NewJob, error)
}

// AddSchedule has a job of the kind enqueued by the clock. One that still waits or runs is not joined by another.
func AddSchedule[A any](r *Registry, name, expression, zone string, k Kind[A], args A) {
	r.schedules = append(r.schedules, Schedule{Name: name, Cron: expression, TimeZone: zone, Job: func() (repo.NewJob, error) {
		return k.Job(args, Options{DedupKey: "schedule:" + name})
	}})
}

// Schedules are the names and expressions of what is registered.
func (r *Registry) Schedules() []Schedule { return r.schedules }

func (s Schedule) parse() (cron.Schedule, error) {
	zone := s.TimeZone
	if zone == "" {
		zone = "UTC"
	}
	parsed, err := cron.ParseStandard("CRON_TZ=" + zone + " " + s.Cron)
	if err != nil {
		return nil, fmt.Errorf("schedule %s: %w", s.Name, err)
	}
	return parsed, nil
}

// SchedulerConfig is what a Scheduler needs. Store, Registry and Logger are required.
type SchedulerConfig struct {
	Store    *repo.Store
	Registry *Registry
	Logger   *slog.Logger
	// Leads is told whether it is this replica that schedules, and Scheduled of each run that it started. May be nil.
	Leads     func(leads bool)
	Scheduled func(schedule string)
}

// Scheduler enqueues what is due. Any number of replicas may run one: the holder of the lock works, the others wait for it.
type Scheduler struct {
	config SchedulerConfig
	owner  string
	parsed map[string]cron.Schedule
	// fence is that of this replica's holding of the lock, 0 while another has it.
	fence int64
	// clock compares the database's clock with this machine's, which only goes forward.
	clock struct {
		database time.Time
		here     time.Time
	}
}

// NewScheduler makes one. It fails when an expression cannot be read.
func NewScheduler(config SchedulerConfig) (*Scheduler, error) {
	if config.Leads == nil {
		config.Leads = func(bool) {}
	}
	if config.Scheduled == nil {
		config.Scheduled = func(string) {}
	}
	s := &Scheduler{config: config, owner: uuid.NewString(), parsed: map[string]cron.Schedule{}}
	for _, schedule := range config.Registry.schedules {
		parsed, err := schedule.parse()
		if err != nil {
			return nil, err
		}
		s.parsed[schedule.Name] = parsed
	}
	return s, nil
}

// Run schedules until ctx ends, whenever it is this replica's turn.
func (s *Scheduler) Run(ctx context.Context) {
	failing := false
	for ctx.Err() == nil {
		err := s.turn(ctx)
		switch {
		case err != nil && ctx.Err() == nil && !failing:
			failing = true
			s.config.Logger.WarnContext(ctx, "cannot schedule jobs; trying again", "error", err)
		case err == nil && failing:
			failing = false
			s.config.Logger.InfoContext(ctx, "scheduling jobs again")
		}
		wait(ctx, nil, schedulerTick)
	}
	if s.fence == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if err := s.config.Store.ReleaseLock(ctx, schedulerLock, s.owner); err != nil {
		s.config.Logger.WarnContext(ctx, "could not hand scheduling over; another replica takes it in some seconds", "error", err)
	}
}

// turn renews the lock and enqueues what is due, if it is this replica's turn.
func (s *Scheduler) turn(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, schedulerTTL)
	defer cancel()
	fence, held, err := s.config.Store.AcquireLock(ctx, schedulerLock, s.owner, schedulerTTL)
	if err != nil || !held {
		s.lead(0)
		return err
	}
	now, err := s.config.Store.Now(ctx)
	if err != nil {
		return err
	}
	if fence != s.fence {
		if err := s.begin(ctx, fence, now); err != nil {
			return err
		}
		s.lead(fence)
		s.config.Logger.InfoContext(ctx, "this replica schedules jobs now")
	}
	if err := s.watchClock(ctx, now); err != nil {
		return err
	}
	return s.runDue(ctx, now)
}

// lead notes under which fence this replica schedules; 0: it does not.
func (s *Scheduler) lead(fence int64) {
	s.fence = fence
	s.config.Leads(fence != 0)
}

// begin makes the stored schedules those of this program.
func (s *Scheduler) begin(ctx context.Context, fence int64, now time.Time) error {
	stored, err := s.stored(ctx)
	if err != nil {
		return err
	}
	if _, err := s.config.Store.MendJobTimes(ctx); err != nil { // the clock may have been put back while nobody watched
		return err
	}
	return s.config.Store.InTx(ctx, func(ctx context.Context, tx *repo.Tx) error {
		if err := tx.HoldLock(ctx, schedulerLock, s.owner, fence); err != nil {
			return err
		}
		names := make([]string, 0, len(s.config.Registry.schedules))
		for _, schedule := range s.config.Registry.schedules {
			names = append(names, schedule.Name)
			row, known := stored[schedule.Name]
			zone := orDefault(schedule.TimeZone, "UTC")
			if known && row.Cron == schedule.Cron && row.TimeZone == zone {
				continue
			}
			row.Name, row.Cron, row.TimeZone, row.NextRunAt = schedule.Name, schedule.Cron, zone, s.parsed[schedule.Name].Next(now)
			if err := tx.SaveJobSchedule(ctx, &row); err != nil {
				return err
			}
		}
		return tx.KeepJobSchedules(ctx, names)
	})
}

func (s *Scheduler) stored(ctx context.Context) (map[string]repo.JobSchedule, error) {
	rows, err := s.config.Store.JobSchedules(ctx)
	stored := make(map[string]repo.JobSchedule, len(rows))
	for _, row := range rows {
		stored[row.Name] = row
	}
	return stored, err
}

// watchClock mends what waits when the database's clock was put back.
func (s *Scheduler) watchClock(ctx context.Context, now time.Time) error {
	here := time.Now()
	jump := time.Duration(0)
	if !s.clock.database.IsZero() {
		jump = now.Sub(s.clock.database) - here.Sub(s.clock.here)
	}
	s.clock.database, s.clock.here = now, here
	if jump.Abs() < clockJump {
		return nil
	}
	mended, err := s.config.Store.MendJobTimes(ctx)
	s.config.Logger.WarnContext(ctx, "the database's clock was set; jobs and schedules go on by the new time", "by", jump.Round(time.Second), "jobs_mended", mended)
	return err
}

// runDue enqueues what is due, once, however often it was missed.
func (s *Scheduler) runDue(ctx context.Context, now time.Time) error {
	stored, err := s.stored(ctx)
	if err != nil {
		return err
	}
	var failures []error
	for _, schedule := range s.config.Registry.schedules {
		row, known := stored[schedule.Name]
		next := s.parsed[schedule.Name].Next(now)
		if known && row.NextRunAt.After(now) && !row.NextRunAt.After(next.Add(time.Second)) {
			continue
		}
		due := known && !row.NextRunAt.After(now) // else the clock was put back, or somebody deleted the row
		row.Name, row.Cron, row.TimeZone, row.NextRunAt = schedule.Name, schedule.Cron, orDefault(schedule.TimeZone, "UTC"), next
		if err := s.enqueue(ctx, schedule, row, due, now); err != nil {
			if errors.Is(err, repo.ErrConflict) {
				s.lead(0)
				return nil // it is another's turn
			}
			failures = append(failures, fmt.Errorf("schedule %s: %w", schedule.Name, err))
		}
	}
	return errors.Join(failures...)
}

func (s *Scheduler) enqueue(ctx context.Context, schedule Schedule, row repo.JobSchedule, due bool, now time.Time) error {
	err := s.config.Store.InTx(ctx, func(ctx context.Context, tx *repo.Tx) error {
		if err := tx.HoldLock(ctx, schedulerLock, s.owner, s.fence); err != nil {
			return err
		}
		if due {
			job, err := schedule.Job()
			if err != nil {
				return err
			}
			ids, err := tx.Enqueue(ctx, job)
			if err != nil {
				return err
			}
			row.LastRunAt = now
			if len(ids) > 0 {
				row.LastJobID = ids[0]
			}
		}
		return tx.SaveJobSchedule(ctx, &row)
	})
	if err == nil && due {
		s.config.Scheduled(schedule.Name)
	}
	return err
}
