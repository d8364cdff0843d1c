package ingest_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/ingest"
)

// modelSession is what a session's row must say, as docs/metrics.md defines it.
type modelSession struct {
	StartedAt, LastActivityAt               time.Time
	LandingURL, EntryPath, ExitPath, Source string
	Campaign                                string
	Duration, Pageviews, InteractiveEvents  int
	EngagedMS                               int64
	ScrollPct, PCQS                         float64 // -1 for none
	Events                                  int
}

// model cuts one visitor's events into sessions and adds them up: all at once, in the plainest way there is.
func model(events []ingest.Event) []modelSession {
	sorted := slices.Clone(events)
	slices.SortFunc(sorted, func(a, b ingest.Event) int {
		view := func(e ingest.Event) int {
			if e.Type == "page_view" {
				return 0
			}
			return 1
		}
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(view(a), view(b)), bytes.Compare(a.ID[:], b.ID[:]))
	})
	var sessions [][]ingest.Event
	ad := ""
	for _, e := range sorted {
		n := len(sessions)
		isNew := n == 0
		if !isNew {
			last := sessions[n-1][len(sessions[n-1])-1]
			brings := adOf(e)
			isDirect := ad == "" && sourceOf(sessions[n-1][0]) == "Direct / None"
			isNew = e.At.Sub(last.At) > 30*time.Minute || brings != "" && brings != ad && !isDirect
			if brings != "" {
				ad = brings
			}
		}
		if isNew {
			sessions = append(sessions, nil)
			ad = adOf(e)
		}
		sessions[len(sessions)-1] = append(sessions[len(sessions)-1], e)
	}
	added := make([]modelSession, len(sessions))
	for i, s := range sessions {
		added[i] = addUp(s)
	}
	// Of sessions that begin in the same moment the shorter was first; where both are but a moment, their order is a matter
	// of taste.
	slices.SortStableFunc(added, func(a, b modelSession) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), a.LastActivityAt.Compare(b.LastActivityAt), cmp.Compare(a.LandingURL, b.LandingURL))
	})
	return added
}

// adOf is the campaign that a page view brings; what happens on a page brings none.
func adOf(e ingest.Event) string {
	if e.PageViewID.Valid {
		return ""
	}
	page, _ := url.Parse(e.URL)
	return page.Query().Get("utm_campaign")
}

func sourceOf(e ingest.Event) string {
	page, _ := url.Parse(e.URL)
	if source := page.Query().Get("utm_source"); source != "" {
		return source
	}
	if e.Referrer != "" {
		return "Google"
	}
	return "Direct / None"
}

func addUp(events []ingest.Event) modelSession {
	s := modelSession{ScrollPct: -1, PCQS: -1, Source: sourceOf(events[0]), Events: len(events)}
	s.StartedAt, s.LastActivityAt = events[0].At, events[len(events)-1].At
	s.Duration = int(s.LastActivityAt.Sub(s.StartedAt) / time.Second)
	s.LandingURL = events[0].URL
	depth, engaged := map[uuid.UUID]float64{}, map[uuid.UUID]int64{}
	left := false
	for _, e := range events {
		if ad := adOf(e); ad != "" && s.Campaign == "" {
			s.Campaign, s.Source = ad, sourceOf(e)
		}
		page, _ := url.Parse(e.URL)
		switch e.Type {
		case "page_view":
			if s.Pageviews == 0 {
				s.LandingURL, s.EntryPath = e.URL, page.Path
			}
			s.ExitPath = page.Path
			s.Pageviews++
		case "exit":
			left = true
			depth[e.PageViewID.UUID] = max(depth[e.PageViewID.UUID], *e.ScrollPct)
			engaged[e.PageViewID.UUID] = max(engaged[e.PageViewID.UUID], *e.EngagedMS)
		case "click", "custom":
			s.InteractiveEvents++
		}
	}
	for _, ms := range engaged {
		s.EngagedMS += min(ms, 30*60*1000)
	}
	average := 0.0
	if len(depth) > 0 {
		for _, d := range depth {
			average += d / float64(len(depth))
		}
		s.ScrollPct = math.Round(average*100) / 100
	}
	if left {
		e := min(1, float64(s.EngagedMS)/1000/(30*float64(max(1, s.Pageviews))))
		i := 0.0
		if s.InteractiveEvents > 0 {
			i = 1
		} else if s.Pageviews >= 2 {
			i = 0.5
		}
		s.PCQS = math.Round(100*100*(0.4*e+0.4*average/100+0.2*i)) / 100
	}
	return s
}

