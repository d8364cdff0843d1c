package ads_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/microtracker/microtracker/server/ads"
	"github.com/microtracker/microtracker/server/enrich"
)

func TestALinkIsMadeForEachPlatform(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ platform, page, want string }{
		{"facebook", "https://example.com/a?x=1&utm_source=old#top", "https://example.com/a?x=1&utm_source=facebook&utm_medium=paid_social&utm_id={{campaign.id}}&utm_campaign={{campaign.name}}" +
			"&utm_adset_id={{adset.id}}&utm_adset={{adset.name}}&utm_ad_id={{ad.id}}&utm_ad={{ad.name}}&utm_placement={{placement}}#top"},
		{"google", "https://example.com", "https://example.com?utm_source=google&utm_medium=cpc&utm_campaign=Autumn+%26+more&utm_id={campaignid}&utm_adset_id={adgroupid}" +
			"&utm_ad_id={creative}&utm_placement={placement}&utm_term={keyword}"},
		{"tiktok", "https://example.com/", "https://example.com/?utm_source=tiktok&utm_medium=paid_social&utm_id=__CAMPAIGN_ID__&utm_campaign=__CAMPAIGN_NAME__" +
			"&utm_adset_id=__AID__&utm_adset=__AID_NAME__&utm_ad_id=__CID__&utm_ad=__CID_NAME__&utm_placement=__PLACEMENT__"},
		{"microsoft", "https://example.com/", "https://example.com/?utm_source=bing&utm_medium=cpc&utm_id={CampaignId}&utm_campaign={Campaign}&utm_adset_id={AdGroupId}" +
			"&utm_adset={AdGroup}&utm_ad_id={AdId}&utm_term={keyword}"},
		{"reddit", "https://example.com/", "https://example.com/?utm_source=reddit&utm_medium=paid_social&utm_campaign=Autumn+%26+more"},
	} {
		link, err := ads.Build(ads.LinkRequest{Platform: test.platform, Page: test.page, Campaign: "Autumn & more"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, link.URL); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.platform, diff)
		}
		if link.IsStatic != (test.platform == "reddit") || !strings.Contains(link.URL, link.Parameters) {
			t.Errorf("%s: %+v", test.platform, link)
		}
		if link.IsStatic {
			continue
		}
		linted, err := ads.Lint(link.URL, "")
		if err != nil || linted.Platform != test.platform || len(linted.Findings) > 0 || linted.Fixed != link.URL {
			t.Errorf("%s: what was made is not right: %+v, %v", test.platform, linted, err)
		}
		// What nobody filled in names no campaign, and is seen to be a macro.
		parsed, err := url.Parse(link.URL)
		if err != nil {
			t.Fatal(err)
		}
		if c := enrich.ParseCampaign(parsed.Query()); !c.HasMacro || c.CampaignID != "" || c.AdID != "" {
			t.Errorf("%s: %+v", test.platform, c)
		}
	}
	for _, page := range []string{"", "example.com", "javascript:alert(1)", "https://", "ftp://example.com/", "https://example.com/" + strings.Repeat("a", 5000)} {
		if link, err := ads.Build(ads.LinkRequest{Platform: "google", Page: page}); err == nil {
			t.Errorf("%.40q became %v", page, link)
		}
	}
}

