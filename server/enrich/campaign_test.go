package enrich_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/microtracker/microtracker/server/enrich"
)

func TestACampaignIsReadFromTheParameters(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		query string
		want  enrich.Campaign
	}{
		"nothing": {"q=shoes", enrich.Campaign{}},
		"everything": {
			"utm_source=facebook&utm_medium=paid&utm_campaign_id=1&utm_campaign_name=Spring&utm_adset_id=2&utm_adset_name=Women" +
				"&utm_ad_id=3&utm_ad_name=Red&utm_placement=feed&utm_term=shoes&utm_content=video&fbclid=abc",
			enrich.Campaign{
				Source: "facebook", Medium: "paid", CampaignID: "1", CampaignName: "Spring", AdsetID: "2", AdsetName: "Women", AdID: "3", AdName: "Red",
				Placement: "feed", Term: "shoes", Content: "video", ClickID: "abc", ClickIDKind: enrich.ClickFacebook,
			},
		},
		"short names": {
			"utm_id=1&utm_campaign=Spring&utm_adset=Women&utm_ad=Red",
			enrich.Campaign{CampaignID: "1", CampaignName: "Spring", AdsetName: "Women", AdName: "Red"},
		},
		"the exact name wins": {
			"utm_campaign=b&utm_campaign_name=a&utm_id=2&utm_campaign_id=1", enrich.Campaign{CampaignID: "1", CampaignName: "a"},
		},
		"an empty one does not": {"utm_campaign_name=+&utm_campaign=b", enrich.Campaign{CampaignName: "b"}},
		"the first click id":    {"fbclid=f&gclid=g&li_fat_id=l", enrich.Campaign{ClickID: "g", ClickIDKind: enrich.ClickGoogle}},
		"the last click id":     {"li_fat_id=l&msclkid=", enrich.Campaign{ClickID: "l", ClickIDKind: enrich.ClickLinkedIn}},
		"trimmed":               {"utm_source=+a%00b%0Ac+", enrich.Campaign{Source: "ab c"}},
		"a macro left as it was": {
			"utm_source=facebook&utm_campaign_id={{campaign.id}}&utm_ad_id=%257Bcreative%257D&gclid={gclid}",
			enrich.Campaign{Source: "facebook", HasMacro: true},
		},
		"a macro and a name": {"utm_campaign_name=__CAMPAIGN_NAME__&utm_campaign=b", enrich.Campaign{CampaignName: "b", HasMacro: true}},
	} {
		query, err := url.ParseQuery(test.query)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, enrich.ParseCampaign(query)); diff != "" {
			t.Errorf("%s\n%s", name, diff)
		}
	}
}

func TestCampaignValuesAreBounded(t *testing.T) {
	t.Parallel()
	c := enrich.ParseCampaign(url.Values{"utm_source": {strings.Repeat("ä", 1000)}})
	if n := utf8.RuneCountInString(c.Source); n != 255 {
		t.Errorf("%d runes", n)
	}
}

func TestTheIdentityOfAnAd(t *testing.T) {
	t.Parallel()
	of := func(query string) string {
		values, _ := url.ParseQuery(query)
		return enrich.ParseCampaign(values).Identity()
	}
	for _, query := range []string{"", "utm_medium=email", "utm_term=x&utm_content=y&utm_placement=z", "utm_campaign={{campaign.name}}"} {
		if id := of(query); id != "" {
			t.Errorf("%q has the identity %q", query, id)
		}
	}
	same := [][2]string{
		{"utm_source=fb&utm_id=1", "utm_source=Facebook&utm_campaign_id=1&utm_campaign=Renamed"},
		{"utm_source=a&utm_medium=x", "utm_source=A&utm_medium=y"},
		{"utm_ad_id=3&utm_placement=feed", "utm_ad_id=3&utm_placement=story"},
	}
	for _, pair := range same {
		if a, b := of(pair[0]), of(pair[1]); a != b || a == "" {
			t.Errorf("%q is %q, but %q is %q", pair[0], a, pair[1], b)
		}
	}
	seen := map[string]string{}
	for _, query := range []string{
		"utm_source=a", "utm_campaign=a", "utm_adset=a", "utm_ad=a", "gclid=a", "gclid=A", "utm_source=a&utm_campaign=b", "utm_source=b&utm_campaign=a",
		"utm_source=a&utm_ad_id=b", "utm_source=a&gclid=b",
	} {
		id := of(query)
		if other, ok := seen[id]; ok || id == "" {
			t.Errorf("%q and %q have the same identity %q", query, other, id)
		}
		seen[id] = query
	}
}

