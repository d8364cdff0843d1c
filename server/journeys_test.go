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
