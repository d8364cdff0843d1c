package repo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

// shop is the ways of nine people and a bot, on one morning.
func shop(t *testing.T) *trail {
	t.Helper()
	tr := newTrail(t)
	google, direct, other := repo.TrackingSession{Source: "Google"}, repo.TrackingSession{Source: "Direct"}, repo.TrackingSession{Source: "Twitter"}
	// All three steps; the click between is neither a page view nor a step.
	tr.walk("anna", google, "2026-10-05T10:00:00Z", "page_view /pricing 0", "click /pricing 60", "custom /pricing 600 Sign up", "conversion /done 2400 Order")
	// His first look is too long ago to get anywhere; the second one gets to step 2, and 65 minutes later too late to step 3.
	tr.walk("ben", direct, "2026-10-05T10:00:00Z", "page_view /pricing 0", "page_view /pricing 1800", "custom /pricing 4200 Sign up", "conversion /done 5700 Order")
	// The wrong way round.
	tr.walk("cleo", direct, "2026-10-05T10:00:00Z", "custom / 0 Sign up", "page_view /pricing 300")
	// At the same moment: page views come first, although this one has the larger id.
	tr.walk("dora", other, "2026-10-05T10:00:00Z", "custom /pricing 0 Sign up", "page_view /pricing 0")
	// In two sessions.
	tr.walk("emil", google, "2026-10-05T10:00:00Z", "page_view /pricing 0")
	tr.walk("emil", direct, "2026-10-05T10:50:00Z", "custom / 0 Sign up")
	// A second too early, in time with the second step after the range, at the end of the range.
	tr.walk("fred", direct, "2026-10-05T09:59:59Z", "page_view /pricing 0", "custom / 60 Sign up")
	tr.walk("gina", other, "2026-10-05T11:59:59Z", "page_view /pricing 0", "custom / 600 Sign up")
	tr.walk("hugo", direct, "2026-10-05T12:00:00Z", "page_view /pricing 0", "custom / 60 Sign up")
	// Another page between.
	tr.walk("ivo", repo.TrackingSession{Source: "Bing"}, "2026-10-05T10:00:00Z", "page_view /pricing 0", "page_view /other 60", "custom /other 120 Sign up")
	tr.walk("bot", repo.TrackingSession{Source: "Google", IsBot: true}, "2026-10-05T10:00:00Z", "page_view /pricing 0", "custom /pricing 600 Sign up")
	return tr
}

// funnelLines writes a funnel as text: who reached each step, with the median and the 90 % of the seconds.
func funnelLines(funnel *repo.Funnel) []string {
	line := func(name string, row repo.FunnelRow) string {
		cells := []string{name}
		for _, step := range row.Steps {
			cells = append(cells, fmt.Sprintf("%d %s %s", step.Reached, shown(step.Median), shown(step.P90)))
		}
		return strings.Join(cells, " | ")
	}
	lines := []string{line("all", funnel.Totals)}
	for _, row := range funnel.Rows {
		name := row.Value
		if row.Rest {
			name = "rest"
		}
		lines = append(lines, line(name, row))
	}
	return lines
}

