package repo

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// BreakdownKind says what a BreakdownCount is of: events or sessions, and by what.
type BreakdownKind int

// Events by what their sessions have, by their entry paths, by their exit paths, and by their own paths; then sessions by what
// they have, by their entry paths, by their exit paths, and by the paths of their page views.
const (
	EventsOfSessions BreakdownKind = iota
	EventsOfEntries
	EventsOfExits
	EventsOfPaths
	SessionsByKind
	SessionsByEntry
	SessionsByExit
	SessionsByPath
)

// SessionTexts are what sessions are told apart by, in the order of BreakdownCount.Texts.
const SessionTexts = 11

// BreakdownCount is a count of one step. Those of bots' sessions are left out. There may be several of one kind and value.
type BreakdownCount struct {
	Kind BreakdownKind
	// Step is when the step begins: that of the events, or that in which the sessions started.
	Step time.Time
	// Late is by how many days of the project a session saw the path later than it started.
	Late int
	// Texts are, of EventsOfSessions and SessionsByKind, source, channel, campaign, campaign id, utm_source, utm_medium, country,
	// region, device, browser and operating system; of the others the first is the path. Empty: there is none.
	Texts [SessionTexts]string
	// Numbers are, of events, how many there are, page views, exits, clicks, forms begun and sent; of sessions how many there
	// are, bounces, and the sums of their seconds, milliseconds of attention, hundredths of per cents scrolled, of how many
	// that is known, hundredths of their scores, and how many have one.
	Numbers [8]int64
	// Visitors are the ids of the visitors of events, some more than once, each eight bytes with the highest first. They are
	// given for one call alone.
	Visitors []byte
}

const (
	sessionTexts = `source, channel, campaign, campaign_id, utm_source, utm_medium, country, region, device, browser, os`
	// noTexts stand for all but the first.
	noTexts = `'', '', '', '', '', '', '', '', '', ''`
	// eventSums and sessionSums are the numbers.
	eventSums = `sum(p.events)::bigint, sum(p.pageviews)::bigint, sum(p.exits)::bigint, sum(p.clicks)::bigint, sum(p.form_starts)::bigint,
		sum(p.form_submits)::bigint, 0::bigint, 0::bigint, string_agg(int8send(p.visitor_id), '')`
	sessionSums = `count(*), count(*) FILTER (WHERE s.bounced), coalesce(sum(s.duration_seconds), 0)::bigint, sum(s.engaged_ms)::bigint,
		coalesce(sum(s.scroll), 0)::bigint, count(s.scroll), coalesce(sum(s.score), 0)::bigint, count(s.score), NULL::bytea`
	sessionFacts = `SELECT id, started_at, last_activity_at, is_bot, source, channel, coalesce(utm_campaign_name, utm_campaign_id, '') AS campaign,
		coalesce(utm_campaign_id, '') AS campaign_id, coalesce(utm_source, '') AS utm_source, coalesce(utm_medium, '') AS utm_medium,
		coalesce(country, '') AS country, coalesce(country || '-' || region, '') AS region, coalesce(device, '') AS device,
		coalesce(browser, '') AS browser, coalesce(os, '') AS os, coalesce(entry_path, '') AS entry_path, coalesce(exit_path, '') AS exit_path,
		pageviews = 1 AND interactive_events = 0 AND engaged_ms < 10000 AS bounced, duration_seconds, engaged_ms,
		(scroll_pct * 100)::integer AS scroll, (pcqs * 100)::integer AS score
		FROM tracking_sessions WHERE project_id = ?`
)

