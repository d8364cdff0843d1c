package enrich

import "strings"

// SourceDirect is the source of a session that nothing led to.
const SourceDirect = "Direct / None"

// Source names what led to a session (docs/metrics.md): the utm_source in its canonical spelling, else the referrer's known
// name, else its domain, else SourceDirect. A page of one's own site is no source.
func Source(c Campaign, r Referrer) string {
	name, _ := sourceOf(c, r)
	return name
}

// sourceOf returns the source and its kind: that of utm_source where it is a known name, else that of the referrer.
func sourceOf(c Campaign, r Referrer) (string, ReferrerKind) {
	if c.Source == "" {
		return referrerSource(r), r.Kind
	}
	name, kind := canonicalSource(c.Source)
	if kind == KindNone {
		kind = r.Kind
	}
	return name, kind
}

func referrerSource(r Referrer) string {
	switch {
	case r.Kind == KindOwn || r.Kind == KindNone:
		return SourceDirect
	case r.Name != "":
		return r.Name
	case r.Domain != "":
		return r.Domain
	default:
		return SourceDirect
	}
}

// canonicalSource gives the one name of the many that people write into utm_source for the same thing, and what kind of
// thing it is. An unknown source is returned as given, of KindNone.
func canonicalSource(source string) (string, ReferrerKind) {
	lower := strings.ToLower(source)
	if found, ok := sourceAlias(lower); ok {
		return found.name, found.kind
	}
	host := strings.TrimPrefix(strings.TrimPrefix(lower, "https://"), "http://")
	host, ok := cleanHost(strings.TrimSuffix(host, "/"))
	if !ok {
		return source, KindNone
	}
	if strings.IndexByte(host, '.') < 0 {
		host += ".com" // "tiktok" is known as tiktok.com
		if found, ok := knownHost(host, host); ok {
			return found.name, found.kind
		}
	} else if found, ok := knownHost(host, registrable(host)); ok {
		return found.name, found.kind
	}
	return source, KindNone
}

// sourceAlias knows the names that are no domain's. lower is in lower case.
func sourceAlias(lower string) (site, bool) {
	switch lower {
	case "fb", "fb_ads", "fbads", "facebook_ads", "facebook-ads", "facebook ads", "facebookads", "meta", "meta_ads", "meta-ads", "metaads":
		return site{"Facebook", KindSocial}, true
	case "ig", "insta", "instagram_ads", "instagram-ads", "ig_ads":
		return site{"Instagram", KindSocial}, true
	case "msg":
		return site{"Messenger", KindSocial}, true // Meta's {{site_source_name}}: fb, ig, msg, an, th
	case "an", "audience_network":
		return site{"Audience Network", KindNone}, true
	case "th":
		return site{"Threads", KindSocial}, true
	case "google_ads", "google-ads", "google ads", "googleads", "adwords", "gads", "gmb", "gbp", "google_my_business":
		return site{"Google", KindSearch}, true
	case "bing_ads", "bingads", "bing-ads", "microsoft_ads", "microsoft-ads", "microsoftads":
		return site{"Bing", KindSearch}, true
	case "ddg":
		return site{"DuckDuckGo", KindSearch}, true
	case "ecosia":
		return site{"Ecosia", KindSearch}, true
	case "brave":
		return site{"Brave", KindSearch}, true
	case "seznam":
		return site{"Seznam", KindSearch}, true
	case "yt", "youtube_ads":
		return site{"YouTube", KindSocial}, true
	case "tt", "tiktok_ads", "tiktok-ads", "tiktokads":
		return site{"TikTok", KindSocial}, true
	case "twitter_ads", "x_ads", "twitter / x":
		return site{"X", KindSocial}, true
	case "linkedin_ads", "linkedin-ads", "linkedinads":
		return site{"LinkedIn", KindSocial}, true
	case "reddit_ads":
		return site{"Reddit", KindSocial}, true
	case "pinterest_ads":
		return site{"Pinterest", KindSocial}, true
	case "snap", "snapchat_ads":
		return site{"Snapchat", KindSocial}, true
	case "wa":
		return site{"WhatsApp", KindSocial}, true
	case "telegram":
		return site{"Telegram", KindSocial}, true
	case "bluesky", "bsky":
		return site{"Bluesky", KindSocial}, true
	case "mastodon":
		return site{"Mastodon", KindSocial}, true
	case "hackernews", "hacker news", "hn":
		return site{"Hacker News", KindSocial}, true
	case "producthunt", "product hunt", "product_hunt":
		return site{"Product Hunt", KindSocial}, true
	case "twitch":
		return site{"Twitch", KindSocial}, true
	case "perplexity":
		return site{"Perplexity", KindAI}, true
	case "gemini":
		return site{"Gemini", KindAI}, true
	case "copilot":
		return site{"Copilot", KindAI}, true
	case "mistral":
		return site{"Mistral", KindAI}, true
	case "openai":
		return site{"ChatGPT", KindAI}, true
	case "gmail":
		return site{"Gmail", KindEmail}, true
	case "mailchimp":
		return site{"Mailchimp", KindEmail}, true
	default:
		return site{}, false
	}
}
