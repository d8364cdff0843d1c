package load_test

import (
	"cmp"
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/server/load"
)

func options() load.Options {
	return load.Options{Events: 20_000, Visitors: 5000, Projects: 3, Bots: 0.1, Ads: 0.25, Open: 200}
}

func TestTheSameSeedMakesTheSameVisits(t *testing.T) {
	t.Parallel()
	first, second, other := load.Visits(7, options()), load.Visits(7, options()), load.Visits(8, options())
	for i := range first {
		if first[i].Offset != second[i].Offset || *first[i].Visitor != *second[i].Visitor {
			t.Fatalf("hit %d: %+v, then %+v", i, first[i], second[i])
		}
		if !proto.Equal(first[i].Event, second[i].Event) {
			t.Fatalf("hit %d: %v, then %v", i, first[i].Event, second[i].Event)
		}
	}
	if first[0].Event.GetEventId() == other[0].Event.GetEventId() || first[0].Visitor.Key == other[0].Visitor.Key {
		t.Error("another seed makes the same visits")
	}
}

func TestEveryEventKeepsTheContract(t *testing.T) {
	t.Parallel()
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, hit := range load.Visits(1, options()) {
		if err := validator.Validate(hit.Event); err != nil {
			t.Fatalf("%v: %v", hit.Event, err)
		}
		if err := validator.Validate(hit.Visitor.ServerClient()); err != nil {
			t.Fatalf("%v: %v", hit.Visitor, err)
		}
		if ids[hit.Event.GetEventId()] {
			t.Fatalf("the id %s comes twice", hit.Event.GetEventId())
		}
		ids[hit.Event.GetEventId()] = true
		if hit.Event.GetPageViewId() != "" && !ids[hit.Event.GetPageViewId()] {
			t.Fatalf("%v belongs to a page view that did not come before it", hit.Event)
		}
	}
}

func TestVisitsAreInterleaved(t *testing.T) {
	t.Parallel()
	hits := load.Visits(1, options())
	together := 0
	last := map[int]time.Duration{}
	for i, hit := range hits {
		if i > 0 {
			if hits[i-1].Visit == hit.Visit {
				together++
			}
			if hit.Offset < hits[i-1].Offset {
				t.Fatalf("hit %d is earlier than the one before", i)
			}
		}
		if hit.Offset < last[hit.Visit] {
			t.Fatalf("hit %d is earlier than the one before in its visit", i)
		}
		last[hit.Visit] = hit.Offset
	}
	if share := float64(together) / float64(len(hits)); share > 0.04 {
		t.Errorf("%.1f %% of the events follow one of the same visit", 100*share)
	}
	if gap := hits[len(hits)-1].Offset / time.Duration(len(hits)/200); gap < 4*time.Second || gap > 20*time.Second {
		t.Errorf("an event of a visit comes %v after the one before", gap)
	}
}

