package repo

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/microtracker/microtracker/repo/report"
)

// MostTouches is the most touches and conversions, each, that an answer about attribution is made of.
const MostTouches = 2_000_000

// AttributionQuery asks which sessions led to conversions.
type AttributionQuery struct {
	// Since and Until bound the conversions, half-open.
	Since, Until time.Time
	// Lookback is how long before a conversion a touch may be.
	Lookback time.Duration
	// Conversions are those that count, Every event of them or the first of each session.
	Conversions     []report.Conversion
	EveryConversion bool
}

// Touch is a session that came from an ad or a campaign.
type Touch struct {
	SessionID int64
	At        time.Time
	// Campaign, Adset and Ad are ids, where there is none a name, else empty. Source is never empty.
	Platform, Campaign, Adset, Ad, Placement, Source string
}

// Deal is an event that is a conversion.
type Deal struct {
	EventID              uuid.UUID
	SessionID, VisitorID int64
	At                   time.Time
	// Count is how many conversions it counts for: none, where its session has had it.
	Count int64
	// Value is what it is worth, a decimal number in the project's currency with at most six decimals.
	Value string
}

// Deals calls each for every conversion with its touches, from the first to the last: the visitor's sessions within the lookback
// before it, its own included. The touches are valid until each returns. report.ErrUnsupported when it is about too much,
// context.DeadlineExceeded when it takes too long; an error of each ends it.
func (p *Project) Deals(ctx context.Context, q AttributionQuery, each func(deal *Deal, touches []Touch) error) error {
	return p.inAds(ctx, "follow conversions back", func(ctx context.Context, tx bun.Tx) error {
		return p.deals(ctx, tx, q, nil, each)
	})
}

// one narrows the question to an event of a visitor.
type one struct {
	eventID   uuid.UUID
	visitorID int64
}

