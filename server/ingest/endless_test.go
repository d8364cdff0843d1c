package ingest_test

import (
	"testing"
	"time"

	"github.com/microtracker/microtracker/server/ingest"
)

func TestAKeyedSessionBeginsWithItsEarliestEventWhateverThatIs(t *testing.T) {
	t.Parallel()
	w := setup(t)
	who := client("192.0.2.1")
	who.VisitorKey, who.SessionKey = "anna", "visit 1"
	w.send(t, who, view("/?utm_source=mail&utm_campaign=x", noon))
	before := custom("before")
	before.At = noon.Add(-time.Hour)
	w.send(t, who, before)
	w.expectUnits(t, "an earlier event that is no page view", 1, 1, 2)
}

func TestTheLateEventsOfAVisitorWithoutEndAreStoredOnce(t *testing.T) {
	t.Parallel()
	w := setup(t)
	*w.now = noon.Add(24 * time.Hour)
	who := client("192.0.2.1")
	who.VisitorKey, who.IsServer = "a screen in a hall", true // whose pace nobody judges
	const batches, size = 41, 500                             // more events than are read to cut sessions anew
	at := noon
	for range batches {
		events := make([]ingest.Event, size)
		for i := range events {
			at = at.Add(time.Second)
			events[i] = custom("tick")
			events[i].At = at
		}
		w.send(t, who, events...)
	}
	// The first finds its place, the second would cut the session, for which too much would have to be read, the third comes
	// before all.
	within, ad, first := custom("within"), view("/?utm_source=mail&utm_campaign=x", noon.Add(2*time.Hour)), custom("first")
	within.At, first.At = noon.Add(time.Hour), noon.Add(-time.Minute)
	for _, receipt := range append(w.send(t, who, within, ad), w.send(t, who, first)...) {
		if receipt.Status != ingest.Accepted {
			t.Errorf("receipt = %+v", receipt)
		}
	}
	w.expectUnits(t, "after late events", 1, 1, batches*size+3)
	next := custom("next")
	next.At = at.Add(time.Second)
	w.send(t, who, next)
	w.expectUnits(t, "after the next event", 1, 1, batches*size+4)
}
