package repo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/repo/repotest"
)

// visitors is a project's store, for tests that add sessions.
type visitors struct {
	store   *repo.Store
	project *repo.Project
	inbox   *repo.Inbox
}

func newVisitors(t *testing.T) visitors {
	t.Helper()
	store := repotest.Store(t)
	if _, err := store.EnsureEventPartitions(t.Context(), now.AddDate(0, -1, 0), now.AddDate(0, 1, 0)); err != nil {
		t.Fatal(err)
	}
	project := repotest.Project(t, store)
	return visitors{store, project, openInbox(t, store, project)}
}

// comes stores one session at a minute after now.
func (v visitors) comes(t *testing.T, who, source string, minute int, lines ...string) {
	t.Helper()
	visit(t, v.store, v.inbox, who, source, who == "bot", now.Add(time.Duration(minute)*time.Minute), lines...)
}

// rangeOf asks for what started between two minutes after now.
func rangeOf(since, until int) report.Query {
	return report.Query{Since: now.Add(time.Duration(since) * time.Minute), Until: now.Add(time.Duration(until) * time.Minute)}
}

// whoAndWhen writes visits as "visitor minute".
func whoAndWhen(visits []repo.Visit) []string {
	var lines []string
	for i := range visits {
		lines = append(lines, fmt.Sprintf("%s %g", visits[i].Visitor.VisitorKey, visits[i].Session.StartedAt.Sub(now).Minutes()))
	}
	return lines
}

func filteredBy(d report.Dimension, values ...string) *report.Filter {
	return &report.Filter{Condition: &report.Condition{Dimension: d, Operator: report.OperatorIs, Values: values}}
}

func fourVisits(t *testing.T) visitors {
	t.Helper()
	v := newVisitors(t)
	v.comes(t, "anna", "Google", 0, "page_view /a 0", "page_view /b 30", "page_view /c 60")
	v.comes(t, "ben", "Direct", 10, "page_view /a 0", "page_view /d 1", "page_view /d 2", "page_view /d 3", "exit /a 300 5000")
	v.comes(t, "bot", "Google", 20, "page_view /a 0")
	v.comes(t, "anna", "Direct", 40, "page_view /b 0", "page_view /b 9")
	v.comes(t, "cleo", "Google", 41, "page_view /c 0")
	other := visitors{v.store, repotest.Project(t, v.store), nil}
	other.inbox = openInbox(t, v.store, other.project)
	other.comes(t, "dora", "Google", 5, "page_view /a 0")
	return v
}

