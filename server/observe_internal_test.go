package server

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/identity"
	"github.com/microtracker/microtracker/server/telemetry"
)

func TestCallsAreCountedByProcedureAndCodeAndTracedWithoutWhatStrangersSend(t *testing.T) {
	t.Parallel()
	exporter := tracetest.NewInMemoryExporter()
	tracing, err := telemetry.NewTracing(t.Context(), telemetry.TracingConfig{Getenv: func(string) string { return "" }, Exporter: exporter})
	if err != nil {
		t.Fatal(err)
	}
	store, err := repo.Open(repotest.DatabaseURL(t), repo.Options{TraceQuery: tracing.TraceQuery})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	project := repotest.Project(t, store)
	exporter.Reset()
	s, err := New(Config{
		Store: store, Logger: slog.New(slog.DiscardHandler), Passwords: identity.NewPasswords(1), Metrics: telemetry.NewMetrics("v1"), Tracing: tracing,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.ingester.Close()
	web := httptest.NewServer(s.Handler())
	defer web.Close()
	post := func(procedure, body string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL+procedure, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36")
		req.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
		res, err := web.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			t.Fatal(err)
		}
	}
	track := microtrackerv1connect.TrackingServiceTrackProcedure
	post(track, fmt.Sprintf(`{"projectKey":%q,"events":[
		{"eventType":"EVENT_TYPE_PAGE_VIEW","url":"https://example.com/private-page"},
		{"eventType":"EVENT_TYPE_PAGE_VIEW","url":"https://example.com/","createTime":"2001-01-01T00:00:00Z"}]}`, project.PublicKey))
	post(track, `{"projectKey":"private-key","events":[{"eventType":"EVENT_TYPE_PAGE_VIEW","url":"https://example.com/"}]}`)
	post("/microtracker.v1.TrackingService/PrivateThing", `{}`)
	post("/private.Service/Thing", `{}`)

	recorder := httptest.NewRecorder()
	s.AdminHandler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	metrics := recorder.Body.String()
	for _, line := range []string{
		`microtracker_rpc_requests_total{code="ok",procedure="` + track + `"} 1`,
		`microtracker_rpc_requests_total{code="unauthenticated",procedure="` + track + `"} 1`,
		`microtracker_rpc_requests_total{code="unimplemented",procedure="unknown"} 1`,
		`microtracker_rpc_in_flight{procedure="` + track + `"} 0`,
		`microtracker_ingest_events_total{receipt="accepted"} 1`,
		`microtracker_ingest_events_total{receipt="too_old"} 1`,
		`microtracker_ingest_stage_seconds_count{stage="wait"} 1`,
		`microtracker_ingest_stage_seconds_count{stage="commit"} 1`,
		`microtracker_ingest_group_requests_sum 1`,
		`microtracker_work_state_up 1`,
	} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("there is no %q", line)
		}
	}
	var spans strings.Builder
	names := map[string]int{}
	for _, span := range exporter.GetSpans() {
		names[span.Name]++
		fmt.Fprintf(&spans, "%+v\n", span)
		if span.SpanContext.TraceID().String() != "4bf92f3577b34da6a3ce929d0e0e4736" {
			t.Errorf("%s is of the trace %s", span.Name, span.SpanContext.TraceID())
		}
	}
	for name, want := range map[string]int{
		"microtracker.v1.TrackingService/Track": 2, "unknown": 1, "ingest group": 1, "ingest begin": 1, "ingest place": 1, "ingest commit": 1,
	} {
		if names[name] != want {
			t.Errorf("%d spans %q, want %d", names[name], name, want)
		}
	}
	if names["database SELECT"] == 0 {
		t.Errorf("no statement is traced: %v", names)
	}
	for _, private := range []string{"rivate", project.PublicKey, "Mozilla", "127.0.0.1"} {
		if strings.Contains(metrics, private) {
			t.Errorf("the metrics have %q", private)
		}
		if strings.Contains(spans.String(), private) {
			t.Errorf("the spans have %q", private)
		}
	}
}
