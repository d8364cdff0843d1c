package server

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/rollup"
	"github.com/microtracker/microtracker/server/tasks"
)

// maxRebuiltDays bounds one RebuildDailyRollups.
const maxRebuiltDays = 3660

func (s reportingServer) ListDailyRollups(ctx context.Context, req *microtrackerv1.ListDailyRollupsRequest) (*microtrackerv1.ListDailyRollupsResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	since, until, err := daysFromProto(req.GetDays())
	if err != nil {
		return nil, err
	}
	page, err := afterPage(req, func(day string) time.Time {
		last, err := time.Parse(time.DateOnly, day) // made by us, or empty
		if err != nil {
			return since
		}
		return last.AddDate(0, 0, 1)
	})
	if err != nil {
		return nil, err
	}
	rows, err := project.DailyRollups(ctx, page.After, until, page.Limit)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListDailyRollupsResponse{}
	rows, res.NextPageToken = cutPage(req, rows, func(row *repo.DailyRollup) string { return row.Day.Format(time.DateOnly) })
	for i := range rows {
		day, err := dailyRollupToProto(&rows[i])
		if err != nil {
			return nil, err
		}
		res.DailyRollups = append(res.DailyRollups, day)
	}
	return res, nil
}

func (s reportingServer) RebuildDailyRollups(ctx context.Context, req *microtrackerv1.RebuildDailyRollupsRequest) (*microtrackerv1.RebuildDailyRollupsResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	since, until, err := daysFromProto(req.GetDays())
	if err != nil {
		return nil, err
	}
	if until.Sub(since) > maxRebuiltDays*24*time.Hour {
		return nil, failField("days", fmt.Sprintf("these are more than %d days: rebuild them in parts", maxRebuiltDays))
	}
	plan, err := tasks.RebuildBatch(project.ID, since, until)
	if err != nil {
		return nil, err
	}
	batch, err := s.config.Store.CreateBatch(ctx, plan)
	if err != nil {
		return nil, err
	}
	return &microtrackerv1.RebuildDailyRollupsResponse{Batch: batchToProto(batch)}, nil
}

// daysFromProto returns the range as dates, midnight UTC.
func daysFromProto(days *microtrackerv1.DayRange) (since, until time.Time, err error) {
	if since, err = time.Parse(time.DateOnly, days.GetSince()); err != nil {
		return since, until, failField("days.since", "there is no such day; write YYYY-MM-DD")
	}
	if until, err = time.Parse(time.DateOnly, days.GetUntil()); err != nil {
		return since, until, failField("days.until", "there is no such day; write YYYY-MM-DD")
	}
	return since, until, nil
}

func dailyRollupToProto(row *repo.DailyRollup) (*microtrackerv1.DailyRollup, error) {
	var metrics rollup.Metrics
	var paths []rollup.TopPath
	var ctas []rollup.TopCTA
	var sources []rollup.TopSource
	for _, column := range []struct {
		from json.RawMessage
		to   any
	}{{row.Metrics, &metrics}, {row.TopPaths, &paths}, {row.TopCTAs, &ctas}, {row.TopSources, &sources}} {
		if err := json.Unmarshal(column.from, column.to); err != nil {
			return nil, fmt.Errorf("read the rollup of %s: %w", row.Day.Format(time.DateOnly), err)
		}
	}
	day := &microtrackerv1.DailyRollup{
		Day: row.Day.Format(time.DateOnly), TimeZone: metrics.TimeZone, Visitors: int64(row.Visitors), Sessions: int64(row.Sessions),
		Bounces: int64(row.Bounces), Pageviews: int64(row.Pageviews), FormStarts: int64(row.FormStarts), FormSubmits: int64(row.FormSubmits),
		Exits: int64(row.Exits), AvgSessionDuration: row.AvgSessionDurationSecs, EngagedTime: float64(metrics.EngagedMS) / 1000,
		Pcqs: metrics.PCQS.Avg, Events: metrics.Events, Channels: metrics.Channels, Devices: metrics.Devices, Countries: metrics.Countries,
		Browsers: metrics.Browsers, OperatingSystems: metrics.OperatingSystems, Bots: metrics.Bots, UpdateTime: timestamppb.New(row.UpdatedAt),
	}
	for _, top := range paths {
		day.TopPaths = append(day.TopPaths, &microtrackerv1.TopPath{Path: top.Path, Pageviews: top.Pageviews, Visitors: top.Visitors})
	}
	for _, top := range ctas {
		day.TopCtas = append(day.TopCtas, &microtrackerv1.TopCta{Name: top.Name, Clicks: top.Clicks, MarkedClicks: top.Marked})
	}
	for _, top := range sources {
		day.TopSources = append(day.TopSources, &microtrackerv1.TopSource{Source: top.Source, Sessions: top.Sessions})
	}
	return day, nil
}
