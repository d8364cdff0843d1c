package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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

// cookielessWarning is what an answer about several days says where visitors are new every day.
const cookielessWarning = "This project recognises visitors without a stored id: each is a new one every day (UTC). " +
	"Whoever comes back on another day is somebody else, so figures over several days are too low."

// warningOf is what to know before believing figures about visitors over more than a day: empty, nothing.
func warningOf(project *repo.Project) string {
	if privacyModeFromText(project.PrivacyMode) == microtrackerv1.PrivacyMode_PRIVACY_MODE_COOKIELESS {
		return cookielessWarning
	}
	return ""
}

// journeyRequest is a question about funnels, retention, paths or heatmaps.
type journeyRequest interface {
	proto.Message
	ranged
	GetProjectId() int64
	GetTimeZone() string
	GetFilter() *microtrackerv1.Filter
	GetBots() microtrackerv1.Bots
}

// openJourney opens the project and reads whom and when the question is about.
func (s *Server) openJourney(ctx context.Context, req journeyRequest) (*repo.Project, repo.Journey, error) {
	var journey repo.Journey
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, journey, err
	}
	journey.Bots = botsFromProto(req.GetBots())
	if journey.Zone, err = zoneOf("time_zone", req.GetTimeZone(), project); err != nil {
		return nil, journey, err
	}
	if journey.Since, journey.Until, err = rangeFromProto(req, journey.Zone); err != nil {
		return nil, journey, err
	}
	journey.Filter, err = filterFromProto(req.GetFilter())
	return project, journey, err
}

