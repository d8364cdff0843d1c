package ingest_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/ingest"
)

// eachPrivilege runs a test with a store that leaves the check of parents out and with one that does not.
func eachPrivilege(t *testing.T, test func(t *testing.T, url string, store *repo.Store)) {
	t.Helper()
	for name, privileged := range map[string]bool{"parents are locked": true, "parents are checked": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := repotest.DatabaseURL(t)
			store, err := repo.Open(url, repo.Options{MaxConns: 8})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { store.Close() })
			if privileged {
				if ok, err := store.UseIngestPrivilege(t.Context()); err != nil || !ok {
					t.Fatalf("the role lacks the privilege: %v, %v", ok, err)
				}
			}
			test(t, url, store)
		})
	}
}

func TestNothingIsLeftWithoutItsParentWhileVisitorsAreErased(t *testing.T) {
	t.Parallel()
	eachPrivilege(t, func(t *testing.T, url string, store *repo.Store) {
		t.Helper()
		project := repotest.Project(t, store)
		inbox, err := store.OpenInbox(t.Context(), project.PublicKey, noon)
		if err != nil {
			t.Fatal(err)
		}
		now := func() time.Time { return noon.Add(time.Hour) }
		ingester := ingest.New(ingest.Config{Store: store, Now: now})
		t.Cleanup(ingester.Close)
		const people, senders, rounds = 5, 6, 60
		var sending, erasing sync.WaitGroup
		done := make(chan struct{})
		for i := range senders {
			sending.Go(func() {
				random := rand.New(rand.NewPCG(uint64(i), 2))
				for range rounds {
					batch := &ingest.Batch{}
					for range 1 + random.IntN(4) {
						who := client("192.0.2.1")
						who.VisitorKey, who.IsServer = fmt.Sprint("visitor ", random.IntN(people)), true
						e := view("/", noon.Add(time.Duration(random.IntN(3600))*time.Second))
						e.Client = &who
						batch.Events = append(batch.Events, e)
					}
					receipts, err := ingester.Ingest(t.Context(), inbox, batch)
					if errors.Is(err, repo.ErrTryAgain) {
						continue // it says so, and leaves nothing
					}
					if err != nil {
						t.Error(err)
						continue
					}
					for _, receipt := range receipts {
						if receipt.Status != ingest.Accepted {
							t.Errorf("receipt = %+v", receipt)
						}
					}
				}
			})
		}
		erased := make([]int, people)
		for i := range people {
			erasing.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					_, err := project.EraseVisitor(t.Context(), repo.VisitorRef{Key: fmt.Sprint("visitor ", i)}, noon)
					switch {
					case err == nil:
						erased[i]++
					case !errors.Is(err, repo.ErrNotFound):
						t.Errorf("erase: %v", err)
					}
				}
			})
		}
		sending.Wait()
		close(done)
		erasing.Wait()
		if slices.Max(erased) == 0 {
			t.Error("nobody was erased")
		}
		expectNoOrphans(t, url)
		w := world{project: project, url: url}
		w.expectSums(t, "after the erasures")
	})
}

func TestNothingIsLeftOfAProjectThatIsDeletedWhileItsEventsCome(t *testing.T) {
	t.Parallel()
	eachPrivilege(t, func(t *testing.T, url string, store *repo.Store) {
		t.Helper()
		owner := repotest.User(t, store)
		stays := repotest.ProjectOf(t, store, owner)
		ingester := ingest.New(ingest.Config{Store: store, Now: func() time.Time { return noon }})
		t.Cleanup(ingester.Close)
		stayed, err := store.OpenInbox(t.Context(), stays.PublicKey, noon)
		if err != nil {
			t.Fatal(err)
		}
		kept := int64(0)
		for round := range 15 {
			project := repotest.ProjectOf(t, store, owner)
			inbox, err := store.OpenInbox(t.Context(), project.PublicKey, noon)
			if err != nil {
				t.Fatal(err)
			}
			var sending sync.WaitGroup
			begun := make(chan struct{}, 100)
			for i := range 4 {
				sending.Go(func() {
					for j := range 10 {
						who := client(fmt.Sprintf("2001:db8::%x", j%3))
						_, err := ingester.Ingest(t.Context(), inbox, &ingest.Batch{Client: who, Events: []ingest.Event{view("/", noon)}})
						if err != nil && !errors.Is(err, ingest.ErrSettingsChanged) {
							t.Errorf("round %d, sender %d: %v", round, i, err)
						}
						begun <- struct{}{}
					}
				})
			}
			sending.Go(func() { // a neighbour in the same transactions
				for range 10 {
					receipts, err := ingester.Ingest(t.Context(), stayed, &ingest.Batch{Client: client("192.0.2.1"), Events: []ingest.Event{custom("stays")}})
					if err != nil || receipts[0].Status == 0 {
						t.Errorf("the neighbour: %+v, %v", receipts, err)
					}
				}
			})
			kept += 10
			<-begun
			if err := project.Delete(t.Context()); err != nil {
				t.Errorf("delete: %v", err)
			}
			sending.Wait()
			for _, table := range []string{"events", "tracking_sessions", "visitors", "event_ids"} {
				if n := repotest.Number(t, url, "SELECT count(*) FROM "+table+" WHERE project_id = $1", project.ID); n != 0 {
					t.Errorf("round %d: %d rows of %s are left", round, n, table)
				}
			}
		}
		expectNoOrphans(t, url)
		if n := repotest.Number(t, url, "SELECT count(*) FROM events WHERE project_id = $1", stays.ID); n != kept {
			t.Errorf("the neighbour has %d events, want %d", n, kept)
		}
	})
}

