package ingest_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/ingest"
)

// aVisit is 25 minutes of a visitor: five pages, each left twice, and two clicks.
func aVisit() []ingest.Event {
	var events []ingest.Event
	for i := range 5 {
		at := noon.Add(time.Duration(i*5) * time.Minute)
		page := view(fmt.Sprintf("/page-%d?utm_source=mail", i), at)
		events = append(events, page)
		for report := range 2 {
			scroll, engaged := float64(20*i+10*report), int64(1000*(i+1)*(report+1))
			left := view(fmt.Sprintf("/page-%d", i), at.Add(time.Duration(report+1)*time.Minute))
			left.Type, left.ScrollPct, left.EngagedMS = "exit", &scroll, &engaged
			left.PageViewID = uuid.NullUUID{UUID: page.ID, Valid: true}
			events = append(events, left)
		}
		if i%2 == 1 {
			click := view(fmt.Sprintf("/page-%d", i), at.Add(30*time.Second))
			click.Type = "click"
			events = append(events, click)
		}
	}
	return events
}

func TestShuffledRepeatedAndSplitVisitsGiveTheSameSession(t *testing.T) {
	t.Parallel()
	w := setup(t)
	*w.now = noon.Add(time.Hour)
	var want *repo.TrackingSession
	for round := range 12 {
		random := rand.New(rand.NewPCG(uint64(round), 0))
		events := aVisit()
		if round > 0 {
			random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			events = append(events, events[:random.IntN(len(events))]...)
		}
		visitor := client("192.0.2.1")
		visitor.VisitorKey = fmt.Sprint("visitor ", round)
		for len(events) > 0 {
			n := 1 + random.IntN(len(events))
			w.send(t, visitor, events[:n]...)
			events = events[n:]
		}
		found, err := w.project.VisitorByKey(t.Context(), visitor.VisitorKey)
		if err != nil {
			t.Fatal(err)
		}
		sessions, err := w.project.TrackingSessions(t.Context(), found.ID, 10)
		if err != nil || len(sessions) != 1 || found.SessionsCount != 1 {
			t.Fatalf("round %d: %d sessions, count %d, %v; want one", round, len(sessions), found.SessionsCount, err)
		}
		if want == nil {
			want = &sessions[0]
			continue
		}
		ids := cmpopts.IgnoreFields(repo.TrackingSession{}, "BaseModel", "ID", "VisitorID", "SessionKey")
		if diff := cmp.Diff(*want, sessions[0], ids); diff != "" {
			t.Errorf("round %d (-in order +shuffled):\n%s", round, diff)
		}
	}
	if want.Pageviews != 5 || want.InteractiveEvents != 2 || want.EngagedMS != 30_000 || want.UTMSource != "mail" {
		t.Errorf("session = %+v", want)
	}
}
