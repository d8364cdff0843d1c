package enrich

import "strings"

// IsMacro reports whether a value is, or has in it, a placeholder that an ad platform should have replaced: Meta's
// "{{campaign.id}}", Google's and Microsoft's "{campaignid}", TikTok's "__CAMPAIGN_ID__", percent-encoded up to twice
// or not at all. Such a value names no campaign.
//
// Within other text, single braces and double underscores count only around a name that a platform uses: people call
// campaigns "{US} Sale" and "US__VIDEO__Sale". "_CAMPAIGN_NAME_" counts too: guides misspell TikTok's macros so, and
// TikTok leaves that as it is.
func IsMacro(s string) bool {
	for range 2 {
		if strings.IndexByte(s, '%') < 0 {
			break
		}
		s = decodeComponent(s)
	}
	s = strings.TrimSpace(s)
	return hasBraceMacro(s) || hasUnderscoreMacro(s)
}

func hasBraceMacro(s string) bool {
	for rest := s; ; {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			return false
		}
		double := strings.HasPrefix(rest[open:], "{{")
		rest = rest[open+1:]
		if double {
			if strings.Contains(rest, "}}") {
				return true
			}
			continue
		}
		name, _, closed := strings.Cut(rest, "}")
		if !closed {
			return false
		}
		whole := len(name)+2 == len(s)
		name, _, _ = strings.Cut(name, ":") // {keyword:default}, {ifsearch:google}
		if whole && isMacroName(name) || isValueTrack(name) {
			return true
		}
	}
}

func isMacroName(name string) bool {
	for i := range len(name) {
		if !isWordByte(name[i]) && name[i] != '.' {
			return false
		}
	}
	return name != ""
}

// isValueTrack knows the parameters of Google's ValueTrack and of Microsoft Advertising, in any case.
func isValueTrack(name string) bool {
	if len(name) > 24 {
		return false
	}
	switch strings.ToLower(name) {
	case "campaignid", "campaign", "adgroupid", "adgroup", "creative", "adid", "placement", "network", "keyword", "querystring",
		"matchtype", "bidmatchtype", "device", "devicemodel", "targetid", "target", "orderitemid", "feeditemid", "extensionid",
		"assetgroupid", "campaigntype", "customerid", "accountid", "criterionid", "loc_physical_ms", "loc_interest_ms", "loc_physical", "loc_interest", "gclid", "gbraid", "wbraid", "msclkid", "lpurl",
		"escapedlpurl", "unescapedlpurl", "random", "adposition", "adtype", "sourceid", "merchant_id", "product_id",
		"product_channel", "product_country", "product_language", "product_partition_id", "productid", "offerid", "store_code",
		"ifsearch", "ifcontent", "ifmobile", "ifnotmobile", "ifnative", "ifpla", "iflia", "websitecallmetric", "aceid", "ignore", "param1", "param2":
		return true
	default:
		return strings.HasPrefix(name, "_") // custom parameters: {_mine}
	}
}

func hasUnderscoreMacro(s string) bool {
	if len(s) > 4 && strings.HasPrefix(s, "__") && strings.HasSuffix(s, "__") && isUpperSnake(s[2:len(s)-2]) {
		return true
	}
	if name := strings.Trim(s, "_"); len(name) == len(s)-2 && s[0] == '_' && s[len(s)-1] == '_' && isTikTokMacro(name) {
		return true
	}
	for rest := s; ; {
		_, after, ok := strings.Cut(rest, "__")
		if !ok {
			return false
		}
		// A third underscore may belong to what stands before.
		name, _, closed := strings.Cut(strings.TrimLeft(after, "_"), "__")
		if closed && isTikTokMacro(name) {
			return true
		}
		rest = after
	}
}

// isTikTokMacro knows the names of TikTok's macros, without the underscores around them.
func isTikTokMacro(name string) bool {
	switch name {
	case "CAMPAIGN_ID", "CAMPAIGN_NAME", "AID", "AID_NAME", "CID", "CID_NAME", "PLACEMENT", "CALLBACK_PARAM", "CLICKID", "CSITE", "CTYPE",
		"CONVERT_ID", "ADVERTISER_ID", "VIDEO_ID", "PRODUCT_ID", "DOMAIN", "OS", "TS", "SL", "IDFA", "GAID", "ANDROIDID1", "IP", "UA", "UA1":
		return true
	default:
		return false
	}
}

func isUpperSnake(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return s[0] >= 'A' && s[0] <= 'Z' && s[len(s)-1] != '_'
}
