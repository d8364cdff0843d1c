package repo

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// Changes is everything that one transaction writes. Rows that lock in the order of their keys are given in it.
type Changes struct {
	// NewSessions have their ids already.
	NewSessions []*TrackingSession
	// Sessions have changed in their sums alone, and are written without what says where they came from.
	Sessions []*TrackingSession
	// Rewritten sessions have changed in anything.
	Rewritten []*TrackingSession
	// Emptied sessions have lost their events to others.
	Emptied []*TrackingSession
	// Moved events go to another session, and with it maybe to another visitor.
	Moved  []Event
	Events []Event
	// Visitors are told what is newly known of them.
	Visitors []VisitorChange
	// Campaigns are visitors whose first and last campaign are read from their sessions.
	Campaigns []*Visitor
	// Recount are visitors of whom first and last sight are read from their sessions, too.
	Recount []*Visitor
	// Unseen visitors have no session left.
	Unseen  []*Visitor
	Ads     []*Ad
	OptOuts []OptOut
	Streams []TrackStream
}

// VisitorChange is what a visitor's new events say of him.
type VisitorChange struct {
	*Visitor

	// SessionsAdded is by how many sessions he has more, or fewer.
	SessionsAdded int
	// FirstUTM and LastUTM of the visitor are those of the first and the last of his new sessions that had a campaign,
	// where these are later than all that he had before. Others need Changes.Campaigns.

	// Fold of the visitor is the new one; nil: it stays as it is; empty: there is none.

	// LatestAt is when the event happened that describes the browser; zero without one.
	LatestAt time.Time
}

// save adds the statements that write the changes, but for many events.
func (b *ingestBatch) save(c *Changes, now time.Time) error {
	for _, step := range []func(c *Changes, now time.Time) error{
		b.mark, b.updateVisitors, b.insertSessions, b.updateSessions, b.rewriteSessions, b.moveEvents, b.deleteEmptied,
		b.insertEvents, b.recountVisitors, b.readCampaigns, b.deleteUnseen, b.upsertAds, b.countOptOuts, b.moveStreams,
	} {
		if err := step(c, now); err != nil {
			return err
		}
	}
	return nil
}

// insertEvents stores events whose visitor and session are known.
func (b *ingestBatch) insertEvents(c *Changes, _ time.Time) error {
	n := len(c.Events)
	if n == 0 || n >= copyAbove {
		return nil
	}
	projects, sessions, visitors := make([]int64, n), make([]int64, n), make([]int64, n)
	types, names, urls, paths := make([]string, n), make([]string, n), make([]*string, n), make([]*string, n)
	selectors, referrers, titles := make([]*string, n), make([]*string, n), make([]*string, n)
	scrolls, xs, ys, metas := make([]*float64, n), make([]*int32, n), make([]*int32, n), make([]*string, n)
	ats, ids, views, engaged := make([]time.Time, n), make([]pgtype.UUID, n), make([]pgtype.UUID, n), make([]*int64, n)
	values, currencies := make([]*string, n), make([]*string, n)
	for i := range c.Events {
		e := &c.Events[i]
		projects[i], sessions[i], visitors[i] = e.ProjectID, e.SessionID, e.VisitorID
		types[i], names[i], urls[i], paths[i] = e.EventType, e.Name, textOrNull(e.URL), textOrNull(e.Path)
		selectors[i], referrers[i], titles[i] = textOrNull(e.Selector), textOrNull(e.Referrer), textOrNull(e.Title)
		scrolls[i], xs[i], ys[i], metas[i] = e.ScrollPct, e.X, e.Y, textOrNull(string(e.Meta))
		ats[i], ids[i], engaged[i] = e.CreatedAt, uuidOf(e.EventID), e.EngagedMS
		views[i] = pgtype.UUID{Bytes: e.PageViewID.UUID, Valid: e.PageViewID.Valid}
		values[i], currencies[i] = textOrNull(e.Value), textOrNull(e.Currency)
	}
	b.exec(`
		INSERT INTO events (project_id, session_id, visitor_id, event_type, name, url, path, selector, referrer, title,
			scroll_pct, x, y, meta, created_at, event_id, page_view_id, engaged_ms, value, currency)
		SELECT project_id, session_id, visitor_id, event_type, name, url, path, selector, referrer, title,
			scroll_pct, x, y, meta::jsonb, created_at, event_id, page_view_id, engaged_ms, value::numeric, currency
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
			$9::text[], $10::text[], $11::float8[], $12::integer[], $13::integer[], $14::text[], $15::timestamptz[],
			$16::uuid[], $17::uuid[], $18::bigint[], $19::text[], $20::text[])
			AS e (project_id, session_id, visitor_id, event_type, name, url, path, selector, referrer, title,
				scroll_pct, x, y, meta, created_at, event_id, page_view_id, engaged_ms, value, currency)`,
		projects, sessions, visitors, types, names, urls, paths, selectors, referrers, titles,
		scrolls, xs, ys, metas, ats, ids, views, engaged, values, currencies)
	return nil
}

