package server_test

import (
	"testing"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
)

func TestARetentionIsSetAndChecked(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	projects := microtrackerv1connect.NewProjectsServiceClient(w.client(t, protocols()[0], who.auth()))
	days := func(n int32) *int32 { return &n }
	for _, step := range []struct {
		what                       string
		events, sessions, visitors *int32
		paths                      []string
		ok                         bool
	}{
		{"all for ever", nil, nil, nil, []string{"retain_events_days", "retain_sessions_days", "retain_visitors_days"}, true},
		{"each longer", days(30), days(60), days(90), []string{"retain_events_days", "retain_sessions_days", "retain_visitors_days"}, true},
		{"events longer than sessions", days(61), nil, nil, []string{"retain_events_days"}, false},
		{"events for ever, sessions not", nil, nil, nil, []string{"retain_events_days"}, false},
		{"sessions for ever, visitors not", nil, nil, nil, []string{"retain_sessions_days"}, false},
		{"visitors shorter than sessions", nil, nil, days(59), []string{"retain_visitors_days"}, false},
		{"visitors for ever", nil, nil, nil, []string{"retain_visitors_days"}, true},
		{"no day", days(0), nil, nil, []string{"retain_events_days"}, false},
		{"too many days", nil, nil, days(3651), []string{"retain_visitors_days"}, false},
		{"the same for all", days(7), days(7), days(7), []string{"retain_events_days", "retain_sessions_days", "retain_visitors_days"}, true},
		{"another field", nil, nil, nil, []string{"description"}, true},
	} {
		_, err := projects.UpdateProject(t.Context(), &microtrackerv1.UpdateProjectRequest{
			ProjectId: who.project.ID, RetainEventsDays: step.events, RetainSessionsDays: step.sessions, RetainVisitorsDays: step.visitors,
			UpdateMask: mask(step.paths...),
		})
		if (err == nil) != step.ok {
			t.Errorf("%s: %v", step.what, err)
		}
		if err != nil && reasonOf(err) != "ERROR_REASON_VALIDATION_FAILED" {
			t.Errorf("%s: reason %s", step.what, reasonOf(err))
		}
	}
	res, err := projects.GetProject(t.Context(), &microtrackerv1.GetProjectRequest{ProjectId: who.project.ID})
	if err != nil {
		t.Fatal(err)
	}
	if p := res.GetProject(); p.GetRetainEventsDays() != 7 || p.GetRetainSessionsDays() != 7 || p.GetRetainVisitorsDays() != 7 {
		t.Errorf("kept for %d, %d, %d days, want 7", p.GetRetainEventsDays(), p.GetRetainSessionsDays(), p.GetRetainVisitorsDays())
	}
}
