package repo_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/repo/repotest"
)

// placed reads "x,y selector" or "selector" from an event's name.
func placed(t *testing.T) func(e *repo.Event) {
	t.Helper()
	return func(e *repo.Event) {
		if e.EventType == "page_view" || e.EventType == "exit" {
			return
		}
		place, selector, found := strings.Cut(e.Name, " ")
		if !found {
			place, selector = "", e.Name
		}
		if x, y, ok := strings.Cut(place, ","); ok {
			e.X, e.Y = new(int32(atoi(t, x))), new(int32(atoi(t, y)))
		}
		e.Selector = strings.TrimPrefix(selector, "-")
	}
}

// measured is clicks on a page and how far down it was read.
func measured(t *testing.T) *trail {
	t.Helper()
	tr := newTrail(t)
	google := repo.TrackingSession{Source: "Google"}
	const day = "2026-10-05T10:00:00Z"
	tr.walkWith("anna", google, day, placed(t), "page_view /p 0",
		"click /p 1 0,0 #buy", "click /p 2 9,19 #buy", "click /p 3 10,20 #buy", "click /p 4 999,5 #x", "click /p 5 1500,5 #x",
		"click /p 6 #buy", "outbound_click /p 7 500,100 a.out", "file_download /p 8 500,119 a.out", "custom /p 9 500,120 #c",
		// None of these: no element, no click, another page.
		"custom /p 10 -", "form_submit /p 11 500,120 #f", "click /q 12 0,0 #buy")
	tr.walkWith("ben", repo.TrackingSession{}, day, placed(t), "page_view /p 0", "click /p 5 399,0 #buy")
	tr.walkWith("cleo", repo.TrackingSession{}, day, placed(t), "page_view /p 0", "click /p 5 5,5 -")
	tr.walkWith("bot", repo.TrackingSession{IsBot: true}, day, placed(t), "page_view /p 0", "click /p 5 5,5 #buy")
	// Before the range, and at its end.
	tr.walkWith("dora", repo.TrackingSession{}, "2026-10-04T23:59:59Z", placed(t), "click /p 0 5,5 #buy")
	tr.walkWith("dora", repo.TrackingSession{}, "2026-10-06T00:00:00Z", placed(t), "click /p 0 5,5 #buy")
	for visitor, width := range map[string]int{"anna": 1000, "ben": 400, "bot": 400, "dora": 400} {
		changed := repotest.Number(t, tr.url,
			"WITH u AS (UPDATE visitors SET viewport_w = $2 WHERE visitor_key = $1 RETURNING 1) SELECT count(*) FROM u", visitor, width)
		if changed != 1 {
			t.Fatalf("%d visitors %s", changed, visitor)
		}
	}
	return tr
}

func heatLines(heatmap *repo.Heatmap) []string {
	var lines []string
	for _, class := range heatmap.Classes {
		cells := []string{fmt.Sprintf("%q %d:", class.Viewport, class.Clicks)}
		for _, bin := range class.Bins {
			cells = append(cells, fmt.Sprintf("%d,%d=%d", bin.X, bin.Y, bin.Clicks))
		}
		for _, selector := range class.Selectors {
			cells = append(cells, fmt.Sprintf("%s=%d", selector.Selector, selector.Clicks))
		}
		lines = append(lines, strings.Join(cells, " "))
	}
	return lines
}

