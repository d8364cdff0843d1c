package enrich_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/microtracker/microtracker/server/enrich"
)

// checkRecomputed fails when what is derived from a hit differs from what is derived from what is stored of it: sessions
// are computed anew from their stored events, and must not change their origin by it.
func checkRecomputed(t *testing.T, raw, referrer string) {
	t.Helper()
	first, err := enrich.CleanURL(raw)
	if err == nil {
		again, err := enrich.CleanURL(first.URL)
		if diff := cmp.Diff(first, again); diff != "" || err != nil {
			t.Fatalf("%q\ncleaned  %q\nand then %v\n%s", raw, first.URL, err, diff)
		}
		if a, b := enrich.ParseCampaign(first.Query), enrich.ParseCampaign(again.Query); a != b {
			t.Fatalf("%q: campaign %+v, then %+v", raw, a, b)
		}
	}
	stored := enrich.CleanReferrer(referrer)
	if again := enrich.CleanReferrer(stored); again != stored || len(stored) > 2048 {
		t.Fatalf("referrer %q\ncleaned  %q\nand then %q", referrer, stored, again)
	}
	if page, err := enrich.CleanURL(referrer); err == nil && page.URL != stored {
		t.Fatalf("referrer %q: %q as a page, %q as a referrer", referrer, page.URL, stored)
	}
	if a, b := enrich.SearchTerm(referrer), enrich.SearchTerm(stored); a != b {
		t.Fatalf("referrer %q: searched for %q, then %q", referrer, a, b)
	}
	for _, own := range []string{first.Host, "", "www.example.com"} {
		a, b := enrich.ParseReferrer(referrer, own), enrich.ParseReferrer(stored, own)
		campaign := enrich.ParseCampaign(first.Query)
		if a != b || enrich.Source(campaign, a) != enrich.Source(campaign, b) || enrich.Channel(campaign, a) != enrich.Channel(campaign, b) {
			t.Fatalf("referrer %q on %q: %+v, then %+v of %q", referrer, own, a, b, stored)
		}
	}
}

func recomputeSeeds() [][2]string {
	return [][2]string{
		{"https://example.com/a%20b?x=1&token=2#f", "https://www.google.com/search?q=bob%40x.de+shoes"},
		{"http://[::1]:80/%E2%80%AE", "android-app://com.Google.android.gm/x"},
		{"https://bücher.example/;sid=1/ä", "android-app://a b"},
		{"https://e.com/;sid\\a?utm_term=030+1234567&utm_source=%zz", "https://r.search.yahoo.com/?p=a@b.c"},
		{"https://e.com/" + strings.Repeat("a", 2022) + ";sidecar?utm_source=x", "\u00a0https://e.com/"},
		{"https://e.com/" + strings.Repeat("%C3%A4", 400) + "?utm_source=x&gclid=" + strings.Repeat("y", 300), "https://" + strings.Repeat("u", 2039) + "@e.com/"},
		{"https://e.com/?" + strings.Repeat("a=1&", 200) + "utm_source=x", "https://e.com?" + strings.Repeat("x", 9000)},
		{"https://e.com/?a=" + strings.Repeat("b", 2040) + "&utm_medium=cpc&c=1", "HTTPS://U:P@E.com:443\\x"},
		{"https://e.com/?q=a@&s=" + strings.Repeat("b@ ", 900), "https://google.de/url?q=https://e.com/"},
		{"https://e.com/?amp;amp;q=1&%26=2&q[]=12+34+56+78", "ANDROID-APP://\u212aom.x"},
	}
}

func TestWhatIsStoredTellsTheSame(t *testing.T) {
	t.Parallel()
	for _, seed := range recomputeSeeds() {
		checkRecomputed(t, seed[0], seed[1])
	}
	// Addresses put together at random, of pieces that have a meaning for one rule or another.
	pieces := strings.Fields(`https:// http:// android-app:// e.com www.google.com search.yahoo.com www.bing.com bücher.de [::1] : :443 :80 / \ ? & & & = = # ; ;sid= ;sid
		@ % %40 %2540 %25 %26 %3D %3F %2F %5C %00 %E2%80%AE %C3 %A4 ä é ＠ ٣٤٥٦٧٨٩٠ + a b token= utm_source= utm_term= utm_term utm_campaign= gclid= q= query= p= text= s= x= amp; next=
		12345678 120200000000000001 030 1234567 . - ( ) DE89370400440532013000 DE89+3704+0044+0532+0130+00 bob@example.com {{ad.id}} __AID__ […] [ ] , < > " ' | facebook cpc com.google.android.gm com`)
	pieces = append(pieces, " ", "\x00", "\xff", "\u202e", "\u00a0", "\u2028", "\t", strings.Repeat("a", 250), strings.Repeat("b", 1000), strings.Repeat("&c", 60), strings.Repeat("ä", 150), strings.Repeat("x@ ", 90))
	random := rand.New(rand.NewPCG(1, 2))
	some := func(begin string) string {
		text := []string{begin}
		for range random.IntN(40) {
			text = append(text, pieces[random.IntN(len(pieces))])
		}
		return strings.Join(text, "")
	}
	for range 3_000 {
		begin := slices.Concat([]string{""}, []string{"https://e.com/", "https://e.com/?", "https://www.google.com/?q=", "android-app://com.", "https://e.com/?utm_term="})
		checkRecomputed(t, some(begin[random.IntN(len(begin))]), some(begin[random.IntN(len(begin))]))
	}
}

func FuzzRecomputation(f *testing.F) {
	for _, seed := range recomputeSeeds() {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(checkRecomputed)
}

func FuzzLongAddresses(f *testing.F) {
	f.Add(uint16(2000), uint16(30), "/;sidx?utm_source=a", "&utm_term=12345678&q=b@c")
	f.Fuzz(func(t *testing.T, first, second uint16, a, b string) {
		raw := "https://e.com/" + strings.Repeat("p", int(first%2100)) + a + strings.Repeat("q", int(second%2100)) + b
		checkRecomputed(t, raw, raw)
	})
}
