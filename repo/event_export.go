package repo

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/microtracker/microtracker/repo/report"
)

// lookupsTimeout is how long one statement of them may keep the database busy.
const lookupsTimeout = 30 * time.Second

// ExportedEvent is an event with its session and its visitor.
type ExportedEvent struct {
	Event   Event
	Session TrackingSession
	Visitor Visitor
}

// EventExport says which events of a project to read.
type EventExport struct {
	// Query says which events to keep by its Since, Until, Filter and Bots.
	Query report.Query
	// SettledID is the last id to read (Store.SettledEvents).
	SettledID int64
}

// ExportPlace says where an export goes on: behind the event with the time and the id. By id the time does not matter.
type ExportPlace struct {
	At time.Time
	ID int64
}

// EventPage is a part of an export.
type EventPage struct {
	Events []ExportedEvent
	// Last is the place of the last event that was looked at, kept or not: the next page begins behind it.
	Last ExportPlace
	// More says that there may be events behind it.
	More bool
}

// ExportByID reads the next events behind an id, in the order of their ids: it looks at size of them and returns those that the
// filter keeps. report.ErrUnsupported for a filter without meaning, context.DeadlineExceeded when it takes too long.
func (p *Project) ExportByID(ctx context.Context, export EventExport, after int64, size int) (*EventPage, error) {
	q := export.Query
	return p.exportPage(ctx, export, exportOrder{
		columns: "e.id",
		// Over the primary key, which has the time in it: the table itself is not read.
		behind: "e.id > ? AND e.id <= ? AND e.created_at >= ? AND e.created_at < ?",
		args:   []any{after, export.SettledID, q.Since, q.Until},
		upTo:   "e.id <= ?",
		place:  func(last ExportPlace) []any { return []any{last.ID} },
	}, size)
}

// ExportByTime reads the next events of the project behind a place, in the order of their times and then ids: it looks at size
// of them and returns those that the filter keeps, of those before until. Errors are those of ExportByID.
func (p *Project) ExportByTime(ctx context.Context, export EventExport, after ExportPlace, until time.Time, size int) (*EventPage, error) {
	return p.exportPage(ctx, export, exportOrder{
		columns: "e.created_at, e.id",
		behind:  "e.created_at >= ? AND e.created_at < ? AND (e.created_at, e.id) > (?, ?) AND e.id <= ?",
		args:    []any{after.At, until, after.At, after.ID, export.SettledID},
		upTo:    "e.created_at <= ? AND (e.created_at, e.id) <= (?, ?)",
		place:   func(last ExportPlace) []any { return []any{last.At, last.At, last.ID} },
	}, size)
}

// exportOrder is an order of events with where to go on in it.
type exportOrder struct {
	columns string
	// behind is the condition of those that follow.
	behind string
	args   []any
	// upTo is the condition of those up to a place.
	upTo  string
	place func(last ExportPlace) []any
}

// exportPage finds where the page ends, and then reads what of it the filter keeps: so a page costs the same whatever the filter
// passes over.
func (p *Project) exportPage(ctx context.Context, export EventExport, order exportOrder, size int) (*EventPage, error) {
	where, err := report.EventCondition(p.ID, export.Query)
	if err != nil {
		return nil, classify("export events", err)
	}
	page := new(EventPage)
	err = p.store.inLookups(ctx, func(ctx context.Context, tx bun.Tx) error {
		args := append([]any{p.ID}, order.args...)
		var looked int
		err := tx.NewRaw("SELECT created_at, id, place FROM (SELECT created_at, id, row_number() OVER (ORDER BY "+order.columns+`) AS place FROM (
				SELECT created_at, id FROM events AS e WHERE e.project_id = ? AND `+order.behind+`
				ORDER BY `+order.columns+` LIMIT ?) AS e) AS page ORDER BY place DESC LIMIT 1`, append(args, size)...).
			Scan(ctx, &page.Last.At, &page.Last.ID, &looked)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // nothing is behind
		}
		if err != nil {
			return err
		}
		page.More = looked == size
		args = append(args, order.place(page.Last)...)
		page.Events, err = p.exportRows(ctx, tx, order.behind+" AND "+order.upTo+" AND ("+where.SQL+") ORDER BY "+order.columns, append(args, where.Args...))
		return err
	})
	return page, classify("export events", err)
}

// inLookups runs read-only work that sees one state of the database and finds what it needs row by row, by keys: in a
// transaction as short as that.
func (s *Store) inLookups(ctx context.Context, work func(ctx context.Context, tx bun.Tx) error) error {
	options := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	return s.db.RunInTx(ctx, options, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.ExecContext(ctx, fmt.Sprintf("SET LOCAL statement_timeout = %d", lookupsTimeout.Milliseconds()))
		if err != nil {
			return err
		}
		return work(ctx, tx)
	})
}

