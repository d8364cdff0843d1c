package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
)

const (
	// dashboards refresh every dashboardEvery each while so many events come in a second.
	dashboards     = 20
	dashboardEvery = 10 * time.Second
	eventsASecond  = 2000
)

// refreshing measures dashboards on a month of 5 million events that refresh beside events that come in, for three times the
// duration of a rate.
func refreshing(ctx context.Context, b *bench) ([]row, error) {
	s, _, err := b.filledSite(ctx, "refreshing")
	if err != nil {
		return nil, err
	}
	defer s.close() //nolint:errcheck // its folder goes
	if s.tracker, err = b.serve(ctx, s.database); err != nil {
		return nil, err
	}
	return s.dashboards(ctx, max(3*b.duration, 3*dashboardEvery))
}

// dashboards measures how long overviews of the last 30 days take on dashboards that refresh while events come in.
func (s *site) dashboards(ctx context.Context, during time.Duration) ([]row, error) {
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	client := connect.NewClient(connecthttp.NewTransport(&http.Client{Transport: bearer{transport, s.secret}}, "http://"+s.tracker.address))
	tracking, reporting := microtrackerv1connect.NewTrackingServiceClient(client), microtrackerv1connect.NewReportingServiceClient(client)
	ctx, cancel := context.WithTimeout(ctx, during)
	defer cancel()
	var mu sync.Mutex
	var took []time.Duration
	var failed error
	var wg sync.WaitGroup
	fail := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if failed == nil && ctx.Err() == nil {
			failed = err
		}
	}
	for i := range dashboards {
		wg.Go(func() {
			select { // they were not opened at once
			case <-ctx.Done():
				return
			case <-time.After(time.Duration(i) * dashboardEvery / dashboards):
			}
			tick := time.NewTicker(dashboardEvery)
			defer tick.Stop()
			for {
				begun := time.Now()
				if err := ask(ctx, reporting, s.project.ID); err != nil {
					fail(err)
				} else {
					mu.Lock()
					took = append(took, time.Since(begun))
					mu.Unlock()
				}
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
			}
		})
	}
	stored, began := 0, time.Now()
	from := newVisitors("dashboards", 9)
	tick := time.NewTicker(time.Second * batchSize / eventsASecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		res, err := tracking.Track(ctx, from.batch(time.Now()))
		if err != nil {
			fail(err)
			break
		}
		stored += int(res.GetBatch().GetAccepted())
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	rate := float64(stored) / time.Since(began).Seconds()
	wg.Wait()
	if failed != nil {
		return nil, failed
	}
	slices.Sort(took)
	p95 := took[len(took)*95/100]
	detail := fmt.Sprintf("p50 %d ms, p95 %d ms of %d", took[len(took)/2].Milliseconds(), p95.Milliseconds(), len(took))
	return []row{
		{"20 dashboards beside 2,000 events/s: p95 of the overview / 300 ms", p95.Seconds() / 0.3, 1, false, detail},
		{"the same: events stored / sent in time", rate / eventsASecond, 0.95, true, fmt.Sprintf("%.0f/s", rate)},
	}, nil
}

// ask asks for the overview of the last 30 days, today included, all questions at once as a browser does.
func ask(ctx context.Context, reporting microtrackerv1connect.ReportingServiceClient, projectID int64) error {
	today := time.Now().UTC().Truncate(24 * time.Hour)
	days := &microtrackerv1.QueryRequest_Days{Days: &microtrackerv1.DayRange{
		Since: today.AddDate(0, 0, 1-reportDays).Format(time.DateOnly), Until: today.AddDate(0, 0, 1).Format(time.DateOnly),
	}}
	requests := []*microtrackerv1.QueryRequest{{
		Metrics: []microtrackerv1.Metric{
			microtrackerv1.Metric_METRIC_VISITORS, microtrackerv1.Metric_METRIC_PAGEVIEWS, microtrackerv1.Metric_METRIC_SESSIONS,
			microtrackerv1.Metric_METRIC_BOUNCE_RATE, microtrackerv1.Metric_METRIC_AVG_SESSION_DURATION, microtrackerv1.Metric_METRIC_VIEWS_PER_SESSION,
		},
		Dimensions: []microtrackerv1.Dimension{microtrackerv1.Dimension_DIMENSION_DAY},
		Comparison: &microtrackerv1.Comparison{With: &microtrackerv1.Comparison_PreviousPeriod{PreviousPeriod: true}},
	}}
	for _, d := range []microtrackerv1.Dimension{
		microtrackerv1.Dimension_DIMENSION_PATH, microtrackerv1.Dimension_DIMENSION_SOURCE, microtrackerv1.Dimension_DIMENSION_CAMPAIGN,
		microtrackerv1.Dimension_DIMENSION_COUNTRY, microtrackerv1.Dimension_DIMENSION_DEVICE,
	} {
		requests = append(requests, &microtrackerv1.QueryRequest{
			Metrics:    []microtrackerv1.Metric{microtrackerv1.Metric_METRIC_VISITORS, microtrackerv1.Metric_METRIC_PAGEVIEWS},
			Dimensions: []microtrackerv1.Dimension{d}, PageSize: 10,
		})
	}
	errs := make(chan error, len(requests))
	for _, req := range requests {
		req.ProjectId, req.Range = projectID, days
		go func() {
			res, err := reporting.Query(ctx, req)
			if err == nil && res.GetPlan().GetSource() != microtrackerv1.QueryPlan_SOURCE_ROLLUPS {
				err = fmt.Errorf("by %v: the answer is from the raw data", req.GetDimensions())
			}
			errs <- err
		}()
	}
	for range requests {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}
