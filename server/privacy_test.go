package server_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
)

// newProject makes a project as its owner does, with the settings that new ones have.
func (w *world) newProject(t *testing.T) account {
	t.Helper()
	who := w.account(t)
	projects := microtrackerv1connect.NewProjectsServiceClient(w.client(t, protocols()[0], who.auth()))
	made, err := projects.CreateProject(t.Context(), &microtrackerv1.CreateProjectRequest{Name: "new"})
	if err != nil {
		t.Fatal(err)
	}
	if who.project, err = w.store.OpenProject(t.Context(), repo.Caller{UserID: who.user.ID}, made.GetProject().GetId()); err != nil {
		t.Fatal(err)
	}
	return who
}

// page sends events from a page with these headers, and wants these receipts.
func (w *world) page(t *testing.T, project *repo.Project, set map[string]string, req *microtrackerv1.TrackRequest, want ...string) {
	t.Helper()
	req.ProjectKey = project.PublicKey
	client := microtrackerv1connect.NewTrackingServiceClient(w.client(t, protocols()[0], set))
	res, err := client.Track(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, said(res.GetReceipts())); diff != "" {
		t.Errorf("receipts (-want +got):\n%s\n%v", diff, res)
	}
}

func one(url string) *microtrackerv1.TrackRequest {
	return &microtrackerv1.TrackRequest{Events: []*microtrackerv1.Event{pageView(url)}}
}

// optOuts lists the counted wishes as "signal: hits".
func (w *world) optOuts(t *testing.T, who account) []string {
	t.Helper()
	res, err := w.tracking(t, who.auth()).ListOptOuts(t.Context(), &microtrackerv1.ListOptOutsRequest{ProjectId: who.project.ID})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, count := range res.GetOptOuts() {
		if day, err := time.Parse(time.DateOnly, count.GetDay()); err != nil || time.Since(day) > 48*time.Hour {
			t.Errorf("the day is %q", count.GetDay())
		}
		texts = append(texts, fmt.Sprintf("%s: %d", strings.TrimPrefix(count.GetSignal().String(), "OPT_OUT_SIGNAL_"), count.GetHits()))
	}
	return texts
}

func TestWhoSignalsGlobalPrivacyControlIsCountedAndNothingElse(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.newProject(t)
	gpc, dnt := map[string]string{"Sec-GPC": "1"}, map[string]string{"DNT": "1"}
	both := map[string]string{"Sec-GPC": "1", "DNT": "1"}
	inMessage := one("https://example.com/wish-me-away")
	inMessage.Client = &microtrackerv1.Client{GlobalPrivacyControl: true}
	w.page(t, who.project, gpc, &microtrackerv1.TrackRequest{Events: []*microtrackerv1.Event{
		pageView("https://example.com/wish-me-away"), {}, pageView("https://example.com/wish-me-away"),
	}}, "OPTED_OUT", "INVALID event_type", "OPTED_OUT")
	w.page(t, who.project, nil, inMessage, "OPTED_OUT")
	w.page(t, who.project, both, one("https://example.com/wish-me-away"), "OPTED_OUT")
	if diff := cmp.Diff([]string{"GLOBAL_PRIVACY_CONTROL: 4"}, w.optOuts(t, who)); diff != "" {
		t.Errorf("opt-outs (-want +got):\n%s", diff)
	}
	for _, table := range []string{"visitors", "tracking_sessions", "events", "event_ids"} {
		if n := w.rows(t, who.project, table); n != 0 {
			t.Errorf("%d rows of %s are left of those who wanted none", n, table)
		}
	}
	if bytes.Contains(w.dump(t), []byte("wish-me-away")) {
		t.Error("the page is in the database")
	}
	w.page(t, who.project, dnt, one("https://example.com/"), "ACCEPTED")
	w.page(t, who.project, map[string]string{"Sec-GPC": "0", "DNT": "0"}, one("https://example.com/"), "ACCEPTED")
	other := w.newProject(t)
	if got := w.optOuts(t, other); len(got) != 0 {
		t.Errorf("another project counts %v", got)
	}
}