// uuidOf is an id as pgx encodes it fastest.
func uuidOf(id uuid.UUID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: true} }

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (b *ingestBatch) moveEvents(c *Changes, _ time.Time) error {
	n := len(c.Moved)
	if n == 0 {
		return nil
	}
	projects, ids, ats := make([]int64, n), make([]int64, n), make([]time.Time, n)
	sessions, visitors := make([]int64, n), make([]int64, n)
	for i := range c.Moved {
		e := &c.Moved[i]
		projects[i], ids[i], ats[i], sessions[i], visitors[i] = e.ProjectID, e.ID, e.CreatedAt, e.SessionID, e.VisitorID
	}
	b.execExactly(n, `
		UPDATE events AS e SET session_id = moved.session_id, visitor_id = moved.visitor_id
		FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::bigint[], $5::bigint[])
			AS moved (project_id, id, created_at, session_id, visitor_id)
		WHERE e.project_id = moved.project_id AND e.id = moved.id AND e.created_at = moved.created_at`,
		projects, ids, ats, sessions, visitors)
	return nil
}

// updateVisitors writes what the events say of their visitors. What describes the browser is that of the latest event.
func (b *ingestBatch) updateVisitors(c *Changes, now time.Time) error {
	n := len(c.Visitors)
	if n == 0 {
		return nil
	}
	projects, ids, added, bots := make([]int64, n), make([]int64, n), make([]int, n), make([]bool, n)
	since, until, latest := make([]time.Time, n), make([]time.Time, n), make([]time.Time, n)
	zones, widths, heights, agents := make([]*string, n), make([]int, n), make([]int, n), make([]*string, n)
	firstUTMs, lastUTMs, folds := make([]*string, n), make([]*string, n), make([][]byte, n)
	for i := range c.Visitors {
		v := &c.Visitors[i]
		projects[i], ids[i], added[i], bots[i] = v.ProjectID, v.ID, v.SessionsAdded, v.IsBot
		since[i], until[i], latest[i] = v.FirstSeenAt, v.LastSeenAt, v.LatestAt
		firstUTMs[i], lastUTMs[i], folds[i] = textOrNull(string(v.FirstUTM)), textOrNull(string(v.LastUTM)), v.Fold
		zones[i], widths[i], heights[i], agents[i] = textOrNull(v.Timezone), v.ViewportW, v.ViewportH, textOrNull(v.UserAgent)
	}
	b.execExactly(n, `
		UPDATE visitors AS v SET
			first_seen_at = least(v.first_seen_at, seen.since),
			last_seen_at = greatest(v.last_seen_at, seen.until),
			sessions_count = v.sessions_count + seen.added,
			is_bot = v.is_bot OR seen.is_bot,
			timezone = CASE WHEN seen.latest >= v.last_seen_at THEN coalesce(seen.timezone, v.timezone) ELSE coalesce(v.timezone, seen.timezone) END,
			viewport_w = CASE WHEN seen.latest >= v.last_seen_at THEN coalesce(nullif(seen.w, 0), v.viewport_w) ELSE coalesce(v.viewport_w, nullif(seen.w, 0)) END,
			viewport_h = CASE WHEN seen.latest >= v.last_seen_at THEN coalesce(nullif(seen.h, 0), v.viewport_h) ELSE coalesce(v.viewport_h, nullif(seen.h, 0)) END,
			user_agent = CASE WHEN seen.latest >= v.last_seen_at THEN coalesce(seen.user_agent, v.user_agent) ELSE coalesce(v.user_agent, seen.user_agent) END,
			fold = nullif(coalesce(seen.fold, v.fold), ''),
			first_utm = coalesce(v.first_utm, seen.first_utm::jsonb), last_utm = coalesce(seen.last_utm::jsonb, v.last_utm),
			updated_at = $11
		FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::boolean[], $5::timestamptz[], $6::timestamptz[], $7::text[],
			$8::integer[], $9::integer[], $10::text[], $12::timestamptz[], $13::text[], $14::text[], $15::bytea[])
			AS seen (project_id, id, added, is_bot, since, until, timezone, w, h, user_agent, latest, first_utm, last_utm, fold)
		WHERE v.project_id = seen.project_id AND v.id = seen.id`,
		projects, ids, added, bots, since, until, zones, widths, heights, agents, now, latest, firstUTMs, lastUTMs, folds)
	return nil
}

