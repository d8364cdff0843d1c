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
	// Whether a macro arrived as it was written, such as "{{campaign.id}}", in any utm parameter or click id, be it one that
	// no field is made of: the ad's tracking is set up wrongly.
	HasMacro bool
}

// campaignIndex is the place of a parameter in what ParseCampaign reads.
type campaignIndex uint8

const (
	fieldNone campaignIndex = iota
	fieldSource
	fieldMedium
	fieldCampaignID
	fieldID
	fieldCampaignName
	fieldCampaign
	fieldAdsetID
	fieldAdsetName
	fieldAdset
	fieldAdID
	fieldAdName
	fieldAd
	fieldPlacement
	fieldTerm
	fieldContent
	fieldClick // The click ids, in the order in which they are looked for.
	fieldCount = fieldClick + campaignIndex(clickKinds)
)

// clickKinds is how many click ids are known.
const clickKinds = 8

// campaignField knows the parameters of a campaign by their exact names.
func campaignField(name string) campaignIndex {
	switch name {
	case "utm_source":
		return fieldSource
	case "utm_medium":
		return fieldMedium
	case "utm_campaign_id":
		return fieldCampaignID
	case "utm_id":
		return fieldID
	case "utm_campaign_name":
		return fieldCampaignName
	case "utm_campaign":
		return fieldCampaign
	case "utm_adset_id":
		return fieldAdsetID
	case "utm_adset_name":
		return fieldAdsetName
	case "utm_adset":
		return fieldAdset
	case "utm_ad_id":
		return fieldAdID
	case "utm_ad_name":
		return fieldAdName
	case "utm_ad":
		return fieldAd
	case "utm_placement":
		return fieldPlacement
	case "utm_term":
		return fieldTerm
	case "utm_content":
		return fieldContent
	default:
		return clickField(name)
	}
}

func clickField(name string) campaignIndex {
	switch ClickIDKind(name) {
	case ClickGoogle:
		return fieldClick
	case ClickGoogleApp:
		return fieldClick + 1
	case ClickGoogleWeb:
		return fieldClick + 2
	case ClickFacebook:
		return fieldClick + 3
	case ClickMicrosoft:
		return fieldClick + 4
	case ClickTikTok:
		return fieldClick + 5
	case ClickX:
		return fieldClick + 6
	case ClickLinkedIn:
		return fieldClick + 7
	default:
		return fieldNone
	}
}

// ParseCampaign reads the campaign out of a page's parameters, such as CleanURL returns. Personal data is taken out of
// Term by StripPersonal, unless it is nothing but an ad platform's id.
func ParseCampaign(query url.Values) Campaign {
	var c Campaign
	var fields [fieldCount]string
	for name, values := range query {
		field := campaignField(name)
		if field == fieldNone && !strings.HasPrefix(name, "utm_") {
			continue
		}
		value, hasMacro := firstValue(values)
		fields[field] = value
		c.HasMacro = c.HasMacro || hasMacro
	}
	c.Source = fields[fieldSource]
	c.Medium = fields[fieldMedium]
	c.CampaignID = firstOf(fields[fieldCampaignID], fields[fieldID])
	c.CampaignName = firstOf(fields[fieldCampaignName], fields[fieldCampaign])
	c.AdsetID = fields[fieldAdsetID]
	c.AdsetName = firstOf(fields[fieldAdsetName], fields[fieldAdset])
	c.AdID = fields[fieldAdID]
	c.AdName = firstOf(fields[fieldAdName], fields[fieldAd])
	c.Placement = fields[fieldPlacement]
	c.Term = cleanTerm(fields[fieldTerm])
	c.Content = fields[fieldContent]
	for i, id := range fields[fieldClick:] {
		if id != "" {
			kinds := [clickKinds]ClickIDKind{
				ClickGoogle, ClickGoogleApp, ClickGoogleWeb, ClickFacebook, ClickMicrosoft, ClickTikTok, ClickX, ClickLinkedIn,
			}
			c.ClickID, c.ClickIDKind = id, kinds[i]
			break
		}
	}
	return c
}

// firstValue returns the first value that is neither empty nor a macro, and whether any is a macro.
func firstValue(values []string) (first string, hasMacro bool) {
	for _, value := range values {
		value = FixText(value, maxCampaignValue)
		if IsMacro(value) {
			hasMacro = true
		} else if first == "" {
			first = value
		}
	}
	return first, hasMacro
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
