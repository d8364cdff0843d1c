package enrich

import (
	"net/http"
	"strings"

	"zgo.at/isbot"
)

// BotReason says why a hit counts as a program's, or "" for a person's. The codes are stored and shown: never reuse or
// rename one.
type BotReason string

// The reasons, in the order in which they are looked for: the first that holds is given.
const (
	NotABot BotReason = ""
	// BotPrefetch: the browser fetched the page ahead, and nobody has looked at it (Purpose, Sec-Purpose, X-Moz headers).
	BotPrefetch BotReason = "prefetch"
	// BotAutomated: the browser says that a program drives it (navigator.webdriver).
	BotAutomated BotReason = "automated"
	// BotUserAgentEmpty: there is no user agent, which every browser sends.
	BotUserAgentEmpty BotReason = "user_agent_empty"
	// BotHeadless: a browser without a screen, or a tool that drives one: Headless Chrome, Puppeteer, Playwright, jsdom.
	BotHeadless BotReason = "headless"
	// BotAICrawler: collects pages for a language model or fetches one for its user: GPTBot, ClaudeBot, Perplexity-User.
	BotAICrawler BotReason = "ai_crawler"
	// BotMonitor: checks that a site is up or how fast it is: Lighthouse, Pingdom, UptimeRobot.
	BotMonitor BotReason = "monitor"
	// BotLinkPreview: fetches what a messenger shows below a link: facebookexternalhit, WhatsApp, Slackbot.
	BotLinkPreview BotReason = "link_preview"
	// BotHTTPLibrary: a programming library or command-line tool: curl, python-requests, Go-http-client.
	BotHTTPLibrary BotReason = "http_library"
	// BotUserAgent: calls itself a bot, crawler or spider, or is known to be one.
	BotUserAgent BotReason = "user_agent_bot"
	// BotUserAgentLink: has a link in its user agent, as crawlers do so that they can be asked to stop.
	BotUserAgentLink BotReason = "user_agent_link"
	// BotUserAgentShort: shorter or plainer than any browser's user agent.
	BotUserAgentShort BotReason = "user_agent_short"
	// BotRate: sends faster than a person can. Pace tells it, not DetectBot, and only when no other reason holds.
	BotRate BotReason = "rate"
)

// Hit is what DetectBot looks at.
type Hit struct {
	UserAgent string
	// What the page says of navigator.webdriver.
	Automated bool
	// The request's headers, or nil where an event reached us through a partner's server.
	Headers http.Header
}

// DetectBot says whether a program made the hit. It reads the first 512 bytes of the user agent. It knows those who say
// what they are and those who forgot to hide it; one that imitates a browser well is not found here.
func DetectBot(hit Hit) BotReason {
	ua := strings.TrimSpace(hit.UserAgent[:min(len(hit.UserAgent), maxUserAgent)])
	switch {
	case isPrefetch(hit.Headers):
		return BotPrefetch
	case hit.Automated:
		return BotAutomated
	case ua == "":
		return BotUserAgentEmpty
	case strings.Contains(hit.Headers.Get("Sec-Ch-Ua"), "HeadlessChrome"):
		return BotHeadless
	}
	if reason := ownRules(ua); reason != NotABot {
		return reason
	}
	switch isbot.UserAgent(ua) {
	case isbot.NoBotKnown, isbot.NoBotNoMatch:
		return NotABot
	case isbot.BotClientLibrary:
		return BotHTTPLibrary
	case isbot.BotLink:
		return BotUserAgentLink
	case isbot.BotShort:
		return BotUserAgentShort
	default:
		return BotUserAgent
	}
}

func isPrefetch(headers http.Header) bool {
	if len(headers) == 0 {
		return false
	}
	// Sec-Purpose is a list: "prefetch;prerender".
	return isbot.Prefetch(headers) || strings.HasPrefix(headers.Get("Sec-Purpose"), "prefetch") ||
		strings.HasPrefix(headers.Get("Purpose"), "prefetch")
}
