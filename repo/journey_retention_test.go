package repo_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

// returns is who came and came back around a week in October, in Berlin.
func returns(t *testing.T) *trail {
	t.Helper()
	tr := newTrail(t)
	google, direct := repo.TrackingSession{Source: "Google"}, repo.TrackingSession{Source: "Direct"}
	// On Monday, across midnight; then again, which is Tuesday in Berlin and still Monday in UTC.
	tr.walk("anna", direct, "2026-10-05T23:50:00+02:00", "page_view /a 0", "custom /a 900 Read")
	tr.walk("anna", direct, "2026-10-06T00:40:00+02:00", "page_view /a 0")
	// Twice on Wednesday: once.
	tr.walk("ben", direct, "2026-10-05T10:00:00+02:00", "page_view /a 0")
	tr.walk("ben", direct, "2026-10-07T10:00:00+02:00", "page_view /a 0", "custom /a 5 Read")
	tr.walk("ben", direct, "2026-10-07T20:00:00+02:00", "page_view /a 0", "custom /a 5 Read")
	// Had been there before.
	tr.walk("cleo", direct, "2026-09-20T10:00:00+02:00", "page_view /a 0")
	tr.walk("cleo", direct, "2026-10-06T10:00:00+02:00", "page_view /a 0")
	tr.walk("cleo", direct, "2026-10-07T10:00:00+02:00", "page_view /a 0")
	// From an ad, and back after the range, from nowhere.
	tr.walk("dora", google, "2026-10-06T10:00:00+02:00", "page_view /a 0")
	tr.walk("dora", direct, "2026-10-08T10:00:00+02:00", "page_view /a 0")
	// What came back is a bot.
	tr.walk("emil", direct, "2026-10-07T10:00:00+02:00", "page_view /a 0")
	tr.walk("emil", repo.TrackingSession{IsBot: true}, "2026-10-08T10:00:00+02:00", "page_view /a 0")
	tr.walk("bot", repo.TrackingSession{IsBot: true}, "2026-10-05T10:00:00+02:00", "page_view /a 0")
	tr.walk("bot", repo.TrackingSession{IsBot: true}, "2026-10-06T10:00:00+02:00", "page_view /a 0")
	return tr
}

// cohortLines writes cohorts as text: the day, its visitors, who returned; with a star where the period is not over.
func cohortLines(cohorts []repo.RetentionCohort) []string {
	var lines []string
	for _, cohort := range cohorts {
		cells := []string{fmt.Sprintf("%s %d:", cohort.Start, cohort.Visitors)}
		for _, cell := range cohort.Cells {
			text := strconv.FormatInt(cell.Returned, 10)
			if !cell.Complete {
				text += "*"
			}
			cells = append(cells, text)
		}
		lines = append(lines, strings.Join(cells, " "))
	}
	return lines
}

