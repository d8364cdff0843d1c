package repo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// SaveSessions stores new sessions (ID 0), sets their ids, and writes the origin (campaign, source, channel) of known
// ones that have taken one on. The sums come from RefreshSessions.
func (t *IngestTx) SaveSessions(ctx context.Context, sessions []*TrackingSession, now time.Time) error {
	var fresh, known []sessionJSON
	byKey := make(map[string]*TrackingSession, len(sessions))
	for _, s := range sessions {
		byKey[s.SessionKey] = s
		if s.ID == 0 {
			fresh = append(fresh, newSessionJSON(s))
		} else {
			known = append(known, newSessionJSON(s))
		}
	}
	if len(fresh) > 0 {
		if err := t.insertSessions(ctx, fresh, byKey, now); err != nil {
			return err
		}
	}
	if len(known) == 0 {
		return nil
	}
	knownJSON, err := json.Marshal(known)
	if err != nil {
		return fmt.Errorf("encode sessions: %w", err)
	}
	_, err = t.tx.Exec(ctx, `
		UPDATE tracking_sessions AS s SET
			(`+originColumns+`, updated_at) = (SELECT `+originColumns+`, $3::timestamptz
				FROM jsonb_populate_record(NULL::tracking_sessions, origin))
		FROM jsonb_array_elements($2) AS origin
		WHERE s.project_id = $1 AND s.id = (origin ->> 'id')::bigint`, describe, t.projectID, knownJSON, now)
	if err != nil {
		return fmt.Errorf("update sessions: %w", err)
	}
	return nil
}

func (t *IngestTx) insertSessions(ctx context.Context, fresh []sessionJSON, byKey map[string]*TrackingSession, now time.Time) error {
	freshJSON, err := json.Marshal(fresh)
	if err != nil {
		return fmt.Errorf("encode sessions: %w", err)
	}
	rows, err := t.tx.Query(ctx, `
		INSERT INTO tracking_sessions (project_id, visitor_id, session_key, started_at, last_activity_at, device, browser,
			os, is_bot, bot_reason, `+originColumns+`, created_at, updated_at)
		SELECT $1, visitor_id, session_key, started_at, last_activity_at, device, browser,
			os, is_bot, bot_reason, `+originColumns+`, $3, $3
		FROM jsonb_populate_recordset(NULL::tracking_sessions, $2)
		RETURNING session_key, id`, describe, t.projectID, freshJSON, now)
	if err != nil {
		return fmt.Errorf("insert sessions: %w", err)
	}
	ids, err := collectIDs(rows)
	if err != nil {
		return fmt.Errorf("insert sessions: %w", err)
	}
	for key, id := range ids {
		byKey[key].ID = id
	}
	return nil
}

