package enrich

import "strings"

// AdPlatform says which ad platform a campaign's ad is of: by the click id, else by the source, else "facebook", which the
// schema takes for granted. The codes are those of ads_dim.platform and ad_spend_fact.platform.
func AdPlatform(c Campaign) string {
	switch c.ClickIDKind {
	case ClickGoogle, ClickGoogleApp, ClickGoogleWeb:
		return "google"
	case ClickMicrosoft:
		return "microsoft"
	case ClickTikTok:
		return "tiktok"
	case ClickX:
		return "x"
	case ClickLinkedIn:
		return "linkedin"
	case ClickFacebook:
		return "facebook"
	}
	name, _ := canonicalSource(c.Source)
	switch strings.ToLower(name) {
	case "google", "youtube":
		return "google"
	case "bing", "microsoft":
		return "microsoft"
	case "tiktok":
		return "tiktok"
	case "x", "x (twitter)", "twitter":
		return "x"
	case "linkedin":
		return "linkedin"
	case "reddit":
		return "reddit"
	case "pinterest":
		return "pinterest"
	case "snapchat":
		return "snapchat"
	}
	return "facebook"
}
