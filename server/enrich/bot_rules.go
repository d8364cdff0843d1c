package enrich

import "strings"

// ownRules knows what isbot does not, or does not tell nearer than "a bot". It reads the user agent word by word,
// because a hundred searches through the whole text cost ten times as much as one look at each of its twenty words.
func ownRules(ua string) BotReason {
	switch {
	case strings.HasPrefix(ua, "WhatsApp/"): // Inside a longer user agent it would be the app's own browser.
		return BotLinkPreview
	case strings.HasPrefix(ua, "k6/"), strings.HasPrefix(ua, "got "), ua == "node", ua == "got":
		return BotHTTPLibrary
	}
	for start := 0; start < len(ua); {
		if !isWordByte(ua[start]) {
			start++
			continue
		}
		end := start
		var buffer [32]byte // Longer words are cut: no mark is as long.
		word := buffer[:0]
		for end < len(ua) && isWordByte(ua[end]) {
			if len(word) < len(buffer) {
				word = append(word, lowerByte(ua[end]))
			}
			end++
		}
		if reason := reasonOfWord(string(word)); reason != NotABot {
			return reason
		}
		start = end
	}
	return NotABot
}

// reasonOfWord judges one lower-case word of a user agent: letters, digits, "-" and "_".
func reasonOfWord(word string) BotReason {
	switch word {
	case "phantomjs", "slimerjs", "htmlunit", "jsdom", "happy-dom", "happydom", "puppeteer", "playwright", "selenium",
		"webdriver", "cypress", "nightmare", "splash", "wkhtmltopdf", "wkhtmltoimage":
		return BotHeadless

	case "gptbot", "chatgpt-user", "oai-searchbot", "claudebot", "claude-user", "claude-searchbot", "claude-web",
		"anthropic", "anthropic-ai", "perplexitybot", "perplexity-user", "google-extended", "google-cloudvertexbot",
		"bytespider", "ccbot", "cohere-ai", "cohere-training-data-crawler", "meta-externalagent", "meta-externalfetcher",
		"amazonbot", "mistralai-user", "duckassistbot", "youbot", "deepseekbot", "diffbot", "applebot-extended", "petalbot":
		return BotAICrawler

	case "lighthouse", "chrome-lighthouse", "ptst", "gtmetrix", "pingdom", "pingdombot", "uptimerobot", "statuscake",
		"site24x7", "datadogsynthetics", "catchpoint", "newrelic", "newrelicsynthetics", "newrelicpinger", "checkly",
		"speedcurve", "betterstack", "uptime", "hetrixtools", "ruxitsynthetic", "dareboost", "updown", "freshping",
		"nodeping", "zabbix", "nagios", "check_http":
		return BotMonitor

	case "facebookexternalhit", "facebookcatalog", "slackbot", "slackbot-linkexpanding", "slack-imgproxy", "discordbot",
		"twitterbot", "telegrambot", "linkedinbot", "skypeuripreview", "pinterestbot", "embedly", "iframely", "redditbot",
		"bingpreview", "mastodon", "cardyb", "vkshare", "bitlybot", "flipboardproxy":
		return BotLinkPreview

	case "curl", "pycurl", "wget", "httpie", "aiohttp", "httpx", "urllib", "scrapy", "java", "apache-httpclient",
		"apache-httpasyncclient", "okhttp", "go-http-client", "node-fetch", "undici", "axios", "superagent", "guzzle",
		"guzzlehttp", "php", "libwww-perl", "lwp", "faraday", "httparty", "rest-client", "reqwest", "ureq", "dart",
		"postmanruntime", "insomnia", "winhttp", "restsharp", "jakarta", "jmeter", "apachebench", "gatling", "vegeta", "colly",
		"go-resty", "fasthttp", "hackney":
		return BotHTTPLibrary

	case "googleother", "google-inspectiontool", "google-read-aloud", "adsbot-google", "adsbot-google-mobile",
		"mediapartners-google", "yandexmobilebot", "slurp", "ia_archiver", "archive", "heritrix", "nutch", "feedfetcher-google",
		"feedly", "feedbin", "newsblur", "inoreader", "screaming", "sistrix", "netcraft", "nmap", "nikto", "sqlmap", "nuclei",
		"masscan", "zgrab", "censysinspect", "w3c_validator", "validator":
		return BotUserAgent
	}
	switch {
	case strings.HasPrefix(word, "headless"):
		return BotHeadless
	case strings.HasPrefix(word, "python"):
		return BotHTTPLibrary
	default:
		return NotABot // isbot looks for "bot", "crawler" and "spider".
	}
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

func lowerByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}
