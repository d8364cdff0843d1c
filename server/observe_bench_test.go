package server_test

import (
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server"
	"github.com/microtracker/microtracker/server/identity"
	"github.com/microtracker/microtracker/server/telemetry"
)

// observed makes a server with these ways to observe, and returns how long a Track of one event takes there.
func observed(b *testing.B, metrics *telemetry.Metrics, tracing *telemetry.Tracing) func() time.Duration {
	b.Helper()
	options := repo.Options{MaxConns: 8}
	if tracing != nil {
		options.TraceQuery = tracing.TraceQuery
	}
	store, err := repo.Open(repotest.DatabaseURL(b), options)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	project := repotest.Project(b, store)
	srv, err := server.New(server.Config{
		Store: store, Logger: slog.New(slog.DiscardHandler), Passwords: identity.NewPasswords(1), Metrics: metrics, Tracing: tracing,
	})
	if err != nil {
		b.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	web := &http.Server{Handler: srv.Handler()}
	go func() { _ = web.Serve(listener) }()
	b.Cleanup(func() { _ = web.Close() })
	tracking := microtrackerv1connect.NewTrackingServiceClient(connect.NewClient(connecthttp.NewTransport(&http.Client{Transport: &http.Transport{}}, "http://"+listener.Addr().String())))
	return func() time.Duration {
		begun := time.Now()
		_, err := tracking.Track(b.Context(), &microtrackerv1.TrackRequest{ProjectKey: project.PublicKey, Events: []*microtrackerv1.Event{
			{EventType: microtrackerv1.EventType_EVENT_TYPE_PAGE_VIEW, Url: "https://example.com/"},
		}})
		if err != nil {
			b.Fatal(err)
		}
		return time.Since(begun)
	}
}

// BenchmarkObservedTrack prints what a Track costs with metrics, and with each call traced on top, as multiples of the same
// call without: medians of one run, one call of each after the other.
func BenchmarkObservedTrack(b *testing.B) {
	tracing, err := telemetry.NewTracing(b.Context(), telemetry.TracingConfig{Getenv: func(name string) string {
		return map[string]string{"OTEL_TRACES_EXPORTER": "memory"}[name]
	}})
	if err != nil {
		b.Fatal(err)
	}
	ways := [3]func() time.Duration{
		observed(b, nil, nil), observed(b, telemetry.NewMetrics("v1"), nil), observed(b, telemetry.NewMetrics("v1"), tracing),
	}
	var took [3][]time.Duration
	for n := 0; b.Loop(); n++ {
		for i := range ways {
			way := (i + n) % len(ways) // none always comes after the same
			took[way] = append(took[way], ways[way]())
		}
	}
	median := float64(quantile(took[0], 0.5))
	b.ReportMetric(float64(quantile(took[1], 0.5))/median, "metrics/plain")
	b.ReportMetric(float64(quantile(took[2], 0.5))/median, "traces/plain")
	b.ReportMetric(median/1e3, "µs/plain")
}
