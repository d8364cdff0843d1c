package rollup_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/server/ingest"
	"github.com/microtracker/microtracker/server/rollup"
)

// TestAdsAreCountedFromBlocksAsFromSessions: accounts in three time zones, another one for the project, ads known by ids, by names and
// by their channel alone.
func TestAdsAreCountedFromBlocksAsFromSessions(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 10, 26, 15, 0, 0, 0, time.UTC)
	w := setup(t, "Europe/Berlin", now)
	for platform, zone := range map[string]string{"facebook": "America/Los_Angeles", "google": "Asia/Kolkata"} {
		if err := w.project.SetAdAccount(t.Context(), &repo.AdAccount{Platform: platform, TimeZone: zone, CreatedAt: now, UpdatedAt: now}); err != nil {
			t.Fatal(err)
		}
	}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 5))
	dates := func(daysAgo int) time.Time { return time.Date(2026, 10, 26-daysAgo, 0, 0, 0, 0, time.UTC) }
	var spend []repo.AdSpend
	for days := range 6 {
		for ad := range 4 {
			spend = append(spend, repo.AdSpend{
				Platform: []string{"facebook", "google"}[ad%2], Date: dates(days), CampaignID: fmt.Sprint("c", ad/2), AdID: fmt.Sprint("a", ad),
				Impressions: 100, Clicks: ad, Spend: fmt.Sprintf("%d.%02d", ad+1, days), CreatedAt: now, UpdatedAt: now,
			})
		}
	}
	if err := w.project.ReplaceAdSpend(t.Context(), spend); err != nil {
		t.Fatal(err)
	}
	landing := func(at time.Time) ingest.Event {
		address := pick(random, "/?utm_source=facebook&utm_id=c0&utm_ad_id=a0", "/?utm_source=facebook&utm_campaign=Autumn&utm_content=blue",
			"/a?gclid=x&utm_id=c0&utm_ad_id=a1&utm_adset_id=s1&utm_placement=top", "/?utm_ad_id=a2", "/?utm_source=Bing&utm_medium=cpc", "/?fbclid=1",
			"/?gclid=only", "/b")
		return ingest.Event{ID: uuid.New(), Type: "page_view", URL: "https://example.com" + address, At: at}
	}
	answers := rollup.NewAnswers(w.refresher)
	counted := 0
	for i := range 60 {
		if i%2 == 0 {
			for range 5 {
				page := landing(now.Add(-time.Duration(random.IntN(6*24*60)) * time.Minute))
				events := []ingest.Event{page}
				if random.IntN(2) == 0 {
					events = append(events, exit(page, time.Minute, 50, 12*time.Second))
				}
				w.send(t, visitor(fmt.Sprint("visitor ", random.IntN(30)), pick(random, chrome, iphone, googlebot)), events...)
			}
		}
		if i%10 == 0 {
			w.refresh(t) // more than a question counts
		}
		q := repo.AdQuery{
			Metrics: []repo.AdMetric{repo.AdLanded, repo.AdBounces, repo.AdPCQS, repo.AdSpent, repo.AdCostPerQualitySession},
			Since:   dates(2 + random.IntN(4)), Until: dates(random.IntN(3) - 1),
		}
		for _, d := range []repo.AdDimension{repo.AdPlatform, repo.AdCampaign, repo.AdAd, repo.AdPlacement, pick(random, repo.AdDay, repo.AdWeek)} {
			if random.IntN(2) == 0 {
				q.Dimensions = append(q.Dimensions, d)
			}
		}
		if random.IntN(3) == 0 {
			q.Conditions = append(q.Conditions, repo.AdCondition{Dimension: repo.AdPlatform, Operator: report.OperatorIs, Values: []string{"google"}})
		}
		other := q
		other.Since, other.Until = q.Since.AddDate(0, 0, -3), q.Since
		want, err := w.project.AdPerformance(t.Context(), q, &other)
		if err != nil {
			t.Fatal(err)
		}
		count := answers.CountAdSessions(w.project)
		q.Count = func(ctx context.Context, bounds []time.Time) ([]repo.AdSessions, bool, error) {
			sessions, ok, err := count(ctx, bounds)
			if ok {
				counted++
			}
			return sessions, ok, err
		}
		other.Count = q.Count
		got, err := w.project.AdPerformance(t.Context(), q, &other)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			q.Count = nil
			shown, _ := json.Marshal(q.Dimensions)
			t.Fatalf("seed %d: %s from %v to %v (-sessions +blocks):\n%s", seed, shown, q.Since, q.Until, diff)
		}
	}
	if counted < 120 {
		t.Errorf("%d of 180 times sessions were counted from blocks", counted)
	}
}
