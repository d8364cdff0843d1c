package repo

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/microtracker/microtracker/repo/report"
)

// SessionOrder sorts lists of sessions; of equal ones the id decides.
type SessionOrder int

// The orders. Those by start read an index and stop; the others read every session of the range.
const (
	SessionsNewest SessionOrder = iota
	SessionsOldest
	SessionsLongest
	SessionsMostPageviews
)

// SessionPlace is the place of a session in a list: what the list is sorted by (a start in microseconds since 1970, seconds,
// page views) and its id.
type SessionPlace struct {
	Value, ID int64
}

// Place is where the session stands in a list of this order.
func (s *TrackingSession) Place(order SessionOrder) SessionPlace {
	switch order {
	case SessionsLongest:
		return SessionPlace{int64(s.DurationSeconds), s.ID}
	case SessionsMostPageviews:
		return SessionPlace{int64(s.Pageviews), s.ID}
	case SessionsNewest, SessionsOldest:
	}
	return SessionPlace{s.StartedAt.UnixMicro(), s.ID}
}

// VisitList asks for a part of a list of sessions or visitors. Of its question Since, Until, Filter and Bots matter.
type VisitList struct {
	Query report.Query
	Order SessionOrder
	// After is the place of the last row of the page before; zero: from the first.
	After SessionPlace
	// Newest is the place of the first row of the first page, behind which nothing new comes between the pages of a list of
	// visitors; zero on that page.
	Newest SessionPlace
	Limit  int
}

// Visit is a session with its visitor.
type Visit struct {
	Session TrackingSession
	Visitor *Visitor
}

// listedColumns are the columns of a session s that lists and drill-downs show.
const listedColumns = `s.id, s.project_id, s.visitor_id, s.session_key, s.is_keyed, s.started_at, s.last_activity_at, s.landing_url,
	s.landing_referrer, s.duration_seconds, s.scroll_pct, s.pcqs, s.source, s.channel, s.utm_source, s.utm_medium,
	s.utm_campaign_id, s.utm_campaign_name, s.utm_adset_id, s.utm_adset_name, s.utm_ad_id, s.utm_ad_name, s.utm_placement,
	s.utm_term, s.utm_content, s.click_id, s.click_id_kind, s.has_macro, s.search_term, s.country, s.region, s.device,
	s.browser, s.os, s.browser_version, s.os_version, s.is_bot, s.bot_reason, s.entry_path, s.exit_path, s.pageviews, s.interactive_events, s.engaged_ms`

const joinVisitors = " JOIN visitors AS v ON v.project_id = s.project_id AND v.id = s.visitor_id"

// inList is inSnapshot for what reads few rows of many: there the planner may follow an index from row to row, and compiling
// expressions takes longer than they do.
func (p *Project) inList(ctx context.Context, work func(ctx context.Context, tx bun.Tx) error) error {
	return p.store.inSnapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.ExecContext(ctx, "SET LOCAL enable_nestloop = on; SET LOCAL jit = off"); err != nil {
			return err
		}
		return work(ctx, tx)
	})
}

// ListSessions lists the sessions that started in the range and that the question keeps, with their visitors.
// report.ErrUnsupported when the filter has no meaning, context.DeadlineExceeded when it takes too long.
func (p *Project) ListSessions(ctx context.Context, list VisitList) ([]Visit, error) {
	query, err := p.sessionsQuery(list)
	if err != nil {
		return nil, classify("list the sessions", err)
	}
	visits, err := p.listVisits(ctx, query)
	return visits, classify("list the sessions", err)
}

func (p *Project) sessionsQuery(list VisitList) (*listQuery, error) {
	where, err := report.SessionCondition(p.ID, list.Query)
	if err != nil {
		return nil, err
	}
	query := new(listQuery)
	query.add("SELECT " + listedColumns + " FROM tracking_sessions AS s")
	if where.NeedsVisitors {
		query.add(joinVisitors)
	}
	query.add(" WHERE s.project_id = ? AND s.started_at >= ? AND s.started_at < ? AND (", p.ID, list.Query.Since, list.Query.Until)
	query.add(where.SQL+")", where.Args...)
	column, than, direction := "s.started_at", "<", " DESC"
	switch list.Order {
	case SessionsOldest:
		than, direction = ">", ""
	case SessionsLongest:
		column = "coalesce(s.duration_seconds, 0)"
	case SessionsMostPageviews:
		column = "s.pageviews"
	case SessionsNewest:
	}
	if list.After != (SessionPlace{}) {
		query.add(" AND ("+column+", s.id) "+than+" (?, ?)", list.After.bound(list.Order), list.After.ID)
	}
	query.add(" ORDER BY "+column+direction+", s.id"+direction+" LIMIT ?", list.Limit)
	return query, nil
}

