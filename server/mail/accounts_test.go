package mail_test

import (
	"errors"
	"html"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	nethtml "golang.org/x/net/html"

	"github.com/microtracker/microtracker/server/mail"
)

const (
	link      = "https://stats.example.com/reset?token=a%2Bb&next=%2F#x"
	recipient = "ada@example.com"
)

var when = time.Date(2026, 11, 4, 23, 5, 0, 0, time.FixedZone("", 2*60*60))

func kinds(name, ip, device string) map[string]mail.Message {
	return map[string]mail.Message{
		"verify":  mail.VerifyEmail(recipient, name, link),
		"reset":   mail.ResetPassword(recipient, name, link, 60),
		"changed": mail.PasswordChanged(recipient, name, when, ip, device),
		"sign-in": mail.NewSignIn(recipient, name, when, ip, device),
	}
}

func TestBothPartsSayTheSame(t *testing.T) {
	t.Parallel()
	wants := map[string][]string{
		"verify":  {"Hello Ada,", link},
		"reset":   {"Hello Ada,", link, "for 60 minutes"},
		"changed": {"Hello Ada,", "4 November 2026, 21:05 UTC", "192.0.2.7", "Firefox on Linux"},
		"sign-in": {"Hello Ada,", "4 November 2026, 21:05 UTC", "192.0.2.7", "Firefox on Linux"},
	}
	for kind, m := range kinds("Ada", "192.0.2.7", "Firefox on Linux") {
		if m.To != recipient || m.Subject == "" {
			t.Errorf("%s: to %q, subject %q", kind, m.To, m.Subject)
		}
		for _, want := range wants[kind] {
			if !strings.Contains(m.Text, want) {
				t.Errorf("%s: text lacks %q:\n%s", kind, want, m.Text)
			}
			if !strings.Contains(html.UnescapeString(m.HTML), want) {
				t.Errorf("%s: HTML lacks %q:\n%s", kind, want, m.HTML)
			}
		}
		if strings.Contains(m.Text+m.HTML, "<no value>") || strings.Contains(m.HTML, "ZgotmplZ") {
			t.Errorf("%s: something did not render:\n%s\n%s", kind, m.Text, m.HTML)
		}
		if !strings.Contains(m.HTML, "prefers-color-scheme: dark") || !strings.HasPrefix(m.HTML, "<!doctype html>") {
			t.Errorf("%s is not in the shared layout", kind)
		}
	}
}

func TestTheLinkIsTheOnlyOneAndWhole(t *testing.T) {
	t.Parallel()
	for kind, m := range kinds("Ada", "192.0.2.7", "Firefox on Linux") {
		hrefs := attributes(t, m.HTML, "href")
		if kind == "changed" || kind == "sign-in" {
			if m.Link != "" || len(hrefs) > 0 {
				t.Errorf("%s: link %q, hrefs %q, want none", kind, m.Link, hrefs)
			}
			continue
		}
		if m.Link != link || len(hrefs) != 2 || hrefs[0] != link || hrefs[1] != link {
			t.Errorf("%s: link %q, hrefs %q, want %q", kind, m.Link, hrefs, link)
		}
	}
}

func TestOneMinuteIsSingular(t *testing.T) {
	t.Parallel()
	if text := mail.ResetPassword(recipient, "Ada", link, 1).Text; !strings.Contains(text, "for 1 minute.") {
		t.Error(text)
	}
}

func TestOnlyWebAddressesAreLinkedTo(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"javascript:alert(1)", "data:text/html,x", "/reset?token=1", "//evil.example/x", "ftp://a.example/", "https:///x",
		"https://good.example@evil.example/", "https://a.example/x\r\nBcc: b@evil.example", "https://a.example/x y", "",
	} {
		m := mail.VerifyEmail(recipient, "Ada", bad)
		if m.Link != "" {
			t.Errorf("%q became the link %q", bad, m.Link)
		}
		if bad != "" && (strings.Contains(m.Text, bad) || strings.Contains(m.HTML, bad)) {
			t.Errorf("%q is in the mail", bad)
		}
	}
}

func TestAMarkOfHTMLInALinkStaysInItsAttribute(t *testing.T) {
	t.Parallel()
	m := mail.VerifyEmail(recipient, "Ada", `https://a.example/?q="><script>alert(1)</script>`)
	if strings.Contains(m.HTML, "<script") {
		t.Error(m.HTML)
	}
}

func TestNamesOfPeopleAreShown(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"Ada", "Ada Lovelace", "J. R. Tolkien", "Martin Luther King, Jr.", "O'Brien", "O’Brien", "Anne-Marie", "Björk",
		"Ngọc Ánh", "王小明", "محمد", "नरेन्द्र", "علی\u200cرضا", "Gal·la", "Ada 2",
	} {
		m := mail.VerifyEmail(recipient, name, link)
		if want := "Hello " + name + ","; !strings.Contains(m.Text, want) || !strings.Contains(html.UnescapeString(m.HTML), want) {
			t.Errorf("%q is not greeted:\n%s", name, m.Text)
		}
	}
}