func TestTwoServersNeverStandInEachOthersWay(t *testing.T) {
	t.Parallel()
	both, inbox, project := replicas(t)
	const rounds, people = 200, 4
	var wg sync.WaitGroup
	for side, ingester := range both {
		wg.Go(func() {
			for round := range rounds {
				batch := &ingest.Batch{}
				for i := range people {
					who := client("192.0.2.1")
					who.IsServer = true
					who.VisitorKey = fmt.Sprintf("visitor %d of %d", i, round/10) // new ones again and again
					at := noon.Add(time.Duration(round%10) * 20 * time.Minute)
					e := view(fmt.Sprintf("/?utm_source=google&utm_campaign_id=%d&utm_ad_id=%d", round%3, i), at.Add(time.Duration(side)*time.Minute))
					e.ID = uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "%d %d %d", round, i, (side+i)%2)) // half of them are the other's, too
					e.Client = &who
					batch.Events = append(batch.Events, e)
				}
				if side == 1 {
					slices.Reverse(batch.Events)
				}
				if _, err := ingester.Ingest(t.Context(), inbox, batch); err != nil {
					t.Errorf("server %d, round %d: %v", side, round, err)
				}
			}
		})
	}
	wg.Wait()
	for i := range people {
		for decade := range rounds / 10 {
			if _, err := project.VisitorByKey(t.Context(), fmt.Sprintf("visitor %d of %d", i, decade)); err != nil {
				t.Errorf("visitor %d of %d: %v", i, decade, err)
			}
		}
	}
}

func TestWhatTheLatestEventSaysOfTheBrowserCountsInEveryOrder(t *testing.T) {
	t.Parallel()
	w := setup(t)
	*w.now = noon.Add(5 * time.Hour)
	zones := []string{"Europe/Berlin", "America/New_York", "Asia/Tokyo"}
	var visit []ingest.Event
	for i := range zones {
		visit = append(visit, view("/", noon.Add(time.Duration(i)*time.Hour)))
	}
	n := 0
	for order := range permutations(visit) {
		for cuts := range 1 << (len(order) - 1) {
			n++
			key := fmt.Sprint("visitor ", n)
			batch := &ingest.Batch{}
			sent := renamed(order)
			for i := range sent {
				who := client("192.0.2.1")
				nth := int(sent[i].At.Sub(noon).Hours())
				who.VisitorKey, who.Timezone, who.ViewportW, who.ViewportH = key, zones[nth], int32(100+nth), int32(200+nth)
				sent[i].Client = &who
				batch.Events = append(batch.Events, sent[i])
				if i == len(sent)-1 || cuts>>i&1 == 1 {
					if _, err := w.ingester.Ingest(t.Context(), w.inbox, batch); err != nil {
						t.Fatal(err)
					}
					batch = &ingest.Batch{}
				}
			}
			visitor, err := w.project.VisitorByKey(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			if visitor.Timezone != zones[2] || visitor.ViewportW != 102 || visitor.ViewportH != 202 {
				var hours []float64
				for _, e := range order {
					hours = append(hours, e.At.Sub(noon).Hours())
				}
				t.Errorf("order %v cut %b: %s, %d x %d; want those of the latest event", hours, cuts, visitor.Timezone, visitor.ViewportW, visitor.ViewportH)
			}
		}
	}
}

func TestASessionOfManyPageViewsWhoseExitsComeInAnyOrderIsThatOfTheModel(t *testing.T) {
	t.Parallel()
	both, inbox, project := replicas(t)
	for round := range 6 {
		random := rand.New(rand.NewPCG(uint64(round), 3))
		var views, exits []ingest.Event
		for i := range 100 {
			page := view(fmt.Sprintf("/%d", i), noon.Add(time.Duration(i)*time.Minute))
			views = append(views, page)
			for report := range 1 + random.IntN(3) {
				exits = append(exits, ingest.Event{
					ID: uuid.New(), Type: "exit", URL: page.URL, At: page.At.Add(time.Duration(report*20) * time.Minute),
					ScrollPct: new(float64(random.IntN(101))), EngagedMS: new(int64(random.IntN(2_500_000))),
					PageViewID: uuid.NullUUID{UUID: page.ID, Valid: true},
				})
			}
		}
		random.Shuffle(len(exits), func(i, j int) { exits[i], exits[j] = exits[j], exits[i] })
		sent := slices.Concat(views, exits)
		switch round % 3 {
		case 1: // exits before their pages
			sent = slices.Concat(exits, views)
		case 2:
			random.Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
		}
		who := client("192.0.2.1")
		who.VisitorKey, who.IsServer = fmt.Sprint("visitor ", round), true
		for _, piece := range split(random, sent) {
			if _, err := both[random.IntN(2)].Ingest(t.Context(), inbox, &ingest.Batch{Client: who, Events: piece}); err != nil {
				t.Fatal(err)
			}
		}
		expect(t, fmt.Sprint("round ", round), project, who.VisitorKey, sent)
	}
}