func TestWhatIsWrongWithALinkIsFoundAndMended(t *testing.T) {
	t.Parallel()
	const whole = "utm_source=facebook&utm_medium=paid_social&utm_id={{campaign.id}}&utm_adset_id={{adset.id}}&utm_ad_id={{ad.id}}"
	for _, test := range []struct {
		query, platform string
		landed          bool
		want            []string
		fixed           string
	}{
		{whole, "", false, nil, whole},
		{strings.Replace(whole, "{{campaign.id}}", "{{campaign_id}}", 1), "facebook", false, []string{"misspelt utm_id {{campaign.id}}"}, whole},
		{strings.Replace(whole, "{{campaign.id}}", "{campaign.id}", 1), "facebook", false, []string{"misspelt utm_id {{campaign.id}}"}, whole},
		{strings.Replace(whole, "{{campaign.id}}", "{{campain.id}}", 1), "facebook", false, []string{"misspelt utm_id {{campaign.id}}"}, whole},
		{strings.Replace(whole, "{{campaign.id}}", "%7B%7Bcampaign.id%7D%7D", 1), "facebook", false, []string{"encoded utm_id {{campaign.id}}"}, whole},
		{strings.Replace(whole, "{{campaign.id}}", "{campaignid}", 1), "facebook", false, []string{"other_platform utm_id {{campaign.id}}"}, whole},
		{strings.Replace(whole, "{{campaign.id}}", "{{something}}", 1), "facebook", false, []string{"unknown utm_id {{campaign.id}}"}, whole},
		{strings.Replace(whole, "utm_source", "UTM_Source", 1), "facebook", false, []string{"name UTM_Source utm_source"}, whole},
		{strings.Replace(whole, "utm_medium", "utm_mediumm", 1), "facebook", false, []string{"name utm_mediumm utm_medium"}, whole},
		{whole + "&utm_source=x", "facebook", false, []string{"twice utm_source "}, whole},
		{whole + "&fbclid=abc", "facebook", false, []string{"click_id fbclid "}, whole},
		{"a=1?" + whole, "facebook", false, []string{"question_mark a "}, "a=1&" + whole},
		{
			"utm_source=google&utm_medium=cpc&utm_id={campaignid}&utm_ad_id={creative}", "", false,
			[]string{"missing utm_adset_id {adgroupid}"},
			"utm_source=google&utm_medium=cpc&utm_id={campaignid}&utm_ad_id={creative}&utm_adset_id={adgroupid}",
		},
		{"utm_source=tiktok&utm_id=_CAMPAIGN_ID_&ttclid=abc", "", true, []string{"misspelt utm_id __CAMPAIGN_ID__"}, "utm_source=tiktok&utm_id=__CAMPAIGN_ID__&ttclid=abc"},
		{"utm_source=tiktok&utm_id=__CAMPAIGN_ID__", "", true, []string{"unfilled utm_id __CAMPAIGN_ID__"}, "utm_source=tiktok&utm_id=__CAMPAIGN_ID__"},
		{"utm_source=google&utm_campaign={US} sale", "google", true, nil, "utm_source=google&utm_campaign={US} sale"},
	} {
		lint := ads.Lint
		if test.landed {
			lint = ads.LintLanded
		}
		linted, err := lint("https://example.com/?"+test.query, test.platform)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range linted.Findings {
			got = append(got, string(f.Kind)+" "+f.Parameter+" "+f.Fixed)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.query, diff)
		}
		if linted.Fixed != "https://example.com/?"+test.fixed {
			t.Errorf("%s: mended as %s", test.query, linted.Fixed)
		}
	}
	linted, err := ads.Lint("https://example.com/#top?"+whole, "")
	if err != nil || len(linted.Findings) != 1 || linted.Findings[0].Kind != ads.FindingFragment || linted.Fixed != "https://example.com/?"+whole+"#top" {
		t.Errorf("%+v, %v", linted, err)
	}
}

func FuzzLint(f *testing.F) {
	f.Add("https://example.com/?utm_source=%7B&utm_id={{campaign_id}}#utm_source=x", "facebook")
	f.Add("https://example.com/?a?utm_=&=&&utm_x=__X__", "")
	f.Fuzz(func(t *testing.T, address, platform string) {
		for _, lint := range []func(address, platform string) (*ads.Linted, error){ads.Lint, ads.LintLanded} {
			linted, err := lint(address, platform)
			if err != nil {
				continue
			}
			again, err := lint(linted.Fixed, linted.Platform)
			if err != nil && len(linted.Fixed) <= 4096 {
				t.Fatalf("%q became %q: %v", address, linted.Fixed, err)
			}
			if err == nil && !slices.Contains([]string{"", linted.Platform}, platform) && again == nil {
				t.Fatal("no answer")
			}
		}
	})
}
