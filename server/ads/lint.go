package ads

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/microtracker/microtracker/server/enrich"
)

// FindingKind is what may be wrong with an ad's address.
type FindingKind string

// The kinds.
const (
	// FindingUnfilled: a macro was not filled in: it arrived on a page as it was written.
	FindingUnfilled FindingKind = "unfilled"
	// FindingMisspelt: no platform knows it, but it is like one that the platform knows.
	FindingMisspelt FindingKind = "misspelt"
	// FindingOtherPlatform: it is another platform's.
	FindingOtherPlatform FindingKind = "other_platform"
	// FindingUnknown: the platform does not know it.
	FindingUnknown FindingKind = "unknown"
	// FindingEncoded: it is percent-encoded, and platforms fill in what is not.
	FindingEncoded FindingKind = "encoded"
	// FindingMissing: what our sessions are known by is not there.
	FindingMissing FindingKind = "missing"
	// FindingName: a parameter is not named as ours are.
	FindingName FindingKind = "name"
	// FindingTwice: a parameter is there twice.
	FindingTwice FindingKind = "twice"
	// FindingFragment: parameters stand behind a #, where only the page sees them.
	FindingFragment FindingKind = "fragment"
	// FindingQuestionMark: a question mark stands among the parameters.
	FindingQuestionMark FindingKind = "question_mark"
	// FindingClickID: a click id was copied into the address: each click brings its own.
	FindingClickID FindingKind = "click_id"
)

// maxFindings bounds what is found in one address.
const maxFindings = 50

// Finding is one thing that is wrong.
type Finding struct {
	Kind      FindingKind `json:"kind"`
	Parameter string      `json:"parameter"`
	// Value is what stands there, Fixed what should; empty: nothing is known or nothing should.
	Value string `json:"value,omitempty"`
	Fixed string `json:"fixed,omitempty"`
	// Detail says in words what is wrong and what to do.
	Detail string `json:"detail"`
}

// Linted is an address with what is wrong in it.
type Linted struct {
	// Platform is the one that was given, or that its macros, click id or source tell of; empty: none.
	Platform string
	Findings []Finding
	// Fixed is the address as it should be given to the platform.
	Fixed string
}

// Lint checks the address that an ad is given. ErrNoLink, ErrLongLink.
func Lint(address, platform string) (*Linted, error) { return lint(address, platform, false) }

// LintLanded checks the address that somebody landed on by an ad: there all macros should have been filled in.
func LintLanded(address, platform string) (*Linted, error) { return lint(address, platform, true) }

type linter struct {
	*Linted

	link   *link
	landed bool
}

func lint(address, platform string, landed bool) (*Linted, error) {
	read, err := readLink(address)
	if err != nil {
		return nil, err
	}
	l := &linter{Linted: &Linted{Platform: platform}, link: read, landed: landed}
	l.splitFragment()
	if l.Platform == "" {
		l.Platform = guessPlatform(read.parameters)
	}
	l.names()
	for i := range read.parameters {
		l.value(&read.parameters[i])
	}
	if !landed {
		l.complete()
	}
	l.Fixed = read.String()
	return l.Linted, nil
}

func (l *linter) find(kind FindingKind, p parameter, fixed, detail string) {
	if len(l.Findings) < maxFindings {
		l.Findings = append(l.Findings, Finding{Kind: kind, Parameter: show(p.name), Value: enrich.FixText(p.value, maxText), Fixed: fixed, Detail: detail})
	}
}

// splitFragment brings parameters that stand behind a # in front of it.
func (l *linter) splitFragment() {
	anchor, query, ok := strings.Cut(l.link.fragment, "?")
	if !ok && strings.Contains(l.link.fragment, "utm_") {
		anchor, query = "", strings.TrimPrefix(l.link.fragment, "#")
	}
	if !strings.Contains(query, "utm_") {
		return
	}
	l.find(FindingFragment, parameter{name: "#"}, "", "parameters stand behind a #: put them in front of it")
	l.link.parameters, l.link.fragment = append(l.link.parameters, readParameters(query)...), anchor
}