// stored reads a visitor's sessions in the form of the model.
func stored(t *testing.T, project *repo.Project, key string) ([]modelSession, *repo.Visitor) {
	t.Helper()
	visitor, err := project.VisitorByKey(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := project.TrackingSessions(t.Context(), visitor.ID, 1000)
	if err != nil {
		t.Fatal(err)
	}
	sessions := make([]modelSession, len(rows))
	for i, row := range rows {
		events, err := project.Events(t.Context(), row.ID, 1000)
		if err != nil {
			t.Fatal(err)
		}
		orNone := func(v *float64) float64 {
			if v == nil {
				return -1
			}
			return *v
		}
		sessions[i] = modelSession{
			StartedAt: row.StartedAt.UTC(), LastActivityAt: row.LastActivityAt.UTC(), LandingURL: row.LandingURL, EntryPath: row.EntryPath,
			ExitPath: row.ExitPath, Source: row.Source, Campaign: row.UTMCampaignName, Duration: row.DurationSeconds,
			Pageviews: row.Pageviews, InteractiveEvents: row.InteractiveEvents, EngagedMS: row.EngagedMS,
			ScrollPct: orNone(row.ScrollPct), PCQS: orNone(row.PCQS), Events: len(events),
		}
	}
	return sessions, visitor
}

// expect compares what is stored of a visitor with the model. The two may round a half differently: by a hundredth.
func expect(t *testing.T, what string, project *repo.Project, key string, events []ingest.Event) {
	t.Helper()
	got, visitor := stored(t, project, key)
	want := model(events)
	near := gocmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 0.011 })
	if diff := gocmp.Diff(want, got, near); diff != "" {
		t.Errorf("%s (-model +stored):\n%s", what, diff)
	}
	first, last, brought := events[0].At, events[0].At, 0
	for _, e := range events {
		if e.At.Before(first) {
			first = e.At
		}
		if e.At.After(last) {
			last = e.At
		}
	}
	firstAd, lastAd := "", ""
	for _, s := range want {
		if s.Campaign != "" {
			brought++
			firstAd, lastAd = cmp.Or(firstAd, s.Campaign), s.Campaign
		}
	}
	if visitor.SessionsCount != len(want) || !visitor.FirstSeenAt.Equal(first) || !visitor.LastSeenAt.Equal(last) {
		t.Errorf("%s: visitor = %d sessions from %v to %v, want %d from %v to %v",
			what, visitor.SessionsCount, visitor.FirstSeenAt, visitor.LastSeenAt, len(want), first, last)
	}
	if !bytes.Contains(visitor.FirstUTM, []byte(firstAd)) || !bytes.Contains(visitor.LastUTM, []byte(lastAd)) || brought == 0 && visitor.FirstUTM != nil {
		t.Errorf("%s: first_utm = %s, last_utm = %s, want %q and %q", what, visitor.FirstUTM, visitor.LastUTM, firstAd, lastAd)
	}
}

// randomVisits is what one visitor does in some hours: gaps just below and above half an hour, ads, searches, several exits
// of one page, two tabs, and events of the same moment.
func randomVisits(random *rand.Rand, views int) []ingest.Event {
	var events []ingest.Event
	at := noon
	var open []ingest.Event
	for range views {
		at = at.Add([]time.Duration{0, time.Second, 5 * time.Minute, 29 * time.Minute, 30 * time.Minute, 31 * time.Minute, 40 * time.Minute}[random.IntN(7)])
		page := view([]string{"/", "/a", "/b?utm_source=mail&utm_campaign=x", "/b?utm_source=post&utm_campaign=y", "/c"}[random.IntN(5)], at)
		if random.IntN(5) == 0 {
			page.Referrer = "https://www.google.com/"
		}
		events, open = append(events, page), append(open, page)
		for range random.IntN(3) {
			on := open[random.IntN(len(open))]
			e := ingest.Event{
				ID: uuid.New(), At: at.Add(time.Duration(random.IntN(1200)) * time.Second), URL: on.URL, Type: []string{"exit", "exit", "click"}[random.IntN(3)],
				PageViewID: uuid.NullUUID{UUID: on.ID, Valid: true},
			}
			if e.Type == "exit" {
				e.ScrollPct, e.EngagedMS = new(float64(random.IntN(101))), new(int64(random.IntN(3_000_000)))
			}
			events = append(events, e)
		}
	}
	return events
}

// split sends events in pieces, some of them twice.
func split(random *rand.Rand, events []ingest.Event) [][]ingest.Event {
	var pieces [][]ingest.Event
	for rest := events; len(rest) > 0; {
		n := 1 + random.IntN(min(6, len(rest)))
		pieces = append(pieces, rest[:n])
		if random.IntN(4) == 0 {
			pieces = append(pieces, rest[:n])
		}
		rest = rest[n:]
	}
	return pieces
}

