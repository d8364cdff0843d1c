package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo/repotest"
)

const googlebot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"

// of says whose and when a page view is.
func of(client *microtrackerv1.Client, at time.Time, url string) *microtrackerv1.Event {
	e := pageView(url)
	e.EventId, e.Client, e.CreateTime = uuid.NewString(), client, timestamppb.New(at)
	return e
}

func visitor(key string) *microtrackerv1.Client { return &microtrackerv1.Client{VisitorKey: key} }

// sends hands events over as a server does, and wants these receipts.
func (w *world) sends(t *testing.T, secret string, req *microtrackerv1.TrackRequest, want ...string) *microtrackerv1.TrackResponse {
	t.Helper()
	res, err := w.tracking(t, bearer(secret)).Track(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, said(res.GetReceipts())); diff != "" {
		t.Errorf("receipts (-want +got):\n%s\n%v", diff, res)
	}
	return res
}

func TestAServerSendsEventsOfAnyAgeSince2000(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	scoped, _ := w.apiKey(t, who.project, "track:write")
	for name, secret := range map[string]string{"an API key": scoped, "the secret key": secretKey(t, who.project)} {
		days := []time.Time{
			time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2003, 5, 6, 7, 8, 9, 0, time.UTC),
			time.Date(2003, 5, 31, 23, 59, 59, 999_999_000, time.UTC), time.Date(2019, 12, 31, 23, 0, 0, 0, time.UTC),
			time.Now().AddDate(0, 0, -9).Truncate(time.Microsecond),
		}
		req := &microtrackerv1.TrackRequest{Client: visitor("anna of " + name)}
		for _, day := range days {
			req.Events = append(req.Events, of(nil, day, "https://example.com/old"))
		}
		req.Events = append(req.Events, of(nil, days[0].Add(-time.Microsecond), "https://example.com/"))
		res := w.sends(t, secret, req, "ACCEPTED", "ACCEPTED", "ACCEPTED", "ACCEPTED", "ACCEPTED", "TOO_OLD create_time")
		if reason := res.GetReceipts()[5].GetReason(); !strings.Contains(reason, "2000") {
			t.Errorf("%s: the reason is %q, want the year since when", name, reason)
		}
		for i, day := range days {
			id := req.GetEvents()[i].GetEventId()
			if n := repotest.Number(t, w.databaseURL, "SELECT count(*) FROM events WHERE event_id = $1 AND created_at = $2", id, day); n != 1 {
				t.Errorf("%s: the event of %v is not stored under its time", name, day)
			}
		}
		if n := repotest.Number(t, w.databaseURL, "SELECT sessions_count FROM visitors WHERE visitor_key = $1", "anna of "+name); n != int64(len(days)) {
			t.Errorf("%s: %d sessions, want one each day: %d", name, n, len(days))
		}
	}
	for days, want := range map[int]string{8: "TOO_OLD create_time", 6: "ACCEPTED"} {
		at := time.Now().AddDate(0, 0, -days).UTC().Format(time.RFC3339)
		got := w.statuses(t, who.project, fmt.Sprintf(`"events":[{"eventType":1,"createTime":%q}]`, at))
		if diff := cmp.Diff([]string{want}, got); diff != "" {
			t.Errorf("a page sends an event %d days old (-want +got):\n%s", days, diff)
		}
	}
}

