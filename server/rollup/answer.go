package rollup

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

// Answers answers questions about whole days from what is counted of them. Safe for concurrent use.
type Answers struct {
	refresher  *Refresher
	breakdowns *rowCache[*breakdown]
	blocks     *rowCache[*block]
	// reading is held, for one of so many lots of projects, by who finds no blocks kept and reads them: others will find them.
	reading   [16]sync.Mutex
	freshener *freshener
	// merged are rows put together for ranges; mergingNow is held by who does so.
	merged     *rowCache[*mergedRows]
	mergingNow sync.Mutex
	repairs    repairs
}

// NewAnswers makes Answers. They count days with the refresher that have changed.
func NewAnswers(r *Refresher) *Answers {
	return &Answers{refresher: r, breakdowns: newRowCache[*breakdown](), blocks: newRowCache[*block](), merged: newRowCache[*mergedRows](), freshener: newFreshener(r)}
}

// Forget drops all that is kept in memory of a project, after somebody's data were deleted from it. Nothing of that would be used for
// an answer; but it would stay until it is pushed out.
func (a *Answers) Forget(projectID int64) {
	a.breakdowns.forget(projectID)
	a.blocks.forget(projectID)
	a.merged.forget(projectID)
	a.freshener.growing.forget(projectID)
}

// maxLooks bounds how often a question begins anew because days were counted meanwhile.
const maxLooks = 3

// errUncounted: a day of the range is not counted by what is asked for, or not in the project's time zone.
var errUncounted = errors.New("the range is not counted")

// Answer answers a question, and the same over the range compared with, nil: none, as Project.Report does. What was committed
// before the call is in the answer. A range compared with that is not of whole days is answered from the raw data. False: the question
// cannot be answered from days, and Project.Report has to be asked.
func (a *Answers) Answer(ctx context.Context, project *repo.Project, q report.Query, compared *report.Query) (*report.Answer, bool, error) {
	if !isOfDays(q, project) {
		return nil, false, nil
	}
	questions, raw := []report.Query{q}, report.Query{}
	switch {
	case compared == nil:
	case isOfDays(*compared, project):
		questions = append(questions, *compared)
	default:
		raw = *compared
	}
	for range maxLooks {
		answer, ok, err := a.answer(ctx, project, q, compared, questions, raw)
		if !errors.Is(err, errMoved) {
			return answer, ok, err
		}
	}
	return nil, false, nil
}

// answer does so, of the questions that days answer and one for the raw data, if it is not the zero one. errMoved: days were counted
// meanwhile.
func (a *Answers) answer(
	ctx context.Context, project *repo.Project, q report.Query, compared *report.Query, questions []report.Query, raw report.Query,
) (*report.Answer, bool, error) {
	known, ok, err := a.freshener.freshen(ctx, project, questions)
	if err != nil || !ok || !raw.Since.IsZero() && raw.Since.Before(known.frozenBefore) {
		return nil, false, err
	}
	var answer *report.Answer
	err = project.ViewBreakdowns(ctx, func(ctx context.Context, breakdowns *repo.BreakdownView) (err error) {
		v := &view{ctx, breakdowns, project, known}
		if err := v.isUnmoved(); err != nil {
			return err
		}
		fromBreakdowns := a.rowsFromBreakdowns(v)
		answer, err = report.Assemble(q, compared, func(asked report.Query) ([]report.Row, error) {
			switch {
			case asked.Since.Equal(raw.Since) && asked.Until.Equal(raw.Until):
				return breakdowns.Report(ctx, asked)
			case breakdownQuestion(asked, project.TimeZone):
				return fromBreakdowns(asked)
			default:
				return a.rowsFromBlocks(v, asked)
			}
		})
		return err
	})
	switch {
	case errors.Is(err, errUncounted):
		return nil, false, a.repair(ctx, project, err)
	case errors.Is(err, errPart): // of which row the set of visitors is that cannot be read, is not known
		a.refresher.config.Logger.WarnContext(ctx, "a stored set of visitors is damaged: rebuild the daily rollups of the range", "project_id", project.ID,
			"since", q.Since, "until", q.Until)
		return nil, false, nil
	}
	return answer, err == nil, err
}

