package enrich

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// PersonalMark stands where StripPersonal took something out. No language is needed to read it, and nothing in it can
// be taken for personal data again.
const PersonalMark = "[…]"

// personalDigits is how many digits make a number that may be a person's: a telephone number has 7 to 15, and those of
// 7 are known to nobody outside a town; a card has 12 to 19.
const personalDigits = 8

// StripPersonal replaces by PersonalMark what in a text may tell who a person is:
//
//   - every word with an "@" (also escaped, "%40", or full-width) and something beside it: addresses, handles;
//   - every international bank account number that passes its check (ISO 13616), with or without spaces;
//   - every 8 and more digits of any script, up to three separators between two of them, with a "+" before them:
//     telephone, card, account and customer numbers, and dates. Separators are spaces and . - / ( ) _ and dashes.
//
// Names and addresses of houses it cannot tell. It prefers to take too much: an article number of 8 digits goes too.
// StripPersonal of its own result changes nothing. Its time grows with the text's length for anything people write;
// callers bound it with FixText.
func StripPersonal(text string) string {
	for {
		stripped := text
		if hasAt(stripped) {
			stripped = stripWordsWithAt(stripped)
		}
		if hasManyDigits(stripped) {
			stripped = stripNumbers(stripped)
		}
		if stripped == text {
			return text
		}
		text = stripped // What was taken out may have kept something else from being seen.
	}
}

// stripToFit is StripPersonal of a text that FixText bounded, within the same bound.
func stripToFit(text string, limit int) string {
	for {
		stripped := StripPersonal(text)
		if stripped == text {
			return text
		}
		text = FixText(stripped, limit) // A cut may end a number where its check is right.
	}
}

// cleanTerm is stripToFit for utm_term, where advertisers put the ids of ad platforms as well as words.
func cleanTerm(term string) string {
	if isPlatformID(term) {
		return term
	}
	return stripToFit(term, maxCampaignValue)
}

// isPlatformID reports whether a term is nothing but an ad platform's id: Meta's have 17 digits and more, which neither
// a telephone number nor a usual card has, and Google's and Microsoft's {targetid} says what it is:
// "kwd-1234567890:loc-123".
func isPlatformID(term string) bool {
	for part := range strings.SplitSeq(term, ":") {
		number, least := part, 17
		for _, prefix := range [...]string{"kwd-", "aud-", "dsa-", "dat-", "pla-", "loc-"} {
			if rest, ok := strings.CutPrefix(part, prefix); ok {
				number, least = rest, 1
			}
		}
		if len(number) < least || len(number) > 20 {
			return false
		}
		for i := range len(number) {
			if number[i] < '0' || number[i] > '9' {
				return false
			}
		}
	}
	return true
}

func hasAt(s string) bool {
	return strings.IndexByte(s, '@') >= 0 || strings.IndexByte(s, '%') >= 0 && strings.Contains(s, "%40") ||
		strings.IndexByte(s, '\xef') >= 0 && strings.Contains(s, "＠")
}

func hasManyDigits(s string) bool {
	count := 0
	for i := 0; i < len(s); {
		digit, size := digitAt(s, i)
		if digit {
			if count++; count == personalDigits {
				return true
			}
		}
		i += size
	}
	return false
}

// digitAt reports whether the rune at i is a decimal digit, and its size.
func digitAt(s string, i int) (digit bool, size int) {
	if c := s[i]; c < utf8.RuneSelf {
		return c >= '0' && c <= '9', 1
	}
	r, size := utf8.DecodeRuneInString(s[i:])
	return unicode.IsDigit(r), size
}

func stripWordsWithAt(s string) string {
	var out strings.Builder
	for s != "" {
		end := strings.IndexFunc(s, isWordBreak)
		if end < 0 {
			end = len(s)
		}
		if word := s[:end]; hasAt(word) && word != "@" && word != "%40" && word != "＠" {
			out.WriteString(PersonalMark)
		} else {
			out.WriteString(word)
		}
		if end == len(s) {
			break
		}
		_, size := utf8.DecodeRuneInString(s[end:])
		out.WriteString(s[end : end+size])
		s = s[end+size:]
	}
	return out.String()
}

func isWordBreak(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune(`,;<>()[]"|`, r)
}

func stripNumbers(s string) string {
	var out strings.Builder
	kept := 0 // s up to here is in out.
	letter := false
	for i := 0; i < len(s); {
		digit, size := digitAt(s, i)
		switch {
		case digit:
			end, count := numberEnd(s, i)
			if count >= personalDigits {
				start := i
				if start > kept && s[start-1] == '+' {
					start--
				}
				out.WriteString(s[kept:start])
				out.WriteString(PersonalMark)
				kept = end
			}
			i, letter = end, false
		case !letter && isASCIILetter(s[i]):
			if end := ibanEnd(s, i); end > i {
				out.WriteString(s[kept:i])
				out.WriteString(PersonalMark)
				kept, i = end, end
				continue
			}
			i, letter = i+1, true
		default:
			i, letter = i+size, isASCIILetter(s[i])
		}
	}
	if kept == 0 {
		return s
	}
	out.WriteString(s[kept:])
	return out.String()
}

// numberEnd returns where the number that begins at i ends, and how many digits it has.
func numberEnd(s string, i int) (end, count int) {
	const mostSeparators = 3 // "+49 (0) 30 / 1234"
	end = i
	for separators := 0; i < len(s) && separators <= mostSeparators; {
		digit, size := digitAt(s, i)
		switch {
		case digit:
			count++
			separators = 0
			end = i + size
		case isNumberSeparator(s, i, size):
			separators++
		default:
			return end, count
		}
		i += size
	}
	return end, count
}

func isNumberSeparator(s string, i, size int) bool {
	if size == 1 {
		switch s[i] {
		case ' ', '.', '-', '/', '(', ')', '_':
			return true
		}
		return false
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return r == '\u00a0' || r >= '\u2010' && r <= '\u2015' || r == '\u2212' || r == '\u202f'
}

func isASCIILetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// ibanEnd returns where the bank account number that begins at i ends, or i if none does: a country's two letters, two
// check digits, and 11 to 30 letters and digits, which as a number leave 1 when divided by 97. Groups may have a space
// or hyphen between them. Of several ends it returns the last.
func ibanEnd(s string, i int) int {
	const shortest, longest = 15, 34
	var head [4]int // The country and the check digits count last.
	count, remainder, end := 0, 0, i
	for at := i; at < len(s) && count < longest; at++ {
		if c := s[at]; (c == ' ' || c == '-') && count > 0 && isAlphanumeric(s[at-1]) {
			continue
		} else if !isAlphanumeric(c) {
			return end
		}
		isLetter := isASCIILetter(s[at])
		value := int(s[at] - '0')
		if isLetter {
			value = int(lowerByte(s[at])-'a') + 10
		}
		if count < len(head) {
			if isLetter != (count < 2) {
				return end
			}
			head[count] = value //nolint:gosec // count is less than its length
		} else {
			remainder = ibanAdd(remainder, value)
		}
		count++
		if count >= shortest && (at+1 == len(s) || !isAlphanumeric(s[at+1])) {
			total := remainder
			for _, value := range head {
				total = ibanAdd(total, value)
			}
			if total == 1 {
				end = at + 1
			}
		}
	}
	return end
}

func ibanAdd(remainder, value int) int {
	if value >= 10 {
		return (remainder*100 + value) % 97
	}
	return (remainder*10 + value) % 97
}

func isAlphanumeric(c byte) bool {
	return isASCIILetter(c) || c >= '0' && c <= '9'
}
