package enrich

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Bounds of what CleanURL reads and returns, in bytes.
const (
	maxRawURL   = 8192
	maxCleanURL = 2048
	maxPath     = 255 // events.path
	maxHost     = 253 // RFC 1035, as text
	maxParams   = 100
)

// ErrBadURL is returned for a text that is no address of a web page. It does not quote the text.
var ErrBadURL = errors.New("enrich: not an http or https URL")

// CleanedURL is the address of a page with what must not be stored taken out.
type CleanedURL struct {
	// The host in lower case, internationalized names in their ASCII form, without the port. An IPv6 address has its brackets.
	Host string
	// The path, escaped, at most 255 bytes, "/" if there is none. A trailing slash stays: it may be another page.
	Path string
	// The parameters that are in URL, decoded, at most 100 of them. Nil if there are none.
	Query url.Values
	// All of it again: at most 2,048 bytes. Where that is too little, campaign parameters are kept before the path's end,
	// and that before the other parameters, which are kept in their order while they fit.
	URL string
}

// CleanURL reads the address of a page as browsers tell it, forgiving what browsers forgive, such as a "%" that escapes
// nothing. Only http and https are pages. The fragment, user name and password, the scheme's own port, and the
// parameters that isSensitive names or that have an e-mail address in them are left out, and StripPersonal's work is done
// in what a visitor looked for. Escapes are brought to one spelling (RFC 3986, 6.2.2), and control characters and marks
// that reverse text, escaped or not, become U+FFFD. It returns ErrBadURL for anything else, and for more than 8,192 bytes.
//
// CleanURL of the URL that it returns gives the same again, in every field.
func CleanURL(raw string) (CleanedURL, error) {
	if len(raw) > maxRawURL {
		return CleanedURL{}, ErrBadURL
	}
	raw = strings.TrimFunc(raw, func(r rune) bool { return r <= ' ' })
	scheme, rest, ok := cutScheme(raw)
	if !ok {
		return CleanedURL{}, ErrBadURL
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	authority, path := rest, ""
	if i := strings.IndexAny(rest, `/\`); i >= 0 { // Browsers take a backslash for a slash.
		authority, path = rest[:i], rest[i+1:]
	}
	host, port, ok := cleanAuthority(authority, scheme)
	if !ok {
		return CleanedURL{}, ErrBadURL
	}

	buffer := make([]byte, 0, min(len(raw)+16, maxCleanURL))
	buffer = append(buffer, scheme...)
	buffer = append(buffer, "://"...)
	buffer = append(buffer, host...)
	buffer = append(buffer, port...)
	pathAt := len(buffer)
	buffer, pathEnd, whole := appendPath(buffer, path, pathAt+maxPath, maxCleanURL)
	var values url.Values
	if whole {
		buffer, values, whole = appendQuery(buffer, query, host, maxCleanURL)
	}
	if !whole {
		origin := append(make([]byte, 0, maxCleanURL), scheme+"://"+host+port...)
		buffer, pathEnd, values = appendTooLong(origin, path, query, host)
	}
	clean := string(buffer)
	return CleanedURL{Host: host, Path: clean[pathAt:pathEnd], Query: values, URL: clean}, nil
}

// cutScheme splits "https://" off. Schemes are case-insensitive.
func cutScheme(raw string) (scheme, rest string, ok bool) {
	for _, scheme := range [...]string{"https", "http"} {
		n := len(scheme)
		if len(raw) > n+3 && strings.EqualFold(raw[:n], scheme) && raw[n:n+3] == "://" {
			return scheme, raw[n+3:], true
		}
	}
	return "", "", false
}

// cleanAuthority takes "user:password@Host:443" apart. port is "" or begins with a colon.
func cleanAuthority(authority, scheme string) (host, port string, ok bool) {
	authority = authority[strings.LastIndexByte(authority, '@')+1:]
	host = authority
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && i > strings.LastIndexByte(authority, ']') {
		host, port = authority[:i], authority[i:]
	}
	host, ok = cleanHost(host)
	if !ok || !cleanPort(port) {
		return "", "", false
	}
	if port == ":" || scheme == "https" && port == ":443" || scheme == "http" && port == ":80" {
		port = ""
	}
	return host, port, true
}

func cleanPort(port string) bool {
	if len(port) <= 1 {
		return true
	}
	_, err := strconv.ParseUint(port[1:], 10, 16)
	return err == nil
}

// cleanHost brings a host name or address to the one form it is stored and compared in.
func cleanHost(host string) (string, bool) {
	if strings.HasPrefix(host, "[") {
		address, err := netip.ParseAddr(strings.TrimSuffix(host[1:], "]"))
		if err != nil || !address.Is6() || address.Zone() != "" || !strings.HasSuffix(host, "]") {
			return "", false
		}
		return "[" + address.String() + "]", true
	}
	if len(host) > 2*maxHost {
		return "", false
	}
	if !isASCII(host) {
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil || !utf8.ValidString(host) {
			return "", false
		}
		host = ascii
	}
	if strings.Contains(host, "..") {
		return "", false
	}
	host = strings.TrimSuffix(host, ".") // The root's dot changes nothing.
	if host == "" || len(host) > maxHost || host[0] == '.' {
		return "", false
	}
	for i := range len(host) {
		if !isWordByte(host[i]) && host[i] != '.' { // "_" is in no domain's rules and in some domains' names.
			return "", false
		}
	}
	return strings.ToLower(host), true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
