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

// maxReferrer is how many bytes of a referrer are read; its host stands at the beginning.
const maxReferrer = 2048

// ParseReferrer reads the referrer of a page on ownHost. Of a web address only the host counts: more than that no
// browser tells another site nowadays. An Android app's package ("android-app://com.google.android.gm") counts likewise.
// What cannot be read is KindNone: a referrer is a hint, not a reason to refuse an event.
func ParseReferrer(referrer, ownHost string) Referrer {
	referrer = strings.TrimSpace(referrer[:min(len(referrer), maxReferrer)])
	if app, ok := cutPrefixFold(referrer, "android-app://"); ok {
		return androidApp(app)
	}
	_, rest, ok := cutScheme(referrer)
	if !ok {
		return Referrer{Kind: KindNone}
	}
	if i := strings.IndexAny(rest, `/\?#`); i >= 0 {
		rest = rest[:i]
	}
	host, _, ok := cleanAuthority(rest, "")
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

func androidApp(app string) Referrer {
	if i := strings.IndexAny(app, "/?#"); i >= 0 {
		app = app[:i]
	}
	app = strings.ToLower(FixText(app, maxHost))
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
