package enrich_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/microtracker/microtracker/server/enrich"
)

type userAgentCase struct {
	ua   string
	want enrich.Device
}

func userAgentCases() []userAgentCase {
	const (
		win    = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "
		mac    = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
		iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
		ipad   = "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
		droid  = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
		view   = "Mozilla/5.0 (Linux; Android 13; SM-A536B Build/TP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/120.0.6099.230 Mobile Safari/537.36"
	)
	desktop, mobile, tablet, tv, other := "desktop", "mobile", "tablet", "tv", "other"
	return []userAgentCase{
		{win + "Safari/537.36", enrich.Device{"Chrome", "131", "Windows", "10", desktop}},
		{win + "Safari/537.36 Edg/131.0.0.0", enrich.Device{"Edge", "131", "Windows", "10", desktop}},
		{win + "Safari/537.36 OPR/115.0.0.0", enrich.Device{"Opera", "115", "Windows", "10", desktop}},
		{win + "YaBrowser/24.12.0.0 Safari/537.36", enrich.Device{"Yandex Browser", "24.12", "Windows", "10", desktop}},
		{win + "Safari/537.36 Vivaldi/7.0", enrich.Device{"Vivaldi", "7", "Windows", "10", desktop}},
		{"Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", enrich.Device{"Internet Explorer", "11", "Windows", "7", desktop}},
		{"Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1)", enrich.Device{"Internet Explorer", "8", "Windows", "XP", desktop}},
		{"Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Tablet PC 2.0)", enrich.Device{"Internet Explorer", "9", "Windows", "7", desktop}},
		{mac + "Version/17.4.1 Safari/605.1.15", enrich.Device{"Safari", "17.4", "macOS", "10.15", desktop}},
		{mac + "Version/17.4 Safari/605.1.15 Ddg/17.4", enrich.Device{"DuckDuckGo", "17.4", "macOS", "10.15", desktop}},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:133.0) Gecko/20100101 Firefox/133.0", enrich.Device{"Firefox", "133", "macOS", "10.15", desktop}},
		{"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", enrich.Device{"Firefox", "133", "Linux", "", desktop}},
		{"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36", enrich.Device{"Chrome", "131", "ChromeOS", "", desktop}},
		{iphone + "Version/17.4.1 Mobile/15E148 Safari/604.1", enrich.Device{"Safari", "17.4", "iOS", "17.4", mobile}},
		{iphone + "CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1", enrich.Device{"Chrome", "131", "iOS", "17.4", mobile}},
		{iphone + "GSA/300.0.598994205 Mobile/15E148 Safari/604.1", enrich.Device{"Google App", "300", "iOS", "17.4", mobile}},
		{iphone + "Mobile/15E148 Instagram 320.0.0.27.109 (iPhone14,5; iOS 17_4; en_US)", enrich.Device{"Instagram", "320", "iOS", "17.4", mobile}},
		{iphone + "Mobile/15E148 [FBAN/FBIOS;FBAV/450.0.0.38.108;FBDV/iPhone14,5;FBSV/17.4]", enrich.Device{"Facebook", "450", "iOS", "17.4", mobile}},
		{iphone + "Mobile/15E148", enrich.Device{"iOS WebView", "", "iOS", "17.4", mobile}},
		{ipad + "Version/16.6 Mobile/15E148 Safari/604.1", enrich.Device{"Safari", "16.6", "iOS", "16.6", tablet}},
		{ipad + "FxiOS/133.0 Mobile/15E148 Safari/605.1.15", enrich.Device{"Firefox", "133", "iOS", "16.6", tablet}},
		{droid + "Chrome/131.0.0.0 Mobile Safari/537.36", enrich.Device{"Chrome", "131", "Android", "10", mobile}},
		{droid + "Chrome/131.0.0.0 Safari/537.36", enrich.Device{"Chrome", "131", "Android", "10", tablet}},
		{droid + "SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36", enrich.Device{"Samsung Internet", "23", "Android", "10", mobile}},
		{"Mozilla/5.0 (Android 13; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0", enrich.Device{"Firefox", "133", "Android", "13", mobile}},
		{"Mozilla/5.0 (Android 13; Tablet; rv:133.0) Gecko/133.0 Firefox/133.0", enrich.Device{"Firefox", "133", "Android", "13", tablet}},
		{view, enrich.Device{"Android WebView", "120", "Android", "13", mobile}},
		{view + " [FB_IAB/FB4A;FBAV/446.0.0.32.117;]", enrich.Device{"Facebook", "446", "Android", "13", mobile}},
		{view + " musical_ly_2022803040 AppName/musical_ly app_version/28.3.4 BytedanceWebview/d8a21c6", enrich.Device{"TikTok", "28.3", "Android", "13", mobile}},
		{"Mozilla/5.0 (Linux; U; Android 12; en-US; RMX3231) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/100.0.4896.58 UCBrowser/13.5.8.1311 Mobile Safari/537.36", enrich.Device{"UC Browser", "13.5", "Android", "12", mobile}},
		{"Mozilla/5.0 (Linux; U; Android 4.0.3; de-de) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30", enrich.Device{"Android Browser", "4", "Android", "4", mobile}},
		{"Opera/9.80 (Android; Opera Mini/60.0.2254/191.303; U; en) Presto/2.12.423 Version/12.16", enrich.Device{"Opera Mini", "60", "Android", "", mobile}},
		{"Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN00) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.88 HuaweiBrowser/13.0.5.303 Mobile Safari/537.36", enrich.Device{"Huawei Browser", "13", "HarmonyOS", "", mobile}},
		{"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.5) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/4.0 Chrome/76.0.3809.146 TV Safari/537.36", enrich.Device{"Samsung Internet", "4", "Tizen", "6.5", tv}},
		{"Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/87.0.4280.88 Safari/537.36 WebAppManager", enrich.Device{"Chrome", "87", "webOS", "", tv}},
		{"Mozilla/5.0 (Linux; Android 11; AFTKA) AppleWebKit/537.36 (KHTML, like Gecko) Silk/120.1.1 like Chrome/120.0.0.0 Safari/537.36", enrich.Device{"Silk", "120.1", "Android", "11", tv}},
		{"Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15", enrich.Device{"Safari", "13", "PlayStation", "", other}},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/48.0.2564.82 Safari/537.36 Edge/20.02", enrich.Device{"Edge", "20.02", "Xbox", "", other}},
		{"Mozilla/5.0 (X11; Linux x86_64; Quest 3) AppleWebKit/537.36 (KHTML, like Gecko) OculusBrowser/35.1 Chrome/126.0.0.0 VR Safari/537.36", enrich.Device{"Meta Quest Browser", "35.1", "Linux", "", other}},
		{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36", enrich.Device{"Headless Chrome", "120", "Linux", "", desktop}},
		{"", enrich.Device{"", "", "", "", other}},
		{"curl/8.5.0", enrich.Device{"", "", "", "", other}},
		{"My own browser/99999999999999999999.1", enrich.Device{"", "", "", "", other}},
	}
}

