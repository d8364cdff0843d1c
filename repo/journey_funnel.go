package repo

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/microtracker/microtracker/repo/report"
)

// FunnelQuery asks who did several things, one after the other (docs/metrics.md).
type FunnelQuery struct {
	Journey
	// Steps are at least two; all conditions of a step have to hold for one event.
	Steps [][]report.Condition
	// BySession: one session has to do all of it; else a visitor.
	BySession bool
	// Strict: no page view and no other event that is a step lies between two steps.
	Strict bool
	// Window is how long after the first step the others may be.
	Window time.Duration
	// Breakdown is what a session has; empty: one row.
	Breakdown report.Dimension
	// MaxRows is the most rows of the breakdown, without that of the rest.
	MaxRows int
}

// Funnel is the answer.
type Funnel struct {
	// Rows are those of the breakdown, the largest first, then the rest.
	Rows   []FunnelRow
	Totals FunnelRow
}

// FunnelRow is the funnel of those with one value, or with any value that has no row of its own.
type FunnelRow struct {
	Value string
	Rest  bool
	// Steps are as many as those asked for.
	Steps []FunnelStep
}

// FunnelStep is who got to a step. Median and P90 are seconds since the step before; nil for the first step and where nobody
// got there.
type FunnelStep struct {
	Reached     int64
	Median, P90 *float64
}

// Funnel answers a funnel. report.ErrUnsupported when it has no defined answer or is about too much,
// context.DeadlineExceeded when it takes too long.
func (p *Project) Funnel(ctx context.Context, q FunnelQuery) (*Funnel, error) {
	statement, err := q.compile(p.ID)
	if err != nil {
		return nil, classify("compile a funnel", err)
	}
	funnel := &Funnel{Totals: FunnelRow{Steps: make([]FunnelStep, len(q.Steps))}}
	err = p.inJourney(ctx, "answer a funnel", func(ctx context.Context, tx bun.Tx) error {
		return q.read(ctx, tx, statement, funnel)
	})
	return funnel, err
}

