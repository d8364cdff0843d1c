package rollup

import (
	"slices"
	"time"

	"github.com/microtracker/microtracker/repo/report"
)

// maxAnswerDays bounds for how many days an answer is put together.
const maxAnswerDays = 3660

// breakdownQuestion reports whether breakdowns answer the question: without a filter and without bots, over whole days of the
// project's zone, by nothing, by time from the day on, or by one dimension.
func breakdownQuestion(q report.Query, timeZone string) bool {
	if q.Check() != nil || q.Filter != nil || q.Bots != report.BotsExcluded || q.Zone.String() != timeZone || len(q.Dimensions) > 1 {
		return false
	}
	var all needs
	for _, m := range q.Metrics {
		n, ok := needsOf(m)
		if !ok || n.conversions || n.converting {
			return false
		}
		all = all.or(n)
	}
	for _, d := range q.Dimensions {
		if known, _ := d.Describe(); known.IsTime {
			if d == report.Hour {
				return false
			}
			continue
		}
		if _, ok := dimensionOf(d); !ok || d == report.ExitPath && all.events {
			return false // where a session ends changes as it goes on, and events of before are not counted anew for it
		}
	}
	return wholeDays(q.Since, q.Until, q.Zone)
}

// wholeDays reports whether the range is of whole days, and whether its clocks never show a date that has been over.
func wholeDays(since, until time.Time, zone *time.Location) bool {
	first, last := dateOf(since, zone), dateOf(until, zone)
	if !since.Before(until) || last.Sub(first) > maxAnswerDays*24*time.Hour ||
		!firstMoment(first, zone).Equal(since) || !firstMoment(last, zone).Equal(until) {
		return false
	}
	for at := since; ; {
		_, change := at.In(zone).ZoneBounds()
		if change.IsZero() || !change.Before(until) {
			return true
		}
		if dateOf(change, zone).Before(dateOf(change.Add(-1), zone)) {
			return false
		}
		at = change
	}
}

// dimensionsOf are those that a question's answer is put together from: all together for the totals, and its own.
func dimensionsOf(q report.Query) []int16 {
	dimensions := []int16{byNothing}
	for _, d := range q.Dimensions {
		if stored, ok := dimensionOf(d); ok {
			dimensions = append(dimensions, stored)
		}
	}
	return slices.Compact(dimensions)
}
