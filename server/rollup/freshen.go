package rollup

import (
	"context"
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
	// restFor is for how long the days of a project are not counted inside questions after that took too long, or failed.
	restFor = 10 * time.Second
)

// freshener counts the marked days that questions ask about, for all questions of a project at once. Safe for concurrent use.
type freshener struct {
	refresher *Refresher
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
	days map[time.Time]bool
	done chan struct{}
	// fresh is set before done is closed: all days were counted.
	fresh bool
}

func newFreshener(r *Refresher) *freshener {
	return &freshener{refresher: r, projects: map[int64]*freshening{}}
}

// freshen sees to it that the days of the questions are counted with all that was committed before the call. False: they are not,
// or not soon enough. It returns until where the project's days are frozen.
func (f *freshener) freshen(ctx context.Context, project *repo.Project, questions []report.Query) (frozenBefore time.Time, ok bool, err error) {
	days := map[time.Time]bool{}
	for _, q := range questions {
		outlook, err := project.RollupOutlook(ctx, q.Since, q.Until)
		if err != nil || outlook.TimeZone != project.TimeZone {
			return frozenBefore, false, err
		}
		frozenBefore = outlook.FrozenBefore
		for _, day := range datesOf(q, outlook.Marks) {
			days[day] = true
		}
	}
	if len(days) == 0 {
		return frozenBefore, true, nil
	}
	if len(days) > maxStale {
		return frozenBefore, false, nil
	}
	// Others may wait for what this call counts: it goes on if the caller leaves.
	return frozenBefore, f.join(context.WithoutCancel(ctx), project.ID, days), nil
}

// join waits for a round that begins after the call and counts these days.
func (f *freshener) join(ctx context.Context, projectID int64, days map[time.Time]bool) bool {
	waiting, cancel := context.WithTimeout(ctx, freshWithin)
	defer cancel()
	f.mu.Lock()
	p := f.projects[projectID]
	if p == nil {
		p = new(freshening)
		f.projects[projectID] = p
	}
	if f.refresher.config.Now().Before(p.restUntil) {
		f.mu.Unlock()
		return false
	}
	if p.next != nil {
		round := p.next
		for day := range days {
			round.days[day] = true
		}
		f.mu.Unlock()
		select {
		case <-round.done:
			return round.fresh
		case <-waiting.Done():
			return false
		}
	}
	round := &freshRound{days: days, done: make(chan struct{})}
	running := p.running
	p.next = round
	f.mu.Unlock()
	if running != nil {
		select {
		case <-running.done:
		case <-waiting.Done():
		}
	}
	f.lead(ctx, projectID, p, round)
	return round.fresh
}

// lead begins the round and counts its days.
func (f *freshener) lead(ctx context.Context, projectID int64, p *freshening, round *freshRound) {
	f.mu.Lock()
	p.next, p.running = nil, round
	f.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, freshWithin)
	defer cancel()
	err := f.refresher.refreshDays(ctx, projectID, round.days)
	round.fresh = err == nil
	f.mu.Lock()
	if err != nil {
		f.refresher.config.Logger.DebugContext(ctx, "days were not counted inside a question", "project_id", projectID, "error", err)
		p.restUntil = f.refresher.config.Now().Add(restFor)
	}
	if p.running == round {
		p.running = nil
	}
	if p.running == nil && p.next == nil && err == nil {
		delete(f.projects, projectID)
	}
	f.mu.Unlock()
	close(round.done)
}