// isOfDays reports whether days answer the question.
func isOfDays(q report.Query, project *repo.Project) bool {
	return breakdownQuestion(q, project.TimeZone) || blockQuestion(q, project.TimeZone)
}

// view is what a question is answered from.
type view struct {
	ctx        context.Context //nolint:containedctx // it lives for one question
	breakdowns *repo.BreakdownView
	project    *repo.Project
	outlook
}

// isUnmoved returns errMoved if what is stored of the days that grow is not what was stored when they were looked at.
func (v *view) isUnmoved() error {
	if v.grown == nil {
		return nil
	}
	stamp, err := v.breakdowns.Stamp(v.ctx, v.grown.since)
	if err == nil && stamp != v.grown.stamp {
		return errMoved
	}
	return err
}

// isCounted returns errUncounted if a day of the range has figures, and no row of the dimension. What is not frozen has its rows, or
// was marked.
func (v *view) isCounted(q report.Query, dimension int16) error {
	if !q.Since.Before(v.frozenBefore) {
		return nil
	}
	without, err := v.breakdowns.Without(v.ctx, dateOf(q.Since, q.Zone), dateOf(q.Until, q.Zone), dimension)
	if err == nil && without {
		return errUncounted
	}
	return err
}

// rowsFromBreakdowns answers from breakdowns. They are read once for all questions of a range that have the same ones.
func (a *Answers) rowsFromBreakdowns(v *view) func(q report.Query) ([]report.Row, error) {
	read := map[string]*stretches{}
	return func(q report.Query) ([]report.Row, error) {
		key := fmt.Sprint(q.Since, dimensionsOf(q), withMonths(q))
		if read[key] == nil {
			s, err := a.read(v, q)
			if err != nil {
				return nil, err
			}
			read[key] = s
		}
		return read[key].rows(q)
	}
}

// valueSize is about what a value of a breakdown takes beside its text and its set.
const valueSize = 256

// monthPart is in the place of the part of what is kept of a month.
const monthPart = -1

// withMonths reports whether whole months can stand for their days in the answer.
func withMonths(q report.Query) bool {
	return !slices.Contains(q.Dimensions, report.Day) && !slices.Contains(q.Dimensions, report.Week)
}

// read reads what the question's answer is put together from. errUncounted.
func (a *Answers) read(v *view, q report.Query) (*stretches, error) {
	s := &stretches{since: dateOf(q.Since, q.Zone), until: dateOf(q.Until, q.Zone), by: map[int16][]stretch{}}
	m := a.merging(v, q, s, dimensionsOf(q))
	if err := a.readRows(v, q, s, m); err != nil {
		return nil, err
	}
	if !m.finish() { // days were counted since
		clear(s.by)
		m = &merging{stretches: s, projectID: m.projectID, today: m.today, rest: map[int16][]versionedRow{}}
		if err := a.readRows(v, q, s, m); err != nil {
			return nil, err
		}
	}
	a.merge(v.ctx, m)
	v.grown.addTo(s, dimensionsOf(q))
	return s, v.isCounted(q, byNothing)
}

