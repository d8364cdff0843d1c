package enrich_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/microtracker/microtracker/server/enrich"
)

func TestAReferrerIsNamed(t *testing.T) {
	t.Parallel()
	for referrer, want := range map[string]enrich.Referrer{
		"https://www.google.com/":                              {Domain: "google.com", Name: "Google", Kind: enrich.KindSearch},
		"https://www.google.de/search?q=x":                     {Domain: "google.de", Name: "Google", Kind: enrich.KindSearch},
		"https://WWW.GOOGLE.CO.UK":                             {Domain: "google.co.uk", Name: "Google", Kind: enrich.KindSearch},
		"https://www.google.com.au/":                           {Domain: "google.com.au", Name: "Google", Kind: enrich.KindSearch},
		"https://mail.google.com/mail/u/0":                     {Domain: "google.com", Name: "Gmail", Kind: enrich.KindEmail},
		"https://gemini.google.com/":                           {Domain: "google.com", Name: "Gemini", Kind: enrich.KindAI},
		"https://google.blogspot.com/":                         {Domain: "google.blogspot.com", Kind: enrich.KindOther},
		"https://google.example.com/":                          {Domain: "example.com", Kind: enrich.KindOther},
		"https://notgoogle.com/":                               {Domain: "notgoogle.com", Kind: enrich.KindOther},
		"https://google.com.evil.example/":                     {Domain: "evil.example", Kind: enrich.KindOther},
		"https://google.com@evil.example/":                     {Domain: "evil.example", Kind: enrich.KindOther},
		"https://uk.search.yahoo.com/":                         {Domain: "yahoo.com", Name: "Yahoo", Kind: enrich.KindSearch},
		"https://www.yahoo.co.jp/":                             {Domain: "yahoo.co.jp", Name: "Yahoo", Kind: enrich.KindSearch},
		"https://mail.yahoo.com/":                              {Domain: "yahoo.com", Name: "Yahoo Mail", Kind: enrich.KindEmail},
		"https://yandex.com.tr/":                               {Domain: "yandex.com.tr", Name: "Yandex", Kind: enrich.KindSearch},
		"https://duckduckgo.com/":                              {Domain: "duckduckgo.com", Name: "DuckDuckGo", Kind: enrich.KindSearch},
		"https://search.brave.com/search":                      {Domain: "brave.com", Name: "Brave", Kind: enrich.KindSearch},
		"https://l.facebook.com/l.php?u=x":                     {Domain: "facebook.com", Name: "Facebook", Kind: enrich.KindSocial},
		"http://m.facebook.com":                                {Domain: "facebook.com", Name: "Facebook", Kind: enrich.KindSocial},
		"https://lm.facebook.com/":                             {Domain: "facebook.com", Name: "Facebook", Kind: enrich.KindSocial},
		"https://l.instagram.com/":                             {Domain: "instagram.com", Name: "Instagram", Kind: enrich.KindSocial},
		"https://t.co/abc":                                     {Domain: "t.co", Name: "X", Kind: enrich.KindSocial},
		"https://www.linkedin.com/feed/":                       {Domain: "linkedin.com", Name: "LinkedIn", Kind: enrich.KindSocial},
		"https://lnkd.in/x":                                    {Domain: "lnkd.in", Name: "LinkedIn", Kind: enrich.KindSocial},
		"https://old.reddit.com/r/x":                           {Domain: "reddit.com", Name: "Reddit", Kind: enrich.KindSocial},
		"https://www.pinterest.co.uk/pin/1":                    {Domain: "pinterest.co.uk", Name: "Pinterest", Kind: enrich.KindSocial},
		"https://mastodon.social/@a":                           {Domain: "mastodon.social", Name: "Mastodon", Kind: enrich.KindSocial},
		"https://news.ycombinator.com/":                        {Domain: "ycombinator.com", Name: "Hacker News", Kind: enrich.KindSocial},
		"https://github.com/x/y":                               {Domain: "github.com", Name: "GitHub", Kind: enrich.KindOther},
		"https://chatgpt.com/":                                 {Domain: "chatgpt.com", Name: "ChatGPT", Kind: enrich.KindAI},
		"https://claude.ai/chat":                               {Domain: "claude.ai", Name: "Claude", Kind: enrich.KindAI},
		"https://www.perplexity.ai/search":                     {Domain: "perplexity.ai", Name: "Perplexity", Kind: enrich.KindAI},
		"https://chat.deepseek.com/":                           {Domain: "deepseek.com", Name: "DeepSeek", Kind: enrich.KindAI},
		"https://nam02.safelinks.protection.outlook.com/?url=": {Domain: "outlook.com", Name: "Outlook", Kind: enrich.KindEmail},
		"https://blog.example.co.uk/post":                      {Domain: "example.co.uk", Kind: enrich.KindOther},
		"https://someone.github.io/":                           {Domain: "someone.github.io", Kind: enrich.KindOther},
		"https://bücher.example/":                              {Domain: "xn--bcher-kva.example", Kind: enrich.KindOther},
		"http://192.168.1.10:8080/x":                           {Domain: "192.168.1.10", Kind: enrich.KindOther},
		"http://intranet/x":                                    {Domain: "intranet", Kind: enrich.KindOther},
		"http://[::1]:80/":                                     {Domain: "[::1]", Kind: enrich.KindOther},
		"android-app://com.google.android.gm/":                 {Domain: "com.google.android.gm", Name: "Gmail", Kind: enrich.KindEmail},
		"android-app://org.example.reader/https/x":             {Domain: "org.example.reader", Kind: enrich.KindOther},
		"https://shop.mine.example/a":                          {Domain: "mine.example", Kind: enrich.KindOwn},
		"https://www.mine.example:8443/":                       {Domain: "mine.example", Kind: enrich.KindOwn},
		"https://notmine.example/":                             {Domain: "notmine.example", Kind: enrich.KindOther},
		"":                                                     {Kind: enrich.KindNone},
		"-":                                                    {Kind: enrich.KindNone},
		"about:blank":                                          {Kind: enrich.KindNone},
		"javascript:alert(1)":                                  {Kind: enrich.KindNone},
		"https://":                                             {Kind: enrich.KindNone},
		"https://a b/":                                         {Kind: enrich.KindNone},
		"android-app://":                                       {Kind: enrich.KindNone},
		"android-app://<script>":                               {Kind: enrich.KindNone},
	} {
		if diff := cmp.Diff(want, enrich.ParseReferrer(referrer, "www.mine.example")); diff != "" {
			t.Errorf("%q\n%s", referrer, diff)
		}
	}
}