// guessPlatform goes by macros, then by click ids and the source.
func guessPlatform(parameters []parameter) string {
	values := url.Values{}
	for _, p := range parameters {
		values.Set(p.name, decoded(p.value))
	}
	best, most := "", 0
	for _, platform := range []string{"facebook", "google", "tiktok", "microsoft"} {
		count := 0
		for _, macro := range allMacros(platform) {
			if slices.ContainsFunc(parameters, func(p parameter) bool { return decoded(p.value) == macro }) {
				count++
			}
		}
		if count > most {
			best, most = platform, count
		}
	}
	if best != "" {
		return best
	}
	campaign := enrich.ParseCampaign(values)
	if campaign.ClickID == "" && campaign.Source == "" {
		return ""
	}
	return enrich.AdPlatform(campaign)
}

// names mends the names of parameters, and takes out those that are there twice.
func (l *linter) names() {
	seen := map[string]bool{}
	var kept []parameter
	queue := l.link.parameters
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		if at := strings.IndexByte(p.value, '?'); at >= 0 && strings.Contains(p.value[at:], "utm_") {
			l.find(FindingQuestionMark, p, "", "a second ? stands here: join parameters by &")
			queue = append(readParameters(p.value[at+1:]), queue...)
			p.value = p.value[:at]
		}
		if name := mendName(p.name); name != p.name {
			l.find(FindingName, p, name, fmt.Sprintf("%q is not read: name it %s", show(p.name), name))
			p.name = name
		}
		if kind := clickKind(p.name); kind != "" && p.value != "" && !l.landed && !enrich.IsMacro(p.value) {
			l.find(FindingClickID, p, "", "it is the id of one click: leave it out, each click brings its own")
			continue
		}
		if strings.HasPrefix(p.name, "utm_") && seen[p.name] {
			l.find(FindingTwice, p, "", "it stands there twice: leave one out")
			continue
		}
		seen[p.name] = true
		kept = append(kept, p)
	}
	l.link.parameters = kept
}

func clickKind(name string) string {
	switch name {
	case "gclid", "gbraid", "wbraid", "fbclid", "msclkid", "ttclid", "twclid", "li_fat_id":
		return name
	}
	return ""
}

// known are the parameters that our sessions are told by.
func known() []string {
	return []string{
		"utm_source", "utm_medium", "utm_id", "utm_campaign", "utm_campaign_id", "utm_campaign_name", "utm_adset_id", "utm_adset", "utm_adset_name",
		"utm_ad_id", "utm_ad", "utm_ad_name", "utm_placement", "utm_term", "utm_content",
	}
}

// mendName is the name that somebody meant: in small letters, with _ for -, and with a letter wrong, too many or too few.
func mendName(name string) string {
	small := strings.ToLower(strings.ReplaceAll(decoded(name), "-", "_"))
	switch small {
	case "utm_adgroup_id", "utm_adgroupid", "utm_adsetid":
		return "utm_adset_id"
	case "utm_adid", "utm_creative_id":
		return "utm_ad_id"
	case "utm_campaignid":
		return "utm_campaign_id"
	}
	if !strings.HasPrefix(small, "utm") || slices.Contains(known(), small) {
		if strings.HasPrefix(small, "utm") {
			return small
		}
		return name
	}
	for _, one := range known() {
		if len(one) > 6 && len(small) > 6 && isOneOff(small, one) {
			return one
		}
	}
	return name
}

// isOneOff reports whether two texts differ by one letter, or by two neighbours that have changed places.
func isOneOff(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch len(b) - len(a) {
	case 0:
		if i == len(a) {
			return true
		}
		return a[i+1:] == b[i+1:] || i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
	case 1:
		return a[i:] == b[i+1:]
	}
	return false
}

func decoded(value string) string {
	for range 2 {
		text, err := url.QueryUnescape(value)
		if err != nil {
			break
		}
		value = text
	}
	return value
}

