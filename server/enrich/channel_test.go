package enrich_test

import (
	"testing"

	"github.com/microtracker/microtracker/server/enrich"
)

func TestASessionHasASourceAndAChannel(t *testing.T) {
	t.Parallel()
	google := enrich.ParseReferrer("https://www.google.com/", "mine.example")
	facebook := enrich.ParseReferrer("https://l.facebook.com/", "mine.example")
	chatgpt := enrich.ParseReferrer("https://chatgpt.com/", "mine.example")
	gmail := enrich.ParseReferrer("https://mail.google.com/", "mine.example")
	blog := enrich.ParseReferrer("https://blog.example.org/x", "mine.example")
	own := enrich.ParseReferrer("https://www.mine.example/", "mine.example")
	none := enrich.ParseReferrer("", "mine.example")
	type campaign = enrich.Campaign

	for _, test := range []struct {
		c       enrich.Campaign
		r       enrich.Referrer
		source  string
		channel string
	}{
		{campaign{}, none, "Direct / None", "Direct"},
		{campaign{}, own, "Direct / None", "Direct"},
		{campaign{}, enrich.Referrer{}, "Direct / None", "Direct"},
		{campaign{}, google, "Google", "Organic Search"},
		{campaign{}, facebook, "Facebook", "Organic Social"},
		{campaign{}, chatgpt, "ChatGPT", "AI Assistants"},
		{campaign{}, gmail, "Gmail", "Email"},
		{campaign{}, blog, "example.org", "Referral"},

		{campaign{Source: "google", Medium: "cpc"}, none, "Google", "Paid Search"},
		{campaign{Source: "adwords", Medium: "ppc"}, none, "Google", "Paid Search"},
		{campaign{Source: "google", Medium: "organic"}, none, "Google", "Organic Search"},
		{campaign{Source: "google", Medium: "cpm"}, none, "Google", "Display"},
		{campaign{Source: "google", Medium: "display", ClickIDKind: "gclid", ClickID: "x"}, none, "Google", "Display"},
		{campaign{ClickIDKind: "gclid", ClickID: "x"}, google, "Google", "Paid Search"},
		{campaign{ClickIDKind: "msclkid", ClickID: "x"}, none, "Direct / None", "Paid Search"},
		{campaign{Source: "youtube", Medium: "cpc"}, none, "YouTube", "Paid Social"},

		{campaign{Source: "fb", Medium: "paid"}, none, "Facebook", "Paid Social"},
		{campaign{Source: "FaceBook.com", Medium: "cpc"}, none, "Facebook", "Paid Social"},
		{campaign{Source: "ig", Medium: "cpm"}, none, "Instagram", "Paid Social"},
		{campaign{Source: "some-agency", Medium: "Paid-Social"}, none, "some-agency", "Paid Social"},
		{campaign{Source: "some-agency", Medium: "paid", ClickIDKind: "fbclid", ClickID: "x"}, none, "some-agency", "Paid Social"},
		{campaign{ClickIDKind: "fbclid", ClickID: "x"}, facebook, "Facebook", "Organic Social"},
		{campaign{ClickIDKind: "fbclid", ClickID: "x"}, none, "Direct / None", "Organic Social"},
		{campaign{ClickIDKind: "ttclid", ClickID: "x"}, none, "Direct / None", "Paid Social"},
		{campaign{Source: "an", Medium: "paid"}, none, "Audience Network", "Display"},
		{campaign{Source: "twitter", Medium: "social"}, none, "X", "Organic Social"},
		{campaign{Source: "linkedin"}, none, "LinkedIn", "Organic Social"},

		{campaign{Source: "newsletter", Medium: "email"}, none, "newsletter", "Email"},
		{campaign{Source: "Newsletter"}, none, "Newsletter", "Email"},
		{campaign{Source: "google", Medium: "e-mail"}, none, "Google", "Email"},
		{campaign{Source: "partner42", Medium: "affiliate"}, none, "partner42", "Affiliates"},
		{campaign{Source: "chatgpt.com"}, none, "ChatGPT", "AI Assistants"},
		{campaign{Source: "perplexity"}, google, "Perplexity", "AI Assistants"},
		{campaign{Source: "news.example.org", Medium: "banner"}, none, "news.example.org", "Display"},
		{campaign{Source: "partner42", Medium: "referral"}, none, "partner42", "Referral"},
		{campaign{Source: "partner42"}, blog, "partner42", "Referral"},
		{campaign{Source: "partner42"}, none, "partner42", "Other"},
		{campaign{Source: "partner42", Medium: "cpc"}, none, "partner42", "Other"},
		{campaign{Source: "partner42", Medium: "cpc"}, blog, "partner42", "Other"},
		{campaign{Source: "poster", Medium: "qr"}, none, "poster", "Other"},
		{campaign{Medium: "push"}, none, "Direct / None", "Other"},
		{campaign{CampaignName: "Spring"}, none, "Direct / None", "Other"},
	} {
		if source, channel := enrich.Source(test.c, test.r), enrich.Channel(test.c, test.r); source != test.source || channel != test.channel {
			t.Errorf("%+v from %+v\n is %q by %q, want %q by %q", test.c, test.r, source, channel, test.source, test.channel)
		}
	}
}

func TestSpellingsOfASourceAreOne(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"facebook": "Facebook", "FB": "Facebook", "facebook.com": "Facebook", "m.facebook.com": "Facebook", "https://www.facebook.com/": "Facebook",
		"meta": "Facebook", "instagram": "Instagram", "google": "Google", "Google.de": "Google", "bing": "Bing", "twitter": "X", "x": "X", "t.co": "X",
		"tiktok": "TikTok", "chatgpt": "ChatGPT", "claude": "Claude", "DuckDuckGo": "DuckDuckGo", "hn": "Hacker News", "yahoo": "Yahoo",
		"My Newsletter": "My Newsletter", "partner.example": "partner.example", "Сайт": "Сайт", "{x": "{x", "...": "...",
	} {
		if got := enrich.Source(enrich.Campaign{Source: given}, enrich.Referrer{Kind: enrich.KindNone}); got != want {
			t.Errorf("%q is %q, want %q", given, got, want)
		}
	}
}

func BenchmarkSourceAndChannel(b *testing.B) {
	c := enrich.Campaign{Source: "facebook", Medium: "paid_social"}
	r := enrich.Referrer{Domain: "facebook.com", Name: "Facebook", Kind: enrich.KindSocial}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = enrich.Source(c, r), enrich.Channel(c, r)
	}
}
