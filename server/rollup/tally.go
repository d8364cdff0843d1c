package rollup

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/microtracker/microtracker/repo/report"
)

// stretch is a day, or a part of one, broken down by one dimension.
type stretch struct {
	day time.Time
	*breakdown
}

// stretches are those of a range by dimension, in the order of time.
type stretches struct {
	since, until time.Time // dates
	by           map[int16][]stretch
}

// tally is what a row adds up: texts are the values of its dimensions.
type tally struct {
	texts   []string
	numbers [tallyNumbers]int64
	sets    []countedSet
	// atMost is what its visitors are at most: the sum of its sets, or without these their number.
	atMost int64
}

func (t *tally) add(value *breakdownValue) {
	for i, n := range value.numbers {
		t.numbers[i] += n
	}
	if value.visitors > 0 {
		t.sets = append(t.sets, countedSet{value.set, value.visitors})
		t.atMost += value.visitors
	}
}

// addLate adds the sessions that saw the path after the day on which they started, and before the range is over.
func (t *tally) addLate(value *breakdownValue, day, until time.Time) {
	for _, late := range value.late {
		if !day.AddDate(0, 0, int(late.days)).Before(until) {
			break
		}
		for i, n := range late.numbers {
			t.numbers[sessions+i] += n
		}
	}
}

// answering puts rows together.
type answering struct {
	*stretches

	q report.Query
	// needs is what the metrics are computed from, visitors the place of that metric; -1: it was not asked for.
	needs    needs
	visitors int
	set      idSet
}

func newAnswering(s *stretches, q report.Query) *answering {
	a := &answering{stretches: s, q: q, visitors: slices.Index(q.Metrics, report.Visitors)}
	for _, m := range q.Metrics {
		n, _ := needsOf(m)
		a.needs = a.needs.or(n)
	}
	return a
}

