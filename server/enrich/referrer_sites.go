package enrich

// site is a place that people know by a name.
type site struct {
	name string
	kind ReferrerKind
}

// knownSite knows about 250 domains and hosts. A host that differs from its domain, such as mail.google.com, stands
// beside it. A switch instead of a map: nothing can change it, and the compiler turns it into a binary search.
func knownSite(host string) (site, bool) {
	for _, lookUp := range [...]func(string) (string, ReferrerKind){searchSite, socialSite, aiSite, emailSite, otherSite} {
		if name, kind := lookUp(host); name != "" {
			return site{name, kind}, true
		}
	}
	return site{}, false
}

// Google, Yahoo and Yandex are known in every country: see nationalSite.
func searchSite(host string) (string, ReferrerKind) {
	name := ""
	switch host {
	case "g.co", "goo.gl":
		name = "Google"
	case "bing.com":
		name = "Bing"
	case "duckduckgo.com", "ddg.gg":
		name = "DuckDuckGo"
	case "ya.ru":
		name = "Yandex"
	case "search.yahoo.com", "r.search.yahoo.com":
		name = "Yahoo"
	case "ecosia.org":
		name = "Ecosia"
	case "search.brave.com", "brave.com":
		name = "Brave"
	case "startpage.com", "ixquick.com":
		name = "Startpage"
	case "qwant.com":
		name = "Qwant"
	case "kagi.com":
		name = "Kagi"
	case "baidu.com":
		name = "Baidu"
	case "naver.com":
		name = "Naver"
	case "daum.net":
		name = "Daum"
	case "sogou.com":
		name = "Sogou"
	case "so.com":
		name = "360 Search"
	case "sm.cn":
		name = "Shenma"
	case "seznam.cz":
		name = "Seznam"
	case "coccoc.com":
		name = "Cốc Cốc"
	case "ask.com":
		name = "Ask"
	case "aol.com", "aol.co.uk":
		name = "AOL"
	case "mojeek.com", "mojeek.co.uk":
		name = "Mojeek"
	case "swisscows.com", "swisscows.ch":
		name = "Swisscows"
	case "metager.org", "metager.de":
		name = "MetaGer"
	case "presearch.com", "presearch.org":
		name = "Presearch"
	case "dogpile.com":
		name = "Dogpile"
	case "lycos.com":
		name = "Lycos"
	case "excite.com", "excite.co.jp":
		name = "Excite"
	case "rambler.ru":
		name = "Rambler"
	case "go.mail.ru":
		name = "Mail.ru"
	case "goo.ne.jp":
		name = "goo"
	case "petalsearch.com":
		name = "Petal Search"
	case "marginalia.nu", "marginalia-search.com":
		name = "Marginalia"
	case "lilo.org":
		name = "Lilo"
	case "t-online.de":
		name = "T-Online"
	case "web.de":
		name = "WEB.DE"
	}
	return name, KindSearch
}