func TestVisitsAreLikeThoseOfPeople(t *testing.T) {
	t.Parallel()
	hits := load.Visits(3, options())
	paths, types, perVisit := map[string]int{}, map[string]int{}, map[int]int{}
	visitsOf, agents, projects := map[int]map[int]bool{}, map[string]bool{}, map[int]int{}
	addresses := map[string]int{}
	views, ads, external, bots := 0, 0, 0, 0
	for _, hit := range hits {
		event := hit.Event
		types[event.GetEventType().String()]++
		if visitsOf[hit.Visitor.Number] == nil {
			visitsOf[hit.Visitor.Number] = map[int]bool{}
			if hit.Visitor.Bot {
				bots++
			}
		}
		visitsOf[hit.Visitor.Number][hit.Visit] = true
		agents[hit.Visitor.UserAgent] = true
		address := hit.Visitor.Address.String()
		if other, taken := addresses[address]; taken && other != hit.Visitor.Number {
			t.Fatalf("visitors %d and %d have the address %s", other, hit.Visitor.Number, address)
		}
		addresses[address] = hit.Visitor.Number
		if event.GetEventType() != microtrackerv1.EventType_EVENT_TYPE_PAGE_VIEW {
			continue
		}
		page, err := url.Parse(event.GetUrl())
		if err != nil {
			t.Fatal(err)
		}
		views++
		paths[page.Path]++
		perVisit[hit.Visit]++
		if perVisit[hit.Visit] == 1 {
			projects[hit.Visitor.Project]++
			if page.Query().Get("utm_ad_id") != "" {
				ads++
			}
			if ref := event.GetReferrer(); ref != "" && !strings.HasPrefix(ref, "https://www.example.com/") {
				external++
			}
		}
	}
	counts := make([]int, 0, len(paths))
	for _, count := range paths {
		counts = append(counts, count)
	}
	slices.SortFunc(counts, func(a, b int) int { return cmp.Compare(b, a) })
	if len(counts) < 800 {
		t.Errorf("%d paths were seen", len(counts))
	}
	if top := float64(counts[0]) / float64(views); top < 0.05 || top > 0.3 {
		t.Errorf("the first path has %.0f %% of the page views", 100*top)
	}
	// Zipf: ten times the rank, about a tenth of the views.
	if ratio := float64(counts[2]) / float64(counts[29]); ratio < 4 || ratio > 30 {
		t.Errorf("rank 3 has %.1f times the views of rank 30", ratio)
	}
	longest, ones := 0, 0
	for _, n := range perVisit {
		longest = max(longest, n)
		if n == 1 {
			ones++
		}
	}
	if longest > 15 || longest < 10 {
		t.Errorf("the longest visit has %d page views", longest)
	}
	visits := float64(len(perVisit))
	for _, c := range []struct {
		what       string
		got, least float64
		most       float64
	}{
		{"visits of one page", float64(ones) / visits, 0.3, 0.5},
		{"visits of ads", float64(ads) / visits, 0.18, 0.27},
		{"visits from elsewhere", float64(external) / visits, 0.5, 0.8},
		{"visitors who come back", float64(len(perVisit)-len(visitsOf)) / visits, 0.1, 0.7},
		{"visitors who are bots", float64(bots) / float64(len(visitsOf)), 0.08, 0.12},
		{"the first project's part", float64(projects[0]) / visits, 0.45, 0.65},
		{"events for each visit", float64(len(hits)) / visits, 4, 11},
	} {
		if c.got < c.least || c.got > c.most || math.IsNaN(c.got) {
			t.Errorf("%s: %.3f, want %.2f to %.2f", c.what, c.got, c.least, c.most)
		}
	}
	if len(agents) < 80 {
		t.Errorf("%d user agents", len(agents))
	}
	for number, name := range microtrackerv1.EventType_name {
		if number != 0 && types[name] == 0 {
			t.Errorf("there is no %s", name)
		}
	}
}

func TestVisitsOfDaysFollowTheRhythmOfTheDay(t *testing.T) {
	t.Parallel()
	o := options()
	o.Span = 4 * 24 * time.Hour
	var perDay [5]int
	night := 0
	last := map[int]time.Duration{}
	for _, hit := range load.Visits(1, o) {
		if hit.Offset < last[hit.Visit] {
			t.Fatal("the events of a visit are not in order")
		}
		last[hit.Visit] = hit.Offset
		perDay[min(4, hit.Offset/(24*time.Hour))]++
		if hit.Offset%(24*time.Hour) < 6*time.Hour {
			night++
		}
	}
	for day, events := range perDay[:4] {
		if events < 3500 || events > 6500 {
			t.Errorf("day %d has %d events", day, events)
		}
	}
	if night > 1600 {
		t.Errorf("%d of 20,000 events are at night", night)
	}
}

func BenchmarkNext(b *testing.B) {
	g := load.NewGenerator(load.Options{Seed: 1, Bots: 0.05, Ads: 0.2})
	b.ReportAllocs()
	for b.Loop() {
		g.Next()
	}
}
