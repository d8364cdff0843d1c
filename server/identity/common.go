package identity

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// commonPasswords are about 23,000 of the most common passwords and the words they are made of: lower case, sorted by
// bytes, one a line. common_generate.go makes it and says from what; common_passwords.LICENSE is its source's.
//
//go:embed common_passwords.txt
var commonPasswords string

const (
	// maxListed is the length of the list's longest line.
	maxListed = 20
	// minOwnWord is the shortest part of an address or name that is looked for.
	minOwnWord = 3
	// maxTailDigits and maxTailSigns are how much people commonly add to a word: a year, an exclamation mark.
	maxTailDigits = 4
	maxTailSigns  = 2
)

// IsCommonPassword reports whether a password is one of those that everybody tries first: one of the common ones, or
// such a word with the usual additions and substitutions ("Summer2024!", "P4ssw0rd"), or no more than a repetition or
// a sequence. Upper and lower case are the same to it. It takes a microsecond or two, whatever the text.
func IsCommonPassword(password string) bool {
	folded := fold(password)
	if isMonotonous(folded) {
		return true
	}
	for _, word := range undecorated(folded) {
		if len(word) > maxListed {
			continue
		}
		if isListed(word) {
			return true
		}
		asI := spelledOut(word, 'i')
		if asI == word || !isWord(asI) {
			continue
		}
		if asL := spelledOut(word, 'l'); isListed(asI) || asL != asI && isListed(asL) {
			return true
		}
	}
	return false
}

// IsGuessable reports whether a password is made of the account's own e-mail address or name, or of a word of them,
// with nothing but the usual additions and substitutions. It does not look for common passwords.
func IsGuessable(password, email, name string) bool {
	own := ownWords(email, name)
	for _, word := range undecorated(fold(password)) {
		for _, spelling := range []string{word, spelledOut(word, 'i'), spelledOut(word, 'l')} {
			if slices.Contains(own, lettersAndDigits(spelling)) {
				return true
			}
		}
	}
	return false
}

// ownWords lists what an account is called, as lettersAndDigits.
func ownWords(email, name string) []string {
	email, name = fold(email), fold(name)
	local, domain, _ := strings.Cut(email, "@")
	local, _, _ = strings.Cut(local, "+") // what follows says where the address was used
	host, _, _ := strings.Cut(domain, ".")
	var own []string
	for _, text := range append(strings.FieldsFunc(local+" "+name, isSeparator), email, local, local+"@"+domain, domain, host, name) {
		if word := lettersAndDigits(text); utf8.RuneCountInString(word) >= minOwnWord {
			own = append(own, word)
		}
	}
	return own
}

func fold(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

func isSeparator(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// lettersAndDigits leaves the rest out: "ada.lovelace" and "Ada Lovelace" are one.
func lettersAndDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if isSeparator(r) {
			return -1
		}
		return r
	}, text)
}

// isWord reports whether the text has only letters, of ASCII.
func isWord(text string) bool {
	for i := range len(text) {
		if text[i] < 'a' || text[i] > 'z' {
			return false
		}
	}
	return true
}

// isListed looks a word up by bisection, in the list as it lies in the program: nothing is built at the start.
func isListed(word string) bool {
	low, high := 0, len(commonPasswords) // both at the beginning of a line
	for low < high {
		middle := (low + high) / 2
		start := low + strings.LastIndexByte(commonPasswords[low:middle], '\n') + 1
		end := start + strings.IndexByte(commonPasswords[start:], '\n')
		switch strings.Compare(word, commonPasswords[start:end]) {
		case 0:
			return true
		case -1:
			high = start
		default:
			low = end + 1
		}
	}
	return false
}

// undecorated returns the word, and if they differ the word without what people add to its end, and without what they
// add to both ends: of "!summer2024" also "!summer" and "summer".
func undecorated(word string) []string {
	words := make([]string, 0, 3)
	words = append(words, word)
	if end := strings.TrimRightFunc(word, isAddition); len(end) < len(word) && isUsualAddition(word[len(end):]) {
		word = end
		words = append(words, word)
	}
	if start := strings.TrimLeftFunc(word, isAddition); len(start) < len(word) && isUsualAddition(word[:len(word)-len(start)]) {
		words = append(words, start)
	}
	return words
}

// isAddition reports whether r is a digit or sign of ASCII, or a space.
func isAddition(r rune) bool {
	return r < utf8.RuneSelf && !(r >= 'a' && r <= 'z')
}

// isUsualAddition reports whether the digits and signs are few, or the digits a sequence: others are not guessed.
func isUsualAddition(text string) bool {
	digits := strings.TrimFunc(text, isSeparator)
	if signs := len(text) - len(digits); signs > maxTailSigns {
		return false
	}
	return len(digits) <= maxTailDigits || isMonotonous(digits)
}

// spelledOut returns the word with the letters for which digits and signs commonly stand; one is what 1 and ! stand for.
func spelledOut(word string, one byte) string {
	var out []byte
	for i := range len(word) {
		letter := letterFor(word[i], one)
		if letter == word[i] {
			continue
		}
		if out == nil {
			out = []byte(word)
		}
		out[i] = letter
	}
	if out == nil {
		return word
	}
	return string(out)
}

func letterFor(c, one byte) byte {
	switch c {
	case '@', '4':
		return 'a'
	case '3':
		return 'e'
	case '0':
		return 'o'
	case '$', '5':
		return 's'
	case '7':
		return 't'
	case '1', '!':
		return one
	default:
		return c
	}
}

// isMonotonous reports whether the text is a run ("12345678", "hgfedcba"), has no more than two different characters,
// or is a short or listed text over and over ("abc1abc1", "monkeymonkey").
func isMonotonous(text string) bool {
	return isRun(text) || hasTwoCharacters(text) || isRepetition(text)
}

// isRun reports whether each byte is the one after or before its neighbour, the 0 standing after the 9.
func isRun(text string) bool {
	up, down := true, true
	for i := 1; i < len(text); i++ {
		step := int(text[i]) - int(text[i-1])
		up = up && (step == 1 || text[i-1] == '9' && text[i] == '0')
		down = down && (step == -1 || text[i-1] == '0' && text[i] == '9')
	}
	return up || down
}

func hasTwoCharacters(text string) bool {
	a, b := rune(-1), rune(-1)
	for _, r := range text {
		switch {
		case r == a || r == b:
		case a == -1:
			a = r
		case b == -1:
			b = r
		default:
			return false
		}
	}
	return true
}

// maxPeriod is the longest text whose repetition alone is refused.
const maxPeriod = 4

func isRepetition(text string) bool {
	for period := 1; period <= len(text)/2; period++ {
		// A text is periodic if it is itself when moved by the period.
		if len(text)%period == 0 && text[period:] == text[:len(text)-period] {
			return period <= maxPeriod || isListed(text[:period])
		}
	}
	return false
}
