package server_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/rollup"
)

func (w *world) adsOf(t *testing.T, who account) microtrackerv1connect.AdsServiceClient {
	t.Helper()
	return microtrackerv1connect.NewAdsServiceClient(w.client(t, protocols()[2], who.auth()))
}

// october is the week of the worked example.
func october() *microtrackerv1.DayRange {
	return &microtrackerv1.DayRange{Since: "2026-10-05", Until: "2026-10-12"}
}

// exampleShop fills the project with what docs/ads.md tells of: 200,000 sessions of a week, what three platforms report of it in
// their own time zones, and what was bought. All is made of numbers alone, so that it is the same each time.
func exampleShop(t *testing.T, w *world, who account) {
	t.Helper()
	id := who.project.ID
	repotest.Exec(t, w.databaseURL, "SELECT create_event_partitions('2026-09-01', '2026-10-31')")
	// Of the twelfth ad, whose sessions have no spend, somebody tells; the others are known by what they cost.
	_, err := w.adsOf(t, who).UpsertAds(t.Context(), &microtrackerv1.UpsertAdsRequest{ProjectId: id, Ads: []*microtrackerv1.Ad{
		{AdId: "ad11", Platform: "tiktok", CampaignId: "c2", CampaignName: "Unboxing", AdsetId: "s5", AdsetName: "Set 5", AdName: "Ad 11"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	importExample(t, w, who)
	repotest.Exec(t, w.databaseURL, fmt.Sprintf(`INSERT INTO visitors (id, project_id, visitor_key, first_seen_at, last_seen_at, sessions_count)
		SELECT 5000000 + n, %d, 'example ' || n, '2026-10-05', '2026-10-12', 2 FROM generate_series(0, 99999) AS n`, id))
	// Sessions come evenly, 200,000 in nine days; six in seven by an ad, one in fifty a bot. A visitor comes twice.
	repotest.Exec(t, w.databaseURL, fmt.Sprintf(`INSERT INTO tracking_sessions (id, project_id, visitor_id, session_key, started_at, last_activity_at, duration_seconds, pageviews,
			interactive_events, engaged_ms, pcqs, source, channel, is_bot, bot_reason, utm_source, utm_campaign_id, utm_adset_id, utm_ad_id, click_id, click_id_kind)
		SELECT 5000000 + n, %d, 5000000 + n %% 100000, gen_random_uuid(), at, at + interval '5 minutes', 300, 1 + n %% 3, n %% 2, n %% 40 * 1000,
			n %% 10000 / 100.0, CASE WHEN of_ad THEN (ARRAY['Facebook', 'Google', 'TikTok'])[1 + ad %% 3] ELSE 'Direct / None' END,
			CASE WHEN of_ad THEN 'Paid Social' ELSE 'Direct' END, n %% 50 = 7, CASE WHEN n %% 50 = 7 THEN 'user_agent' END,
			CASE WHEN of_ad THEN (ARRAY['facebook', 'google', 'tiktok'])[1 + ad %% 3] END, CASE WHEN of_ad THEN 'c' || ad %% 3 END,
			CASE WHEN of_ad THEN 's' || ad %% 6 END, CASE WHEN of_ad THEN 'ad' || ad END, NULL, NULL
		FROM generate_series(0, 199999) AS n,
			LATERAL (SELECT n * 7 %% 12 AS ad, n %% 7 <> 3 AS of_ad, '2026-10-04 00:00:00+00'::timestamptz + n * interval '3.888 seconds' AS at) AS t`, id))
	repotest.Exec(t, w.databaseURL, fmt.Sprintf(`INSERT INTO events (project_id, session_id, visitor_id, event_type, name, path, created_at, event_id, value)
		SELECT project_id, id, visitor_id, kind, kind, '/', started_at + interval '1 minute', ('00000000-0000-4000-8000-' || lpad(id::text, 12, '0'))::uuid,
			CASE WHEN kind = 'conversion' THEN 10 + id %% 997 / 100.0 END
		FROM tracking_sessions, unnest(ARRAY['form_submit', 'conversion']) AS kind
		WHERE project_id = %d AND id %% 40 = 5 AND (kind = 'conversion' OR id %% 80 = 5)`, id))
	repotest.Exec(t, w.databaseURL, "ANALYZE")
	// Whoever stores events marks their days; the days are counted.
	since := time.Date(2026, 10, 4, 0, 0, 0, 0, time.UTC)
	if err := w.store.MarkRollup(t.Context(), id, repo.RollupMark{Since: since, Until: since.AddDate(0, 0, 10)}); err != nil {
		t.Fatal(err)
	}
	if err := rollup.New(rollup.Config{Store: w.store}).Refresh(t.Context(), id, nil); err != nil {
		t.Fatal(err)
	}
	client := w.adsOf(t, who)
	for platform, zone := range map[string]string{"facebook": "America/New_York", "tiktok": "Asia/Tokyo"} {
		if _, err := client.SetAdAccount(t.Context(), &microtrackerv1.SetAdAccountRequest{ProjectId: id, Platform: platform, TimeZone: zone}); err != nil {
			t.Fatal(err)
		}
	}
}

// exampleExports are what the three platforms export of the example: one row for each of 11 ads and 7 days, and a twelfth ad that was
// shown and not clicked.
func exampleExports() map[string][]byte {
	names := []string{"Autumn sale", "Brand search", "Unboxing"}
	files := map[int]*strings.Builder{}
	for i, titles := range []string{
		"\ufeffDay,Campaign name,Campaign ID,Ad set name,Ad set ID,Ad name,Ad ID,Impressions,Link clicks,Amount spent (EUR),Reporting starts,Reporting ends\n",
		"Ad report\nOctober 5, 2026 - October 11, 2026\nDay\tCampaign\tCampaign ID\tAd group\tAd group ID\tAd name\tAd ID\tImpr.\tClicks\tCost\n",
		"By Day,Campaign name,Campaign ID,Ad group name,Ad group ID,Ad name,Ad ID,Impressions,Clicks (destination),Cost\n",
	} {
		files[i] = &strings.Builder{}
		files[i].WriteString(titles)
	}
	for day := range 7 {
		date := fmt.Sprintf("2026-10-%02d", 5+day)
		cents := 35010 + 101*day
		for ad := range 11 {
			cells := []string{
				date, names[ad%3], fmt.Sprint("c", ad%3), fmt.Sprint("Set ", ad%6), fmt.Sprint("s", ad%6), fmt.Sprint("Ad ", ad), fmt.Sprint("ad", ad),
				strconv.Itoa(20000 + 100*day), strconv.Itoa(1700 + 10*day), fmt.Sprintf("%d.%02d", cents/100, cents%100),
			}
			switch ad % 3 {
			case 0:
				cells = append(cells, date, date)
			case 1:
				cells[7] = fmt.Sprintf("%d,%03d", (20000+100*day)/1000, (20000+100*day)%1000)
				files[1].WriteString(strings.Join(cells, "\t") + "\n")
				continue
			}
			files[ad%3].WriteString(strings.Join(cells, ",") + "\n")
		}
	}
	files[1].WriteString("Total: Campaigns\t\t\t\t\t\t\t140,000\t12,110\t2,471.91\n")
	files[2].WriteString("2026-10-07,Unboxing,c2,Set 9,s9,Ad 99,ad99,900,0,12.50\n")
	return map[string][]byte{"facebook": []byte(files[0].String()), "google": []byte(files[1].String()), "tiktok": []byte(files[2].String())}
}

// importExample imports what the platforms export, as the dashboard does.
func importExample(t *testing.T, w *world, who account) {
	t.Helper()
	repotest.Exec(t, w.databaseURL, "UPDATE projects SET currency = 'EUR'")
	w.work(t)
	z := &wizard{t, w.adsOf(t, who), who.project.ID}
	for platform, file := range exampleExports() {
		id := z.upload(platform+".csv", file, 512<<10)
		if checked := z.check(id, nil); checked.GetLayout().GetPlatform() != platform || checked.GetCounts().GetRefused() != 0 {
			t.Fatalf("%s: %v", platform, checked)
		}
		if done := z.start(id); done.GetState() != microtrackerv1.SpendImport_STATE_IMPORTED {
			t.Fatalf("%s: %v", platform, done)
		}
	}
}

// exampleTruth counts one platform of the worked example by itself: by day bounds that are written out, and by joins of its own.
const exampleTruth = `
	SELECT format('| %%s | %%s | %%s | %%s | %%s | %%s | %%s | %%s |', p.platform, spend.clicks, spend.money, s.landed, s.bounces, s.conversions,
		s.revenue, round(spend.money / s.conversions, 2))
	FROM (VALUES ('facebook', '2026-10-05 04:00:00+00'::timestamptz), ('google', '2026-10-05 00:00:00+00'), ('tiktok', '2026-10-04 15:00:00+00')) AS p (platform, since),
		LATERAL (SELECT sum(clicks) AS clicks, sum(spend) AS money FROM ad_spend_fact WHERE project_id = %[1]d AND platform = p.platform) AS spend,
		LATERAL (
			SELECT count(*) AS landed, sum((s.pageviews = 1 AND s.interactive_events = 0 AND s.engaged_ms < 10000)::int) AS bounces,
				count(e.value) AS conversions, round(sum(e.value), 2) AS revenue
			FROM tracking_sessions AS s LEFT JOIN events AS e ON e.project_id = s.project_id AND e.session_id = s.id AND e.event_type = 'conversion'
			WHERE s.project_id = %[1]d AND s.utm_source = p.platform AND NOT s.is_bot AND s.started_at >= p.since AND s.started_at < p.since + interval '7 days'
		) AS s
	ORDER BY 1`

func TestTheWorkedExampleOfAdsIsRight(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	exampleShop(t, w, who)
	client := w.adsOf(t, who)
	const (
		clicks, spend, landed = microtrackerv1.AdMetric_AD_METRIC_CLICKS, microtrackerv1.AdMetric_AD_METRIC_SPEND, microtrackerv1.AdMetric_AD_METRIC_LANDED_SESSIONS
		bounces, conversions  = microtrackerv1.AdMetric_AD_METRIC_BOUNCES, microtrackerv1.AdMetric_AD_METRIC_CONVERSIONS
		revenue, cpa          = microtrackerv1.AdMetric_AD_METRIC_REVENUE, microtrackerv1.AdMetric_AD_METRIC_CPA
		platform              = microtrackerv1.AdDimension_AD_DIMENSION_PLATFORM
	)
	res, err := client.QueryAdPerformance(t.Context(), &microtrackerv1.QueryAdPerformanceRequest{
		ProjectId: who.project.ID, Days: october(), Metrics: []microtrackerv1.AdMetric{clicks, spend, landed, bounces, conversions, revenue, cpa},
		Dimensions: []microtrackerv1.AdDimension{platform},
		OrderBy:    &microtrackerv1.AdOrderBy{By: &microtrackerv1.AdOrderBy_Dimension{Dimension: platform}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range res.GetRows() {
		cells := []string{row.GetDimensions()[0].GetId()}
		for i, value := range row.GetMetrics() {
			switch {
			case i == 6:
				cells = append(cells, cents(t, value.GetMoney()))
			case value.GetMoney() != "":
				cells = append(cells, value.GetMoney())
			default:
				cells = append(cells, fmt.Sprintf("%.0f", value.GetNumber()))
			}
		}
		got = append(got, "| "+strings.Join(cells, " | ")+" |")
	}
	want := repotest.Texts(t, w.databaseURL, fmt.Sprintf(exampleTruth, who.project.ID))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("by platform (-counted by itself +answered):\n%s", diff)
	}
	page, err := os.ReadFile("../docs/ads.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range got {
		if !strings.Contains(string(page), line+"\n") {
			t.Errorf("docs/ads.md does not say %s", line)
		}
	}
	exampleAttribution(t, w, who, string(page))
}

// cents is an amount with two decimals.
func cents(t *testing.T, money string) string {
	t.Helper()
	var value float64
	if _, err := fmt.Sscan(money, &value); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%.2f", value)
}

// exampleAttribution checks the second question of the example.
func exampleAttribution(t *testing.T, w *world, who account, page string) {
	t.Helper()
	client := w.adsOf(t, who)
	res, err := client.QueryAttribution(t.Context(), &microtrackerv1.QueryAttributionRequest{
		ProjectId: who.project.ID, Days: october(), Dimensions: []microtrackerv1.AdDimension{microtrackerv1.AdDimension_AD_DIMENSION_CAMPAIGN},
	})
	if err != nil {
		t.Fatal(err)
	}
	var given [5]int64
	var counted [5]float64
	for _, row := range res.GetRows() {
		name := strings.ToLower(strings.TrimPrefix(row.GetKind().String(), "KIND_"))
		if row.GetKind() == microtrackerv1.AttributionRow_KIND_TOUCHED {
			name = row.GetDimensions()[0].GetName()
		}
		cells := []string{name}
		for i, share := range row.GetShares() {
			cells = append(cells, share.GetRevenue())
			var whole, rest int64
			if _, err := fmt.Sscanf(share.GetRevenue(), "%d.%d", &whole, &rest); err != nil {
				t.Fatal(err)
			}
			given[i] += 100*whole + rest
			counted[i] += share.GetConversions()
		}
		if line := "| " + strings.Join(cells, " | ") + " |"; !strings.Contains(page, line+"\n") {
			t.Errorf("docs/ads.md does not say %s", line)
		}
	}
	const bought = `FROM events AS e JOIN tracking_sessions AS s ON s.project_id = e.project_id AND s.id = e.session_id
		WHERE e.project_id = $1 AND e.event_type = 'conversion' AND NOT s.is_bot AND e.created_at >= '2026-10-05' AND e.created_at < '2026-10-12'`
	wantCents := repotest.Number(t, w.databaseURL, "SELECT (100 * sum(e.value))::bigint "+bought, who.project.ID)
	want := repotest.Number(t, w.databaseURL, "SELECT count(*) "+bought, who.project.ID)
	for model := range given {
		if given[model] != wantCents || fmt.Sprintf("%.5f", counted[model]) != fmt.Sprintf("%d.00000", want) {
			t.Errorf("model %d gives %d cents to %f conversions, not %d to %d", model+1, given[model], counted[model], wantCents, want)
		}
	}
	// By itself: who is last, by a window over all of the visitor's sessions.
	last := repotest.Texts(t, w.databaseURL, fmt.Sprintf(`SELECT coalesce(l.campaign, 'untouched') || ' ' || round(sum(e.value), 2) FROM events AS e JOIN tracking_sessions AS own ON own.project_id = e.project_id AND own.id = e.session_id
		LEFT JOIN LATERAL (SELECT s.utm_campaign_id AS campaign FROM tracking_sessions AS s WHERE s.project_id = %d AND s.visitor_id = e.visitor_id AND s.started_at <= e.created_at
			AND s.utm_campaign_id IS NOT NULL AND NOT s.is_bot AND s.started_at >= e.created_at - interval '30 days' ORDER BY s.started_at DESC LIMIT 1) AS l ON true
		WHERE e.project_id = %[1]d AND e.event_type = 'conversion' AND NOT own.is_bot AND e.created_at >= '2026-10-05' AND e.created_at < '2026-10-12' GROUP BY l.campaign ORDER BY 1`, who.project.ID))
	answered := map[string]bool{}
	for _, row := range res.GetRows() {
		name := "untouched"
		if len(row.GetDimensions()) > 0 {
			name = row.GetDimensions()[0].GetId()
		}
		answered[name+" "+row.GetShares()[1].GetRevenue()] = true
	}
	for _, line := range last {
		if !answered[line] {
			t.Errorf("the last touch of %s is not in the answer %v", line, answered)
		}
	}
}

func TestAConversionIsExplainedOverTheWire(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	at := time.Now().UTC().Truncate(time.Second).Add(-3 * time.Hour)
	sent := of(visitor("anna"), at, "https://example.com/?utm_source=facebook&utm_id=c1&utm_campaign=Autumn&utm_ad_id=a1")
	later := of(visitor("anna"), at.Add(time.Hour), "https://example.com/?utm_source=google&utm_id=c2&utm_ad_id=a2")
	sale := of(visitor("anna"), at.Add(time.Hour+time.Minute), "https://example.com/done")
	sale.EventType, sale.Name, sale.Value, sale.PageViewId, sale.EventId = microtrackerv1.EventType_EVENT_TYPE_CONVERSION, "sale", "0.03", later.GetEventId(), uuid.NewString()
	w.sends(t, secretKey(t, who.project), &microtrackerv1.TrackRequest{Events: []*microtrackerv1.Event{sent, later, sale}}, "ACCEPTED", "ACCEPTED", "ACCEPTED")
	res, err := w.adsOf(t, who).ExplainConversion(t.Context(), &microtrackerv1.ExplainConversionRequest{ProjectId: who.project.ID, EventId: sale.GetEventId()})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, touch := range res.GetTouches() {
		cells := []string{touch.GetPlatform(), touch.GetCampaign().GetId(), strconv.Quote(touch.GetCampaign().GetName()), touch.GetAd().GetId() + ":"}
		for _, share := range touch.GetShares()[:3] {
			cells = append(cells, fmt.Sprintf("%g %s", share.GetWeight(), share.GetRevenue()))
		}
		got = append(got, strings.Join(cells, " "))
	}
	want := []string{`facebook c1 "Autumn" a1: 1 0.03 0 0.00 0.5 0.02`, `google c2 "" a2: 0 0.00 1 0.03 0.5 0.01`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := w.adsOf(t, w.account(t)).ExplainConversion(t.Context(), &microtrackerv1.ExplainConversionRequest{ProjectId: who.project.ID, EventId: sale.GetEventId()}); connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("a stranger: %v", err)
	}
}