func TestSessionsAreListedAsAsked(t *testing.T) {
	t.Parallel()
	v := fourVisits(t)
	with := func(query report.Query, filter *report.Filter, bots report.Bots) report.Query {
		query.Filter, query.Bots = filter, bots
		return query
	}
	all := rangeOf(0, 60)
	for _, c := range []struct {
		name  string
		query report.Query
		order repo.SessionOrder
		want  []string
	}{
		{"the newest", all, repo.SessionsNewest, []string{"cleo 41", "anna 40", "ben 10", "anna 0"}},
		{"the oldest", all, repo.SessionsOldest, []string{"anna 0", "ben 10", "anna 40", "cleo 41"}},
		{"the longest: 300, 60, 9, 0 seconds", all, repo.SessionsLongest, []string{"ben 10", "anna 0", "anna 40", "cleo 41"}},
		{"most page views: 4, 3, 2, 1", all, repo.SessionsMostPageviews, []string{"ben 10", "anna 0", "anna 40", "cleo 41"}},
		{"of a half-open range", rangeOf(10, 40), repo.SessionsNewest, []string{"ben 10"}},
		{"with bots", with(all, nil, report.BotsIncluded), repo.SessionsNewest, []string{"cleo 41", "anna 40", "bot 20", "ben 10", "anna 0"}},
		{"bots alone", with(all, nil, report.BotsOnly), repo.SessionsNewest, []string{"bot 20"}},
		{"by source", with(all, filteredBy(report.Source, "Google"), 0), repo.SessionsNewest, []string{"cleo 41", "anna 0"}},
		{"by a page", with(all, filteredBy(report.Path, "/b"), 0), repo.SessionsNewest, []string{"anna 40", "anna 0"}},
		{"of new visitors", with(all, filteredBy(report.VisitorType, "new"), 0), repo.SessionsNewest, []string{"cleo 41", "ben 10", "anna 0"}},
	} {
		list, want := repo.VisitList{Query: c.query, Order: c.order, Limit: 2}, c.want
		var got []string
		for {
			visits, err := v.project.ListSessions(t.Context(), list)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if len(visits) == 0 {
				break
			}
			got = append(got, whoAndWhen(visits)...)
			list.After = visits[len(visits)-1].Session.Place(c.order)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		count := c.query
		count.Metrics, count.Zone = []report.Metric{report.Sessions}, time.UTC
		if answer, err := v.project.Report(t.Context(), count, nil); err != nil || *answer.Totals.Values[0] != float64(len(want)) {
			t.Errorf("%s: the metric is %v, %v; %d are listed", c.name, answer.Totals, err, len(want))
		}
	}
	hours := with(all, filteredBy(report.Hour, "x"), 0)
	if _, err := v.project.ListSessions(t.Context(), repo.VisitList{Query: hours, Limit: 2}); !errors.Is(err, report.ErrUnsupported) {
		t.Errorf("by hour: %v, want ErrUnsupported", err)
	}
}

func TestVisitorsAreListedByTheirLastSession(t *testing.T) {
	t.Parallel()
	v := fourVisits(t)
	for _, c := range []struct {
		name  string
		query report.Query
		want  []string
	}{
		{"all", rangeOf(0, 60), []string{"cleo 41", "anna 40", "ben 10"}},
		{"of a range", rangeOf(0, 40), []string{"ben 10", "anna 0"}},
		{"by source", report.Query{Filter: filteredBy(report.Source, "Google")}, []string{"cleo 41", "anna 0"}},
		{"by a page", report.Query{Filter: filteredBy(report.Path, "/a")}, []string{"ben 10", "anna 0"}},
		{"by sort", report.Query{Filter: filteredBy(report.VisitorType, "new")}, []string{"cleo 41", "ben 10", "anna 0"}},
		{"bots", report.Query{Bots: report.BotsOnly}, []string{"bot 20"}},
	} {
		list := repo.VisitList{Query: c.query, Limit: 10}
		if list.Query.Since.IsZero() {
			list.Query.Since, list.Query.Until = rangeOf(0, 60).Since, rangeOf(0, 60).Until
		}
		visits, err := v.project.ListVisitors(t.Context(), list)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, whoAndWhen(visits)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestListsStayRightWhileVisitorsCome(t *testing.T) {
	t.Parallel()
	v := fourVisits(t)
	sessions := repo.VisitList{Query: rangeOf(0, 60), Limit: 2}
	people := sessions
	first, err := v.project.ListSessions(t.Context(), sessions)
	if err != nil {
		t.Fatal(err)
	}
	visits, err := v.project.ListVisitors(t.Context(), people)
	if err != nil {
		t.Fatal(err)
	}
	sessions.After = first[1].Session.Place(repo.SessionsNewest)
	people.After, people.Newest = visits[1].Session.Place(repo.SessionsNewest), visits[0].Session.Place(repo.SessionsNewest)
	v.comes(t, "ben", "Direct", 50, "page_view /z 0")    // was not listed yet
	v.comes(t, "anna", "Direct", 55, "page_view /z 0")   // was
	v.comes(t, "emil", "Direct", 56, "page_view /z 0")   // is new
	v.comes(t, "fred", "Direct", 5, "page_view /late 0") // comes late, and belongs behind
	second, err := v.project.ListSessions(t.Context(), sessions)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ben 10", "fred 5"}, whoAndWhen(second)); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
	visits, err = v.project.ListVisitors(t.Context(), people)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ben 10", "fred 5"}, whoAndWhen(visits)); diff != "" {
		t.Errorf("visitors (-want +got):\n%s", diff)
	}
}

func TestPagesMeetBetweenSessionsOfOneMoment(t *testing.T) {
	t.Parallel()
	v := newVisitors(t)
	for i := range 7 {
		v.comes(t, fmt.Sprint("visitor ", i), "Google", 0, "page_view /a 0")
	}
	for _, order := range []repo.SessionOrder{repo.SessionsNewest, repo.SessionsOldest, repo.SessionsLongest, repo.SessionsMostPageviews} {
		for name, read := range map[string]func(context.Context, repo.VisitList) ([]repo.Visit, error){
			"sessions": v.project.ListSessions, "visitors": v.project.ListVisitors,
		} {
			list := repo.VisitList{Query: rangeOf(0, 1), Order: order, Limit: 3}
			if name == "visitors" {
				list.Order = repo.SessionsNewest
			}
			seen := map[int64]bool{}
			for rows := 0; ; {
				visits, err := read(t.Context(), list)
				if err != nil {
					t.Fatal(err)
				}
				for i := range visits {
					seen[visits[i].Session.ID] = true
					list.After = visits[i].Session.Place(list.Order)
				}
				if rows += len(visits); len(visits) == 0 {
					if rows != 7 || len(seen) != 7 {
						t.Errorf("%s in order %d: %d rows of %d sessions, want 7", name, order, rows, len(seen))
					}
					break
				}
			}
		}
	}
}

func TestATimelineIsTheWholeSession(t *testing.T) {
	t.Parallel()
	v := newVisitors(t)
	v.comes(t, "anna", "Google", 0, "page_view /first 0")
	v.comes(t, "anna", "Google", 60, "page_view /a 0", "click /a 3", "exit /a 9 8000", "page_view /b 9", "exit /b 20 1000")
	v.comes(t, "ben", "Google", 70, "page_view /ben 0")
	v.comes(t, "anna", "Google", 120, "page_view /last 0")
	visits, err := v.project.ListSessions(t.Context(), repo.VisitList{Query: rangeOf(0, 600), Order: repo.SessionsOldest, Limit: 10})
	if err != nil || len(visits) != 4 {
		t.Fatal(visits, err)
	}
	first, middle, last := visits[0].Session.ID, visits[1].Session.ID, visits[3].Session.ID
	var got []string
	page := repo.Page[repo.EventPlace]{Limit: 2}
	for {
		timeline, err := v.project.Timeline(t.Context(), middle, page)
		if err != nil {
			t.Fatal(err)
		}
		if timeline.Previous != first || timeline.Next != last || timeline.Visitor.VisitorKey != "anna" || timeline.Session.Pageviews != 2 {
			t.Errorf("before it %d, after it %d, want %d and %d; %+v", timeline.Previous, timeline.Next, first, last, timeline.Visit)
		}
		if len(timeline.Events) == 0 {
			break
		}
		for _, e := range timeline.Events {
			got = append(got, e.EventType+" "+e.Path)
			page.After = e.Place()
		}
	}
	// The exit of /a and the view of /b are of the same moment: the view is first.
	if diff := cmp.Diff([]string{"page_view /a", "click /a", "page_view /b", "exit /a", "exit /b"}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	for id, want := range map[int64][2]int64{first: {0, middle}, last: {middle, 0}} {
		timeline, err := v.project.Timeline(t.Context(), id, page)
		if err != nil || timeline.Previous != want[0] || timeline.Next != want[1] {
			t.Errorf("session %d: %+v, %v; want %v", id, timeline, err, want)
		}
	}
	if _, err := repotest.Project(t, v.store).Timeline(t.Context(), middle, page); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("another project's: %v, want ErrNotFound", err)
	}
}

func TestAVisitorsHistoryAddsHisSessionsUp(t *testing.T) {
	t.Parallel()
	v := fourVisits(t)
	v.comes(t, "anna", "Direct", 90, "page_view /z 0", "exit /z 4 4000")
	page := repo.Page[repo.SessionPlace]{Limit: 2}
	history, err := v.project.VisitorHistory(t.Context(), repo.VisitorRef{Key: "anna"}, page)
	if err != nil {
		t.Fatal(err)
	}
	// 3 + 2 + 1 page views, 60 + 9 + 4 seconds; the last is a bounce.
	want := repo.VisitorTotals{Sessions: 3, Bounces: 1, Pageviews: 6, DurationSeconds: 73, EngagedMS: 4000}
	if diff := cmp.Diff(want, history.Totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
	var minutes []float64
	for len(history.Sessions) > 0 {
		for i := range history.Sessions {
			minutes = append(minutes, history.Sessions[i].StartedAt.Sub(now).Minutes())
			page.After = history.Sessions[i].Place(repo.SessionsNewest)
		}
		if history, err = v.project.VisitorHistory(t.Context(), repo.VisitorRef{ID: history.Visitor.ID}, page); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(minutes, []float64{90, 40, 0}) {
		t.Errorf("sessions at %v", minutes)
	}
	for _, ref := range []repo.VisitorRef{{Key: "dora"}, {Key: "nobody"}, {ID: 1 << 40}} {
		if _, err := v.project.VisitorHistory(t.Context(), ref, page); !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("%+v: %v, want ErrNotFound", ref, err)
		}
	}
}