func TestAProjectSaysWhichWishesItHonours(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.newProject(t)
	headers := map[string]map[string]string{"gpc": {"Sec-GPC": "1"}, "dnt": {"DNT": "1"}}
	clients := map[string]*microtrackerv1.Client{"gpc": {GlobalPrivacyControl: true}, "dnt": {DoNotTrack: true}}
	hits := map[string]int{}
	for _, honours := range []map[string]bool{
		{"gpc": true}, {"gpc": true, "dnt": true}, {"dnt": true}, {}, {"gpc": true, "dnt": true},
	} {
		w.update(t, who, &microtrackerv1.UpdateProjectRequest{
			HonorGlobalPrivacyControl: honours["gpc"], HonorDoNotTrack: honours["dnt"],
		}, "honor_global_privacy_control", "honor_do_not_track")
		for signal := range headers {
			want := "ACCEPTED"
			if honours[signal] {
				want = "OPTED_OUT"
				hits[signal] += 2
			}
			w.page(t, who.project, headers[signal], one("https://example.com/"), want)
			req := one("https://example.com/")
			req.Client = clients[signal]
			w.page(t, who.project, nil, req, want)
		}
	}
	want := []string{fmt.Sprintf("DO_NOT_TRACK: %d", hits["dnt"]), fmt.Sprintf("GLOBAL_PRIVACY_CONTROL: %d", hits["gpc"])}
	if diff := cmp.Diff(want, w.optOuts(t, who)); diff != "" {
		t.Errorf("opt-outs (-want +got):\n%s", diff)
	}
}

func TestAChangedSettingAppliesToTheVeryNextEvent(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.newProject(t)
	gpc := map[string]string{"Sec-GPC": "1"}
	for range 3 {
		for _, step := range []struct {
			req  *microtrackerv1.UpdateProjectRequest
			path string
			set  map[string]string
			want string
		}{
			{&microtrackerv1.UpdateProjectRequest{IsActive: false}, "is_active", nil, "PROJECT_INACTIVE"},
			{&microtrackerv1.UpdateProjectRequest{IsActive: true}, "is_active", nil, "ACCEPTED"},
			{&microtrackerv1.UpdateProjectRequest{AllowedHostnames: []string{"shop.example"}}, "allowed_hostnames", nil, "HOSTNAME_NOT_ALLOWED url"},
			{&microtrackerv1.UpdateProjectRequest{AllowedHostnames: []string{"shop.example", "*.example.com"}}, "allowed_hostnames", nil, "HOSTNAME_NOT_ALLOWED url"},
			{&microtrackerv1.UpdateProjectRequest{AllowedHostnames: []string{"example.com"}}, "allowed_hostnames", nil, "ACCEPTED"},
			{&microtrackerv1.UpdateProjectRequest{}, "allowed_hostnames", nil, "ACCEPTED"},
			{&microtrackerv1.UpdateProjectRequest{HonorGlobalPrivacyControl: false}, "honor_global_privacy_control", gpc, "ACCEPTED"},
			{&microtrackerv1.UpdateProjectRequest{HonorGlobalPrivacyControl: true}, "honor_global_privacy_control", gpc, "OPTED_OUT"},
		} {
			w.update(t, who, step.req, step.path)
			w.page(t, who.project, step.set, one("https://example.com/"), step.want)
		}
	}
}

func TestAStoredIDIsReadAsLongAsTheProjectSaysSo(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.newProject(t)
	req := one("https://example.com/")
	req.Client = visitor("a-stored-id")
	stored := func() int64 {
		return repotest.Number(t, w.databaseURL, "SELECT count(*) FROM events AS e JOIN visitors AS v ON v.id = e.visitor_id AND v.project_id = e.project_id WHERE v.visitor_key = 'a-stored-id'")
	}
	want := int64(0)
	for _, mode := range []microtrackerv1.PrivacyMode{
		microtrackerv1.PrivacyMode_PRIVACY_MODE_COOKIELESS, microtrackerv1.PrivacyMode_PRIVACY_MODE_STORED_ID,
		microtrackerv1.PrivacyMode_PRIVACY_MODE_COOKIELESS, microtrackerv1.PrivacyMode_PRIVACY_MODE_STORED_ID,
	} {
		w.update(t, who, &microtrackerv1.UpdateProjectRequest{PrivacyMode: mode}, "privacy_mode")
		w.page(t, who.project, nil, req, "ACCEPTED")
		if mode == microtrackerv1.PrivacyMode_PRIVACY_MODE_STORED_ID {
			want++
		}
		if got := stored(); got != want {
			t.Errorf("in %v %d events know the stored id, want %d", mode, got, want)
		}
	}
}