// exportRows reads the events of the project that a condition keeps, in an order. The condition is of SQL of ours.
func (p *Project) exportRows(ctx context.Context, tx bun.Tx, condition string, args []any) ([]ExportedEvent, error) {
	rows, err := tx.QueryContext(ctx, `
		SELECT e.id, e.session_id, e.visitor_id, e.event_type, e.name, coalesce(e.url, ''), coalesce(e.path, ''), coalesce(e.selector, ''),
			e.scroll_pct::float8, e.x, e.y, e.meta, e.created_at, e.event_id, e.page_view_id, e.engaged_ms, coalesce(e.referrer, ''),
			coalesce(e.title, ''), coalesce(e.value::text, ''), coalesce(e.currency, ''),
			s.session_key, s.started_at, s.last_activity_at, coalesce(s.landing_url, ''), coalesce(s.landing_referrer, ''),
			coalesce(s.duration_seconds, 0), s.scroll_pct::float8, s.pcqs::float8, coalesce(s.utm_source, ''), coalesce(s.utm_medium, ''),
			coalesce(s.utm_campaign_id, ''), coalesce(s.utm_campaign_name, ''), coalesce(s.utm_adset_id, ''), coalesce(s.utm_adset_name, ''),
			coalesce(s.utm_ad_id, ''), coalesce(s.utm_ad_name, ''), coalesce(s.utm_placement, ''), coalesce(s.utm_term, ''),
			coalesce(s.utm_content, ''), coalesce(s.click_id, ''), coalesce(s.click_id_kind, ''), s.source, s.channel, s.has_macro,
			coalesce(s.search_term, ''), coalesce(s.country, ''), coalesce(s.region, ''), coalesce(s.device, ''), coalesce(s.browser, ''),
			coalesce(s.os, ''), coalesce(s.browser_version, ''), coalesce(s.os_version, ''), s.is_bot, coalesce(s.bot_reason, ''), coalesce(s.entry_path, ''), coalesce(s.exit_path, ''), s.pageviews,
			s.interactive_events, s.engaged_ms, s.is_keyed,
			v.first_seen_at, coalesce(v.timezone, ''), coalesce(v.viewport_w, 0), coalesce(v.viewport_h, 0)
		FROM events AS e
		JOIN tracking_sessions AS s ON s.project_id = e.project_id AND s.id = e.session_id
		JOIN visitors AS v ON v.project_id = e.project_id AND v.id = e.visitor_id
		WHERE e.project_id = ? AND `+condition, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	var events []ExportedEvent
	for rows.Next() {
		var row ExportedEvent
		e, s, v := &row.Event, &row.Session, &row.Visitor
		var meta []byte
		var pageView *uuid.UUID
		err := rows.Scan(&e.ID, &e.SessionID, &e.VisitorID, &e.EventType, &e.Name, &e.URL, &e.Path, &e.Selector,
			&e.ScrollPct, &e.X, &e.Y, &meta, &e.CreatedAt, &e.EventID, &pageView, &e.EngagedMS, &e.Referrer,
			&e.Title, &e.Value, &e.Currency,
			&s.SessionKey, &s.StartedAt, &s.LastActivityAt, &s.LandingURL, &s.LandingReferrer,
			&s.DurationSeconds, &s.ScrollPct, &s.PCQS, &s.UTMSource, &s.UTMMedium,
			&s.UTMCampaignID, &s.UTMCampaignName, &s.UTMAdsetID, &s.UTMAdsetName,
			&s.UTMAdID, &s.UTMAdName, &s.UTMPlacement, &s.UTMTerm,
			&s.UTMContent, &s.ClickID, &s.ClickIDKind, &s.Source, &s.Channel, &s.HasMacro,
			&s.SearchTerm, &s.Country, &s.Region, &s.Device, &s.Browser,
			&s.OS, &s.BrowserVersion, &s.OSVersion, &s.IsBot, &s.BotReason, &s.EntryPath, &s.ExitPath, &s.Pageviews,
			&s.InteractiveEvents, &s.EngagedMS, &s.IsKeyed,
			&v.FirstSeenAt, &v.Timezone, &v.ViewportW, &v.ViewportH)
		if err != nil {
			return nil, err
		}
		e.ProjectID, s.ProjectID, v.ProjectID = p.ID, p.ID, p.ID
		s.ID, s.VisitorID, v.ID = e.SessionID, e.VisitorID, e.VisitorID
		e.Meta = json.RawMessage(meta)
		if pageView != nil {
			e.PageViewID = uuid.NullUUID{UUID: *pageView, Valid: true}
		}
		events = append(events, row)
	}
	return events, rows.Err()
}
