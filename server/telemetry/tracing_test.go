package telemetry_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/microtracker/microtracker/server/telemetry"
)

const (
	theirTrace   = "4bf92f3577b34da6a3ce929d0e0e4736"
	theirSampled = "00-" + theirTrace + "-00f067aa0ba902b7-01"
	theirDropped = "00-" + theirTrace + "-00f067aa0ba902b7-00"
)

// environment answers as os.Getenv does.
func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func tracing(t *testing.T, env map[string]string) (*telemetry.Tracing, *tracetest.InMemoryExporter) {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	now := time.Unix(1_000_000, 0)
	tracing, err := telemetry.NewTracing(t.Context(), telemetry.TracingConfig{
		Getenv: environment(env), Version: "v1", Exporter: exporter, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tracing.Close(); err != nil {
			t.Error(err)
		}
	})
	return tracing, exporter
}

func header(traceparent string) http.Header {
	h := http.Header{}
	if traceparent != "" {
		h.Set("Traceparent", traceparent)
	}
	return h
}

func TestWhatTheEnvironmentAsksFor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env  map[string]string
		isOn bool
		says string
	}{
		"nothing":                    {map[string]string{}, false, ""},
		"an endpoint":                {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, true, ""},
		"an endpoint for traces":     {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, true, ""},
		"an exporter":                {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		"the page alone":             {map[string]string{"OTEL_TRACES_EXPORTER": "memory"}, true, ""},
		"none, with an endpoint":     {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, false, ""},
		"switched off":               {map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "otlp"}, false, ""},
		"an exporter that is none":   {map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, false, "OTEL_TRACES_EXPORTER"},
		"a protocol not spoken":      {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, "4318"},
		"a sampler that is none":     {map[string]string{"OTEL_TRACES_EXPORTER": "memory", "OTEL_TRACES_SAMPLER": "jaeger"}, false, "OTEL_TRACES_SAMPLER"},
		"a share that is none":       {map[string]string{"OTEL_TRACES_EXPORTER": "memory", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "7"}, false, "OTEL_TRACES_SAMPLER_ARG"},
		"a sampler known by parents": {map[string]string{"OTEL_TRACES_EXPORTER": "memory", "OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tracing, err := telemetry.NewTracing(t.Context(), telemetry.TracingConfig{Getenv: environment(test.env)})
			if test.says != "" {
				if err == nil || !strings.Contains(err.Error(), test.says) {
					t.Fatalf("error %v, want one about %q", err, test.says)
				}
				return
			}
			if err != nil || (tracing != nil) != test.isOn {
				t.Fatalf("tracing %v, error %v", tracing, err)
			}
			if err := tracing.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestACallGoesOnWithTheCallersTrace(t *testing.T) {
	t.Parallel()
	tr, exporter := tracing(t, nil)
	ctx, call := tr.StartCall(t.Context(), "/a.B/C", "grpc", header(theirSampled))
	done := tr.TraceQuery(ctx, "select")
	done(nil)
	call.EndCall("not_found")
	spans := exporter.GetSpans()
	if len(spans) != 2 {
		t.Fatalf("%d spans", len(spans))
	}
	query, rpc := spans[0], spans[1]
	if rpc.Name != "a.B/C" || rpc.SpanContext.TraceID().String() != theirTrace || rpc.Parent.SpanID().String() != "00f067aa0ba902b7" {
		t.Errorf("the call's span is %s of %s below %s", rpc.Name, rpc.SpanContext.TraceID(), rpc.Parent.SpanID())
	}
	if query.Name != "database SELECT" || query.Parent.SpanID() != rpc.SpanContext.SpanID() {
		t.Errorf("the statement's span is %s below %s", query.Name, query.Parent.SpanID())
	}
	var attributes []string
	for _, a := range slices.Concat(query.Attributes, rpc.Attributes) {
		attributes = append(attributes, string(a.Key)+"="+a.Value.String())
	}
	want := "db.system.name=postgresql db.operation.name=SELECT rpc.system=connect_rpc rpc.service=a.B rpc.method=C rpc.protocol=grpc rpc.connect_rpc.error_code=not_found"
	if got := strings.Join(attributes, " "); got != want {
		t.Errorf("attributes\n%s, want\n%s", got, want)
	}
}

func TestAStrangerCannotHaveHisCallsRecorded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env         map[string]string
		traceparent string
		most        int
	}{
		"where nothing is":               {map[string]string{"OTEL_TRACES_SAMPLER": "always_off"}, theirSampled, 0},
		"where he asks too often":        {nil, theirSampled, 100},
		"where he says nothing":          {nil, "", 100},
		"who does not want to be":        {nil, theirDropped, 0},
		"with a header that is no trace": {nil, "00-zz-zz-01", 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr, exporter := tracing(t, test.env)
			for range 500 {
				_, call := tr.StartCall(t.Context(), "/a.B/C", "connect", header(test.traceparent))
				call.EndCall("ok")
			}
			if n := len(exporter.GetSpans()); n != test.most {
				t.Errorf("%d of 500 calls within a second were recorded, want %d", n, test.most)
			}
		})
	}
}

