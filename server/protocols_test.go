package server_test

import (
	"crypto/tls"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/grpcreflect/v2"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
)

func pageView(url string) *microtrackerv1.Event {
	return &microtrackerv1.Event{EventType: microtrackerv1.EventType_EVENT_TYPE_PAGE_VIEW, Url: url}
}

func today() *microtrackerv1.QueryRequest_Days {
	now := time.Now().UTC()
	return &microtrackerv1.QueryRequest_Days{Days: &microtrackerv1.DayRange{
		Since: now.AddDate(0, 0, -1).Format(time.DateOnly), Until: now.AddDate(0, 0, 1).Format(time.DateOnly),
	}}
}

func TestEveryProtocolGivesTheSameAnswer(t *testing.T) {
	t.Parallel()
	for _, certificates := range [][]tls.Certificate{nil, {selfSigned(t)}} {
		w := start(t, certificates...)
		who := w.account(t)
		if len(certificates) == 0 {
			w.track(t, who.project, pageView("https://example.com/a"), pageView("https://example.com/b"))
		}
		for _, p := range protocols() {
			if len(certificates) > 0 && !p.http2 {
				continue // gRPC needs HTTP/2; over TLS it is negotiated
			}
			reporting := microtrackerv1connect.NewReportingServiceClient(w.client(t, p, who.auth()))
			res, err := reporting.Query(t.Context(), &microtrackerv1.QueryRequest{
				ProjectId: who.project.ID, Range: today(),
				Metrics: []microtrackerv1.Metric{microtrackerv1.Metric_METRIC_VISITORS, microtrackerv1.Metric_METRIC_PAGEVIEWS},
			})
			if err != nil {
				t.Fatalf("%s: %v", p.name, err)
			}
			want := []float64{1, 2}
			if len(certificates) > 0 {
				want = []float64{0, 0}
			}
			for i, value := range res.GetTotals().GetMetrics() {
				if value.GetNumber() != want[i] {
					t.Errorf("%s: metric %d = %v, want %v", p.name, i, value.GetNumber(), want[i])
				}
			}
		}
	}
}

func TestLiveFollowsWhatIsCommitted(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	for i, p := range protocols() {
		reporting := microtrackerv1connect.NewReportingServiceClient(w.client(t, p, who.auth()))
		stream, err := reporting.WatchLive(t.Context(), &microtrackerv1.WatchLiveRequest{ProjectId: who.project.ID})
		if err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		first, err := stream.Receive()
		if err != nil || first.GetPageviews() != int64(i) {
			t.Fatalf("%s: first = %v, %v; want %d page views", p.name, first, err, i)
		}
		w.track(t, who.project, pageView("https://example.com/live"))
		for {
			res, err := stream.Receive()
			if err != nil {
				t.Fatalf("%s: %v", p.name, err)
			}
			if res.GetPageviews() == int64(i+1) {
				if pages := res.GetPages(); len(pages) != 1 || pages[0].GetPath() != "/live" || res.GetVisitors() != 1 {
					t.Errorf("%s: %v", p.name, res)
				}
				break
			}
		}
		if err := stream.Close(); err != nil {
			t.Errorf("%s: close: %v", p.name, err)
		}
	}
}

func TestStreamsEndWhenTheServerStops(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	reporting := microtrackerv1connect.NewReportingServiceClient(w.client(t, protocols()[2], who.auth()))
	stream, err := reporting.WatchLive(t.Context(), &microtrackerv1.WatchLiveRequest{ProjectId: who.project.ID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Receive(); err != nil {
		t.Fatal(err)
	}
	w.stop()
	for err == nil {
		_, err = stream.Receive()
	}
	if connect.CodeOf(err) != connect.CodeUnavailable {
		t.Errorf("err = %v, want unavailable", err)
	}
}

func TestReflectionNamesTheServices(t *testing.T) {
	t.Parallel()
	w := start(t)
	stream := grpcreflect.NewClient(w.client(t, protocols()[2], nil)).NewStream(t.Context())
	defer func() { _ = stream.Close() }()
	names, err := stream.ListServices()
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, name := range names {
		found = found || name == microtrackerv1connect.TrackingServiceName
	}
	if !found {
		t.Errorf("services = %v", names)
	}
}