func TestTheOwnSiteIsToldByItsRegistrableDomain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		referrer, own string
		want          enrich.ReferrerKind
	}{
		{"https://docs.google.com/", "www.google.com", enrich.KindOwn},
		{"https://alice.github.io/", "bob.github.io", enrich.KindOther},
		{"https://alice.github.io/", "alice.github.io", enrich.KindOwn},
		{"https://a.co.uk/", "b.co.uk", enrich.KindOther},
		{"https://example.com/", "notexample.com", enrich.KindOther},
		{"http://localhost:3000/", "localhost:5173", enrich.KindOwn},
		{"http://127.0.0.1/", "127.0.0.1", enrich.KindOwn},
		{"http://10.0.0.1/", "127.0.0.1", enrich.KindOther},
		{"https://example.com/", "EXAMPLE.com", enrich.KindOwn},
		{"https://example.com/", "", enrich.KindOther},
		{"https://example.com/", "not a host", enrich.KindOther},
	} {
		if got := enrich.ParseReferrer(test.referrer, test.own); got.Kind != test.want {
			t.Errorf("%s on %s is %q, want %q", test.referrer, test.own, got.Kind, test.want)
		}
	}
}

func FuzzParseReferrer(f *testing.F) {
	f.Add("https://www.google.co.uk/", "example.com")
	f.Add("android-app://com.google.android.gm/", "")
	f.Add("http://[::1]:80/", "[::1]")
	f.Add("https://xn--bcher-kva.example./", "bücher.example")
	f.Fuzz(func(t *testing.T, referrer, own string) {
		r := enrich.ParseReferrer(referrer, own)
		if r.Kind == "" || (r.Kind == enrich.KindNone) != (r.Domain == "") {
			t.Errorf("%q on %q: %+v", referrer, own, r)
		}
		if len(r.Domain) > 255 || !utf8.ValidString(r.Domain) || strings.ContainsAny(r.Domain, "/\x00<> ") {
			t.Errorf("%q: domain %q", referrer, r.Domain)
		}
		if enrich.Source(enrich.Campaign{}, r) == "" || enrich.Channel(enrich.Campaign{}, r) == "" {
			t.Errorf("%q: no source or channel", referrer)
		}
	})
}

func BenchmarkParseReferrer(b *testing.B) {
	for name, referrer := range map[string]string{
		"known":   "https://www.google.co.uk/",
		"social":  "https://l.facebook.com/",
		"unknown": "https://blog.example.org/2026/11/a-post",
		"own":     "https://www.mine.example/other",
		"none":    "",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				enrich.ParseReferrer(referrer, "www.mine.example")
			}
		})
	}
}
