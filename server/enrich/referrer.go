package enrich

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// ReferrerKind says what sort of place a visitor came from.
type ReferrerKind string

// The kinds of referrers.
const (
	KindNone   ReferrerKind = "none" // there is no referrer, or none that names a place
	KindOwn    ReferrerKind = "own"  // another page of the same site: no source
	KindSearch ReferrerKind = "search"
	KindSocial ReferrerKind = "social"
	KindAI     ReferrerKind = "ai"
	KindEmail  ReferrerKind = "email"
	KindOther  ReferrerKind = "other"
)

// Referrer is where a visitor came from.
type Referrer struct {
	Domain string // the registrable domain, such as "google.co.uk"; a host's address or bare name if it has none
	Name   string // what people call it, such as "Google"; "" if it is not known
	Kind   ReferrerKind
}

// maxReferrer is how many bytes of a referrer are read for its host.
const maxReferrer = maxRawURL

// ParseReferrer reads the referrer of a page on ownHost. Of a web address only the host counts: more than that no
// browser tells another site nowadays. An Android app's package ("android-app://com.google.android.gm") counts likewise.
// What cannot be read is KindNone: a referrer is a hint, not a reason to refuse an event.
func ParseReferrer(referrer, ownHost string) Referrer {
	if app, ok := androidPackage(referrer); ok {
		return androidApp(app)
	}
	host, ok := referrerHost(referrer)
	if !ok {
		return Referrer{Kind: KindNone}
	}
	domain := registrable(host)
	if sameSite(host, domain, ownHost) {
		return Referrer{Domain: domain, Kind: KindOwn}
	}
	if found, ok := knownHost(host, domain); ok {
		return Referrer{Domain: domain, Name: found.name, Kind: found.kind}
	}
	return Referrer{Domain: domain, Kind: KindOther}
}

// sameSite reports whether ownHost has the same registrable domain as a referrer's host.
func sameSite(host, domain, ownHost string) bool {
	if ownHost == "" {
		return false
	}
	own, _, ok := cleanAuthority(ownHost, "")
	if !ok {
		return false
	}
	// The registrable domain of ownHost is a suffix of it: without one in common, spare the search.
	return own == host || strings.HasSuffix(own, domain) && registrable(own) == domain
}

// registrable returns the domain that somebody registered, by the public suffix list: "example.co.uk" of
// "www.example.co.uk", "me.github.io" of itself. A host that has none, such as an address, stands for itself.
func registrable(host string) string {
	if host[0] == '[' || !hasLetter(host) {
		return host
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return host
	}
	return domain
}

func hasLetter(host string) bool {
	for i := range len(host) {
		if host[i] >= 'a' {
			return true
		}
	}
	return false
}

// knownHost looks a host up: it itself, then without its first label, down to its registrable domain.
func knownHost(host, domain string) (site, bool) {
	for {
		if found, ok := knownSite(host); ok {
			return found, true
		}
		_, parent, ok := strings.Cut(host, ".")
		if !ok || len(host) <= len(domain) {
			break
		}
		host = parent
	}
	return nationalSite(domain)
}

// nationalSite knows the few that have a domain in nearly every country: google.de, google.co.uk, google.com.au.
func nationalSite(domain string) (site, bool) {
	label, suffix, _ := strings.Cut(domain, ".")
	// Only countries' suffixes: google.blogspot.com is somebody's blog.
	second, country, twoParts := strings.Cut(suffix, ".")
	if twoParts {
		if second != "co" && second != "com" && second != "ne" || len(country) != 2 {
			return site{}, false
		}
	} else if len(suffix) != 2 && suffix != "com" && suffix != "cat" {
		return site{}, false
	}
	switch label {
	case "google":
		return site{"Google", KindSearch}, true
	case "yahoo":
		return site{"Yahoo", KindSearch}, true
	case "yandex":
		return site{"Yandex", KindSearch}, true
	case "pinterest":
		return site{"Pinterest", KindSocial}, true
	default:
		return site{}, false
	}
}

// CleanReferrer returns what of a referrer may be stored, at most 2,048 bytes: CleanURL of a web address, the package of
// an Android app, as "android-app://com.google.android.gm", and "" for anything else. ParseReferrer and SearchTerm tell
// the same of it as of the referrer, and CleanReferrer of its own result changes nothing.
func CleanReferrer(referrer string) string {
	if app, ok := androidPackage(referrer); ok {
		if androidApp(app).Kind == KindNone {
			return ""
		}
		return androidScheme + app
	}
	if page, err := CleanURL(referrer); err == nil {
		return page.URL
	}
	host, ok := referrerHost(referrer)
	if !ok {
		return ""
	}
	return "https://" + host + "/" // Longer than CleanURL reads.
}

const androidScheme = "android-app://"

// androidPackage returns the package that an Android app's referrer names, in lower case.
func androidPackage(referrer string) (app string, ok bool) {
	referrer, _ = trimReferrer(referrer)
	app, ok = cutPrefixFold(referrer, androidScheme)
	if !ok {
		return "", false
	}
	if i := strings.IndexAny(app, "/?#"); i >= 0 {
		app = app[:i]
	}
	return strings.ToLower(FixText(app, maxHost)), true
}

// referrerHost returns the host of a web address, cleaned.
func referrerHost(referrer string) (host string, ok bool) {
	referrer, whole := trimReferrer(referrer)
	_, rest, ok := cutScheme(referrer)
	if !ok {
		return "", false
	}
	if i := strings.IndexAny(rest, `/\?#`); i >= 0 {
		rest = rest[:i]
	} else if !whole {
		return "", false // Its host may go on beyond what was read.
	}
	host, _, ok = cleanAuthority(rest, "")
	return host, ok
}

// trimReferrer cuts off what browsers ignore around an address, as CleanURL does, and what is too long; then it is not
// whole.
func trimReferrer(referrer string) (trimmed string, whole bool) {
	referrer = strings.TrimFunc(referrer, func(r rune) bool { return r <= ' ' })
	if len(referrer) > maxReferrer {
		return referrer[:maxReferrer], false
	}
	return referrer, true
}

func androidApp(app string) Referrer {
	if app == "" || !isMacroName(app) {
		return Referrer{Kind: KindNone}
	}
	if found, ok := knownApp(app); ok {
		return Referrer{Domain: app, Name: found.name, Kind: found.kind}
	}
	return Referrer{Domain: app, Kind: KindOther}
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}