// recountVisitors reads from their sessions when visitors were first and last there.
func (b *ingestBatch) recountVisitors(c *Changes, _ time.Time) error {
	if len(c.Recount) == 0 {
		return nil
	}
	projects, ids := idsOf(c.Recount)
	b.exec(`
		UPDATE visitors AS v SET
			first_seen_at = (SELECT min(started_at) FROM tracking_sessions AS s WHERE s.project_id = v.project_id AND s.visitor_id = v.id),
			last_seen_at = (SELECT max(last_activity_at) FROM tracking_sessions AS s WHERE s.project_id = v.project_id AND s.visitor_id = v.id)
		FROM unnest($1::bigint[], $2::bigint[]) AS changed (project_id, id)
		WHERE v.project_id = changed.project_id AND v.id = changed.id
			AND EXISTS (SELECT FROM tracking_sessions AS s WHERE s.project_id = v.project_id AND s.visitor_id = v.id)`, projects, ids)
	return nil
}

// readCampaigns reads from visitors' sessions the campaigns of the first and the last that had one.
func (b *ingestBatch) readCampaigns(c *Changes, _ time.Time) error {
	if len(c.Campaigns)+len(c.Recount) == 0 {
		return nil
	}
	projects, ids := idsOf(append(slices.Clone(c.Campaigns), c.Recount...))
	b.exec(`
		UPDATE visitors AS v SET
			first_utm = (SELECT `+utmJSON+` FROM tracking_sessions AS s WHERE s.project_id = v.project_id AND s.visitor_id = v.id
				AND `+hasUTM+` ORDER BY started_at, last_activity_at, landing_url, id LIMIT 1),
			last_utm = (SELECT `+utmJSON+` FROM tracking_sessions AS s WHERE s.project_id = v.project_id AND s.visitor_id = v.id
				AND `+hasUTM+` ORDER BY started_at DESC, last_activity_at DESC, landing_url DESC, id DESC LIMIT 1)
		FROM unnest($1::bigint[], $2::bigint[]) AS changed (project_id, id)
		WHERE v.project_id = changed.project_id AND v.id = changed.id`, projects, ids)
	return nil
}

// utmJSON is a session's campaign as visitors.first_utm and last_utm keep it; hasUTM says that there is one.
const (
	utmJSON = `jsonb_strip_nulls(jsonb_build_object('utm_source', utm_source, 'utm_medium', utm_medium,
		'utm_campaign_id', utm_campaign_id, 'utm_campaign_name', utm_campaign_name, 'utm_adset_id', utm_adset_id,
		'utm_adset_name', utm_adset_name, 'utm_ad_id', utm_ad_id, 'utm_ad_name', utm_ad_name, 'utm_placement', utm_placement,
		'utm_term', utm_term, 'utm_content', utm_content, coalesce(click_id_kind, 'click_id'), click_id))`
	hasUTM = `coalesce(utm_source, utm_medium, utm_campaign_id, utm_campaign_name, utm_adset_id, utm_adset_name, utm_ad_id,
		utm_ad_name, utm_placement, utm_term, utm_content, click_id) IS NOT NULL`
)

