package rollup

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

// Answers answers questions about whole days from what is counted of them. Safe for concurrent use.
type Answers struct {
	refresher *Refresher
	cache     *breakdownCache
	freshener *freshener
}

// NewAnswers makes Answers. They count days with the refresher that have changed.
func NewAnswers(r *Refresher) *Answers {
	return &Answers{refresher: r, cache: newBreakdownCache(), freshener: newFreshener(r)}
}

// Answer answers a question, and the same over the range compared with, nil: none, as Project.Report does. What was committed
// before the call is in the answer. False: it cannot be answered from days, and Project.Report has to be asked.
func (a *Answers) Answer(ctx context.Context, project *repo.Project, q report.Query, compared *report.Query) (*report.Answer, bool, error) {
	questions := []report.Query{q}
	if compared != nil {
		questions = append(questions, *compared)
	}
	for _, q := range questions {
		if !eligible(q, project.TimeZone) {
			return nil, false, nil
		}
	}
	frozenBefore, ok, err := a.freshener.freshen(ctx, project, questions)
	if err != nil || !ok {
		return nil, false, err
	}
	read := make([]*stretches, len(questions))
	err = project.ViewBreakdowns(ctx, func(ctx context.Context, view *repo.BreakdownView) (err error) {
		for i := range questions {
			if read[i], ok, err = a.read(ctx, view, project, questions[i], frozenBefore); err != nil || !ok {
				return err
			}
		}
		return nil
	})
	if err != nil || !ok {
		return nil, false, err
	}
	answer, err := report.Assemble(q, compared, func(asked report.Query) ([]report.Row, error) {
		for i := range questions {
			if questions[i].Since.Equal(asked.Since) && questions[i].Until.Equal(asked.Until) {
				return read[i].rows(asked)
			}
		}
		return nil, fmt.Errorf("answer from days: no such range was read")
	})
	return answer, err == nil, err
}

// read reads what the question's answer is put together from. False: not all of its days are broken down.
func (a *Answers) read(ctx context.Context, view *repo.BreakdownView, project *repo.Project, q report.Query, frozenBefore time.Time) (*stretches, bool, error) {
	s := &stretches{since: dateOf(q.Since, q.Zone), until: dateOf(q.Until, q.Zone), by: map[int16][]stretch{}}
	dimensions := dimensionsOf(q)
	known := a.cache.known(project.ID, s.since, s.until, dimensions)
	versions := make([]string, 0, len(known))
	for version := range known {
		versions = append(versions, version)
	}
	whole := true
	var failed error
	err := view.Breakdowns(ctx, s.since, s.until, dimensions, versions, func(row *repo.RollupBreakdown) {
		row.Day = row.Day.UTC()
		b := known[row.Version]
		if b == nil {
			var err error
			if b, err = decodeBreakdown(row.Data); err != nil {
				failed = err
				return
			}
			a.cache.keep(row, b)
		}
		whole = whole && b.timeZone == project.TimeZone
		s.by[row.Dimension] = append(s.by[row.Dimension], stretch{row.Day, b})
	})
	if err != nil || failed != nil || !whole {
		return nil, false, err // what is of another version, or of a former zone, is counted from the raw data
	}
	if q.Since.Before(frozenBefore) { // what is not frozen is broken down, or marked
		undivided, err := view.Undivided(ctx, s.since, s.until)
		if err != nil || undivided {
			return nil, false, err
		}
	}
	return s, true, nil
}

// datesOf are the dates of the question's range that the marks touch, each once.
func datesOf(q report.Query, marks []repo.RollupMark) []time.Time {
	var dates []time.Time
	for _, mark := range marks {
		since, until := latest(mark.Since, q.Since), earliest(mark.Until, q.Until)
		for s := spanAt(since, q.Zone); s.since.Before(until); s = spanOf(s.day.AddDate(0, 0, 1), q.Zone) {
			if s.since.Before(s.until) && !slices.ContainsFunc(dates, s.day.Equal) {
				dates = append(dates, s.day)
			}
		}
	}
	return dates
}
