package server_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
)

// reportingBy is a client in a protocol of the account.
func (w *world) reportingBy(t *testing.T, p protocol, set map[string]string) microtrackerv1connect.ReportingServiceClient {
	t.Helper()
	return microtrackerv1connect.NewReportingServiceClient(w.client(t, p, set))
}

// exported receives all of an export and returns its events and the last cursor.
func exported(t *testing.T, client microtrackerv1connect.ReportingServiceClient, req *microtrackerv1.ExportEventsRequest) (events []*microtrackerv1.ExportedEvent, cursor string) {
	t.Helper()
	stream, err := client.ExportEvents(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	for {
		res, err := stream.Receive()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return events, cursor
			}
			t.Fatal(err)
		}
		events, cursor = append(events, res.GetEvents()...), res.GetCursor()
	}
}

// manyEvents stores events behind the program's back: their times go back and forth. The session of one event is already there.
func (w *world) manyEvents(t *testing.T, project *repo.Project, many int) {
	t.Helper()
	w.track(t, project, pageView("https://example.com/first"))
	repotest.Exec(t, w.databaseURL, `INSERT INTO events (project_id, session_id, visitor_id, event_type, name, path, title, created_at, event_id)
		SELECT s.project_id, s.id, s.visitor_id, 'page_view', 'page_view', '/' || n % 7, repeat('x', 2000), now() - n * 7919 % 100000 * interval '1 second', gen_random_uuid()
		FROM tracking_sessions AS s, generate_series(2, $2) AS n WHERE s.project_id = $1`, project.ID, many)
}

func TestAnExportGoesOnBehindAnyEvent(t *testing.T) {
	t.Parallel()
	const many = 1234
	w := start(t)
	who := w.account(t)
	w.manyEvents(t, who.project, many)
	w.track(t, w.account(t).project, pageView("https://example.com/another")) // nobody else's
	for _, p := range protocols() {
		client := w.reportingBy(t, p, who.auth())
		req := &microtrackerv1.ExportEventsRequest{ProjectId: who.project.ID}
		whole, cursor := exported(t, client, req)
		if len(whole) != many {
			t.Fatalf("%s: %d events, want %d", p.name, len(whole), many)
		}
		if again, _ := exported(t, client, req); len(again) != many || !proto.Equal(again[many-1], whole[many-1]) {
			t.Errorf("%s: the same export is another one", p.name)
		}
		for _, at := range []int{0, 1, 499, 500, 501, 1000, many - 2, many - 1} {
			req.Cursor = whole[at].GetCursor()
			rest, _ := exported(t, client, req)
			if len(rest) != many-1-at {
				t.Fatalf("%s: %d events behind the %dth, want %d", p.name, len(rest), at, many-1-at)
			}
			for i := range rest {
				if !proto.Equal(rest[i], whole[at+1+i]) {
					t.Fatalf("%s: behind the %dth event the %dth is another one", p.name, at, i)
				}
			}
		}
		req.Cursor = cursor
		if rest, _ := exported(t, client, req); len(rest) != 0 {
			t.Errorf("%s: %d events behind the end", p.name, len(rest))
		}
	}
	// What comes later is behind the last cursor.
	client := w.reportingBy(t, protocols()[2], who.auth())
	req := &microtrackerv1.ExportEventsRequest{ProjectId: who.project.ID}
	_, req.Cursor = exported(t, client, req)
	w.track(t, who.project, pageView("https://example.com/later"))
	if rest, _ := exported(t, client, req); len(rest) != 1 || rest[0].GetEvent().GetPath() != "/later" || rest[0].GetSession().GetSource() != "Direct / None" {
		t.Errorf("later: %v", rest)
	}
}

