package enrich

import "strings"

// The classes of devices in Device.Device.
const (
	DeviceDesktop = "desktop"
	DeviceMobile  = "mobile"
	DeviceTablet  = "tablet"
	DeviceTV      = "tv"
	DeviceOther   = "other" // game consoles, headsets, and whatever does not say
)

// maxUserAgent is how many bytes of a user agent are read. The longest of real browsers have about 350.
const maxUserAgent = 512

// Device is what a user agent says about the visitor's browser. Browser and OS come from closed lists, so that a
// stranger cannot fill a report with made-up names; what is not on them is "".
type Device struct {
	Browser        string // such as "Chrome"; the app's name for a browser inside an app, such as "Instagram"
	BrowserVersion string // major, or major.minor where the minor is not zero: "131", "17.4"
	OS             string // such as "Windows"
	OSVersion      string // likewise; "" where the browser no longer tells the truth or none exists
	Device         string // one of the Device constants, never ""
}

// ParseUserAgent reads the first 512 bytes of a user agent.
//
// Three things no reader of user agents can know: Windows 11 calls itself Windows 10, macOS since 11 calls itself
// 10.15.7, and an iPad asks for desktop pages as a Mac.
func ParseUserAgent(ua string) Device {
	ua = ua[:min(len(ua), maxUserAgent)]
	var d Device
	d.OS, d.OSVersion = operatingSystem(ua)
	d.Browser, d.BrowserVersion = browser(ua, d.OS)
	d.Device = deviceClass(ua, d)
	return d
}

// deviceClass goes from the particular to the general: a television runs Android too, and a tablet is an Android
// that does not call itself mobile.
func deviceClass(ua string, d Device) string {
	switch {
	case d.OS == osPlayStation, d.OS == osXbox, d.OS == osNintendo, d.Browser == browserQuest:
		return DeviceOther
	case isTV(ua, d.OS):
		return DeviceTV
	case strings.Contains(ua, "iPad"), strings.Contains(ua, "PlayBook"), strings.Contains(ua, "Kindle"):
		return DeviceTablet
	case strings.Contains(ua, "Mobi"), strings.Contains(ua, "iPhone"), strings.Contains(ua, "iPod"),
		d.Browser == browserOperaMini, d.OS == osWindowsPhone, d.OS == osKaiOS, d.OS == osBlackBerry:
		return DeviceMobile
	case d.OS == osAndroid, d.OS == osHarmony:
		return DeviceTablet
	case d.OS == osWindows, d.OS == osMacOS, d.OS == osLinux, d.OS == osChromeOS, d.OS == osBSD:
		return DeviceDesktop
	default:
		return DeviceOther
	}
}

func isTV(ua, os string) bool {
	if os == osTVOS || os == osRoku {
		return true
	}
	marks := [...]string{
		"TV", // SMART-TV, SmartTV, Android TV, GoogleTV, AppleTV, HbbTV, MiTV, " TV Safari"
		"Web0S", "NetCast", "VIDAA", "BRAVIA", "Viera", "CrKey", "MiBOX",
		"; AFT", // Fire TV: AFTKA, AFTMM, …
	}
	for _, mark := range marks {
		if strings.Contains(ua, mark) {
			return true
		}
	}
	return false
}
