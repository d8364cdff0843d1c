package enrich

// knownApp knows Android apps by their package.
func knownApp(app string) (site, bool) {
	switch app {
	case "com.google.android.googlequicksearchbox", "com.google.android.launcher", "com.android.chrome":
		return site{"Google", KindSearch}, true
	case "com.google.android.gm":
		return site{"Gmail", KindEmail}, true
	case "com.google.android.youtube":
		return site{"YouTube", KindSocial}, true
	case "com.google.android.apps.bard":
		return site{"Gemini", KindAI}, true
	case "com.microsoft.bing":
		return site{"Bing", KindSearch}, true
	case "com.duckduckgo.mobile.android":
		return site{"DuckDuckGo", KindSearch}, true
	case "com.microsoft.office.outlook":
		return site{"Outlook", KindEmail}, true
	case "com.yahoo.mobile.client.android.mail":
		return site{"Yahoo Mail", KindEmail}, true
	case "ch.protonmail.android":
		return site{"Proton Mail", KindEmail}, true
	case "com.facebook.katana", "com.facebook.lite":
		return site{"Facebook", KindSocial}, true
	case "com.facebook.orca":
		return site{"Messenger", KindSocial}, true
	case "com.instagram.android":
		return site{"Instagram", KindSocial}, true
	case "com.instagram.barcelona":
		return site{"Threads", KindSocial}, true
	case "com.whatsapp", "com.whatsapp.w4b":
		return site{"WhatsApp", KindSocial}, true
	case "com.twitter.android", "com.twitter.android.lite":
		return site{"X", KindSocial}, true
	case "com.linkedin.android":
		return site{"LinkedIn", KindSocial}, true
	case "com.reddit.frontpage":
		return site{"Reddit", KindSocial}, true
	case "com.pinterest":
		return site{"Pinterest", KindSocial}, true
	case "com.snapchat.android":
		return site{"Snapchat", KindSocial}, true
	case "com.zhiliaoapp.musically", "com.ss.android.ugc.trill":
		return site{"TikTok", KindSocial}, true
	case "org.telegram.messenger", "org.telegram.plus":
		return site{"Telegram", KindSocial}, true
	case "com.slack":
		return site{"Slack", KindSocial}, true
	case "com.discord":
		return site{"Discord", KindSocial}, true
	case "xyz.blueskyweb.app":
		return site{"Bluesky", KindSocial}, true
	case "org.joinmastodon.android":
		return site{"Mastodon", KindSocial}, true
	case "com.openai.chatgpt":
		return site{"ChatGPT", KindAI}, true
	case "com.anthropic.claude":
		return site{"Claude", KindAI}, true
	case "ai.perplexity.app.android":
		return site{"Perplexity", KindAI}, true
	case "com.microsoft.copilot":
		return site{"Copilot", KindAI}, true
	case "com.deepseek.chat":
		return site{"DeepSeek", KindAI}, true
	default:
		return site{}, false
	}
}
