package server

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

// question is what Query was asked, and the same over the range compared with.
type question struct {
	query    report.Query
	compared *report.Query
}

// since is when the first of its ranges begins.
func (q *question) since() time.Time {
	if q.compared != nil && q.compared.Since.Before(q.query.Since) {
		return q.compared.Since
	}
	return q.query.Since
}

// of is the question for those whom a segment keeps.
func (q *question) of(segment *microtrackerv1.Segment) (*question, error) {
	filter, err := filterFromProto(segment.GetFilter())
	if err != nil {
		return nil, err
	}
	mine := *q
	mine.query.Filter = both(mine.query.Filter, filter)
	mine.query.After = nil
	if mine.compared != nil {
		compared := *mine.compared
		compared.Filter = mine.query.Filter
		mine.compared = &compared
	}
	return &mine, nil
}

func both(a, b *report.Filter) *report.Filter {
	if a == nil {
		return b
	}
	return &report.Filter{All: []report.Filter{*a, *b}}
}

// The protocol's names of metrics and dimensions are the compiler's.
func metricFromProto(metric microtrackerv1.Metric) report.Metric {
	return report.Metric(strings.ToLower(strings.TrimPrefix(metric.String(), "METRIC_")))
}

func dimensionFromProto(dimension microtrackerv1.Dimension) report.Dimension {
	return report.Dimension(strings.ToLower(strings.TrimPrefix(dimension.String(), "DIMENSION_")))
}

func dimensionToProto(dimension report.Dimension) microtrackerv1.Dimension {
	return microtrackerv1.Dimension(microtrackerv1.Dimension_value["DIMENSION_"+strings.ToUpper(string(dimension))])
}

func botsFromProto(bots microtrackerv1.Bots) report.Bots {
	switch bots {
	case microtrackerv1.Bots_BOTS_INCLUDED:
		return report.BotsIncluded
	case microtrackerv1.Bots_BOTS_ONLY:
		return report.BotsOnly
	default:
		return report.BotsExcluded
	}
}

func (s *Server) questionFromProto(ctx context.Context, req *microtrackerv1.QueryRequest, project *repo.Project) (*question, error) {
	zone, err := zoneOf("time_zone", req.GetTimeZone(), project)
	if err != nil {
		return nil, err
	}
	query := report.Query{
		Zone: zone, Limit: pageSize(req, defaultRows), Bots: botsFromProto(req.GetBots()), PropertyKey: req.GetPropertyKey(),
		EveryConversion: req.GetEveryConversion(), Currency: project.Currency,
	}
	if query.Since, query.Until, err = rangeFromProto(req, zone); err != nil {
		return nil, err
	}
	if query.Filter, err = filterFromProto(req.GetFilter()); err != nil {
		return nil, err
	}
	after, err := afterPageToken(req)
	if err != nil {
		return nil, err
	}
	if after != "" {
		if err := json.Unmarshal([]byte(after), &query.After); err != nil {
			return nil, err
		}
	}
	for _, metric := range req.GetMetrics() {
		query.Metrics = append(query.Metrics, metricFromProto(metric))
	}
	for _, dimension := range req.GetDimensions() {
		query.Dimensions = append(query.Dimensions, dimensionFromProto(dimension))
	}
	for _, order := range req.GetOrderBy() {
		by := report.Order{Descending: order.GetDescending()}
		if order.GetMetric() != microtrackerv1.Metric_METRIC_UNSPECIFIED {
			by.Metric = metricFromProto(order.GetMetric())
		} else {
			by.Dimension = dimensionFromProto(order.GetDimension())
		}
		query.OrderBy = append(query.OrderBy, by)
	}
	if query.HasConversions() {
		query.Conversions, err = project.ReportConversions(ctx, req.GetConversionIds())
		if errors.Is(err, repo.ErrNotFound) {
			return nil, failField("conversion_ids", "there is no such conversion in this project: see ListConversions")
		}
		if err != nil {
			return nil, err
		}
	}
	q := &question{query: query}
	q.compared, err = comparedQuery(req, query)
	return q, err
}

// zoneOf is the zone asked for, the project's where none is.
func zoneOf(field, name string, project *repo.Project) (*time.Location, error) {
	if name == "" {
		name = project.TimeZone
	}
	return loadZone(field, name)
}

// ranged is a request with a range.
type ranged interface {
	GetTimes() *microtrackerv1.TimeRange
	GetDays() *microtrackerv1.DayRange
}

// rangeFromProto returns the range as instants: days begin at midnight in the zone, or at the first moment that the day has.
func rangeFromProto(req ranged, zone *time.Location) (since, until time.Time, err error) {
	return instants("", req, zone)
}

