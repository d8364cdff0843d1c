// Package enrich says what a hit tells about itself: the device, whether a program made it, the page, the campaign and
// where the visitor came from and is. All but Locator, which reads a file once, and Pace, which counts, are pure functions
// of their arguments. Everything here is safe for any bytes a stranger sends, and bounded in time, in memory and in the
// length of what it returns. docs/enrichment.md has the rules.
package enrich

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// FixText makes s fit to be stored and shown: valid UTF-8, white space around it trimmed, at most limit runes.
// Line breaks, tabs and the like become one space each; other control characters, NUL and the marks that reverse the
// direction of text are removed; bytes that are no UTF-8 become U+FFFD. FixText of its own result changes nothing.
func FixText(s string, limit int) string {
	s = strings.TrimSpace(s)
	if isPlain(s) {
		if len(s) <= limit {
			return s
		}
		return strings.TrimSpace(s[:max(0, limit)])
	}
	var out strings.Builder
	out.Grow(min(len(s), utf8.UTFMax*max(0, limit)))
	kept := 0
	for _, r := range s { // Invalid bytes come out as U+FFFD.
		switch {
		case unicode.IsSpace(r):
			r = ' '
		case isUnsafeRune(r):
			continue
		}
		if kept == 0 && r == ' ' {
			continue
		}
		if kept >= limit {
			break
		}
		kept++
		out.WriteRune(r)
	}
	return strings.TrimRight(out.String(), " ")
}

// isPlain reports whether s is printable ASCII, as nearly all text from machines is.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// isUnsafeRune reports whether r is a control character, one of Unicode's Bidi_Control characters, which make text read
// differently from what it is, or a byte order mark. Joiners stay: scripts and emoji need them.
func isUnsafeRune(r rune) bool {
	switch {
	case unicode.IsControl(r):
		return true
	case r == '\u061C', r == '\u200E', r == '\u200F', r >= '\u202A' && r <= '\u202E', r >= '\u2066' && r <= '\u2069':
		return true
	default:
		return r == '\u2028' || r == '\u2029' || r == '\uFEFF'
	}
}
