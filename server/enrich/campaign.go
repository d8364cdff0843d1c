package enrich

import (
	"net/url"
	"strings"
)

// maxCampaignValue is the length of a campaign's fields in runes: that of the utm columns.
const maxCampaignValue = 255

// ClickIDKind says which ad network marked a click, by the name of its parameter.
type ClickIDKind string

// The click ids known, in the order in which they are looked for.
const (
	ClickGoogle    ClickIDKind = "gclid"
	ClickGoogleApp ClickIDKind = "gbraid" // from an iOS app to the web
	ClickGoogleWeb ClickIDKind = "wbraid" // from the web to an iOS app
	ClickFacebook  ClickIDKind = "fbclid" // on every link that leaves Facebook or Instagram, paid or not
	ClickMicrosoft ClickIDKind = "msclkid"
	ClickTikTok    ClickIDKind = "ttclid"
	ClickX         ClickIDKind = "twclid"
	ClickLinkedIn  ClickIDKind = "li_fat_id"
)

// Campaign is what a page's address says about the campaign and ad that led there. Every field is FixText of what was
// sent, at most 255 runes. A macro that the ad platform did not fill in leaves its field empty.
type Campaign struct {
	Source       string // utm_source, as given; Source canonicalizes it
	Medium       string // utm_medium
	CampaignID   string // utm_campaign_id, else utm_id
	CampaignName string // utm_campaign_name, else utm_campaign
	AdsetID      string // utm_adset_id
	AdsetName    string // utm_adset_name, else utm_adset
	AdID         string // utm_ad_id
	AdName       string // utm_ad_name, else utm_ad
	Placement    string // utm_placement
	Term         string // utm_term
	Content      string // utm_content
	ClickID      string
	ClickIDKind  ClickIDKind // "" without a ClickID
	// Whether a macro arrived as it was written, such as "{{campaign.id}}": the ad's tracking is set up wrongly.
	HasMacro bool
}

// ParseCampaign reads the campaign out of a page's parameters, such as CleanURL returns.
func ParseCampaign(query url.Values) Campaign {
	var c Campaign
	if len(query) == 0 {
		return c
	}
	read := func(names ...string) string {
		for _, name := range names {
			for _, value := range query[name] {
				value = FixText(value, maxCampaignValue)
				if IsMacro(value) {
					c.HasMacro = true
				} else if value != "" {
					return value
				}
			}
		}
		return ""
	}
	c.Source = read("utm_source")
	c.Medium = read("utm_medium")
	c.CampaignID = read("utm_campaign_id", "utm_id")
	c.CampaignName = read("utm_campaign_name", "utm_campaign")
	c.AdsetID = read("utm_adset_id")
	c.AdsetName = read("utm_adset_name", "utm_adset")
	c.AdID = read("utm_ad_id")
	c.AdName = read("utm_ad_name", "utm_ad")
	c.Placement = read("utm_placement")
	c.Term = read("utm_term")
	c.Content = read("utm_content")
	for _, kind := range [...]ClickIDKind{
		ClickGoogle, ClickGoogleApp, ClickGoogleWeb, ClickFacebook, ClickMicrosoft, ClickTikTok, ClickX, ClickLinkedIn,
	} {
		if id := read(string(kind)); id != "" {
			c.ClickID, c.ClickIDKind = id, kind
			break
		}
	}
	return c
}

// Identity says which ad or campaign this is, or "" if none: a session ends when an event brings another identity that
// is not empty. It is made of the source, the campaign, the ad set, the ad and the click id, and of nothing else: a
// medium alone is none. Ids count before names, and the spellings of a known source are one. It is the same for the
// same fields in every version, and at most 1,279 runes long.
func (c Campaign) Identity() string {
	source := c.Source
	if source != "" {
		source, _ = canonicalSource(source)
		source = strings.ToLower(source)
	}
	parts := [...]string{source, firstOf(c.CampaignID, c.CampaignName), firstOf(c.AdsetID, c.AdsetName), firstOf(c.AdID, c.AdName), c.ClickID}
	size := len(parts) - 1
	for _, part := range parts {
		size += len(part)
	}
	if size == len(parts)-1 {
		return ""
	}
	var out strings.Builder
	out.Grow(size)
	for i, part := range parts {
		if i > 0 {
			out.WriteByte('\x1f') // FixText lets no control character into a field.
		}
		out.WriteString(part)
	}
	return out.String()
}

func firstOf(id, name string) string {
	if id != "" {
		return id
	}
	return name
}
