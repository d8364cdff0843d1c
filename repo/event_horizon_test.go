package repo_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/repo/repotest"
)

// anEvent inserts an event of a session behind the program's back.
const anEvent = `INSERT INTO events (project_id, session_id, visitor_id, event_type, name, created_at, event_id)
	SELECT project_id, id, visitor_id, 'click', 'x', now(), gen_random_uuid() FROM tracking_sessions WHERE project_id = %d LIMIT 1`

// everything is an export of all events.
func everything(settled int64) repo.EventExport {
	return repo.EventExport{SettledID: settled, Query: report.Query{
		Since: time.Unix(0, 0), Until: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), Bots: report.BotsIncluded,
	}}
}

// exportOn reads all pages behind an id and returns the ids of the events.
func exportOn(ctx context.Context, project *repo.Project, settled, after int64, size int) (ids []int64, last int64, err error) {
	for {
		page, err := project.ExportByID(ctx, everything(settled), after, size)
		if err != nil {
			return ids, after, err
		}
		for i := range page.Events {
			ids = append(ids, page.Events[i].Event.ID)
		}
		if !page.More {
			return ids, max(after, page.Last.ID), nil
		}
		after = page.Last.ID
	}
}

func TestAnExportMissesNoEventThatIsCommittedOutOfOrder(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	store := repotest.Open(t, url)
	project := repotest.Project(t, store)
	record(t, store, openInbox(t, store, project), "v", event("page_view", 0, "/"))
	insert := fmt.Sprintf(anEvent, project.ID)

	ctx := t.Context()
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		db := openDatabase(t, url)
		writers.Go(func() {
			for range 40 {
				tx, err := db.BeginTx(ctx, nil)
				if err != nil {
					t.Error(err)
					return
				}
				for range 1 + rand.IntN(5) {
					if _, err := tx.ExecContext(ctx, insert); err != nil {
						t.Error(err)
					}
				}
				end := tx.Commit
				if rand.IntN(5) == 0 {
					end = tx.Rollback
				}
				if err := end(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	type reader struct {
		ids  []int64
		last int64
	}
	found := make([]reader, 2)
	for i := range found { // each has its own cursor, and its own replica
		replica := repotest.Open(t, url)
		mine, err := replica.OpenProject(ctx, repo.Caller{ProjectID: project.ID}, project.ID)
		if err != nil {
			t.Fatal(err)
		}
		readers.Go(func() {
			for last := false; !last; {
				select {
				case <-done:
					last = true
				default:
				}
				settled, err := replica.SettledEvents(ctx, 10*time.Second)
				if err != nil {
					t.Error(err)
					return
				}
				ids, after, err := exportOn(ctx, mine, settled, found[i].last, 1+rand.IntN(20))
				if err != nil {
					t.Error(err)
					return
				}
				found[i].ids, found[i].last = append(found[i].ids, ids...), after
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	want := allEventIDs(t, url)
	for i := range found {
		if diff := cmp.Diff(want, found[i].ids); diff != "" {
			t.Errorf("reader %d: (-stored +exported):\n%s", i, diff)
		}
	}
}

func allEventIDs(t *testing.T, url string) []int64 {
	t.Helper()
	rows, err := openDatabase(t, url).QueryContext(t.Context(), "SELECT id FROM events ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestEventsSettleWhenThoseWhoStoreThemHaveEnded(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	store := repotest.Open(t, url)
	project := repotest.Project(t, store)
	if settled, err := store.SettledEvents(t.Context(), 0); err != nil || settled != 0 {
		t.Errorf("without events: %d, %v; want 0", settled, err)
	}
	record(t, store, openInbox(t, store, project), "v", event("page_view", 0, "/"))
	insert := fmt.Sprintf(anEvent, project.ID)
	// Others may do what they like for as long as they like.
	repotest.Hold(t, url, "UPDATE users SET updated_at = now()")
	first, err := store.SettledEvents(t.Context(), 0)
	if err != nil || first != slices.Max(allEventIDs(t, url)) {
		t.Fatalf("settled %d, %v", first, err)
	}

	horizon := &repo.EventHorizon{Store: store}
	advance := func(want int64, pending bool) {
		t.Helper()
		if settled, err := horizon.Advance(t.Context()); err != nil || settled != want || horizon.Pending() != pending {
			t.Fatalf("settled %d, pending %v, %v; want %d, %v", settled, horizon.Pending(), err, want, pending)
		}
	}
	advance(first, false)
	release := repotest.Hold(t, url, insert) // takes first + 1
	if _, err := store.SettledEvents(t.Context(), 10*time.Millisecond); !errors.Is(err, repo.ErrTryAgain) {
		t.Fatalf("while somebody stores: %v, want ErrTryAgain", err)
	}
	repotest.Exec(t, url, insert) // first + 2 is committed
	advance(first, true)
	another := repotest.Hold(t, url, insert) // first + 3: there is always somebody
	release()
	advance(first+2, true)
	another()
	advance(first+3, false)
	if settled, err := store.SettledEvents(t.Context(), 0); err != nil || settled != first+3 {
		t.Errorf("settled %d, %v; want %d", settled, err, first+3)
	}
}

func TestIdsOfEventsAreGivenAwayOneByOne(t *testing.T) {
	t.Parallel()
	// A sequence that gives connections ids in advance would let low ones come late (docs/adr/0019).
	if n := repotest.Number(t, repotest.DatabaseURL(t), "SELECT seqcache FROM pg_sequence WHERE seqrelid = 'events_id_seq'::regclass"); n != 1 {
		t.Errorf("the sequence gives %d ids at once, want 1", n)
	}
}