func TestNoAddressIsEverStored(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	from := map[string]string{"X-Forwarded-For": "203.0.113.77"}
	w.page(t, who.project, from, &microtrackerv1.TrackRequest{Events: []*microtrackerv1.Event{
		pageView("https://example.com/"),
		{Name: "refused from a page"},
		of(&microtrackerv1.Client{IpAddress: "198.51.100.21"}, time.Now(), "https://example.com/"),
	}}, "ACCEPTED", "INVALID event_type", "INVALID client")
	late := of(&microtrackerv1.Client{IpAddress: "198.51.100.22"}, time.Now().AddDate(-50, 0, 0), "https://example.com/")
	bad := of(&microtrackerv1.Client{IpAddress: "198.51.100.23"}, time.Now(), "https://example.com/")
	bad.EventType = 0
	w.sends(t, secretKey(t, who.project), &microtrackerv1.TrackRequest{
		Client: &microtrackerv1.Client{IpAddress: "198.51.100.24"},
		Events: []*microtrackerv1.Event{
			pageView("https://example.com/"), of(&microtrackerv1.Client{IpAddress: "2001:db8:abcd::77", UserAgent: chrome}, time.Now(), "https://example.com/"), late, bad,
			of(&microtrackerv1.Client{IpAddress: "198.51.100.25.no"}, time.Now(), "https://example.com/"),
		},
	}, "ACCEPTED", "ACCEPTED", "TOO_OLD create_time", "INVALID event_type", "INVALID client.ip_address")
	w.refused(t, who, 5)
	everything := w.dump(t)
	for _, address := range []string{"203.0.113.77", "198.51.100.", "2001:db8:abcd"} {
		if bytes.Contains(everything, []byte(address)) {
			t.Errorf("the address %s is in the database", address)
		}
	}
}

// export reads what is stored of a visitor: the tables and the rows in their order.
func (w *world) export(t *testing.T, set map[string]string, req *microtrackerv1.ExportVisitorRequest) (tables, rows []string, err error) {
	t.Helper()
	stream, err := w.tracking(t, set).ExportVisitor(t.Context(), req)
	if err != nil {
		return nil, nil, err
	}
	defer stream.Close()
	for {
		res, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			return tables, rows, nil
		}
		if err != nil {
			return tables, rows, err
		}
		tables, rows = append(tables, res.GetTable()), append(rows, res.GetRow().String())
	}
}

func byKey(project *repo.Project, key string) *microtrackerv1.ExportVisitorRequest {
	return &microtrackerv1.ExportVisitorRequest{ProjectId: project.ID, Visitor: &microtrackerv1.ExportVisitorRequest_VisitorKey{VisitorKey: key}}
}

// twoVisitors stores two sessions and three events of anna, and one of bert; it returns an event of anna's.
func (w *world) twoVisitors(t *testing.T, who account) *microtrackerv1.Event {
	t.Helper()
	at := time.Now().AddDate(0, 0, -2)
	first := of(visitor("anna-7f3a"), at, "https://example.com/annas-page?utm_source=mail&utm_campaign_id=annas-mail")
	first.Title = "Annas title"
	w.sends(t, secretKey(t, who.project), &microtrackerv1.TrackRequest{Events: []*microtrackerv1.Event{
		of(visitor("bert-11c0"), at, "https://example.com/berts-page"),
		of(visitor("anna-7f3a"), at.Add(3*time.Hour), "https://example.com/annas-later-page"),
		first,
		of(visitor("anna-7f3a"), at.Add(time.Minute), "https://example.com/annas-second-page"),
	}}, "ACCEPTED", "ACCEPTED", "ACCEPTED", "ACCEPTED")
	return first
}