func TestFunnelsAreWhatAHandCounts(t *testing.T) {
	t.Parallel()
	tr := shop(t)
	pricing, signUp, order := []report.Condition{is(report.Path, "/pricing")}, []report.Condition{is(report.EventName, "Sign up")},
		[]report.Condition{is(report.EventType, "conversion"), is(report.Path, "/done")}
	base := repo.FunnelQuery{
		Journey: on(t, "2026-10-05T10:00:00Z", "2026-10-05T12:00:00Z"), Steps: [][]report.Condition{pricing, signUp, order}, Window: time.Hour, MaxRows: 2,
	}
	for _, c := range []struct {
		name string
		ask  func(q *repo.FunnelQuery)
		want []string
	}{
		{
			// Seven began; the seconds to step 2 are 0 dora, 120 ivo, 600 anna, 600 gina, 2400 ben, 3000 emil: 90 % are
			// below the middle of the last two.
			"by visitor", func(*repo.FunnelQuery) {},
			[]string{"all | 7 - - | 6 600 2700 | 1 1800 1800"},
		},
		{
			// emil's two sessions are two: 0, 120, 600, 600, 2400.
			"by session", func(q *repo.FunnelQuery) { q.BySession = true },
			[]string{"all | 7 - - | 5 600 1680 | 1 1800 1800"},
		},
		{
			// Not ivo: 0, 600, 600, 2400, 3000.
			"strict", func(q *repo.FunnelQuery) { q.Strict = true },
			[]string{"all | 7 - - | 5 600 2760 | 1 1800 1800"},
		},
		{
			// Two of each, one from Bing: of the equal ones those that come first by their bytes have rows. emil began with Google.
			"by source", func(q *repo.FunnelQuery) { q.Breakdown = report.Source },
			[]string{
				"all | 7 - - | 6 600 2700 | 1 1800 1800", "Direct | 2 - - | 1 2400 2400 | 0 - -",
				"Google | 2 - - | 2 1800 2760 | 1 1800 1800", "rest | 3 - - | 3 120 504 | 0 - -",
			},
		},
		{
			// ben's second step was 40 minutes after his second look, emil's 50 after his only one.
			"within half an hour", func(q *repo.FunnelQuery) { q.Window = 30 * time.Minute },
			[]string{"all | 7 - - | 4 360 600 | 0 - -"},
		},
		{
			"within 40 minutes to the second", func(q *repo.FunnelQuery) { q.Window = 40 * time.Minute },
			[]string{"all | 7 - - | 5 600 1680 | 1 1800 1800"},
		},
		{
			// Of emil's sessions only the first one is kept.
			"from Google", func(q *repo.FunnelQuery) { q.Filter = only(is(report.Source, "Google")) },
			[]string{"all | 2 - - | 1 600 600 | 1 1800 1800"},
		},
		{
			"with bots", func(q *repo.FunnelQuery) { q.Bots = report.BotsOnly },
			[]string{"all | 1 - - | 1 600 600 | 0 - -"},
		},
		{
			// ben alone looked twice: the same event is not two steps.
			"the same step twice", func(q *repo.FunnelQuery) { q.Steps = [][]report.Condition{pricing, pricing} },
			[]string{"all | 7 - - | 1 1800 1800"},
		},
		{
			"nobody", func(q *repo.FunnelQuery) {
				q.Filter, q.Breakdown = only(is(report.Source, "Nowhere")), report.Source
			},
			[]string{"all | 0 - - | 0 - - | 0 - -"},
		},
	} {
		q := base
		c.ask(&q)
		funnel, err := tr.project.Funnel(t.Context(), q)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, funnelLines(funnel)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestRatiosOfAnEmptyFunnelAreNull(t *testing.T) {
	t.Parallel()
	first, previous := repo.FunnelRow{Steps: []repo.FunnelStep{{Reached: 4}, {Reached: 2}, {Reached: 1}}}.Ratios()
	if diff := cmp.Diff([]string{"1", "0.5", "0.25"}, []string{shown(first[0]), shown(first[1]), shown(first[2])}); diff != "" {
		t.Errorf("from the first (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1", "0.5", "0.5"}, []string{shown(previous[0]), shown(previous[1]), shown(previous[2])}); diff != "" {
		t.Errorf("from the step before (-want +got):\n%s", diff)
	}
	first, previous = repo.FunnelRow{Steps: make([]repo.FunnelStep, 2)}.Ratios()
	if first[1] != nil || previous[1] != nil {
		t.Errorf("of nobody %s and %s, want null", shown(first[1]), shown(previous[1]))
	}
}

func TestAFunnelOfEveryKindOfStepWithTextsOfStrangers(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	texts := hostile()
	for name, text := range texts {
		// Each visitor's referrer and property are the text; a path holds what fits.
		session := repo.TrackingSession{Source: "Direct", LandingReferrer: text}
		tr.walkWith(name, session, "2026-10-05T10:00:00Z", func(e *repo.Event) {
			e.Meta = object(t, map[string]string{"note": text})
			e.Title = text
		}, "page_view /a 0", "custom /a 10 Note")
	}
	for name, text := range texts {
		funnel, err := tr.project.Funnel(t.Context(), repo.FunnelQuery{
			Journey: on(t, "2026-10-05T00:00:00Z", "2026-10-06T00:00:00Z"), Window: time.Hour, Breakdown: report.Referrer, MaxRows: 10,
			Steps: [][]report.Condition{
				{is(report.Title, text)},
				{{Dimension: report.Property, PropertyKey: "note", Operator: report.OperatorStartsWith, Values: []string{text}}},
			},
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := []string{"all | 1 - - | 1 10 10", text + " | 1 - - | 1 10 10"}
		if diff := cmp.Diff(want, funnelLines(funnel)); diff != "" {
			t.Errorf("%s (-want +got):\n%.500s", name, diff)
		}
	}
}

func TestAFunnelIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	step := []report.Condition{is(report.Path, "/a")}
	for want, q := range map[string]repo.FunnelQuery{
		"source is not an event's":     {Steps: [][]report.Condition{step, {is(report.Source, "Google")}}},
		"a session has no path of its": {Steps: [][]report.Condition{step, step}, Breakdown: report.Path},
		"ask with bots included":       {Steps: [][]report.Condition{step, step}, Breakdown: report.BotReason},
		"there is no filter by":        {Steps: [][]report.Condition{step, step}, Journey: repo.Journey{Filter: only(is(report.Day, "2026-10-05"))}},
	} {
		_, err := tr.project.Funnel(t.Context(), q)
		if !errors.Is(err, report.ErrUnsupported) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want it refused with %q", err, want)
		}
	}
}
