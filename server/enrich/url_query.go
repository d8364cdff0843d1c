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

// appendQuery appends the query without its sensitive parameters, in their order, as long as buffer stays within limit
// bytes, and returns the first 100 that are left, decoded. Unlike net/url it takes whatever browsers send: a stray "%",
// a ";", and "&amp;", which comes from links that were escaped twice.
func appendQuery(buffer []byte, query string, limit int) ([]byte, url.Values) {
	if query == "" {
		return buffer, nil
	}
	most := min(maxParams, strings.Count(query, "&")+1)
	values := make(url.Values, most)
	ones := make([]string, most) // Nearly every name has one value: room for them all at once.
	separator := byte('?')
	for count := 0; query != "" && count < maxParams; {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, value, hasValue := strings.Cut(strings.TrimPrefix(pair, "amp;"), "=")
		name = FixText(decodeComponent(name), maxParamName)
		value = FixText(decodeComponent(value), maxParamValue)
		if name == "" || isSensitive(name) || looksLikeEmail(value) || looksLikeEmail(name) {
			continue
		}
		if former, ok := values[name]; ok {
			values[name] = append(former, value)
		} else {
			ones[count] = value
			values[name] = ones[count : count+1 : count+1]
		}
		count++

		before := len(buffer)
		buffer = append(buffer, separator)
		buffer = appendQueryPart(buffer, name)
		if hasValue {
			buffer = append(buffer, '=')
			buffer = appendQueryPart(buffer, value)
		}
		if len(buffer) > limit {
			buffer = buffer[:before] // A shorter one may still fit.
			continue
		}
		separator = '&'
	}
	if len(values) == 0 {
		return buffer, nil
	}
	return buffer, values
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

// isSensitive reports whether a parameter of this name is left out of every stored address: it may open an account,
// carry a session, or tell who a person is. Case, "-", "_" and "." do not matter, and of a nested name the innermost
// part counts: "user[e-mail]" is "email".
//
// Left out are names that end in token, password, passwd, secret, signature, credential, api key or email, and the
// names below. "code" and "key" are among them although shops use them too: a reset link's code opens an account, and
// a voucher's is no dimension of a report.
func isSensitive(name string) bool {
	name = strings.TrimSuffix(name, "[]")
	var buffer [24]byte
	word := buffer[:0]
	// From the end, because the ends of long names matter.
	for i := len(name) - 1; i >= 0 && len(word) < len(buffer); i-- {
		c := name[i]
		if c == '[' || c == '.' {
			break
		}
		if c != '-' && c != '_' && c != ']' && c != ' ' {
			word = append(word, lowerByte(c))
		}
	}
	for i, j := 0, len(word)-1; i < j; i, j = i+1, j-1 {
		word[i], word[j] = word[j], word[i]
	}
	switch string(word) {
	case // What opens an account.
		"pwd", "pass", "passphrase", "pin", "otp", "totp", "mfa", "code", "authcode", "key", "accesskey", "privatekey",
		"auth", "oauth", "authorization", "bearer", "jwt", "ticket", "assertion", "samlresponse", "samlrequest", "nonce",
		"sig", "sign", "hmac", "credentials", "invite", "invitation", "magic",
		// What carries a session.
		"session", "sessionid", "sessid", "sessionkey", "sid", "jsessionid", "phpsessid", "aspsessionid", "oscsid", "cfid",
		"cookie", "csrf", "xsrf",
		// Who a person is.
		"mail", "mceid", "phone", "phonenumber", "mobilenumber", "tel", "telephone", "msisdn", "login", "username",
		"firstname", "lastname", "fullname", "surname", "dob", "birthdate", "birthday", "dateofbirth", "address", "street",
		"ssn", "passport", "taxid", "iban", "cardnumber", "creditcard", "ccnumber", "cvv", "cvc":
		return true
	}
	for _, ending := range [...]string{"token", "password", "passwd", "secret", "signature", "credential", "apikey", "email"} {
		if len(word) >= len(ending) && string(word[len(word)-len(ending):]) == ending {
			return true
		}
	}
	return false
}

// looksLikeEmail reports whether s has an e-mail address in it: a word, "@", and a dot after it. Addresses turn up in
// parameters of every name, and none of them belongs into a report.
func looksLikeEmail(s string) bool {
	for {
		at := strings.IndexByte(s, '@')
		if at < 0 {
			return false
		}
		if at > 0 && isWordByte(s[at-1]) && at+1 < len(s) && isWordByte(s[at+1]) && strings.IndexByte(s[at+1:], '.') > 0 {
			return true
		}
		s = s[at+1:]
	}
}
