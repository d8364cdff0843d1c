package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"connectrpc.com/connect/v2"
	"github.com/google/uuid"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
)

// refused waits until this many refused events of the project are listed: they are written down some time after.
func (w *world) refused(t *testing.T, who account, want int) []*microtrackerv1.RefusedEvent {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	client := w.tracking(t, who.auth())
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		res, err := client.ListRefusedEvents(ctx, &microtrackerv1.ListRefusedEventsRequest{ProjectId: who.project.ID, PageSize: 200})
		if err != nil {
			t.Fatal(err)
		}
		if found := res.GetRefusedEvents(); len(found) >= want {
			return found
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("there are %d refused events, want %d", len(res.GetRefusedEvents()), want)
		}
	}
}

func TestRefusedEventsSayWhatWasWrong(t *testing.T) {
	t.Parallel()
	w := start(t)
	who, stranger := w.account(t), w.account(t)
	w.update(t, who, &microtrackerv1.UpdateProjectRequest{AllowedHostnames: []string{"example.com"}}, "allowed_hostnames")
	begun := time.Now()
	deep := of(nil, begun, "https://example.com/deep?token=sesame&utm_source=mail#fragment")
	deep.ScrollPct, deep.Name, deep.Referrer = new(101.0), "too deep", "https://user:sesame@other.example/?password=sesame&q=x"
	deep.Client = &microtrackerv1.Client{VisitorKey: "anna", IpAddress: "198.51.100.7", UserAgent: chrome}
	elsewhere := of(visitor("anna"), begun, "https://elsewhere.example/page?session=sesame")
	old := of(visitor("anna"), begun.AddDate(-40, 0, 0), "https://example.com/old")
	noUUID := pageView("https://example.com/")
	noUUID.EventId, noUUID.Client = "no uuid", visitor("anna")
	script := pageView("javascript:alert(1)?token=sesame#sesame")
	script.Client = visitor("anna")
	w.sends(t, secretKey(t, who.project), &microtrackerv1.TrackRequest{Events: []*microtrackerv1.Event{
		deep, of(visitor("anna"), begun, "https://example.com/good"), elsewhere, old, noUUID, script,
	}}, "INVALID scroll_pct", "ACCEPTED", "HOSTNAME_NOT_ALLOWED url", "TOO_OLD create_time", "INVALID event_id", "INVALID url")
	found := w.refused(t, who, 5)
	if len(found) != 5 {
		t.Fatalf("%d events are listed, want 5", len(found))
	}
	want := []struct {
		status, field, id string
		payload           []string
	}{ // newest first
		{"INVALID", "url", "", []string{`"javascript:…"`}},
		{"INVALID", "event_id", "", []string{`"no uuid"`}},
		{"TOO_OLD", "create_time", old.GetEventId(), []string{"/old"}},
		{"HOSTNAME_NOT_ALLOWED", "url", elsewhere.GetEventId(), []string{"https://elsewhere.example/page"}},
		{"INVALID", "scroll_pct", deep.GetEventId(), []string{"101", "too deep", "anna", "Chrome/140", "https://example.com/deep", "utm_source=mail", "other.example"}},
	}
	for i, refused := range found {
		if got := strings.TrimPrefix(refused.GetStatus().String(), "RECEIPT_STATUS_"); got != want[i].status || refused.GetField() != want[i].field || refused.GetEventId() != want[i].id {
			t.Errorf("event %d is %v; want %+v", i, refused, want[i])
		}
		if refused.GetReason() == "" {
			t.Errorf("event %d has no reason: %v", i, refused)
		}
		if at := refused.GetReceiveTime().AsTime(); at.Before(begun.Add(-time.Second)) || at.After(time.Now().Add(time.Second)) {
			t.Errorf("event %d was received at %v", i, at)
		}
		for _, part := range want[i].payload {
			if !strings.Contains(refused.GetPayload(), part) {
				t.Errorf("event %d: the payload %s lacks %q", i, refused.GetPayload(), part)
			}
		}
		for _, secret := range []string{"sesame", "198.51.100.7", "fragment"} {
			if strings.Contains(refused.GetPayload(), secret) {
				t.Errorf("event %d: the payload %s has %q", i, refused.GetPayload(), secret)
			}
		}
		if !json.Valid([]byte(refused.GetPayload())) {
			t.Errorf("event %d: the payload %s is no JSON", i, refused.GetPayload())
		}
	}
	res, err := w.tracking(t, stranger.auth()).ListRefusedEvents(t.Context(), &microtrackerv1.ListRefusedEventsRequest{ProjectId: stranger.project.ID})
	if err != nil || len(res.GetRefusedEvents()) != 0 {
		t.Errorf("the stranger's own list is %v, %v", res, err)
	}
	if _, err := w.tracking(t, stranger.auth()).ListRefusedEvents(t.Context(), &microtrackerv1.ListRefusedEventsRequest{ProjectId: who.project.ID}); connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("the stranger asks for another's: %v, want not found", err)
	}
}

