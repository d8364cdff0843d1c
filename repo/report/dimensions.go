package report

// Dimension is what metrics can be broken down by, and filtered by.
type Dimension string

// The dimensions.
const (
	Hour        Dimension = "hour"
	Day         Dimension = "day"
	Week        Dimension = "week"
	Month       Dimension = "month"
	Quarter     Dimension = "quarter"
	Year        Dimension = "year"
	Path        Dimension = "path"
	EntryPath   Dimension = "entry_path"
	ExitPath    Dimension = "exit_path"
	Hostname    Dimension = "hostname"
	Title       Dimension = "title"
	Source      Dimension = "source"
	Referrer    Dimension = "referrer"
	Channel     Dimension = "channel"
	UTMSource   Dimension = "utm_source"
	UTMMedium   Dimension = "utm_medium"
	UTMTerm     Dimension = "utm_term"
	UTMContent  Dimension = "utm_content"
	ClickIDKind Dimension = "click_id_kind"
	Campaign    Dimension = "campaign"
	CampaignID  Dimension = "campaign_id"
	Adset       Dimension = "adset"
	AdsetID     Dimension = "adset_id"
	Ad          Dimension = "ad"
	AdID        Dimension = "ad_id"
	Placement   Dimension = "placement"
	Country     Dimension = "country"
	Region      Dimension = "region"
	TimeZone    Dimension = "time_zone"
	Device      Dimension = "device"
	Browser     Dimension = "browser"
	OS          Dimension = "os"
	Viewport    Dimension = "viewport"
	EventType   Dimension = "event_type"
	EventName   Dimension = "event_name"
	Property    Dimension = "property"
	VisitorType Dimension = "visitor_type"
	BotReason   Dimension = "bot_reason"
	SearchTerm  Dimension = "search_term"

	BrowserVersion Dimension = "browser_version"
	OSVersion      Dimension = "os_version"
)

// level is what has a dimension.
type level int

const (
	ofSession level = iota
	// ofPage: an event has it, and a session through its page views.
	ofPage
	// ofEvent: an event has it, and a session through any of its events.
	ofEvent
	// ofTime: when an event happened, when a session started.
	ofTime
)

// dimensionDef says how facts fall into rows.
type dimensionDef struct {
	level level
	// expr is over e (an event), s (a session) or v (a visitor); at stands for the time. Never null, but of time.
	expr string
	// show turns the value of expr into a text; % stands for it. Empty: it is one.
	show string
	// visitor: expr looks at the visitor's row.
	visitor bool
	// zoned: expr takes the time zone as an argument; keyed: the property's name.
	zoned, keyed bool
	about        string
}

// dateOf cuts a time to the first day of a unit.
func dateOf(unit, about string) dimensionDef {
	return dimensionDef{level: ofTime, expr: "date_trunc('" + unit + "', at AT TIME ZONE ?)::date", show: "%::text", zoned: true, about: about}
}

// column is a session's column.
func column(name, about string) dimensionDef {
	return dimensionDef{expr: "coalesce(s." + name + ", '')", about: about}
}

// withVersion is a name with its version behind it, where that is known.
func withVersion(name, version, about string) dimensionDef {
	return dimensionDef{expr: "coalesce(s." + name + " || ' ' || s." + version + ", s." + name + ", '')", about: about}
}