// rowsOf are those of the statement that report.Compile makes of the question, of tallies whose visitors are counted.
func rowsOf(q report.Query, tallies []*tally) ([]report.Row, error) {
	a := newAnswering(nil, q)
	byTimeAlone := len(q.Dimensions) == 1 && q.Buckets() != nil // the empty ones are still to be added
	if len(q.Dimensions) > 0 {
		tallies = a.present(tallies)
	}
	if !byTimeAlone && len(q.Dimensions) > 0 {
		tallies = a.narrow(tallies)
	}
	rows := make([]report.Row, 0, len(tallies))
	for _, t := range tallies {
		row, err := a.row(t, false)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	if byTimeAlone {
		return rows, nil
	}
	return a.cut(rows), nil
}

// narrow leaves out tallies that cannot be on the page, by what the rows are sorted by first, so that not all that is asked for has
// to be computed of them.
func (a *answering) narrow(tallies []*tally) []*tally {
	first := a.q.SortedBy()[0]
	if a.q.Limit == 0 || a.q.After != nil || first.Metric == "" || len(tallies) <= a.q.Limit+1 {
		return tallies
	}
	worth := make([]float64, len(tallies))
	for i, t := range tallies {
		v := value(first.Metric, &t.numbers)
		if first.Metric == report.Visitors {
			v = new(float64(t.atMost))
		}
		if v == nil {
			worth[i] = math.Inf(-1) // the last of all
		} else if worth[i] = *v; !first.Descending {
			worth[i] = -*v
		}
	}
	sorted := slices.Sorted(slices.Values(worth))
	least := sorted[len(sorted)-1-a.q.Limit]
	kept := tallies[:0]
	for i, t := range tallies {
		if worth[i] >= least {
			kept = append(kept, t)
		}
	}
	return kept
}

// rows are those of the statement that report.Compile makes of the question. errPart.
func (s *stretches) rows(q report.Query) ([]report.Row, error) {
	a := newAnswering(s, q)
	if len(q.Dimensions) == 0 {
		all := new(tally)
		for _, s := range s.by[byNothing] {
			for i := range s.values {
				all.add(&s.values[i])
			}
		}
		row, err := a.row(all, true)
		row.Dimensions = []string{}
		return []report.Row{row}, err
	}
	if dimension, ok := dimensionOf(q.Dimensions[0]); ok {
		return a.page(a.byValue(dimension))
	}
	return a.every(a.byTime())
}

// byTime adds up by the question's dimension of time.
func (a *answering) byTime() []*tally {
	buckets := a.q.Buckets()
	tallies := make([]*tally, len(buckets))
	for _, s := range a.by[byNothing] {
		day := s.day.Format(time.DateOnly)
		i, found := slices.BinarySearch(buckets, day)
		if !found {
			i--
		}
		if i < 0 {
			continue
		}
		if tallies[i] == nil {
			tallies[i] = &tally{texts: buckets[i : i+1]}
		}
		for j := range s.values {
			tallies[i].add(&s.values[j])
		}
	}
	return slices.DeleteFunc(tallies, func(t *tally) bool { return t == nil })
}

// byValue adds up by what was asked for, of all values or of those that are asked for.
func (a *answering) byValue(dimension int16) []*tally {
	var tallies []*tally
	add := func(t *tally, s *stretch, value *breakdownValue) {
		t.add(value)
		t.addLate(value, s.day, a.until)
	}
	stretches := a.by[dimension]
	if len(a.q.Among) > 0 && a.q.Among[0] != nil {
		for _, text := range slices.Compact(slices.Sorted(slices.Values(a.q.Among[0]))) {
			t := &tally{texts: []string{text}}
			for i := range stretches {
				at, ok := slices.BinarySearchFunc(stretches[i].values, text, func(v breakdownValue, text string) int { return cmp.Compare(v.text, text) })
				if ok {
					add(t, &stretches[i], &stretches[i].values[at])
				}
			}
			tallies = append(tallies, t)
		}
		return a.present(tallies)
	}
	byText := map[string]*tally{}
	for i := range stretches {
		s := &stretches[i]
		for j := range s.values {
			t := byText[s.values[j].text]
			if t == nil {
				t = &tally{texts: []string{s.values[j].text}}
				byText[s.values[j].text] = t
				tallies = append(tallies, t)
			}
			add(t, s, &s.values[j])
		}
	}
	return a.present(tallies)
}

// present leaves out those in which nothing happened of what is asked about.
func (a *answering) present(tallies []*tally) []*tally {
	return slices.DeleteFunc(tallies, func(t *tally) bool {
		return !(a.needs.events && t.numbers[events] > 0 || a.needs.sessions && t.numbers[sessions] > 0 ||
			a.needs.conversions && t.numbers[conversions] > 0)
	})
}

// row computes the metrics; without counting visitors, theirs is what it is at most.
func (a *answering) row(t *tally, counted bool) (report.Row, error) {
	row := report.Row{Dimensions: slices.Clone(t.texts), Values: make([]*float64, len(a.q.Metrics))}
	for i, m := range a.q.Metrics {
		if m != report.Visitors {
			row.Values[i] = value(m, &t.numbers)
		}
	}
	if a.visitors < 0 {
		return row, nil
	}
	visitors := t.atMost
	if counted {
		var err error
		if visitors, err = a.set.count(t.sets); err != nil {
			return row, err
		}
	}
	a.setVisitors(&row, visitors)
	return row, nil
}

func (a *answering) setVisitors(row *report.Row, n int64) {
	for i, m := range a.q.Metrics {
		if m == report.Visitors {
			row.Values[i] = new(float64(n))
		}
	}
}

// every computes all rows.
func (a *answering) every(tallies []*tally) ([]report.Row, error) {
	rows := make([]report.Row, 0, len(tallies))
	for _, t := range tallies {
		row, err := a.row(t, true)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// page computes, in order, the rows after the last one of the page before, one more than the page has.
func (a *answering) page(tallies []*tally) ([]report.Row, error) {
	sorted := a.q.SortedBy()
	byVisitors := func(o report.Order) bool { return o.Metric == report.Visitors }
	switch {
	case a.visitors >= 0 && a.q.Limit > 0 && byVisitors(sorted[0]) && sorted[0].Descending:
		return a.mostVisited(tallies)
	case a.visitors < 0 || slices.ContainsFunc(sorted, byVisitors):
		rows, err := a.every(tallies)
		return a.cut(rows), err
	}
	// Visitors decide nothing about the order: only those of the page are counted.
	rows := make([]report.Row, 0, len(tallies))
	byText := make(map[string]*tally, len(tallies))
	for _, t := range tallies {
		row, err := a.row(t, false)
		if err != nil {
			return nil, err
		}
		rows, byText[t.texts[0]] = append(rows, row), t
	}
	rows = a.cut(rows)
	for i := range rows {
		n, err := a.set.count(byText[rows[i].Dimensions[0]].sets)
		if err != nil {
			return nil, err
		}
		a.setVisitors(&rows[i], n)
	}
	return rows, nil
}

// cut sorts rows and cuts the page.
func (a *answering) cut(rows []report.Row) []report.Row {
	if a.q.After != nil {
		rows = slices.DeleteFunc(rows, func(row report.Row) bool { return a.q.Compare(row, *a.q.After) <= 0 })
	}
	slices.SortFunc(rows, a.q.Compare)
	if a.q.Limit > 0 {
		rows = rows[:min(len(rows), a.q.Limit+1)]
	}
	return rows
}

// mostVisited computes the page of those with the most visitors. They are looked at by what theirs are at most, which costs nothing,
// until no other can be among them: so few sets are read.
func (a *answering) mostVisited(tallies []*tally) ([]report.Row, error) {
	slices.SortFunc(tallies, func(a, b *tally) int { return cmp.Compare(b.atMost, a.atMost) })
	var best []report.Row
	for _, t := range tallies {
		if len(best) > a.q.Limit && float64(t.atMost) < *best[a.q.Limit].Values[a.visitors] {
			break
		}
		row, err := a.row(t, true)
		if err != nil {
			return nil, err
		}
		if a.q.After != nil && a.q.Compare(row, *a.q.After) <= 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, row, a.q.Compare)
		if at <= a.q.Limit {
			best = slices.Insert(best, at, row)
			best = best[:min(len(best), a.q.Limit+1)]
		}
	}
	return best, nil
}
