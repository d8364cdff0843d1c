package repo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// sessionColumns are those of a session that ingest writes, but for its keys and its times of writing.
const sessionColumns = `visitor_id, session_key, is_keyed, started_at, last_activity_at, landing_url, landing_referrer,
	duration_seconds, scroll_pct, pcqs, source, channel, utm_source, utm_medium, utm_campaign_id, utm_campaign_name,
	utm_adset_id, utm_adset_name, utm_ad_id, utm_ad_name, utm_placement, utm_term, utm_content, click_id, click_id_kind,
	has_macro, search_term, country, region, device, browser, os, browser_version, os_version, is_bot, bot_reason, entry_path, exit_path, pageviews,
	interactive_events, engaged_ms, fold`

func (b *ingestBatch) insertSessions(c *Changes, now time.Time) error {
	if len(c.NewSessions) == 0 {
		return nil
	}
	rows, err := sessionsJSON(c.NewSessions)
	if err != nil {
		return err
	}
	b.exec(`
		INSERT INTO tracking_sessions (project_id, id, `+sessionColumns+`, created_at, updated_at)
		SELECT project_id, id, `+sessionColumns+`, $2::timestamptz, $2::timestamptz
		FROM json_populate_recordset(NULL::tracking_sessions, $1)`, rows, now)
	return nil
}

func (b *ingestBatch) rewriteSessions(c *Changes, now time.Time) error {
	if len(c.Rewritten) == 0 {
		return nil
	}
	rows, err := sessionsJSON(c.Rewritten)
	if err != nil {
		return err
	}
	b.execExactly(len(c.Rewritten), `
		UPDATE tracking_sessions AS s SET (`+sessionColumns+`, updated_at) =
			(SELECT `+sessionColumns+`, $2::timestamptz FROM json_populate_record(NULL::tracking_sessions, row))
		FROM json_array_elements($1::json) AS row
		WHERE s.project_id = (row ->> 'project_id')::bigint AND s.id = (row ->> 'id')::bigint`, rows, now)
	return nil
}

// updateSessions writes the sums of sessions that have gone on: nothing that an ordinary index holds, so that the row
// stays on its page.
func (b *ingestBatch) updateSessions(c *Changes, now time.Time) error {
	n := len(c.Sessions)
	if n == 0 {
		return nil
	}
	projects, ids, lasts, durations := make([]int64, n), make([]int64, n), make([]time.Time, n), make([]int, n)
	scrolls, scores, exits := make([]*float64, n), make([]*float64, n), make([]*string, n)
	pageviews, interactive, engaged := make([]int, n), make([]int, n), make([]int64, n)
	bots, reasons, folds := make([]bool, n), make([]*string, n), make([][]byte, n) // folds of keyed sessions
	for i, s := range c.Sessions {
		projects[i], ids[i], lasts[i], durations[i] = s.ProjectID, s.ID, s.LastActivityAt, s.DurationSeconds
		scrolls[i], scores[i], exits[i] = s.ScrollPct, s.PCQS, textOrNull(s.ExitPath)
		pageviews[i], interactive[i], engaged[i] = s.Pageviews, s.InteractiveEvents, s.EngagedMS
		bots[i], reasons[i], folds[i] = s.IsBot, textOrNull(s.BotReason), s.Fold
	}
	b.execExactly(n, `
		UPDATE tracking_sessions AS s SET
			last_activity_at = new.last_activity_at, duration_seconds = new.duration_seconds, scroll_pct = new.scroll_pct,
			pcqs = new.pcqs, exit_path = coalesce(new.exit_path, s.exit_path), pageviews = new.pageviews,
			interactive_events = new.interactive_events, engaged_ms = new.engaged_ms, is_bot = s.is_bot OR new.is_bot,
			bot_reason = coalesce(s.bot_reason, new.bot_reason), fold = new.fold, updated_at = $14
		FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::integer[], $5::float8[], $6::float8[], $7::text[],
			$8::integer[], $9::integer[], $10::bigint[], $11::boolean[], $12::text[], $13::bytea[])
			AS new (project_id, id, last_activity_at, duration_seconds, scroll_pct, pcqs, exit_path, pageviews,
				interactive_events, engaged_ms, is_bot, bot_reason, fold)
		WHERE s.project_id = new.project_id AND s.id = new.id`,
		projects, ids, lasts, durations, scrolls, scores, exits, pageviews, interactive, engaged, bots, reasons, folds, now)
	return nil
}

func (b *ingestBatch) deleteEmptied(c *Changes, _ time.Time) error {
	if len(c.Emptied) == 0 {
		return nil
	}
	projects, ids := make([]int64, len(c.Emptied)), make([]int64, len(c.Emptied))
	for i, s := range c.Emptied {
		projects[i], ids[i] = s.ProjectID, s.ID
	}
	b.execExactly(len(ids), `
		DELETE FROM tracking_sessions AS s USING unnest($1::bigint[], $2::bigint[]) AS emptied (project_id, id)
		WHERE s.project_id = emptied.project_id AND s.id = emptied.id`, projects, ids)
	return nil
}