// bound is what a column is compared with.
func (k SessionPlace) bound(order SessionOrder) any {
	switch order {
	case SessionsLongest, SessionsMostPageviews:
		return k.Value
	case SessionsNewest, SessionsOldest:
	}
	return time.UnixMicro(k.Value).UTC()
}

// ListVisitors lists the visitors with a session that started in the range and that the question keeps, each with his last such
// session, by which they are sorted, the latest first. With list.Newest, sessions that started after that are not looked at:
// who comes back between two pages is neither listed twice nor left out. Errors as ListSessions.
func (p *Project) ListVisitors(ctx context.Context, list VisitList) ([]Visit, error) {
	query, err := p.visitorsQuery(list)
	if err != nil {
		return nil, classify("list the visitors", err)
	}
	visits, err := p.listVisits(ctx, query)
	return visits, classify("list the visitors", err)
}

func (p *Project) visitorsQuery(list VisitList) (*listQuery, error) {
	where, err := report.SessionCondition(p.ID, list.Query)
	if err != nil {
		return nil, err
	}
	query := new(listQuery)
	keep := func() {
		query.add(" AND s.started_at >= ? AND s.started_at < ?", list.Query.Since, list.Query.Until)
		if list.Newest != (SessionPlace{}) {
			query.add(" AND (s.started_at, s.id) <= (?, ?)", list.Newest.bound(SessionsNewest), list.Newest.ID)
		}
		query.add(" AND ("+where.SQL+")", where.Args...)
	}
	from := " FROM tracking_sessions AS s"
	if where.NeedsVisitors {
		from += joinVisitors
	}
	// The inner s is another session of the visitor: this is the outer one, which it hides.
	query.add("SELECT "+listedColumns+from+` CROSS JOIN LATERAL (SELECT s.visitor_id AS visitor_id, s.started_at AS started_at, s.id AS id) AS this
		WHERE s.project_id = ?`, p.ID)
	keep()
	if list.After != (SessionPlace{}) {
		query.add(" AND (s.started_at, s.id) < (?, ?)", list.After.bound(SessionsNewest), list.After.ID)
	}
	query.add(" AND NOT EXISTS (SELECT"+from+` WHERE s.project_id = ? AND s.visitor_id = this.visitor_id
		AND (s.started_at, s.id) > (this.started_at, this.id)`, p.ID)
	keep()
	query.add(") ORDER BY s.started_at DESC, s.id DESC LIMIT ?", list.Limit)
	return query, nil
}

func (p *Project) listVisits(ctx context.Context, query *listQuery) ([]Visit, error) {
	var visits []Visit
	err := p.inList(ctx, func(ctx context.Context, tx bun.Tx) error {
		var err error
		visits, err = p.readVisits(ctx, tx, query)
		return err
	})
	return visits, err
}

// listQuery gathers SQL with its arguments.
type listQuery struct {
	sql  string
	args []any
}

func (s *listQuery) add(text string, args ...any) {
	s.sql += text
	s.args = append(s.args, args...)
}

// readVisits reads the sessions of a query and then their visitors.
func (p *Project) readVisits(ctx context.Context, tx bun.Tx, query *listQuery) ([]Visit, error) {
	var sessions []TrackingSession
	if err := tx.NewRaw(query.sql, query.args...).Scan(ctx, &sessions); err != nil {
		return nil, err
	}
	if len(sessions) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(sessions))
	for i := range sessions {
		ids[i] = sessions[i].VisitorID
	}
	var visitors []Visitor
	err := tx.NewSelect().Model(&visitors).ExcludeColumn("fold").Where("project_id = ? AND id IN (?)", p.ID, bun.List(ids)).Scan(ctx)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]*Visitor, len(visitors))
	for i := range visitors {
		byID[visitors[i].ID] = &visitors[i]
	}
	visits := make([]Visit, len(sessions))
	for i := range sessions {
		visits[i] = Visit{Session: sessions[i], Visitor: byID[sessions[i].VisitorID]}
		if visits[i].Visitor == nil {
			return nil, fmt.Errorf("session %d has no visitor", sessions[i].ID)
		}
	}
	return visits, nil
}

// Timeline is a session, its visitor, a page of its events, and the ids of his sessions before and after it; zero: there is
// none.
type Timeline struct {
	Visit

	Events         []Event
	Previous, Next int64
}

// EventPlace is the place of an event in a session: of the same moment page views come first, then the event's id decides.
type EventPlace struct {
	CreatedAt time.Time
	// Behind is 0 for a page view, else 1.
	Behind  int
	EventID uuid.UUID
}

// Place is where the event stands in its session.
func (e *Event) Place() EventPlace {
	place := EventPlace{CreatedAt: e.CreatedAt, EventID: e.EventID}
	if e.EventType != "page_view" {
		place.Behind = 1
	}
	return place
}

// behind is EventPlace.Behind.
const behind = "(event_type <> 'page_view')::int"

