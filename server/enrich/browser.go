package enrich

import "strings"

const (
	browserSafari    = "Safari"
	browserChrome    = "Chrome"
	browserWebView   = "Android WebView"
	browserOperaMini = "Opera Mini"
	browserQuest     = "Meta Quest Browser"
)

// uaMark is a piece of a user agent, what it stands for, and where the version is.
type uaMark struct {
	mark string
	name string
	// What stands before the version, if not the mark itself.
	version string
}

// browser finds the first mark of the table that the user agent has. The order is the meaning: browsers name those they
// resemble ("Chrome/… Safari/… Edg/…"), so the more particular mark stands first. Marks with a slash end in a version.
func browser(ua, os string) (name, version string) {
	marks := [...]uaMark{
		// Browsers inside apps.
		{"Instagram ", "Instagram", ""},
		{"Barcelona ", "Threads", ""},
		{"FBAN/Messenger", "Messenger", "FBAV/"},
		{"FBAV/", "Facebook", ""},
		{"musical_ly", "TikTok", "app_version/"},
		{"trill_", "TikTok", "app_version/"},
		{"BytedanceWebview/", "TikTok", "app_version/"},
		{"Snapchat", "Snapchat", "Snapchat/"},
		{"Pinterest/", "Pinterest", ""},
		{"LinkedInApp", "LinkedIn", ""},
		{"Twitter for", "X", ""},
		{"TwitterAndroid", "X", ""},
		{"MicroMessenger/", "WeChat", ""},
		{"KAKAOTALK", "KakaoTalk", ""},
		{" Line/", "LINE", ""},
		{"GSA/", "Google App", ""},
		// Browsers built on another's engine.
		{"Opera Mini/", browserOperaMini, ""},
		{"OPR/", "Opera", ""},
		{"OPX/", "Opera", ""},
		{"OPT/", "Opera", ""},
		{"OPiOS/", "Opera", ""},
		{"Opera/", "Opera", "Version/"},
		{"Edg/", "Edge", ""},
		{"EdgA/", "Edge", ""},
		{"EdgiOS/", "Edge", ""},
		{"Edge/", "Edge", ""},
		{"SamsungBrowser/", "Samsung Internet", ""},
		{"OculusBrowser/", browserQuest, ""},
		{"YaBrowser/", "Yandex Browser", ""},
		{"Vivaldi/", "Vivaldi", ""},
		{"Brave", "Brave", "Brave/"},
		{"DuckDuckGo/", "DuckDuckGo", ""},
		{"Ddg/", "DuckDuckGo", ""},
		{"UCBrowser/", "UC Browser", ""},
		{"MiuiBrowser/", "Mi Browser", ""},
		{"HuaweiBrowser/", "Huawei Browser", ""},
		{"HeyTapBrowser/", "HeyTap Browser", ""},
		{"VivoBrowser/", "Vivo Browser", ""},
		{"QQBrowser/", "QQ Browser", ""},
		{"Whale/", "Whale", ""},
		{"Silk/", "Silk", ""},
		{"Puffin/", "Puffin", ""},
		{"Electron/", "Electron", ""},
		{"Focus/", "Firefox Focus", ""},
		{"FxiOS/", "Firefox", ""},
		{"SeaMonkey/", "SeaMonkey", ""},
		{"PaleMoon/", "Pale Moon", ""},
		{"Firefox/", "Firefox", ""},
		{"Trident/", "Internet Explorer", "rv:"},
		{"MSIE ", "Internet Explorer", ""},
		// Last, the engines' own browsers.
		{"HeadlessChrome/", "Headless Chrome", ""},
		{"; wv)", browserWebView, "Chrome/"},
		{"CriOS/", browserChrome, ""},
		{"Chromium/", "Chromium", ""},
		{"Chrome/", browserChrome, ""},
	}
	for i := range marks {
		mark := &marks[i]
		at := strings.Index(ua, mark.mark)
		if at < 0 {
			continue
		}
		if mark.version != "" {
			return mark.name, versionAfter(ua, mark.version)
		}
		return mark.name, readVersion(ua[at+len(mark.mark):])
	}
	return webKitBrowser(ua, os)
}

// webKitBrowser tells Apple's Safari from the others that leave no mark but WebKit's.
func webKitBrowser(ua, os string) (name, version string) {
	switch {
	case !strings.Contains(ua, "AppleWebKit/"):
		return "", ""
	case os == osAndroid:
		return "Android Browser", versionAfter(ua, "Version/")
	case strings.Contains(ua, "Safari/") && strings.Contains(ua, "Version/"):
		return browserSafari, versionAfter(ua, "Version/")
	case os == osIOS:
		return "iOS WebView", "" // an app that shows a page and does not name itself
	default:
		return "", ""
	}
}

func versionAfter(ua, mark string) string {
	_, rest, _ := strings.Cut(ua, mark)
	return readVersion(rest)
}

// readVersion reads "131.0.6778.73" as "131" and "17_4_1" as "17.4": two numbers, the second only if it is not zero,
// so that reports by version have as few rows as tell something.
func readVersion(s string) string {
	major := digits(s)
	if major == 0 {
		return ""
	}
	if major+1 < len(s) && (s[major] == '.' || s[major] == '_') {
		if minor := s[major+1 : major+1+digits(s[major+1:])]; strings.Trim(minor, "0") != "" {
			return s[:major] + "." + minor
		}
	}
	return s[:major]
}

// digits returns how many digits s begins with, or 0 if more than any version has.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n > 6 {
		return 0
	}
	return n
}
