package enrich

import "strings"

const (
	osAndroid      = "Android"
	osBlackBerry   = "BlackBerry"
	osBSD          = "BSD"
	osChromeOS     = "ChromeOS"
	osHarmony      = "HarmonyOS"
	osIOS          = "iOS" // and iPadOS
	osKaiOS        = "KaiOS"
	osLinux        = "Linux"
	osMacOS        = "macOS"
	osNintendo     = "Nintendo"
	osPlayStation  = "PlayStation"
	osRoku         = "Roku"
	osTizen        = "Tizen"
	osTVOS         = "tvOS"
	osWebOS        = "webOS"
	osWindows      = "Windows"
	osWindowsPhone = "Windows Phone"
	osXbox         = "Xbox"
)

// noVersion stands where a version would be read, for systems that have none to tell.
const noVersion = "\x00"

// operatingSystem finds the first mark of the table that the user agent has, the particular before the general:
// an Xbox is a Windows, a Tizen a Linux, and Windows Phone once called itself Android and iPhone as well.
func operatingSystem(ua string) (name, version string) {
	marks := [...]uaMark{
		{"Windows Phone", osWindowsPhone, "Windows Phone "},
		{"Xbox", osXbox, noVersion},
		{"PlayStation", osPlayStation, noVersion},
		{"Nintendo", osNintendo, noVersion},
		{"Windows NT ", osWindows, ""},
		{"Apple TV", osTVOS, noVersion},
		{"AppleTV", osTVOS, noVersion},
		{"iPhone OS ", osIOS, ""},
		{"CPU OS ", osIOS, ""},
		{"iPhone", osIOS, noVersion},
		{"iPad", osIOS, noVersion},
		{"OpenHarmony", osHarmony, "OpenHarmony "},
		{"HarmonyOS", osHarmony, noVersion}, // its "Android 12" is a courtesy
		{"KAIOS/", osKaiOS, ""},
		{"Tizen", osTizen, "Tizen "},
		{"Web0S", osWebOS, noVersion},
		{"Roku", osRoku, noVersion},
		{"Android", osAndroid, "Android "},
		{"CrOS", osChromeOS, noVersion}, // a build of the platform, which nobody knows it by
		{"Mac OS X ", osMacOS, ""},
		{"Macintosh", osMacOS, noVersion},
		{"BB10", osBlackBerry, noVersion},
		{"BlackBerry", osBlackBerry, noVersion},
		{"FreeBSD", osBSD, noVersion},
		{"OpenBSD", osBSD, noVersion},
		{"Linux", osLinux, noVersion},
		{"X11", osLinux, noVersion},
		{"Windows", osWindows, noVersion},
	}
	for i := range marks {
		mark := &marks[i]
		at := strings.Index(ua, mark.mark)
		switch {
		case at < 0:
			continue
		case mark.version == noVersion:
			return mark.name, ""
		case mark.version != "":
			return mark.name, versionAfter(ua, mark.version)
		case mark.name == osWindows:
			return osWindows, windowsVersion(readVersion(ua[at+len(mark.mark):]))
		default:
			return mark.name, readVersion(ua[at+len(mark.mark):])
		}
	}
	return "", ""
}

// windowsVersion gives the name that people know a version of Windows NT by.
func windowsVersion(nt string) string {
	switch nt {
	case "10":
		return "10" // or 11: browsers do not tell them apart
	case "6.3":
		return "8.1"
	case "6.2":
		return "8"
	case "6.1":
		return "7"
	case "6":
		return "Vista"
	case "5.1", "5.2":
		return "XP"
	default:
		return ""
	}
}
