package server_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
)

const (
	fromRollups = microtrackerv1.QueryPlan_SOURCE_ROLLUPS
	fromRaw     = microtrackerv1.QueryPlan_SOURCE_RAW
)

func TestAnAcknowledgedEventIsInTheNextAnswer(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	secret := secretKey(t, who.project)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	for i := range 4 {
		w.sends(t, secret, &microtrackerv1.TrackRequest{Events: []*microtrackerv1.Event{of(visitor(fmt.Sprint("visitor ", i)), time.Now(), "https://example.com/a")}}, "ACCEPTED")
		res, err := w.reporting(t, who).Query(t.Context(), &microtrackerv1.QueryRequest{
			ProjectId: who.project.ID, Metrics: []microtrackerv1.Metric{visitors, views}, Dimensions: []microtrackerv1.Dimension{byPath},
			Range:    dayRange(today.AddDate(0, 0, -1), 2),
			PageSize: int32(10 + i), // another question: the cache does not have it
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{fmt.Sprintf("/a %d %d", i+1, i+1)}, lines(res.GetRows()...)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if res.GetPlan().GetSource() != fromRollups {
			t.Errorf("plan = %v", res.GetPlan())
		}
	}
}

func TestThePlanSaysWhereNumbersAreFromAndWhatIsMissing(t *testing.T) {
	t.Parallel()
	w, who, monday := week(t)
	ask := func(req *microtrackerv1.QueryRequest) *microtrackerv1.QueryPlan {
		t.Helper()
		req.ProjectId, req.Metrics = who.project.ID, []microtrackerv1.Metric{visitors}
		res, err := w.reporting(t, who).Query(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		return res.GetPlan()
	}
	days, byDays, filter := dayRange(monday, 7), when(byPath, "/a"), when(microtrackerv1.Dimension_DIMENSION_HOSTNAME, "shop.example.com")
	if plan := ask(&microtrackerv1.QueryRequest{Range: days}); plan.GetSource() != fromRollups || plan.GetMissingBefore() != nil {
		t.Errorf("whole days: %v", plan)
	}
	if plan := ask(&microtrackerv1.QueryRequest{Range: days, Filter: byDays}); plan.GetSource() != fromRollups || plan.GetMissingBefore() != nil {
		t.Errorf("a filter by what days know: %v", plan)
	}
	if plan := ask(&microtrackerv1.QueryRequest{Range: days, Filter: filter}); plan.GetSource() != fromRaw || plan.GetMissingBefore() != nil {
		t.Errorf("a filter by what they do not know: %v", plan)
	}
	if plan := ask(&microtrackerv1.QueryRequest{Range: days, Segments: []*microtrackerv1.Segment{{Name: "a", Filter: filter}}}); plan.GetSource() != fromRaw {
		t.Errorf("a segment: %v", plan)
	}
	deleted := monday.AddDate(0, 0, 2)
	repotest.Exec(t, w.databaseURL, fmt.Sprintf("UPDATE projects SET events_deleted_before = '%s'", deleted.Format(time.RFC3339)))
	repotest.Exec(t, w.databaseURL, fmt.Sprintf("DELETE FROM rollup_breakdowns WHERE dimension = %d AND day < '%s'", repo.BySession, deleted.Format(time.DateOnly)))
	if plan := ask(&microtrackerv1.QueryRequest{Range: days, PageSize: 5}); plan.GetSource() != fromRollups || plan.GetMissingBefore() != nil {
		t.Errorf("whole days that are kept: %v", plan)
	}
	for _, filter := range []*microtrackerv1.Filter{filter, byDays} {
		plan := ask(&microtrackerv1.QueryRequest{Range: days, Filter: filter, PageSize: 5})
		if plan.GetSource() != fromRaw || !plan.GetMissingBefore().AsTime().Equal(deleted) {
			t.Errorf("a filter over deleted days: %v", plan)
		}
	}
	if plan := ask(&microtrackerv1.QueryRequest{Range: dayRange(deleted, 3), Filter: filter}); plan.GetMissingBefore() != nil {
		t.Errorf("a filter over days that are there: %v", plan)
	}
}