func TestRetentionIsWhatAHandCounts(t *testing.T) {
	t.Parallel()
	tr := returns(t)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	base := repo.RetentionQuery{Journey: on(t, "2026-10-05T00:00:00+02:00", "2026-10-08T00:00:00+02:00"), Period: report.Day, Periods: 3, Now: at(t, "2026-10-08T12:00:00+02:00")}
	base.Zone = berlin
	for _, c := range []struct {
		name string
		ask  func(q *repo.RetentionQuery)
		want []string
	}{
		{
			// anna came back on Tuesday, ben on Wednesday, dora on Thursday, which is not over.
			"first ever", func(*repo.RetentionQuery) {},
			[]string{"2026-10-05 2: 2 1 1 0*", "2026-10-06 1: 1 0 1*", "2026-10-07 1: 1 0*"},
		},
		{
			"first in the range, with cleo", func(q *repo.RetentionQuery) { q.FirstInRange = true },
			[]string{"2026-10-05 2: 2 1 1 0*", "2026-10-06 2: 2 1 1*", "2026-10-07 1: 1 0*"},
		},
		{
			"one period", func(q *repo.RetentionQuery) { q.Periods = 1 },
			[]string{"2026-10-05 2: 2 1", "2026-10-06 1: 1 0", "2026-10-07 1: 1 0*"},
		},
		{
			// In UTC anna's two sessions are of Monday.
			"in another zone", func(q *repo.RetentionQuery) { q.Zone = time.UTC },
			[]string{"2026-10-04 0: 0 0 0 0", "2026-10-05 2: 2 0 1 0*", "2026-10-06 1: 1 0 1*", "2026-10-07 1: 1 0*"},
		},
		{
			// anna read on Tuesday, in the session that began on Monday.
			"who read", func(q *repo.RetentionQuery) { q.Return = []report.Condition{is(report.EventName, "Read")} },
			[]string{"2026-10-05 2: 0 1 1 0*", "2026-10-06 1: 0 0 0*", "2026-10-07 1: 0 0*"},
		},
		{
			// The way back is not asked for.
			"who came from Google", func(q *repo.RetentionQuery) { q.Filter = only(is(report.Source, "Google")) },
			[]string{"2026-10-05 0: 0 0 0 0*", "2026-10-06 1: 1 0 1*", "2026-10-07 0: 0 0*"},
		},
		{
			"bots", func(q *repo.RetentionQuery) { q.Bots = report.BotsOnly },
			[]string{"2026-10-05 1: 1 1 0 0*", "2026-10-06 0: 0 0 0*", "2026-10-07 0: 0 0*"},
		},
		{
			"by week", func(q *repo.RetentionQuery) {
				q.Since, q.Period = at(t, "2026-09-20T00:00:00+02:00"), report.Week
			},
			[]string{"2026-09-14 1: 1 0 0 1*", "2026-09-21 0: 0 0 0*", "2026-09-28 0: 0 0*", "2026-10-05 4: 4*"},
		},
		{
			"by month", func(q *repo.RetentionQuery) {
				q.Since, q.Period = at(t, "2026-09-20T00:00:00+02:00"), report.Month
			},
			[]string{"2026-09-01 1: 1 1*", "2026-10-01 4: 4*"},
		},
	} {
		q := base
		c.ask(&q)
		cohorts, err := tr.project.Retention(t.Context(), q)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, cohortLines(cohorts)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// A return after months of 31 days is looked for until the end of the last period, whatever day the range ends on.
func TestTheLastPeriodIsLookedAtWhole(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		until  string
		period report.Dimension
		want   string
	}{
		{"2026-10-31T12:00:00Z", report.Month, "2026-12-01T00:00:00Z"},
		{"2026-11-01T00:00:00Z", report.Month, "2026-12-01T00:00:00Z"},
		{"2026-10-07T00:00:00Z", report.Day, "2026-10-08T00:00:00Z"},
		{"2026-10-07T00:00:01Z", report.Day, "2026-10-09T00:00:00Z"},
	} {
		q := repo.RetentionQuery{Journey: on(t, "2026-10-01T00:00:00Z", c.until), Period: c.period, Periods: 1}
		if got := q.End(); !got.Equal(at(t, c.want)) {
			t.Errorf("until %s by %s: it ends at %s, want %s", c.until, c.period, got, c.want)
		}
	}
}

func TestARetentionIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	for want, change := range map[string]func(q *repo.RetentionQuery){
		"by week or month":          func(q *repo.RetentionQuery) { q.Since = at(t, "2026-06-01T00:00:00Z") },
		"ask for a shorter range":   func(q *repo.RetentionQuery) { q.Since, q.Period = at(t, "1901-06-01T00:00:00Z"), report.Month },
		"country is not an event's": func(q *repo.RetentionQuery) { q.Return = []report.Condition{is(report.Country, "DE")} },
	} {
		q := repo.RetentionQuery{Journey: on(t, "2026-10-05T00:00:00Z", "2026-10-08T00:00:00Z"), Period: report.Day, Periods: 3}
		change(&q)
		_, err := tr.project.Retention(t.Context(), q)
		if !errors.Is(err, report.ErrUnsupported) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want it refused with %q", err, want)
		}
	}
}
