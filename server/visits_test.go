package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
)

// visited is a day of three visitors: anna, who has a stored id, twice; one without, and a bot.
func (w *world) visited(t *testing.T, who account) (day time.Time) {
	t.Helper()
	day = time.Now().UTC().AddDate(0, 0, -2).Truncate(24 * time.Hour)
	anna := &microtrackerv1.Client{VisitorKey: "anna-7f3a", UserAgent: chrome, TimeZone: "Europe/Berlin", ViewportW: 1440, ViewportH: 900}
	first := of(anna, day.Add(time.Hour), "https://example.com/landing?utm_source=news&utm_medium=email&utm_campaign_id=7&gclid=click-me")
	first.Title, first.Referrer = "<b>Hello</b>", "https://mail.example.org/inbox"
	click := of(anna, day.Add(time.Hour+time.Minute), "https://example.com/landing?utm_source=news")
	click.EventType, click.Name, click.X, click.Y, click.PageViewId = microtrackerv1.EventType_EVENT_TYPE_CLICK, "buy", new(int32(7)), new(int32(0)), first.GetEventId()
	click.Meta = &structpb.Struct{Fields: map[string]*structpb.Value{"plan": structpb.NewStringValue("=1+1")}}
	sale := of(anna, day.Add(time.Hour+2*time.Minute), "https://example.com/thanks")
	sale.EventType, sale.Name, sale.Value, sale.Currency, sale.PageViewId = microtrackerv1.EventType_EVENT_TYPE_CONVERSION, "sale", "12.50", "EUR", first.GetEventId()
	exit := of(anna, day.Add(time.Hour+3*time.Minute), "https://example.com/landing")
	exit.EventType, exit.ScrollPct, exit.EngagedMs, exit.PageViewId = microtrackerv1.EventType_EVENT_TYPE_EXIT, new(50.0), new(int64(15_000)), first.GetEventId()
	passer := &microtrackerv1.Client{IpAddress: "203.0.113.9", UserAgent: chrome}
	bot := &microtrackerv1.Client{VisitorKey: "crawler", UserAgent: googlebot}
	w.sends(t, secretKey(t, who.project), &microtrackerv1.TrackRequest{Events: []*microtrackerv1.Event{
		first, click, sale, exit, of(passer, day.Add(2*time.Hour), "https://example.com/"), of(anna, day.Add(3*time.Hour), "https://example.com/again"),
		of(bot, day.Add(4*time.Hour), "https://example.com/"),
	}}, "ACCEPTED", "ACCEPTED", "ACCEPTED", "ACCEPTED", "ACCEPTED", "ACCEPTED", "BOT")
	return day
}

func rangeOfDay(day time.Time) *microtrackerv1.TimeRange {
	return &microtrackerv1.TimeRange{Since: timestamppb.New(day), Until: timestamppb.New(day.AddDate(0, 0, 1))}
}

func sessionsOf(who account, day time.Time) *microtrackerv1.ReportingServiceListSessionsRequest {
	return &microtrackerv1.ReportingServiceListSessionsRequest{
		ProjectId: who.project.ID, Range: &microtrackerv1.ReportingServiceListSessionsRequest_Times{Times: rangeOfDay(day)},
	}
}

func condition(dimension microtrackerv1.Dimension, values ...string) *microtrackerv1.Filter {
	return &microtrackerv1.Filter{Node: &microtrackerv1.Filter_Condition{Condition: &microtrackerv1.Condition{
		Dimension: dimension, Operator: microtrackerv1.Operator_OPERATOR_IS, Values: values,
	}}}
}

