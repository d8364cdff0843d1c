package server_test

import (
	"slices"
	"testing"

	"connectrpc.com/connect/v2"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
)

func TestABrokenStreamGoesOnBehindItsCursor(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	for _, p := range protocols() {
		reporting := microtrackerv1connect.NewReportingServiceClient(w.client(t, p, who.auth()))
		// events watches until it has as many events, and returns their paths and where to go on.
		events := func(cursor string, many int) (paths []string, next string) {
			stream, err := reporting.WatchLive(t.Context(), &microtrackerv1.WatchLiveRequest{ProjectId: who.project.ID, Cursor: cursor})
			if err != nil {
				t.Fatalf("%s: %v", p.name, err)
			}
			defer func() { _ = stream.Close() }()
			for {
				res, err := stream.Receive()
				if err != nil {
					t.Fatalf("%s: %v", p.name, err)
				}
				for _, event := range res.GetEvents() {
					paths = append(paths, event.GetPath())
				}
				if cursor = res.GetCursor(); len(paths) >= many {
					return paths, cursor
				}
			}
		}
		w.track(t, who.project, pageView("https://example.com/before"))
		_, cursor := events("", 1)
		w.track(t, who.project, pageView("https://example.com/missed"), pageView("https://example.com/too"))
		paths, _ := events(cursor, 2)
		slices.Sort(paths)
		if len(paths) != 2 || paths[0] != "/missed" || paths[1] != "/too" {
			t.Errorf("%s: %v, want the two that were missed", p.name, paths)
		}
	}
}

func TestACursorOfAnotherProjectIsRefused(t *testing.T) {
	t.Parallel()
	w := start(t)
	who, other := w.account(t), w.account(t)
	first := func(who account, cursor string) (*microtrackerv1.WatchLiveResponse, error) {
		reporting := microtrackerv1connect.NewReportingServiceClient(w.client(t, protocols()[2], who.auth()))
		stream, err := reporting.WatchLive(t.Context(), &microtrackerv1.WatchLiveRequest{ProjectId: who.project.ID, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = stream.Close() }()
		return stream.Receive()
	}
	res, err := first(other, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first(who, res.GetCursor()); connect.CodeOf(err) != connect.CodeInvalidArgument || reasonOf(err) != "ERROR_REASON_PAGE_TOKEN_INVALID" {
		t.Errorf("err = %v, want PAGE_TOKEN_INVALID", err)
	}
}