func TestAnExportResumedAtEachEventIsTheWhole(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	w.manyEvents(t, who.project, 40)
	client := w.reportingBy(t, protocols()[2], who.auth())
	req := &microtrackerv1.ExportEventsRequest{ProjectId: who.project.ID, Filter: pathIs("/1", "/2", "/3")}
	whole, _ := exported(t, client, req)
	if len(whole) == 0 || len(whole) == 40 {
		t.Fatalf("the filter keeps %d", len(whole))
	}
	for i, event := range whole {
		req.Cursor = event.GetCursor()
		rest, _ := exported(t, client, req)
		if len(rest) != len(whole)-1-i || len(rest) > 0 && !proto.Equal(rest[0], whole[i+1]) {
			t.Errorf("behind the %dth: %d events", i, len(rest))
		}
	}
	// The cursor is of the question.
	req.Filter = pathIs("/1")
	stream, err := client.ExportEvents(t.Context(), req)
	if err == nil {
		_, err = stream.Receive()
	}
	if reasonOf(err) != "ERROR_REASON_PAGE_TOKEN_INVALID" {
		t.Errorf("err = %v, want PAGE_TOKEN_INVALID", err)
	}
}

func pathIs(paths ...string) *microtrackerv1.Filter {
	return &microtrackerv1.Filter{Node: &microtrackerv1.Filter_Condition{Condition: &microtrackerv1.Condition{
		Dimension: microtrackerv1.Dimension_DIMENSION_PATH, Operator: microtrackerv1.Operator_OPERATOR_IS, Values: paths,
	}}}
}

// file makes an export and returns its file when it is ready.
func file(t *testing.T, client microtrackerv1connect.ReportingServiceClient, req *microtrackerv1.CreateExportRequest) ([]byte, *microtrackerv1.Export) {
	t.Helper()
	created, err := client.CreateExport(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	export := ended(t, client, created.GetExport())
	if export.GetState() != microtrackerv1.ExportState_EXPORT_STATE_READY || export.GetDoneParts() != export.GetTotalParts() {
		t.Fatalf("export = %v", export)
	}
	data := download(t, client, export, 0)
	if int64(len(data)) != export.GetByteCount() {
		t.Errorf("%d bytes, the export says %d", len(data), export.GetByteCount())
	}
	return data, export
}

// ended waits until the export is not being built any more.
func ended(t *testing.T, client microtrackerv1connect.ReportingServiceClient, export *microtrackerv1.Export) *microtrackerv1.Export {
	t.Helper()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for export.GetState() == microtrackerv1.ExportState_EXPORT_STATE_BUILDING {
		select {
		case <-look.C:
		case <-t.Context().Done():
			t.Fatal("the export is not built")
		}
		res, err := client.GetExport(t.Context(), &microtrackerv1.GetExportRequest{ProjectId: export.GetProjectId(), ExportId: export.GetId()})
		if err != nil {
			t.Fatal(err)
		}
		export = res.GetExport()
	}
	return export
}

func download(t *testing.T, client microtrackerv1connect.ReportingServiceClient, export *microtrackerv1.Export, offset int64) []byte {
	t.Helper()
	stream, err := client.DownloadExport(t.Context(), &microtrackerv1.DownloadExportRequest{ProjectId: export.GetProjectId(), ExportId: export.GetId(), Offset: offset})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	var data []byte
	for {
		res, err := stream.Receive()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return data
			}
			t.Fatal(err)
		}
		data = append(data, res.GetData()...)
	}
}

