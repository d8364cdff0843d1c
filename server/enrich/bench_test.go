package enrich_test

import (
	"net/http"
	"testing"

	"github.com/microtracker/microtracker/server/enrich"
)

// BenchmarkPageView is all that is derived from one page view, as a visitor's first from an ad, and one from within the site.
func BenchmarkPageView(b *testing.B) {
	for name, view := range map[string]struct{ url, referrer string }{
		"ad": {
			"https://www.example.com/landing/spring?utm_source=facebook&utm_medium=paid_social&utm_campaign=Spring+Sale" +
				"&utm_campaign_id=120200000000000001&utm_ad_id=120200000000000003&fbclid=IwAR0abcdefghijklmnopqrstuvwxyz",
			"https://l.facebook.com/",
		},
		"search": {"https://www.example.com/products/shoes/running-shoe-42", "https://www.google.co.uk/"},
		"own":    {"https://www.example.com/products/shoes/running-shoe-42?size=42&page=2", "https://www.example.com/products"},
	} {
		headers := http.Header{"Sec-Ch-Ua": {`"Google Chrome";v="131"`}, "Accept": {"*/*"}}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				page, err := enrich.CleanURL(view.url)
				if err != nil {
					b.Fatal(err)
				}
				campaign := enrich.ParseCampaign(page.Query)
				referrer := enrich.ParseReferrer(view.referrer, page.Host)
				_, _ = enrich.Source(campaign, referrer), enrich.Channel(campaign, referrer)
				_ = enrich.ParseUserAgent(chromeOnWindows)
				_ = enrich.DetectBot(enrich.Hit{UserAgent: chromeOnWindows, Headers: headers})
			}
		})
	}
}
