package enrich_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/microtracker/microtracker/server/enrich"
)

func TestPersonalDataIsTakenOutOfAText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                  "",
		"running shoes 42":                  "running shoes 42",
		"bob@example.com":                   "[…]",
		"mail bob@example.com, now":         "mail […], now",
		"bob%40example.com":                 "[…]",
		"bob＠example.com":                   "[…]",
		"<bob@example.com>":                 "<[…]>",
		"who is @bob":                       "who is […]",
		"bob@ example.com":                  "[…] example.com",
		"5 @ 3":                             "5 @ 3",
		"jürgen@müller.de schuhe":           "[…] schuhe",
		"+49 (0) 30 / 1234567":              "[…]",
		"call +1-202-555-0123 now":          "call […] now",
		"06 12 34 56 78 plombier":           "[…] plombier",
		"030.1234567":                       "[…]",
		"030\u20131234567":                  "[…]",
		"(030) 1234567":                     "([…]",
		"1234567":                           "1234567",
		"12345678":                          "[…]",
		"iphone 15 pro 256":                 "iphone 15 pro 256",
		"hotel 2026":                        "hotel 2026",
		"2026-11-23":                        "[…]",
		"4111 1111 1111 1111":               "[…]",
		"٠٣٠١٢٣٤٥٦٧":                        "[…]",
		"1234 – – – – 5678":                 "1234 – – – – 5678",
		"DE89 3704 0044 0532 0130 00":       "[…]",
		"iban GB82WEST12345698765432 konto": "iban […] konto",
		"MT84 MALT 0110 0001 2345 MTLC AST0 01S x": "[…] x",
		"GB82 WEST 1234 5698 7654 33":              "GB82 WEST […]", // wrong, but many digits all the same
		"KP12 size 34 and 56":                      "KP12 size 34 and 56",
		"[…] shoes":                                "[…] shoes",
	} {
		got := enrich.StripPersonal(text)
		if got != want {
			t.Errorf("StripPersonal(%q) = %q, want %q", text, got, want)
		}
		if again := enrich.StripPersonal(got); again != got {
			t.Errorf("StripPersonal(%q) = %q, then %q", text, got, again)
		}
	}
}

func TestATermIsFreeOfPersonalDataButMayBeAnID(t *testing.T) {
	t.Parallel()
	for term, want := range map[string]string{
		"shoes":                   "shoes",
		"bob@example.com shoes":   "[…] shoes",
		"4111111111111111":        "[…]",
		"120200000000000001":      "120200000000000001",
		"kwd-123456789012:aud-12": "kwd-123456789012:aud-12",
		"kwd-12345678 x":          "kwd-[…] x",
		"kwd-":                    "kwd-",
	} {
		if got := enrich.ParseCampaign(url.Values{"utm_term": {term}}).Term; got != want {
			t.Errorf("%q: %q, want %q", term, got, want)
		}
	}
	long := enrich.ParseCampaign(url.Values{"utm_term": {strings.Repeat("a@ ", 99)}}).Term
	if n := utf8.RuneCountInString(long); n > 255 || strings.Contains(long, "@") {
		t.Errorf("%d runes, %q", n, long)
	}
}

func TestASearchEngineTellsWhatWasLookedFor(t *testing.T) {
	t.Parallel()
	for referrer, want := range map[string]string{
		"https://www.google.com/search?q=running+shoes&hl=en":           "running shoes",
		"https://www.google.co.uk/search?hl=en&q=bob%40example.com":     "[…]",
		"https://www.google.com/":                                       "",
		"https://www.google.com/?q=":                                    "",
		"https://www.google.com/url?q=https://mine.example/&sa=D":       "",
		"https://www.bing.com/search?q=%C3%BCber":                       "über",
		"https://duckduckgo.com/?q=x&ia=web":                            "x",
		"https://search.yahoo.com/search?p=shoes":                       "shoes",
		"https://search.yahoo.com/search?p=call+030+1234567":            "call […]",
		"https://yandex.ru/search/?text=%D0%BE%D0%B1%D1%83%D0%B2%D1%8C": "обувь",
		"https://www.baidu.com/s?wd=%E9%9E%8B":                          "鞋",
		"https://search.naver.com/search.naver?query=x":                 "x",
		"https://suche.web.de/web?su=schuhe":                            "schuhe",
		"https://metager.de/meta/meta.ger3?eingabe=schuhe":              "schuhe",
		"https://www.ecosia.org/search?q=a%00b%0Ac":                     "ab c",
		"https://mail.google.com/?q=x":                                  "", // a mail service
		"https://www.facebook.com/search?q=x":                           "",
		"https://blog.example.org/?q=x":                                 "",
		"android-app://com.google.android.googlequicksearchbox/?q=":     "",
		"?q=x": "",
		"":     "",
	} {
		if got := enrich.SearchTerm(referrer); got != want {
			t.Errorf("%q: %q, want %q", referrer, got, want)
		}
	}
	if got := enrich.SearchTerm("https://www.bing.com/?q=" + strings.Repeat("ä", 900)); utf8.RuneCountInString(got) > 255 {
		t.Errorf("%d runes", utf8.RuneCountInString(got))
	}
}

