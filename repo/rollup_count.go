package repo

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// RollupWindow is a stretch of time to count, Since included, Until excluded, in steps that begin with Since.
type RollupWindow struct {
	Since, Until time.Time
	Step         time.Duration
}

// step is the expression of when the step begins in which a moment lies, with its arguments.
func (w RollupWindow) step(column string) (expr string, args []any) {
	if w.Until.Sub(w.Since) <= w.Step {
		return "?::timestamptz", []any{w.Since}
	}
	return "date_bin(?::interval, " + column + ", ?::timestamptz)", []any{fmt.Sprintf("%d seconds", int64(w.Step/time.Second)), w.Since}
}

// EventCount is how many events of one kind there were in one step. Those of bots' sessions are left out. There may be
// several of one kind.
type EventCount struct {
	// Step is when the step begins.
	Step time.Time
	Type string
	// Key is the path of page views and the name of clicks; empty: none, or another type.
	Key    string
	Events int64
	// Marked is how many of the clicks met an element marked as a call to action.
	Marked int64
	// Visitors are the ids of the visitors, one for each event, in no order, each eight bytes with the highest first.
	// They are given for one call alone.
	Visitors []byte
}

// longSession is how long before a window a session may have started to be found by that. Events of those that started
// earlier are counted for each session by itself, and their sessions are looked up one by one: so the cost follows the
// window, and not all that was there before.
const longSession = 2 * time.Hour

// CountEvents counts the events of a window. Ids are gathered by the database, so that no event goes over the wire by itself.
func (t *RollupTx) CountEvents(ctx context.Context, w RollupWindow, give func(c *EventCount)) error {
	var long []longCount
	if err := t.countEvents(ctx, w, give, &long); err != nil || len(long) == 0 {
		return err
	}
	ids := make([]int64, len(long))
	for i := range long {
		ids[i] = long[i].sessionID
	}
	slices.Sort(ids)
	var bots []int64
	err := t.tx.NewRaw("SELECT id FROM tracking_sessions WHERE project_id = ? AND id IN (?) AND is_bot", t.projectID, bun.List(slices.Compact(ids))).
		Scan(ctx, &bots)
	if err != nil {
		return err
	}
	for i := range long {
		if !slices.Contains(bots, long[i].sessionID) {
			give(&long[i].EventCount)
		}
	}
	return nil
}

// longCount is a count of one session that started long before the window.
type longCount struct {
	EventCount

	sessionID int64
}

func (t *RollupTx) countEvents(ctx context.Context, w RollupWindow, give func(c *EventCount), long *[]longCount) error {
	step, args := w.step("e.created_at")
	args = append(args, t.projectID, w.Since.Add(-longSession), w.Until, t.projectID, w.Since, w.Until)
	rows, err := t.tx.QueryContext(ctx, `
		SELECT `+step+`, e.event_type, coalesce(CASE e.event_type WHEN 'page_view' THEN e.path WHEN 'click' THEN e.name END, ''),
			CASE WHEN s.id IS NULL THEN e.session_id ELSE 0 END, count(*),
			count(*) FILTER (WHERE e.event_type = 'click' AND e.meta -> 'cta' = 'true'), string_agg(int8send(e.visitor_id), '')
		FROM events AS e LEFT JOIN tracking_sessions AS s
			ON s.project_id = ? AND s.id = e.session_id AND s.started_at >= ? AND s.started_at < ?
		WHERE e.project_id = ? AND e.created_at >= ? AND e.created_at < ? AND s.is_bot IS NOT TRUE
		GROUP BY 1, 2, 3, 4`, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	for rows.Next() {
		var c longCount
		if err := rows.Scan(&c.Step, &c.Type, &c.Key, &c.sessionID, &c.Events, &c.Marked, (*sql.RawBytes)(&c.Visitors)); err != nil {
			return err
		}
		if c.sessionID == 0 {
			give(&c.EventCount)
			continue
		}
		c.Visitors = slices.Clone(c.Visitors)
		*long = append(*long, c)
	}
	return rows.Err()
}

// SessionCount is how many sessions of one kind started in one step.
type SessionCount struct {
	// Step is when the step begins.
	Step  time.Time
	IsBot bool
	// BotReason is empty without one, and so are the texts below.
	BotReason                                     string
	Source, Channel, Device, Country, Browser, OS string
	Sessions, Bounces                             int64
	DurationSeconds, EngagedMS                    int64
	// Scored is how many have a page quality score; Score is their sum, in hundredths.
	Scored, Score int64
}

// CountSessions counts the sessions that started in a window.
func (t *RollupTx) CountSessions(ctx context.Context, w RollupWindow, give func(c *SessionCount)) error {
	step, args := w.step("started_at")
	args = append(args, t.projectID, w.Since, w.Until)
	rows, err := t.tx.QueryContext(ctx, `
		SELECT `+step+`, is_bot, coalesce(bot_reason, ''), source, channel, coalesce(device, ''),
			coalesce(country, ''), coalesce(browser, ''), coalesce(os, ''), count(*),
			count(*) FILTER (WHERE pageviews = 1 AND interactive_events = 0 AND engaged_ms < 10000),
			coalesce(sum(duration_seconds), 0), sum(engaged_ms)::bigint, count(pcqs), coalesce(sum((pcqs * 100)::bigint), 0)::bigint
		FROM tracking_sessions
		WHERE project_id = ? AND started_at >= ? AND started_at < ?
		GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9`, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	for rows.Next() {
		var c SessionCount
		if err := rows.Scan(&c.Step, &c.IsBot, &c.BotReason, &c.Source, &c.Channel, &c.Device, &c.Country, &c.Browser, &c.OS, &c.Sessions,
			&c.Bounces, &c.DurationSeconds, &c.EngagedMS, &c.Scored, &c.Score); err != nil {
			return err
		}
		give(&c)
	}
	return rows.Err()
}