// Timeline returns one of the project's sessions with its events in the order in which they happened: page.After is the place
// of the last one seen. ErrNotFound, also when it is another project's.
func (p *Project) Timeline(ctx context.Context, sessionID int64, page Page[EventPlace]) (*Timeline, error) {
	timeline := new(Timeline)
	err := p.inList(ctx, func(ctx context.Context, tx bun.Tx) error {
		one := new(listQuery)
		one.add("SELECT "+listedColumns+" FROM tracking_sessions AS s WHERE s.project_id = ? AND s.id = ?", p.ID, sessionID)
		visits, err := p.readVisits(ctx, tx, one)
		if err != nil {
			return err
		}
		if len(visits) == 0 {
			return ErrNotFound
		}
		timeline.Visit = visits[0]
		session := &timeline.Session
		// Its events lie between its ends: said, so that the other months need not be looked at.
		query := tx.NewSelect().Model(&timeline.Events).Where("project_id = ? AND session_id = ?", p.ID, session.ID).
			Where("created_at BETWEEN ? AND ?", session.StartedAt, session.LastActivityAt)
		if page.After != (EventPlace{}) {
			query = query.Where("(created_at, "+behind+", event_id) > (?, ?, ?)", page.After.CreatedAt, page.After.Behind, page.After.EventID)
		}
		if err := query.OrderExpr("created_at, " + behind + ", event_id").Limit(int64(page.Limit)).Scan(ctx); err != nil {
			return err
		}
		return tx.NewRaw(`SELECT
			coalesce((SELECT id FROM tracking_sessions WHERE project_id = ? AND visitor_id = ? AND (started_at, id) < (?, ?)
				ORDER BY started_at DESC, id DESC LIMIT 1), 0),
			coalesce((SELECT id FROM tracking_sessions WHERE project_id = ? AND visitor_id = ? AND (started_at, id) > (?, ?)
				ORDER BY started_at, id LIMIT 1), 0)`,
			p.ID, session.VisitorID, session.StartedAt, session.ID, p.ID, session.VisitorID, session.StartedAt, session.ID,
		).Scan(ctx, &timeline.Previous, &timeline.Next)
	})
	return timeline, classify("read the session", err)
}

// VisitorTotals are sums over the sessions of a visitor.
type VisitorTotals struct {
	Sessions, Bounces, Pageviews, InteractiveEvents int64
	DurationSeconds                                 int64
	EngagedMS                                       int64 `bun:"engaged_ms"`
}

// VisitorHistory is a visitor with a page of his sessions, the latest first.
type VisitorHistory struct {
	Visitor  Visitor
	Totals   VisitorTotals
	Sessions []TrackingSession
}

// VisitorHistory returns one of the project's visitors: page.After is the place of the last session seen. ErrNotFound, also when
// he is another project's.
func (p *Project) VisitorHistory(ctx context.Context, ref VisitorRef, page Page[SessionPlace]) (*VisitorHistory, error) {
	history := new(VisitorHistory)
	err := p.inList(ctx, func(ctx context.Context, tx bun.Tx) error {
		visitor := &history.Visitor
		if err := tx.NewSelect().Model(visitor).ExcludeColumn("fold").Apply(p.whereVisitor(ref)).Scan(ctx); err != nil {
			return err
		}
		err := tx.NewRaw(`SELECT count(*) AS sessions,
			count(*) FILTER (WHERE pageviews = 1 AND interactive_events = 0 AND engaged_ms < 10000) AS bounces,
			coalesce(sum(pageviews), 0) AS pageviews, coalesce(sum(interactive_events), 0) AS interactive_events,
			coalesce(sum(duration_seconds), 0) AS duration_seconds, coalesce(sum(engaged_ms), 0) AS engaged_ms
			FROM tracking_sessions WHERE project_id = ? AND visitor_id = ?`, p.ID, visitor.ID).Scan(ctx, &history.Totals)
		if err != nil {
			return err
		}
		query := new(listQuery)
		query.add("SELECT "+listedColumns+" FROM tracking_sessions AS s WHERE s.project_id = ? AND s.visitor_id = ?", p.ID, visitor.ID)
		if page.After != (SessionPlace{}) {
			query.add(" AND (s.started_at, s.id) < (?, ?)", page.After.bound(SessionsNewest), page.After.ID)
		}
		query.add(" ORDER BY s.started_at DESC, s.id DESC LIMIT ?", page.Limit)
		return tx.NewRaw(query.sql, query.args...).Scan(ctx, &history.Sessions)
	})
	return history, classify("read the visitor", err)
}

// IsBounce reports whether the session is a bounce (docs/metrics.md).
func (s *TrackingSession) IsBounce() bool {
	return s.Pageviews == 1 && s.InteractiveEvents == 0 && s.EngagedMS < 10_000
}
