package repo

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/microtracker/microtracker/repo/report"
)

// MostCohorts is the most cohorts of one answer.
const MostCohorts = 100

// RetentionQuery asks which visitors came back, and how long after their first session (docs/metrics.md).
type RetentionQuery struct {
	Journey
	// Period is report.Day, Week or Month: how long a cohort and each period after it is.
	Period report.Dimension
	// FirstInRange puts every visitor into the cohort of his first session in the range; else only those whose first session
	// ever is in it.
	FirstInRange bool
	// Periods is how many periods after that of the cohort to look at.
	Periods int
	// Return are the conditions of which all have to hold for one event; none: a session that starts is a return.
	Return []report.Condition
	// Now tells the periods that have begun, and those that are over.
	Now time.Time
}

// RetentionCohort is the visitors whose first session was in one period.
type RetentionCohort struct {
	// Start is the first day of the period, YYYY-MM-DD.
	Start    string
	Visitors int64
	// Cells are the period of the cohort and those after it that have begun.
	Cells []RetentionCell
}

// RetentionCell is how many came back in a period. Complete: the period is over.
type RetentionCell struct {
	Returned int64
	Complete bool
}

// Retention answers with the cohorts of the range, oldest first. report.ErrUnsupported when it has no defined answer or is
// about too much, context.DeadlineExceeded when it takes too long.
func (p *Project) Retention(ctx context.Context, q RetentionQuery) ([]RetentionCohort, error) {
	cohorts, err := q.cohorts()
	if err != nil {
		return nil, classify("compile a retention", err)
	}
	statement, err := q.compile(p.ID)
	if err != nil {
		return nil, classify("compile a retention", err)
	}
	err = p.inJourney(ctx, "answer a retention", func(ctx context.Context, tx bun.Tx) error {
		return q.read(ctx, tx, statement, cohorts)
	})
	return cohorts, err
}

// cohorts are those of the range, still empty.
func (q RetentionQuery) cohorts() ([]RetentionCohort, error) {
	tooMany := fmt.Errorf("%w: the range has more than %d periods: ask for a shorter range, or by week or month", report.ErrUnsupported, MostCohorts)
	if q.Until.Sub(q.Since) > MostCohorts*31*24*time.Hour {
		return nil, tooMany
	}
	starts := report.Query{Since: q.Since, Until: q.Until, Zone: q.Zone, Dimensions: []report.Dimension{q.Period}}.Buckets()
	if len(starts) > MostCohorts {
		return nil, tooMany
	}
	cohorts := make([]RetentionCohort, len(starts))
	for i, start := range starts {
		cohorts[i].Start = start
		for n := 0; n <= q.Periods && !q.begin(start, n).After(q.Now); n++ {
			cohorts[i].Cells = append(cohorts[i].Cells, RetentionCell{Complete: !q.begin(start, n+1).After(q.Now)})
		}
	}
	return cohorts, nil
}

// begin is when the nth period after that which starts on the day begins: at midnight, or at the first moment that the day has.
func (q RetentionQuery) begin(start string, n int) time.Time {
	first, err := time.Parse(time.DateOnly, start)
	if err != nil {
		return time.Time{} // made by us
	}
	year, month, day := first.Date()
	switch q.Period {
	case report.Week:
		day += 7 * n
	case report.Month:
		month += time.Month(n)
	default:
		day += n
	}
	return time.Date(year, month, day, 0, 0, 0, 0, q.Zone)
}

// End is when the last period of the last cohort ends.
func (q RetentionQuery) End() time.Time {
	last := q.Until.Add(-1).In(q.Zone)
	if q.Period == report.Month {
		last = last.AddDate(0, 0, 1-last.Day())
	}
	// A week later than needed where the last day is in the middle of one.
	return q.begin(last.Format(time.DateOnly), q.Periods+1)
}

