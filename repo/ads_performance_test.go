package repo_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/repo/repotest"
)

// date is a day at midnight UTC.
func date(t *testing.T, day string) time.Time {
	t.Helper()
	return at(t, day+"T00:00:00Z")
}

// ofAd is a session of an ad.
func ofAd(source, campaign, adset, ad string) repo.TrackingSession {
	return repo.TrackingSession{UTMSource: source, Source: source, UTMCampaignID: campaign, UTMAdsetID: adset, UTMAdID: ad}
}

// market is two days of ads on two platforms, in New York and in the project's own UTC.
func market(t *testing.T) *trail {
	t.Helper()
	tr := newTrail(t)
	ctx := t.Context()
	account := repo.AdAccount{Platform: "facebook", TimeZone: "America/New_York", CreatedAt: now, UpdatedAt: now}
	if err := tr.project.SetAdAccount(ctx, &account); err != nil {
		t.Fatal(err)
	}
	spend := func(platform, day, campaign, adset, ad string, impressions, clicks int, money string) repo.AdSpend {
		return repo.AdSpend{
			Platform: platform, Date: date(t, day), CampaignID: campaign, AdsetID: adset, AdID: ad,
			Impressions: impressions, Clicks: clicks, Spend: money, CreatedAt: now, UpdatedAt: now,
		}
	}
	err := tr.project.ReplaceAdSpend(ctx, []repo.AdSpend{
		spend("facebook", "2026-10-05", "c1", "s1", "a1", 1000, 50, "20.10"),
		spend("facebook", "2026-10-06", "c1", "s1", "a1", 500, 10, "5.05"),
		spend("facebook", "2026-10-05", "c1", "s1", "a2", 100, 3, "1.00"), // brought nobody
		spend("google", "2026-10-05", "g1", "", "", 300, 30, "9.99"),      // of a campaign as a whole
		spend("google", "2026-10-08", "g1", "", "", 7, 7, "7"),            // later
	})
	if err != nil {
		t.Fatal(err)
	}
	names := []*repo.Ad{
		{AdID: "a1", Platform: "facebook", CampaignID: "c1", CampaignName: "Old", AdName: "Ad one", FirstSeenAt: now, LastSeenAt: now.Add(-time.Hour)},
		{AdID: "a2", Platform: "facebook", CampaignID: "c1", CampaignName: "Autumn", AdName: "Ad two", FirstSeenAt: now, LastSeenAt: now},
	}
	for _, ad := range names {
		if err := tr.project.UpsertAd(ctx, ad); err != nil {
			t.Fatal(err)
		}
	}
	sale := func(value, currency string) func(e *repo.Event) {
		return func(e *repo.Event) {
			if e.EventType == "conversion" {
				e.Value, e.Currency = value, currency
			}
		}
	}
	// 3 in the morning in UTC is still the evening of the 4th in New York: before the range.
	tr.walk("early", ofAd("Facebook", "c1", "s1", "a1"), "2026-10-05T03:59:59Z", "page_view / 0", "click / 5")
	// The 5th there begins at 4. Bought for 30, in one session twice.
	tr.walkWith("anna", ofAd("Facebook", "c1", "s1", "a1"), "2026-10-05T04:00:00Z", sale("30", ""),
		"page_view / 0", "form_start / 10", "form_submit / 20", "conversion / 30", "conversion / 40")
	// A bounce, of which only the ad is known: its campaign and ad set are those of its spend.
	tr.walk("ben", ofAd("Facebook", "", "", "a1"), "2026-10-05T12:00:00Z", "page_view / 0")
	// Still the 5th in New York, and the 6th for the project. Bought in another currency: no revenue.
	tr.walkWith("cleo", ofAd("Facebook", "c1", "s1", "a1"), "2026-10-06T02:00:00Z", sale("99", "EUR"), "page_view / 0", "page_view /b 5", "conversion / 30")
	tr.walk("bot", repo.TrackingSession{UTMSource: "Facebook", Source: "Facebook", UTMAdID: "a1", IsBot: true, BotReason: "user_agent"}, "2026-10-05T13:00:00Z", "page_view / 0", "click / 1")
	// An ad that nothing was spent on. Of a name alone.
	tr.walk("dora", ofAd("Facebook", "c9", "", "a9"), "2026-10-06T12:00:00Z", "page_view / 0", "click / 5")
	tr.walk("emil", repo.TrackingSession{UTMSource: "newsletter", Source: "newsletter", UTMCampaignName: "October"}, "2026-10-05T12:00:00Z", "page_view / 0", "click / 5")
	// By the click id a Google ad, whatever the source says.
	tr.walk("fred", repo.TrackingSession{UTMSource: "Facebook", Source: "Facebook", ClickIDKind: "gclid", UTMCampaignID: "g1"}, "2026-10-05T23:59:59Z", "page_view / 0", "click / 5")
	tr.walk("nobody's", repo.TrackingSession{Source: "Google"}, "2026-10-05T12:00:00Z", "page_view / 0", "conversion / 5")
	return tr
}

