package enrich_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/microtracker/microtracker/server/enrich"
)

func TestAURLIsCleaned(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://example.com":                                          "https://example.com/",
		"HTTPS://Example.COM:443/A/":                                   "https://example.com/A/",
		"http://example.com:80/":                                       "http://example.com/",
		"http://example.com:443/":                                      "http://example.com:443/",
		"https://example.com:8443/x":                                   "https://example.com:8443/x",
		"https://example.com./x":                                       "https://example.com/x",
		" \thttps://example.com/x\n":                                   "https://example.com/x",
		"https://user:pa@ss@example.com/x":                             "https://example.com/x",
		"https://example.com/x#access_token=1":                         "https://example.com/x",
		"https://example.com/#/route?email=a@b.de":                     "https://example.com/",
		"https://bücher.example/ä b":                                   "https://xn--bcher-kva.example/%C3%A4%20b",
		"https://[2001:DB8::0:1]:443/":                                 "https://[2001:db8::1]/",
		"http://127.0.0.1:3000/x":                                      "http://127.0.0.1:3000/x",
		"http://localhost/x":                                           "http://localhost/x",
		"https://my_shop.example.com/":                                 "https://my_shop.example.com/",
		"https://example.com/%41%2f%c3%a4%7e":                          "https://example.com/A%2F%C3%A4~",
		"https://example.com/100%-off/%zz%2":                           "https://example.com/100%25-off/%25zz%252",
		"https://example.com/a\\b":                                     "https://example.com/a/b",
		"https://example.com//a//":                                     "https://example.com//a//",
		"https://example.com/a\x00b%00c%7Fd\u0085e":                    "https://example.com/a%EF%BF%BDb%EF%BF%BDc%EF%BF%BDd%EF%BF%BDe",
		"https://example.com/a\u202Eb%E2%80%AEc":                       "https://example.com/a%EF%BF%BDb%EF%BF%BDc",
		"https://example.com/a%E2%80%00%AE":                            "https://example.com/a%E2%80%EF%BF%BD%AE",
		"https://example.com/%E9t%E9":                                  "https://example.com/%E9t%E9", // Latin-1 stays what it was
		"https://example.com/<script>\"{x}":                            "https://example.com/%3Cscript%3E%22%7Bx%7D",
		"https://example.com/cart;jsessionid=1F/x;v=1;SID=2":           "https://example.com/cart/x;v=1",
		"https://example.com?b=2&a=1&b=3&flag":                         "https://example.com/?b=2&a=1&b=3&flag",
		"https://example.com/?q=a%20b+c&x=%zz&y=%00%E2%80%AE":          "https://example.com/?q=a+b+c&x=%25zz&y=",
		"https://example.com/?utm_source=a&amp;utm_medium=b":           "https://example.com/?utm_source=a&utm_medium=b",
		"https://example.com/?a=1;b=2":                                 "https://example.com/?a=1%3Bb%3D2",
		"https://example.com/?&&=1&":                                   "https://example.com/",
		"https://example.com/?x=bob%40example.com&p=@bob":              "https://example.com/?p=%40bob",
		"https://example.com/?q=bob%40example.com+shoes&s=1":           "https://example.com/?q=%5B%E2%80%A6%5D+shoes&s=1",
		"https://example.com/?x=bob%2540example.com&y=1":               "https://example.com/?y=1",
		"https://example.com/?x=andr%C3%A9@example.com":                "https://example.com/",
		"https://example.com/?next=/reset%3Ftoken%3D1&y=1":             "https://example.com/?y=1",
		"https://example.com/?next=/reset%253Fa%253D1%2526token%253D1": "https://example.com/",
		"https://example.com/?next=/list%3Fpage%3D1":                   "https://example.com/?next=%2Flist%3Fpage%3D1",
		"https://example.com/?utm_term=tel+030+1234567":                "https://example.com/?utm_term=tel+%5B%E2%80%A6%5D",
		"https://example.com/?utm_term=120200000000000001":             "https://example.com/?utm_term=120200000000000001",
		"https://example.com/?id=12345678&utm_id=12345678901":          "https://example.com/?id=12345678&utm_id=12345678901",
		"https://example.com/;sid\\x/y;a=1\\z":                         "https://example.com//x/y;a=1/z",
		"https://example.com/?bob@example.com":                         "https://example.com/",
	} {
		got, err := enrich.CleanURL(raw)
		if err != nil || got.URL != want {
			t.Errorf("%q\n got %q, %v\nwant %q", raw, got.URL, err, want)
		}
	}
}

