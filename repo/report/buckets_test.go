package report

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

func TestEveryHourOfASummerTimeDayIsThere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, since, until string
		hours              int
		has                string
	}{
		{"Europe/Berlin", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 23, "2026-03-29T03:00:00+02:00"},
		{"Europe/Berlin", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", 25, "2026-10-25T02:00:00+01:00"},
		{"Asia/Kolkata", "2026-10-25T00:00:00+05:30", "2026-10-26T00:00:00+05:30", 24, "2026-10-25T13:00:00+05:30"},
		{"UTC", "2026-10-25T10:20:00Z", "2026-10-25T12:10:00Z", 3, "2026-10-25T10:00:00Z"},
	} {
		since, _ := time.Parse(time.RFC3339, c.since)
		until, _ := time.Parse(time.RFC3339, c.until)
		hours := Query{Since: since, Until: until, Zone: zone(t, c.zone)}.hours()
		if len(hours) != c.hours || !strings.Contains(strings.Join(hours, " "), c.has) {
			t.Errorf("%s from %s: %d hours %v, want %d with %s", c.zone, c.since, len(hours), hours, c.hours, c.has)
		}
	}
}

func TestDaysAreCountedAsDates(t *testing.T) {
	t.Parallel()
	// In Beirut the clock goes from 24:00 to 01:00: the day has no midnight.
	beirut := zone(t, "Asia/Beirut")
	got := Query{
		Since: time.Date(2026, 3, 28, 12, 0, 0, 0, beirut), Until: time.Date(2026, 3, 30, 0, 0, 0, 0, beirut), Zone: beirut,
	}.days()
	if diff := cmp.Diff([]string{"2026-03-28", "2026-03-29"}, got); diff != "" {
		t.Errorf("days (-want +got):\n%s", diff)
	}
}

func TestEmptyBucketsHaveZeroCountsAndNoRatios(t *testing.T) {
	t.Parallel()
	q := Query{
		Metrics: []Metric{Visitors, BounceRate}, Dimensions: []Dimension{Day}, Zone: time.UTC, Limit: 10,
		Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 1, 4, 0, 0, 0, 0, time.UTC),
	}
	two, half := 2.0, 0.5
	rows, more := q.Finish([]Row{{Dimensions: []string{"2026-01-02"}, Values: []*float64{&two, &half}}})
	zero := 0.0
	want := []Row{
		{Dimensions: []string{"2026-01-01"}, Values: []*float64{&zero, nil}},
		{Dimensions: []string{"2026-01-02"}, Values: []*float64{&two, &half}},
		{Dimensions: []string{"2026-01-03"}, Values: []*float64{&zero, nil}},
	}
	if diff := cmp.Diff(want, rows); diff != "" || more {
		t.Errorf("more = %v, rows (-want +got):\n%s", more, diff)
	}
	q.OrderBy = []Order{{Metric: BounceRate}}
	q.Limit = 2
	rows, more = q.Finish([]Row{{Dimensions: []string{"2026-01-02"}, Values: []*float64{&two, &half}}})
	if !more || len(rows) != 2 || rows[0].Dimensions[0] != "2026-01-02" || rows[1].Dimensions[0] != "2026-01-01" {
		t.Errorf("ordered by a ratio, null last: more = %v, rows = %v", more, rows)
	}
}

func TestEveryMetricAndDimensionCompiles(t *testing.T) {
	t.Parallel()
	var dimensions [][]Dimension
	dimensions = append(dimensions, nil)
	for a := range dimensionDefs {
		dimensions = append(dimensions, []Dimension{a})
		for b := range dimensionDefs {
			if a != b {
				dimensions = append(dimensions, []Dimension{a, b})
			}
		}
	}
	for metric := range metricDefs {
		for _, ds := range dimensions {
			q := Query{Metrics: []Metric{metric}, Dimensions: ds, Zone: time.UTC, Until: time.Unix(3600, 0), Since: time.Unix(0, 0), Limit: 1}
			statement, err := Compile(1, q)
			if errors.Is(err, ErrUnsupported) {
				continue
			}
			if err != nil || strings.Count(statement.SQL, "?") != len(statement.Args) {
				t.Errorf("%s by %v: %v, %d arguments for\n%s", metric, ds, err, len(statement.Args), statement.SQL)
			}
		}
	}
}

func TestAQueryWithoutAProjectIsAnErrorNotAllRows(t *testing.T) {
	t.Parallel()
	if _, err := Compile(0, Query{Metrics: []Metric{Visitors}, Zone: time.UTC}); err == nil {
		t.Error("compiled")
	}
}
