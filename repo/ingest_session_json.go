package repo

import (
	"encoding/hex"
	"strings"
	"time"
)

// sessionJSON is a session as json_populate_record reads it and to_json writes it: by column name, null where absent.
type sessionJSON struct {
	ID                int64     `json:"id"`
	ProjectID         int64     `json:"project_id"`
	VisitorID         int64     `json:"visitor_id"`
	SessionKey        string    `json:"session_key"`
	IsKeyed           bool      `json:"is_keyed"`
	StartedAt         time.Time `json:"started_at"`
	LastActivityAt    time.Time `json:"last_activity_at"`
	LandingURL        string    `json:"landing_url,omitempty"`
	LandingReferrer   string    `json:"landing_referrer,omitempty"`
	DurationSeconds   int       `json:"duration_seconds"`
	ScrollPct         *float64  `json:"scroll_pct"`
	PCQS              *float64  `json:"pcqs"`
	Source            string    `json:"source"`
	Channel           string    `json:"channel"`
	UTMSource         string    `json:"utm_source,omitempty"`
	UTMMedium         string    `json:"utm_medium,omitempty"`
	UTMCampaignID     string    `json:"utm_campaign_id,omitempty"`
	UTMCampaignName   string    `json:"utm_campaign_name,omitempty"`
	UTMAdsetID        string    `json:"utm_adset_id,omitempty"`
	UTMAdsetName      string    `json:"utm_adset_name,omitempty"`
	UTMAdID           string    `json:"utm_ad_id,omitempty"`
	UTMAdName         string    `json:"utm_ad_name,omitempty"`
	UTMPlacement      string    `json:"utm_placement,omitempty"`
	UTMTerm           string    `json:"utm_term,omitempty"`
	UTMContent        string    `json:"utm_content,omitempty"`
	ClickID           string    `json:"click_id,omitempty"`
	ClickIDKind       string    `json:"click_id_kind,omitempty"`
	HasMacro          bool      `json:"has_macro"`
	SearchTerm        string    `json:"search_term,omitempty"`
	Country           string    `json:"country,omitempty"`
	Region            string    `json:"region,omitempty"`
	Device            string    `json:"device,omitempty"`
	Browser           string    `json:"browser,omitempty"`
	OS                string    `json:"os,omitempty"`
	BrowserVersion    string    `json:"browser_version,omitempty"`
	OSVersion         string    `json:"os_version,omitempty"`
	IsBot             bool      `json:"is_bot"`
	BotReason         string    `json:"bot_reason,omitempty"`
	EntryPath         string    `json:"entry_path,omitempty"`
	ExitPath          string    `json:"exit_path,omitempty"`
	Pageviews         int       `json:"pageviews"`
	InteractiveEvents int       `json:"interactive_events"`
	EngagedMS         int64     `json:"engaged_ms"`
	// Fold is in the hexadecimal form of bytea.
	Fold string `json:"fold,omitempty"`
}

func newSessionJSON(s *TrackingSession) sessionJSON {
	row := sessionJSON{
		ID: s.ID, ProjectID: s.ProjectID, VisitorID: s.VisitorID, SessionKey: s.SessionKey, IsKeyed: s.IsKeyed,
		StartedAt: s.StartedAt, LastActivityAt: s.LastActivityAt, LandingURL: s.LandingURL, LandingReferrer: s.LandingReferrer,
		DurationSeconds: s.DurationSeconds, ScrollPct: s.ScrollPct, PCQS: s.PCQS, Source: s.Source, Channel: s.Channel,
		UTMSource: s.UTMSource, UTMMedium: s.UTMMedium, UTMCampaignID: s.UTMCampaignID, UTMCampaignName: s.UTMCampaignName,
		UTMAdsetID: s.UTMAdsetID, UTMAdsetName: s.UTMAdsetName, UTMAdID: s.UTMAdID, UTMAdName: s.UTMAdName,
		UTMPlacement: s.UTMPlacement, UTMTerm: s.UTMTerm, UTMContent: s.UTMContent, ClickID: s.ClickID, ClickIDKind: s.ClickIDKind,
		HasMacro: s.HasMacro, SearchTerm: s.SearchTerm, Country: s.Country, Region: s.Region, Device: s.Device,
		Browser: s.Browser, OS: s.OS, BrowserVersion: s.BrowserVersion, OSVersion: s.OSVersion, IsBot: s.IsBot, BotReason: s.BotReason, EntryPath: s.EntryPath, ExitPath: s.ExitPath,
		Pageviews: s.Pageviews, InteractiveEvents: s.InteractiveEvents, EngagedMS: s.EngagedMS,
	}
	if s.Fold != nil {
		row.Fold = `\x` + hex.EncodeToString(s.Fold)
	}
	return row
}

func (row *sessionJSON) session() (*TrackingSession, error) {
	s := &TrackingSession{
		ID: row.ID, ProjectID: row.ProjectID, VisitorID: row.VisitorID, SessionKey: row.SessionKey, IsKeyed: row.IsKeyed,
		StartedAt: row.StartedAt, LastActivityAt: row.LastActivityAt, LandingURL: row.LandingURL, LandingReferrer: row.LandingReferrer,
		DurationSeconds: row.DurationSeconds, ScrollPct: row.ScrollPct, PCQS: row.PCQS, Source: row.Source,
		Channel: row.Channel, UTMSource: row.UTMSource, UTMMedium: row.UTMMedium, UTMCampaignID: row.UTMCampaignID,
		UTMCampaignName: row.UTMCampaignName, UTMAdsetID: row.UTMAdsetID, UTMAdsetName: row.UTMAdsetName, UTMAdID: row.UTMAdID,
		UTMAdName: row.UTMAdName, UTMPlacement: row.UTMPlacement, UTMTerm: row.UTMTerm, UTMContent: row.UTMContent,
		ClickID: row.ClickID, ClickIDKind: row.ClickIDKind, HasMacro: row.HasMacro, SearchTerm: row.SearchTerm,
		Country: row.Country, Region: row.Region, Device: row.Device, Browser: row.Browser, OS: row.OS, BrowserVersion: row.BrowserVersion,
		OSVersion: row.OSVersion, IsBot: row.IsBot, BotReason: row.BotReason, EntryPath: row.EntryPath, ExitPath: row.ExitPath, Pageviews: row.Pageviews,
		InteractiveEvents: row.InteractiveEvents, EngagedMS: row.EngagedMS,
	}
	fold, err := hex.DecodeString(strings.TrimPrefix(row.Fold, `\x`))
	if err == nil && len(fold) > 0 {
		s.Fold = fold
	}
	return s, err
}