// compile writes one statement: rows of cohort, period, visitors, where the period -1 has all of the cohort.
func (q RetentionQuery) compile(projectID int64) (*statement, error) {
	kept, err := q.kept(projectID)
	if err != nil {
		return nil, err
	}
	unit := string(q.Period)
	s := new(statement)
	s.add("WITH firsts AS (SELECT s.visitor_id, min(s.started_at) AS first_at FROM tracking_sessions AS s")
	if kept.NeedsVisitors || !q.FirstInRange {
		s.add(" JOIN visitors AS v ON v.project_id = s.project_id AND v.id = s.visitor_id")
	}
	s.add("\n\tWHERE s.project_id = ? AND s.started_at >= ? AND s.started_at < ?", projectID, q.Since, q.Until)
	s.add(" AND "+kept.SQL, kept.Args...)
	if !q.FirstInRange {
		s.add(" AND s.started_at <= v.first_seen_at")
	}
	s.add(" GROUP BY s.visitor_id LIMIT ?)", MostJourneyRows+1)
	s.add(",\nmembers AS MATERIALIZED (SELECT visitor_id, first_at, date_trunc('"+unit+"', first_at AT TIME ZONE ?)::date AS cohort FROM firsts)", q.Zone.String())
	s.add(",\nreturns AS MATERIALIZED (SELECT DISTINCT m.visitor_id, m.cohort, date_trunc('" + unit + "', ")
	if err := q.addReturns(s, projectID); err != nil {
		return nil, err
	}
	s.add(" LIMIT ?)", MostJourneyRows+1)
	periods := "period - cohort"
	switch q.Period {
	case report.Week:
		periods = "(period - cohort) / 7"
	case report.Month:
		periods = "(extract(year FROM period) - extract(year FROM cohort))::int * 12 + (extract(month FROM period) - extract(month FROM cohort))::int"
	default:
	}
	s.add(`
		SELECT cohort::text, -1, count(*), count(*) FROM members GROUP BY cohort
		UNION ALL
		SELECT cohort::text, n, count(*), sum(count(*)) OVER ()::bigint FROM (SELECT cohort, ` + periods + ` AS n FROM returns) AS r
		GROUP BY cohort, n`)
	return s, nil
}

// addReturns writes the rest of what came back: when, in the zone, and FROM and WHERE.
func (q RetentionQuery) addReturns(s *statement, projectID int64) error {
	when := "r.started_at"
	if len(q.Return) > 0 {
		when = "e.created_at"
	}
	s.add(when+" AT TIME ZONE ?)::date AS period FROM tracking_sessions AS r JOIN members AS m ON m.visitor_id = r.visitor_id", q.Zone.String())
	if len(q.Return) > 0 {
		s.add(" JOIN events AS e ON e.project_id = r.project_id AND e.session_id = r.id")
	}
	s.add("\n\tWHERE r.project_id = ? AND r.last_activity_at >= ? AND r.started_at < ?", projectID, q.Since, q.End())
	s.add(" AND "+when+" >= m.first_at AND "+when+" >= ? AND "+when+" < ?", q.Since, q.End())
	switch q.Bots {
	case report.BotsExcluded:
		s.add(" AND NOT r.is_bot")
	case report.BotsOnly:
		s.add(" AND r.is_bot")
	case report.BotsIncluded:
	}
	if len(q.Return) == 0 {
		return nil
	}
	meets, err := eventMeets(projectID, q.Return)
	s.add(" AND e.project_id = ? AND "+meets.SQL, append([]any{projectID}, meets.Args...)...)
	return err
}

func (q RetentionQuery) read(ctx context.Context, tx bun.Tx, s *statement, cohorts []RetentionCohort) error {
	rows, err := tx.QueryContext(ctx, s.text.String(), s.args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	place := make(map[string]int, len(cohorts))
	for i := range cohorts {
		place[cohorts[i].Start] = i
	}
	var members int64
	for rows.Next() {
		var start string
		var n int
		var visitors, looked int64
		if err := rows.Scan(&start, &n, &visitors, &looked); err != nil {
			return err
		}
		if n < 0 {
			members += visitors
			looked = members
		}
		if looked > MostJourneyRows {
			return refuseJourney("visitors, or periods in which they returned")
		}
		i, ok := place[start]
		switch {
		case !ok: // the clocks of the zone are told otherwise by the database: nothing that a caller can do
			return fmt.Errorf("there is no cohort %s", start)
		case n < 0:
			cohorts[i].Visitors = visitors
		case n < len(cohorts[i].Cells):
			cohorts[i].Cells[n].Returned = visitors
		}
	}
	return rows.Err()
}
