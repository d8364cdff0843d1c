package repo

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// RollupWindow is a stretch of time to count, Since included, Until excluded, in steps that begin with Since.
type RollupWindow struct {
	Since, Until time.Time
	Step         time.Duration
}

// step is the place of the step in which a moment lies, in microseconds since 2000.
func (w RollupWindow) step(micros int64) int {
	return int((micros - sinceMillennium(w.Since)) / w.Step.Microseconds())
}

// sinceMillennium is a moment as the database sends it: in microseconds since 2000.
func sinceMillennium(at time.Time) int64 {
	return at.UnixMicro() - time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
}

// moment is what sinceMillennium is of.
func moment(micros int64) time.Time {
	return time.UnixMicro(micros + time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()).UTC()
}

// read runs a statement whose results are bigints, times, booleans and texts, and gives the columns as they come over the wire, in
// binary: nil is null. They are for one call alone. Converting a million rows takes longer than counting them.
func (t *RollupTx) read(ctx context.Context, give func(row wireRow), query string, args ...any) error {
	return t.conn.Raw(func(driver any) error {
		conn, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("read rows to count: the driver is %T", driver)
		}
		rows, err := conn.Conn().Query(ctx, query, append([]any{pgx.QueryExecModeDescribeExec, pgx.QueryResultFormats{pgx.BinaryFormatCode}}, args...)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			give(rows.RawValues())
		}
		return rows.Err()
	})
}

// wireRow are columns as they come over the wire.
type wireRow [][]byte

// number is a bigint, or a time in microseconds since 2000; 0 of null.
func (r wireRow) number(i int) int64 {
	if len(r[i]) != 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(r[i]))
}

func (r wireRow) flag(i int) bool { return len(r[i]) == 1 && r[i][0] == 1 }

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
	BotReason []byte
	// Texts are entry path, exit path, source, channel, campaign, campaign id, utm_source, utm_medium, country, region, device,
	// browser, operating system, utm_term, utm_content, ad set, ad, placement, browser and operating system with their versions, ad set
	// id, ad id, and the kind of the click id. Empty: there is none.
	Texts [SessionTexts][]byte
}

// StartedSessions gives the sessions that started in a window, those of bots, too. What is given is for one call alone.
func (t *RollupTx) StartedSessions(ctx context.Context, w RollupWindow, give func(s *RollupSession)) error {
	return t.sessions(ctx, give, "started_at >= $2 AND started_at < $3", w.Since, w.Until)
}

// sessionsAtOnce is how many sessions are looked up by their ids at once.
const sessionsAtOnce = 10_000

// SessionsOf gives the sessions with these ids, in the same way.
func (t *RollupTx) SessionsOf(ctx context.Context, ids []int64, give func(s *RollupSession)) error {
	for some := range slices.Chunk(ids, sessionsAtOnce) {
		if err := t.sessions(ctx, give, "id = ANY ($2)", some); err != nil {
			return err
		}
	}
	return nil
}

func (t *RollupTx) sessions(ctx context.Context, give func(s *RollupSession), which string, args ...any) error {
	const texts = 11
	one := func(is bool) int64 {
		if is {
			return 1
		}
		return 0
	}
	var s RollupSession
	return t.read(ctx, func(row wireRow) {
		s.ID, s.VisitorID, s.StartedAt, s.LastActivityAt = row.number(0), row.number(1), moment(row.number(2)), moment(row.number(3))
		s.IsBot, s.BotReason = row.flag(4), row[10]
		s.Numbers = [8]int64{1, one(row.flag(5)), row.number(6), row.number(7), row.number(8), one(row[8] != nil), row.number(9), one(row[9] != nil)}
		copy(s.Texts[:], row[texts:])
		give(&s)
	}, `
		SELECT id, visitor_id, started_at, last_activity_at, is_bot, pageviews = 1 AND interactive_events = 0 AND engaged_ms < 10000,
			duration_seconds::bigint, engaged_ms::bigint, (scroll_pct * 100)::bigint, (pcqs * 100)::bigint, bot_reason,
			entry_path, exit_path, source, channel, coalesce(utm_campaign_name, utm_campaign_id), utm_campaign_id, utm_source, utm_medium,
			country, country || '-' || region, device, browser, os, utm_term, utm_content, coalesce(utm_adset_name, utm_adset_id),
			coalesce(utm_ad_name, utm_ad_id), utm_placement, coalesce(browser || ' ' || browser_version, browser),
			coalesce(os || ' ' || os_version, os), utm_adset_id, utm_ad_id, click_id_kind
		FROM tracking_sessions WHERE project_id = $1 AND `+which, append([]any{t.projectID}, args...)...)
}

// RollupEvent is an event, as it is counted.
type RollupEvent struct {
	// ID and At are those of an event that NewEvents gives.
	ID int64
	At time.Time
	// Step is the place of its step in the window, of one that Events gives.
	Step      int
	SessionID int64
	// Path and Name are empty without one.
	Type, Path, Name []byte
	// Marked says of a click that it met an element marked as a call to action.
	Marked bool
}

// eventColumns are what an event is told apart by.
const eventColumns = `event_type, path, name, CASE WHEN event_type = 'click' THEN meta -> 'cta' = 'true' END`

// Events gives the events of a window, those of bots, too. What is given is for one call alone.
func (t *RollupTx) Events(ctx context.Context, w RollupWindow, give func(e *RollupEvent)) error {
	var e RollupEvent
	return t.read(ctx, func(row wireRow) {
		e = RollupEvent{Step: w.step(row.number(0)), SessionID: row.number(1), Type: row[2], Path: row[3], Name: row[4], Marked: row.flag(5)}
		give(&e)
	}, `
		SELECT created_at, session_id, `+eventColumns+` FROM events WHERE project_id = $1 AND created_at >= $2 AND created_at < $3`, t.projectID, w.Since, w.Until)
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