func TestMacrosAreRecognized(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{
		"{{campaign.id}}": true, "{{site_source_name}}": true, "%7B%7Bcampaign.id%7D%7D": true, "%257B%257Bad.id%257D%257D": true,
		" {{ad.name}} ": true, "fb_{{ad.id}}": true, "{campaignid}": true, "{keyword:shoes}": true, "{KeyWord:shoes}": true, "{_mine}": true,
		"{anything}": true, "g_{network}_{device}": true, "%7Bcreative%7D": true, "__CAMPAIGN_ID__": true, "__CID_NAME__": true,
		"__SOMETHING_NEW__": true, "tt-__AID__-x": true, "a___CID___b": true, "_CAMPAIGN_NAME_": true, "US__VIDEO__CID__x": true,
		"": false, "spring": false, "120200000000000001": false, "{US} Sale": false, "Sale {new}": false, "US__VIDEO__Sale": false, "{": false,
		"{}": false, "}{": false, "a{{b": false, "____": false, "__init__": false, "100%": false, "50%25 off": false, "{a b}": false, "{{": false,
		"_": false, "__": false, "_x_": false, "CAMPAIGN_NAME": false, "_CAMPAIGN_NAME": false, "x_CID_y": false,
	} {
		if got := enrich.IsMacro(value); got != want {
			t.Errorf("IsMacro(%q) = %v", value, got)
		}
	}
}

func TestEveryPlatformsMacrosAreFoundInEveryParameter(t *testing.T) {
	t.Parallel()
	macros := strings.Fields(`
		{{campaign.id}} {{campaign.name}} {{adset.id}} {{adset.name}} {{ad.id}} {{ad.name}} {{placement}} {{site_source_name}}
		{campaignid} {adgroupid} {creative} {feeditemid} {extensionid} {targetid} {keyword} {matchtype} {network} {device} {devicemodel}
		{placement} {target} {adposition} {loc_interest_ms} {loc_physical_ms} {gclid} {lpurl} {escapedlpurl} {unescapedlpurl} {random}
		{param1} {param2} {adtype} {merchant_id} {product_channel} {product_id} {product_country} {product_language}
		{product_partition_id} {store_code} {ifsearch:yes} {ifcontent:yes} {ifmobile:yes} {ifnotmobile:yes} {_custom} {assetgroupid}
		{CampaignId} {Campaign} {AdGroupId} {AdGroup} {AdId} {TargetId} {OrderItemId} {QueryString} {MatchType} {BidMatchType} {Network}
		{Device} {IfNative:yes} {IfPLA:yes} {msclkid} {keyword:none} {loc_physical}
		__CAMPAIGN_ID__ __CAMPAIGN_NAME__ __AID__ __AID_NAME__ __CID__ __CID_NAME__ __PLACEMENT__ __CLICKID__ __CALLBACK_PARAM__ __CSITE__`)
	names := strings.Fields(`utm_source utm_medium utm_campaign_id utm_id utm_campaign_name utm_campaign utm_adset_id utm_adset_name utm_adset
		utm_ad_id utm_ad_name utm_ad utm_placement utm_term utm_content utm_source_platform
		gclid gbraid wbraid fbclid msclkid ttclid twclid li_fat_id`)
	for _, macro := range macros {
		for _, name := range names {
			// Be it the only value, be it beside a click id and a name that count first.
			for _, value := range []string{macro, url.QueryEscape(macro), url.QueryEscape(url.QueryEscape(macro)), "x-" + macro + "-y"} {
				page, err := enrich.CleanURL("https://example.com/?gclid=abc&utm_campaign_name=Spring&" + name + "=" + value)
				if err != nil {
					t.Fatal(err)
				}
				c := enrich.ParseCampaign(page.Query)
				if !c.HasMacro || c.ClickID != "abc" || c.CampaignName != "Spring" {
					t.Errorf("%s=%s: %+v", name, value, c)
				}
			}
		}
	}
}

func FuzzParseCampaign(f *testing.F) {
	f.Add("{{campaign.id}}", "fb", "x")
	f.Add("__A__", "{", "%257B")
	f.Fuzz(func(t *testing.T, campaign, source, clickID string) {
		c := enrich.ParseCampaign(url.Values{"utm_campaign": {campaign}, "utm_source": {source}, "gclid": {clickID}})
		for _, value := range []string{c.CampaignName, c.Source, c.ClickID, enrich.Source(c, enrich.Referrer{}), c.Identity()} {
			if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
				t.Errorf("%q", value)
			}
		}
		if enrich.Channel(c, enrich.Referrer{}) == "" {
			t.Error("no channel")
		}
	})
}

func BenchmarkParseCampaign(b *testing.B) {
	query, _ := url.ParseQuery("utm_source=facebook&utm_medium=paid_social&utm_campaign=Spring+Sale&utm_campaign_id=120200000000000001&utm_ad_id=12&fbclid=IwAR0abc")
	b.ReportAllocs()
	for b.Loop() {
		enrich.ParseCampaign(query)
	}
}

func BenchmarkIdentity(b *testing.B) {
	c := enrich.Campaign{Source: "facebook", CampaignID: "120200000000000001", AdID: "12", ClickID: "IwAR0abc"}
	b.ReportAllocs()
	for b.Loop() {
		_ = c.Identity()
	}
}