func TestSessionsAreListedAndShownWhole(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	day := w.visited(t, who)
	client := w.reporting(t, who)
	list := func(req *microtrackerv1.ReportingServiceListSessionsRequest) (entries []string, sessions []*microtrackerv1.TrackingSession) {
		t.Helper()
		req.PageSize = 2
		for {
			res, err := client.ListSessions(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range res.GetSessions() {
				entries = append(entries, fmt.Sprintf("%s %g", s.GetEntryPath(), s.GetStartTime().AsTime().Sub(day).Hours()))
			}
			sessions = append(sessions, res.GetSessions()...)
			if req.PageToken = res.GetNextPageToken(); req.GetPageToken() == "" {
				return entries, sessions
			}
		}
	}
	filtered, withBots, longest, days := sessionsOf(who, day), sessionsOf(who, day), sessionsOf(who, day), sessionsOf(who, day)
	filtered.Filter = condition(microtrackerv1.Dimension_DIMENSION_EVENT_NAME, "sale")
	withBots.Bots = microtrackerv1.Bots_BOTS_INCLUDED
	longest.Order = microtrackerv1.SessionOrder_SESSION_ORDER_LONGEST
	days.Range = &microtrackerv1.ReportingServiceListSessionsRequest_Days{Days: &microtrackerv1.DayRange{
		Since: day.Format(time.DateOnly), Until: day.AddDate(0, 0, 1).Format(time.DateOnly),
	}}
	days.TimeZone, days.Order = "UTC", microtrackerv1.SessionOrder_SESSION_ORDER_OLDEST
	for _, c := range []struct {
		name string
		req  *microtrackerv1.ReportingServiceListSessionsRequest
		want []string
	}{
		{"all", sessionsOf(who, day), []string{"/again 3", "/ 2", "/landing 1"}},
		{"of a sale", filtered, []string{"/landing 1"}},
		{"with bots", withBots, []string{"/ 4", "/again 3", "/ 2", "/landing 1"}},
		{"the oldest of a day", days, []string{"/landing 1", "/ 2", "/again 3"}},
	} {
		if entries, _ := list(c.req); !cmp.Equal(entries, c.want) {
			t.Errorf("%s: %v, want %v", c.name, entries, c.want)
		}
	}
	_, sessions := list(longest)
	s := sessions[0]
	want := &microtrackerv1.TrackingSession{
		Duration: 180, Pageviews: 1, InteractiveEvents: 2, EngagedTime: 15, ScrollPct: new(50.0), IsNewVisitor: true, Source: "news", Channel: "Email",
		Browser: "Chrome", Device: "desktop", Os: "Linux", TimeZone: "Europe/Berlin", ViewportW: 1440, ViewportH: 900, Country: "DE",
		LandingReferrer: "https://mail.example.org/inbox", EntryPath: "/landing", ExitPath: "/landing",
	}
	for _, pair := range [][2]any{
		{s.GetDuration(), want.GetDuration()},
		{s.GetPageviews(), want.GetPageviews()},
		{s.GetInteractiveEvents(), want.GetInteractiveEvents()},
		{s.GetEngagedTime(), want.GetEngagedTime()},
		{s.GetScrollPct(), want.GetScrollPct()},
		{s.GetIsNewVisitor(), want.GetIsNewVisitor()},
		{s.GetSource(), want.GetSource()},
		{s.GetChannel(), want.GetChannel()},
		{s.GetBrowser(), want.GetBrowser()},
		{s.GetDevice(), want.GetDevice()},
		{s.GetOs(), want.GetOs()},
		{s.GetTimeZone(), want.GetTimeZone()},
		{s.GetViewportW(), want.GetViewportW()},
		{s.GetCountry(), want.GetCountry()},
		{s.GetLandingReferrer(), want.GetLandingReferrer()},
		{s.GetExitPath(), want.GetExitPath()},
		{s.GetIsBounce(), false},
		// 100 × (0.4 × 15/30 + 0.4 × 0.5 + 0.2 × 1)
		{s.GetPcqs(), 60.0},
		{s.GetUtm().GetCampaignId(), "7"},
		{s.GetUtm().GetClickIdKind(), "gclid"},
		{s.GetUtm().GetClickId(), "click-me"},
		{s.GetSessionKey(), ""},
		{sessions[len(sessions)-1].GetIsBounce(), true},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%v, want %v in %v", pair[0], pair[1], s)
		}
	}
	var lines []string
	whole := &microtrackerv1.GetSessionRequest{ProjectId: who.project.ID, SessionId: s.GetId(), PageSize: 3}
	for {
		res, err := client.GetSession(t.Context(), whole)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range res.GetEvents() {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s%s", strings.TrimPrefix(e.GetEventType().String(), "EVENT_TYPE_"), e.GetPath(),
				e.GetTitle(), e.GetMeta().GetFields()["plan"].GetStringValue(), e.GetValue(), e.GetCurrency())))
		}
		if res.GetPreviousSessionId() != 0 || res.GetNextSessionId() == 0 || res.GetVisitor().GetVisitorKey() != "anna-7f3a" || res.GetSession().GetId() != s.GetId() {
			t.Errorf("the session is %v", res)
		}
		if whole.PageToken = res.GetNextPageToken(); whole.GetPageToken() == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"PAGE_VIEW /landing <b>Hello</b>", "CLICK /landing  =1+1", "CONVERSION /thanks   12.5EUR", "EXIT /landing"}, lines); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	bad := sessionsOf(who, day)
	bad.Filter = &microtrackerv1.Filter{Node: &microtrackerv1.Filter_HasDone{HasDone: &microtrackerv1.HasDone{
		Who: microtrackerv1.HasDone_WHO_SESSION, Event: []*microtrackerv1.Condition{condition(microtrackerv1.Dimension_DIMENSION_SOURCE, "x").GetCondition()},
	}}}
	if _, err := client.ListSessions(t.Context(), bad); reasonOf(err) != "ERROR_REASON_QUERY_UNSUPPORTED" {
		t.Errorf("a filter without meaning: %v", err)
	}
	bad = sessionsOf(who, day)
	bad.PageToken = whole.GetPageToken() + "AAAAAAAAAAAAAAA"
	if _, err := client.ListSessions(t.Context(), bad); reasonOf(err) != "ERROR_REASON_PAGE_TOKEN_INVALID" {
		t.Errorf("a token that is none: %v", err)
	}
}

