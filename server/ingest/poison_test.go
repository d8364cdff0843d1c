package ingest_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/ingest"
)

// poisoned makes the project's database refuse one kind of event, as it would one that nobody has foreseen.
func (w world) poisoned(t *testing.T, constraint string) {
	t.Helper()
	repotest.Exec(t, w.url, "CREATE FUNCTION defect() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a defect'; END $$")
	repotest.Exec(t, w.url, "ALTER TABLE events ADD CONSTRAINT poison "+constraint)
}

func custom(name string) ingest.Event {
	return ingest.Event{ID: uuid.New(), Type: "custom", Name: name, At: noon}
}

func TestAnEventThatTheDatabaseRefusesSinksAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		constraint string
		// receipt: the database says that the value is wrong, else that something is, which nobody can put right.
		receipt bool
	}{
		"a constraint": {"CHECK (name <> 'poison')", true},
		"a defect":     {"CHECK (CASE WHEN name = 'poison' THEN defect() ELSE true END)", false},
		"a value":      {"CHECK (CASE WHEN name = 'poison' THEN name::integer > 0 ELSE true END)", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.poisoned(t, c.constraint)
			const callers, rounds = 40, 5
			var wg sync.WaitGroup
			for i := range callers {
				wg.Go(func() {
					who := client(fmt.Sprintf("2001:db8::%x", i%7)) // some share a visitor with the poison
					for round := range rounds {
						good, bad := custom(fmt.Sprintf("good %d %d", i, round)), custom("poison")
						receipts, err := w.ingester.Ingest(t.Context(), w.inbox, &ingest.Batch{Client: who, Events: []ingest.Event{good}})
						if err != nil || receipts[0].Status != ingest.Accepted {
							t.Errorf("a neighbour: %+v, %v", receipts, err)
						}
						if i%4 != 0 {
							continue
						}
						events := []ingest.Event{bad}
						if c.receipt { // in the middle of others of its own batch
							events = []ingest.Event{custom("before"), bad, custom("after")}
						}
						receipts, err = w.ingester.Ingest(t.Context(), w.inbox, &ingest.Batch{Client: who, Events: events})
						switch {
						case c.receipt && (err != nil || receipts[0].Status != ingest.Accepted || receipts[2].Status != ingest.Accepted):
							t.Errorf("beside the poison: %+v, %v", receipts, err)
						case c.receipt && (receipts[1].Status != ingest.Invalid || receipts[1].Field == "" || receipts[1].Reason == "" || receipts[1].EventID != bad.ID):
							t.Errorf("the poison: %+v", receipts[1])
						case !c.receipt && err == nil:
							t.Errorf("the poison: %+v", receipts)
						}
					}
				})
			}
			wg.Wait()
			want := int64(callers * rounds)
			if c.receipt {
				want += 2 * rounds * callers / 4
			}
			w.expectUnits(t, name, 7, 7, want)
			if n := repotest.Number(t, w.url, "SELECT count(*) FROM event_ids WHERE project_id = $1", w.project.ID); n != want {
				t.Errorf("%d event ids are taken, want %d: that of the poison is not", n, want)
			}
		})
	}
}

func TestTheIDOfARefusedEventCanBeSentAgainOnceTheEventIsRight(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.poisoned(t, "CHECK (CASE WHEN name = 'poison' THEN name::integer > 0 ELSE true END)")
	bad := custom("poison")
	if receipts := w.send(t, client("192.0.2.1"), bad); receipts[0].Status != ingest.Invalid {
		t.Fatalf("receipt = %+v", receipts[0])
	}
	w.expectUnits(t, "refused", 0, 0, 0)
	bad.Name = "cured"
	if receipts := w.send(t, client("192.0.2.1"), bad); receipts[0].Status != ingest.Accepted {
		t.Errorf("receipt = %+v", receipts[0])
	}
	w.expectUnits(t, "cured", 1, 1, 1)
}

func TestASessionKeyThatTheServerMadeForAnotherSessionHurtsItsOwnEventOnly(t *testing.T) {
	t.Parallel()
	w := setup(t)
	anna := client("192.0.2.1")
	anna.VisitorKey = "anna"
	w.send(t, anna, view("/", noon))
	visitor, err := w.project.VisitorByKey(t.Context(), "anna")
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := w.project.TrackingSessions(t.Context(), visitor.ID, 10)
	if err != nil || len(sessions) != 1 {
		t.Fatalf("sessions = %+v, %v", sessions, err)
	}
	bert := client("192.0.2.2")
	bert.VisitorKey, bert.SessionKey = "bert", sessions[0].SessionKey // an export of visitors tells it
	carl := client("192.0.2.3")
	carl.VisitorKey = "carl"
	e, neighbour := view("/", noon.Add(time.Minute)), view("/", noon)
	neighbour.Client = &carl
	receipts := w.send(t, bert, e, neighbour)
	if receipts[0].Status != ingest.Invalid || receipts[0].Field != "client.session_key" || receipts[1].Status != ingest.Accepted {
		t.Errorf("receipts = %+v", receipts)
	}
	w.expectUnits(t, "after it", 2, 2, 2)
}

func TestASessionWhoseSumsCannotBeReadGoesOn(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{"cut by time": "", "held together by a key": "till 1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			anna := client("192.0.2.1")
			anna.VisitorKey, anna.SessionKey = "anna", key
			w.send(t, anna, view("/", noon.Add(-time.Hour)), view("/", noon.Add(-50*time.Minute)))
			repotest.Exec(t, w.url, "UPDATE tracking_sessions SET fold = '\\xff00'") // as another version might have written it
			if receipts := w.send(t, anna, view("/", noon.Add(-40*time.Minute))); receipts[0].Status != ingest.Accepted {
				t.Errorf("receipt = %+v", receipts[0])
			}
			w.expectUnits(t, name, 1, 1, 3)
		})
	}
}
