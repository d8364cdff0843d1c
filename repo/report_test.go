package repo_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/repo/repotest"
)

// visit stores one session: a source, and events as "kind path second [engaged_ms]" counted from base.
func visit(t *testing.T, db *repo.Store, inbox *repo.Inbox, visitor, source string, bot bool, base time.Time, lines ...string) {
	t.Helper()
	var events []repo.Event
	var view uuid.UUID
	for _, line := range lines {
		fields := append(strings.Fields(line), "0")
		kind, path := fields[0], fields[1]
		second, engaged := atoi(t, fields[2]), int64(atoi(t, fields[3]))
		e := repo.Event{EventType: kind, Name: kind, Path: path, EventID: uuid.New(), CreatedAt: base.Add(time.Duration(second) * time.Second)}
		if kind == "page_view" {
			view = e.EventID
		} else {
			e.PageViewID = uuid.NullUUID{UUID: view, Valid: true}
		}
		if kind == "exit" {
			e.EngagedMS = &engaged
		}
		events = append(events, e)
	}
	session := &repo.TrackingSession{SessionKey: uuid.NewString(), Source: source, Channel: "Other", IsBot: bot}
	store(t, db, inbox, visitor, session, events)
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// table writes an answer as text: one line a row, dimensions, then metrics; null as a dash.
func table(rows []report.Row) []string {
	var lines []string
	for _, row := range rows {
		cells := append([]string{}, row.Dimensions...)
		for _, value := range row.Values {
			if value == nil {
				cells = append(cells, "-")
			} else {
				cells = append(cells, fmt.Sprintf("%g", *value))
			}
		}
		lines = append(lines, strings.Join(cells, " "))
	}
	return lines
}

// history is three days around a change of clocks in Berlin, counted by hand in the tests below.
func history(t *testing.T) *repo.Project {
	t.Helper()
	store := repotest.Store(t)
	if _, err := store.EnsureEventPartitions(t.Context(), time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	project, neighbour := repotest.Project(t, store), repotest.Project(t, store)
	inbox := openInbox(t, store, project)
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	// Saturday 24 October, 23:50 in Berlin: across midnight, two pages, two minutes before and twenty after.
	visit(t, store, inbox, "anna", "Google", false, at("2026-10-24T23:50:00+02:00"), "page_view /a 0", "page_view /b 1200", "exit /b 1260 60000")
	// Sunday, in the hour that comes twice: once in each.
	visit(t, store, inbox, "ben", "Direct", false, at("2026-10-25T02:30:00+02:00"), "page_view /a 0", "exit /a 5 5000")
	visit(t, store, inbox, "anna", "Direct", false, at("2026-10-25T02:30:00+01:00"), "page_view /a 0", "click /a 3")
	// One view that nothing more is known of: a bounce.
	visit(t, store, inbox, "emil", "Direct", false, at("2026-10-25T13:00:00+01:00"), "page_view /d 0")
	// Long on one page: no bounce, although it is one view.
	visit(t, store, inbox, "cleo", "Google", false, at("2026-10-25T12:00:00+01:00"), "page_view /c 0", "exit /c 12 12000")
	// A bot, and somebody else's visitor: neither counts.
	visit(t, store, inbox, "bot", "Google", true, at("2026-10-25T12:00:00+01:00"), "page_view /a 0")
	visit(t, store, openInbox(t, store, neighbour), "dora", "Google", false, at("2026-10-25T12:00:00+01:00"), "page_view /a 0")
	return project
}

func TestReportsAreWhatAHandCounts(t *testing.T) {
	t.Parallel()
	project := history(t)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	all := []report.Metric{
		report.Visitors, report.Sessions, report.Pageviews, report.Bounces, report.BounceRate, report.AvgSessionDuration, report.ViewsPerSession,
	}
	since, until := time.Date(2026, 10, 24, 0, 0, 0, 0, berlin), time.Date(2026, 10, 27, 0, 0, 0, 0, berlin)
	for _, c := range []struct {
		name  string
		query report.Query
		want  []string
	}{
		{
			// visitors anna, ben, cleo, emil; durations 1260, 5, 3, 12, 0; ben and emil bounced.
			"over all",
			report.Query{Metrics: all},
			[]string{"4 5 6 2 0.4 256 1.2"},
		},
		{
			// anna's first session began on Saturday; its second page view was on Sunday.
			"by day",
			report.Query{Metrics: all, Dimensions: []report.Dimension{report.Day}},
			[]string{"2026-10-24 1 1 1 0 0 1260 1", "2026-10-25 4 4 5 2 0.5 5 1.25", "2026-10-26 0 0 0 0 - - -"},
		},
		{
			// /b was seen by a session that began in the range; /a by three sessions, of which ben's bounced.
			"by path",
			report.Query{Metrics: []report.Metric{report.Pageviews, report.Visitors, report.Sessions, report.BounceRate}, Dimensions: []report.Dimension{report.Path}},
			[]string{"/a 3 2 3 0.3333333333333333", "/b 1 1 1 0", "/c 1 1 1 0", "/d 1 1 1 1"},
		},
		{
			"by source",
			report.Query{Metrics: []report.Metric{report.Sessions, report.Visitors, report.Pageviews, report.BounceRate}, Dimensions: []report.Dimension{report.Source}},
			[]string{"Direct 3 3 3 0.6666666666666666", "Google 2 2 3 0"},
		},
		{
			"by source, fewest page views first",
			report.Query{
				Metrics: []report.Metric{report.Pageviews}, Dimensions: []report.Dimension{report.Source},
				OrderBy: []report.Order{{Metric: report.Pageviews}, {Dimension: report.Source, Descending: true}},
			},
			[]string{"Google 3", "Direct 3"},
		},
		{
			"by day and source",
			report.Query{Metrics: []report.Metric{report.Sessions, report.Pageviews}, Dimensions: []report.Dimension{report.Day, report.Source}},
			[]string{"2026-10-24 Google 1 1", "2026-10-25 Direct 3 3", "2026-10-25 Google 1 2"},
		},
	} {
		query := c.query
		query.Since, query.Until, query.Zone, query.Limit = since, until, berlin, 100
		answer, err := project.Report(t.Context(), query, nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, table(answer.Rows)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestTheHourThatComesTwiceIsTwoRows(t *testing.T) {
	t.Parallel()
	project := history(t)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := project.Report(t.Context(), report.Query{
		Metrics: []report.Metric{report.Sessions}, Dimensions: []report.Dimension{report.Hour}, Zone: berlin, Limit: 100,
		Since: time.Date(2026, 10, 25, 1, 0, 0, 0, berlin), Until: time.Date(2026, 10, 25, 4, 0, 0, 0, berlin),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"2026-10-25T01:00:00+02:00 0", "2026-10-25T02:00:00+02:00 1", "2026-10-25T02:00:00+01:00 1", "2026-10-25T03:00:00+01:00 0",
	}
	if diff := cmp.Diff(want, table(answer.Rows)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestPagesOfAReportMeetWithoutGapOrOverlap(t *testing.T) {
	t.Parallel()
	project := history(t)
	query := report.Query{
		Metrics: []report.Metric{report.Visitors}, Dimensions: []report.Dimension{report.Path}, Zone: time.UTC,
		Since: time.Date(2026, 10, 24, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 10, 27, 0, 0, 0, 0, time.UTC), Limit: 2,
	}
	var seen []string
	for more := true; more; {
		answer, err := project.Report(t.Context(), query, nil)
		if err != nil {
			t.Fatal(err)
		}
		seen, more = append(seen, table(answer.Rows)...), answer.More
		query.After = &answer.Rows[len(answer.Rows)-1]
	}
	if diff := cmp.Diff([]string{"/a 2", "/b 1", "/c 1", "/d 1"}, seen); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestAValueDoesNotDependOnWhatElseIsAsked(t *testing.T) {
	t.Parallel()
	project := history(t)
	all := []report.Metric{
		report.Visitors, report.Sessions, report.Pageviews, report.Bounces, report.BounceRate, report.AvgSessionDuration, report.ViewsPerSession,
	}
	for _, dimensions := range [][]report.Dimension{nil, {report.Day}, {report.Hour}, {report.Path}, {report.Source}, {report.Day, report.Path}} {
		query := report.Query{
			Dimensions: dimensions, Zone: time.UTC, Limit: 1000, Metrics: all,
			Since: time.Date(2026, 10, 24, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 10, 27, 0, 0, 0, 0, time.UTC),
		}
		together, err := project.Report(t.Context(), query, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, metric := range all {
			alone := query
			alone.Metrics = []report.Metric{metric}
			answer, err := project.Report(t.Context(), alone, nil)
			if err != nil {
				t.Fatal(err)
			}
			values := map[string]string{}
			for _, row := range answer.Rows {
				values[strings.Join(row.Dimensions, "|")] = table([]report.Row{{Values: row.Values}})[0]
			}
			for _, row := range together.Rows {
				key := strings.Join(row.Dimensions, "|")
				got := table([]report.Row{{Values: row.Values[i : i+1]}})[0]
				if want, ok := values[key]; ok && got != want {
					t.Errorf("%s by %v at %s: %s alone, %s with all others", metric, dimensions, key, want, got)
				}
			}
		}
	}
}