// value checks one parameter's macro.
func (l *linter) value(p *parameter) {
	text := decoded(p.value)
	if !enrich.IsMacro(text) {
		if !looksLikeMacro(text) {
			return
		}
		if fixed := l.similar(text); fixed != "" {
			l.find(FindingMisspelt, *p, fixed, fmt.Sprintf("%s fills in %s, not this", l.Platform, fixed))
			p.value = fixed
		}
		return
	}
	macro, isKnown := knownMacro(l.Platform, text)
	switch other := ownerOf(text); {
	case isKnown && macro != p.value && strings.Contains(p.value, "%"):
		l.find(FindingEncoded, *p, macro, "it is percent-encoded: write it as "+macro)
	case isKnown && l.landed:
		l.find(FindingUnfilled, *p, macro, "it arrived as it was written: give it to the platform where that fills in macros, and not to a link that it does not serve")
	case isKnown:
		return
	case other != "" && other != l.Platform && l.Platform != "":
		macro = l.macroFor(p.name)
		l.find(FindingOtherPlatform, *p, macro, fmt.Sprintf("it is a macro of %s: %s does not fill it in", other, l.Platform))
	default:
		if macro = l.similar(text); macro == "" {
			macro = l.macroFor(p.name)
			l.find(FindingUnknown, *p, macro, "no such macro is filled in by "+orThePlatform(l.Platform)+": it stays as it is")
		} else {
			l.find(FindingMisspelt, *p, macro, fmt.Sprintf("%s fills in %s, not this", l.Platform, macro))
		}
	}
	if macro != "" {
		p.value = macro
	}
}

func orThePlatform(platform string) string {
	if platform == "" {
		return "any platform that we know"
	}
	return platform
}

// knownMacro finds a macro of the platform: Google's and Microsoft's in any case of letters.
func knownMacro(platform, text string) (macro string, ok bool) {
	isExact := platform == "facebook" || platform == "tiktok"
	for _, one := range allMacros(platform) {
		if one == text {
			return one, true
		}
		if !isExact && strings.EqualFold(one, text) {
			return text, true
		}
	}
	return "", false
}

func allMacros(platform string) []string {
	var list []string
	for _, p := range macrosOf(platform) {
		list = append(list, p.value)
	}
	return append(list, othersOf(platform)...)
}

func ownerOf(text string) string {
	for _, platform := range []string{"facebook", "google", "tiktok", "microsoft"} {
		if _, ok := knownMacro(platform, text); ok {
			return platform
		}
	}
	return ""
}

// macroFor is the macro that fills a parameter; empty: none does.
func (l *linter) macroFor(name string) string {
	for _, p := range macrosOf(l.Platform) {
		if p.name == name || name == "utm_campaign_id" && p.name == "utm_id" || name == p.name+"_name" {
			return p.value
		}
	}
	return ""
}

// similar is the platform's macro with the same letters, whatever stands between and around them.
func (l *linter) similar(text string) string {
	letters := bare(text)
	for _, one := range allMacros(l.Platform) {
		if known := bare(one); known == letters || len(letters) > 4 && isOneOff(known, letters) {
			return one
		}
	}
	return ""
}

// looksLikeMacro knows what somebody took for a macro: braces that are not closed, single ones around a word, underscores around capitals.
func looksLikeMacro(text string) bool {
	return strings.HasPrefix(text, "{") || strings.HasSuffix(text, "}") || strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") ||
		strings.HasPrefix(text, "_") && strings.HasSuffix(text, "_") && strings.ToUpper(text) == text && len(text) > 4
}

func bare(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(text))
}

// complete adds what our sessions are known by and the address has not.
func (l *linter) complete() {
	has := func(names ...string) bool {
		return slices.ContainsFunc(l.link.parameters, func(p parameter) bool { return p.value != "" && slices.Contains(names, p.name) })
	}
	source, medium := sourceOf(l.Platform)
	source = escaped(source, "")
	for _, needed := range []struct {
		names []string
		fixed string
	}{
		{[]string{"utm_source"}, source},
		{[]string{"utm_medium"}, medium},
		{[]string{"utm_id", "utm_campaign_id"}, l.macroFor("utm_id")},
		{[]string{"utm_adset_id"}, l.macroFor("utm_adset_id")},
		{[]string{"utm_ad_id"}, l.macroFor("utm_ad_id")},
	} {
		if has(needed.names...) {
			continue
		}
		p := parameter{name: needed.names[0], value: needed.fixed}
		l.find(FindingMissing, parameter{name: p.name}, needed.fixed, "it is not there: sessions are not known to be this ad's without it")
		if p.value != "" && !(l.Platform == "" && p.name != "utm_source") {
			l.link.parameters = slices.DeleteFunc(l.link.parameters, func(old parameter) bool { return old.name == p.name })
			l.link.parameters = append(l.link.parameters, p)
		}
	}
}
