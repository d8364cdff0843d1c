package rollup

import (
	"time"

	"github.com/microtracker/microtracker/repo"
)

// day is how far dates are apart, as midnights UTC.
const day = 24 * time.Hour

// span is what a day is in a time zone: since included, until excluded.
type span struct {
	// day is the date, midnight UTC.
	day          time.Time
	since, until time.Time
}

// spanOf returns the span of a date. It is empty where the zone has left the day out.
func spanOf(day time.Time, zone *time.Location) span {
	return span{day: day, since: firstMoment(day, zone), until: firstMoment(day.AddDate(0, 0, 1), zone)}
}

// spanAt returns the day in which a moment lies.
func spanAt(at time.Time, zone *time.Location) span {
	s := spanOf(dateOf(at, zone), zone)
	for !at.Before(s.until) {
		s = spanOf(s.day.AddDate(0, 0, 1), zone)
	}
	return s
}

// dateOf returns the date that the clocks show, as midnight UTC.
func dateOf(at time.Time, zone *time.Location) time.Time {
	year, month, day := at.In(zone).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// firstMoment returns when the clocks show the date, or a later one, for the first time. That is not always midnight: some
// zones skip it, and some show it twice. Clocks have been changed at quarters of an hour for many years.
func firstMoment(day time.Time, zone *time.Location) time.Time {
	const quarter = 15 * time.Minute
	at := day.Add(-15 * time.Hour) // the clocks furthest ahead of UTC show midnight
	for dateOf(at, zone).Before(day) {
		at = at.Add(quarter)
	}
	return at
}

// partLength is how much of a day a part has. No zone's summer time is less than half an hour.
const partLength = 30 * time.Minute

// parts is how many parts the day has.
func (s span) parts() int { return s.part(s.until.Add(-1)) + 1 }

// part returns the part in which a moment lies.
func (s span) part(at time.Time) int { return int(at.Sub(s.since) / partLength) }

// window returns the time from one part to another one, which is excluded.
func (s span) window(first, last int) repo.RollupWindow {
	until := earliest(s.until, s.since.Add(time.Duration(last)*partLength))
	return repo.RollupWindow{Since: s.since.Add(time.Duration(first) * partLength), Until: until, Step: partLength}
}

// whole is the whole day as one step.
func (s span) whole() repo.RollupWindow {
	return repo.RollupWindow{Since: s.since, Until: s.until, Step: 48 * time.Hour}
}
