package mail

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	"github.com/microtracker/microtracker/server/enrich"
)

const (
	maxName   = 40 // characters
	maxDevice = 60 // characters
)

// plainName returns name if it can be shown as text and nothing else, and "" otherwise: the greeting then goes without.
//
// Escaping keeps a name from being markup, but mail programs make links of what merely looks like an address, in the HTML
// part as in the text: evil.com, a@b.c, a telephone number. Anyone may register anyone's address with a name such as
// "You won, see evil.com", and we would deliver it under our own good name. Rewriting such a name (evil[.]com) would still
// carry the message; leaving it out carries nothing. So a list of what names are made of: letters of any script and their
// marks, spaces, hyphens, apostrophes, a full stop or comma at the end of a word ("J. Smith, Jr."), up to four digits.
func plainName(name string) string {
	return plain(name, maxName, 4, isWord)
}

// plainDevice is plainName for "Firefox 128.0 on Linux", which comes of a user agent that anyone may make up. A word may be
// a version with one full stop, which is a link to no mail program. It returns "an unknown device" for anything else.
func plainDevice(device string) string {
	if device = plain(device, maxDevice, 8, func(word string) bool { return isWord(word) || isVersion(word) }); device != "" {
		return device
	}
	return "an unknown device"
}

// plainIP returns an address as the standard library writes it, without zone, or "an unknown address".
func plainIP(ip string) string {
	address, err := netip.ParseAddr(ip)
	if err != nil {
		return "an unknown address"
	}
	return address.Unmap().WithZone("").String()
}

// plainLink returns link if it is an absolute http or https address, else "": our own code made it, but what is asked to
// be clicked is checked twice.
func plainLink(link string) string {
	parsed, err := url.Parse(link)
	if err != nil || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Host == "" || parsed.User != nil {
		return ""
	}
	if strings.ContainsFunc(link, unicode.IsSpace) {
		return ""
	}
	return parsed.String()
}

// plain returns s, with single spaces, if it has no more than limit characters and maxDigits digits, and each word passes.
func plain(s string, limit, maxDigits int, passes func(word string) bool) string {
	s = enrich.FixText(s, limit+1)
	if len([]rune(s)) > limit { // A name cut short is not a name.
		return ""
	}
	digits := 0
	for _, r := range s {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	if digits > maxDigits {
		return ""
	}
	words := strings.Fields(s)
	for _, word := range words {
		if !passes(word) {
			return ""
		}
	}
	return strings.Join(words, " ")
}

func isWord(word string) bool {
	return !strings.ContainsFunc(strings.TrimRight(word, ".,"), func(r rune) bool {
		switch r {
		case '-', '\'', '\u2019', '\u2010', '\u00B7': // hyphens, apostrophes, the Catalan middle dot
			return false
		case '\u200C', '\u200D': // joiners, which Persian and Indic names are spelled with
			return false
		default:
			return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
		}
	})
}

func isVersion(word string) bool {
	major, minor, _ := strings.Cut(word, ".")
	return isNumber(major) && isNumber(minor)
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