func TestAUserAgentTellsTheDevice(t *testing.T) {
	t.Parallel()
	for _, test := range userAgentCases() {
		if diff := cmp.Diff(test.want, enrich.ParseUserAgent(test.ua)); diff != "" {
			t.Errorf("%s\n%s", test.ua, diff)
		}
	}
}

func TestOnlyTheBeginningOfAUserAgentIsRead(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 512) + "Windows NT 10.0 Firefox/133.0"
	if got := enrich.ParseUserAgent(long); got != (enrich.Device{Device: "other"}) {
		t.Errorf("%+v", got)
	}
}

func FuzzParseUserAgent(f *testing.F) {
	for _, test := range userAgentCases() {
		f.Add(test.ua)
	}
	f.Add("Chrome/\xff\xfe")
	f.Fuzz(func(t *testing.T, ua string) {
		d := enrich.ParseUserAgent(ua)
		if d.Device == "" {
			t.Error("no class")
		}
		for _, field := range []string{d.Browser, d.BrowserVersion, d.OS, d.OSVersion} {
			if len(field) > 20 || !utf8.ValidString(field) {
				t.Errorf("%q of %q", field, ua)
			}
		}
		enrich.DetectBot(enrich.Hit{UserAgent: ua})
	})
}

func BenchmarkParseUserAgent(b *testing.B) {
	cases := userAgentCases()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		enrich.ParseUserAgent(cases[i%len(cases)].ua)
	}
}
