package rollup_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/rollup"
)

// TestMonthsAnswerAsTheirDaysDo: with months put together, without, and with some whose days have changed since.
func TestMonthsAnswerAsTheirDaysDo(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 10, 26, 15, 0, 0, 0, time.UTC)
	w := setup(t, "Europe/Berlin", now)
	if _, err := w.store.EnsureEventPartitions(t.Context(), now.AddDate(0, 0, -100), now); err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 2))
	someVisits := func(days int) {
		w.send(t, visitor(fmt.Sprint("visitor ", random.IntN(12)), chrome), randomVisits(random, now.AddDate(0, 0, -days), 1+random.IntN(4))...)
	}
	for days := 3; days < 95; days++ {
		someVisits(days)
	}
	for i, month := range []time.Month{8, 9, 10} { // visits that see pages in the next month
		at := time.Date(2026, month, 1, 0, 0, 0, 0, w.zone).Add(-10 * time.Minute)
		w.send(t, visitor(fmt.Sprint("owl ", i%2), iphone), view("/", at), view("/a", at.Add(20*time.Minute)), view("/late", at.Add(45*time.Minute)))
	}
	w.refresh(t)
	answers := rollup.NewAnswers(w.refresher)
	months := func() int64 {
		return repotest.Number(t, w.url, "SELECT count(*) FROM rollup_months WHERE dimension = 0")
	}
	ask := func() {
		t.Helper()
		answered := 0
		for range 40 {
			q, compared := w.randomQuestion(random)
			q.Filter, q.Until = nil, w.midnight(dayIn(now, w.zone).AddDate(0, 0, -random.IntN(20)))
			q.Since = w.midnight(dayIn(q.Until, w.zone).AddDate(0, 0, -1-random.IntN(80)))
			if random.IntN(3) == 0 {
				q.Since = time.Date(2026, time.Month(7+random.IntN(3)), 1, 0, 0, 0, 0, w.zone)
			}
			if compared != nil {
				other := q
				other.Since, other.Until = q.Since.AddDate(0, -1, 0), q.Since
				compared = &other
			}
			if w.expectSame(t, answers, q, compared) {
				answered++
			}
		}
		if answered < 30 {
			t.Errorf("seed %d: %d of 40 questions were answered from days", seed, answered)
		}
	}
	ask()
	if err := w.refresher.RollUpMonths(t.Context(), w.project.ID); err != nil {
		t.Fatal(err)
	}
	if n := months(); n != 3 { // the present one is not over
		t.Errorf("%d months, want July, August and September", n)
	}
	ask()
	for range 5 {
		someVisits(30 + random.IntN(50))
	}
	w.refresh(t)
	ask()
	if err := w.refresher.RollUpMonths(t.Context(), w.project.ID); err != nil {
		t.Fatal(err)
	}
	ask()
	// A month whose days nobody has changed is not read day by day: without them the answer is still there.
	q := report.Query{
		Metrics: []report.Metric{report.Visitors, report.Sessions}, Dimensions: []report.Dimension{report.Path}, Zone: w.zone, Limit: 10,
		Since: time.Date(2026, 9, 1, 0, 0, 0, 0, w.zone), Until: time.Date(2026, 10, 1, 0, 0, 0, 0, w.zone),
	}
	repotest.Exec(t, w.url, "DELETE FROM rollup_breakdowns WHERE dimension = 1 AND day BETWEEN '2026-09-01' AND '2026-09-30'")
	if !w.expectSame(t, answers, q, nil) {
		t.Error("the month did not answer")
	}
	// With the time zone the months go.
	w.moveTo(t, "Asia/Kolkata")
	if n := months(); n != 0 {
		t.Errorf("%d months of a former time zone", n)
	}
}
