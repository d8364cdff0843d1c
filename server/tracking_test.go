package server_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo"
)

func jsonInt(n int64) string { return `"` + strconv.FormatInt(n, 10) + `"` }

// statuses posts a Track request as a page would, and returns "STATUS field" for each event.
func (w *world) statuses(t *testing.T, project *repo.Project, rest string) []string {
	t.Helper()
	status, answer := w.post(t, microtrackerv1connect.TrackingServiceTrackProcedure,
		`{"projectKey":"`+project.PublicKey+`",`+rest+`}`, map[string]string{"Content-Type": "text/plain;charset=UTF-8"})
	if status != 200 {
		t.Fatalf("%d: %v", status, answer)
	}
	var found []string
	receipts, _ := answer["receipts"].([]any)
	for _, r := range receipts {
		receipt, _ := r.(map[string]any)
		found = append(found, strings.TrimSpace(fmt.Sprintf("%s %s", strings.TrimPrefix(fmt.Sprint(receipt["status"]), "RECEIPT_STATUS_"), receipt["field"])))
	}
	return found
}

func TestABadEventDoesNotHurtItsNeighbours(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	old := time.Now().Add(-8 * 24 * time.Hour).UTC().Format(time.RFC3339)
	got := w.statuses(t, who.project, `"events":[
		{"eventType":"EVENT_TYPE_PAGE_VIEW","url":"https://example.com/ok"},
		{"eventType":"EVENT_TYPE_UNSPECIFIED"},
		{"eventType":99},
		{"eventType":"EVENT_TYPE_CLICK","scrollPct":101},
		{"eventType":"EVENT_TYPE_CLICK","scrollPct":"NaN"},
		{"eventType":"EVENT_TYPE_CUSTOM","name":"a\u0000b"},
		{"eventType":"EVENT_TYPE_CUSTOM","meta":{"a":["b\u0000"]}},
		{"eventType":"EVENT_TYPE_CUSTOM","meta":{"":1}},
		{"eventType":"EVENT_TYPE_CUSTOM","url":"javascript:alert(1)"},
		{"eventType":"EVENT_TYPE_CUSTOM","eventId":"7"},
		{"eventType":"EVENT_TYPE_CUSTOM","createTime":"`+old+`"},
		{"eventType":"EVENT_TYPE_CUSTOM","meta":{"plan":"pro","seats":3,"tags":["a"]}}]`)
	want := []string{
		"ACCEPTED", "INVALID event_type", "INVALID event_type", "INVALID scroll_pct", "INVALID scroll_pct", "INVALID name",
		`INVALID meta.fields["a"].list_value.values[0].string_value`, "INVALID meta", "INVALID url", "INVALID event_id", "TOO_OLD create_time", "ACCEPTED",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("receipts (-want +got):\n%s", diff)
	}
}

func TestAnEventIsStoredOnce(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	id := uuid.NewString()
	event := `{"eventType":"EVENT_TYPE_PAGE_VIEW","url":"https://example.com/","eventId":"` + id + `"}`
	if diff := cmp.Diff([]string{"ACCEPTED", "DUPLICATE"}, w.statuses(t, who.project, `"events":[`+event+`,`+event+`]`)); diff != "" {
		t.Errorf("twice in one batch (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"DUPLICATE"}, w.statuses(t, who.project, `"events":[`+event+`]`)); diff != "" {
		t.Errorf("sent again (-want +got):\n%s", diff)
	}
	if got := w.pageviews(t, who); got != 1 {
		t.Errorf("page views = %v, want 1", got)
	}
}

func TestAWrongClockDoesNoHarm(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	// A clock that is a year slow: the event happened a minute before it was sent.
	sent := time.Now().AddDate(-1, 0, 0).UTC()
	got := w.statuses(t, who.project, fmt.Sprintf(`"sentAt":%q,"events":[{"eventType":"EVENT_TYPE_PAGE_VIEW","url":"https://example.com/","createTime":%q}]`,
		sent.Format(time.RFC3339Nano), sent.Add(-time.Minute).Format(time.RFC3339Nano)))
	if diff := cmp.Diff([]string{"ACCEPTED"}, got); diff != "" {
		t.Fatal(diff)
	}
	at, err := who.project.LastEventAt(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if age := time.Since(at); age < time.Minute || age > 2*time.Minute {
		t.Errorf("the event is %v old, want a minute", age)
	}
}

func TestBotsAreStoredAndLeftOut(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	status, answer := w.post(t, microtrackerv1connect.TrackingServiceTrackProcedure,
		`{"projectKey":"`+who.project.PublicKey+`","events":[{"eventType":1,"url":"https://example.com/"}]}`,
		map[string]string{"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"})
	if status != 200 || !strings.Contains(fmt.Sprint(answer), "RECEIPT_STATUS_BOT") {
		t.Fatalf("%d %v", status, answer)
	}
	if got := w.pageviews(t, who); got != 0 {
		t.Errorf("page views = %v, want 0", got)
	}
	if at, err := who.project.LastEventAt(t.Context()); err != nil || at.IsZero() {
		t.Errorf("the bot's event was not stored: %v, %v", at, err)
	}
}

// pageviews asks for today's page views.
func (w *world) pageviews(t *testing.T, who account) float64 {
	t.Helper()
	reporting := microtrackerv1connect.NewReportingServiceClient(w.client(t, protocols()[0], who.auth()))
	res, err := reporting.Query(t.Context(), &microtrackerv1.QueryRequest{
		ProjectId: who.project.ID, Range: today(), Metrics: []microtrackerv1.Metric{microtrackerv1.Metric_METRIC_PAGEVIEWS},
	})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetTotals().GetMetrics()[0].GetNumber()
}
