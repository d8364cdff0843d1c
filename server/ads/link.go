package ads

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/microtracker/microtracker/server/enrich"
)

// maxLink bounds an address in bytes.
const maxLink = 4096

// What is wrong with an address that nothing can be made of.
var (
	ErrNoLink   = errors.New("it is no address: write one that begins with https://")
	ErrLongLink = errors.New("it is longer than 4096 bytes: leave parameters out")
)

// parameter is one of an address, as it stands there.
type parameter struct{ name, value string }

// macrosOf are the parameters that tell our sessions of a platform's ad, with the macros that fill them. Nil: the platform has none that
// we know.
func macrosOf(platform string) []parameter {
	switch platform {
	case "facebook":
		return []parameter{
			{"utm_id", "{{campaign.id}}"},
			{"utm_campaign", "{{campaign.name}}"},
			{"utm_adset_id", "{{adset.id}}"},
			{"utm_adset", "{{adset.name}}"},
			{"utm_ad_id", "{{ad.id}}"},
			{"utm_ad", "{{ad.name}}"},
			{"utm_placement", "{{placement}}"},
		}
	case "google":
		return []parameter{
			{"utm_id", "{campaignid}"}, {"utm_adset_id", "{adgroupid}"}, {"utm_ad_id", "{creative}"}, {"utm_placement", "{placement}"}, {"utm_term", "{keyword}"},
		}
	case "microsoft":
		return []parameter{
			{"utm_id", "{CampaignId}"},
			{"utm_campaign", "{Campaign}"},
			{"utm_adset_id", "{AdGroupId}"},
			{"utm_adset", "{AdGroup}"},
			{"utm_ad_id", "{AdId}"},
			{"utm_term", "{keyword}"},
		}
	case "tiktok":
		return []parameter{
			{"utm_id", "__CAMPAIGN_ID__"},
			{"utm_campaign", "__CAMPAIGN_NAME__"},
			{"utm_adset_id", "__AID__"},
			{"utm_adset", "__AID_NAME__"},
			{"utm_ad_id", "__CID__"},
			{"utm_ad", "__CID_NAME__"},
			{"utm_placement", "__PLACEMENT__"},
		}
	}
	return nil
}

// othersOf are macros of a platform that fill what we have no parameter for.
func othersOf(platform string) []string {
	switch platform {
	case "facebook":
		return []string{"{{site_source_name}}"}
	case "google":
		return []string{"{network}", "{matchtype}", "{device}", "{devicemodel}", "{targetid}", "{gclid}", "{lpurl}", "{adposition}", "{loc_physical_ms}", "{loc_interest_ms}", "{random}", "{campaigntype}", "{assetgroupid}", "{feeditemid}", "{extensionid}"}
	case "microsoft":
		return []string{"{msclkid}", "{MatchType}", "{BidMatchType}", "{Network}", "{Device}", "{TargetId}", "{QueryString}", "{lpurl}", "{AccountId}", "{CustomerId}"}
	case "tiktok":
		return []string{"__CLICKID__", "__CALLBACK_PARAM__", "__CSITE__", "__CTYPE__", "__DOMAIN__", "__VIDEO_ID__", "__PRODUCT_ID__"}
	}
	return nil
}

// sourceOf are the source and medium that a platform's links have by default.
func sourceOf(platform string) (source, medium string) {
	switch platform {
	case "google":
		return "google", "cpc"
	case "microsoft":
		return "bing", "cpc"
	case "reddit", "pinterest", "snapchat", "x", "linkedin", "facebook", "tiktok":
		return platform, "paid_social"
	}
	return platform, "cpc"
}

// LinkRequest says what an ad's address is made of.
type LinkRequest struct {
	Platform string
	// Page is where the ad leads.
	Page string
	// Source and Medium replace the platform's own; Campaign, the campaign's name, stands where the platform fills none in.
	Source, Medium, Campaign string
}

// Link is what an ad is given.
type Link struct {
	// URL is the whole address, Parameters what it has behind the page's own: some platforms have a field for these.
	URL, Parameters string
	// IsStatic says that the platform has no macros that we know: ids and names are to be written by hand.
	IsStatic bool
}

// Build makes the address of an ad, whose macros stand there as they are. Parameters of the page that say the same are replaced.
// ErrNoLink, ErrLongLink.
func Build(r LinkRequest) (*Link, error) {
	page, err := readLink(r.Page)
	if err != nil {
		return nil, err
	}
	source, medium := sourceOf(r.Platform)
	made := []parameter{{"utm_source", escaped(r.Source, source)}, {"utm_medium", escaped(r.Medium, medium)}}
	macros := macrosOf(r.Platform)
	if r.Campaign != "" && !slices.ContainsFunc(macros, func(p parameter) bool { return p.name == "utm_campaign" }) {
		made = append(made, parameter{"utm_campaign", escaped(r.Campaign, "")})
	}
	made = append(made, macros...)
	page.parameters = slices.DeleteFunc(page.parameters, func(p parameter) bool { return strings.HasPrefix(strings.ToLower(p.name), "utm_") })
	link := &Link{Parameters: joinParameters(made), IsStatic: macros == nil}
	page.parameters = append(page.parameters, made...)
	link.URL = page.String()
	if len(link.URL) > maxLink {
		return nil, ErrLongLink
	}
	return link, nil
}

func escaped(given, otherwise string) string {
	if given = enrich.FixText(given, maxText); given == "" {
		given = otherwise
	}
	return url.QueryEscape(given)
}

// link is an address in parts. Its parameters stand as they were written: macros are not to be encoded.
type link struct {
	before     string // the query
	parameters []parameter
	fragment   string // with its #
}

func readLink(text string) (*link, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxLink {
		return nil, ErrLongLink
	}
	l := &link{}
	isText := enrich.FixText(text, maxLink) == text
	if at := strings.IndexByte(text, '#'); at >= 0 {
		text, l.fragment = text[:at], text[at:]
	}
	before, query, _ := strings.Cut(text, "?")
	l.before = before
	parsed, err := url.Parse(before)
	if err != nil || !isText || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http" {
		return nil, ErrNoLink
	}
	l.parameters = readParameters(query)
	return l, nil
}

func readParameters(query string) []parameter {
	var list []parameter
	for part := range strings.SplitSeq(query, "&") {
		if part != "" {
			name, value, _ := strings.Cut(part, "=")
			list = append(list, parameter{name, value})
		}
	}
	return list
}

func (l *link) String() string {
	if len(l.parameters) == 0 {
		return l.before + l.fragment
	}
	return l.before + "?" + joinParameters(l.parameters) + l.fragment
}

func joinParameters(list []parameter) string {
	parts := make([]string, len(list))
	for i, p := range list {
		parts[i] = p.name
		if p.value != "" {
			parts[i] += "=" + p.value
		}
	}
	return strings.Join(parts, "&")
}
