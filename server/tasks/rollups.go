package tasks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/jobs"
	"github.com/microtracker/microtracker/server/rollup"
)

const (
	// refreshEvery is how often it is looked which projects have marks: today's figures are that late, and a little.
	refreshEvery = "@every 40s"
	// markedPage is how many projects with marks are read at once.
	markedPage = 500
	// daysPerJob is how many days a job of a rebuild counts.
	daysPerJob = 7
)

// ProjectArgs names a project.
type ProjectArgs struct {
	ProjectID int64 `json:"project_id"`
}

// DaysArgs names days of a project: dates, Until excluded.
type DaysArgs struct {
	ProjectID int64  `json:"project_id"`
	Since     string `json:"since"`
	Until     string `json:"until"`
}

// refreshAll finds the projects whose figures have changed.
func refreshAll() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "rollups.refresh", Version: 1, Queue: rollupsQueue, MaxAttempts: 1, Timeout: time.Minute}
}

// RefreshRollups counts a project's marked days again.
func RefreshRollups() jobs.Kind[ProjectArgs] {
	return jobs.Kind[ProjectArgs]{Name: "rollups.refresh_project", Version: 1, Queue: rollupsQueue, MaxAttempts: 10, Timeout: 30 * time.Minute}
}

// RefreshRollupsJob is the one job that refreshes the project; while it waits or runs there is no other.
func RefreshRollupsJob(projectID int64) (repo.NewJob, error) {
	options := jobs.Options{DedupKey: fmt.Sprintf("rollups:%d", projectID), ProjectID: projectID}
	return RefreshRollups().Job(ProjectArgs{ProjectID: projectID}, options)
}

// rebuildRollups counts days again, marked or not.
func rebuildRollups() jobs.Kind[DaysArgs] {
	return jobs.Kind[DaysArgs]{Name: "rollups.rebuild_days", Version: 1, Queue: rebuildQueue, MaxAttempts: 5, Timeout: time.Hour}
}

// RebuildBatch is a batch that counts the project's days from since until until, dates, again.
func RebuildBatch(projectID int64, since, until time.Time) (repo.NewBatch, error) {
	batch := repo.NewBatch{
		Name:      fmt.Sprintf("Rebuild daily rollups from %s to %s", since.Format(time.DateOnly), until.AddDate(0, 0, -1).Format(time.DateOnly)),
		ProjectID: projectID, Options: repo.BatchOptions{AllowFailures: true},
	}
	for day := since; day.Before(until); day = day.AddDate(0, 0, daysPerJob) {
		end := day.AddDate(0, 0, daysPerJob)
		if end.After(until) {
			end = until
		}
		job, err := rebuildRollups().Job(DaysArgs{ProjectID: projectID, Since: day.Format(time.DateOnly), Until: end.Format(time.DateOnly)}, jobs.Options{})
		if err != nil {
			return batch, err
		}
		batch.Jobs = append(batch.Jobs, job)
	}
	return batch, nil
}

func (w *worker) registerRollups(registry *jobs.Registry) {
	jobs.Handle(registry, refreshAll(), w.refreshAll)
	jobs.Handle(registry, RefreshRollups(), w.refreshProject)
	jobs.Handle(registry, rebuildRollups(), w.rebuildDays)
	jobs.Handle(registry, rollUpMonths(), w.rollUpMonths)
	jobs.AddSchedule(registry, "refresh rollups", refreshEvery, "UTC", refreshAll(), struct{}{})
	jobs.AddSchedule(registry, "put months together", "40 * * * *", "UTC", rollUpMonths(), struct{}{})
}

// rollUpMonths puts the months of all projects together that are over. What it does not come to is left to the next hour.
func rollUpMonths() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "rollups.months", Version: 1, Queue: rebuildQueue, MaxAttempts: 1, Timeout: 50 * time.Minute}
}

func (w *worker) rollUpMonths(ctx context.Context, _ *jobs.Running, _ struct{}) error {
	return w.eachProject(ctx, func(id int64) error {
		if err := w.rollups.RollUpMonths(ctx, id); err != nil {
			return fmt.Errorf("put the months of project %d together: %w", id, err)
		}
		return nil
	})
}

// refreshAll enqueues a job for each project with marks.
func (w *worker) refreshAll(ctx context.Context, _ *jobs.Running, _ struct{}) error {
	page := repo.Page[int64]{Limit: markedPage}
	for {
		projects, err := w.Store.MarkedProjects(ctx, page)
		if err != nil {
			return err
		}
		list := make([]repo.NewJob, 0, len(projects))
		for _, id := range projects {
			job, err := RefreshRollupsJob(id)
			if err != nil {
				return err
			}
			list = append(list, job)
		}
		if _, err := w.Store.Enqueue(ctx, list...); err != nil && !errors.Is(err, repo.ErrNotFound) { // a project that has gone meanwhile
			return err
		}
		if len(projects) < page.Limit {
			return nil
		}
		page.After = projects[len(projects)-1]
	}
}

func (w *worker) refreshProject(ctx context.Context, _ *jobs.Running, args ProjectArgs) error {
	began := w.Now()
	if !w.rests.over(args.ProjectID, began) {
		return nil // its marks are there the next time
	}
	err := w.rollups.Refresh(ctx, args.ProjectID, nil)
	if errors.Is(err, repo.ErrNotFound) {
		return nil // the project has gone
	}
	now := w.Now()
	w.rests.begin(args.ProjectID, now, now.Sub(began))
	w.RolledUp(false, now.Sub(began))
	return err
}

func (w *worker) rebuildDays(ctx context.Context, _ *jobs.Running, args DaysArgs) error {
	since, err := time.Parse(time.DateOnly, args.Since)
	if err != nil {
		return jobs.Permanent(err)
	}
	until, err := time.Parse(time.DateOnly, args.Until)
	if err != nil {
		return jobs.Permanent(err)
	}
	for day := since; day.Before(until); day = day.AddDate(0, 0, 1) {
		began := w.Now()
		err := w.rollups.Rebuild(ctx, args.ProjectID, day)
		switch {
		case errors.Is(err, rollup.ErrFrozen): // its figures stay
		case errors.Is(err, repo.ErrNotFound):
			return nil // the project has gone
		case err != nil:
			return fmt.Errorf("rebuild %s: %w", day.Format(time.DateOnly), err)
		default:
			w.RolledUp(true, w.Now().Sub(began))
		}
	}
	return nil
}
