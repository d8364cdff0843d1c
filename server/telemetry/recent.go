package telemetry

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// maxRecent is how many spans the page shows.
const maxRecent = 300

// recentSpans keeps the spans that ended last.
type recentSpans struct {
	mu    sync.Mutex
	spans []sdktrace.ReadOnlySpan
	next  int
}

// OnStart does nothing: only what has ended is shown.
func (*recentSpans) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

// OnEnd keeps the span in the place of the oldest.
func (r *recentSpans) OnEnd(span sdktrace.ReadOnlySpan) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.spans) < maxRecent {
		r.spans = append(r.spans, span)
		return
	}
	r.spans[r.next] = span
	r.next = (r.next + 1) % maxRecent
}

// Shutdown forgets nothing: the page is served until the end.
func (*recentSpans) Shutdown(context.Context) error { return nil }

// ForceFlush has nothing to send.
func (*recentSpans) ForceFlush(context.Context) error { return nil }

// shownSpan is a line of the page.
type shownSpan struct {
	At, Name, Took, Trace, Parent, Links, Attributes string
	IsError                                          bool
}

// newest returns the spans, the latest first.
func (r *recentSpans) newest() []shownSpan {
	r.mu.Lock()
	spans := slices.Clone(r.spans)
	r.mu.Unlock()
	slices.SortFunc(spans, func(a, b sdktrace.ReadOnlySpan) int { return b.StartTime().Compare(a.StartTime()) })
	shown := make([]shownSpan, len(spans))
	for i, span := range spans {
		shown[i] = shownSpan{
			At: span.StartTime().UTC().Format("15:04:05.000"), Name: span.Name(),
			Took:  span.EndTime().Sub(span.StartTime()).Round(10 * time.Microsecond).String(),
			Trace: span.SpanContext().TraceID().String(), IsError: span.Status().Code.String() == "Error",
		}
		if span.Parent().IsValid() {
			shown[i].Parent = span.Parent().SpanID().String()
		}
		if n := len(span.Links()); n > 0 {
			shown[i].Links = fmt.Sprintf("%d linked", n)
		}
		for _, a := range span.Attributes() {
			shown[i].Attributes += string(a.Key) + "=" + a.Value.String() + " "
		}
	}
	return shown
}

// RecentHandler serves a page with the spans that ended last.
func (t *Tracing) RecentHandler() http.Handler {
	page := template.Must(template.New("traces").Parse(tracesPage))
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		var spans []shownSpan
		if t != nil {
			spans = t.recent.newest()
		}
		_ = page.Execute(w, map[string]any{"IsOn": t != nil, "Spans": spans}) // the reader has gone
	})
}

const tracesPage = `<!doctype html><meta charset="utf-8"><title>Recent spans</title>
<style>body{font:14px system-ui;margin:2em}table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:left;border-bottom:1px solid #ddd;white-space:nowrap}.error{color:#b00}</style>
<h1>Recent spans</h1>
{{if not .IsOn}}<p>Tracing is off. Set OTEL_EXPORTER_OTLP_ENDPOINT to a collector, or OTEL_TRACES_EXPORTER=memory to see spans on this page alone, and start anew.</p>
{{else}}<table><tr><th>began (UTC)<th>span<th>took<th>trace<th>below<th>links<th>attributes</tr>
{{range .Spans}}<tr{{if .IsError}} class="error"{{end}}><td>{{.At}}<td>{{.Name}}<td>{{.Took}}<td>{{.Trace}}<td>{{.Parent}}<td>{{.Links}}<td>{{.Attributes}}</tr>
{{else}}<tr><td colspan="7">nothing yet</tr>{{end}}</table>{{end}}
`
