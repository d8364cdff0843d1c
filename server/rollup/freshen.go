package rollup

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

const (
	// freshWithin is how long a question waits for its days to be counted.
	freshWithin = 1500 * time.Millisecond
	// maxStale is how many marked days are counted inside a question: more are left to the job.
	maxStale = 4
	// growWithin bounds a first look at parts that grow, which goes on when nobody waits for it any more: the next ones are short.
	growWithin = 30 * time.Second
	// growPatience is how long a question waits for them: a first look takes seconds at a busy site, the raw data longer.
	growPatience = 10 * time.Second
	// restFor is for how long the days of a project are not counted inside questions after that took too long, or failed.
	restFor = 10 * time.Second
)

// freshener counts the marked days that questions ask about, for all questions of a project at once. Safe for concurrent use.
type freshener struct {
	refresher *Refresher
	growing   *growing
	mu        sync.Mutex
	projects  map[int64]*freshening
}

// freshening is what is going on for a project.
type freshening struct {
	running, next *freshRound
	// restUntil is until when nothing is counted.
	restUntil time.Time
}

// freshRound counts days. Questions join it until it begins: what it counts has all that was committed before.
type freshRound struct {
	freshDays

	done chan struct{}
	// fresh is set before done is closed: all days were counted. grown are the growing ones.
	fresh bool
	grown *grown
}

// freshDays are marked days: those to be counted and stored, and those of which only the parts are looked at that grow.
type freshDays struct{ stored, growing map[time.Time]bool }

func newFreshener(r *Refresher) *freshener {
	return &freshener{refresher: r, growing: newGrowing(r.config), projects: map[int64]*freshening{}}
}

// outlook is what a question can be answered from.
type outlook struct {
	// frozenBefore is until where the project's days are frozen.
	frozenBefore time.Time
	// today is the date by the database's clock.
	today time.Time
	// grown are parts in place of what is stored; nil: there are none.
	grown *grown
}

// freshen sees to it that the days of the questions are counted with all that was committed before the call. False: they are not,
// or not soon enough. Of today and yesterday nothing is stored for questions that breakdowns answer.
func (f *freshener) freshen(ctx context.Context, project *repo.Project, questions []report.Query) (outlook, bool, error) {
	var known outlook
	days := freshDays{map[time.Time]bool{}, map[time.Time]bool{}}
	for _, q := range questions {
		found, err := project.RollupOutlook(ctx, q.Since, q.Until)
		if err != nil || found.TimeZone != project.TimeZone {
			return known, false, err
		}
		known.frozenBefore = found.FrozenBefore
		known.today = dateOf(found.Now, q.Zone)
		yesterday := known.today.AddDate(0, 0, -1)
		for _, day := range datesOf(q, found.Marks) {
			if day.Before(yesterday) || !breakdownQuestion(q, project.TimeZone) {
				days.stored[day] = true
			} else {
				days.growing[day] = true
			}
		}
	}
	if len(days.stored)+len(days.growing) == 0 {
		return known, true, nil
	}
	if len(days.stored) > maxStale {
		return known, false, nil
	}
	round := f.join(project.ID, days) //nolint:contextcheck // others may wait for what it counts: it goes on if the caller leaves
	if round == nil {
		return known, false, nil
	}
	patience := freshWithin
	if len(days.stored) == 0 {
		patience = growPatience
	}
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-round.done:
		known.grown = round.grown
		return known, round.fresh, nil
	case <-timeout.C:
	case <-ctx.Done():
	}
	return known, false, ctx.Err()
}

// join returns a round that begins after the call and counts these days. nil: there is none for a while.
func (f *freshener) join(projectID int64, days freshDays) *freshRound {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.projects[projectID]
	if p == nil {
		p = new(freshening)
		f.projects[projectID] = p
	}
	if f.refresher.config.Now().Before(p.restUntil) {
		return nil
	}
	if p.next == nil {
		p.next = &freshRound{freshDays: freshDays{map[time.Time]bool{}, map[time.Time]bool{}}, done: make(chan struct{})}
		go f.lead(projectID, p, p.next, p.running)
	}
	maps.Copy(p.next.stored, days.stored)
	maps.Copy(p.next.growing, days.growing)
	return p.next
}

// lead begins the round after the one before, and counts its days.
func (f *freshener) lead(projectID int64, p *freshening, round, before *freshRound) {
	if before != nil {
		<-before.done
	}
	f.mu.Lock()
	p.next, p.running = nil, round
	f.mu.Unlock()
	err := f.count(projectID, round)
	round.fresh = err == nil
	f.mu.Lock()
	if err != nil {
		f.refresher.config.Logger.Debug("days were not counted inside a question", "project_id", projectID, "error", err)
		p.restUntil = f.refresher.config.Now().Add(restFor)
	}
	p.running = nil
	if p.next == nil && err == nil {
		delete(f.projects, projectID)
	}
	f.mu.Unlock()
	close(round.done)
}

func (f *freshener) count(projectID int64, round *freshRound) error {
	ctx, cancel := context.WithTimeout(context.Background(), growWithin)
	defer cancel()
	if len(round.stored) > 0 {
		ctx, cancel := context.WithTimeout(ctx, freshWithin)
		defer cancel()
		if err := f.refresher.refreshDays(ctx, projectID, round.stored); err != nil {
			return err
		}
	}
	if len(round.growing) == 0 {
		return nil
	}
	var err error
	round.grown, err = f.growing.look(ctx, projectID, round.growing)
	return err
}
