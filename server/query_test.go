package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/go-cmp/cmp"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

const (
	byDay    = microtrackerv1.Dimension_DIMENSION_DAY
	byPath   = microtrackerv1.Dimension_DIMENSION_PATH
	bySource = microtrackerv1.Dimension_DIMENSION_SOURCE
	visitors = microtrackerv1.Metric_METRIC_VISITORS
	views    = microtrackerv1.Metric_METRIC_PAGEVIEWS
)

// when keeps what has one of the values.
func when(dimension microtrackerv1.Dimension, values ...string) *microtrackerv1.Filter {
	return &microtrackerv1.Filter{Node: &microtrackerv1.Filter_Condition{Condition: &microtrackerv1.Condition{
		Dimension: dimension, Operator: microtrackerv1.Operator_OPERATOR_IS, Values: values,
	}}}
}

// lines writes rows as text: dimensions, metrics, and behind a slash those compared with.
func lines(rows ...*microtrackerv1.QueryRow) []string {
	number := func(v *microtrackerv1.MetricValue) string {
		if v.GetValue() == nil {
			return "-"
		}
		return fmt.Sprintf("%g", v.GetNumber())
	}
	var lines []string
	for _, row := range rows {
		cells := append([]string{}, row.GetDimensions()...)
		for _, v := range row.GetMetrics() {
			cells = append(cells, number(v))
		}
		for i, v := range row.GetCompared() {
			cells = append(cells, "/"+number(v), "("+number(row.GetChange()[i])+")")
		}
		lines = append(lines, strings.Join(cells, " "))
	}
	return lines
}

// week is a project with events on two days of two weeks.
func week(t *testing.T) (w *world, who account, monday time.Time) {
	t.Helper()
	w = start(t)
	who = w.account(t)
	monday = time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -7)
	for monday.Weekday() != time.Monday {
		monday = monday.AddDate(0, 0, -1)
	}
	secret := secretKey(t, who.project)
	at := func(days, hours int) time.Time {
		return monday.AddDate(0, 0, days).Add(time.Duration(hours) * time.Hour)
	}
	for _, batch := range [][]*microtrackerv1.Event{
		{of(visitor("anna"), at(0, 10), "https://example.com/a?utm_source=news"), of(visitor("anna"), at(0, 11), "https://example.com/b?utm_source=news")},
		{of(visitor("bert"), at(1, 10), "https://example.com/a")},
		{of(visitor("cleo"), at(1, 12), "https://example.com/c")},
		{of(visitor("anna"), at(-7, 10), "https://example.com/a")},
	} {
		want := make([]string, len(batch))
		for i := range want {
			want[i] = "ACCEPTED"
		}
		w.sends(t, secret, &microtrackerv1.TrackRequest{Events: batch}, want...)
	}
	return w, who, monday
}

func dayRange(since time.Time, days int) *microtrackerv1.QueryRequest_Days {
	return &microtrackerv1.QueryRequest_Days{Days: &microtrackerv1.DayRange{
		Since: since.Format(time.DateOnly), Until: since.AddDate(0, 0, days).Format(time.DateOnly),
	}}
}

func TestAQuestionIsFilteredComparedAndInSegments(t *testing.T) {
	t.Parallel()
	w, who, monday := week(t)
	day := func(n int) string { return monday.AddDate(0, 0, n).Format(time.DateOnly) }
	previous := &microtrackerv1.Comparison{With: &microtrackerv1.Comparison_PreviousPeriod{PreviousPeriod: true}}
	for _, c := range []struct {
		name     string
		req      *microtrackerv1.QueryRequest
		want     []string
		totals   string
		segments []string
	}{
		{
			"by day, with the week before",
			&microtrackerv1.QueryRequest{Metrics: []microtrackerv1.Metric{visitors, views}, Dimensions: []microtrackerv1.Dimension{byDay}, Range: dayRange(monday, 2), Comparison: &microtrackerv1.Comparison{
				With: &microtrackerv1.Comparison_Days{Days: &microtrackerv1.DayRange{Since: day(-7), Until: day(-5)}},
			}},
			[]string{day(0) + " 1 2 /1 (0) /1 (1)", day(1) + " 2 2 /0 (-) /0 (-)"},
			"3 4 /1 (2) /1 (3)", nil,
		},
		{
			"by path, with the period before",
			&microtrackerv1.QueryRequest{Metrics: []microtrackerv1.Metric{visitors}, Dimensions: []microtrackerv1.Dimension{byPath}, Range: dayRange(monday, 7), Comparison: previous},
			[]string{"/a 2 /1 (1)", "/b 1 /0 (-)", "/c 1 /0 (-)"},
			"3 /1 (2)", nil,
		},
		{
			"filtered, in segments",
			&microtrackerv1.QueryRequest{
				Metrics: []microtrackerv1.Metric{visitors}, Range: dayRange(monday, 7),
				Filter: when(byPath, "/a", "/c"), Segments: []*microtrackerv1.Segment{{Name: "news", Filter: when(bySource, "news")}, {Name: "c", Filter: when(byPath, "/c")}},
			},
			[]string{"3"},
			"3",
			[]string{"news 1", "c 1"},
		},
	} {
		c.req.ProjectId = who.project.ID
		for range 2 { // computed, and from the cache
			res, err := w.reporting(t, who).Query(t.Context(), c.req)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if diff := cmp.Diff(c.want, lines(res.GetRows()...)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.name, diff)
			}
			if got := lines(res.GetTotals())[0]; got != c.totals {
				t.Errorf("%s: totals %s, want %s", c.name, got, c.totals)
			}
			for i, s := range res.GetSegments() {
				if got := s.GetName() + " " + lines(s.GetTotals())[0]; got != c.segments[i] {
					t.Errorf("%s: segment %s, want %s", c.name, got, c.segments[i])
				}
			}
		}
	}
}