func TestACleanURLIsTakenApart(t *testing.T) {
	t.Parallel()
	got, err := enrich.CleanURL("https://Shop.Example.com:8443/a%20b/?utm_source=x&q=1&q=2&token=3#f")
	want := enrich.CleanedURL{
		Host:  "shop.example.com",
		Path:  "/a%20b/",
		Query: url.Values{"utm_source": {"x"}, "q": {"1", "2"}},
		URL:   "https://shop.example.com:8443/a%20b/?utm_source=x&q=1&q=2",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestWhatOpensAnAccountOrNamesAPersonIsRemoved(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"token", "access_token", "accessToken", "ACCESS-TOKEN", "id_token", "refresh_token", "reset_password_token", "csrf_token",
		"code", "password", "passwd", "pwd", "new-password", "secret", "client_secret", "api_key", "apikey", "X-Api-Key", "key",
		"session", "sid", "sessionid", "session_id", "jsessionid", "PHPSESSID", "auth", "authorization", "signature", "sig",
		"X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "email", "e-mail", "e_mail", "user[email]", "user.email",
		"billing[e-mail][]", "phone", "phone_number", "ssn", "otp", "jwt", "first_name", "%65mail", "e%6Dail",
		"a_very_long_name_of_more_than_a_few_characters_token",
	} {
		got, err := enrich.CleanURL("https://example.com/?a=1&" + name + "=x&b=2")
		if err != nil || got.URL != "https://example.com/?a=1&b=2" || len(got.Query) != 2 {
			t.Errorf("%s: %q %v %v", name, got.URL, got.Query, err)
		}
	}
	for _, name := range []string{"utm_source", "gclid", "fbclid", "q", "page", "sort", "id", "keyword", "author", "tokens", "design", "category"} {
		got, _ := enrich.CleanURL("https://example.com/?" + name + "=x")
		if got.Query.Get(name) != "x" {
			t.Errorf("%s is gone: %q", name, got.URL)
		}
	}
}

func TestWhatIsNoPageIsRefused(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"", "example.com", "/path", "//example.com/", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://example.com/",
		"about:blank", "chrome-extension://abc/x", "https://", "https:///x", "https:example.com", "https://?x", "https://@/", "https://:80/",
		"https://exa mple.com/", "https://exa\x00mple.com/", "https://example.com:port/", "https://example.com:99999/", "https://exa%6Dple.com/",
		"https://a..b/", "https://.a/", "https://[::1/", "https://[fe80::1%25eth0]/", "https://[1.2.3.4]/", "https://\u202Eexample.com/",
		"https://\xbc.example/", "https://" + strings.Repeat("a", 300) + "/", "https://example.com/" + strings.Repeat("a", 8192),
	} {
		if got, err := enrich.CleanURL(raw); !errors.Is(err, enrich.ErrBadURL) || got.URL != "" {
			t.Errorf("%.60q: %q, %v", raw, got.URL, err)
		}
	}
}

func TestLongURLsAreCutAtABoundary(t *testing.T) {
	t.Parallel()
	got, err := enrich.CleanURL("https://example.com/" + strings.Repeat("ä", 1000) + "?utm_source=x")
	if err != nil {
		t.Fatal(err)
	}
	if want := "/" + strings.Repeat("%C3%A4", 42); got.Path != want { // 253 bytes: the next would make 259
		t.Errorf("path of %d: %s", len(got.Path), got.Path)
	}
	if len(got.URL) > 2048 || strings.HasSuffix(got.URL, "%") || got.Query.Get("utm_source") != "x" {
		t.Errorf("URL of %d, query %v", len(got.URL), got.Query)
	}
	if exact, _ := enrich.CleanURL("https://example.com/" + strings.Repeat("a", 300)); len(exact.Path) != 255 || len(exact.URL) != 320 {
		t.Errorf("path of %d, URL of %d", len(exact.Path), len(exact.URL))
	}
	many, err := enrich.CleanURL("https://example.com/?" + strings.Repeat("a=1&", 500) + "b=2")
	if err != nil || len(many.Query["a"]) != 100 || many.Query.Has("b") {
		t.Errorf("%d parameters kept, %v", len(many.Query["a"]), err)
	}
}

func FuzzCleanURL(f *testing.F) {
	for _, seed := range []string{
		"https://example.com/a%20b?x=1&token=2#f", "http://[::1]:80/%E2%80%AE", "https://bücher.example/;sid=1/ä", "HTTP://a@b:1/?=&amp;é=%zz",
		"https://example.com/a%E2%80%00%AE", "https://e.com/;%73id=1;;sid",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := enrich.CleanURL(raw)
		if err != nil {
			return
		}
		if len(got.URL) > 2048 || len(got.Path) > 255 || got.Path == "" || got.Path[0] != '/' || got.Host == "" {
			t.Errorf("%q: out of bounds: %+v", raw, got)
		}
		for i := range len(got.URL) {
			if got.URL[i] <= ' ' || got.URL[i] > '~' {
				t.Errorf("%q: byte %x in %q", raw, got.URL[i], got.URL)
			}
		}
		shown, err := url.PathUnescape(got.Path)
		if err != nil {
			t.Errorf("%q: path %q: %v", raw, got.Path, err)
		}
		for _, r := range shown {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%q: %U in path %q", raw, r, got.Path)
			}
		}
		parsed, err := url.Parse(got.URL)
		if err != nil || parsed.User != nil || parsed.Fragment != "" {
			t.Errorf("%q: net/url reads %q as %v, %v", raw, got.URL, parsed, err)
		}
		for name, values := range got.Query {
			if !utf8.ValidString(name) || !utf8.ValidString(strings.Join(values, "")) {
				t.Errorf("%q: query %q", raw, got.Query)
			}
		}
		again, err := enrich.CleanURL(got.URL)
		if err != nil || again.URL != got.URL || again.Path != got.Path {
			t.Errorf("%q: cleaned twice\n%q\n%q %v", raw, got.URL, again.URL, err)
		}
	})
}

func BenchmarkCleanURL(b *testing.B) {
	for name, raw := range map[string]string{
		"plain": "https://www.example.com/products/shoes/running-shoe-42",
		"ad": "https://www.example.com/landing/spring?utm_source=facebook&utm_medium=paid_social&utm_campaign=Spring+Sale" +
			"&utm_campaign_id=120200000000000001&utm_ad_id=120200000000000003&fbclid=IwAR0abcdefghijklmnopqrstuvwxyz",
		"unicode": "https://www.example.com/%D0%BF%D1%80%D0%BE%D0%B4%D1%83%D0%BA%D1%82?q=%D0%B0+%D0%B1",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = enrich.CleanURL(raw)
			}
		})
	}
}