func TestAServerSaysOfEachEventWhoseItIs(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	secret := secretKey(t, who.project)
	now := time.Now()
	first := &microtrackerv1.Client{IpAddress: "198.51.100.1", UserAgent: chrome, TimeZone: "Europe/Berlin", ViewportW: 1200, ViewportH: 800}
	w.sends(t, secret, &microtrackerv1.TrackRequest{
		Client: visitor("anna"),
		Events: []*microtrackerv1.Event{
			of(nil, now, "https://example.com/of-anna"),
			of(visitor("bert"), now, "https://example.com/of-bert"),
			of(first, now, "https://example.com/of-the-first"),
			of(&microtrackerv1.Client{IpAddress: "198.51.100.2", UserAgent: chrome}, now, "https://example.com/of-the-second"),
			of(&microtrackerv1.Client{IpAddress: "::ffff:198.51.100.1", UserAgent: chrome}, now, "https://example.com/of-the-first-too"),
			of(&microtrackerv1.Client{IpAddress: "198.51.100.1"}, now, "https://example.com/of-no-browser"),
			of(&microtrackerv1.Client{VisitorKey: "carl", UserAgent: googlebot}, now, "https://example.com/of-a-bot"),
			of(&microtrackerv1.Client{VisitorKey: "dora", UserAgent: chrome, Automated: true}, now, "https://example.com/of-a-program"),
		},
	}, "ACCEPTED", "ACCEPTED", "ACCEPTED", "ACCEPTED", "ACCEPTED", "ACCEPTED", "BOT", "BOT")
	if n := w.rows(t, who.project, "visitors"); n != 7 {
		t.Errorf("%d visitors, want 7: one address written in two ways is one", n)
	}
	if n := repotest.Number(t, w.databaseURL, `SELECT count(*) FROM visitors WHERE timezone = 'Europe/Berlin' AND viewport_w = 1200 AND viewport_h = 800
		AND user_agent = $1 AND NOT is_bot`, chrome); n != 1 {
		t.Errorf("%d visitors are as their event's client says, want 1", n)
	}
	if n := repotest.Number(t, w.databaseURL, "SELECT count(*) FROM visitors WHERE is_bot"); n != 2 {
		t.Errorf("%d visitors are bots, want 2: a server's event without a user agent is none", n)
	}
	if n := repotest.Number(t, w.databaseURL, "SELECT count(*) FROM tracking_sessions WHERE country IS NOT NULL AND country <> 'DE'"); n != 0 {
		t.Errorf("%d sessions are of another country than their visitor's", n)
	}
}