func TestPagesOfAnAnswerMeet(t *testing.T) {
	t.Parallel()
	w, who, monday := week(t)
	req := &microtrackerv1.QueryRequest{
		ProjectId: who.project.ID, Metrics: []microtrackerv1.Metric{visitors}, Range: dayRange(monday, 7), PageSize: 1,
		Dimensions: []microtrackerv1.Dimension{byDay, byPath, microtrackerv1.Dimension_DIMENSION_CHANNEL},
	}
	var seen []string
	for range 10 {
		res, err := w.reporting(t, who).Query(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines(res.GetRows()...) {
			seen = append(seen, strings.Fields(line)[1])
		}
		if req.PageToken = res.GetNextPageToken(); req.GetPageToken() == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"/a", "/b", "/a", "/c"}, seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatHasNoAnswerIsRefusedWithAReason(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	deep := when(byPath, "/")
	for range 8 {
		deep = &microtrackerv1.Filter{Node: &microtrackerv1.Filter_Not{Not: deep}}
	}
	metric := func(m ...microtrackerv1.Metric) []microtrackerv1.Metric { return m }
	for name, c := range map[string]struct {
		req  *microtrackerv1.QueryRequest
		says string
	}{
		"two of time":      {&microtrackerv1.QueryRequest{Metrics: metric(visitors), Dimensions: []microtrackerv1.Dimension{byDay, microtrackerv1.Dimension_DIMENSION_WEEK}}, "one of hour, day"},
		"exit rate":        {&microtrackerv1.QueryRequest{Metrics: metric(microtrackerv1.Metric_METRIC_EXIT_RATE)}, "by path alone"},
		"no key":           {&microtrackerv1.QueryRequest{Metrics: metric(visitors), Dimensions: []microtrackerv1.Dimension{microtrackerv1.Dimension_DIMENSION_PROPERTY}}, "property_key"},
		"bots' reasons":    {&microtrackerv1.QueryRequest{Metrics: metric(visitors), Dimensions: []microtrackerv1.Dimension{microtrackerv1.Dimension_DIMENSION_BOT_REASON}}, "bots included"},
		"too deep":         {&microtrackerv1.QueryRequest{Metrics: metric(visitors), Filter: deep}, "levels deep"},
		"no conversions":   {&microtrackerv1.QueryRequest{Metrics: metric(microtrackerv1.Metric_METRIC_CONVERSIONS)}, "define one first"},
		"not a conversion": {&microtrackerv1.QueryRequest{Metrics: metric(microtrackerv1.Metric_METRIC_CONVERSIONS), ConversionIds: []int64{404}}, "no such conversion"},
		"filter of time":   {&microtrackerv1.QueryRequest{Metrics: metric(visitors), Filter: when(byDay, "2026-01-01")}, "filter"},
	} {
		c.req.ProjectId, c.req.Range = who.project.ID, today()
		_, err := w.reporting(t, who).Query(t.Context(), c.req)
		if connect.CodeOf(err) != connect.CodeInvalidArgument || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

func TestCapabilitiesKnowEveryMetricAndDimension(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	res, err := w.reporting(t, who).GetCapabilities(t.Context(), &microtrackerv1.GetCapabilitiesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(res.GetMetrics()), len(microtrackerv1.Metric_name)-1; got != want {
		t.Errorf("%d of %d metrics are known", got, want)
	}
	if got, want := len(res.GetDimensions()), len(microtrackerv1.Dimension_name)-1; got != want {
		t.Errorf("%d of %d dimensions are known", got, want)
	}
	for _, m := range res.GetMetrics() {
		if m.GetDescription() == "" || m.GetUnit() == "" {
			t.Errorf("%s is not described", m.GetName())
		}
	}
}
