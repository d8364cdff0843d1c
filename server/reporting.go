package server

import (
	"context"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

// reportingServer serves ReportingService.
type reportingServer struct{ *Server }

// defaultRows is what page_size 0 means in Query.
const defaultRows = 1000

func (s reportingServer) Query(ctx context.Context, req *microtrackerv1.QueryRequest) (*microtrackerv1.QueryResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	query, err := queryFromProto(req, project)
	if err != nil {
		return nil, err
	}
	answer, err := project.Report(ctx, query)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.QueryResponse{
		Totals: rowToProto(answer.Totals),
		Plan: &microtrackerv1.QueryPlan{
			Range:    &microtrackerv1.TimeRange{Since: timestamppb.New(query.Since), Until: timestamppb.New(query.Until)},
			TimeZone: query.Zone.String(), DefinitionVersion: report.DefinitionVersion,
		},
	}
	for _, row := range answer.Rows {
		res.Rows = append(res.Rows, rowToProto(row))
	}
	if answer.More {
		res.NextPageToken = nextPageToken(req, strconv.Itoa(query.Offset+query.Limit))
	}
	return res, nil
}

//nolint:gochecknoglobals // a closed table, never written
var metricsFromProto = map[microtrackerv1.Metric]report.Metric{
	microtrackerv1.Metric_METRIC_VISITORS:             report.Visitors,
	microtrackerv1.Metric_METRIC_SESSIONS:             report.Sessions,
	microtrackerv1.Metric_METRIC_PAGEVIEWS:            report.Pageviews,
	microtrackerv1.Metric_METRIC_BOUNCES:              report.Bounces,
	microtrackerv1.Metric_METRIC_BOUNCE_RATE:          report.BounceRate,
	microtrackerv1.Metric_METRIC_AVG_SESSION_DURATION: report.AvgSessionDuration,
	microtrackerv1.Metric_METRIC_VIEWS_PER_SESSION:    report.ViewsPerSession,
}

//nolint:gochecknoglobals // a closed table, never written
var dimensionsFromProto = map[microtrackerv1.Dimension]report.Dimension{
	microtrackerv1.Dimension_DIMENSION_HOUR:   report.Hour,
	microtrackerv1.Dimension_DIMENSION_DAY:    report.Day,
	microtrackerv1.Dimension_DIMENSION_PATH:   report.Path,
	microtrackerv1.Dimension_DIMENSION_SOURCE: report.Source,
}

func queryFromProto(req *microtrackerv1.QueryRequest, project *repo.Project) (report.Query, error) {
	zoneName := req.GetTimeZone()
	if zoneName == "" {
		zoneName = project.TimeZone
	}
	zone, err := loadZone("time_zone", zoneName)
	if err != nil {
		return report.Query{}, err
	}
	query := report.Query{Zone: zone, Limit: pageSize(req, defaultRows)}
	if query.Since, query.Until, err = rangeFromProto(req, zone); err != nil {
		return report.Query{}, err
	}
	after, err := afterPageToken(req)
	if err != nil {
		return report.Query{}, err
	}
	query.Offset, _ = strconv.Atoi(after) // made by us, or empty
	for _, metric := range req.GetMetrics() {
		query.Metrics = append(query.Metrics, metricsFromProto[metric])
	}
	for _, dimension := range req.GetDimensions() {
		query.Dimensions = append(query.Dimensions, dimensionsFromProto[dimension])
	}
	for _, order := range req.GetOrderBy() {
		query.OrderBy = append(query.OrderBy, report.Order{
			Metric: metricsFromProto[order.GetMetric()], Dimension: dimensionsFromProto[order.GetDimension()],
			Descending: order.GetDescending(),
		})
	}
	return query, nil
}

// rangeFromProto returns the range as instants: days begin at midnight in the zone, or at the first moment that the day has.
func rangeFromProto(req *microtrackerv1.QueryRequest, zone *time.Location) (since, until time.Time, err error) {
	if times := req.GetTimes(); times != nil {
		return times.GetSince().AsTime(), times.GetUntil().AsTime(), nil
	}
	if since, err = time.ParseInLocation(time.DateOnly, req.GetDays().GetSince(), zone); err != nil {
		return since, until, failField("days.since", "there is no such day; write YYYY-MM-DD")
	}
	if until, err = time.ParseInLocation(time.DateOnly, req.GetDays().GetUntil(), zone); err != nil {
		return since, until, failField("days.until", "there is no such day; write YYYY-MM-DD")
	}
	return since, until, nil
}

func rowToProto(row report.Row) *microtrackerv1.QueryRow {
	res := &microtrackerv1.QueryRow{Dimensions: row.Dimensions}
	for _, value := range row.Values {
		metric := &microtrackerv1.MetricValue{}
		if value != nil {
			metric.Value = &microtrackerv1.MetricValue_Number{Number: *value}
		}
		res.Metrics = append(res.Metrics, metric)
	}
	return res
}