func TestAServersRequestIsNobodysBrowser(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	set := bearer(secretKey(t, who.project))
	// What a server's own request says of itself, it does not say of its visitors.
	set["User-Agent"], set["Sec-Ch-Ua"], set["Sec-Gpc"], set["Dnt"] = googlebot, `"HeadlessChrome";v="140"`, "1", "1"
	w.update(t, who, &microtrackerv1.UpdateProjectRequest{HonorGlobalPrivacyControl: true, HonorDoNotTrack: true}, "honor_global_privacy_control", "honor_do_not_track")
	res, err := w.tracking(t, set).Track(t.Context(), &microtrackerv1.TrackRequest{
		Client: visitor("anna"), Events: []*microtrackerv1.Event{pageView("https://example.com/")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ACCEPTED"}, said(res.GetReceipts())); diff != "" {
		t.Errorf("receipts (-want +got):\n%s\n%v", diff, res)
	}
	if n := repotest.Number(t, w.databaseURL, "SELECT count(*) FROM visitors WHERE visitor_key = 'anna' AND user_agent IS NULL AND NOT is_bot"); n != 1 {
		t.Error("the server's own user agent is taken for the visitor's")
	}
}

func TestASessionKeyHoldsItsEventsTogether(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	secret := secretKey(t, who.project)
	begun := time.Now().AddDate(0, 0, -3)
	visit := func(visitor, session string) *microtrackerv1.Client {
		return &microtrackerv1.Client{VisitorKey: visitor, SessionKey: session}
	}
	w.sends(t, secret, &microtrackerv1.TrackRequest{Client: visit("anna", "till 1"), Events: []*microtrackerv1.Event{
		of(nil, begun, "https://example.com/a?utm_source=mail&utm_campaign_id=1"), of(nil, begun.Add(5*time.Hour), "https://example.com/b?utm_source=post&utm_campaign_id=2"),
	}}, "ACCEPTED", "ACCEPTED")
	w.sends(t, secret, &microtrackerv1.TrackRequest{Events: []*microtrackerv1.Event{
		of(visit("anna", "till 1"), begun.Add(9*time.Hour), "https://example.com/c"),
		of(visit("bert", "till 1"), begun.Add(time.Minute), "https://example.com/stolen"),
		of(visit("bert", "till 2"), begun.Add(time.Minute), "https://example.com/d"),
		of(visit("carl", "till 2"), begun.Add(time.Minute), "https://example.com/stolen"), // in one batch
		of(visit("carl", ""), begun, "https://example.com/e"),
	}}, "ACCEPTED", "INVALID client.session_key", "ACCEPTED", "INVALID client.session_key", "ACCEPTED")
	if n := repotest.Number(t, w.databaseURL, `SELECT count(*) FROM tracking_sessions WHERE project_id = $1 AND session_key = 'till 1'
		AND pageviews = 3 AND duration_seconds = 9*3600 AND utm_campaign_id = '1' AND exit_path = '/c'`, who.project.ID); n != 1 {
		t.Error("the events of till 1 are not one session")
	}
	if sessions, events := w.rows(t, who.project, "tracking_sessions"), w.rows(t, who.project, "events"); sessions != 3 || events != 5 {
		t.Errorf("%d sessions, %d events; want 3 and 5", sessions, events)
	}
	// The same key in another project is another session.
	other := w.account(t)
	w.sends(t, secretKey(t, other.project), &microtrackerv1.TrackRequest{Client: visit("bert", "till 1"), Events: []*microtrackerv1.Event{
		of(nil, begun, "https://example.com/"),
	}}, "ACCEPTED")
}

func TestAServersEventNeedsAVisitor(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	now := time.Now()
	res := w.sends(t, secretKey(t, who.project), &microtrackerv1.TrackRequest{
		Client: &microtrackerv1.Client{UserAgent: chrome},
		Events: []*microtrackerv1.Event{
			of(nil, now, "https://example.com/"), of(visitor("anna"), now, "https://example.com/"),
			of(&microtrackerv1.Client{SessionKey: "s"}, now, "https://example.com/"),
			of(visitor("day:anna"), now, "https://example.com/"),
			of(&microtrackerv1.Client{IpAddress: "localhost"}, now, "https://example.com/"),
		},
	}, "INVALID client", "ACCEPTED", "INVALID client", "INVALID client.visitor_key", "INVALID client.ip_address")
	if reason := res.GetReceipts()[0].GetReason(); !strings.Contains(reason, "visitor_key") || !strings.Contains(reason, "ip_address") {
		t.Errorf("the reason is %q, want what to send", reason)
	}
	for i, receipt := range res.GetReceipts() {
		if receipt.GetEventId() == "" {
			t.Errorf("receipt %d does not say which event it is about", i)
		}
	}
}

func TestOnlyServersMaySayWhoTheVisitorsAre(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	browser := microtrackerv1connect.NewTrackingServiceClient(w.client(t, protocols()[0], nil))
	for field, client := range map[string]*microtrackerv1.Client{
		"client.ip_address":  {IpAddress: "198.51.100.1"},
		"client.user_agent":  {UserAgent: chrome},
		"client.session_key": {SessionKey: "s"},
		"client.visitor_key": {VisitorKey: "day:anna"},
	} {
		_, err := browser.Track(t.Context(), &microtrackerv1.TrackRequest{
			ProjectKey: who.project.PublicKey, Client: client, Events: []*microtrackerv1.Event{pageView("https://example.com/")},
		})
		if connect.CodeOf(err) != connect.CodeInvalidArgument || violated(err) != field || reasonOf(err) != "ERROR_REASON_VALIDATION_FAILED" {
			t.Errorf("%s: %v blames %q", field, err, violated(err))
		}
	}
	res, err := browser.Track(t.Context(), &microtrackerv1.TrackRequest{ProjectKey: who.project.PublicKey, Events: []*microtrackerv1.Event{
		of(visitor("anna"), time.Now(), "https://example.com/"), pageView("https://example.com/"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"INVALID client", "ACCEPTED"}, said(res.GetReceipts())); diff != "" {
		t.Errorf("receipts (-want +got):\n%s", diff)
	}
	if n := w.rows(t, who.project, "events"); n != 1 {
		t.Errorf("%d events are stored, want 1", n)
	}
}

func TestTrackTakesCredentialsOfProjectsThatMayTrack(t *testing.T) {
	t.Parallel()
	w := start(t)
	who, other := w.account(t), w.account(t)
	scoped, _ := w.apiKey(t, who.project, "reports:read track:write")
	weak, _ := w.apiKey(t, who.project, "reports:read visitors:read visitors:erase")
	own, foreign := who.project.PublicKey, other.project.PublicKey
	for name, c := range map[string]struct {
		secret, key string
		code        connect.Code
		reason      string
		// says is part of the message.
		says string
	}{
		"an API key":                           {scoped, "", 0, "", ""},
		"an API key and its project's key":     {scoped, own, 0, "", ""},
		"an API key without the scope":         {weak, "", connect.CodePermissionDenied, "SCOPE_MISSING", "track:write"},
		"the same with the project's key":      {weak, own, connect.CodePermissionDenied, "SCOPE_MISSING", "track:write"},
		"a personal access token":              {who.token, "", connect.CodePermissionDenied, "SCOPE_MISSING", "API key"},
		"a token and the project's key":        {who.token, own, connect.CodePermissionDenied, "SCOPE_MISSING", "public key"},
		"an API key and another project's key": {scoped, foreign, connect.CodeInvalidArgument, "VALIDATION_FAILED", "project_key"},
		"an API key and nobody's key":          {scoped, "mt_pub_none", connect.CodeInvalidArgument, "VALIDATION_FAILED", "project_key"},
		"the public key as a credential":       {own, own, connect.CodeUnauthenticated, "UNAUTHENTICATED", "API key"},
	} {
		_, err := w.tracking(t, bearer(c.secret)).Track(t.Context(), &microtrackerv1.TrackRequest{
			ProjectKey: c.key, Client: visitor("anna"), Events: []*microtrackerv1.Event{pageView("https://example.com/")},
		})
		if c.code == 0 {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if connect.CodeOf(err) != c.code || reasonOf(err) != "ERROR_REASON_"+c.reason || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v (%s); want %v, %s and %q", name, err, reasonOf(err), c.code, c.reason, c.says)
		}
	}
	if mine, theirs := w.rows(t, who.project, "events"), w.rows(t, other.project, "events"); mine != 2 || theirs != 0 {
		t.Errorf("%d events are stored, and %d of the other project; want 2 and 0", mine, theirs)
	}
}

func TestABatchsReceiptCountsItsEvents(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	w.update(t, who, &microtrackerv1.UpdateProjectRequest{
		HonorGlobalPrivacyControl: true, AllowedHostnames: []string{"example.com"},
	}, "honor_global_privacy_control", "allowed_hostnames")
	now := time.Now()
	once := of(visitor("anna"), now, "https://example.com/")
	res := w.sends(t, secretKey(t, who.project), &microtrackerv1.TrackRequest{Events: []*microtrackerv1.Event{
		once,
		of(visitor("anna"), now, "https://elsewhere.example/"),
		once, once,
		of(&microtrackerv1.Client{VisitorKey: "carl", UserAgent: googlebot}, now, "https://example.com/"),
		of(&microtrackerv1.Client{VisitorKey: "dora", GlobalPrivacyControl: true}, now, "https://example.com/"),
		of(&microtrackerv1.Client{VisitorKey: "dora", GlobalPrivacyControl: true}, now, "https://example.com/"),
		of(&microtrackerv1.Client{VisitorKey: "dora", GlobalPrivacyControl: true}, now, "https://example.com/"),
		{},
		of(visitor("anna"), now.AddDate(-100, 0, 0), "https://example.com/"),
		of(visitor("bert"), now, "https://example.com/"),
		of(visitor("bert"), now, "https://example.com/"),
		of(visitor("bert"), now, "https://example.com/"),
	}}, "ACCEPTED", "HOSTNAME_NOT_ALLOWED url", "DUPLICATE", "DUPLICATE", "BOT", "OPTED_OUT", "OPTED_OUT", "OPTED_OUT",
		"INVALID event_type", "TOO_OLD create_time", "ACCEPTED", "ACCEPTED", "ACCEPTED")
	got := []int32{
		res.GetBatch().GetAccepted(), res.GetBatch().GetDuplicates(), res.GetBatch().GetBots(), res.GetBatch().GetOptedOut(), res.GetBatch().GetRefused(),
	}
	if diff := cmp.Diff([]int32{4, 2, 1, 3, 3}, got); diff != "" {
		t.Errorf("accepted, duplicates, bots, opted out, refused (-want +got):\n%s", diff)
	}
}
