package repo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/microtracker/microtracker/repo/report"
)

// Journey is whom and when a question about funnels, retention, paths or heatmaps is about. Of the sessions that the filter
// keeps all events count: a condition on what an event has keeps the sessions with such an event in the range.
type Journey struct {
	// Since and Until bound the time, half-open.
	Since, Until time.Time
	// Zone cuts days.
	Zone   *time.Location
	Filter *report.Filter
	Bots   report.Bots
}

// MostJourneyRows is the most events, or sessions, that an answer about journeys is made of.
const MostJourneyRows = 5_000_000

// refuseJourney says that there is too much to look at.
func refuseJourney(what string) error {
	return fmt.Errorf("%w: it is about more than %d %s: ask for a shorter range, or keep fewer sessions by a filter",
		report.ErrUnsupported, MostJourneyRows, what)
}

// statement gathers SQL with its arguments.
type statement struct {
	text strings.Builder
	args []any
}

func (s *statement) add(text string, args ...any) {
	s.text.WriteString(text)
	s.args = append(s.args, args...)
}

// journeyMemory is what one sort or hash of such a question may take before it goes to the disk. What does sort by text and
// uuid sorts millions of rows.
const journeyMemory = "64MB"

// inJourney runs a question about journeys: in one snapshot, without compiling expressions, which takes longer than they do.
func (p *Project) inJourney(ctx context.Context, doing string, work func(ctx context.Context, tx bun.Tx) error) error {
	err := p.store.inSnapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.ExecContext(ctx, "SET LOCAL jit = off; SET LOCAL work_mem = '"+journeyMemory+"'"); err != nil {
			return err
		}
		return work(ctx, tx)
	})
	return classify(doing, err)
}

// kept is the condition over sessions s, and visitors v, that keeps those that the question is about.
func (j Journey) kept(projectID int64) (report.Where, error) {
	return report.SessionCondition(projectID, report.Query{Since: j.Since, Until: j.Until, Filter: j.Filter, Bots: j.Bots})
}

// addEvents writes FROM and WHERE: the events e until then, in a range that begins with the question's, with the sessions s
// that it keeps.
func (j Journey) addEvents(s *statement, projectID int64, until time.Time, visitors bool) error {
	kept, err := j.kept(projectID)
	if err != nil {
		return err
	}
	s.add("\n\tFROM events AS e JOIN tracking_sessions AS s ON s.project_id = e.project_id AND s.id = e.session_id")
	if visitors || kept.NeedsVisitors {
		s.add(" JOIN visitors AS v ON v.project_id = s.project_id AND v.id = s.visitor_id")
	}
	s.add("\n\tWHERE e.project_id = ? AND e.created_at >= ? AND e.created_at < ?", projectID, j.Since, until)
	// The session of an event in the range overlaps the range: said, so that the other sessions need not be read.
	s.add(" AND s.project_id = ? AND s.last_activity_at >= ? AND s.started_at < ?", projectID, j.Since, until)
	s.add(" AND "+kept.SQL, kept.Args...)
	return nil
}

// eventMeets is the condition over events e that all of the list makes; on pages alone, it is about page views.
func eventMeets(projectID int64, conditions []report.Condition) (report.Where, error) {
	filters := make([]report.Filter, len(conditions))
	pages := true
	for i := range conditions {
		dimension := conditions[i].Dimension
		if known, _ := dimension.Describe(); !known.OfEvents {
			return report.Where{}, fmt.Errorf("%w: it is about one event, and %s is not an event's: filter the sessions by it", report.ErrUnsupported, dimension)
		}
		pages = pages && (dimension == report.Path || dimension == report.Hostname || dimension == report.Title)
		filters[i].Condition = &conditions[i]
	}
	where, err := report.EventCondition(projectID, report.Query{Bots: report.BotsIncluded, Filter: &report.Filter{All: filters}})
	if pages {
		where.SQL = "e.event_type = 'page_view' AND " + where.SQL
	}
	return where, err
}