func TestAHeatmapIsWhatAHandCounts(t *testing.T) {
	t.Parallel()
	tr := measured(t)
	base := repo.HeatmapQuery{Journey: on(t, "2026-10-05T00:00:00Z", "2026-10-06T00:00:00Z"), Path: "/p"}
	for _, c := range []struct {
		name string
		ask  func(q *repo.HeatmapQuery)
		want []string
	}{
		{
			// Of 1,000 pixels 9 are less than 1 %, 10 are not; beyond the viewport is its last per cent. The key has no place.
			"all", func(*repo.HeatmapQuery) {},
			[]string{
				`"under 576" 1: 99,0=1 #buy=1`,
				`"992 to 1439" 9: 0,0=2 99,0=2 50,5=2 1,1=1 50,6=1 #buy=4 #x=2 a.out=2 #c=1`,
				`"" 1:`,
			},
		},
		{
			"of narrow viewports", func(q *repo.HeatmapQuery) { q.Filter = only(is(report.Viewport, "under 576")) },
			[]string{`"under 576" 1: 99,0=1 #buy=1`},
		},
		{
			"of another page", func(q *repo.HeatmapQuery) { q.Path = "/q" },
			[]string{`"992 to 1439" 1: 0,0=1 #buy=1`},
		},
		{
			"of bots", func(q *repo.HeatmapQuery) { q.Bots = report.BotsOnly },
			[]string{`"under 576" 1: 1,0=1 #buy=1`},
		},
	} {
		q := base
		c.ask(&q)
		heatmap, err := tr.project.Heatmap(t.Context(), q)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, heatLines(heatmap)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestScrollDepthsAreWhatAHandCounts(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	var annas uuid.NullUUID
	scroll := func(depth float64) func(e *repo.Event) {
		return func(e *repo.Event) {
			if e.EventType == "exit" {
				e.ScrollPct = &depth
			}
		}
	}
	direct := repo.TrackingSession{}
	depths := []float64{62.5, 40}
	// Two reports of one page view: the deepest counts, 62.5.
	tr.walkWith("anna", direct, "2026-10-05T10:00:00Z", func(e *repo.Event) {
		if e.EventType == "exit" {
			annas, e.ScrollPct, depths = e.PageViewID, new(depths[0]), depths[1:]
		}
	}, "page_view /p 0", "exit /p 10", "exit /p 20")
	tr.walkWith("ben", direct, "2026-10-05T10:00:00Z", scroll(100), "page_view /p 0", "exit /p 10")
	// Never said, and so in no share.
	tr.walk("cleo", direct, "2026-10-05T10:00:00Z", "page_view /p 0")
	// Left after the range.
	tr.walkWith("dora", direct, "2026-10-05T23:59:00Z", scroll(4.99), "page_view /p 0", "exit /p 600")
	tr.walkWith("emil", direct, "2026-10-05T10:00:00Z", scroll(5), "page_view /p 0", "exit /p 10")
	// Another page, a bot, and somebody who says that he had been on anna's page.
	tr.walkWith("emil", direct, "2026-10-05T12:00:00Z", scroll(50), "page_view /q 0", "exit /q 10")
	tr.walkWith("bot", repo.TrackingSession{IsBot: true}, "2026-10-05T10:00:00Z", scroll(50), "page_view /p 0", "exit /p 10")
	tr.walkWith("fred", direct, "2026-10-05T10:00:00Z", func(e *repo.Event) { e.PageViewID, e.ScrollPct = annas, new(100.0) }, "exit /p 0")
	heatmap, err := tr.project.Heatmap(t.Context(), repo.HeatmapQuery{Journey: on(t, "2026-10-05T00:00:00Z", "2026-10-06T00:00:00Z"), Path: "/p"})
	if err != nil {
		t.Fatal(err)
	}
	// All four got to 0; emil, anna and ben to 5; anna and ben to 10, … 60; ben alone to 65, … 100.
	want := repo.ScrollDepths{Views: 5, Measured: 4, Reached: [21]int64{4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1}}
	if diff := cmp.Diff(want, heatmap.Scroll); diff != "" {
		t.Errorf("depths (-want +got):\n%s", diff)
	}
}

func TestAHeatmapHasNoMoreThanItsBounds(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	var lines []string
	for i := range 2100 {
		lines = append(lines, fmt.Sprintf("click /p %d %d,%d #e%d", i, i%100*10, i/100*20, i%30))
	}
	tr.walkWith("anna", repo.TrackingSession{}, "2026-10-05T10:00:00Z", placed(t), lines...)
	repotest.Number(t, tr.url, "WITH u AS (UPDATE visitors SET viewport_w = 1000 RETURNING 1) SELECT count(*) FROM u")
	for name, text := range hostile() {
		session := repo.TrackingSession{Source: "Direct", LandingReferrer: text}
		tr.walkWith(name, session, "2026-10-05T10:00:00Z", func(e *repo.Event) { e.Selector = string([]rune(text)[:255]) }, "click /h 0")
	}
	journey := on(t, "2026-10-05T00:00:00Z", "2026-10-06T00:00:00Z")
	heatmap, err := tr.project.Heatmap(t.Context(), repo.HeatmapQuery{Journey: journey, Path: "/p"})
	if err != nil {
		t.Fatal(err)
	}
	class := heatmap.Classes[0]
	if class.Clicks != 2100 || len(class.Bins) != 2000 || len(class.Selectors) != 20 {
		t.Errorf("%d clicks, %d bins, %d selectors; want 2100, 2000, 20", class.Clicks, len(class.Bins), len(class.Selectors))
	}
	if heatmap, err = tr.project.Heatmap(t.Context(), repo.HeatmapQuery{Journey: journey, Path: "/h"}); err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, selector := range heatmap.Classes[0].Selectors {
		got[selector.Selector] = selector.Clicks
	}
	want := map[string]int64{}
	for _, text := range hostile() {
		want[string([]rune(text)[:255])] = 1
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("selectors of strangers (-want +got):\n%s", diff)
	}
}
