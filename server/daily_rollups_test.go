package server_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/go-cmp/cmp"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo/repotest"
)

func (w *world) reporting(t *testing.T, who account) microtrackerv1connect.ReportingServiceClient {
	t.Helper()
	return microtrackerv1connect.NewReportingServiceClient(w.client(t, protocols()[2], who.auth()))
}

// rebuild counts the days again and waits until that is done.
func (w *world) rebuild(t *testing.T, who account, since, until time.Time) *microtrackerv1.Batch {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	res, err := w.reporting(t, who).RebuildDailyRollups(ctx, &microtrackerv1.RebuildDailyRollupsRequest{
		ProjectId: who.project.ID, Days: &microtrackerv1.DayRange{Since: since.Format(time.DateOnly), Until: until.Format(time.DateOnly)},
	})
	if err != nil {
		t.Fatal(err)
	}
	batch := res.GetBatch()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for batch.GetFinishedAt() == nil {
		<-again.C
		res, err := w.jobs(t, who).GetBatch(ctx, &microtrackerv1.GetBatchRequest{ProjectId: who.project.ID, BatchId: batch.GetId()})
		if err != nil {
			t.Fatal(err)
		}
		batch = res.GetBatch()
	}
	return batch
}

func (w *world) days(t *testing.T, who account, since, until time.Time, pageSize int32) []*microtrackerv1.DailyRollup {
	t.Helper()
	var days []*microtrackerv1.DailyRollup
	req := &microtrackerv1.ListDailyRollupsRequest{
		ProjectId: who.project.ID, PageSize: pageSize,
		Days: &microtrackerv1.DayRange{Since: since.Format(time.DateOnly), Until: until.Format(time.DateOnly)},
	}
	for {
		res, err := w.reporting(t, who).ListDailyRollups(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		days = append(days, res.GetDailyRollups()...)
		if req.PageToken = res.GetNextPageToken(); req.GetPageToken() == "" {
			return days
		}
	}
}

func TestDaysAreRebuiltAndListed(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	now := time.Now().UTC()
	secret := secretKey(t, who.project)
	for back := range 3 {
		at := now.AddDate(0, 0, -back)
		w.sends(t, secret, &microtrackerv1.TrackRequest{Events: []*microtrackerv1.Event{
			of(visitor("anna"), at, "https://example.com/a"), of(visitor("bert"), at, "https://example.com/b?utm_source=news"),
		}}, "ACCEPTED", "ACCEPTED")
	}
	since, until := now.AddDate(0, 0, -30), now.AddDate(0, 0, 1)
	batch := w.rebuild(t, who, since, until)
	if batch.GetState() != microtrackerv1.BatchState_BATCH_STATE_DONE || batch.GetTotalJobs() != 5 || batch.GetFailedJobs() != 0 {
		t.Errorf("batch %v", batch)
	}
	days := w.days(t, who, since, until, 2)
	if len(days) != 3 || days[2].GetDay() != now.Format(time.DateOnly) || !slices.IsSortedFunc(days, func(a, b *microtrackerv1.DailyRollup) int {
		return strings.Compare(a.GetDay(), b.GetDay())
	}) {
		t.Fatalf("days %v", days)
	}
	for _, day := range days {
		got := []any{day.GetVisitors(), day.GetSessions(), day.GetPageviews(), day.GetTimeZone(), len(day.GetTopPaths()), day.GetTopSources()[0].GetSource(), day.GetEvents()["page_view"]}
		if diff := cmp.Diff([]any{int64(2), int64(2), int64(2), "UTC", 2, "Direct / None", int64(2)}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", day.GetDay(), diff)
		}
	}
	// In another zone the days are others, and are counted again by themselves.
	w.update(t, who, &microtrackerv1.UpdateProjectRequest{TimeZone: "Pacific/Kiritimati"}, "time_zone")
	if marks := repotest.Number(t, w.databaseURL, "SELECT count(*) FROM rollup_marks WHERE project_id = $1", who.project.ID); marks == 0 {
		t.Error("no day is marked")
	}
	if left := w.days(t, who, since, until.AddDate(0, 0, 1), 0); len(left) != 0 {
		t.Errorf("days of the former zone are left: %v", left)
	}
	w.rebuild(t, who, since, until.AddDate(0, 0, 1))
	for _, day := range w.days(t, who, since, until.AddDate(0, 0, 1), 0) {
		if day.GetTimeZone() != "Pacific/Kiritimati" {
			t.Errorf("%s is in %s", day.GetDay(), day.GetTimeZone())
		}
	}
}

func TestDaysThatAreNoneOrTooManyAreRefused(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	for _, days := range []*microtrackerv1.DayRange{
		{Since: "2026-02-30", Until: "2026-03-02"}, {Since: "2026-02-01", Until: "2026-02-30"}, {Since: "2006-01-01", Until: "2026-01-01"},
	} {
		_, err := w.reporting(t, who).RebuildDailyRollups(t.Context(), &microtrackerv1.RebuildDailyRollupsRequest{ProjectId: who.project.ID, Days: days})
		if connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%v: %v", days, err)
		}
	}
}
