package enrich

import (
	"net/url"
	"strings"
)

// Bounds of a parameter's name and value, in runes.
const (
	maxParamName  = 255
	maxParamValue = maxCleanURL
)

// param is one parameter of an address, decoded and fit to be stored.
type param struct {
	name, value string
	hasValue    bool // "a=" has, "a" has not
	campaign    bool
}

// nextParam reads the first parameter of the query that may be stored, and returns what follows it. Unlike net/url it
// takes whatever browsers send: a stray "%", a ";", and "&amp;", which comes from links that were escaped twice.
//
// What it returns, encoded and read again, is the same: sessions are computed anew from stored addresses.
func nextParam(query, host string) (p param, rest string, ok bool) {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, value, hasValue := strings.Cut(strings.TrimPrefix(pair, "amp;"), "=")
		name = FixText(decodeComponent(name), maxParamName)
		class := classify(name)
		if name == "" || class == paramSensitive {
			continue
		}
		limit := maxParamValue
		if class == paramCampaign || class == paramTerm {
			limit = maxCampaignValue
		}
		value = FixText(decodeComponent(value), limit)
		switch {
		case class == paramTerm:
			value = cleanTerm(value)
		case class == paramSearch, name == "p" && strings.Contains(host, "yahoo."):
			value = stripToFit(value, limit)
		}
		if looksLikeEmail(value) || looksLikeEmail(name) || hidesSensitive(value) {
			continue
		}
		return param{name: name, value: value, hasValue: hasValue, campaign: limit == maxCampaignValue}, query, true
	}
	return param{}, "", false
}

// appendQuery appends the query's parameters in their order and returns them. It reports false where they are more
// than 100, or buffer would exceed limit bytes.
func appendQuery(buffer []byte, query, host string, limit int) (out []byte, values url.Values, all bool) {
	if query == "" {
		return buffer, nil, true
	}
	most := min(maxParams, strings.Count(query, "&")+1)
	list := newParams(most)
	separator := byte('?')
	for {
		var p param
		var ok bool
		if p, query, ok = nextParam(query, host); !ok {
			return buffer, list.values, true
		}
		buffer = appendParam(buffer, separator, p)
		if list.count == maxParams || len(buffer) > limit {
			return nil, nil, false
		}
		separator = '&'
		list.add(p, most)
	}
}

// params collects the parameters that an address keeps.
type params struct {
	values url.Values
	ones   []string // Nearly every name has one value: room for them all at once.
	count  int
}

func newParams(most int) params {
	return params{ones: make([]string, most)}
}

func (l *params) add(p param, most int) {
	if l.values == nil {
		l.values = make(url.Values, most)
	}
	if former, ok := l.values[p.name]; ok {
		l.values[p.name] = append(former, p.value)
	} else {
		l.ones[l.count] = p.value
		l.values[p.name] = l.ones[l.count : l.count+1 : l.count+1]
	}
	l.count++
}

// appendTooLong does what appendPath and appendQuery do, for an address that does not fit: buffer holds its origin.
// The parameters of a campaign are kept first, because an attribution hangs on them, then the path, then the other
// parameters, in their order, while they fit; of a path at least 255 bytes. What is kept stands in its former order.
func appendTooLong(buffer []byte, path, query, host string) (out []byte, pathEnd int, values url.Values) {
	var all []param
	for {
		p, rest, ok := nextParam(query, host)
		if !ok {
			break
		}
		all, query = append(all, p), rest
	}
	keep := make([]bool, len(all))
	sizes := make([]int, len(all))
	var scratch []byte
	for i, p := range all {
		scratch = appendParam(scratch[:0], '&', p)
		sizes[i] = len(scratch)
	}
	count := 0
	choose := func(campaign bool, room int) int {
		for i, p := range all {
			if p.campaign == campaign && count < maxParams && sizes[i] <= room {
				keep[i] = true
				count++
				room -= sizes[i]
			}
		}
		return room
	}
	start := len(buffer)
	whole, _, _ := appendPath(nil, path, maxPath, maxCleanURL)
	beside := maxCleanURL - start
	room := choose(true, beside-min(len(whole), maxPath))
	campaigns := beside - min(len(whole), maxPath) - room
	buffer, pathEnd, _ = appendPath(buffer, path, start+maxPath, maxCleanURL-campaigns)
	choose(false, maxCleanURL-campaigns-len(buffer))

	list := newParams(count)
	separator := byte('?')
	for i, p := range all {
		if keep[i] {
			buffer = appendParam(buffer, separator, p)
			separator = '&'
			list.add(p, count)
		}
	}
	return buffer, pathEnd, list.values
}

func appendParam(buffer []byte, separator byte, p param) []byte {
	buffer = append(buffer, separator)
	buffer = appendQueryPart(buffer, p.name)
	if p.hasValue {
		buffer = append(buffer, '=')
		buffer = appendQueryPart(buffer, p.value)
	}
	return buffer
}

// appendQueryPart does what url.QueryEscape does, without a string between.
func appendQueryPart(buffer []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case isUnreserved(c):
			buffer = append(buffer, c)
		case c == ' ':
			buffer = append(buffer, '+')
		default:
			buffer = appendEscape(buffer, c)
		}
	}
	return buffer
}

// decodeComponent undoes percent-encoding and the plus for a space. An escape that is none stands for itself.
func decodeComponent(s string) string {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '+' {
			c = ' '
		} else if b, ok := unescape(s[i:]); ok {
			c = b
			i += 2
		}
		out = append(out, c)
	}
	return string(out)
}

// looksLikeEmail reports whether s has an e-mail address in it: a word, "@" or "%40", and a dot after it. Addresses turn
// up in parameters of every name, and none of them belongs into a report.
func looksLikeEmail(s string) bool {
	dot := strings.LastIndexByte(s, '.')
	if dot < 0 || !hasAt(s) {
		return false
	}
	if strings.Contains(s, "%40") {
		s = strings.ReplaceAll(s, "%40", "@")
		dot = strings.LastIndexByte(s, '.')
	}
	for at := 1; at < dot; at++ {
		if s[at] == '@' && isLocalByte(s[at-1]) && isLocalByte(s[at+1]) && at+1 < dot {
			return true
		}
	}
	return false
}

// isLocalByte reports whether c may stand beside the "@" of an e-mail address, which may be in any script.
func isLocalByte(c byte) bool {
	return isWordByte(c) || c >= 0x80
}

// hidesSensitive reports whether a value is an address that has a sensitive parameter of its own, escaped up to once
// more, as in "next=/reset?token=…".
func hidesSensitive(value string) bool {
	if strings.IndexByte(value, '=') < 0 && !strings.Contains(value, "%3") {
		return false
	}
	return hasSensitivePair(value) || strings.IndexByte(value, '%') >= 0 && hasSensitivePair(decodeComponent(value))
}

func hasSensitivePair(value string) bool {
	for {
		start := strings.IndexAny(value, "?&#;")
		if start < 0 {
			return false
		}
		value = value[start+1:]
		end := strings.IndexAny(value, "=?&#;")
		if end > 0 && value[end] == '=' && isSensitive(strings.TrimPrefix(value[:end], "amp;")) {
			return true
		}
	}
}