func (a *Answers) readRows(v *view, q report.Query, s *stretches, m *merging) error {
	dimensions := dimensionsOf(q)
	sizeOf := func(row *repo.RollupBreakdown, b *breakdown) int { return len(row.Data) + valueSize*(1+len(b.values)) }
	add := func(row *repo.RollupBreakdown, b *breakdown) error {
		if b.timeZone != v.project.TimeZone {
			return errUncounted
		}
		s.by[row.Dimension] = append(s.by[row.Dimension], stretch{row.Day, b})
		m.leave(row, b)
		return nil
	}
	skip := func(row *repo.RollupBreakdown) bool { return v.grown.has(row.Day, row.Part) || m.has(row) }
	var months []time.Time
	if withMonths(q) && !s.since.AddDate(0, 1, 0).After(s.until) {
		known := a.breakdowns.known(v.project.ID, s.since, s.until, dimensions)
		m.know(known)
		var err error
		months, err = v.breakdowns.EachMonth(v.ctx, s.since, s.until, dimensions, slices.Collect(maps.Keys(known)), func(month *repo.RollupMonth) error {
			row := &repo.RollupBreakdown{
				ProjectID: month.ProjectID, Day: month.Month, Part: monthPart, Dimension: month.Dimension, Version: month.Version, Data: month.Data,
			}
			if skip(row) {
				return nil
			}
			return decoded(a.breakdowns, known, row, decodeBreakdown, sizeOf, add)
		})
		if err != nil {
			return err
		}
	}
	known := a.breakdowns.known(v.project.ID, s.since, s.until, dimensions)
	m.know(known)
	return eachRow(v, a.breakdowns, known, q, months, dimensions, decodeBreakdown, sizeOf, skip, add)
}

// rowsFromBlocks answers from blocks, one after the other: those of a long range have no room together.
func (a *Answers) rowsFromBlocks(v *view, q report.Query) ([]report.Row, error) {
	s := newScan(q)
	err := a.eachBlock(v, q, func(day time.Time, b *block) error {
		s.add(day, b)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return rowsOf(q, s.finish())
}

// eachBlock goes through the blocks of the question's range in the order of time. errUncounted.
func (a *Answers) eachBlock(v *view, q report.Query, do func(day time.Time, b *block) error) error {
	if !a.blocks.has(v.project.ID, q) {
		reading := &a.reading[v.project.ID%int64(len(a.reading))]
		reading.Lock()
		defer reading.Unlock()
	}
	if err := v.isCounted(q, bySession); err != nil {
		return err
	}
	sizeOf := func(row *repo.RollupBreakdown, b *block) int { return len(row.Data) + 16*b.textCount() }
	known := a.blocks.known(v.project.ID, dateOf(q.Since, q.Zone), dateOf(q.Until, q.Zone), []int16{bySession})
	skip := func(*repo.RollupBreakdown) bool { return false }
	return eachRow(v, a.blocks, known, q, nil, []int16{bySession}, decodeBlock, sizeOf, skip, func(row *repo.RollupBreakdown, b *block) error {
		if b.timeZone != v.project.TimeZone {
			return errUncounted
		}
		if err := v.ctx.Err(); err != nil {
			return err
		}
		return do(row.Day, b)
	})
}

// eachRow goes through the rows of the question's range by these dimensions, but for whole months and those to skip, in the order of
// time: those that are known, or else decoded and kept.
func eachRow[T any](
	v *view, cache *rowCache[T], known map[string]T, q report.Query, but []time.Time, dimensions []int16, decode func(data []byte) (T, error),
	sizeOf func(row *repo.RollupBreakdown, value T) int, skip func(row *repo.RollupBreakdown) bool, do func(row *repo.RollupBreakdown, value T) error,
) error {
	since, until := dateOf(q.Since, q.Zone), dateOf(q.Until, q.Zone)
	return v.breakdowns.Each(v.ctx, since, until, but, dimensions, slices.Collect(maps.Keys(known)), func(row *repo.RollupBreakdown) error {
		row.Day = row.Day.UTC()
		if skip(row) {
			return nil
		}
		return decoded(cache, known, row, decode, sizeOf, do)
	})
}

// decoded does something with what a row has: what is kept of it, or else what is decoded and kept. errUncounted if it is of another
// version, or a damagedError.
func decoded[T any](
	cache *rowCache[T], known map[string]T, row *repo.RollupBreakdown, decode func(data []byte) (T, error),
	sizeOf func(row *repo.RollupBreakdown, value T) int, do func(row *repo.RollupBreakdown, value T) error,
) error {
	value, ok := known[row.Version]
	if !ok {
		var err error
		if value, err = decode(row.Data); errors.Is(err, errVersion) {
			return errUncounted
		} else if err != nil {
			return &damagedError{row.Day, row.Version}
		}
		cache.keep(row, value, sizeOf(row, value))
	}
	return do(row, value)
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