// ExplainDeal returns one conversion, the ids of the conversions that it is, and its touches. sessionID is that of the event, 0:
// not known, and all events of the project are looked through. ErrNotFound, also when the event is no conversion.
func (p *Project) ExplainDeal(ctx context.Context, q AttributionQuery, eventID uuid.UUID, sessionID int64) (deal *Deal, ids []int64, touches []Touch, err error) {
	err = p.inAds(ctx, "explain a conversion", func(ctx context.Context, tx bun.Tx) error {
		of := report.ConversionsOf(q.Conversions)
		s := new(statement)
		s.add("SELECT e.visitor_id, e.created_at, c.id FROM events AS e CROSS JOIN LATERAL ")
		s.add(of.SQL, of.Args...)
		s.add(" AS c WHERE e.project_id = ? AND e.event_id = ?", p.ID, eventID)
		if sessionID != 0 {
			s.add(" AND e.session_id = ?", sessionID)
		}
		s.add(" ORDER BY c.id")
		rows, err := tx.QueryContext(ctx, s.text.String(), s.args...)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err tells what matters
		found := one{eventID: eventID}
		var at time.Time
		for rows.Next() {
			var id int64
			if err := rows.Scan(&found.visitorID, &at, &id); err != nil {
				return err
			}
			if id != 0 {
				ids = append(ids, id)
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if found.visitorID == 0 {
			return ErrNotFound
		}
		q.Since, q.Until, q.EveryConversion = at, at.Add(time.Microsecond), true
		err = p.deals(ctx, tx, q, &found, func(its *Deal, way []Touch) error {
			deal, touches = its, way
			return nil
		})
		if err == nil && deal == nil {
			return ErrNotFound // a bot's
		}
		return err
	})
	return deal, ids, touches, err
}

// compileDeals writes one statement: of each visitor who converted first the touches, then the conversions, each by time.
func (p *Project) compileDeals(q AttributionQuery, only *one) *statement {
	s := new(statement)
	from := q.Since.Add(-q.Lookback)
	s.add(`WITH spend AS (SELECT platform, campaign_id, adset_id, ad_id, date FROM ad_spend_fact WHERE project_id = ? AND date >= ?::date AND date < ?::date)`,
		p.ID, from.AddDate(0, 0, -1).Format(time.DateOnly), q.Until.AddDate(0, 0, 2).Format(time.DateOnly))
	addSpent(s)
	s.add(`,
hits AS (SELECT e.visitor_id, e.session_id, e.created_at, e.id, e.event_id,
		CASE WHEN c.is_first THEN CASE WHEN e.value IS NULL THEN c.worth WHEN coalesce(e.currency, ?) = ? THEN e.value END END AS value,
		row_number() OVER (PARTITION BY e.session_id, c.id ORDER BY e.created_at, e.event_id) = 1 AS is_new
	FROM events AS e JOIN tracking_sessions AS s ON s.project_id = e.project_id AND s.id = e.session_id
	CROSS JOIN LATERAL `, p.Currency, p.Currency)
	of, is := report.ConversionsOf(q.Conversions), report.IsConversion(q.Conversions)
	s.add(of.SQL, of.Args...)
	// The session of an event in the range overlaps the range: said, so that the other sessions need not be read.
	s.add(` AS c
	WHERE e.project_id = ? AND e.created_at >= ? AND e.created_at < ? AND s.project_id = ? AND s.last_activity_at >= ? AND s.started_at < ? AND NOT s.is_bot AND `,
		p.ID, q.Since, q.Until, p.ID, q.Since, q.Until)
	s.add(is.SQL, is.Args...)
	if only != nil {
		s.add(" AND e.visitor_id = ? AND e.event_id = ? AND s.visitor_id = ?", only.visitorID, only.eventID, only.visitorID)
	}
	count := "count(*) FILTER (WHERE is_new)"
	if q.EveryConversion {
		count = "count(*)"
	}
	s.add(`),
deals AS MATERIALIZED (SELECT visitor_id, session_id, created_at, event_id, `+count+` AS count, coalesce(sum(value), 0) AS value
	FROM hits GROUP BY visitor_id, session_id, created_at, id, event_id LIMIT ?),
touched AS MATERIALIZED (SELECT s.visitor_id, s.id, s.started_at, `+campaignOf+` AS campaign, `+adsetOf+` AS adset, `+adOf+` AS ad,
		coalesce(s.utm_placement, '') AS placement, s.source, s.click_id_kind, `+markedSource+` AS marked_source
	FROM tracking_sessions AS s
	WHERE s.project_id = ? AND s.started_at >= ? AND s.started_at < ? AND NOT s.is_bot AND `+landed, MostTouches+1, p.ID, from, q.Until)
	if only != nil {
		s.add(" AND s.visitor_id = ?", only.visitorID)
	} else {
		s.add(" AND s.visitor_id IN (SELECT visitor_id FROM deals)")
	}
	s.add(" LIMIT ?)", MostTouches+1)
	addPlaced(s, p.ID, "placed", "touched", "p.visitor_id, p.id, p.started_at, p.placement, p.source")
	s.add(`
SELECT visitor_id, false AS is_deal, started_at AS at, id AS session_id, NULL::uuid AS event_id, 0::bigint AS count, '' AS value,
	platform, campaign, adset, ad, placement, source FROM placed
UNION ALL SELECT visitor_id, true, created_at, session_id, event_id, count, value::text, '', '', '', '', '', '' FROM deals
ORDER BY 1, 2, 3, 4, 5`)
	return s
}

func (p *Project) deals(ctx context.Context, tx bun.Tx, q AttributionQuery, only *one, each func(deal *Deal, touches []Touch) error) error {
	s := p.compileDeals(q, only)
	rows, err := tx.QueryContext(ctx, s.text.String(), s.args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	var touches []Touch
	var visitor int64
	first, seenTouches, seenDeals := 0, 0, 0
	for rows.Next() {
		var isDeal bool
		var eventID uuid.NullUUID
		var deal Deal
		var touch Touch
		if err := rows.Scan(&deal.VisitorID, &isDeal, &deal.At, &deal.SessionID, &eventID, &deal.Count, &deal.Value,
			&touch.Platform, &touch.Campaign, &touch.Adset, &touch.Ad, &touch.Placement, &touch.Source); err != nil {
			return err
		}
		if deal.VisitorID != visitor {
			visitor, first = deal.VisitorID, 0
			touches = nil
		}
		if !isDeal {
			if seenTouches++; seenTouches > MostTouches {
				return refuseAttribution("touches")
			}
			touch.SessionID, touch.At = deal.SessionID, deal.At
			touches = append(touches, touch)
			continue
		}
		if seenDeals++; seenDeals > MostTouches {
			return refuseAttribution("conversions")
		}
		deal.EventID = eventID.UUID
		for first < len(touches) && touches[first].At.Before(deal.At.Add(-q.Lookback)) {
			first++
		}
		last := first
		for last < len(touches) && !touches[last].At.After(deal.At) {
			last++
		}
		if err := each(&deal, touches[first:last]); err != nil {
			return err
		}
	}
	return rows.Err()
}

// refuseAttribution says that there is too much to look at.
func refuseAttribution(what string) error {
	return fmt.Errorf("%w: it is about more than %d %s: ask for fewer days or a shorter lookback", report.ErrUnsupported, MostTouches, what)
}

// AdSpendBy is what was spent, by these dimensions, on the days from since to until of each platform's own zone: rows with the one
// value.
func (p *Project) AdSpendBy(ctx context.Context, dimensions []AdDimension, since, until time.Time) ([]AdRow, error) {
	answer, err := p.AdPerformance(ctx, AdQuery{Metrics: []AdMetric{AdSpent}, Dimensions: dimensions, Since: since, Until: until}, nil)
	if err != nil {
		return nil, err
	}
	return answer.Rows, nil
}

// NameAds gives the campaigns, ad sets and ads of rows with these dimensions the latest names known: of ads_dim, else of the
// sessions that started on the days from since to until.
func (p *Project) NameAds(ctx context.Context, dimensions []AdDimension, since, until time.Time, rows []AdRow) error {
	return p.inAds(ctx, "name ads", func(ctx context.Context, tx bun.Tx) error {
		return p.nameAds(ctx, tx, AdQuery{Dimensions: dimensions, Since: since, Until: until}, rows)
	})
}
