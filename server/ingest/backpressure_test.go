package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/ingest"
)

// waiting is a batch that was handed over.
type waiting struct {
	batch *ingest.Batch
	wait  func(ctx context.Context) ([]ingest.Receipt, error)
}

// fill hands batches over until no more are taken; it returns those that were, and the one that was not.
func (w world) fill(t *testing.T, size int) (taken []waiting, refused *ingest.Batch) {
	t.Helper()
	for i := range 100_000 {
		batch := &ingest.Batch{Client: client(fmt.Sprintf("2001:db8::%x", i%50))}
		batch.Client.IsServer = true // many pages in one moment are no person's
		for range size {
			batch.Events = append(batch.Events, custom("waits"))
		}
		wait, err := w.ingester.Submit(t.Context(), w.inbox, batch)
		if errors.Is(err, ingest.ErrOverloaded) {
			return taken, batch
		}
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, waiting{batch, wait})
	}
	t.Fatal("the queue has no bound")
	return nil, nil
}

func TestWhatWaitsForADatabaseIsBoundedAndWhatWasTakenIsStoredOnce(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"many small batches": 1, "few large ones": 500} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			release := repotest.Hold(t, w.url, "LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
			taken, refused := w.fill(t, size)
			if events := len(taken) * size; events < 5_000 || events > 20_000 {
				t.Errorf("%d events are waiting", events)
			}
			if _, err := w.ingester.Ingest(t.Context(), w.inbox, refused); !errors.Is(err, ingest.ErrOverloaded) {
				t.Errorf("another try while the database is blocked: %v", err)
			}
			release()
			stored := int64(0)
			for _, it := range taken {
				receipts, err := it.wait(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, receipt := range receipts {
					if receipt.Status != ingest.Accepted {
						t.Fatalf("receipt = %+v", receipt)
					}
					stored++
				}
			}
			people := int64(min(50, len(taken)))
			w.expectUnits(t, "what was taken", people, people, stored)
			for _, receipt := range w.send(t, refused.Client, refused.Events...) {
				if receipt.Status != ingest.Accepted {
					t.Fatalf("sent again: %+v", receipt)
				}
			}
			for _, receipt := range w.send(t, taken[0].batch.Client, taken[0].batch.Events...) {
				if receipt.Status != ingest.Duplicate {
					t.Fatalf("stored before: %+v", receipt)
				}
			}
			people = min(50, int64(len(taken))+1)
			w.expectUnits(t, "and sent again", people, people, stored+int64(size))
		})
	}
}

func TestWhoGivesUpWaitingMaySendAgain(t *testing.T) {
	t.Parallel()
	w := setup(t)
	release := repotest.Hold(t, w.url, "LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
	ctx, cancel := context.WithCancel(t.Context())
	e := custom("given up")
	wait, err := w.ingester.Submit(ctx, w.inbox, &ingest.Batch{Client: client("192.0.2.1"), Events: []ingest.Event{e}})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := wait(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("err = %v, want canceled", err)
	}
	release()
	if receipts := w.send(t, client("192.0.2.1"), e); receipts[0].Status != ingest.Accepted && receipts[0].Status != ingest.Duplicate {
		t.Errorf("receipt = %+v", receipts[0])
	}
	w.expectUnits(t, "sent again", 1, 1, 1)
}

func TestClosingStoresWhatWaits(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ingester := ingest.New(ingest.Config{Store: repotest.Open(t, w.url)})
	release := repotest.Hold(t, w.url, "LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
	var waits []waiting
	for i := range 200 {
		batch := &ingest.Batch{Client: client(fmt.Sprintf("2001:db8::%x", i)), Events: []ingest.Event{custom("last")}}
		batch.Events[0].At = batch.SentAt // now
		wait, err := ingester.Submit(t.Context(), w.inbox, batch)
		if err != nil {
			t.Fatal(err)
		}
		waits = append(waits, waiting{batch, wait})
	}
	closed := make(chan struct{})
	go func() {
		ingester.Close()
		close(closed)
	}()
	release()
	<-closed
	for _, it := range waits {
		if receipts, err := it.wait(t.Context()); err != nil || receipts[0].Status != ingest.Accepted {
			t.Errorf("%+v, %v", receipts, err)
		}
	}
	w.expectUnits(t, "closed", 200, 200, 200)
}