func TestARefusedPayloadIsBoundedText(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	long := &microtrackerv1.Event{Title: strings.Repeat("ä", 1000), Selector: strings.Repeat("€", 250), Referrer: strings.Repeat("x", 8000)}
	withNUL := &microtrackerv1.Event{EventType: 1, Title: "a\x00b"}
	w.page(t, who.project, nil, &microtrackerv1.TrackRequest{Events: []*microtrackerv1.Event{long, withNUL}}, "INVALID event_type", "INVALID title")
	for _, refused := range w.refused(t, who, 2) {
		payload := refused.GetPayload()
		if len(payload) > 2048 || payload == "" || !utf8.ValidString(payload) || strings.Contains(payload, "\x00") {
			t.Errorf("the payload has %d bytes: %q", len(payload), payload)
		}
	}
}

func TestRefusedEventsComeInPages(t *testing.T) {
	t.Parallel()
	w := start(t)
	who, other := w.account(t), w.account(t)
	var kept []repo.RefusedEvent
	for i := range 5 {
		kept = append(kept, repo.RefusedEvent{ProjectID: who.project.ID, ReceivedAt: time.Now(), Status: "invalid", Field: "name", Reason: fmt.Sprint("reason ", i)})
	}
	kept = append(kept, repo.RefusedEvent{ProjectID: other.project.ID, ReceivedAt: time.Now(), Status: "invalid", Field: "name", Reason: "another's"})
	if err := w.store.RefuseEvents(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	client := w.tracking(t, who.auth())
	var reasons []string
	token := ""
	for page := 0; page == 0 || token != ""; page++ {
		res, err := client.ListRefusedEvents(t.Context(), &microtrackerv1.ListRefusedEventsRequest{ProjectId: who.project.ID, PageSize: 2, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		if len(res.GetRefusedEvents()) > 2 || page > 2 {
			t.Fatalf("page %d has %d events", page, len(res.GetRefusedEvents()))
		}
		for _, refused := range res.GetRefusedEvents() {
			reasons = append(reasons, refused.GetReason())
		}
		token = res.GetNextPageToken()
	}
	if got := strings.Join(reasons, ", "); got != "reason 4, reason 3, reason 2, reason 1, reason 0" {
		t.Errorf("the pages have %s", got)
	}
	first, err := client.ListRefusedEvents(t.Context(), &microtrackerv1.ListRefusedEventsRequest{ProjectId: who.project.ID, PageSize: 2})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.tracking(t, other.auth()).ListRefusedEvents(t.Context(), &microtrackerv1.ListRefusedEventsRequest{
		ProjectId: other.project.ID, PageToken: first.GetNextPageToken(),
	})
	if reasonOf(err) != "ERROR_REASON_PAGE_TOKEN_INVALID" {
		t.Errorf("another project's token: %v", err)
	}
}

func TestTheNewestThousandRefusedEventsAreKept(t *testing.T) {
	t.Parallel()
	w := start(t)
	who, other := w.account(t), w.account(t)
	for round := range 4 {
		var refused []repo.RefusedEvent
		for i := range 300 {
			refused = append(refused, repo.RefusedEvent{
				ProjectID: who.project.ID, ReceivedAt: time.Now(), Status: "invalid", Reason: fmt.Sprint("reason ", 300*round+i),
				EventID: uuid.NullUUID{UUID: uuid.New(), Valid: true}, Field: "name", Payload: "{}",
			})
		}
		refused = append(
			refused,
			repo.RefusedEvent{ProjectID: other.project.ID, ReceivedAt: time.Now(), Status: "invalid", Reason: "another's"},
			repo.RefusedEvent{ProjectID: other.project.ID + 1_000_000, ReceivedAt: time.Now(), Status: "invalid", Reason: "of a project that is gone"},
		)
		if err := w.store.RefuseEvents(t.Context(), refused); err != nil {
			t.Fatal(err)
		}
	}
	if mine, theirs := w.rows(t, who.project, "refused_events"), w.rows(t, other.project, "refused_events"); mine != 1000 || theirs != 4 {
		t.Errorf("%d events are kept, and %d of another project; want 1000 and 4", mine, theirs)
	}
	found := w.refused(t, who, 200)
	if found[0].GetReason() != "reason 1199" || found[199].GetReason() != "reason 1000" {
		t.Errorf("the list begins with %q and goes on to %q, want the newest", found[0].GetReason(), found[199].GetReason())
	}
}