// SessionRef names a session.
type SessionRef struct {
	ProjectID, ID int64
}

func splitRefs(refs []SessionRef) (projects, ids []int64) {
	projects, ids = make([]int64, len(refs)), make([]int64, len(refs))
	for i, ref := range refs {
		projects[i], ids[i] = ref.ProjectID, ref.ID
	}
	return projects, ids
}

// Sessions reads sessions whole.
func (t *IngestTx) Sessions(ctx context.Context, refs []SessionRef) (map[SessionRef]*TrackingSession, error) {
	found := make(map[SessionRef]*TrackingSession, len(refs))
	projects, ids := splitRefs(refs)
	batch := t.batch()
	batch.query(`
		SELECT to_json(s) FROM unnest($1::bigint[], $2::bigint[]) AS asked (project_id, id)
		JOIN tracking_sessions AS s USING (project_id, id)`, func(row pgx.Rows) error {
		var text []byte
		if err := row.Scan(&text); err != nil {
			return err
		}
		var read sessionJSON
		if err := json.Unmarshal(text, &read); err != nil {
			return err
		}
		session, err := read.session()
		if err == nil {
			found[SessionRef{ProjectID: session.ProjectID, ID: session.ID}] = session
		}
		return err
	}, projects, ids)
	return found, batch.send(ctx, "read the sessions")
}

// SessionEvents reads the events of these sessions, of which ids and times count, in no order; of each event only what decides
// about sessions. At most limit.
func (t *IngestTx) SessionEvents(ctx context.Context, sessions []TrackingSession, limit int) ([]Event, error) {
	var events []Event
	projects, ids := make([]int64, len(sessions)), make([]int64, len(sessions))
	since, until := make([]time.Time, len(sessions)), make([]time.Time, len(sessions))
	for i := range sessions {
		s := &sessions[i]
		projects[i], ids[i], since[i], until[i] = s.ProjectID, s.ID, s.StartedAt, s.LastActivityAt
	}
	batch := t.batch()
	batch.query(`
		SELECT e.project_id, e.id, e.session_id, e.visitor_id, e.event_type, coalesce(e.url, ''), coalesce(e.path, ''),
			coalesce(e.referrer, ''), e.scroll_pct::float8, e.created_at, e.event_id, e.page_view_id, e.engaged_ms::bigint
		FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[]) AS asked (project_id, session_id, since, until)
		JOIN events AS e USING (project_id, session_id)
		WHERE e.created_at BETWEEN asked.since AND asked.until
		LIMIT $5`, func(row pgx.Rows) error {
		var e Event
		err := row.Scan(&e.ProjectID, &e.ID, &e.SessionID, &e.VisitorID, &e.EventType, &e.URL, &e.Path, &e.Referrer,
			&e.ScrollPct, &e.CreatedAt, &e.EventID, &e.PageViewID, &e.EngagedMS)
		events = append(events, e)
		return err
	}, projects, ids, since, until, limit)
	return events, batch.send(ctx, "read the sessions' events")
}

// PageViewReport is the most that a session's stored events have reported of one page view.
type PageViewReport struct {
	ScrollPct *float64
	EngagedMS int64
}

// PageViewReports reads what a session's stored events say of these page views.
func (t *IngestTx) PageViewReports(ctx context.Context, projectID, sessionID int64, pageViews []uuid.UUID, since, until time.Time) (map[uuid.UUID]PageViewReport, error) {
	found := map[uuid.UUID]PageViewReport{}
	batch := t.batch()
	batch.query(`
		SELECT coalesce(page_view_id, event_id), max(scroll_pct)::float8, coalesce(max(engaged_ms), 0)::bigint
		FROM events
		WHERE project_id = $1 AND session_id = $2 AND event_type IN ('page_view', 'exit')
			AND coalesce(page_view_id, event_id) = ANY ($3) AND created_at BETWEEN $4 AND $5
		GROUP BY 1`, func(row pgx.Rows) error {
		var id uuid.UUID
		var report PageViewReport
		err := row.Scan(&id, &report.ScrollPct, &report.EngagedMS)
		found[id] = report
		return err
	}, projectID, sessionID, pageViews, since, until)
	return found, batch.send(ctx, "read the page views")
}

func sessionsJSON(sessions []*TrackingSession) (string, error) {
	rows := make([]sessionJSON, len(sessions))
	for i, s := range sessions {
		rows[i] = newSessionJSON(s)
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return "", fmt.Errorf("encode sessions: %w", err)
	}
	return string(text), nil
}
