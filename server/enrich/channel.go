package enrich

import (
	"slices"
	"strings"
)

// The channels: how a session was won.
const (
	ChannelDirect        = "Direct"
	ChannelOrganicSearch = "Organic Search"
	ChannelPaidSearch    = "Paid Search"
	ChannelOrganicSocial = "Organic Social"
	ChannelPaidSocial    = "Paid Social"
	ChannelEmail         = "Email"
	ChannelDisplay       = "Display"
	ChannelAffiliates    = "Affiliates"
	ChannelReferral      = "Referral"
	ChannelAI            = "AI Assistants"
	ChannelOther         = "Other"
)

// Channel sorts a session by the first rule that holds. In the rules, the source's kind is that of utm_source where it
// is a known name, else that of the referrer; the medium is utm_medium in lower case with "_" for spaces and hyphens;
// paid means a medium of cpc, ppc, cpm, cpv, cpa, cpp, cpl, ad, ads, sem, sponsored, promoted, retargeting, remarketing,
// or one that begins or ends with paid.
//
//	 1  Affiliates      the medium is affiliate(s)
//	 2  Email           the medium is email, e_mail, mail or newsletter
//	 3  Paid Social     paid, and the source is social, or the click carries the id of a social network
//	                    (fbclid, ttclid, twclid, li_fat_id); or the medium is paid_social, social_paid, …
//	 4  Display         the medium is display, banner, interstitial, expandable, native, programmatic, gdn or cpm,
//	                    or the source is Meta's Audience Network
//	 5  Paid Search     paid, and the source is a search engine; or the medium is sem, paid_search, …
//	 6  Paid Search     the click carries gclid, gbraid, wbraid or msclkid, which ads alone get
//	 7  Paid Social     the click carries ttclid, twclid or li_fat_id, likewise
//	 8  Other           paid in any other way
//	 9  Email           the source is a mail service, or is called newsletter or email
//	10  AI Assistants   the source is an AI assistant
//	11  Organic Social  the source is social, the medium is social, social_media, social_network or sm,
//	                    or the click carries fbclid, which links that nobody paid for get too
//	12  Organic Search  the source is a search engine, or the medium is organic
//	13  Referral        the medium is referral or link, or another site led here
//	14  Direct          nothing led here
//	15  Other           the rest: a campaign of an unknown kind
func Channel(c Campaign, r Referrer) string {
	t := trafficOf(c, r)
	switch {
	case t.mediumIs("affiliate", "affiliates"):
		return ChannelAffiliates
	case t.mediumIs("email", "e_mail", "mail", "newsletter"):
		return ChannelEmail
	case t.paid && (t.kind == KindSocial || t.clicked(ClickFacebook, ClickTikTok, ClickX, ClickLinkedIn)),
		t.paid && strings.Contains(t.medium, "social"):
		return ChannelPaidSocial
	case t.mediumIs("display", "banner", "interstitial", "expandable", "native", "programmatic", "gdn", "cpm"), t.source == "Audience Network":
		return ChannelDisplay
	case t.paid && (t.kind == KindSearch || t.medium == "sem" || strings.Contains(t.medium, "search")):
		return ChannelPaidSearch
	case t.clicked(ClickGoogle, ClickGoogleApp, ClickGoogleWeb, ClickMicrosoft):
		return ChannelPaidSearch
	case t.clicked(ClickTikTok, ClickX, ClickLinkedIn):
		return ChannelPaidSocial
	case t.paid:
		return ChannelOther
	case t.kind == KindEmail, strings.EqualFold(t.source, "newsletter"), strings.EqualFold(t.source, "email"):
		return ChannelEmail
	case t.kind == KindAI:
		return ChannelAI
	case t.kind == KindSocial, t.mediumIs("social", "social_media", "social_network", "sm"), t.clicked(ClickFacebook):
		return ChannelOrganicSocial
	case t.kind == KindSearch, t.medium == "organic":
		return ChannelOrganicSearch
	case t.mediumIs("referral", "link"), t.kind == KindOther:
		return ChannelReferral
	case t.source == SourceDirect && t.medium == "" && !t.tagged:
		return ChannelDirect
	default:
		return ChannelOther
	}
}

// traffic is what the rules of Channel ask about.
type traffic struct {
	source string
	medium string
	kind   ReferrerKind
	click  ClickIDKind
	paid   bool
	tagged bool // a campaign's name or id is there
}

func trafficOf(c Campaign, r Referrer) traffic {
	t := traffic{
		medium: normalizeMedium(c.Medium),
		click:  c.ClickIDKind,
		tagged: c.CampaignID != "" || c.CampaignName != "" || c.AdsetID != "" || c.AdID != "" || c.ClickID != "",
	}
	t.source, t.kind = sourceOf(c, r)
	t.paid = isPaid(t.medium)
	return t
}

func normalizeMedium(medium string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(medium), "-", "_"), " ", "_")
}

func isPaid(medium string) bool {
	switch medium {
	case "cpc", "ppc", "cpm", "cpv", "cpa", "cpp", "cpl", "ad", "ads", "sem", "sponsored", "promoted", "retargeting", "remarketing":
		return true
	default:
		return strings.HasPrefix(medium, "paid") || strings.HasSuffix(medium, "paid")
	}
}

func (t traffic) mediumIs(names ...string) bool {
	return slices.Contains(names, t.medium)
}

func (t traffic) clicked(kinds ...ClickIDKind) bool {
	return slices.Contains(kinds, t.click)
}