func instants(field string, req ranged, zone *time.Location) (since, until time.Time, err error) {
	if times := req.GetTimes(); times != nil {
		return times.GetSince().AsTime(), times.GetUntil().AsTime(), nil
	}
	if since, err = time.ParseInLocation(time.DateOnly, req.GetDays().GetSince(), zone); err != nil {
		return since, until, failField(field+"days.since", "there is no such day; write YYYY-MM-DD")
	}
	if until, err = time.ParseInLocation(time.DateOnly, req.GetDays().GetUntil(), zone); err != nil {
		return since, until, failField(field+"days.until", "there is no such day; write YYYY-MM-DD")
	}
	return since, until, nil
}

// comparedQuery is the same question over the range compared with; nil without one.
func comparedQuery(req *microtrackerv1.QueryRequest, query report.Query) (*report.Query, error) {
	comparison := req.GetComparison()
	if comparison == nil {
		return nil, nil //nolint:nilnil // nothing is compared
	}
	compared := query
	switch {
	case comparison.GetPreviousPeriod():
		compared.Since, compared.Until = previousPeriod(req, query)
	case comparison.GetYearBefore():
		compared.Since, compared.Until = aYearBefore(query.Since, query.Zone), aYearBefore(query.Until, query.Zone)
	default:
		var err error
		if compared.Since, compared.Until, err = instants("comparison.", comparison, query.Zone); err != nil {
			return nil, err
		}
	}
	return &compared, nil
}

// previousPeriod is as long as the range and ends where it begins: as many days where the range is of days, since a day is not
// always as long.
func previousPeriod(req *microtrackerv1.QueryRequest, query report.Query) (since, until time.Time) {
	if req.GetDays() == nil {
		return query.Since.Add(-query.Until.Sub(query.Since)), query.Since
	}
	first, errFirst := time.Parse(time.DateOnly, req.GetDays().GetSince())
	last, errLast := time.Parse(time.DateOnly, req.GetDays().GetUntil())
	if errFirst != nil || errLast != nil {
		return query.Since, query.Since // both were read before
	}
	days := int(last.Sub(first).Hours()) / 24
	year, month, day := query.Since.In(query.Zone).Date()
	return time.Date(year, month, day-days, 0, 0, 0, 0, query.Zone), query.Since
}

// aYearBefore is the same date and time of day a year before; 28 February for a day that the year before lacks.
func aYearBefore(at time.Time, zone *time.Location) time.Time {
	local := at.In(zone)
	year, month, day := local.Date()
	before := time.Date(year-1, month, day, local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), zone)
	if before.Month() != month {
		before = before.AddDate(0, 0, -1)
	}
	return before
}

// filterFromProto returns the filter as the compiler takes it; nil without one. Its depth and size are checked there.
func filterFromProto(filter *microtrackerv1.Filter) (*report.Filter, error) {
	if filter == nil {
		return nil, nil //nolint:nilnil // everything is kept
	}
	return nodeFromProto(filter, 1)
}

// deepestFilter bounds the recursion; the compiler refuses filters that are less deep than that already.
const deepestFilter = 10

func nodeFromProto(filter *microtrackerv1.Filter, depth int) (*report.Filter, error) {
	if depth > deepestFilter {
		return nil, failField("filter", "it is too deep: say it flatter")
	}
	list := func(filters []*microtrackerv1.Filter) ([]report.Filter, error) {
		nodes := make([]report.Filter, len(filters))
		for i, f := range filters {
			node, err := nodeFromProto(f, depth+1)
			if err != nil {
				return nil, err
			}
			nodes[i] = *node
		}
		return nodes, nil
	}
	node := new(report.Filter)
	var err error
	switch of := filter.GetNode().(type) {
	case *microtrackerv1.Filter_All_:
		node.All, err = list(of.All.GetFilters())
	case *microtrackerv1.Filter_Any_:
		node.Any, err = list(of.Any.GetFilters())
	case *microtrackerv1.Filter_Not:
		node.Not, err = nodeFromProto(of.Not, depth+1)
	case *microtrackerv1.Filter_Condition:
		condition := conditionFromProto(of.Condition)
		node.Condition = &condition
	case *microtrackerv1.Filter_HasDone:
		node.HasDone = &report.HasDone{
			ByVisitor: of.HasDone.GetWho() == microtrackerv1.HasDone_WHO_VISITOR, Event: conditionsFromProto(of.HasDone.GetEvent()),
		}
	}
	return node, err
}

func conditionsFromProto(conditions []*microtrackerv1.Condition) []report.Condition {
	list := make([]report.Condition, len(conditions))
	for i, condition := range conditions {
		list[i] = conditionFromProto(condition)
	}
	return list
}

func conditionFromProto(condition *microtrackerv1.Condition) report.Condition {
	return report.Condition{
		Dimension: dimensionFromProto(condition.GetDimension()), PropertyKey: condition.GetPropertyKey(),
		Operator: report.Operator(condition.GetOperator()), Values: condition.GetValues(),
	}
}
