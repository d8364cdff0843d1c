package rollup

import (
	"context"
	"slices"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

// mergedRows are the rows by one dimension of a range's days before today, put together for who asks about the same range again.
type mergedRows struct {
	versions map[string]struct{}
	whole    *breakdown
}

// merging is how the rows of a question's range are put together: merged stand for their rows, the rest could be merged, too.
type merging struct {
	*stretches

	projectID int64
	today     time.Time
	merged    map[int16]*mergedRows
	// met is how many of the merged rows there still are.
	met  map[int16]int
	rest map[int16][]versionedRow
}

type versionedRow struct {
	version string
	datedBreakdown
}

// mergedPlace is where the rows of a range by a dimension are kept: by its first day and the number of its days.
func mergedPlace(s *stretches, dimension int16) rowPlace {
	return rowPlace{s.since, int16(s.until.Sub(s.since) / day), dimension}
}

// merging looks what is merged of a range. nil: the question is by time, or parts of days before today grow, and nothing is.
func (a *Answers) merging(v *view, q report.Query, s *stretches, dimensions []int16) *merging {
	byTime := slices.ContainsFunc(q.Dimensions, func(d report.Dimension) bool { known, _ := d.Describe(); return known.IsTime })
	if byTime || v.grown.growsBefore(v.today) {
		return nil
	}
	m := &merging{stretches: s, projectID: v.project.ID, today: v.today, merged: map[int16]*mergedRows{}, met: map[int16]int{}, rest: map[int16][]versionedRow{}}
	for _, dimension := range dimensions {
		if rows, ok := a.merged.at(v.project.ID, mergedPlace(s, dimension)); ok {
			m.merged[dimension] = rows
		}
	}
	return m
}

// know adds the versions of the merged rows to those that need not be read.
func (m *merging) know(known map[string]*breakdown) {
	if m == nil {
		return
	}
	for _, rows := range m.merged {
		for version := range rows.versions {
			if _, ok := known[version]; !ok {
				known[version] = nil
			}
		}
	}
}

// has reports whether the row is among the merged ones.
func (m *merging) has(row *repo.RollupBreakdown) bool {
	if m == nil || m.merged[row.Dimension] == nil {
		return false
	}
	_, ok := m.merged[row.Dimension].versions[row.Version]
	if ok {
		m.met[row.Dimension]++
	}
	return ok
}

// leave notes a row that is not merged.
func (m *merging) leave(row *repo.RollupBreakdown, b *breakdown) {
	if m != nil && row.Day.Before(m.today) {
		m.rest[row.Dimension] = append(m.rest[row.Dimension], versionedRow{row.Version, datedBreakdown{b, int64(row.Day.Sub(m.since) / day)}})
	}
}

// finish adds the merged rows to the others. False: some of them are not there any more.
func (m *merging) finish() bool {
	if m == nil {
		return true
	}
	for dimension, rows := range m.merged {
		if m.met[dimension] != len(rows.versions) {
			return false
		}
		m.by[dimension] = append(m.by[dimension], stretch{m.since, rows.whole})
	}
	return true
}

// merge puts the rest to what is merged, beside the question; one at a time, the others leave it to a later question.
func (a *Answers) merge(ctx context.Context, m *merging) {
	if m == nil || !a.mergingNow.TryLock() {
		return
	}
	go func() {
		defer a.mergingNow.Unlock()
		for dimension, rest := range m.rest {
			rows := &mergedRows{versions: map[string]struct{}{}}
			var parts []datedBreakdown
			if before := m.merged[dimension]; before != nil {
				parts = append(parts, datedBreakdown{before.whole, 0})
				for version := range before.versions {
					rows.versions[version] = struct{}{}
				}
			}
			for _, row := range rest {
				parts = append(parts, row.datedBreakdown)
				rows.versions[row.version] = struct{}{}
			}
			if len(parts) < 2 {
				continue
			}
			var err error
			if rows.whole, err = mergeBreakdowns(parts, int64(m.until.Sub(m.since)/day)); err != nil {
				a.refresher.config.Logger.WarnContext(ctx, "days could not be put together", "project_id", m.projectID, "error", err)
				return
			}
			size := 0
			for i := range rows.whole.values {
				size += valueSize + len(rows.whole.values[i].set)
			}
			a.merged.put(m.projectID, mergedPlace(m.stretches, dimension), "", rows, size+64*len(rows.versions))
		}
	}()
}