func TestAVisitorsExportIsAllOfHisAndNobodyElses(t *testing.T) {
	t.Parallel()
	w := start(t)
	who, stranger := w.account(t), w.account(t)
	w.twoVisitors(t, who)
	w.twoVisitors(t, stranger)
	id := repotest.Number(t, w.databaseURL, "SELECT id FROM visitors WHERE project_id = $1 AND visitor_key = 'anna-7f3a'", who.project.ID)
	byID := &microtrackerv1.ExportVisitorRequest{ProjectId: who.project.ID, Visitor: &microtrackerv1.ExportVisitorRequest_VisitorId{VisitorId: id}}
	reader, _ := w.apiKey(t, who.project, "visitors:read")
	for name, c := range map[string]struct {
		set map[string]string
		req *microtrackerv1.ExportVisitorRequest
	}{
		"by key": {who.auth(), byKey(who.project, "anna-7f3a")},
		"by id":  {bearer(reader), byID},
	} {
		tables, rows, err := w.export(t, c.set, c.req)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff([]string{"visitors", "tracking_sessions", "tracking_sessions", "events", "events", "events"}, tables); diff != "" {
			t.Fatalf("%s: tables (-want +got):\n%s", name, diff)
		}
		for i, has := range []string{"anna-7f3a", "annas-mail", "annas-later-page", "Annas title", "annas-second-page", "annas-later-page"} {
			if !strings.Contains(rows[i], has) {
				t.Errorf("%s: row %d lacks %q: %s", name, i, has, rows[i])
			}
			if strings.Contains(rows[i], "bert") {
				t.Errorf("%s: row %d has something of bert: %s", name, i, rows[i])
			}
		}
	}
	for name, c := range map[string]struct {
		set map[string]string
		req *microtrackerv1.ExportVisitorRequest
	}{
		"a stranger":                      {stranger.auth(), byKey(who.project, "anna-7f3a")},
		"another project's key":           {bearer(secretKey(t, stranger.project)), byID},
		"a visitor of another project":    {stranger.auth(), &microtrackerv1.ExportVisitorRequest{ProjectId: stranger.project.ID, Visitor: byID.GetVisitor()}},
		"a key that nobody has":           {who.auth(), byKey(who.project, "nobody")},
		"an empty key":                    {who.auth(), byKey(who.project, "")},
		"a key with a percent sign in it": {who.auth(), byKey(who.project, "anna%")},
	} {
		if tables, rows, err := w.export(t, c.set, c.req); connect.CodeOf(err) != connect.CodeNotFound || len(tables) != 0 {
			t.Errorf("%s: %v, %v; want not found", name, rows, err)
		}
	}
	if _, _, err := w.export(t, who.auth(), &microtrackerv1.ExportVisitorRequest{ProjectId: who.project.ID}); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("a visitor without a name: %v, want invalid argument", err)
	}
}

func erase(project *repo.Project, key string) *microtrackerv1.EraseVisitorRequest {
	return &microtrackerv1.EraseVisitorRequest{ProjectId: project.ID, Visitor: &microtrackerv1.EraseVisitorRequest_VisitorKey{VisitorKey: key}}
}

func TestAnErasedVisitorLeavesNoTrace(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	first := w.twoVisitors(t, who)
	secret := secretKey(t, who.project)
	bad := of(visitor("anna-7f3a"), time.Now(), "https://example.com/annas-refused-page")
	bad.EventType = 0
	w.sends(t, secret, &microtrackerv1.TrackRequest{Events: []*microtrackerv1.Event{bad}}, "INVALID event_type")
	w.refused(t, who, 1)
	if w.pageviews(t, who) != 0 { // fills what may be cached
		t.Error("the visits were not today's")
	}
	client := w.tracking(t, who.auth())
	res, err := client.EraseVisitor(t.Context(), erase(who.project, "anna-7f3a"))
	if err != nil {
		t.Fatal(err)
	}
	receipt := res.GetReceipt()
	for table, want := range map[string]int64{"visitors": 1, "tracking_sessions": 2, "events": 3, "refused_events": 1} {
		if got := receipt.GetDeletedRows()[table]; got != want {
			t.Errorf("%d rows of %s were deleted, want %d", got, table, want)
		}
	}
	if age := time.Since(receipt.GetEraseTime().AsTime()); age < 0 || age > time.Hour {
		t.Errorf("erased at %v", receipt.GetEraseTime().AsTime())
	}
	if n := repotest.Number(t, w.databaseURL, "SELECT count(*) FROM visitor_erasures WHERE project_id = $1 AND id = $2", who.project.ID, receipt.GetErasureId()); n != 1 {
		t.Error("the receipt is not kept")
	}
	everything := w.dump(t)
	for _, trace := range []string{"anna-7f3a", "annas-page", "annas-later-page", "annas-second-page", "annas-refused-page", "Annas title"} {
		if bytes.Contains(everything, []byte(trace)) {
			t.Errorf("%q is still in the database", trace)
		}
	}
	if tables, _, err := w.export(t, who.auth(), byKey(who.project, "bert-11c0")); err != nil || len(tables) != 3 {
		t.Errorf("of bert there is left: %v, %v", tables, err)
	}
	if _, err := client.EraseVisitor(t.Context(), erase(who.project, "anna-7f3a")); connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("erased again: %v, want not found", err)
	}
	w.sends(t, secret, &microtrackerv1.TrackRequest{Events: []*microtrackerv1.Event{first}}, "DUPLICATE")
	if bytes.Contains(w.dump(t), []byte("anna-7f3a")) {
		t.Error("a repeated event has brought her back")
	}
}