func socialSite(host string) (string, ReferrerKind) {
	name := ""
	switch host {
	case "facebook.com", "fb.com", "fb.me", "fbcdn.net", "workplace.com":
		name = "Facebook"
	case "messenger.com", "m.me":
		name = "Messenger"
	case "instagram.com", "ig.me", "instagr.am":
		name = "Instagram"
	case "threads.net", "threads.com":
		name = "Threads"
	case "whatsapp.com", "wa.me", "whatsapp.net":
		name = "WhatsApp"
	case "x.com", "twitter.com", "t.co":
		name = "X"
	case "linkedin.com", "lnkd.in":
		name = "LinkedIn"
	case "reddit.com", "redd.it":
		name = "Reddit"
	case "youtube.com", "youtu.be", "youtube-nocookie.com":
		name = "YouTube"
	case "tiktok.com", "tiktokv.com", "douyin.com":
		name = "TikTok"
	case "pin.it":
		name = "Pinterest"
	case "snapchat.com":
		name = "Snapchat"
	case "telegram.org", "telegram.me", "t.me":
		name = "Telegram"
	case "bsky.app", "bsky.social", "bsky.link":
		name = "Bluesky"
	case "mastodon.social", "mastodon.online", "mastodon.world", "mastodon.cloud", "mastodon.xyz", "mas.to", "mstdn.social",
		"mstdn.jp", "mstdn.party", "fosstodon.org", "hachyderm.io", "infosec.exchange", "techhub.social", "chaos.social",
		"social.vivaldi.net", "troet.cafe", "pawoo.net", "indieweb.social", "universeodon.com", "c.im", "ruby.social",
		"aus.social", "mathstodon.xyz", "kolektiva.social", "norden.social", "joinmastodon.org", "elk.zone", "phanpy.social":
		name = "Mastodon"
	case "news.ycombinator.com", "hckrnews.com", "hn.algolia.com":
		name = "Hacker News"
	case "lobste.rs":
		name = "Lobsters"
	case "discord.com", "discord.gg", "discordapp.com":
		name = "Discord"
	case "slack.com":
		name = "Slack"
	case "teams.microsoft.com", "teams.live.com", "statics.teams.cdn.office.net":
		name = "Microsoft Teams"
	case "tumblr.com", "t.umblr.com":
		name = "Tumblr"
	case "vk.com", "vk.ru", "vkontakte.ru":
		name = "VK"
	case "ok.ru", "odnoklassniki.ru":
		name = "Odnoklassniki"
	case "weibo.com", "weibo.cn", "t.cn":
		name = "Weibo"
	case "weixin.qq.com", "mp.weixin.qq.com", "wechat.com":
		name = "WeChat"
	case "xiaohongshu.com", "xhslink.com":
		name = "Xiaohongshu"
	case "zhihu.com":
		name = "Zhihu"
	case "bilibili.com", "b23.tv":
		name = "Bilibili"
	case "line.me":
		name = "LINE"
	case "kakao.com", "pf.kakao.com":
		name = "Kakao"
	case "quora.com":
		name = "Quora"
	case "xing.com":
		name = "XING"
	case "twitch.tv":
		name = "Twitch"
	case "vimeo.com":
		name = "Vimeo"
	case "nextdoor.com":
		name = "Nextdoor"
	case "meetup.com":
		name = "Meetup"
	case "flipboard.com":
		name = "Flipboard"
	case "producthunt.com":
		name = "Product Hunt"
	case "lemmy.world", "lemmy.ml":
		name = "Lemmy"
	case "gab.com":
		name = "Gab"
	case "truthsocial.com":
		name = "Truth Social"
	case "linktr.ee":
		name = "Linktree"
	case "disq.us", "disqus.com":
		name = "Disqus"
	}
	return name, KindSocial
}

func aiSite(host string) (string, ReferrerKind) {
	name := ""
	switch host {
	case "chatgpt.com", "chat.openai.com":
		name = "ChatGPT"
	case "claude.ai", "claude.com":
		name = "Claude"
	case "perplexity.ai", "pplx.ai":
		name = "Perplexity"
	case "gemini.google.com", "bard.google.com":
		name = "Gemini"
	case "notebooklm.google.com":
		name = "NotebookLM"
	case "copilot.microsoft.com", "copilot.cloud.microsoft", "m365.cloud.microsoft", "edgeservices.bing.com", "copilot.com":
		name = "Copilot"
	case "mistral.ai":
		name = "Mistral"
	case "deepseek.com":
		name = "DeepSeek"
	case "grok.com", "x.ai":
		name = "Grok"
	case "meta.ai":
		name = "Meta AI"
	case "you.com":
		name = "You.com"
	case "phind.com":
		name = "Phind"
	case "poe.com":
		name = "Poe"
	case "pi.ai":
		name = "Pi"
	case "duck.ai":
		name = "Duck.ai"
	case "kimi.com", "kimi.ai", "kimi.moonshot.cn":
		name = "Kimi"
	case "qwen.ai", "tongyi.aliyun.com", "tongyi.com", "qianwen.com":
		name = "Qwen"
	case "doubao.com":
		name = "Doubao"
	case "yiyan.baidu.com", "chat.baidu.com":
		name = "Ernie"
	case "yuanbao.tencent.com":
		name = "Yuanbao"
	case "chatglm.cn", "z.ai":
		name = "GLM"
	case "genspark.ai":
		name = "Genspark"
	case "manus.im":
		name = "Manus"
	case "felo.ai":
		name = "Felo"
	case "iask.ai":
		name = "iAsk"
	case "andisearch.com":
		name = "Andi"
	case "komo.ai":
		name = "Komo"
	case "consensus.app":
		name = "Consensus"
	case "character.ai":
		name = "Character.AI"
	}
	return name, KindAI
}