// adLines writes an answer as text.
func adLines(answer *repo.AdAnswer) []string {
	line := func(row repo.AdRow) string {
		var cells []string
		for i, value := range row.Dimensions {
			if name := row.Names[i]; name != "" {
				value += " " + name
			}
			cells = append(cells, value)
		}
		for _, value := range row.Values {
			if value == nil {
				cells = append(cells, "-")
			} else if text := *value; strings.Contains(text, ".") {
				cells = append(cells, strings.TrimRight(strings.TrimRight(text, "0"), "."))
			} else {
				cells = append(cells, text)
			}
		}
		return strings.Join(cells, "|")
	}
	lines := []string{"all: " + line(answer.Totals)}
	for i, row := range answer.Rows {
		text := line(row)
		if answer.Compared != nil {
			compared := answer.Compared[i]
			compared.Dimensions = nil
			text += " before " + line(compared)
		}
		lines = append(lines, text)
	}
	return lines
}

func TestAdPerformanceIsWhatAHandCounts(t *testing.T) {
	t.Parallel()
	tr := market(t)
	base := repo.AdQuery{
		Metrics:    []repo.AdMetric{repo.AdClicks, repo.AdSpent, repo.AdLanded, repo.AdBounces, repo.AdEngaged, repo.AdFormSubmits, repo.AdConversions, repo.AdRevenue},
		Dimensions: []repo.AdDimension{repo.AdPlatform, repo.AdCampaign, repo.AdAd},
		Since:      date(t, "2026-10-05"), Until: date(t, "2026-10-07"), Conversions: []report.Conversion{report.AnyConversion()},
	}
	for _, c := range []struct {
		name string
		ask  func(q *repo.AdQuery)
		want []string
	}{
		{"by ad", func(*repo.AdQuery) {}, []string{
			"all: |||93|36.14|6|1|5|1|2|60",
			"facebook|c1 Autumn|a1 Ad one|60|25.15|3|1|2|1|2|60",
			"google|g1||30|9.99|1|0|1|0|0|0",
			"facebook|c1 Autumn|a2 Ad two|3|1|0|0|0|0|0|0",
			"|October||0|0|1|0|1|0|0|0",
			"facebook|c9|a9|0|0|1|0|1|0|0|0",
		}},
		{"by day of the ad account, of one campaign", func(q *repo.AdQuery) {
			q.Dimensions = []repo.AdDimension{repo.AdDay, repo.AdCampaign}
			q.Conditions = []repo.AdCondition{{Dimension: repo.AdCampaign, Operator: report.OperatorIs, Values: []string{"c1"}}}
			q.EveryConversion = true
		}, []string{
			"all: ||63|26.15|3|1|2|1|3|60",
			"2026-10-05|c1 Autumn|53|21.1|3|1|2|1|3|60",
			"2026-10-06|c1 Autumn|10|5.05|0|0|0|0|0|0",
		}},
		{"ratios, in one row", func(q *repo.AdQuery) {
			q.Dimensions = nil
			q.Metrics = []repo.AdMetric{repo.AdImpressions, repo.AdCTR, repo.AdCPC, repo.AdCPM, repo.AdCPA, repo.AdROAS, repo.AdPCQS, repo.AdCostPerQualitySession}
			q.Conditions = []repo.AdCondition{{Dimension: repo.AdAd, Operator: report.OperatorStartsWith, Values: []string{"a1"}}}
			// 60 / 1500; 25.15 / 60; 25150 / 1500; 25.15 / 2; 60 / 25.15; nobody has a score
		}, []string{
			"all: 1500|0.04|0.419167|16.766667|12.575|2.3856858847|-|-",
			"1500|0.04|0.419167|16.766667|12.575|2.3856858847|-|-",
		}},
		{"by week: the Monday before", func(q *repo.AdQuery) {
			q.Since = date(t, "2026-10-06")
			q.Metrics, q.Dimensions = []repo.AdMetric{repo.AdSpent, repo.AdLanded}, []repo.AdDimension{repo.AdWeek}
		}, []string{"all: |5.05|1", "2026-10-05|5.05|1"}},
		{"spend is of no placement", func(q *repo.AdQuery) {
			q.Metrics, q.Dimensions = []repo.AdMetric{repo.AdSpent, repo.AdLanded}, []repo.AdDimension{repo.AdPlacement}
		}, []string{"all: |36.14|6", "|36.14|6"}},
		{"by name and backwards", func(q *repo.AdQuery) {
			q.Metrics, q.Dimensions = []repo.AdMetric{repo.AdLanded}, []repo.AdDimension{repo.AdPlatform}
			q.OrderBy = []repo.AdOrder{{Dimension: repo.AdPlatform, Descending: true}}
		}, []string{"all: |6", "google|1", "facebook|4", "|1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			q := base
			c.ask(&q)
			answer, err := tr.project.AdPerformance(t.Context(), q, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, adLines(answer)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(q.Dimensions) == 0 {
				return
			}
			// Page by page it is the same.
			var paged []repo.AdRow
			for q.Limit = 1; ; {
				page, err := tr.project.AdPerformance(t.Context(), q, nil)
				if err != nil {
					t.Fatal(err)
				}
				paged = append(paged, page.Rows...)
				if !page.More {
					break
				}
				q.After = &page.Rows[len(page.Rows)-1]
			}
			if diff := cmp.Diff(answer.Rows, paged); diff != "" {
				t.Errorf("in pages (-whole +pages):\n%s", diff)
			}
		})
	}
}

func TestAdPerformanceIsCompared(t *testing.T) {
	t.Parallel()
	tr := market(t)
	q := repo.AdQuery{
		Metrics:    []repo.AdMetric{repo.AdClicks, repo.AdCPC, repo.AdLanded},
		Dimensions: []repo.AdDimension{repo.AdDay, repo.AdAd},
		Since:      date(t, "2026-10-06"), Until: date(t, "2026-10-07"),
	}
	before := q
	before.Since, before.Until = date(t, "2026-10-05"), q.Since
	answer, err := tr.project.AdPerformance(t.Context(), q, &before)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"all: ||10|0.505|1",
		"2026-10-06|a1 Ad one|10|0.505|0 before 50|0.402|3",
		"2026-10-06|a9|0|-|1 before 0|-|0",
	}
	if diff := cmp.Diff(want, adLines(answer)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := fmt.Sprint(*answer.ComparedTotals.Values[0], " ", *answer.ComparedTotals.Values[2]); got != "83 5" {
		t.Errorf("before there were %s in all", got)
	}
}

func TestNobodySeesAnotherProjectsAds(t *testing.T) {
	t.Parallel()
	tr := market(t)
	stranger := repotest.Project(t, tr.db)
	q := repo.AdQuery{
		Metrics: []repo.AdMetric{repo.AdSpent, repo.AdLanded, repo.AdConversions}, Dimensions: []repo.AdDimension{repo.AdPlatform},
		Since: date(t, "2026-10-01"), Until: date(t, "2026-11-01"), Conversions: []report.Conversion{report.AnyConversion()},
	}
	answer, err := stranger.AdPerformance(t.Context(), q, nil)
	if err != nil || len(answer.Rows) != 0 || *answer.Totals.Values[0] != "0" {
		t.Errorf("a stranger sees %v, %v", adLines(answer), err)
	}
	if accounts, err := stranger.AdAccounts(t.Context()); err != nil || len(accounts) != 0 {
		t.Errorf("a stranger sees the accounts %v, %v", accounts, err)
	}
}

func TestRowsOfAdsAreSortedAsNumbersPageByPage(t *testing.T) {
	t.Parallel()
	tr := newTrail(t)
	var spend []repo.AdSpend
	for platform, money := range map[string]string{"google": "506.71", "tiktok": "94.22", "facebook": "9.50", "microsoft": "1000", "linkedin": "0"} {
		spend = append(spend, repo.AdSpend{
			Platform: platform, Date: date(t, "2026-10-05"), CampaignID: "c", AdID: "a", Spend: money, Clicks: 1, CreatedAt: now, UpdatedAt: now,
		})
	}
	if err := tr.project.ReplaceAdSpend(t.Context(), spend); err != nil {
		t.Fatal(err)
	}
	for descending, want := range map[bool][]string{
		true:  {"microsoft", "google", "tiktok", "facebook", "linkedin"},
		false: {"linkedin", "facebook", "tiktok", "google", "microsoft"},
	} {
		q := repo.AdQuery{
			Metrics: []repo.AdMetric{repo.AdSpent}, Dimensions: []repo.AdDimension{repo.AdPlatform}, Limit: 2,
			Since: date(t, "2026-10-05"), Until: date(t, "2026-10-06"), OrderBy: []repo.AdOrder{{Metric: repo.AdSpent, Descending: descending}},
		}
		var got []string
		for more := true; more; {
			answer, err := tr.project.AdPerformance(t.Context(), q, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range answer.Rows {
				got = append(got, row.Dimensions[0])
			}
			more = answer.More
			q.After = &answer.Rows[len(answer.Rows)-1]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("descending %v (-want +got):\n%s", descending, diff)
		}
	}
}
