package telemetry

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const (
	// instrumentation names who made the spans.
	instrumentation = "github.com/microtracker/microtracker"
	// maxTracesPerSecond bounds how many traces begin here in a second, whatever callers ask for.
	maxTracesPerSecond = 100
	// maxLinks bounds the requests that the span of a group names.
	maxLinks = 32
	// flushTimeout bounds sending the last spans.
	flushTimeout = 5 * time.Second
)

// Tracing makes spans. Nil where tracing is off: then nothing is made, and it costs a comparison.
type Tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	recent   *recentSpans
}

// TracingConfig says where to read how to trace.
type TracingConfig struct {
	// Getenv is os.Getenv. Required.
	Getenv func(name string) string
	// Version is the program's.
	Version string
	// Exporter takes the spans instead of the one that the environment names; for tests.
	Exporter sdktrace.SpanExporter
	// Now is the clock of the bound on traces; time.Now if nil.
	Now func() time.Time
}

// NewTracing makes what the OTEL_ variables ask for: nil where they ask for nothing, which is the default. It is on where
// OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_TRACES_EXPORTER is set. The error says which
// variable has a value that does not work here.
func NewTracing(ctx context.Context, config TracingConfig) (*Tracing, error) {
	exporterName := tracesExporter(config.Getenv)
	if config.Exporter == nil && exporterName == "none" {
		return nil, nil //nolint:nilnil // nil is tracing that is off
	}
	sampler, err := samplerFrom(config.Getenv, config.Now)
	if err != nil {
		return nil, err
	}
	recent := new(recentSpans)
	options := []sdktrace.TracerProviderOption{
		sdktrace.WithSampler(sampler), sdktrace.WithResource(resourceOf(ctx, config)), sdktrace.WithSpanProcessor(recent),
	}
	switch {
	case config.Exporter != nil:
		options = append(options, sdktrace.WithSyncer(config.Exporter))
	case exporterName == "memory":
	case exporterName == "otlp":
		exporter, err := otlpExporter(ctx, config.Getenv)
		if err != nil {
			return nil, err
		}
		options = append(options, sdktrace.WithBatcher(exporter))
	default:
		return nil, fmt.Errorf("OTEL_TRACES_EXPORTER=%q: say otlp, memory (the page /debug/traces alone) or none", exporterName)
	}
	provider := sdktrace.NewTracerProvider(options...)
	return &Tracing{provider: provider, tracer: provider.Tracer(instrumentation), recent: recent}, nil
}

// tracesExporter is where spans go: "none" unless the environment asks for them.
func tracesExporter(getenv func(string) string) string {
	name := strings.ToLower(strings.TrimSpace(getenv("OTEL_TRACES_EXPORTER")))
	switch {
	case strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true"):
		return "none"
	case name != "":
		return name
	case getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "":
		return "otlp"
	}
	return "none"
}

// otlpExporter sends spans by HTTP; the endpoint, headers, timeouts and certificates are the variables' that OpenTelemetry
// names, which the exporter reads itself.
func otlpExporter(ctx context.Context, getenv func(string) string) (sdktrace.SpanExporter, error) {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		protocol := getenv(name)
		if protocol == "http/protobuf" {
			break
		}
		if protocol != "" {
			return nil, fmt.Errorf("%s=%q: only http/protobuf is spoken here; collectors take it on port 4318", name, protocol)
		}
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("set the traces' exporter up (see the OTEL_EXPORTER_OTLP_ variables): %w", err)
	}
	return exporter, nil
}

func resourceOf(ctx context.Context, config TracingConfig) *resource.Resource {
	described, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "microtracker"), attribute.String("service.version", config.Version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv()) // the environment's come last and win
	if described == nil || err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return resource.NewSchemaless(attribute.String("service.name", "microtracker"))
	}
	return described
}

// samplerFrom reads OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG.
func samplerFrom(getenv func(string) string, now func() time.Time) (sdktrace.Sampler, error) {
	name, share := getenv("OTEL_TRACES_SAMPLER"), 1.0
	switch strings.TrimPrefix(name, "parentbased_") {
	case "", "always_on":
	case "always_off":
		share = 0
	case "traceidratio":
		if arg := getenv("OTEL_TRACES_SAMPLER_ARG"); arg != "" {
			var err error
			if share, err = strconv.ParseFloat(arg, 64); err != nil || share < 0 || share > 1 {
				return nil, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG=%q: say a share from 0 to 1", arg)
			}
		}
	default:
		return nil, fmt.Errorf("OTEL_TRACES_SAMPLER=%q: say always_on, always_off or traceidratio, with or without parentbased_", name)
	}
	if now == nil {
		now = time.Now
	}
	return newSampler(share, maxTracesPerSecond, now), nil
}

