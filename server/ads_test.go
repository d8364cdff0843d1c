package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/go-cmp/cmp"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
)

func TestAdsAreToldOfAndListed(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	client := w.adsOf(t, who)
	for _, name := range []string{"Autumn", "  Winter\u202e "} {
		_, err := client.UpsertAds(t.Context(), &microtrackerv1.UpsertAdsRequest{ProjectId: who.project.ID, Ads: []*microtrackerv1.Ad{
			{AdId: "a1", Platform: "facebook", CampaignId: "c1", CampaignName: name}, {AdId: "a2", Platform: "google", CampaignId: "c2"},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	token := ""
	for {
		res, err := client.ListAds(t.Context(), &microtrackerv1.ListAdsRequest{ProjectId: who.project.ID, PageSize: 1, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, ad := range res.GetAds() {
			got = append(got, fmt.Sprintf("%s %s %s %q", ad.GetAdId(), ad.GetPlatform(), ad.GetCampaignId(), ad.GetCampaignName()))
			for _, former := range ad.GetFormerNames() {
				got = append(got, "once "+former.GetCampaignName())
			}
		}
		if token = res.GetNextPageToken(); token == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{`a1 facebook c1 "Winter"`, "once Autumn", `a2 google c2 ""`}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for field, ad := range map[string]*microtrackerv1.Ad{
		"ads[1].ad_id":         {AdId: "a1", Platform: "facebook"},
		"ads[1].campaign_name": {AdId: "a3", Platform: "facebook", CampaignName: "{{campaign.name}}"},
		"ads[1].platform":      {AdId: "a3", Platform: "Face Book"},
	} {
		_, err := client.UpsertAds(t.Context(), &microtrackerv1.UpsertAdsRequest{ProjectId: who.project.ID, Ads: []*microtrackerv1.Ad{{AdId: "a1", Platform: "facebook"}, ad}})
		if connect.CodeOf(err) != connect.CodeInvalidArgument || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestSpendIsListedInPages(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	day := time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC)
	var rows []repo.AdSpend
	for i := range 7 {
		rows = append(rows, repo.AdSpend{
			Platform: "google", Date: day.AddDate(0, 0, i/3), CampaignID: "c", AdsetID: "s", AdID: fmt.Sprint("a", i%3), Impressions: 100, Clicks: 9, Spend: fmt.Sprint(i, ".10"),
		})
	}
	if err := who.project.ReplaceAdSpend(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	req := &microtrackerv1.ListAdSpendRequest{ProjectId: who.project.ID, Days: october(), PageSize: 3}
	var got []string
	for {
		res, err := w.adsOf(t, who).ListAdSpend(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range res.GetSpend() {
			got = append(got, row.GetDate()+" "+row.GetAdId()+" "+row.GetSpend())
		}
		if req.PageToken = res.GetNextPageToken(); req.GetPageToken() == "" {
			break
		}
	}
	want := []string{
		"2026-10-05 a0 0.10", "2026-10-05 a1 1.10", "2026-10-05 a2 2.10", "2026-10-06 a0 3.10", "2026-10-06 a1 4.10", "2026-10-06 a2 5.10", "2026-10-07 a0 6.10",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	res, err := w.adsOf(t, who).ListAdSpend(t.Context(), &microtrackerv1.ListAdSpendRequest{ProjectId: who.project.ID, Days: october(), AdId: "a1"})
	if err != nil || len(res.GetSpend()) != 2 {
		t.Errorf("of one ad: %v, %v", res, err)
	}
}