// dimensionDefs is the closed table of dimensions. One entry is one dimension.
var dimensionDefs = map[Dimension]dimensionDef{
	// Hours are cut as instants, so that the hour that a clock shows twice in autumn is two rows.
	Hour: {
		level: ofTime, expr: "date_trunc('hour', at, ?)", show: `to_char(% AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`, zoned: true,
		about: "The hour.",
	},
	Day:     {level: ofTime, expr: "(at AT TIME ZONE ?)::date", show: "%::text", zoned: true, about: "The day."},
	Week:    dateOf("week", "The week, by its Monday."),
	Month:   dateOf("month", "The month, by its first day."),
	Quarter: dateOf("quarter", "The quarter, by its first day."),
	Year:    dateOf("year", "The year, by its first day."),

	Path:  {level: ofPage, expr: "coalesce(e.path, '')", about: "The path of the page."},
	Title: {level: ofPage, expr: "coalesce(e.title, '')", about: "The title of the page."},
	Hostname: {
		level: ofPage, about: "The host of the page.",
		expr: "lower(split_part(split_part(split_part(split_part(coalesce(e.url, ''), '://', 2), '/', 1), chr(63), 1), ':', 1))",
	},
	EventType: {level: ofEvent, expr: "e.event_type", about: "The type of the event."},
	EventName: {level: ofEvent, expr: "e.name", about: "The name of the event."},
	Property:  {level: ofEvent, expr: "coalesce(e.meta ->> ?, '')", keyed: true, about: "A custom property of the event."},

	EntryPath:      column("entry_path", "The path of the session's first page view."),
	ExitPath:       column("exit_path", "The path of the session's last page view."),
	Source:         {expr: "s.source", about: "Where the session came from."},
	Channel:        {expr: "s.channel", about: "The sort of source."},
	Referrer:       column("landing_referrer", "The address of the page that the session came from."),
	UTMSource:      column("utm_source", "utm_source of the page that the session began on."),
	UTMMedium:      column("utm_medium", "utm_medium of the page that the session began on."),
	UTMTerm:        column("utm_term", "utm_term of the page that the session began on."),
	UTMContent:     column("utm_content", "utm_content of the page that the session began on."),
	ClickIDKind:    column("click_id_kind", "Which click id the session came with."),
	Campaign:       {expr: "coalesce(s.utm_campaign_name, s.utm_campaign_id, '')", about: "The campaign's name, else its id."},
	CampaignID:     column("utm_campaign_id", "The campaign's id."),
	Adset:          {expr: "coalesce(s.utm_adset_name, s.utm_adset_id, '')", about: "The ad set's name, else its id."},
	AdsetID:        column("utm_adset_id", "The ad set's id."),
	Ad:             {expr: "coalesce(s.utm_ad_name, s.utm_ad_id, '')", about: "The ad's name, else its id."},
	AdID:           column("utm_ad_id", "The ad's id."),
	Placement:      column("utm_placement", "Where the ad was shown."),
	Country:        column("country", "The country, ISO 3166-1."),
	Region:         {expr: "coalesce(s.country || '-' || s.region, '')", about: "The region, ISO 3166-2."},
	Device:         column("device", "The sort of device."),
	Browser:        column("browser", "The browser."),
	OS:             column("os", "The operating system."),
	BrowserVersion: withVersion("browser", "browser_version", "The browser with its version."),
	OSVersion:      withVersion("os", "os_version", "The operating system with its version, where browsers tell it."),
	SearchTerm:     column("search_term", "What was looked for at the search engine."),
	BotReason:      column("bot_reason", "Why the session is taken for a bot's."),
	TimeZone:       {expr: "coalesce(v.timezone, '')", visitor: true, about: "The visitor's time zone."},
	Viewport: {
		expr: `CASE WHEN v.viewport_w < 576 THEN 'under 576' WHEN v.viewport_w < 992 THEN '576 to 991'
			WHEN v.viewport_w < 1440 THEN '992 to 1439' WHEN v.viewport_w >= 1440 THEN '1440 and more' ELSE '' END`,
		visitor: true, about: "The class of the viewport's width, in CSS pixels.",
	},
	VisitorType: {
		expr:    "CASE WHEN s.started_at <= v.first_seen_at THEN 'new' ELSE 'returning' END",
		visitor: true, about: "Whether it is the visitor's first session.",
	},
}

func (d Dimension) isTime() bool { return dimensionDefs[d].level == ofTime }

// isOfEvents reports whether an event has the dimension, not a session.
func (d Dimension) isOfEvents() bool {
	of := dimensionDefs[d].level
	return of == ofPage || of == ofEvent
}

// Describe describes a dimension. False: there is none such.
func (d Dimension) Describe() (Description, bool) {
	def, ok := dimensionDefs[d]
	return Description{Name: string(d), About: def.about, OfEvents: d.isOfEvents(), IsTime: d.isTime()}, ok
}
