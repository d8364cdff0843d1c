package enrich

import "strings"

// maxSearchTerm is the length of a search term in runes.
const maxSearchTerm = 255

// SearchTerm returns the words that a visitor looked for, when the referrer is the page of a search engine that knownSite
// knows and it still tells them, as few do nowadays; else "". They are FixText, at most 255 runes, and StripPersonal.
// Of a referrer and of CleanReferrer of it they are the same.
func SearchTerm(referrer string) string {
	if strings.IndexByte(referrer, '?') < 0 {
		return ""
	}
	host, ok := referrerHost(referrer)
	if !ok {
		return ""
	}
	found, ok := knownHost(host, registrable(host))
	if !ok || found.kind != KindSearch {
		return ""
	}
	page, err := CleanURL(referrer)
	if err != nil {
		return ""
	}
	for _, name := range searchParams(found.name) {
		for _, value := range page.Query[name] {
			term := stripToFit(FixText(value, maxSearchTerm), maxSearchTerm)
			// Google's links that lead on have an address in the same parameter.
			if _, _, isURL := cutScheme(term); term != "" && !isURL {
				return term
			}
		}
	}
	return ""
}

// searchParams names the parameters in which a search engine carries what was looked for.
func searchParams(engine string) []string {
	switch engine {
	case "Yahoo":
		return []string{"p", "q"}
	case "Yandex":
		return []string{"text"}
	case "Baidu":
		return []string{"wd", "word"}
	case "Naver", "Startpage", "Swisscows", "Petal Search", "Marginalia", "Rambler", "Cốc Cốc":
		return []string{"query", "q"}
	case "Sogou":
		return []string{"query", "keyword"}
	case "MetaGer":
		return []string{"eingabe"}
	case "WEB.DE":
		return []string{"su", "q"}
	default:
		return []string{"q", "query"}
	}
}
