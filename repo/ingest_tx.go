package repo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// IngestTx is the transaction that stores events with their visitors and sessions. Its steps are meant to be taken in
// the order in which they stand here; each locks its rows in key order, so that two transactions never deadlock.
type IngestTx struct {
	tx        pgx.Tx
	projectID int64
}

// ClaimEventIDs remembers the ids and returns those that were not known yet. A transaction that claims the same id at
// the same time waits for this one.
func (t *IngestTx) ClaimEventIDs(ctx context.Context, ids []uuid.UUID, now time.Time) (map[uuid.UUID]bool, error) {
	rows, err := t.tx.Query(ctx, `
		INSERT INTO event_ids (project_id, event_id, received_at)
		SELECT $1, id, $3 FROM unnest($2::uuid[]) AS id ORDER BY id
		ON CONFLICT DO NOTHING
		RETURNING event_id`, describe, t.projectID, ids, now)
	if err != nil {
		return nil, fmt.Errorf("claim event ids: %w", err)
	}
	claimed := make(map[uuid.UUID]bool, len(ids))
	var id uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
		claimed[id] = true
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim event ids: %w", err)
	}
	return claimed, nil
}

// Sighting is that a visitor was seen, and with what.
type Sighting struct {
	VisitorKey string `json:"visitor_key"`
	// FirstSeenAt and LastSeenAt are the times of the earliest and the latest event.
	FirstSeenAt time.Time `json:"first_seen_at"`
	LastSeenAt  time.Time `json:"last_seen_at"`
	IsBot       bool      `json:"is_bot"`
	Timezone    string    `json:"timezone,omitempty"`
	ViewportW   int32     `json:"viewport_w,omitempty"`
	ViewportH   int32     `json:"viewport_h,omitempty"`
	UserAgent   string    `json:"user_agent,omitempty"`
}

// SeeVisitors stores who was seen and returns their ids by key. Their rows stay locked until the end, so that one
// visitor's sessions are cut by one transaction at a time.
func (t *IngestTx) SeeVisitors(ctx context.Context, sightings []Sighting, now time.Time) (map[string]int64, error) {
	sightingsJSON, err := json.Marshal(sightings)
	if err != nil {
		return nil, fmt.Errorf("encode visitors: %w", err)
	}
	rows, err := t.tx.Query(ctx, `
		INSERT INTO visitors (project_id, visitor_key, first_seen_at, last_seen_at, is_bot, timezone,
			viewport_w, viewport_h, user_agent, created_at, updated_at)
		SELECT $1, visitor_key, first_seen_at, last_seen_at, is_bot, timezone, viewport_w, viewport_h, user_agent, $3, $3
		FROM jsonb_to_recordset($2) AS seen (visitor_key varchar, first_seen_at timestamptz, last_seen_at timestamptz,
			is_bot boolean, timezone varchar, viewport_w integer, viewport_h integer, user_agent text)
		ORDER BY visitor_key
		ON CONFLICT (project_id, visitor_key) DO UPDATE SET
			first_seen_at = least(visitors.first_seen_at, EXCLUDED.first_seen_at),
			last_seen_at = greatest(visitors.last_seen_at, EXCLUDED.last_seen_at),
			is_bot = visitors.is_bot OR EXCLUDED.is_bot,
			timezone = coalesce(EXCLUDED.timezone, visitors.timezone),
			viewport_w = coalesce(EXCLUDED.viewport_w, visitors.viewport_w),
			viewport_h = coalesce(EXCLUDED.viewport_h, visitors.viewport_h),
			user_agent = coalesce(EXCLUDED.user_agent, visitors.user_agent),
			updated_at = EXCLUDED.updated_at
		RETURNING visitor_key, id`, describe, t.projectID, sightingsJSON, now)
	if err != nil {
		return nil, fmt.Errorf("store visitors: %w", err)
	}
	ids, err := collectIDs(rows)
	if err != nil {
		return nil, fmt.Errorf("store visitors: %w", err)
	}
	return ids, nil
}

// SessionsNear returns the sessions of these visitors that an event between since and until may belong to when a gap
// of at most idle holds a session together, oldest first.
func (t *IngestTx) SessionsNear(ctx context.Context, visitorIDs []int64, since, until time.Time, idle time.Duration) ([]TrackingSession, error) {
	rows, err := t.tx.Query(ctx, `
		SELECT id, visitor_id, session_key, started_at, last_activity_at, channel, coalesce(utm_source, ''),
			coalesce(utm_campaign_id, ''), coalesce(utm_campaign_name, ''), coalesce(utm_adset_id, ''),
			coalesce(utm_adset_name, ''), coalesce(utm_ad_id, ''), coalesce(utm_ad_name, ''),
			coalesce(click_id, ''), coalesce(click_id_kind, '')
		FROM tracking_sessions
		WHERE project_id = $1 AND visitor_id = ANY ($2::bigint[]) AND started_at <= $4 AND last_activity_at >= $3
		ORDER BY started_at, id`, describe, t.projectID, visitorIDs, since.Add(-idle), until.Add(idle))
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	sessions, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (TrackingSession, error) {
		s := TrackingSession{ProjectID: t.projectID}
		err := row.Scan(&s.ID, &s.VisitorID, &s.SessionKey, &s.StartedAt, &s.LastActivityAt, &s.Channel, &s.UTMSource,
			&s.UTMCampaignID, &s.UTMCampaignName, &s.UTMAdsetID, &s.UTMAdsetName, &s.UTMAdID, &s.UTMAdName,
			&s.ClickID, &s.ClickIDKind)
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	return sessions, nil
}

// collectIDs reads rows of (key, id).
func collectIDs(rows pgx.Rows) (map[string]int64, error) {
	ids := map[string]int64{}
	var key string
	var id int64
	_, err := pgx.ForEachRow(rows, []any{&key, &id}, func() error {
		ids[key] = id
		return nil
	})
	return ids, err
}

// describe asks the server for the types of the arguments and remembers them; no named statement stays behind, so that
// a pooler in front does no harm.
const describe = pgx.QueryExecModeCacheDescribe
