package repo_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

// wanderings are the ways of seven sessions through a site.
func wanderings(t *testing.T) *trail {
	t.Helper()
	tr := newTrail(t)
	google, direct := repo.TrackingSession{Source: "Google"}, repo.TrackingSession{Source: "Direct"}
	// The same page twice in a row is one step: a, b, a, c.
	tr.walk("anna", google, "2026-10-05T10:00:00Z", "page_view /a 0", "click /a 5", "page_view /a 10", "page_view /b 20", "page_view /a 30", "page_view /c 40")
	tr.walk("ben", direct, "2026-10-05T10:00:00Z", "page_view /a 0", "page_view /b 10")
	// Two at the same moment: in the order of their ids.
	tr.walk("cleo", direct, "2026-10-05T10:00:00Z", "page_view /b 0", "page_view /a 0", "page_view /c 10")
	tr.walk("dora", direct, "2026-10-05T10:00:00Z", "page_view /x 0", "page_view /a 10", "page_view /d 20")
	tr.walk("emil", google, "2026-10-05T10:00:00Z", "page_view /a 0")
	// A page view without a path is none of these, and neither is another event.
	tr.walk("gina", direct, "2026-10-05T10:00:00Z", "page_view  0", "click /z 3", "page_view /b 5")
	// Began before the range; a bot.
	tr.walk("fred", direct, "2026-10-04T23:59:59Z", "page_view /a 0", "page_view /b 10")
	tr.walk("bot", repo.TrackingSession{IsBot: true}, "2026-10-05T10:00:00Z", "page_view /a 0", "page_view /b 10")
	return tr
}

// flow writes paths as text: "0 /a 3 -1" is a page of step 0 with 3 sessions of which 1 ended, then its links.
func flow(paths *repo.Paths) []string {
	name := func(node repo.PathNode) string {
		if node.Other {
			return "other"
		}
		return node.Path
	}
	var lines []string
	for i, node := range paths.Nodes {
		cells := []string{fmt.Sprintf("%d %s %d -%d", node.Step, name(node), node.Sessions, node.Ended)}
		for _, link := range paths.Links {
			if link.From == i {
				cells = append(cells, fmt.Sprintf("> %s %d", name(paths.Nodes[link.To]), link.Sessions))
			}
		}
		lines = append(lines, strings.Join(cells, " "))
	}
	return lines
}

func TestPathsAreWhatAHandCounts(t *testing.T) {
	t.Parallel()
	tr := wanderings(t)
	base := repo.PathsQuery{Journey: on(t, "2026-10-05T00:00:00Z", "2026-10-06T00:00:00Z"), Depth: 2, MaxNodes: 10}
	for _, c := range []struct {
		name string
		ask  func(q *repo.PathsQuery)
		want []string
	}{
		{
			"from the first page, two pages each", func(q *repo.PathsQuery) { q.MaxNodes = 2 },
			[]string{
				"0 /a 3 -1 > /b 2", "0 /b 2 -1 > /a 1", "0 other 1 -0 > /a 1",
				"1 /a 2 -0 > /c 1 > other 1", "1 /b 2 -1 > /a 1",
				"2 /a 1 -0", "2 /c 1 -1", "2 other 1 -1",
			},
		},
		{
			// anna is on /a twice: from the first time on.
			"on from a page", func(q *repo.PathsQuery) { q.Path = "/a" },
			[]string{"0 /a 5 -1 > /b 2 > /c 1 > /d 1", "1 /b 2 -1 > /a 1", "1 /c 1 -1", "1 /d 1 -1", "2 /a 1 -0"},
		},
		{
			"back from a page", func(q *repo.PathsQuery) { q.Path, q.Previous, q.Depth = "/c", true, 1 },
			[]string{"0 /c 2 -0 > /a 2", "1 /a 2 -0"},
		},
		{
			// Of those who went from /a to the end only ben began there.
			"back from the last page", func(q *repo.PathsQuery) { q.Previous, q.Depth = true, 1 },
			[]string{"0 /b 2 -1 > /a 1", "0 /c 2 -0 > /a 2", "0 /a 1 -1", "0 /d 1 -0 > /a 1", "1 /a 4 -1"},
		},
		{
			"from Google", func(q *repo.PathsQuery) { q.Filter = only(is(report.Source, "Google")) },
			[]string{"0 /a 2 -1 > /b 1", "1 /b 1 -0 > /a 1", "2 /a 1 -0"},
		},
		{
			"of those who saw /d", func(q *repo.PathsQuery) { q.Filter = only(is(report.Path, "/d")) },
			[]string{"0 /x 1 -0 > /a 1", "1 /a 1 -0 > /d 1", "2 /d 1 -1"},
		},
		{
			"of bots", func(q *repo.PathsQuery) { q.Bots = report.BotsOnly },
			[]string{"0 /a 1 -0 > /b 1", "1 /b 1 -1"},
		},
		{"from a page that nobody saw", func(q *repo.PathsQuery) { q.Path = "/nowhere" }, nil},
	} {
		q := base
		c.ask(&q)
		paths, err := tr.project.Paths(t.Context(), q)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, flow(paths)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestPathsWithTextsOfStrangers(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	for name, text := range hostile() {
		path := "/" + string([]rune(text)[:254])
		tr.walkWith(name, repo.TrackingSession{}, "2026-10-05T10:00:00Z", func(e *repo.Event) { e.Path = path }, "page_view /a 0", "page_view /a 5")
		tr.walkWith(name, repo.TrackingSession{}, "2026-10-05T12:00:00Z", func(e *repo.Event) {
			if e.Path == "/a" {
				e.Path = path
			}
		}, "page_view /a 0", "page_view /b 5")
		q := repo.PathsQuery{Journey: on(t, "2026-10-05T00:00:00Z", "2026-10-06T00:00:00Z"), Depth: 1, MaxNodes: 10, Path: path}
		paths, err := tr.project.Paths(t.Context(), q)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff([]string{"0 " + path + " 2 -1 > /b 1", "1 /b 1 -1"}, flow(paths)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
