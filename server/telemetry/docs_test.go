package telemetry_test

import (
	"context"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/cache"
	"github.com/microtracker/microtracker/server/telemetry"
)

// TestTheOperatorsPageListsTheMetricsThatThereAre compares docs/operations.md with a scrape, in both directions, and the
// alerts with it, too.
func TestTheOperatorsPageListsTheMetricsThatThereAre(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "\n### Metrics\n")
	table, alerts, found := strings.Cut(table, "\n### Alerts\n")
	alerts, _, ends := strings.Cut(alerts, "\n## ")
	if !found || !ends {
		t.Fatal("the page has no metrics, or no alerts after them")
	}
	listed := map[string]bool{}
	for line := range strings.Lines(table) {
		if strings.HasPrefix(line, "| `") {
			names, _, _ := strings.Cut(line[1:], "|")
			for _, name := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(names, -1) {
				listed["microtracker_"+name[1]] = true
			}
		}
	}
	m := telemetry.NewMetrics("v1")
	everything(m)
	err = m.Watch(telemetry.Sources{
		Pools:   func() []repo.PoolState { return []repo.PoolState{{Name: "main"}} },
		Backlog: func() int64 { return 0 }, Watchers: func() int { return 0 }, IsReady: func() bool { return true },
		Cache: func() cache.Stats { return cache.Stats{} },
		Work: func(context.Context) (*repo.WorkState, error) {
			return &repo.WorkState{Queues: []repo.QueueState{{Queue: "q"}}, Schedules: []repo.ScheduleState{{Name: "s"}}}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	scraped := map[string]bool{}
	for _, name := range regexp.MustCompile(`(?m)^# TYPE (microtracker_\w+) `).FindAllStringSubmatch(scrape(t, m), -1) {
		scraped[name[1]] = true
	}
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		if !scraped[name] {
			t.Errorf("the page lists %s, which there is not", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(scraped)) {
		if !listed[name] {
			t.Errorf("the page does not list %s", name)
		}
	}
	for _, name := range regexp.MustCompile(`microtracker_\w+`).FindAllString(alerts, -1) {
		if !scraped[strings.TrimSuffix(name, "_bucket")] {
			t.Errorf("an alert asks for %s, which there is not", name)
		}
	}
}
