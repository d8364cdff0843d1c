// Package exports writes events as lines of a CSV file that is safe to open in a spreadsheet.
package exports

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/microtracker/microtracker/repo"
)

// timeLayout is how times are written: RFC 3339 in UTC with milliseconds.
const timeLayout = "2006-01-02T15:04:05.000Z"

// column is a column of the file.
type column struct {
	name string
	// isNumber says that the cell is a number or a time of ours: it is left as it is.
	isNumber bool
	// isIdentity says that the cell recognises a visitor elsewhere: it is empty for those who may not read visitors.
	isIdentity bool
	// isAddress says that the cell is an address, whose query is left out for them.
	isAddress bool
	cell      func(e *repo.ExportedEvent) string
}

// columns are all there are, in the order of a file that has all.
func columns() []column {
	return []column{
		{name: "time", isNumber: true, cell: func(e *repo.ExportedEvent) string { return timeText(e.Event.CreatedAt) }},
		{name: "event_id", cell: func(e *repo.ExportedEvent) string { return e.Event.EventID.String() }},
		{name: "event_type", cell: func(e *repo.ExportedEvent) string { return e.Event.EventType }},
		{name: "event_name", cell: func(e *repo.ExportedEvent) string { return e.Event.Name }},
		{name: "url", isAddress: true, cell: func(e *repo.ExportedEvent) string { return e.Event.URL }},
		{name: "path", cell: func(e *repo.ExportedEvent) string { return e.Event.Path }},
		{name: "title", cell: func(e *repo.ExportedEvent) string { return e.Event.Title }},
		{name: "referrer", isAddress: true, cell: func(e *repo.ExportedEvent) string { return e.Event.Referrer }},
		{name: "selector", cell: func(e *repo.ExportedEvent) string { return e.Event.Selector }},
		{name: "page_view_id", cell: func(e *repo.ExportedEvent) string {
			if !e.Event.PageViewID.Valid {
				return ""
			}
			return e.Event.PageViewID.UUID.String()
		}},
		{name: "scroll_pct", isNumber: true, cell: func(e *repo.ExportedEvent) string { return decimal(e.Event.ScrollPct) }},
		{name: "x", isNumber: true, cell: func(e *repo.ExportedEvent) string { return integer(e.Event.X) }},
		{name: "y", isNumber: true, cell: func(e *repo.ExportedEvent) string { return integer(e.Event.Y) }},
		{name: "engaged_ms", isNumber: true, cell: func(e *repo.ExportedEvent) string { return integer(e.Event.EngagedMS) }},
		{name: "value", isNumber: true, cell: func(e *repo.ExportedEvent) string { return e.Event.Value }},
		{name: "currency", cell: func(e *repo.ExportedEvent) string { return e.Event.Currency }},
		{name: "properties", cell: func(e *repo.ExportedEvent) string { return string(e.Event.Meta) }},
		{name: "visitor_id", isNumber: true, cell: func(e *repo.ExportedEvent) string { return strconv.FormatInt(e.Event.VisitorID, 10) }},
		{name: "session_id", isNumber: true, cell: func(e *repo.ExportedEvent) string { return strconv.FormatInt(e.Event.SessionID, 10) }},
		{name: "session_key", isIdentity: true, cell: func(e *repo.ExportedEvent) string {
			if !e.Session.IsKeyed {
				return ""
			}
			return e.Session.SessionKey
		}},
		{name: "session_start", isNumber: true, cell: func(e *repo.ExportedEvent) string { return timeText(e.Session.StartedAt) }},
		{name: "session_last_activity", isNumber: true, cell: func(e *repo.ExportedEvent) string { return timeText(e.Session.LastActivityAt) }},
		{name: "session_duration", isNumber: true, cell: func(e *repo.ExportedEvent) string { return strconv.Itoa(e.Session.DurationSeconds) }},
		{name: "session_pageviews", isNumber: true, cell: func(e *repo.ExportedEvent) string { return strconv.Itoa(e.Session.Pageviews) }},
		{name: "session_interactive_events", isNumber: true, cell: func(e *repo.ExportedEvent) string { return strconv.Itoa(e.Session.InteractiveEvents) }},
		{name: "session_engaged_ms", isNumber: true, cell: func(e *repo.ExportedEvent) string { return strconv.FormatInt(e.Session.EngagedMS, 10) }},
		{name: "session_scroll_pct", isNumber: true, cell: func(e *repo.ExportedEvent) string { return decimal(e.Session.ScrollPct) }},
		{name: "session_pcqs", isNumber: true, cell: func(e *repo.ExportedEvent) string { return decimal(e.Session.PCQS) }},
		{name: "landing_url", isAddress: true, cell: func(e *repo.ExportedEvent) string { return e.Session.LandingURL }},
		{name: "landing_referrer", isAddress: true, cell: func(e *repo.ExportedEvent) string { return e.Session.LandingReferrer }},
		{name: "entry_path", cell: func(e *repo.ExportedEvent) string { return e.Session.EntryPath }},
		{name: "exit_path", cell: func(e *repo.ExportedEvent) string { return e.Session.ExitPath }},
		{name: "source", cell: func(e *repo.ExportedEvent) string { return e.Session.Source }},
		{name: "channel", cell: func(e *repo.ExportedEvent) string { return e.Session.Channel }},
		{name: "search_term", cell: func(e *repo.ExportedEvent) string { return e.Session.SearchTerm }},
		{name: "utm_source", cell: func(e *repo.ExportedEvent) string { return e.Session.UTMSource }},
		{name: "utm_medium", cell: func(e *repo.ExportedEvent) string { return e.Session.UTMMedium }},
		{name: "utm_campaign_id", cell: func(e *repo.ExportedEvent) string { return e.Session.UTMCampaignID }},
		{name: "utm_campaign_name", cell: func(e *repo.ExportedEvent) string { return e.Session.UTMCampaignName }},
		{name: "utm_adset_id", cell: func(e *repo.ExportedEvent) string { return e.Session.UTMAdsetID }},
		{name: "utm_adset_name", cell: func(e *repo.ExportedEvent) string { return e.Session.UTMAdsetName }},
		{name: "utm_ad_id", cell: func(e *repo.ExportedEvent) string { return e.Session.UTMAdID }},
		{name: "utm_ad_name", cell: func(e *repo.ExportedEvent) string { return e.Session.UTMAdName }},
		{name: "utm_placement", cell: func(e *repo.ExportedEvent) string { return e.Session.UTMPlacement }},
		{name: "utm_term", cell: func(e *repo.ExportedEvent) string { return e.Session.UTMTerm }},
		{name: "utm_content", cell: func(e *repo.ExportedEvent) string { return e.Session.UTMContent }},
		{name: "click_id_kind", cell: func(e *repo.ExportedEvent) string { return e.Session.ClickIDKind }},
		{name: "click_id", isIdentity: true, cell: func(e *repo.ExportedEvent) string { return e.Session.ClickID }},
		{name: "has_macro", isNumber: true, cell: func(e *repo.ExportedEvent) string { return strconv.FormatBool(e.Session.HasMacro) }},
		{name: "country", cell: func(e *repo.ExportedEvent) string { return e.Session.Country }},
		{name: "region", cell: func(e *repo.ExportedEvent) string {
			if e.Session.Country == "" || e.Session.Region == "" {
				return ""
			}
			return e.Session.Country + "-" + e.Session.Region
		}},
		{name: "device", cell: func(e *repo.ExportedEvent) string { return e.Session.Device }},
		{name: "browser", cell: func(e *repo.ExportedEvent) string { return e.Session.Browser }},
		{name: "browser_version", cell: func(e *repo.ExportedEvent) string { return e.Session.BrowserVersion }},
		{name: "os", cell: func(e *repo.ExportedEvent) string { return e.Session.OS }},
		{name: "os_version", cell: func(e *repo.ExportedEvent) string { return e.Session.OSVersion }},
		{name: "is_bot", isNumber: true, cell: func(e *repo.ExportedEvent) string { return strconv.FormatBool(e.Session.IsBot) }},
		{name: "bot_reason", cell: func(e *repo.ExportedEvent) string { return e.Session.BotReason }},
		{name: "time_zone", cell: func(e *repo.ExportedEvent) string { return e.Visitor.Timezone }},
		{name: "viewport_w", isNumber: true, cell: func(e *repo.ExportedEvent) string { return strconv.Itoa(e.Visitor.ViewportW) }},
		{name: "viewport_h", isNumber: true, cell: func(e *repo.ExportedEvent) string { return strconv.Itoa(e.Visitor.ViewportH) }},
	}
}

// Columns are the names of all columns, in the order of a file that has all.
func Columns() []string {
	all := columns()
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].name
	}
	return names
}

// choose returns the columns of these names.
func choose(names []string) ([]column, error) {
	all := columns()
	byName := make(map[string]column, len(all))
	for _, c := range all {
		byName[c.name] = c
	}
	chosen := make([]column, len(names))
	for i, name := range names {
		c, known := byName[name]
		if !known {
			return nil, fmt.Errorf("there is no column %q: choose among %s", name, strings.Join(Columns(), ", "))
		}
		chosen[i] = c
	}
	return chosen, nil
}

// Check returns an error that says what to do when one of the names is no column's.
func Check(names []string) error {
	_, err := choose(names)
	return err
}

func timeText(at time.Time) string { return at.UTC().Format(timeLayout) }

func decimal(n *float64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatFloat(*n, 'f', -1, 64)
}

func integer[N int32 | int64](n *N) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(int64(*n), 10)
}