// answerJourney fills res from the cache, or computes it in the project's turn. Nothing is expected to change after end.
func (s *Server) answerJourney(ctx context.Context, req journeyRequest, project *repo.Project, end time.Time, res proto.Message, compute func(ctx context.Context) (proto.Message, error)) error {
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
	if err != nil {
		return fmt.Errorf("name the question: %w", err)
	}
	name := sha256.Sum256(fmt.Appendf(encoded, "\x00%s\x00%s\x00%s", req.ProtoReflect().Descriptor().Name(), project.TimeZone, project.PrivacyMode))
	life := pastLife
	if end.After(s.config.Now().Add(-lateAfter)) {
		life = freshLife
	}
	answer, err := s.cache.Get(ctx, project.CacheKey("journey:"+hex.EncodeToString(name[:])), life, func(ctx context.Context) ([]byte, error) {
		leave, err := s.reportTurns.enter(ctx, project.ID)
		if err != nil {
			return nil, err
		}
		defer leave()
		computed, err := compute(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			return nil, fail(connect.CodeDeadlineExceeded, microtrackerv1.ErrorReason_ERROR_REASON_QUERY_TOO_LONG,
				"the question takes too long: ask for a shorter range, or keep fewer sessions by a filter on what a session has")
		}
		if err != nil {
			return nil, err
		}
		return proto.Marshal(computed)
	})
	if err != nil {
		return err
	}
	if err := proto.Unmarshal(answer, res); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

func (s *Server) journeyPlan(journey repo.Journey) *microtrackerv1.QueryPlan {
	return &microtrackerv1.QueryPlan{
		Range: rangeToProto(journey.Since, journey.Until), TimeZone: journey.Zone.String(), DefinitionVersion: report.DefinitionVersion,
		Source: microtrackerv1.QueryPlan_SOURCE_RAW, ComputedAt: timestamppb.New(s.config.Now()),
	}
}

// orDefault is what a bound of zero means.
func orDefault(asked int32, byDefault int) int {
	if asked == 0 {
		return byDefault
	}
	return int(asked)
}

func (s reportingServer) QueryFunnel(ctx context.Context, req *microtrackerv1.QueryFunnelRequest) (*microtrackerv1.QueryFunnelResponse, error) {
	project, journey, err := s.openJourney(ctx, req)
	if err != nil {
		return nil, err
	}
	query := repo.FunnelQuery{
		Journey: journey, BySession: req.GetWho() == microtrackerv1.HasDone_WHO_SESSION,
		Strict: req.GetOrder() == microtrackerv1.FunnelOrder_FUNNEL_ORDER_STRICT, Window: req.GetWindow().AsDuration(),
		MaxRows: orDefault(req.GetMaxRows(), 10),
	}
	for _, step := range req.GetSteps() {
		query.Steps = append(query.Steps, conditionsFromProto(step.GetEvent()))
	}
	if req.GetBreakdown() != microtrackerv1.Dimension_DIMENSION_UNSPECIFIED {
		query.Breakdown = dimensionFromProto(req.GetBreakdown())
	}
	res := new(microtrackerv1.QueryFunnelResponse)
	return res, s.answerJourney(ctx, req, project, journey.Until.Add(query.Window), res, func(ctx context.Context) (proto.Message, error) {
		funnel, err := project.Funnel(ctx, query)
		if err != nil {
			return nil, err
		}
		res := &microtrackerv1.QueryFunnelResponse{Totals: funnelRowToProto(funnel.Totals), Plan: s.journeyPlan(journey)}
		for _, row := range funnel.Rows {
			res.Rows = append(res.Rows, funnelRowToProto(row))
		}
		if !query.BySession {
			res.Warning = warningOf(project)
		}
		return res, nil
	})
}

func funnelRowToProto(row repo.FunnelRow) *microtrackerv1.FunnelRow {
	res := &microtrackerv1.FunnelRow{Value: row.Value, Rest: row.Rest}
	fromFirst, fromPrevious := row.Ratios()
	for i, step := range row.Steps {
		res.Steps = append(res.Steps, &microtrackerv1.FunnelStepAnswer{
			Reached: step.Reached, FromFirst: fromFirst[i], FromPrevious: fromPrevious[i], MedianSeconds: step.Median, P90Seconds: step.P90,
		})
	}
	return res
}

// retentionPeriodFromProto is how long a cohort and each period after it is.
func retentionPeriodFromProto(period microtrackerv1.RetentionPeriod) report.Dimension {
	switch period {
	case microtrackerv1.RetentionPeriod_RETENTION_PERIOD_WEEK:
		return report.Week
	case microtrackerv1.RetentionPeriod_RETENTION_PERIOD_MONTH:
		return report.Month
	default:
		return report.Day
	}
}

func (s reportingServer) QueryRetention(ctx context.Context, req *microtrackerv1.QueryRetentionRequest) (*microtrackerv1.QueryRetentionResponse, error) {
	project, journey, err := s.openJourney(ctx, req)
	if err != nil {
		return nil, err
	}
	query := repo.RetentionQuery{
		Journey: journey, Period: retentionPeriodFromProto(req.GetPeriod()), Periods: orDefault(req.GetPeriods(), 12),
		FirstInRange: req.GetCohortStart() == microtrackerv1.CohortStart_COHORT_START_FIRST_IN_RANGE,
		Return:       conditionsFromProto(req.GetReturnEvent()),
	}
	res := new(microtrackerv1.QueryRetentionResponse)
	return res, s.answerJourney(ctx, req, project, query.End(), res, func(ctx context.Context) (proto.Message, error) {
		query := query
		query.Now = s.config.Now()
		cohorts, err := project.Retention(ctx, query)
		if err != nil {
			return nil, err
		}
		res := &microtrackerv1.QueryRetentionResponse{Plan: s.journeyPlan(journey), Warning: warningOf(project)}
		for _, cohort := range cohorts {
			res.Cohorts = append(res.Cohorts, cohortToProto(cohort))
		}
		return res, nil
	})
}

func cohortToProto(cohort repo.RetentionCohort) *microtrackerv1.RetentionCohort {
	res := &microtrackerv1.RetentionCohort{Start: cohort.Start, Visitors: cohort.Visitors}
	for _, cell := range cohort.Cells {
		res.Cells = append(res.Cells, &microtrackerv1.RetentionCell{
			Returned: cell.Returned, Rate: share(cell.Returned, cohort.Visitors), Complete: cell.Complete,
		})
	}
	return res
}

// share is part / whole; nil where that divides by zero.
func share(part, whole int64) *float64 {
	if whole == 0 {
		return nil
	}
	return new(float64(part) / float64(whole))
}

func (s reportingServer) QueryPaths(ctx context.Context, req *microtrackerv1.QueryPathsRequest) (*microtrackerv1.QueryPathsResponse, error) {
	project, journey, err := s.openJourney(ctx, req)
	if err != nil {
		return nil, err
	}
	query := repo.PathsQuery{
		Journey: journey, Previous: req.GetDirection() == microtrackerv1.PathDirection_PATH_DIRECTION_PREVIOUS, Path: req.GetPath(),
		Depth: orDefault(req.GetDepth(), 3), MaxNodes: orDefault(req.GetMaxNodes(), 10),
	}
	res := new(microtrackerv1.QueryPathsResponse)
	return res, s.answerJourney(ctx, req, project, journey.Until, res, func(ctx context.Context) (proto.Message, error) {
		paths, err := project.Paths(ctx, query)
		if err != nil {
			return nil, err
		}
		res := &microtrackerv1.QueryPathsResponse{Plan: s.journeyPlan(journey)}
		for _, node := range paths.Nodes {
			res.Nodes = append(res.Nodes, &microtrackerv1.PathNode{
				Step: int32(node.Step), Path: node.Path, Other: node.Other, Sessions: node.Sessions, Ended: node.Ended,
			})
		}
		for _, link := range paths.Links {
			res.Links = append(res.Links, &microtrackerv1.PathLink{
				From: int32(link.From), To: int32(link.To), Sessions: link.Sessions,
			})
		}
		return res, nil
	})
}

func (s reportingServer) QueryHeatmap(ctx context.Context, req *microtrackerv1.QueryHeatmapRequest) (*microtrackerv1.QueryHeatmapResponse, error) {
	project, journey, err := s.openJourney(ctx, req)
	if err != nil {
		return nil, err
	}
	query := repo.HeatmapQuery{Journey: journey, Path: req.GetPath()}
	res := new(microtrackerv1.QueryHeatmapResponse)
	return res, s.answerJourney(ctx, req, project, journey.Until, res, func(ctx context.Context) (proto.Message, error) {
		heatmap, err := project.Heatmap(ctx, query)
		if err != nil {
			return nil, err
		}
		return heatmapToProto(heatmap, s.journeyPlan(journey)), nil
	})
}

func heatmapToProto(heatmap *repo.Heatmap, plan *microtrackerv1.QueryPlan) *microtrackerv1.QueryHeatmapResponse {
	res := &microtrackerv1.QueryHeatmapResponse{PageViews: heatmap.Scroll.Views, Measured: heatmap.Scroll.Measured, Plan: plan}
	for _, class := range heatmap.Classes {
		of := &microtrackerv1.HeatmapClass{Viewport: class.Viewport, Clicks: class.Clicks}
		for _, bin := range class.Bins {
			of.Binned += bin.Clicks
			of.Bins = append(of.Bins, &microtrackerv1.HeatmapBin{X: bin.X, Y: bin.Y, Clicks: bin.Clicks})
		}
		for _, selector := range class.Selectors {
			of.Selectors = append(of.Selectors, &microtrackerv1.HeatmapSelector{Selector: selector.Selector, Clicks: selector.Clicks})
		}
		res.Classes = append(res.Classes, of)
	}
	for i, views := range heatmap.Scroll.Reached {
		res.Scroll = append(res.Scroll, &microtrackerv1.ScrollDepth{
			Depth: int32(i) * 5, PageViews: views, Share: share(views, heatmap.Scroll.Measured),
		})
	}
	return res
}