func TestNamesThatAreMoreThanANameAreLeftOut(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", "evil.com", "see evil.com now", "https://evil.com", "hxxp://evil", "evil.com/x", "www.evil", "a@evil", "evil。com",
		"evil．com", "evil｡com", "evil․com", "evil.\u200Dcom", "evil\u2215x", "javascript:alert", "call 0800 123456",
		"+49 30 1234", "<b>Ada</b>", "<script>alert(1)</script>", `" onmouseover="x`, "{{.Link}}", "Ada & Bob", "[Ada](x)",
		"*free* money", "_x_", "$$$", "🎁 gift", strings.Repeat("a", 41), "(evil)", "#ada", "Ada\\Bob", "Ada!",
	} {
		for kind, m := range kinds(name, "192.0.2.7", "Firefox on Linux") {
			if !strings.HasPrefix(m.Text, "Hello,\n") || !strings.Contains(m.HTML, ">Hello,<") {
				t.Errorf("%s greets %q:\n%s", kind, name, m.Text)
			}
		}
	}
}

func TestInvisibleCharactersDoNotReachTheMail(t *testing.T) {
	t.Parallel()
	invisible := regexp.MustCompile("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\ufeff]")
	for _, name := range []string{"Ada\r\nBcc: b@evil.example", "Ada\nLovelace", "\u202eadA", "A\x00da", "Ada\u2066", "\x1b[31mAda", "Ada\xff"} {
		for kind, m := range kinds(name, name, name) {
			if found := invisible.FindString(m.Subject + m.Text + m.HTML); found != "" {
				t.Errorf("%s for %q has %q", kind, name, found)
			}
			if strings.ContainsAny(m.Subject, "\r\n") || strings.Contains(m.Text, "evil") {
				t.Errorf("%s for %q: %q\n%s", kind, name, m.Subject, m.Text)
			}
		}
	}
}

func TestDevicesAndAddressesOfStrangersAreShownOrReplaced(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ ip, device, wantIP, wantDevice string }{
		{"192.0.2.7", "Firefox 128.0 on Linux", "192.0.2.7", "Firefox 128.0 on Linux"},
		{"::ffff:192.0.2.7", "Safari on iOS 17.4", "192.0.2.7", "Safari on iOS 17.4"},
		{"2001:db8::1", "Chrome on Windows 11", "2001:db8::1", "Chrome on Windows 11"},
		{"fe80::1%evil.com", "evil.com on Linux", "fe80::1", "an unknown device"},
		{"<b>1</b>", "<img src=x>", "an unknown address", "an unknown device"},
		{"", "", "an unknown address", "an unknown device"},
		{"evil.com", "1.2.3.4", "an unknown address", "an unknown device"},
		{"192.0.2.7\r\nx", "x 1.com", "an unknown address", "an unknown device"},
	} {
		m := mail.NewSignIn(recipient, "Ada", when, test.ip, test.device)
		text := "With: " + test.wantDevice + "\nFrom: " + test.wantIP + "\n"
		if !strings.Contains(m.Text, text) {
			t.Errorf("%q, %q: want %q in\n%s", test.ip, test.device, text, m.Text)
		}
		if !strings.Contains(m.HTML, ">"+test.wantDevice+"<") || !strings.Contains(m.HTML, ">"+test.wantIP+"<") {
			t.Errorf("%q, %q: HTML differs from the text:\n%s", test.ip, test.device, m.HTML)
		}
	}
}

func TestAMaskedAddressCannotBeWrittenTo(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"ada@example.com": "a***@example.com", "ä@example.com": "ä***@example.com", "": "***", "@x": "***", "ada": "***",
		"a@b\r\nc": "a***@b  c",
	} {
		if got := mail.MaskAddress(address); got != want {
			t.Errorf("MaskAddress(%q) = %q, want %q", address, got, want)
		}
	}
}

// FuzzName: whatever the name, the HTML has the tags that it has without one, and no link but ours.
func FuzzName(f *testing.F) {
	f.Add("Ada")
	f.Add("evil.com <a href=x>")
	plain := tags(f, mail.VerifyEmail(recipient, "", link).HTML)
	f.Fuzz(func(t *testing.T, name string) {
		m := mail.VerifyEmail(recipient, name, link)
		if got := tags(t, m.HTML); got != plain {
			t.Errorf("%q changes the tags to %s", name, got)
		}
		greeting, _, _ := strings.Cut(m.Text, "\n")
		if regexp.MustCompile(`[.:/@]\S`).MatchString(strings.ReplaceAll(greeting, ".,", ",")) {
			t.Errorf("%q: %q may become a link", name, greeting)
		}
	})
}

func attributes(t testing.TB, document, key string) []string {
	t.Helper()
	var found []string
	each(t, document, func(token nethtml.Token) {
		for _, attribute := range token.Attr {
			if attribute.Key == key {
				found = append(found, attribute.Val)
			}
		}
	})
	return found
}

func tags(t testing.TB, document string) string {
	t.Helper()
	var found strings.Builder
	each(t, document, func(token nethtml.Token) {
		if token.Type != nethtml.TextToken {
			found.WriteString(token.String())
		}
	})
	return found.String()
}

func each(t testing.TB, document string, visit func(nethtml.Token)) {
	t.Helper()
	tokens := nethtml.NewTokenizer(strings.NewReader(document))
	for tokens.Next() != nethtml.ErrorToken {
		visit(tokens.Token())
	}
	if err := tokens.Err(); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
}
