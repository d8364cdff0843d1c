package server_test

import (
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

// pageIs is a condition on a path.
func pageIs(path string) *microtrackerv1.Condition {
	return &microtrackerv1.Condition{
		Dimension: microtrackerv1.Dimension_DIMENSION_PATH, Operator: microtrackerv1.Operator_OPERATOR_IS, Values: []string{path},
	}
}

// these are the last and the present day.
func these() *microtrackerv1.DayRange { return today().Days }

func funnelRequest() *microtrackerv1.QueryFunnelRequest {
	return &microtrackerv1.QueryFunnelRequest{
		Range: &microtrackerv1.QueryFunnelRequest_Days{Days: these()}, Who: microtrackerv1.HasDone_WHO_VISITOR,
		Steps:  []*microtrackerv1.FunnelStep{{Event: []*microtrackerv1.Condition{pageIs("/a")}}, {Event: []*microtrackerv1.Condition{pageIs("/b")}}},
		Window: durationpb.New(time.Hour),
	}
}

func TestAFunnelOverTheWire(t *testing.T) {
	t.Parallel()
	w, who, monday := week(t)
	days := dayRange(monday, 7).Days
	req := funnelRequest()
	req.ProjectId, req.Range, req.Breakdown = who.project.ID, &microtrackerv1.QueryFunnelRequest_Days{Days: days}, bySource
	res, err := w.reporting(t, who).QueryFunnel(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	// anna and bert were on /a; anna on /b an hour later, to the second.
	anna := []*microtrackerv1.FunnelStepAnswer{
		{Reached: 1, FromFirst: proto.Float64(1), FromPrevious: proto.Float64(1)},
		{Reached: 1, FromFirst: proto.Float64(1), FromPrevious: proto.Float64(1), MedianSeconds: proto.Float64(3600), P90Seconds: proto.Float64(3600)},
	}
	want := &microtrackerv1.QueryFunnelResponse{
		Totals: &microtrackerv1.FunnelRow{Steps: []*microtrackerv1.FunnelStepAnswer{
			{Reached: 2, FromFirst: proto.Float64(1), FromPrevious: proto.Float64(1)},
			{Reached: 1, FromFirst: new(0.5), FromPrevious: new(0.5), MedianSeconds: proto.Float64(3600), P90Seconds: proto.Float64(3600)},
		}},
		Rows: []*microtrackerv1.FunnelRow{
			{Value: "Direct / None", Steps: []*microtrackerv1.FunnelStepAnswer{
				{Reached: 1, FromFirst: proto.Float64(1), FromPrevious: proto.Float64(1)}, {FromFirst: proto.Float64(0), FromPrevious: proto.Float64(0)},
			}},
			{Value: "news", Steps: anna},
		},
	}
	if diff := cmp.Diff(want, res, protocmp.Transform(), protocmp.IgnoreFields(res, "plan", "warning")); diff != "" {
		t.Errorf("funnel (-want +got):\n%s", diff)
	}
	if !strings.Contains(res.GetWarning(), "new one every day") {
		t.Errorf("warning = %q, want it to say that visitors are new every day", res.GetWarning())
	}
	if got := res.GetPlan().GetRange().GetSince().AsTime(); !got.Equal(monday) {
		t.Errorf("the range begins at %s, want %s", got, monday)
	}

	req.Who = microtrackerv1.HasDone_WHO_SESSION
	if res, err = w.reporting(t, who).QueryFunnel(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if got := res.GetTotals().GetSteps()[1].GetReached(); got != 0 || res.GetWarning() != "" {
		t.Errorf("%d sessions did both, with the warning %q; anna's were two", got, res.GetWarning())
	}
}

func TestAFunnelIsBounded(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	for name, change := range map[string]func(req *microtrackerv1.QueryFunnelRequest){
		"one step":         func(req *microtrackerv1.QueryFunnelRequest) { req.Steps = req.GetSteps()[:1] },
		"no window":        func(req *microtrackerv1.QueryFunnelRequest) { req.Window = nil },
		"a window of 0":    func(req *microtrackerv1.QueryFunnelRequest) { req.Window = durationpb.New(0) },
		"a window too big": func(req *microtrackerv1.QueryFunnelRequest) { req.Window = durationpb.New(91 * 24 * time.Hour) },
		"nobody":           func(req *microtrackerv1.QueryFunnelRequest) { req.Who = microtrackerv1.HasDone_WHO_UNSPECIFIED },
		"no such zone":     func(req *microtrackerv1.QueryFunnelRequest) { req.TimeZone = "Middle/Earth" },
		"a long value": func(req *microtrackerv1.QueryFunnelRequest) {
			req.Steps[0].Event[0].Values = []string{strings.Repeat("x", 10_000)}
		},
		"a step without conditions": func(req *microtrackerv1.QueryFunnelRequest) { req.Steps[0].Event = nil },
		"a step about a session": func(req *microtrackerv1.QueryFunnelRequest) {
			req.Steps[0].Event[0].Dimension = bySource
		},
		"rows of pages": func(req *microtrackerv1.QueryFunnelRequest) { req.Breakdown = byPath },
	} {
		req := proto.CloneOf(funnelRequest())
		req.ProjectId = who.project.ID
		change(req)
		_, err := w.reporting(t, who).QueryFunnel(t.Context(), req)
		if connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: %v, want it refused", name, err)
		}
	}
}

func TestRetentionOverTheWire(t *testing.T) {
	t.Parallel()
	w, who, monday := week(t)
	req := &microtrackerv1.QueryRetentionRequest{
		ProjectId: who.project.ID, Period: microtrackerv1.RetentionPeriod_RETENTION_PERIOD_WEEK, Periods: 1,
		Range: &microtrackerv1.QueryRetentionRequest_Days{Days: dayRange(monday.AddDate(0, 0, -7), 14).Days},
	}
	res, err := w.reporting(t, who).QueryRetention(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	// anna came back the week after; bert and cleo came then for the first time, and have had no week more yet.
	want := &microtrackerv1.QueryRetentionResponse{Cohorts: []*microtrackerv1.RetentionCohort{
		{Start: monday.AddDate(0, 0, -7).Format(time.DateOnly), Visitors: 1, Cells: []*microtrackerv1.RetentionCell{
			{Returned: 1, Rate: proto.Float64(1), Complete: true}, {Returned: 1, Rate: proto.Float64(1), Complete: true},
		}},
		{Start: monday.Format(time.DateOnly), Visitors: 2, Cells: []*microtrackerv1.RetentionCell{
			{Returned: 2, Rate: proto.Float64(1), Complete: true}, {Rate: proto.Float64(0)},
		}},
	}}
	if diff := cmp.Diff(want, res, protocmp.Transform(), protocmp.IgnoreFields(res, "plan", "warning")); diff != "" {
		t.Errorf("retention (-want +got):\n%s", diff)
	}
	if !strings.Contains(res.GetWarning(), "new one every day") {
		t.Errorf("warning = %q, want it to say that visitors are new every day", res.GetWarning())
	}

	w.update(t, who, &microtrackerv1.UpdateProjectRequest{PrivacyMode: microtrackerv1.PrivacyMode_PRIVACY_MODE_STORED_ID}, "privacy_mode")
	req.ReturnEvent = []*microtrackerv1.Condition{pageIs("/b")}
	if res, err = w.reporting(t, who).QueryRetention(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	// anna alone was on /b, in the second week.
	if cells := res.GetCohorts()[0].GetCells(); cells[0].GetReturned() != 0 || cells[1].GetReturned() != 1 || res.GetWarning() != "" {
		t.Errorf("%v with the warning %q, want 0 and 1 without one", cells, res.GetWarning())
	}
}

// onPages stores dora's visit to /a and then /b, with a click on /a and how far down she read it.
func onPages(t *testing.T, w *world, who account, monday time.Time) {
	t.Helper()
	dora := visitor("dora")
	dora.ViewportW, dora.ViewportH = 500, 900
	at := monday.AddDate(0, 0, 2)
	first := of(dora, at, "https://example.com/a")
	click := of(dora, at.Add(time.Second), "https://example.com/a")
	click.EventType, click.PageViewId, click.Selector = microtrackerv1.EventType_EVENT_TYPE_CLICK, first.GetEventId(), "#<b>"
	click.X, click.Y = new(int32(250)), new(int32(41))
	exit := of(dora, at.Add(2*time.Second), "https://example.com/a")
	exit.EventType, exit.PageViewId, exit.ScrollPct = microtrackerv1.EventType_EVENT_TYPE_EXIT, first.GetEventId(), new(12.5)
	next := of(dora, at.Add(3*time.Second), "https://example.com/b")
	w.sends(t, secretKey(t, who.project), &microtrackerv1.TrackRequest{Events: []*microtrackerv1.Event{first, click, exit, next}},
		"ACCEPTED", "ACCEPTED", "ACCEPTED", "ACCEPTED")
}

func TestPathsOverTheWire(t *testing.T) {
	t.Parallel()
	w, who, monday := week(t)
	onPages(t, w, who, monday)
	req := &microtrackerv1.QueryPathsRequest{
		ProjectId: who.project.ID, Range: &microtrackerv1.QueryPathsRequest_Days{Days: dayRange(monday, 7).Days},
		Direction: microtrackerv1.PathDirection_PATH_DIRECTION_NEXT,
	}
	res, err := w.reporting(t, who).QueryPaths(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	// anna's two pages are two sessions.
	want := &microtrackerv1.QueryPathsResponse{
		Nodes: []*microtrackerv1.PathNode{
			{Path: "/a", Sessions: 3, Ended: 2},
			{Path: "/b", Sessions: 1, Ended: 1},
			{Path: "/c", Sessions: 1, Ended: 1},
			{Step: 1, Path: "/b", Sessions: 1, Ended: 1},
		},
		Links: []*microtrackerv1.PathLink{{From: 0, To: 3, Sessions: 1}},
	}
	if diff := cmp.Diff(want, res, protocmp.Transform(), protocmp.IgnoreFields(res, "plan")); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}

	req.Direction, req.Path = microtrackerv1.PathDirection_PATH_DIRECTION_PREVIOUS, "/b"
	if res, err = w.reporting(t, who).QueryPaths(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	want = &microtrackerv1.QueryPathsResponse{
		Nodes: []*microtrackerv1.PathNode{{Path: "/b", Sessions: 2, Ended: 1}, {Step: 1, Path: "/a", Sessions: 1, Ended: 1}},
		Links: []*microtrackerv1.PathLink{{From: 0, To: 1, Sessions: 1}},
	}
	if diff := cmp.Diff(want, res, protocmp.Transform(), protocmp.IgnoreFields(res, "plan")); diff != "" {
		t.Errorf("paths back (-want +got):\n%s", diff)
	}
}

func TestAHeatmapOverTheWire(t *testing.T) {
	t.Parallel()
	w, who, monday := week(t)
	onPages(t, w, who, monday)
	res, err := w.reporting(t, who).QueryHeatmap(t.Context(), &microtrackerv1.QueryHeatmapRequest{
		ProjectId: who.project.ID, Range: &microtrackerv1.QueryHeatmapRequest_Days{Days: dayRange(monday, 7).Days}, Path: "/a",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &microtrackerv1.QueryHeatmapResponse{
		Classes: []*microtrackerv1.HeatmapClass{{
			Viewport: "under 576", Clicks: 1, Binned: 1, Bins: []*microtrackerv1.HeatmapBin{{X: 50, Y: 2, Clicks: 1}},
			Selectors: []*microtrackerv1.HeatmapSelector{{Selector: "#<b>", Clicks: 1}},
		}},
		// Of anna, bert and dora it is dora's alone that is known: 12.5 per cent.
		PageViews: 3, Measured: 1,
	}
	for i := range 21 {
		depth := &microtrackerv1.ScrollDepth{Depth: int32(i) * 5, Share: proto.Float64(0)}
		if i <= 2 {
			depth.PageViews, depth.Share = 1, proto.Float64(1)
		}
		want.Scroll = append(want.Scroll, depth)
	}
	if diff := cmp.Diff(want, res, protocmp.Transform(), protocmp.IgnoreFields(res, "plan")); diff != "" {
		t.Errorf("heatmap (-want +got):\n%s", diff)
	}
}

func TestJourneysAreBounded(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	reporting, id := w.reporting(t, who), who.project.ID
	long := strings.Repeat("x", 10_000)
	forRetention := func(change func(req *microtrackerv1.QueryRetentionRequest)) error {
		req := &microtrackerv1.QueryRetentionRequest{
			ProjectId: id, Range: &microtrackerv1.QueryRetentionRequest_Days{Days: these()}, Period: microtrackerv1.RetentionPeriod_RETENTION_PERIOD_DAY,
		}
		change(req)
		_, err := reporting.QueryRetention(t.Context(), req)
		return err
	}
	forPaths := func(change func(req *microtrackerv1.QueryPathsRequest)) error {
		req := &microtrackerv1.QueryPathsRequest{
			ProjectId: id, Range: &microtrackerv1.QueryPathsRequest_Days{Days: these()}, Direction: microtrackerv1.PathDirection_PATH_DIRECTION_NEXT,
		}
		change(req)
		_, err := reporting.QueryPaths(t.Context(), req)
		return err
	}
	forHeatmap := func(path string, days *microtrackerv1.DayRange) error {
		_, err := reporting.QueryHeatmap(t.Context(), &microtrackerv1.QueryHeatmapRequest{
			ProjectId: id, Path: path, Range: &microtrackerv1.QueryHeatmapRequest_Days{Days: days},
		})
		return err
	}
	for name, err := range map[string]error{
		"no period": forRetention(func(req *microtrackerv1.QueryRetentionRequest) {
			req.Period = microtrackerv1.RetentionPeriod_RETENTION_PERIOD_UNSPECIFIED
		}),
		"101 periods": forRetention(func(req *microtrackerv1.QueryRetentionRequest) { req.Periods = 101 }),
		"101 days": forRetention(func(req *microtrackerv1.QueryRetentionRequest) {
			req.Range = &microtrackerv1.QueryRetentionRequest_Days{Days: &microtrackerv1.DayRange{Since: "2026-01-01", Until: "2026-04-12"}}
		}),
		"a return of a session": forRetention(func(req *microtrackerv1.QueryRetentionRequest) {
			req.ReturnEvent = []*microtrackerv1.Condition{pageIs("/a")}
			req.ReturnEvent[0].Dimension = bySource
		}),
		"a long path":    forPaths(func(req *microtrackerv1.QueryPathsRequest) { req.Path = long }),
		"11 steps":       forPaths(func(req *microtrackerv1.QueryPathsRequest) { req.Depth = 11 }),
		"51 nodes":       forPaths(func(req *microtrackerv1.QueryPathsRequest) { req.MaxNodes = 51 }),
		"no direction":   forPaths(func(req *microtrackerv1.QueryPathsRequest) { req.Direction = 0 }),
		"no path":        forHeatmap("", these()),
		"a longer path":  forHeatmap("/"+long, these()),
		"a day too many": forHeatmap("/", &microtrackerv1.DayRange{Since: "2026-02-28", Until: "2026-02-30"}),
	} {
		if connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: %v, want it refused", name, err)
		}
	}
}