// Close sends what waits to be sent, for at most 5 s.
func (t *Tracing) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("send the last spans: %w", err)
	}
	return nil
}

// Header is a request's, as far as tracing reads it.
type Header interface{ Get(name string) string }

type carrier struct{ Header }

func (carrier) Set(string, string) {}
func (carrier) Keys() []string     { return nil }

// StartCall begins the span of an RPC; name is its procedure's, from the descriptors. The trace that the caller's W3C
// traceparent names is gone on with. Whether it is recorded, we decide. Call the span's End.
func (t *Tracing) StartCall(ctx context.Context, name, protocol string, header Header) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	if header != nil {
		ctx = propagation.TraceContext{}.Extract(ctx, carrier{header})
	}
	service, method, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/")
	ctx, span := t.tracer.Start(ctx, strings.TrimPrefix(name, "/"), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("rpc.system", "connect_rpc"), attribute.String("rpc.service", service),
		attribute.String("rpc.method", method), attribute.String("rpc.protocol", protocol)))
	return ctx, Span{span}
}

// Start begins a span below the one in ctx; nothing where that is not recorded. Names are ours, never strangers'.
func (t *Tracing) Start(ctx context.Context, name string) (context.Context, Span) {
	if t == nil || !trace.SpanContextFromContext(ctx).IsSampled() {
		return ctx, Span{}
	}
	ctx, span := t.tracer.Start(ctx, name)
	return ctx, Span{span}
}

// Origin is the span that something was asked in. The zero value is none.
type Origin struct{ span trace.SpanContext }

// OriginOf returns the recorded span of ctx, none if there is none.
func (t *Tracing) OriginOf(ctx context.Context) Origin {
	if t == nil {
		return Origin{}
	}
	if span := trace.SpanContextFromContext(ctx); span.IsSampled() {
		return Origin{span}
	}
	return Origin{}
}

// StartGroup begins the span of work that several requests share: below the first that is recorded, with a link to each,
// 32 at most. Nothing where none is.
func (t *Tracing) StartGroup(ctx context.Context, name string, origins func(yield func(Origin) bool)) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	var links []trace.Link
	for origin := range origins {
		if origin.span.IsSampled() {
			if links = append(links, trace.Link{SpanContext: origin.span}); len(links) == maxLinks {
				break
			}
		}
	}
	if len(links) == 0 {
		return ctx, Span{}
	}
	ctx, span := t.tracer.Start(trace.ContextWithSpanContext(ctx, links[0].SpanContext), name, trace.WithLinks(links...))
	return ctx, Span{span}
}

// TraceQuery is a repo.TraceQuery: a span for each statement of a call that is recorded, named by its first word alone.
func (t *Tracing) TraceQuery(ctx context.Context, operation string) func(err error) {
	if t == nil || !trace.SpanContextFromContext(ctx).IsSampled() {
		return nil
	}
	_, span := t.tracer.Start(ctx, "database "+strings.ToUpper(operation), trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("db.system.name", "postgresql"), attribute.String("db.operation.name", strings.ToUpper(operation))))
	return func(err error) { Span{span}.End(err) }
}

// Span is a piece of work. The zero value is none.
type Span struct{ span trace.Span }

// IsRecorded reports whether anybody will see it.
func (s Span) IsRecorded() bool { return s.span != nil && s.span.IsRecording() }

// Count notes a number.
func (s Span) Count(name string, n int64) {
	if s.span != nil {
		s.span.SetAttributes(attribute.Int64(name, n))
	}
}

// EndCall ends the span of an RPC with its Connect code, "ok" for success. The error's text stays out: it may say whose
// data it was about.
func (s Span) EndCall(code string) {
	if s.span == nil {
		return
	}
	if code != "ok" {
		s.span.SetAttributes(attribute.String("rpc.connect_rpc.error_code", code))
		s.span.SetStatus(codes.Error, code)
	}
	s.span.End()
}

// End ends the span. Of the error no more is told than that there was one, for the same reason.
func (s Span) End(err error) {
	if s.span == nil {
		return
	}
	if err != nil {
		s.span.SetStatus(codes.Error, "")
	}
	s.span.End()
}