func emailSite(host string) (string, ReferrerKind) {
	name := ""
	switch host {
	case "mail.google.com", "gmail.com", "inbox.google.com":
		name = "Gmail"
	case "outlook.com", "outlook.live.com", "outlook.office.com", "outlook.office365.com", "hotmail.com", "mail.live.com",
		"safelinks.protection.outlook.com":
		name = "Outlook"
	case "mail.yahoo.com", "mail.yahoo.co.jp":
		name = "Yahoo Mail"
	case "proton.me", "protonmail.com":
		name = "Proton Mail"
	case "icloud.com":
		name = "iCloud Mail"
	case "mail.aol.com":
		name = "AOL Mail"
	case "fastmail.com":
		name = "Fastmail"
	case "zoho.com", "mail.zoho.com", "zoho.eu":
		name = "Zoho Mail"
	case "gmx.net", "gmx.com", "gmx.de", "gmx.at", "gmx.ch":
		name = "GMX"
	case "navigator.web.de", "dereferrer.web.de", "deref-web.de", "deref-web-02.de":
		name = "WEB.DE Mail"
	case "deref-gmx.net", "deref-mail.com":
		name = "GMX"
	case "e.mail.ru", "mail.ru":
		name = "Mail.ru Mail"
	case "mail.yandex.ru", "mail.yandex.com":
		name = "Yandex Mail"
	case "mail.qq.com":
		name = "QQ Mail"
	case "mail.163.com", "mail.126.com":
		name = "NetEase Mail"
	case "mail.naver.com":
		name = "Naver Mail"
	case "email.t-online.de":
		name = "T-Online Mail"
	case "app.hey.com", "hey.com":
		name = "HEY"
	case "tutanota.com", "tuta.com", "tuta.io":
		name = "Tuta"
	case "mail.superhuman.com", "superhuman.com":
		name = "Superhuman"
	case "list-manage.com", "campaign-archive.com", "mailchi.mp":
		name = "Mailchimp"
	}
	return name, KindEmail
}

func otherSite(host string) (string, ReferrerKind) {
	name := ""
	switch host {
	case "github.com", "gist.github.com":
		name = "GitHub"
	case "googleadservices.com", "doubleclick.net", "googlesyndication.com":
		name = "Google Ads"
	case "msn.com":
		name = "MSN"
	case "medium.com":
		name = "Medium"
	case "substack.com":
		name = "Substack"
	case "huggingface.co":
		name = "Hugging Face"
	case "gitlab.com":
		name = "GitLab"
	case "stackoverflow.com":
		name = "Stack Overflow"
	case "stackexchange.com":
		name = "Stack Exchange"
	case "wikipedia.org":
		name = "Wikipedia"
	case "dev.to":
		name = "DEV"
	case "news.google.com":
		name = "Google News"
	case "docs.google.com":
		name = "Google Docs"
	case "translate.google.com", "translate.goog":
		name = "Google Translate"
	case "maps.google.com", "business.google.com":
		name = "Google Maps"
	case "apps.apple.com":
		name = "App Store"
	case "play.google.com":
		name = "Google Play"
	case "notion.so", "notion.site", "notion.com":
		name = "Notion"
	case "trello.com":
		name = "Trello"
	case "feedly.com":
		name = "Feedly"
	case "getpocket.com":
		name = "Pocket"
	case "trustpilot.com":
		name = "Trustpilot"
	case "g2.com":
		name = "G2"
	case "capterra.com":
		name = "Capterra"
	case "yelp.com":
		name = "Yelp"
	case "tripadvisor.com":
		name = "Tripadvisor"
	}
	return name, KindOther
}