func TestTheIDOfATraceDoesNotDecideWhetherItIsRecorded(t *testing.T) {
	t.Parallel()
	tr, exporter := tracing(t, map[string]string{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.02"})
	for range 2000 { // with an id that a sampler by ids always takes
		_, call := tr.StartCall(t.Context(), "/a.B/C", "connect", header("00-00000000000000010000000000000000-00f067aa0ba902b7-01"))
		call.EndCall("ok")
	}
	if n := len(exporter.GetSpans()); n == 0 || n > 99 {
		t.Errorf("%d of 2000 were recorded, want about 40", n)
	}
}

func TestAGroupIsLinkedToTheCallsThatAreRecorded(t *testing.T) {
	t.Parallel()
	tr, exporter := tracing(t, nil)
	var origins []telemetry.Origin
	var recorded []trace.SpanID
	for i := range 5 {
		ctx, call := tr.StartCall(t.Context(), "/a.B/Track", "connect", header([]string{"", theirDropped}[i%2]))
		origins = append(origins, tr.OriginOf(ctx))
		call.EndCall("ok")
	}
	for _, span := range exporter.GetSpans() {
		recorded = append(recorded, span.SpanContext.SpanID())
	}
	exporter.Reset()
	_, group := tr.StartGroup(t.Context(), "ingest group", slices.Values(origins))
	group.End(nil)
	spans := exporter.GetSpans()
	if len(spans) != 1 || len(spans[0].Links) != 3 || spans[0].Parent.SpanID() != recorded[0] {
		t.Fatalf("spans %+v", spans)
	}
	for i, link := range spans[0].Links {
		if link.SpanContext.SpanID() != recorded[i] {
			t.Errorf("link %d is to %s", i, link.SpanContext.SpanID())
		}
	}
	if _, none := tr.StartGroup(t.Context(), "ingest group", slices.Values(origins[1:2])); none.IsRecorded() {
		t.Error("a group of calls that are not recorded is")
	}
}

func TestNoTracingMakesNothing(t *testing.T) {
	t.Parallel()
	var tr *telemetry.Tracing
	ctx, call := tr.StartCall(t.Context(), "/a.B/C", "grpc", header(theirSampled))
	if call.IsRecorded() || tr.TraceQuery(ctx, "SELECT") != nil || tr.Close() != nil {
		t.Error("tracing that is off does something")
	}
	call.Count("n", 1)
	call.EndCall("ok")
	recorder := httptest.NewRecorder()
	tr.RecentHandler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", "/debug/traces", nil))
	if !strings.Contains(recorder.Body.String(), "OTEL_TRACES_EXPORTER=memory") {
		t.Error("the page does not say how to switch it on")
	}
}

func TestThePageShowsTheLatestSpansAndNoMarkup(t *testing.T) {
	t.Parallel()
	tr, _ := tracing(t, nil)
	for range 50 {
		_, call := tr.StartCall(t.Context(), "/a.B/<script>", "connect", nil)
		call.EndCall("internal")
	}
	recorder := httptest.NewRecorder()
	tr.RecentHandler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", "/debug/traces", nil))
	body := recorder.Body.String()
	if n := strings.Count(body, `<tr class="error">`); n != 50 || strings.Contains(body, "<script>") {
		t.Errorf("%d spans: %s", n, body)
	}
}
