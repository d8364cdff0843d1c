package repo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun/dialect/pgdialect"
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

// SessionTexts are what sessions are told apart by, in the order of RollupSession.Texts.
const SessionTexts = 23

// RollupSession is a session, as it is counted.
type RollupSession struct {
	ID, VisitorID             int64
	StartedAt, LastActivityAt time.Time
	IsBot                     bool
	// Numbers are 1, whether it bounced, seconds, milliseconds of attention, hundredths of per cents scrolled, whether that is
	// known, hundredths of its score, and whether it has one.
	Numbers [8]int64
	// BotReason is empty without one.
	BotReason string
	// Texts are entry path, exit path, source, channel, campaign, campaign id, utm_source, utm_medium, country, region, device,
	// browser, operating system, utm_term, utm_content, ad set, ad, placement, browser and operating system with their versions, ad set
	// id, ad id, and the kind of the click id. Empty: there is none.
	Texts [SessionTexts]string
}

// StartedSessions gives the sessions that started in a window, those of bots, too. What is given is for one call alone.
func (t *RollupTx) StartedSessions(ctx context.Context, w RollupWindow, give func(s *RollupSession)) error {
	return t.sessions(ctx, give, "started_at >= ? AND started_at < ?", w.Since, w.Until)
}

// sessionsAtOnce is how many sessions are looked up by their ids at once.
const sessionsAtOnce = 10_000

// SessionsOf gives the sessions with these ids, in the same way.
func (t *RollupTx) SessionsOf(ctx context.Context, ids []int64, give func(s *RollupSession)) error {
	for some := range slices.Chunk(ids, sessionsAtOnce) {
		if err := t.sessions(ctx, give, "id = ANY (?)", pgdialect.Array(some)); err != nil {
			return err
		}
	}
	return nil
}

func (t *RollupTx) sessions(ctx context.Context, give func(s *RollupSession), which string, args ...any) error {
	rows, err := t.tx.QueryContext(ctx, `
		SELECT id, visitor_id, started_at, last_activity_at, is_bot, pageviews = 1 AND interactive_events = 0 AND engaged_ms < 10000,
			duration_seconds::bigint, engaged_ms::bigint, (scroll_pct * 100)::bigint, (pcqs * 100)::bigint, bot_reason,
			entry_path, exit_path, source, channel, coalesce(utm_campaign_name, utm_campaign_id), utm_campaign_id, utm_source, utm_medium,
			country, country || '-' || region, device, browser, os, utm_term, utm_content, coalesce(utm_adset_name, utm_adset_id),
			coalesce(utm_ad_name, utm_ad_id), utm_placement, coalesce(browser || ' ' || browser_version, browser),
			coalesce(os || ' ' || os_version, os), utm_adset_id, utm_ad_id, click_id_kind
		FROM tracking_sessions WHERE project_id = ? AND `+which, append([]any{t.projectID}, args...)...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	// As the driver has them: converting a hundred thousand rows takes longer than counting them.
	var columns [11 + SessionTexts]any
	targets := make([]any, len(columns))
	for i := range columns {
		targets[i] = &columns[i]
	}
	number := func(i int) int64 { n, _ := columns[i].(int64); return n }
	flag := func(is bool) int64 {
		if is {
			return 1
		}
		return 0
	}
	var s RollupSession
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		s.ID, s.VisitorID = number(0), number(1)
		s.StartedAt, _ = columns[2].(time.Time)
		s.LastActivityAt, _ = columns[3].(time.Time)
		s.IsBot, _ = columns[4].(bool)
		bounced, _ := columns[5].(bool)
		s.Numbers = [8]int64{1, flag(bounced), number(6), number(7), number(8), flag(columns[8] != nil), number(9), flag(columns[9] != nil)}
		s.BotReason, _ = columns[10].(string)
		for i := range s.Texts {
			s.Texts[i], _ = columns[11+i].(string)
		}
		give(&s)
	}
	return rows.Err()
}

// RollupEvents are the events of one kind in one step. There may be several of one kind.
type RollupEvents struct {
	// Step is when the step begins.
	Step time.Time
	Type string
	// Path and Name are empty without one.
	Path, Name string
	// Marked says of clicks that they met an element marked as a call to action.
	Marked bool
	// Sessions are the ids of their sessions, one for each event, in no order, each eight bytes with the highest first.
	Sessions []byte
}

// Events gives the events of a window, those of bots, too. Ids are gathered by the database, so that no event goes over the wire
// by itself.
func (t *RollupTx) Events(ctx context.Context, w RollupWindow, give func(e *RollupEvents)) error {
	step, args := w.step("created_at")
	groups := "1, 2"
	if len(args) > 1 {
		groups += ", 3"
	}
	// Two texts to group by, not five columns: the type, with the name behind it; but of clicks the name after a sign, since no type
	// begins with one.
	rows, err := t.tx.QueryContext(ctx, `
		SELECT CASE WHEN event_type <> 'click' THEN CASE WHEN name = '' THEN event_type ELSE event_type || chr(31) || name END
				WHEN meta -> 'cta' = 'true' THEN '+' || name ELSE '-' || name END,
			coalesce(path, ''), `+step+`, string_agg(int8send(session_id), '')
		FROM events WHERE project_id = ? AND created_at >= ? AND created_at < ?
		GROUP BY `+groups, append(args, t.projectID, w.Since, w.Until)...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	for rows.Next() {
		e := new(RollupEvents)
		if err := rows.Scan(&e.Type, &e.Path, &e.Step, &e.Sessions); err != nil {
			return err
		}
		e.Type, e.Name, _ = strings.Cut(e.Type, "\x1f")
		for _, sign := range []string{"+", "-"} {
			if name, ok := strings.CutPrefix(e.Type, sign); ok {
				e.Type, e.Name, e.Marked = "click", name, sign == "+"
				break
			}
		}
		give(e)
	}
	return rows.Err()
}

// LaterPage is a path that a session saw after a window.
type LaterPage struct {
	SessionID int64
	Path      string
	// Days is how many days of the project after the day of the window it did so first.
	Days int64
}

// LaterPages gives the paths that these sessions saw after a window of a day.
func (t *RollupTx) LaterPages(ctx context.Context, w RollupWindow, day time.Time, sessions []int64, give func(p LaterPage)) error {
	for some := range slices.Chunk(sessions, sessionsAtOnce) {
		var pages []LaterPage
		err := t.tx.NewRaw(`
			SELECT session_id, path, (min(created_at) AT TIME ZONE ?)::date - ?::date AS days
			FROM events WHERE project_id = ? AND session_id = ANY (?) AND event_type = 'page_view' AND path <> '' AND created_at >= ?
				AND created_at <= (SELECT max(last_activity_at) FROM tracking_sessions WHERE project_id = ? AND id = ANY (?))
			GROUP BY 1, 2`, t.TimeZone, day.Format(time.DateOnly), t.projectID, pgdialect.Array(some), w.Until, t.projectID, pgdialect.Array(some)).
			Scan(ctx, &pages)
		if err != nil {
			return err
		}
		for _, page := range pages {
			give(page)
		}
	}
	return nil
}
