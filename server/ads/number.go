package ads

import (
	"errors"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// maxCents is the largest amount that numeric(12, 2) holds, in hundredths.
const maxCents = 999_999_999_999

// What is wrong with a number.
var (
	errNoNumber      = errors.New("it is no number")
	errNegative      = errors.New("it is negative")
	errOverflow      = errors.New("it is larger than can be kept")
	errFinerThanCent = errors.New("it has more than two decimals")
)

// parseCents reads an amount in hundredths: "$1,234.56", "1.234,56 €", "1 234,56". Nothing, and dashes alone, are zero, as
// platforms write it.
func parseCents(text string, decimal byte) (int64, error) {
	whole, decimals, err := digitsOf(text, decimal)
	if err != nil {
		return 0, err
	}
	cents, err := integer(whole, maxCents/100)
	if err != nil {
		return 0, err
	}
	decimals = strings.TrimRight(decimals, "0")
	if len(decimals) > 2 {
		return 0, errFinerThanCent
	}
	rest, err := integer((decimals + "00")[:2], 99)
	return 100*cents + rest, err
}

// parseCount reads a whole number that fits an integer column.
func parseCount(text string, decimal byte) (int64, error) {
	whole, decimals, err := digitsOf(text, decimal)
	if err != nil {
		return 0, err
	}
	if len(decimals) > 2 || strings.Trim(decimals, "0") != "" { // "1.000" is a thousand in another language
		return 0, errNoNumber
	}
	return integer(whole, math.MaxInt32)
}

func integer(digits string, most int64) (int64, error) {
	var n int64
	for i := range len(digits) {
		if n = 10*n + int64(digits[i]-'0'); n > most {
			return 0, errOverflow
		}
	}
	return n, nil
}

// digitsOf splits a number into the digits before and behind its decimal mark. What groups thousands may be the other mark, a space
// or an apostrophe, before three digits each, or two as in India; a currency's code or sign may stand before or behind.
func digitsOf(text string, decimal byte) (whole, decimals string, err error) {
	text = strings.TrimFunc(text, isBlank)
	if strings.Trim(text, "-–—") == "" {
		return "", "", nil
	}
	negative := false
	if strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")") {
		negative, text = true, text[1:len(text)-1]
	}
	text, signed := trimCurrency(text)
	negative = negative || signed
	if text == "" {
		return "", "", errNoNumber
	}
	if at := strings.LastIndexByte(text, decimal); at >= 0 {
		text, decimals = text[:at], text[at+1:]
		if decimals == "" || !isDigits(decimals) {
			return "", "", errNoNumber
		}
	}
	if whole, err = ungroup(text, decimal); err != nil {
		return "", "", err
	}
	if negative && strings.Trim(whole+decimals, "0") != "" {
		return "", "", errNegative
	}
	return whole, decimals, nil
}

// ungroup takes out what groups thousands.
func ungroup(text string, decimal byte) (string, error) {
	var out strings.Builder
	group, mark := 0, rune(0)
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			out.WriteRune(r)
			group++
		case r != rune(decimal) && (r == ',' || r == '.' || r == '\'' || r == '’' || isBlank(r)):
			// The same mark throughout; groups of three, before the first of one to three, in between also of two.
			if mark != 0 && (r != mark || group < 2) || group == 0 || group > 3 {
				return "", errNoNumber
			}
			mark, group = r, 0
		default:
			return "", errNoNumber
		}
	}
	if mark != 0 && group != 3 {
		return "", errNoNumber
	}
	return out.String(), nil
}

// trimCurrency takes a minus and a currency's code or sign off both ends: "-$5", "US$5", "EUR 5", "5 €".
func trimCurrency(text string) (number string, negative bool) {
	for range 2 { // "-$5", "$-5"
		if rest := strings.TrimPrefix(strings.TrimPrefix(text, "-"), "−"); rest != text {
			text, negative = rest, true
		}
		rest := strings.TrimLeftFunc(text, isCapital)
		if letters := len(text) - len(rest); letters == 3 || letters < 3 && strings.HasPrefix(rest, "$") {
			text = rest
		}
		text = strings.TrimLeftFunc(text, isCurrencySign)
	}
	if rest, ok := strings.CutSuffix(text, "-"); ok {
		text, negative = rest, true
	}
	if rest := strings.TrimRightFunc(text, isCapital); len(text)-len(rest) == 3 {
		text = rest
	}
	return strings.TrimRightFunc(text, isCurrencySign), negative
}

func isCapital(r rune) bool { return r >= 'A' && r <= 'Z' }

// isCurrencySign knows the signs, and the blanks between them and a number.
func isCurrencySign(r rune) bool {
	return strings.ContainsRune("$€£¥₹₩₺₽₴₫฿₪₱", r) || isBlank(r)
}

// isBlank knows the spaces that stand in numbers, also the narrow and those that do not break.
func isBlank(r rune) bool {
	return r == ' ' || r == '\t' || r == '\u00a0' || r == '\u202f' || r == '\u2009' || r == '\n' || r == '\r'
}

func isDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

// DateOrder is in which order a file writes year, month and day.
type DateOrder string

// The orders; dates that begin with the year are read in any.
const (
	YearFirst  DateOrder = "ymd"
	DayFirst   DateOrder = "dmy"
	MonthFirst DateOrder = "mdy"
)

// parseDate reads a date; a time of midnight may follow it.
func parseDate(text string, order DateOrder) (time.Time, bool) {
	parts, ok := dateParts(text)
	if !ok {
		return time.Time{}, false
	}
	year, month, day := parts[0], parts[1], parts[2]
	switch {
	case year >= 1000:
	case order == DayFirst:
		year, month, day = parts[2], parts[1], parts[0]
	case order == MonthFirst:
		year, month, day = parts[2], parts[0], parts[1]
	}
	if year < 1000 || year > 9999 {
		return time.Time{}, false
	}
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return date, date.Month() == time.Month(month) && date.Day() == day
}

// dateParts are the three numbers of a date as they stand there.
func dateParts(text string) (parts [3]int, ok bool) {
	text = strings.TrimFunc(text, isBlank)
	if at := strings.IndexAny(text, " T"); at > 0 {
		if strings.Trim(text[at+1:], "0:.Z") != "" {
			return parts, false
		}
		text = text[:at]
	}
	if len(text) == 8 && isDigits(text) {
		text = text[:4] + "-" + text[4:6] + "-" + text[6:]
	}
	n, digits, mark := 0, 0, byte(0)
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9' && digits < 4:
			parts[n] = 10*parts[n] + int(c-'0')
			digits++
		case (c == '-' || c == '/' || c == '.') && digits > 0 && n < 2 && (mark == 0 || c == mark):
			mark, digits = c, 0
			n++
		default:
			return parts, false
		}
	}
	return parts, n == 2 && digits > 0
}

// show is a cell as it may stand in a message.
func show(text string) string {
	if len(text) > 40 {
		text = strings.ToValidUTF8(text[:40], "")
		if last, size := utf8.DecodeLastRuneInString(text); last == utf8.RuneError {
			text = text[:len(text)-size]
		}
		text += "…"
	}
	return text
}
