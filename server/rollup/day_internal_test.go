package rollup

import (
	"testing"
	"time"
)

func date(t *testing.T, text string) time.Time {
	t.Helper()
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return day
}

func location(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestADayIsWhatTheClocksThereCallADay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, day, since string
		length           time.Duration
		parts            int
	}{
		{"UTC", "2026-11-23", "2026-11-23T00:00:00Z", 24 * time.Hour, 48},
		{"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", 23 * time.Hour, 46},
		{"Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", 25 * time.Hour, 50},
		{"Asia/Kolkata", "2026-10-25", "2026-10-24T18:30:00Z", 24 * time.Hour, 48},
		{"Asia/Kathmandu", "2026-10-25", "2026-10-24T18:15:00Z", 24 * time.Hour, 48},
		// Summer time is half an hour there.
		{"Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z", 23*time.Hour + 30*time.Minute, 47},
		{"Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z", 24*time.Hour + 30*time.Minute, 49},
		{"America/St_Johns", "2026-03-08", "2026-03-08T03:30:00Z", 23 * time.Hour, 46},
		{"America/St_Johns", "2026-11-01", "2026-11-01T02:30:00Z", 25 * time.Hour, 50},
		// The clock goes from 24:00 to 01:00: the day has no midnight.
		{"Asia/Beirut", "2026-03-29", "2026-03-28T22:00:00Z", 23 * time.Hour, 46},
		// The clock goes from 24:00 back to 23:00.
		{"Asia/Beirut", "2026-10-24", "2026-10-23T21:00:00Z", 25 * time.Hour, 50},
		// The clock goes from 01:00 back to midnight: there are two.
		{"America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", 25 * time.Hour, 50},
		{"Pacific/Kiritimati", "2026-11-01", "2026-10-31T10:00:00Z", 24 * time.Hour, 48},
		{"Etc/GMT+12", "2026-11-01", "2026-11-01T12:00:00Z", 24 * time.Hour, 48},
	} {
		s := spanOf(date(t, c.day), location(t, c.zone))
		if got := s.since.Format(time.RFC3339); got != c.since || s.until.Sub(s.since) != c.length || s.parts() != c.parts {
			t.Errorf("%s in %s begins %s and has %v in %d parts, want %s, %v, %d", c.day, c.zone, got, s.until.Sub(s.since), s.parts(), c.since, c.length, c.parts)
		}
		for _, at := range []time.Time{s.since, s.since.Add(time.Hour), s.until.Add(-1)} {
			if spanAt(at, location(t, c.zone)) != s {
				t.Errorf("%v is not in %s in %s", at, c.day, c.zone)
			}
		}
	}
}

func TestADayThatWasLeftOutIsEmpty(t *testing.T) {
	t.Parallel()
	apia := location(t, "Pacific/Apia")
	if s := spanOf(date(t, "2011-12-30"), apia); !s.since.Equal(s.until) {
		t.Errorf("from %v to %v", s.since, s.until)
	}
	noon := time.Date(2011, 12, 31, 12, 0, 0, 0, apia)
	if s := spanAt(noon, apia); !s.day.Equal(date(t, "2011-12-31")) || s.until.Sub(s.since) != 24*time.Hour {
		t.Errorf("the day after it: %+v", s)
	}
}

func TestDaysJoinWithoutGap(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Asia/Beirut", "America/Havana", "Asia/Kolkata"} {
		zone := location(t, name)
		for day := date(t, "2025-12-31"); day.Before(date(t, "2027-01-02")); day = day.AddDate(0, 0, 1) {
			s := spanOf(day, zone)
			if got := dateOf(s.since, zone); !got.Equal(day) {
				t.Errorf("%s in %s begins on %s", day.Format(time.DateOnly), name, got.Format(time.DateOnly))
			}
			if got := dateOf(s.until.Add(-1), zone); !got.Equal(day) {
				t.Errorf("%s in %s ends on %s", day.Format(time.DateOnly), name, got.Format(time.DateOnly))
			}
		}
	}
}
