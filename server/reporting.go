package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

// reportingServer serves ReportingService.
type reportingServer struct{ *Server }

const (
	// defaultRows is what page_size 0 means in Query.
	defaultRows = 1000
	// freshLife is for how long the answer about a range that goes on is kept, pastLife about one that is over: a late event
	// of it ends that.
	freshLife = 2 * time.Second
	pastLife  = 10 * time.Minute
	// lateAfter is after which time hardly an event of a range comes any more.
	lateAfter = time.Hour
)

func (s reportingServer) Query(ctx context.Context, req *microtrackerv1.QueryRequest) (*microtrackerv1.QueryResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	question, err := s.questionFromProto(ctx, req, project)
	if err != nil {
		return nil, err
	}
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
	if err != nil {
		return nil, fmt.Errorf("name the question: %w", err)
	}
	// Of the project all that an answer depends on, beside the data.
	name := sha256.Sum256(fmt.Appendf(encoded, "\x00%s\x00%s\x00%v", project.TimeZone, project.Currency, question.query.Conversions))
	life := pastLife
	if question.query.Until.After(s.config.Now().Add(-lateAfter)) {
		life = freshLife
	}
	answer, err := s.cache.Get(ctx, project.CacheKey("query:"+hex.EncodeToString(name[:])), life, func(ctx context.Context) ([]byte, error) {
		res, err := s.compute(ctx, req, project, question)
		if err != nil {
			return nil, err
		}
		return proto.Marshal(res)
	})
	if err != nil {
		return nil, err
	}
	res := new(microtrackerv1.QueryResponse)
	if err := proto.Unmarshal(answer, res); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return res, nil
}

// compute asks the database, for the whole and for each segment.
func (s *Server) compute(ctx context.Context, req *microtrackerv1.QueryRequest, project *repo.Project, q *question) (*microtrackerv1.QueryResponse, error) {
	leave, err := s.reportTurns.enter(ctx, project.ID)
	if err != nil {
		return nil, err
	}
	defer leave()
	res := &microtrackerv1.QueryResponse{Plan: &microtrackerv1.QueryPlan{
		Range: rangeToProto(q.query.Since, q.query.Until), TimeZone: q.query.Zone.String(), DefinitionVersion: report.DefinitionVersion,
		ComputedAt: timestamppb.New(s.config.Now()),
	}}
	if q.compared != nil {
		res.Plan.ComparedRange = rangeToProto(q.compared.Since, q.compared.Until)
	}
	// The plan names the raw data as soon as some of the numbers are from there.
	from := func(source microtrackerv1.QueryPlan_Source) {
		if source == microtrackerv1.QueryPlan_SOURCE_RAW || res.GetPlan().GetSource() == microtrackerv1.QueryPlan_SOURCE_UNSPECIFIED {
			res.Plan.Source = source
		}
		if before := deletedBefore(project); source == microtrackerv1.QueryPlan_SOURCE_RAW && q.since().Before(before) {
			res.Plan.MissingBefore = timestamppb.New(before)
		}
	}
	whole, source, err := s.report(ctx, project, q.query, q.compared)
	if err != nil {
		return nil, err
	}
	from(source)
	res.Rows, res.Totals = rowsToProto(whole)
	if whole.More {
		key, err := json.Marshal(whole.Rows[len(whole.Rows)-1])
		if err != nil {
			return nil, err
		}
		res.NextPageToken = nextPageToken(req, string(key))
	}
	for _, segment := range req.GetSegments() {
		mine, err := q.of(segment)
		if err != nil {
			return nil, err
		}
		answer, source, err := s.report(ctx, project, mine.query, mine.compared)
		if err != nil {
			return nil, err
		}
		from(source)
		rows, totals := rowsToProto(answer)
		res.Segments = append(res.Segments, &microtrackerv1.SegmentAnswer{Name: segment.GetName(), Rows: rows, Totals: totals})
	}
	return res, nil
}