func TestTheSameExportIsTheSameFile(t *testing.T) {
	t.Parallel()
	const many = 1234
	w := start(t)
	who := w.account(t)
	w.manyEvents(t, who.project, many)
	client := w.reportingBy(t, protocols()[2], who.auth())
	req := &microtrackerv1.CreateExportRequest{ProjectId: who.project.ID}
	first, export := file(t, client, req)
	second, _ := file(t, client, req)
	if !bytes.Equal(first, second) {
		t.Error("the same export twice is not the same file")
	}
	if export.GetTotalParts() < 2 || export.GetRowCount() != many {
		t.Errorf("export = %v, want several parts and %d rows", export, many)
	}
	lines, err := csv.NewReader(bytes.NewReader(first)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != 1+many {
		t.Fatalf("%d lines, want %d", len(lines), 1+many)
	}
	seen := map[string]bool{}
	for i, line := range lines[1:] {
		seen[line[1]] = true
		if i > 0 && line[0] < lines[i][0] {
			t.Fatalf("line %d is older than the one before it", i)
		}
	}
	if len(seen) != many {
		t.Errorf("%d different events, want %d", len(seen), many)
	}
	for _, offset := range []int64{1, int64(len(first)) / 2, int64(len(first)) - 1, int64(len(first))} {
		if rest := download(t, client, export, offset); !bytes.Equal(rest, first[offset:]) {
			t.Errorf("from byte %d on it is another file", offset)
		}
	}
}

func TestAFileIsSafeToOpen(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	long := strings.Repeat("ä", 4000)
	w.track(t, who.project,
		&microtrackerv1.Event{EventType: microtrackerv1.EventType_EVENT_TYPE_CLICK, Name: `=HYPERLINK("http://example.com","a")`, Url: "https://example.com/a"},
		&microtrackerv1.Event{EventType: microtrackerv1.EventType_EVENT_TYPE_CLICK, Name: "one, \"two\"", Url: "https://example.com/" + long})
	client := w.reportingBy(t, protocols()[2], who.auth())
	data, _ := file(t, client, &microtrackerv1.CreateExportRequest{
		ProjectId: who.project.ID, Columns: []string{"event_name", "url"}, ByteOrderMark: true, Range: &microtrackerv1.CreateExportRequest_Days{Days: today().Days},
	})
	rest, found := strings.CutPrefix(string(data), "\ufeffevent_name,url\r\n")
	if !found || !strings.HasSuffix(rest, "\r\n") {
		t.Fatalf("file = %q", data[:50])
	}
	if !strings.Contains(rest, `"'=HYPERLINK(""http://example.com"",""a"")",https://example.com/a`) || !strings.Contains(rest, `"one, ""two""",https://example.com/`) {
		t.Errorf("file = %.300q", rest)
	}
	// An export without an event has the line of the names.
	data, export := file(t, client, &microtrackerv1.CreateExportRequest{ProjectId: who.project.ID, Columns: []string{"path"}, Filter: pathIs("/none")})
	if string(data) != "path\r\n" || export.GetRowCount() != 0 {
		t.Errorf("file = %q, export = %v", data, export)
	}
	_, err := client.CreateExport(t.Context(), &microtrackerv1.CreateExportRequest{ProjectId: who.project.ID, Columns: []string{"password"}})
	if connect.CodeOf(err) != connect.CodeInvalidArgument || !strings.Contains(err.Error(), "columns") {
		t.Errorf("err = %v, want one that names the field", err)
	}
}

func TestExportsAreListedDeletedAndBounded(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	w.track(t, who.project, pageView("https://example.com/?gclid=secret"))
	client := w.reportingBy(t, protocols()[2], who.auth())
	for range repo.MaxExports {
		file(t, client, &microtrackerv1.CreateExportRequest{ProjectId: who.project.ID})
	}
	_, err := client.CreateExport(t.Context(), &microtrackerv1.CreateExportRequest{ProjectId: who.project.ID})
	if connect.CodeOf(err) != connect.CodeFailedPrecondition {
		t.Errorf("err = %v, want failed precondition", err)
	}
	var ids []int64
	list := &microtrackerv1.ListExportsRequest{ProjectId: who.project.ID, PageSize: 3}
	for {
		res, err := client.ListExports(t.Context(), list)
		if err != nil {
			t.Fatal(err)
		}
		for _, export := range res.GetExports() {
			ids = append(ids, export.GetId())
		}
		if list.PageToken = res.GetNextPageToken(); list.GetPageToken() == "" {
			break
		}
	}
	if len(ids) != repo.MaxExports || ids[0] < ids[1] {
		t.Errorf("ids = %v, want %d, newest first", ids, repo.MaxExports)
	}

	// One who may not read visitors does not get a file that was made for somebody who may; his own has no click ids.
	f := newFixture(t, w)
	weak, _ := f.tokenOf(who.user, `["reports:read"]`, time.Time{})
	weakClient := w.reportingBy(t, protocols()[2], map[string]string{"Authorization": "Bearer " + weak})
	stream, err := weakClient.DownloadExport(t.Context(), &microtrackerv1.DownloadExportRequest{ProjectId: who.project.ID, ExportId: ids[0]})
	if err == nil {
		_, err = stream.Receive()
	}
	if reasonOf(err) != "ERROR_REASON_SCOPE_MISSING" {
		t.Errorf("err = %v, want SCOPE_MISSING", err)
	}
	for _, id := range ids {
		if _, err := client.DeleteExport(t.Context(), &microtrackerv1.DeleteExportRequest{ProjectId: who.project.ID, ExportId: id}); err != nil {
			t.Fatal(err)
		}
	}
	if n := repotest.Number(t, w.databaseURL, "SELECT (SELECT count(*) FROM exports) + (SELECT count(*) FROM export_chunks)"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	if data, _ := file(t, weakClient, &microtrackerv1.CreateExportRequest{ProjectId: who.project.ID}); bytes.Contains(data, []byte("secret")) {
		t.Errorf("file = %q: it has a click id", data)
	}
	events, _ := exported(t, weakClient, &microtrackerv1.ExportEventsRequest{ProjectId: who.project.ID})
	if text := fmt.Sprint(events); len(events) != 1 || strings.Contains(text, "secret") {
		t.Errorf("events = %s", text)
	}
}

func TestAnExportIsCancelledByItsBatch(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	w.track(t, who.project, pageView("https://example.com/"))
	client := w.reportingBy(t, protocols()[2], who.auth())
	// A worker cannot begin, since somebody has the jobs.
	release := repotest.Hold(t, w.databaseURL, "LOCK TABLE export_chunks IN ACCESS EXCLUSIVE MODE")
	created, err := client.CreateExport(t.Context(), &microtrackerv1.CreateExportRequest{ProjectId: who.project.ID})
	if err != nil {
		t.Fatal(err)
	}
	export := created.GetExport()
	stream, err := client.DownloadExport(t.Context(), &microtrackerv1.DownloadExportRequest{ProjectId: who.project.ID, ExportId: export.GetId()})
	if err == nil {
		_, err = stream.Receive()
	}
	if connect.CodeOf(err) != connect.CodeFailedPrecondition {
		t.Errorf("err = %v, want failed precondition", err)
	}
	jobs := microtrackerv1connect.NewJobsServiceClient(w.client(t, protocols()[2], who.auth()))
	if _, err := jobs.CancelBatch(t.Context(), &microtrackerv1.CancelBatchRequest{ProjectId: who.project.ID, BatchId: export.GetBatchId()}); err != nil {
		t.Fatal(err)
	}
	release()
	if export = ended(t, client, export); export.GetState() != microtrackerv1.ExportState_EXPORT_STATE_CANCELLED {
		t.Errorf("export = %v, want cancelled", export)
	}
}

func TestAnErasureTakesTheFilesAlong(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	w.track(t, who.project, pageView("https://example.com/"))
	client := w.reportingBy(t, protocols()[2], who.auth())
	_, export := file(t, client, &microtrackerv1.CreateExportRequest{ProjectId: who.project.ID})
	tracking := microtrackerv1connect.NewTrackingServiceClient(w.client(t, protocols()[2], who.auth()))
	visitor := repotest.Number(t, w.databaseURL, "SELECT max(id) FROM visitors WHERE project_id = $1", who.project.ID)
	if _, err := tracking.EraseVisitor(t.Context(), &microtrackerv1.EraseVisitorRequest{
		ProjectId: who.project.ID, Visitor: &microtrackerv1.EraseVisitorRequest_VisitorId{VisitorId: visitor},
	}); err != nil {
		t.Fatal(err)
	}
	_, err := client.GetExport(t.Context(), &microtrackerv1.GetExportRequest{ProjectId: who.project.ID, ExportId: export.GetId()})
	if diff := cmp.Diff(connect.CodeNotFound, connect.CodeOf(err)); diff != "" {
		t.Errorf("err = %v, want not found", err)
	}
}