// replicas are two servers on one database.
func replicas(t *testing.T) ([2]*ingest.Ingester, *repo.Inbox, *repo.Project) {
	t.Helper()
	databaseURL := repotest.DatabaseURL(t)
	var both [2]*ingest.Ingester
	var project *repo.Project
	var inbox *repo.Inbox
	for i := range both {
		store := repotest.Open(t, databaseURL)
		if project == nil {
			project = repotest.Project(t, store)
			var err error
			if inbox, err = store.OpenInbox(t.Context(), project.PublicKey, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		both[i] = ingest.New(ingest.Config{Store: store, Now: func() time.Time { return noon.AddDate(0, 0, 2) }})
		t.Cleanup(both[i].Close)
	}
	return both, inbox, project
}

func TestAnyOrderAndAnySplitGiveTheRowsOfTheModel(t *testing.T) {
	t.Parallel()
	both, inbox, project := replicas(t)
	var wg sync.WaitGroup
	turns := make(chan struct{}, 8)
	for round := range 150 {
		wg.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			random := rand.New(rand.NewPCG(uint64(round), 1))
			events := randomVisits(random, 1+random.IntN(12))
			visitor := client("192.0.2.1")
			visitor.VisitorKey = fmt.Sprint("visitor ", round)
			sent := slices.Clone(events)
			if round%3 > 0 {
				random.Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
			}
			var pieces sync.WaitGroup
			for _, piece := range split(random, sent) {
				send := func() {
					if _, err := both[random.IntN(2)].Ingest(t.Context(), inbox, &ingest.Batch{Client: visitor, Events: piece}); err != nil {
						t.Errorf("round %d: %v", round, err)
					}
				}
				if round%3 == 2 { // all at once, through both
					replica := both[random.IntN(2)]
					pieces.Go(func() {
						if _, err := replica.Ingest(t.Context(), inbox, &ingest.Batch{Client: visitor, Events: piece}); err != nil {
							t.Errorf("round %d: %v", round, err)
						}
					})
				} else {
					send()
				}
			}
			pieces.Wait()
			expect(t, fmt.Sprint("round ", round), project, visitor.VisitorKey, events)
		})
	}
	wg.Wait()
}

func TestEveryPermutationAndSplitOfAVisitGivesTheSameRows(t *testing.T) {
	t.Parallel()
	both, inbox, project := replicas(t)
	first, second := view("/a?utm_source=mail&utm_campaign=x", noon), view("/b", noon.Add(50*time.Minute))
	bridge := ingest.Event{ID: uuid.New(), Type: "custom", URL: "https://example.com/a", At: noon.Add(25 * time.Minute)}
	left := ingest.Event{
		ID: uuid.New(), Type: "exit", URL: first.URL, At: noon.Add(20 * time.Minute), ScrollPct: new(50.0), EngagedMS: new(int64(9000)),
		PageViewID: uuid.NullUUID{UUID: first.ID, Valid: true},
	}
	visit := []ingest.Event{first, second, bridge, left}
	var wg sync.WaitGroup
	n := 0
	for order := range permutations(visit) {
		for cuts := range 1 << (len(visit) - 1) {
			n++
			visitor := client("192.0.2.1")
			visitor.VisitorKey = fmt.Sprint("visitor ", n)
			events := make([]ingest.Event, len(order)) // ids are the project's: each visitor needs his own
			renamed := map[uuid.UUID]uuid.UUID{}
			for _, e := range visit {
				renamed[e.ID] = uuid.New()
			}
			for i, e := range order {
				e.ID = renamed[e.ID]
				if e.PageViewID.Valid {
					e.PageViewID.UUID = renamed[e.PageViewID.UUID]
				}
				events[i] = e
			}
			wg.Go(func() {
				begin := 0
				for i := range events {
					if i == len(events)-1 || cuts>>i&1 == 1 {
						if _, err := both[i%2].Ingest(t.Context(), inbox, &ingest.Batch{Client: visitor, Events: events[begin : i+1]}); err != nil {
							t.Error(err)
						}
						begin = i + 1
					}
				}
				expect(t, fmt.Sprintf("order %v cut %b", events, cuts), project, visitor.VisitorKey, events)
			})
		}
	}
	wg.Wait()
}

// permutations gives every order of the events.
func permutations(events []ingest.Event) func(yield func([]ingest.Event) bool) {
	return func(yield func([]ingest.Event) bool) {
		var permute func(fixed int) bool
		order := slices.Clone(events)
		permute = func(fixed int) bool {
			if fixed == len(order) {
				return yield(slices.Clone(order))
			}
			for i := fixed; i < len(order); i++ {
				order[fixed], order[i] = order[i], order[fixed]
				if !permute(fixed + 1) {
					return false
				}
				order[fixed], order[i] = order[i], order[fixed]
			}
			return true
		}
		permute(0)
	}
}
