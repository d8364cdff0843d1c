// Package rollup keeps the daily rollups: each day of a project counted exactly, and counted again where it has changed.
//
// Whoever changes what a day counts leaves a mark with the change (repo.RollupMark). A day is counted in one transaction
// that takes its marks. Today and yesterday are kept as one part for each half hour, so that only those with a mark are
// counted again; of older days the whole is counted. docs/rollups.md tells more.
package rollup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/microtracker/microtracker/repo"
)

const (
	// maxTries bounds how often a day is begun anew that another transaction got in the way of.
	maxTries = 10
	// freshEvery is how long a backlog of older days may keep today waiting.
	freshEvery = 30 * time.Second
)

// ErrFrozen is returned for a day that cannot be counted any more: its raw data were deleted for their age.
var ErrFrozen = errors.New("the day's events or sessions were deleted for their age")

// Config says what a Refresher works on. Now is the clock by which it shares its time out; nil: time.Now.
type Config struct {
	Store  *repo.Store
	Logger *slog.Logger
	Now    func() time.Time
}

// Refresher counts days. Safe for concurrent use, on any number of servers.
type Refresher struct {
	config Config
}

// New makes a Refresher.
func New(c Config) *Refresher {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Refresher{config: c}
}

// Refresh counts every marked day of a project, the newest first, each in a transaction of its own. progress is told how
// many of how many days are done; nil: nobody is. ErrNotFound when the project is gone.
func (r *Refresher) Refresh(ctx context.Context, projectID int64, progress func(done, total int)) error {
	days, err := r.markedDays(ctx, projectID)
	if err != nil {
		return err
	}
	fresh := r.config.Now()
	for i, day := range days {
		if now := r.config.Now(); now.Sub(fresh) > freshEvery {
			fresh = now
			for _, recent := range days[:min(2, i)] {
				if _, err := r.refreshDay(ctx, projectID, recent); err != nil {
					return err
				}
			}
		}
		if _, err := r.refreshDay(ctx, projectID, day); err != nil {
			return err
		}
		if progress != nil {
			progress(i+1, len(days))
		}
	}
	return nil
}

// refreshDays counts those of these days that are marked. ErrNotFound when the project is gone.
func (r *Refresher) refreshDays(ctx context.Context, projectID int64, days map[time.Time]bool) error {
	marked, err := r.markedDays(ctx, projectID)
	if err != nil {
		return err
	}
	for _, day := range marked {
		if !days[day] {
			continue
		}
		if _, err := r.refreshDay(ctx, projectID, day); err != nil {
			return err
		}
	}
	return nil
}

// Rebuild counts a whole day of a project from its raw data. The day is a date, midnight UTC. ErrFrozen, ErrNotFound.
func (r *Refresher) Rebuild(ctx context.Context, projectID int64, day time.Time) error {
	state, err := r.config.Store.RollupState(ctx, projectID)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(state.TimeZone)
	if err != nil {
		return fmt.Errorf("rebuild a day: %w", err)
	}
	s := spanOf(day, zone)
	if !s.since.Before(s.until) {
		return nil // the zone has left the day out
	}
	if err := r.config.Store.MarkRollup(ctx, projectID, repo.RollupMark{Since: s.since, Until: s.until}); err != nil {
		return err
	}
	frozen, err := r.refreshDay(ctx, projectID, day)
	if err == nil && frozen {
		return ErrFrozen
	}
	return err
}

// markedDays splits the marks that lie in several days and returns the days that have marks, the newest first.
func (r *Refresher) markedDays(ctx context.Context, projectID int64) ([]time.Time, error) {
	state, err := r.config.Store.RollupState(ctx, projectID)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(state.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("list the marked days: %w", err)
	}
	marked := map[time.Time]bool{}
	for _, mark := range state.Marks {
		var pieces []repo.RollupMark
		for s := spanAt(mark.Since, zone); s.since.Before(mark.Until); s = spanOf(s.day.AddDate(0, 0, 1), zone) {
			if !s.since.Before(s.until) {
				continue
			}
			marked[s.day] = true
			pieces = append(pieces, repo.RollupMark{Since: latest(mark.Since, s.since), Until: earliest(mark.Until, s.until)})
		}
		if len(pieces) > 1 {
			if err := r.config.Store.SplitRollupMark(ctx, projectID, mark, pieces); err != nil {
				return nil, err
			}
		}
	}
	days := make([]time.Time, 0, len(marked))
	for day := range marked {
		days = append(days, day)
	}
	slices.SortFunc(days, func(a, b time.Time) int { return b.Compare(a) })
	return days, nil
}

// refreshDay counts a day, if it has marks. It reports whether the day is frozen.
func (r *Refresher) refreshDay(ctx context.Context, projectID int64, day time.Time) (frozen bool, err error) {
	begun := r.config.Now()
	for range maxTries {
		c := counting{day: day}
		err = r.config.Store.RollUp(ctx, projectID, c.run)
		if err == nil {
			r.config.Logger.DebugContext(ctx, "counted a day", "project_id", projectID, "day", day.Format(time.DateOnly),
				"parts", c.counted, "frozen", c.frozen, "took", r.config.Now().Sub(begun))
			if c.past {
				// Answers about ranges that are over are kept for long.
				if err := r.config.Store.InvalidateProjectCache(ctx, projectID); err != nil {
					return c.frozen, err
				}
			}
			return c.frozen, nil
		}
		if !errors.Is(err, repo.ErrTryAgain) {
			break
		}
	}
	return false, fmt.Errorf("count %s of project %d: %w", day.Format(time.DateOnly), projectID, err)
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
