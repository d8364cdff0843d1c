package enrich_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/microtracker/microtracker/server/enrich"
)

const chromeOnWindows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"

func TestABotIsKnownByItsReason(t *testing.T) {
	t.Parallel()
	for ua, want := range map[string]enrich.BotReason{
		"":    enrich.BotUserAgentEmpty,
		" \t": enrich.BotUserAgentEmpty,
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36": enrich.BotHeadless,
		"Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/22.1.0":                                       enrich.BotHeadless,
		"Playwright/1.40 (x64; ubuntu 22.04) node/20.9":                                                                 enrich.BotHeadless,
		"Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1":        enrich.BotHeadless,
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; GPTBot/1.2; +https://openai.com/gptbot":        enrich.BotAICrawler,
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)":       enrich.BotAICrawler,
		"meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)":                     enrich.BotAICrawler,
		chromeOnWindows + " Chrome-Lighthouse":                                                                          enrich.BotMonitor,
		"Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)":                                        enrich.BotMonitor,
		"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)":                                     enrich.BotLinkPreview,
		"WhatsApp/2.23.20.0 A": enrich.BotLinkPreview,
		"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)": enrich.BotLinkPreview,
		"curl/8.5.0":             enrich.BotHTTPLibrary,
		"python-requests/2.31.0": enrich.BotHTTPLibrary,
		"Go-http-client/2.0":     enrich.BotHTTPLibrary,
		"node":                   enrich.BotHTTPLibrary,
		"Java/17.0.1":            enrich.BotHTTPLibrary,
		"Apache-HttpClient/4.5.13 (Java/11.0.20)":                                                                 enrich.BotHTTPLibrary,
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)":                                enrich.BotUserAgentLink,
		"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) Chrome/120.0 Mobile Safari/537.36 (compatible; FooBot/2.1)": enrich.BotUserAgent,
		"Mozilla/5.0 (compatible; SomeCrawler/1.0)":                                                               enrich.BotUserAgent,
		"Mozilla/5.0 (compatible; MyThing/1.0; +https://example.com/about)":                                       enrich.BotUserAgentLink,
		"Mozilla/5.0": enrich.BotUserAgentShort,
		"x":           enrich.BotUserAgentShort,
	} {
		if got := enrich.DetectBot(enrich.Hit{UserAgent: ua}); got != want {
			t.Errorf("%q: %q, want %q", ua, got, want)
		}
	}
}

func TestPeopleAreNotBots(t *testing.T) {
	t.Parallel()
	people := []string{
		chromeOnWindows,
		"Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Mobile Safari/537.36",
		"Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36 WhatsApp/2.24",
	}
	for _, test := range userAgentCases() {
		if test.want.Browser != "" && test.want.Browser != "Headless Chrome" {
			people = append(people, test.ua)
		}
	}
	for _, ua := range people {
		if got := enrich.DetectBot(enrich.Hit{UserAgent: ua}); got != enrich.NotABot {
			t.Errorf("%q: %q", ua, got)
		}
	}
}

func TestWhatTheRequestSaysCounts(t *testing.T) {
	t.Parallel()
	header := func(name, value string) http.Header { return http.Header{name: {value}} }
	for name, test := range map[string]struct {
		hit  enrich.Hit
		want enrich.BotReason
	}{
		"driven":         {enrich.Hit{UserAgent: chromeOnWindows, Automated: true}, enrich.BotAutomated},
		"prefetch":       {enrich.Hit{UserAgent: chromeOnWindows, Headers: header("Sec-Purpose", "prefetch")}, enrich.BotPrefetch},
		"prerender":      {enrich.Hit{UserAgent: chromeOnWindows, Headers: header("Sec-Purpose", "prefetch;prerender")}, enrich.BotPrefetch},
		"former browser": {enrich.Hit{UserAgent: chromeOnWindows, Headers: header("X-Moz", "prefetch")}, enrich.BotPrefetch},
		"hidden headless": {enrich.Hit{
			UserAgent: chromeOnWindows, Headers: header("Sec-Ch-Ua", `"HeadlessChrome";v="131"`),
		}, enrich.BotHeadless},
		"a person": {enrich.Hit{UserAgent: chromeOnWindows, Headers: header("Sec-Ch-Ua", `"Google Chrome";v="131"`)}, enrich.NotABot},
	} {
		if got := enrich.DetectBot(test.hit); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestAHugeUserAgentIsReadInBoundedTime(t *testing.T) {
	t.Parallel()
	if got := enrich.DetectBot(enrich.Hit{UserAgent: chromeOnWindows + strings.Repeat(" x", 1<<20) + "bot"}); got != enrich.NotABot {
		t.Errorf("%q", got)
	}
}

func BenchmarkDetectBot(b *testing.B) {
	headers := http.Header{"Sec-Ch-Ua": {`"Google Chrome";v="131"`}, "Accept": {"*/*"}}
	b.ReportAllocs()
	for b.Loop() {
		enrich.DetectBot(enrich.Hit{UserAgent: chromeOnWindows, Headers: headers})
	}
}
