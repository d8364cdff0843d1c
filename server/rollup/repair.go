package rollup

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/microtracker/microtracker/repo"
)

// damagedError is an errUncounted: what is stored of a day, or of a month by its first day, cannot be read.
type damagedError struct {
	day     time.Time
	version string
}

func (d *damagedError) Error() string {
	return fmt.Sprintf("what is stored of %s cannot be read", d.day.Format(time.DateOnly))
}

func (d *damagedError) Unwrap() error { return errUncounted }

// maxRepairs bounds for how many damaged rows it is known that they were told of.
const maxRepairs = 1000

// repairs are the versions of damaged rows whose days were marked. The zero value is ready.
type repairs struct {
	mu   sync.Mutex
	told map[string]struct{}
}

// isNew reports whether the version has not been told of before.
func (r *repairs) isNew(version string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.told[version]; ok || len(r.told) >= maxRepairs {
		return false
	}
	if r.told == nil {
		r.told = map[string]struct{}{}
	}
	r.told[version] = struct{}{}
	return true
}

// repair marks the day of a damaged row, so that it is counted anew, and tells of it once. A month is made anew with its first day.
func (a *Answers) repair(ctx context.Context, project *repo.Project, err error) error {
	var damaged *damagedError
	if !errors.As(err, &damaged) || !a.repairs.isNew(damaged.version) {
		return nil
	}
	zone, err := time.LoadLocation(project.TimeZone)
	if err != nil {
		return fmt.Errorf("count a damaged day anew: %w", err)
	}
	a.refresher.config.Logger.WarnContext(ctx, "what is stored of a day is damaged: it is counted anew", "project_id", project.ID,
		"day", damaged.day.Format(time.DateOnly))
	s := spanOf(damaged.day, zone)
	return a.refresher.config.Store.MarkRollup(ctx, project.ID, repo.RollupMark{Since: s.since, Until: s.until})
}