// InsertEvents stores events whose visitor and session are known.
func (t *IngestTx) InsertEvents(ctx context.Context, events []Event) error {
	n := len(events)
	sessionIDs, visitorIDs := make([]int64, n), make([]int64, n)
	types, names, urls, paths := make([]string, n), make([]string, n), make([]*string, n), make([]*string, n)
	selectors, referrers, titles := make([]*string, n), make([]*string, n), make([]*string, n)
	scrolls, xs, ys, metas := make([]*float64, n), make([]*int32, n), make([]*int32, n), make([]*string, n)
	ats, ids, views, engaged := make([]time.Time, n), make([]uuid.UUID, n), make([]uuid.NullUUID, n), make([]*int64, n)
	for i := range events {
		e := &events[i]
		sessionIDs[i], visitorIDs[i] = e.SessionID, e.VisitorID
		types[i], names[i], urls[i], paths[i] = e.EventType, e.Name, textOrNull(e.URL), textOrNull(e.Path)
		selectors[i], referrers[i], titles[i] = textOrNull(e.Selector), textOrNull(e.Referrer), textOrNull(e.Title)
		scrolls[i], xs[i], ys[i], metas[i] = e.ScrollPct, e.X, e.Y, textOrNull(string(e.Meta))
		ats[i], ids[i], views[i], engaged[i] = e.CreatedAt, e.EventID, e.PageViewID, e.EngagedMS
	}
	_, err := t.tx.Exec(ctx, `
		INSERT INTO events (project_id, session_id, visitor_id, event_type, name, url, path, selector, referrer, title,
			scroll_pct, x, y, meta, created_at, event_id, page_view_id, engaged_ms)
		SELECT $1, session_id, visitor_id, event_type, name, url, path, selector, referrer, title,
			scroll_pct, x, y, meta::jsonb, created_at, event_id, page_view_id, engaged_ms
		FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
			$10::text[], $11::float8[], $12::integer[], $13::integer[], $14::text[], $15::timestamptz[], $16::uuid[],
			$17::uuid[], $18::bigint[])
			AS e (session_id, visitor_id, event_type, name, url, path, selector, referrer, title,
				scroll_pct, x, y, meta, created_at, event_id, page_view_id, engaged_ms)`,
		describe, t.projectID, sessionIDs, visitorIDs, types, names, urls, paths, selectors, referrers, titles,
		scrolls, xs, ys, metas, ats, ids, views, engaged)
	if err != nil {
		return fmt.Errorf("insert events: %w", err)
	}
	return nil
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// originColumns say where a session came from. They are written together.
const originColumns = `source, channel, utm_source, utm_medium, utm_campaign_id, utm_campaign_name, utm_adset_id,
	utm_adset_name, utm_ad_id, utm_ad_name, utm_placement, utm_term, utm_content, click_id, click_id_kind`

// sessionJSON is a session as jsonb_populate_record reads it: by column name, null where absent.
type sessionJSON struct {
	ID              int64     `json:"id,omitempty"`
	VisitorID       int64     `json:"visitor_id"`
	SessionKey      string    `json:"session_key"`
	StartedAt       time.Time `json:"started_at"`
	LastActivityAt  time.Time `json:"last_activity_at"`
	Device          string    `json:"device,omitempty"`
	Browser         string    `json:"browser,omitempty"`
	OS              string    `json:"os,omitempty"`
	IsBot           bool      `json:"is_bot"`
	BotReason       string    `json:"bot_reason,omitempty"`
	Source          string    `json:"source"`
	Channel         string    `json:"channel"`
	UTMSource       string    `json:"utm_source,omitempty"`
	UTMMedium       string    `json:"utm_medium,omitempty"`
	UTMCampaignID   string    `json:"utm_campaign_id,omitempty"`
	UTMCampaignName string    `json:"utm_campaign_name,omitempty"`
	UTMAdsetID      string    `json:"utm_adset_id,omitempty"`
	UTMAdsetName    string    `json:"utm_adset_name,omitempty"`
	UTMAdID         string    `json:"utm_ad_id,omitempty"`
	UTMAdName       string    `json:"utm_ad_name,omitempty"`
	UTMPlacement    string    `json:"utm_placement,omitempty"`
	UTMTerm         string    `json:"utm_term,omitempty"`
	UTMContent      string    `json:"utm_content,omitempty"`
	ClickID         string    `json:"click_id,omitempty"`
	ClickIDKind     string    `json:"click_id_kind,omitempty"`
}

func newSessionJSON(s *TrackingSession) sessionJSON {
	return sessionJSON{
		ID: s.ID, VisitorID: s.VisitorID, SessionKey: s.SessionKey, StartedAt: s.StartedAt, LastActivityAt: s.LastActivityAt,
		Device: s.Device, Browser: s.Browser, OS: s.OS, IsBot: s.IsBot, BotReason: s.BotReason,
		Source: s.Source, Channel: s.Channel, UTMSource: s.UTMSource, UTMMedium: s.UTMMedium,
		UTMCampaignID: s.UTMCampaignID, UTMCampaignName: s.UTMCampaignName, UTMAdsetID: s.UTMAdsetID,
		UTMAdsetName: s.UTMAdsetName, UTMAdID: s.UTMAdID, UTMAdName: s.UTMAdName, UTMPlacement: s.UTMPlacement,
		UTMTerm: s.UTMTerm, UTMContent: s.UTMContent, ClickID: s.ClickID, ClickIDKind: s.ClickIDKind,
	}
}