// deletedBefore is until where raw data of the project were deleted for their age; zero: nowhere.
func deletedBefore(project *repo.Project) time.Time {
	if project.SessionsDeletedBefore.After(project.EventsDeletedBefore) {
		return project.SessionsDeletedBefore
	}
	return project.EventsDeletedBefore
}

// report asks one question: the days that are counted, where they have the answer, else the events and sessions.
func (s *Server) report(ctx context.Context, project *repo.Project, query report.Query, compared *report.Query) (*report.Answer, microtrackerv1.QueryPlan_Source, error) {
	source := microtrackerv1.QueryPlan_SOURCE_ROLLUPS
	answer, ok, err := s.answers.Answer(ctx, project, query, compared)
	if err == nil && !ok {
		source = microtrackerv1.QueryPlan_SOURCE_RAW
		answer, err = project.Report(ctx, query, compared)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, source, fail(connect.CodeDeadlineExceeded, microtrackerv1.ErrorReason_ERROR_REASON_QUERY_TOO_LONG,
			"the question takes too long: ask for a shorter range, fewer dimensions or without a filter on events")
	}
	return answer, source, err
}

func (s reportingServer) GetCapabilities(_ context.Context, _ *microtrackerv1.GetCapabilitiesRequest) (*microtrackerv1.GetCapabilitiesResponse, error) {
	res := &microtrackerv1.GetCapabilitiesResponse{MaxBuckets: report.MaxBuckets}
	for i := range int32(len(microtrackerv1.Metric_name)) {
		metric := microtrackerv1.Metric(i)
		known, ok := metricFromProto(metric).Describe()
		if !ok {
			continue // unspecified
		}
		capability := &microtrackerv1.MetricCapability{Metric: metric, Name: known.Name, Unit: known.Unit, Description: known.About}
		if known.OnlyBy != "" {
			capability.OnlyBy = []microtrackerv1.Dimension{dimensionToProto(known.OnlyBy)}
		}
		res.Metrics = append(res.Metrics, capability)
	}
	for i := range int32(len(microtrackerv1.Dimension_name)) {
		dimension := microtrackerv1.Dimension(i)
		known, ok := dimensionFromProto(dimension).Describe()
		if !ok {
			continue // unspecified
		}
		capability := &microtrackerv1.DimensionCapability{Dimension: dimension, Name: known.Name, Description: known.About, OfEvents: known.OfEvents}
		if !known.IsTime {
			for operator := range int32(len(microtrackerv1.Operator_name) - 1) {
				capability.Operators = append(capability.Operators, microtrackerv1.Operator(operator+1))
			}
		}
		res.Dimensions = append(res.Dimensions, capability)
	}
	return res, nil
}

func rangeToProto(since, until time.Time) *microtrackerv1.TimeRange {
	return &microtrackerv1.TimeRange{Since: timestamppb.New(since), Until: timestamppb.New(until)}
}

func rowsToProto(answer *report.Answer) (rows []*microtrackerv1.QueryRow, totals *microtrackerv1.QueryRow) {
	for i, row := range answer.Rows {
		var compared *report.Row
		if answer.Compared != nil {
			compared = answer.Compared[i]
		}
		rows = append(rows, rowToProto(row, compared))
	}
	return rows, rowToProto(answer.Totals, answer.ComparedTotals)
}

func rowToProto(row report.Row, compared *report.Row) *microtrackerv1.QueryRow {
	res := &microtrackerv1.QueryRow{Dimensions: row.Dimensions}
	for i, value := range row.Values {
		res.Metrics = append(res.Metrics, valueToProto(value))
		if compared == nil {
			continue
		}
		before := compared.Values[i]
		res.Compared = append(res.Compared, valueToProto(before))
		var change *float64
		if value != nil && before != nil && *before != 0 {
			change = new((*value - *before) / *before)
		}
		res.Change = append(res.Change, valueToProto(change))
	}
	return res
}

func valueToProto(value *float64) *microtrackerv1.MetricValue {
	if value == nil {
		return &microtrackerv1.MetricValue{}
	}
	return &microtrackerv1.MetricValue{Value: &microtrackerv1.MetricValue_Number{Number: *value}}
}
