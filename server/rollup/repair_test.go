package rollup_test

import (
	"fmt"
	"testing"

	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/rollup"
)

// TestDamagedDaysAreCountedAnew: the first question goes to the raw data, the next ones find the day counted again.
func TestDamagedDaysAreCountedAnew(t *testing.T) {
	t.Parallel()
	damage := func(dimension, where string) string {
		return fmt.Sprintf("UPDATE rollup_breakdowns SET data = substring(data FOR length(data) - 1), version = gen_random_uuid() WHERE dimension = %s AND %s", dimension, where)
	}
	byPath := []report.Dimension{report.Path}
	for _, c := range []struct {
		what, damage string
		dimensions   []report.Dimension
	}{
		{"a breakdown of an older day", damage("1", "day = '2026-10-19'"), byPath},
		{"a breakdown of today", damage("1", "day = '2026-10-23'"), byPath},
		{"a block", damage("100", "day = '2026-10-19'"), []report.Dimension{report.Path, report.Source}},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			w := setup(t, "UTC", noon)
			for i := range 6 {
				w.send(t, visitor(fmt.Sprint("visitor ", i%3), chrome), view("/a", noon.AddDate(0, 0, -i)))
			}
			w.refresh(t)
			repotest.Exec(t, w.url, c.damage)
			answers := rollup.NewAnswers(w.refresher)
			today := dayIn(noon, w.zone)
			q := report.Query{
				Metrics: []report.Metric{report.Visitors, report.Pageviews}, Zone: w.zone, Dimensions: c.dimensions, Limit: 10,
				Since: w.midnight(today.AddDate(0, 0, -8)), Until: w.midnight(today.AddDate(0, 0, 1)),
			}
			if w.expectSame(t, answers, q, nil) {
				t.Error("the damage was not seen")
			}
			if got := w.markedDays(t); len(got) != 1 {
				t.Errorf("marked are %v", got)
			}
			w.refresh(t)
			if !w.expectSame(t, answers, q, nil) {
				t.Error("days do not answer after they were counted anew")
			}
		})
	}
}

// TestDamagedPartsDoNotKeepDaysFromBeingJoined: their day is counted as a whole.
func TestDamagedPartsDoNotKeepDaysFromBeingJoined(t *testing.T) {
	t.Parallel()
	w := setup(t, "UTC", noon)
	w.send(t, visitor("anna", chrome), view("/a", noon))
	w.refresh(t)
	repotest.Exec(t, w.url, "UPDATE rollup_breakdowns SET data = substring(data FOR length(data) - 1) WHERE dimension = 1")
	w.now = noon.AddDate(0, 0, 2)
	w.setClock(t, w.now)
	w.send(t, visitor("anna", chrome), view("/b", w.now))
	w.refresh(t)
	w.refresh(t)
	today := dayIn(w.now, w.zone)
	q := report.Query{
		Metrics: []report.Metric{report.Visitors, report.Pageviews}, Zone: w.zone, Dimensions: []report.Dimension{report.Path}, Limit: 10,
		Since: w.midnight(today.AddDate(0, 0, -3)), Until: w.midnight(today.AddDate(0, 0, 1)),
	}
	if !w.expectSame(t, rollup.NewAnswers(w.refresher), q, nil) {
		t.Error("days do not answer")
	}
}