func TestVisitorsAreListedAndShownWhole(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	day := w.visited(t, who)
	client := w.reporting(t, who)
	req := &microtrackerv1.ListVisitorsRequest{
		ProjectId: who.project.ID, Range: &microtrackerv1.ListVisitorsRequest_Times{Times: rangeOfDay(day)}, PageSize: 1,
	}
	var listed []string
	for {
		res, err := client.ListVisitors(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range res.GetVisitors() {
			listed = append(listed, fmt.Sprintf("%q %v %d %s", v.GetVisitor().GetVisitorKey(), v.GetVisitor().GetIsCookieless(), v.GetVisitor().GetSessions(), v.GetLastSession().GetEntryPath()))
		}
		if req.PageToken = res.GetNextPageToken(); req.GetPageToken() == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{`"anna-7f3a" false 2 /again`, `"" true 1 /`}, listed); diff != "" {
		t.Errorf("visitors (-want +got):\n%s", diff)
	}
	res, err := client.GetVisitor(t.Context(), &microtrackerv1.GetVisitorRequest{
		ProjectId: who.project.ID, Which: &microtrackerv1.GetVisitorRequest_VisitorKey{VisitorKey: "anna-7f3a"}, PageSize: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	totals := res.GetTotals()
	if totals.GetSessions() != 2 || totals.GetBounces() != 1 || totals.GetPageviews() != 2 || totals.GetInteractiveEvents() != 2 || totals.GetDuration() != 180 || totals.GetEngagedTime() != 15 {
		t.Errorf("totals are %v", totals)
	}
	visitor := res.GetVisitor()
	if visitor.GetFirstUtm().GetSource() != "news" || visitor.GetLastUtm().GetClickId() != "click-me" || visitor.GetLastUtm().GetClickIdKind() != "gclid" || visitor.GetUserAgent() != chrome {
		t.Errorf("the visitor is %v", visitor)
	}
	if len(res.GetSessions()) != 1 || res.GetSessions()[0].GetEntryPath() != "/again" || res.GetNextPageToken() == "" {
		t.Errorf("sessions are %v", res.GetSessions())
	}
}

func TestWhatRecognisesAVisitorNeedsItsOwnScope(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	day := w.visited(t, who)
	reports, _ := w.apiKey(t, who.project, "reports:read")
	both, _ := w.apiKey(t, who.project, "reports:read visitors:read")
	for secret, sees := range map[string]bool{reports: false, both: true} {
		client := microtrackerv1connect.NewReportingServiceClient(w.client(t, protocols()[0], bearer(secret)))
		sessions, err := client.ListSessions(t.Context(), sessionsOf(who, day))
		if err != nil {
			t.Fatal(err)
		}
		session, err := client.GetSession(t.Context(), &microtrackerv1.GetSessionRequest{ProjectId: who.project.ID, SessionId: sessions.GetSessions()[2].GetId()})
		if err != nil {
			t.Fatal(err)
		}
		visitors, err := client.ListVisitors(t.Context(), &microtrackerv1.ListVisitorsRequest{
			ProjectId: who.project.ID, Range: &microtrackerv1.ListVisitorsRequest_Times{Times: rangeOfDay(day)},
		})
		if err != nil {
			t.Fatal(err)
		}
		visitor, err := client.GetVisitor(t.Context(), &microtrackerv1.GetVisitorRequest{
			ProjectId: who.project.ID, Which: &microtrackerv1.GetVisitorRequest_VisitorId{VisitorId: session.GetVisitor().GetId()},
		})
		if err != nil {
			t.Fatal(err)
		}
		said := fmt.Sprint(sessions, session, visitors, visitor)
		for _, identity := range []string{"anna-7f3a", "click-me", "Mozilla"} {
			if strings.Contains(said, identity) != sees {
				t.Errorf("%q is there: %v, want %v", identity, !sees, sees)
			}
		}
		if strings.Contains(said, "day:") {
			t.Error("the hash of a cookieless visitor is there")
		}
		_, err = client.GetVisitor(t.Context(), &microtrackerv1.GetVisitorRequest{
			ProjectId: who.project.ID, Which: &microtrackerv1.GetVisitorRequest_VisitorKey{VisitorKey: "anna-7f3a"},
		})
		if (err == nil) != sees || err != nil && connect.CodeOf(err) != connect.CodePermissionDenied {
			t.Errorf("by key: %v", err)
		}
	}
}