func idsOf(visitors []*Visitor) (projects, ids []int64) {
	for _, v := range visitors {
		projects, ids = append(projects, v.ProjectID), append(ids, v.ID)
	}
	return projects, ids
}

func (b *ingestBatch) deleteUnseen(c *Changes, _ time.Time) error {
	if len(c.Unseen) == 0 {
		return nil
	}
	projects, ids := idsOf(c.Unseen)
	b.exec(`
		DELETE FROM visitors AS v USING unnest($1::bigint[], $2::bigint[]) AS unseen (project_id, id)
		WHERE v.project_id = unseen.project_id AND v.id = unseen.id
			AND NOT EXISTS (SELECT FROM tracking_sessions AS s WHERE s.project_id = v.project_id AND s.visitor_id = v.id)`, projects, ids)
	return nil
}

// upsertAds stores the ads that sessions came from. What is known to the minute is left alone and not locked.
func (b *ingestBatch) upsertAds(c *Changes, now time.Time) error {
	if len(c.Ads) == 0 {
		return nil
	}
	adsJSON, err := json.Marshal(adRows(c.Ads))
	if err != nil {
		return fmt.Errorf("encode ads: %w", err)
	}
	b.exec(`
		INSERT INTO ads_dim AS ad (project_id, ad_id, platform, campaign_id, campaign_name, adset_id, adset_name, ad_name,
			placement, first_seen_at, last_seen_at, created_at, updated_at)
		SELECT project_id, ad_id, platform, campaign_id, campaign_name, adset_id, adset_name, ad_name,
			placement, first_seen_at, last_seen_at, $2, $2
		FROM json_populate_recordset(NULL::ads_dim, $1) AS new
		WHERE NOT EXISTS (SELECT FROM ads_dim AS old WHERE old.project_id = new.project_id AND old.ad_id = new.ad_id
			AND new.first_seen_at > old.first_seen_at - interval '1 minute' AND new.last_seen_at < old.last_seen_at + interval '1 minute'
			AND (coalesce(new.campaign_id, old.campaign_id), coalesce(new.campaign_name, old.campaign_name),
				coalesce(new.adset_id, old.adset_id), coalesce(new.adset_name, old.adset_name),
				coalesce(new.ad_name, old.ad_name), coalesce(new.placement, old.placement)) IS NOT DISTINCT FROM
				(old.campaign_id, old.campaign_name, old.adset_id, old.adset_name, old.ad_name, old.placement))
		ORDER BY project_id, ad_id
		ON CONFLICT (project_id, ad_id) DO UPDATE SET
			campaign_id = coalesce(EXCLUDED.campaign_id, ad.campaign_id),
			campaign_name = coalesce(EXCLUDED.campaign_name, ad.campaign_name),
			adset_id = coalesce(EXCLUDED.adset_id, ad.adset_id),
			adset_name = coalesce(EXCLUDED.adset_name, ad.adset_name),
			ad_name = coalesce(EXCLUDED.ad_name, ad.ad_name),
			placement = coalesce(EXCLUDED.placement, ad.placement),
			first_seen_at = least(ad.first_seen_at, EXCLUDED.first_seen_at),
			last_seen_at = greatest(ad.last_seen_at, EXCLUDED.last_seen_at),
			updated_at = EXCLUDED.updated_at,
			`+setFormerNames, string(adsJSON), now)
	return nil
}

// adRows are the ads as json_populate_recordset reads them.
func adRows(ads []*Ad) []map[string]any {
	rows := make([]map[string]any, len(ads))
	for i, ad := range ads {
		rows[i] = map[string]any{
			"project_id": ad.ProjectID, "ad_id": ad.AdID, "platform": ad.Platform, "first_seen_at": ad.FirstSeenAt,
			"last_seen_at": ad.LastSeenAt, "campaign_id": textOrNull(ad.CampaignID), "campaign_name": textOrNull(ad.CampaignName),
			"adset_id": textOrNull(ad.AdsetID), "adset_name": textOrNull(ad.AdsetName), "ad_name": textOrNull(ad.AdName),
			"placement": textOrNull(ad.Placement),
		}
	}
	return rows
}