func (q FunnelQuery) read(ctx context.Context, tx bun.Tx, s *statement, funnel *Funnel) error {
	rows, err := tx.QueryContext(ctx, s.text.String(), s.args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	for rows.Next() {
		var looked int64
		var total bool
		row := FunnelRow{Steps: make([]FunnelStep, len(q.Steps))}
		targets := []any{&looked, &total, &row.Value, &row.Rest}
		for i := range row.Steps {
			targets = append(targets, &row.Steps[i].Reached, &row.Steps[i].Median, &row.Steps[i].P90)
		}
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		row.Steps[0].Median, row.Steps[0].P90 = nil, nil
		switch {
		case looked > MostJourneyRows:
			return refuseJourney("events that are steps")
		case total:
			funnel.Totals.Steps = row.Steps
		case row.Steps[0].Reached > 0:
			funnel.Rows = append(funnel.Rows, row)
		}
	}
	return rows.Err()
}

// compile writes one statement. Each step is one pass over the events that are steps, sorted once, of each visitor or session
// in the order of time:
//
//	m2       the event is the second step
//	s2       when the first step was with which this event gets to the second one; null: it does not get there
//	before2  the latest s2 of the events before
//	at2      when the latest event was that got to the second step, of the events before
//	f2       of the first event that got to the second step: the seconds since the first one
//
// The latest s2 is the best to go on with, whatever comes: it leaves the most of the window.
func (q FunnelQuery) compile(projectID int64) (*statement, error) {
	s := new(statement)
	if err := q.addSteps(s, projectID); err != nil {
		return nil, err
	}
	s.add(",\nf1 AS (SELECT actor, session_id, at, follows, event_id, CASE WHEN m1 THEN at END AS s1, CASE WHEN m1 THEN 0::float8 END AS d1")
	s.add(columns("m", 2, len(q.Steps)) + " FROM steps)")
	for k := 1; k <= len(q.Steps); k++ {
		q.addPass(s, k)
	}
	return s, q.addAnswer(s, projectID)
}

// addSteps writes the events that matter.
func (q FunnelQuery) addSteps(s *statement, projectID int64) error {
	actor := "e.visitor_id"
	if q.BySession {
		actor = "e.session_id"
	}
	s.add("WITH matched AS (SELECT " + actor + " AS actor, e.session_id, e.created_at AS at, e.event_type <> 'page_view' AS follows, e.event_id")
	steps := make([]string, 0, len(q.Steps)+1)
	for i, step := range q.Steps {
		meets, err := eventMeets(projectID, step)
		if err != nil {
			return err
		}
		s.add(",\n\t("+meets.SQL, meets.Args...)
		if i == 0 {
			s.add(" AND e.created_at < ?", q.Until)
		}
		steps = append(steps, fmt.Sprintf("m%d", i+1))
		s.add(") AS " + steps[i])
	}
	if err := q.addEvents(s, projectID, q.Until.Add(q.Window), false); err != nil {
		return err
	}
	if q.Strict {
		steps = append(steps, "NOT follows")
	}
	s.add("),\nsteps AS MATERIALIZED (SELECT * FROM matched WHERE "+strings.Join(steps, " OR ")+" LIMIT ?)", MostJourneyRows+1)
	return nil
}

// addPass writes the pass that knows, of the events before each, what got to step k, and with it who gets to step k + 1.
func (q FunnelQuery) addPass(s *statement, k int) {
	done, open := columns("f", 1, k-1), columns("m", k+1, len(q.Steps))
	s.add(fmt.Sprintf(",\np%d AS (SELECT actor, session_id, at, follows, event_id%s%s, s%d, d%d, max(s%d) OVER w AS before%d", k, done, open, k, k, k, k))
	if k < len(q.Steps) {
		if q.Strict {
			s.add(fmt.Sprintf(", lag(s%d) OVER w AS since, lag(at) OVER w AS last", k))
		} else {
			s.add(fmt.Sprintf(", max(s%d) OVER w AS since, max(at) FILTER (WHERE s%d IS NOT NULL) OVER w AS last", k, k))
		}
	}
	s.add(fmt.Sprintf("\n\tFROM f%d WINDOW w AS (PARTITION BY actor ORDER BY at, follows, event_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))", k))
	s.add(fmt.Sprintf(",\nf%d AS (SELECT actor, session_id, at, follows, event_id%s%s, CASE WHEN before%d IS NULL THEN d%d END AS f%d", k+1, done, open, k, k, k))
	if k < len(q.Steps) {
		gets := fmt.Sprintf("CASE WHEN m%d AND at - since <= ? * interval '1 microsecond' THEN ", k+1)
		s.add(", "+gets+fmt.Sprintf("since END AS s%d", k+1), q.Window.Microseconds())
		s.add(", "+gets+fmt.Sprintf("extract(epoch FROM at - last)::float8 END AS d%d", k+1), q.Window.Microseconds())
	}
	s.add(fmt.Sprintf(" FROM p%d)", k))
}

// columns are the names of numbered columns, each after a comma.
func columns(letter string, from, to int) string {
	var text strings.Builder
	for i := from; i <= to; i++ {
		text.WriteString(", " + letter + strconv.Itoa(i))
	}
	return text.String()
}

// addAnswer adds up who got where: by the session in which the first step was done first.
func (q FunnelQuery) addAnswer(s *statement, projectID int64) error {
	n := len(q.Steps)
	s.add(",\nactors AS (SELECT actor, max(session_id) FILTER (WHERE f1 IS NOT NULL) AS session_id")
	for k := 1; k <= n; k++ {
		s.add(fmt.Sprintf(", max(f%d) AS f%d", k, k))
	}
	s.add(fmt.Sprintf(" FROM f%d GROUP BY actor HAVING max(f1) IS NOT NULL)", n+1))
	from := "(SELECT actors.*, ''::text AS named, false AS rest FROM actors) AS a"
	grouped := ""
	if q.Breakdown != "" {
		value, err := report.SessionValue(q.Breakdown, q.Bots)
		if err != nil {
			return err
		}
		s.add(",\nvalued AS (SELECT a.*, " + value.SQL + " AS value FROM actors AS a JOIN tracking_sessions AS s ON s.id = a.session_id")
		if value.NeedsVisitors {
			s.add(" JOIN visitors AS v ON v.project_id = s.project_id AND v.id = s.visitor_id")
		}
		s.add(" WHERE s.project_id = ?)", projectID)
		s.add(`,
	top AS (SELECT value FROM valued GROUP BY value ORDER BY count(*) DESC, value COLLATE "C" LIMIT ?)`, q.MaxRows)
		from = "(SELECT valued.*, coalesce(top.value, '') AS named, top.value IS NULL AS rest FROM valued LEFT JOIN top ON top.value = valued.value) AS a"
		grouped = " GROUP BY GROUPING SETS ((), (named, rest))"
	}
	s.add("\nSELECT (SELECT count(*) FROM steps)")
	if grouped == "" {
		s.add(", true, '', false")
	} else {
		s.add(", grouping(named) = 1, coalesce(named, ''), coalesce(rest, false)")
	}
	for k := 1; k <= n; k++ {
		s.add(fmt.Sprintf(", count(f%d), percentile_cont(0.5) WITHIN GROUP (ORDER BY f%d), percentile_cont(0.9) WITHIN GROUP (ORDER BY f%d)", k, k, k))
	}
	s.add("\nFROM " + from + grouped)
	if grouped != "" {
		s.add(` ORDER BY rest NULLS FIRST, count(f1) DESC, named COLLATE "C"`)
	}
	return nil
}

// Ratios are the shares of those who did the first step, and of those who did the step before, who got to each step; nil
// where nobody did.
func (r FunnelRow) Ratios() (fromFirst, fromPrevious []*float64) {
	share := func(part, whole int64) *float64 {
		if whole == 0 {
			return nil
		}
		return new(float64(part) / float64(whole))
	}
	for i, step := range r.Steps {
		before := r.Steps[max(0, i-1)]
		fromFirst = append(fromFirst, share(step.Reached, r.Steps[0].Reached))
		fromPrevious = append(fromPrevious, share(step.Reached, before.Reached))
	}
	return slices.Clip(fromFirst), slices.Clip(fromPrevious)
}