func TestAReferrerIsCleaned(t *testing.T) {
	t.Parallel()
	for referrer, want := range map[string]string{
		"https://WWW.Google.de/search?q=a&token=b#c": "https://www.google.de/search?q=a",
		"https://search.yahoo.com/?p=030+1234567":    "https://search.yahoo.com/?p=%5B%E2%80%A6%5D",
		"android-app://com.Google.android.gm/x?y":    "android-app://com.google.android.gm",
		"android-app://<script>":                     "",
		"about:blank":                                "",
		"":                                           "",
		"https://example.com/" + strings.Repeat("a", 9000): "https://example.com/",
	} {
		if got := enrich.CleanReferrer(referrer); got != want {
			t.Errorf("%q: %q, want %q", referrer, got, want)
		}
	}
}

func TestALongAddressKeepsItsCampaign(t *testing.T) {
	t.Parallel()
	const campaign = "utm_source=facebook&utm_medium=cpc&utm_campaign_id=1&fbclid=abc"
	for name, raw := range map[string]string{
		"a long path":       "https://example.com/" + strings.Repeat("ä", 1000) + "?" + campaign,
		"a long parameter":  "https://example.com/?x=" + strings.Repeat("a", 2030) + "&" + campaign,
		"many parameters":   "https://example.com/?" + strings.Repeat("a=1&", 500) + campaign,
		"everything":        "https://example.com/" + strings.Repeat("a/", 1500) + "?" + strings.Repeat("a=1&", 500) + campaign,
		"a long other term": "https://example.com/?utm_content=" + strings.Repeat("a", 3000) + "&" + campaign,
	} {
		page, err := enrich.CleanURL(raw)
		if err != nil {
			t.Fatal(err)
		}
		c := enrich.ParseCampaign(page.Query)
		if c.Source != "facebook" || c.Medium != "cpc" || c.CampaignID != "1" || c.ClickID != "abc" || len(page.URL) > 2048 {
			t.Errorf("%s: %+v of %q", name, c, page.URL)
		}
	}
	page, _ := enrich.CleanURL("https://example.com/?a=1&x=" + strings.Repeat("a", 2030) + "&b=2&utm_source=s")
	if page.URL != "https://example.com/?a=1&b=2&utm_source=s" || len(page.Query) != 3 {
		t.Errorf("%q %v", page.URL, page.Query)
	}
}

func FuzzStripPersonal(f *testing.F) {
	for _, seed := range []string{"bob@example.com", "+49 (0) 30 / 1234567", "GB82 WEST 1234 5698 7654 32", "(12345678)@x", "AB12345678GB82WEST12345698765432", "٣٤٥٦٧٨٩٠%40"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := enrich.StripPersonal(text)
		if again := enrich.StripPersonal(got); again != got {
			t.Errorf("%q: %q, then %q", text, got, again)
		}
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Errorf("%q: %q", text, got)
		}
		digits := 0
		for i := range len(got) {
			if got[i] < '0' || got[i] > '9' {
				digits = 0
			} else if digits++; digits == 8 {
				t.Errorf("%q: 8 digits in %q", text, got)
			}
		}
	})
}

func BenchmarkStripPersonal(b *testing.B) {
	for name, text := range map[string]string{"clean": "running shoes for women size 42", "phone": "plumber 06 12 34 56 78 near me", "mail": "bob@example.com shoes"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				enrich.StripPersonal(text)
			}
		})
	}
}