// CountBreakdown counts the events of a window and the sessions that started in it by what they have. The days of Late are those
// of the project's zone.
func (t *RollupTx) CountBreakdown(ctx context.Context, w RollupWindow, give func(c *BreakdownCount)) error {
	stepOfEvent, ofEvent := w.step("e.created_at")
	stepOfSession, ofSession := w.step("s.started_at")
	late := fmt.Sprintf("((seen.first AT TIME ZONE %[1]s)::date - (s.started_at AT TIME ZONE %[1]s)::date)", "z.name")
	query := `
		WITH per AS MATERIALIZED (
			SELECT ` + stepOfEvent + ` AS step, e.session_id, e.visitor_id, coalesce(e.path, '') AS path, count(*) AS events,
				count(*) FILTER (WHERE e.event_type = 'page_view') AS pageviews, count(*) FILTER (WHERE e.event_type = 'exit') AS exits,
				count(*) FILTER (WHERE e.event_type = 'click') AS clicks, count(*) FILTER (WHERE e.event_type = 'form_start') AS form_starts,
				count(*) FILTER (WHERE e.event_type = 'form_submit') AS form_submits,
				min(e.created_at) FILTER (WHERE e.event_type = 'page_view') AS viewed_at
			FROM events AS e WHERE e.project_id = ? AND e.created_at >= ? AND e.created_at < ?
			GROUP BY 1, 2, 3, 4
		),
		near AS MATERIALIZED (` + sessionFacts + ` AND started_at >= ? AND started_at < ?),
		known AS MATERIALIZED (
			SELECT * FROM near UNION ALL ` + sessionFacts + ` AND id = ANY (ARRAY(
				SELECT DISTINCT per.session_id FROM per LEFT JOIN near ON near.id = per.session_id WHERE near.id IS NULL))
		),
		started AS MATERIALIZED (SELECT ` + stepOfSession + ` AS step, s.* FROM near AS s WHERE s.started_at >= ? AND NOT s.is_bot),
		visits AS MATERIALIZED (
			SELECT step, session_id, visitor_id, sum(events) AS events, sum(pageviews) AS pageviews, sum(exits) AS exits, sum(clicks) AS clicks,
				sum(form_starts) AS form_starts, sum(form_submits) AS form_submits
			FROM per GROUP BY 1, 2, 3
		),
		seen AS (
			SELECT session_id, path, min(viewed_at) AS first FROM per WHERE viewed_at IS NOT NULL AND path <> '' GROUP BY 1, 2
		),
		seen_later AS (
			SELECT e.session_id, e.path, min(e.created_at) AS first FROM events AS e
			WHERE e.project_id = ? AND e.session_id = ANY (ARRAY(SELECT id FROM started WHERE last_activity_at >= ?))
				AND e.event_type = 'page_view' AND e.path <> '' AND e.created_at >= ? AND e.created_at <= (SELECT max(last_activity_at) FROM started)
			GROUP BY 1, 2
		)
		SELECT 0, p.step, 0, ` + sessionTexts + `, ` + eventSums + ` FROM visits AS p JOIN known AS s ON s.id = p.session_id WHERE NOT s.is_bot
		GROUP BY p.step, ` + sessionTexts + `
		UNION ALL
		SELECT 1, p.step, 0, s.entry_path, ` + noTexts + `, ` + eventSums + ` FROM visits AS p JOIN known AS s ON s.id = p.session_id WHERE NOT s.is_bot
		GROUP BY p.step, s.entry_path
		UNION ALL
		SELECT 2, p.step, 0, s.exit_path, ` + noTexts + `, ` + eventSums + ` FROM visits AS p JOIN known AS s ON s.id = p.session_id WHERE NOT s.is_bot
		GROUP BY p.step, s.exit_path
		UNION ALL
		SELECT 3, p.step, 0, p.path, ` + noTexts + `, ` + eventSums + ` FROM per AS p JOIN known AS s ON s.id = p.session_id
		WHERE NOT s.is_bot AND p.path <> '' GROUP BY p.step, p.path
		UNION ALL
		SELECT 4, s.step, 0, ` + sessionTexts + `, ` + sessionSums + ` FROM started AS s GROUP BY s.step, ` + sessionTexts + `
		UNION ALL
		SELECT 5, s.step, 0, s.entry_path, ` + noTexts + `, ` + sessionSums + ` FROM started AS s GROUP BY s.step, s.entry_path
		UNION ALL
		SELECT 6, s.step, 0, s.exit_path, ` + noTexts + `, ` + sessionSums + ` FROM started AS s GROUP BY s.step, s.exit_path
		UNION ALL
		SELECT 7, s.step, ` + late + `, seen.path, ` + noTexts + `, ` + sessionSums + `
		FROM started AS s JOIN seen ON seen.session_id = s.id CROSS JOIN (SELECT ?::text AS name) AS z WHERE s.last_activity_at < ?
		GROUP BY s.step, 3, seen.path
		UNION ALL
		SELECT 7, s.step, ` + late + `, seen.path, ` + noTexts + `, ` + sessionSums + `
		FROM started AS s JOIN seen_later AS seen ON seen.session_id = s.id CROSS JOIN (SELECT ?::text AS name) AS z WHERE s.last_activity_at >= ?
		GROUP BY s.step, 3, seen.path`
	args := append([]any{}, ofEvent...)
	args = append(args, t.projectID, w.Since, w.Until, t.projectID, w.Since.Add(-longSession), w.Until, t.projectID)
	args = append(append(args, ofSession...), w.Since)
	args = append(args, t.projectID, w.Until, w.Since, t.TimeZone, w.Until, t.TimeZone, w.Until)
	rows, err := t.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	var c BreakdownCount
	targets := []any{&c.Kind, &c.Step, &c.Late}
	for i := range c.Texts {
		targets = append(targets, &c.Texts[i])
	}
	for i := range c.Numbers {
		targets = append(targets, &c.Numbers[i])
	}
	targets = append(targets, (*sql.RawBytes)(&c.Visitors))
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		give(&c)
	}
	return rows.Err()
}