func TestWhatWasRefusedOfAnErasedVisitorGoesHoweverHisKeyIsWritten(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	secret := secretKey(t, who.project)
	keys := []string{`an"na`, `be\rt`, "cärl<&>", "d'ora%_", "émile/\u2028"}
	var req microtrackerv1.TrackRequest
	for _, key := range keys {
		bad := of(visitor(key), time.Now(), "https://example.com/refused")
		bad.EventType = 0
		req.Events = append(req.Events, of(visitor(key), time.Now(), "https://example.com/"), bad)
	}
	res, err := w.tracking(t, bearer(secret)).Track(t.Context(), &req)
	if err != nil || res.GetBatch().GetAccepted() != int32(len(keys)) {
		t.Fatalf("%v, %v", res, err)
	}
	w.refused(t, who, len(keys))
	for _, key := range keys {
		res, err := w.tracking(t, who.auth()).EraseVisitor(t.Context(), erase(who.project, strings.TrimSpace(key)))
		if err != nil {
			t.Errorf("%q: %v", key, err)
			continue
		}
		if n := res.GetReceipt().GetDeletedRows()["refused_events"]; n != 1 {
			t.Errorf("%q: %d refused events were deleted, want 1", key, n)
		}
	}
}

func TestAStrangerErasesNobody(t *testing.T) {
	t.Parallel()
	w := start(t)
	who, stranger := w.account(t), w.account(t)
	w.twoVisitors(t, who)
	reader, _ := w.apiKey(t, who.project, "visitors:read track:write reports:read")
	for name, c := range map[string]struct {
		set  map[string]string
		code connect.Code
	}{
		"a stranger":            {stranger.auth(), connect.CodeNotFound},
		"another project's key": {bearer(secretKey(t, stranger.project)), connect.CodeNotFound},
		"a key that may read":   {bearer(reader), connect.CodePermissionDenied},
	} {
		if _, err := w.tracking(t, c.set).EraseVisitor(t.Context(), erase(who.project, "anna-7f3a")); connect.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %v", name, err, c.code)
		}
	}
	if n := w.rows(t, who.project, "visitors"); n != 2 {
		t.Errorf("%d visitors are left, want 2", n)
	}
	eraser, _ := w.apiKey(t, who.project, "visitors:erase")
	if _, err := w.tracking(t, bearer(eraser)).EraseVisitor(t.Context(), erase(who.project, "anna-7f3a")); err != nil {
		t.Errorf("a key that may erase: %v", err)
	}
}

func TestAnErasureTakesTheVisitorOutOfTheFigures(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	w.sends(t, secretKey(t, who.project), &microtrackerv1.TrackRequest{Events: []*microtrackerv1.Event{
		{EventType: 1, EventId: uuid.NewString(), Client: visitor("anna")}, {EventType: 1, Client: visitor("anna")}, {EventType: 1, Client: visitor("bert")},
	}}, "ACCEPTED", "ACCEPTED", "ACCEPTED")
	if got := w.pageviews(t, who); got != 3 {
		t.Errorf("%v page views before, want 3", got)
	}
	if _, err := w.tracking(t, who.auth()).EraseVisitor(t.Context(), erase(who.project, "anna")); err != nil {
		t.Fatal(err)
	}
	if got := w.pageviews(t, who); got != 1 {
		t.Errorf("%v page views after, want 1", got)
	}
}