// RollupBreakdown is what a stretch of time counts by one dimension: a row of rollup_breakdowns.
type RollupBreakdown struct {
	bun.BaseModel `bun:"table:rollup_breakdowns"`

	ProjectID int64     `bun:",pk"`
	Day       time.Time `bun:"type:date,pk"`
	// Part is which half hour of the day it is, from 0; 0 alone for a whole day.
	Part      int16 `bun:",pk"`
	Dimension int16 `bun:",pk"`
	Data      []byte
	// Version is another one each time that the row is written.
	Version string `bun:"type:uuid,nullzero"`
}

// BreakdownsInParts reads what is counted in parts of the days before this one.
func (t *RollupTx) BreakdownsInParts(ctx context.Context, before time.Time) ([]RollupBreakdown, error) {
	var rows []RollupBreakdown
	err := t.tx.NewSelect().Model(&rows).Where("project_id = ?", t.projectID).
		Where("day IN (SELECT day FROM rollup_parts WHERE project_id = ? AND day < ?)", t.projectID, before.Format(time.DateOnly)).
		Order("day", "dimension", "part").Scan(ctx)
	return rows, err
}

// DropBreakdowns deletes those of these parts of a day; none named: of all.
func (t *RollupTx) DropBreakdowns(ctx context.Context, day time.Time, parts ...int16) error {
	query := t.tx.NewDelete().Model((*RollupBreakdown)(nil)).Where("project_id = ? AND day = ?", t.projectID, day.Format(time.DateOnly))
	if len(parts) > 0 {
		query = query.Where("part IN (?)", bun.List(parts))
	}
	_, err := query.Exec(ctx)
	return err
}

// SaveBreakdowns stores breakdowns, after their days' rows and where there are none.
func (t *RollupTx) SaveBreakdowns(ctx context.Context, rows []RollupBreakdown) error {
	if len(rows) == 0 {
		return nil
	}
	for i := range rows {
		rows[i].ProjectID, rows[i].Version = t.projectID, ""
	}
	_, err := t.tx.NewInsert().Model(&rows).ExcludeColumn("version").Exec(ctx)
	return err
}

// BreakdownView is one state of the database's breakdowns of a project.
type BreakdownView struct {
	tx        bun.Tx
	projectID int64
}

// ViewBreakdowns runs work on one state of the breakdowns.
func (p *Project) ViewBreakdowns(ctx context.Context, work func(ctx context.Context, v *BreakdownView) error) error {
	err := p.store.inSnapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		return work(ctx, &BreakdownView{tx: tx, projectID: p.ID})
	})
	return classify("read the breakdowns", err)
}

// Breakdowns gives those by these dimensions of the days from since (included) to until (excluded), by day and part; without
// the data where the version is known.
func (v *BreakdownView) Breakdowns(ctx context.Context, since, until time.Time, dimensions []int16, known []string, give func(row *RollupBreakdown)) error {
	rows, err := v.tx.QueryContext(ctx, `
		SELECT day, part, dimension, version::text, CASE WHEN version = ANY (?::uuid[]) THEN NULL ELSE data END
		FROM rollup_breakdowns WHERE project_id = ? AND day >= ? AND day < ? AND dimension IN (?) ORDER BY day, part`,
		pgdialect.Array(known), v.projectID, since.Format(time.DateOnly), until.Format(time.DateOnly), bun.List(dimensions))
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	for rows.Next() {
		row := RollupBreakdown{ProjectID: v.projectID}
		if err := rows.Scan(&row.Day, &row.Part, &row.Dimension, &row.Version, &row.Data); err != nil {
			return err
		}
		give(&row)
	}
	return rows.Err()
}

// Undivided reports whether one of these days has figures that are not broken down.
func (v *BreakdownView) Undivided(ctx context.Context, since, until time.Time) (bool, error) {
	return v.tx.NewSelect().Model((*DailyRollup)(nil)).
		Where("project_id = ? AND day >= ? AND day < ? AND (sessions > 0 OR visitors > 0)", v.projectID, since.Format(time.DateOnly), until.Format(time.DateOnly)).
		Where("NOT EXISTS (SELECT FROM rollup_breakdowns AS b WHERE b.project_id = ? AND b.day = daily_rollup.day)", v.projectID).Exists(ctx)
}
