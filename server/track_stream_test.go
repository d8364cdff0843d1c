package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/identity"
)

// bearer authorizes a call.
func bearer(secret string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + secret}
}

// secretKey gives the project a new secret key.
func secretKey(t *testing.T, project *repo.Project) string {
	t.Helper()
	secret := identity.New(identity.SecretKey)
	if err := project.RotateSecretKey(t.Context(), secret.SHA256(), time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	return secret.Reveal()
}

// apiKey makes an API key of the project.
func (w *world) apiKey(t *testing.T, project *repo.Project, scope string) (string, *repo.APIKey) {
	t.Helper()
	secret := identity.New(identity.APIKey)
	hash, err := w.passwords.Hash(t.Context(), secret.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	key := &repo.APIKey{Name: "k", Scope: scope, SecretPrefix: secret.Prefix(), SecretLast4: secret.Last4(), SecretHash: hash, IsActive: true}
	if err := project.CreateAPIKey(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	return secret.Reveal(), key
}

// tracking talks to the TrackingService in gRPC.
func (w *world) tracking(t *testing.T, set map[string]string) microtrackerv1connect.TrackingServiceClient {
	t.Helper()
	return microtrackerv1connect.NewTrackingServiceClient(w.client(t, protocols()[2], set))
}

// rows counts the rows of a project in a table.
func (w *world) rows(t *testing.T, project *repo.Project, table string) int64 {
	t.Helper()
	return repotest.Number(t, w.databaseURL, "SELECT count(*) FROM "+table+" WHERE project_id = $1", project.ID)
}

// said writes receipts as "STATUS field".
func said(receipts []*microtrackerv1.EventReceipt) []string {
	texts := make([]string, len(receipts))
	for i, r := range receipts {
		texts[i] = strings.TrimSpace(strings.TrimPrefix(r.GetStatus().String(), "RECEIPT_STATUS_") + " " + r.GetField())
	}
	return texts
}

// violated returns the path of the field that an error blames, "" if it blames none.
func violated(err error) string {
	var connectErr *connect.Error
	if !errors.As(err, &connectErr) {
		return ""
	}
	for _, detail := range connectErr.Details() {
		message, err := connectproto.UnmarshalErrorDetail(detail)
		if found, ok := message.(*validate.Violations); ok && err == nil {
			return protovalidate.FieldPathString(found.GetViolations()[0].GetField())
		}
	}
	return ""
}

// trackStream is a client's end of a stream.
type trackStream struct {
	microtrackerv1connect.TrackingServiceTrackStreamClientStream
}

// begin connects and sends the first message.
func begin(t *testing.T, client microtrackerv1connect.TrackingServiceClient, first *microtrackerv1.TrackStreamRequest) trackStream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	stream, err := client.TrackStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stream.Close() })
	if err := stream.Send(first); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return trackStream{stream}
}

// open begins a stream and wants it to be committed so far.
func open(t *testing.T, client microtrackerv1connect.TrackingServiceClient, project *repo.Project, id string, committed int64) trackStream {
	t.Helper()
	stream := begin(t, client, &microtrackerv1.TrackStreamRequest{ProjectId: project.ID, StreamId: id})
	first, err := stream.Receive()
	if err != nil {
		t.Fatal(err)
	}
	if first.GetCommittedSequence() != committed || first.GetSequence() != 0 || len(first.GetReceipts()) != 0 {
		t.Fatalf("the first answer is %v, want committed_sequence %d alone", first, committed)
	}
	return stream
}

// batch is one of a visitor's page views.
func batch(sequence int64, visitor string, events ...*microtrackerv1.Event) *microtrackerv1.TrackStreamRequest {
	return &microtrackerv1.TrackStreamRequest{Sequence: sequence, Batch: &microtrackerv1.TrackRequest{
		Client: &microtrackerv1.Client{VisitorKey: visitor}, Events: events,
	}}
}

// put sends a batch and returns the answer; io.EOF when sending only says that the answer is an error.
func (s trackStream) put(t *testing.T, req *microtrackerv1.TrackStreamRequest) (*microtrackerv1.TrackStreamResponse, error) {
	t.Helper()
	if err := s.Send(req); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return s.Receive()
}

// mustPut wants the batch committed.
func (s trackStream) mustPut(t *testing.T, req *microtrackerv1.TrackStreamRequest, want ...string) {
	t.Helper()
	res, err := s.put(t, req)
	if err != nil {
		t.Fatalf("batch %d: %v", req.GetSequence(), err)
	}
	if res.GetSequence() != req.GetSequence() || res.GetCommittedSequence() != req.GetSequence() {
		t.Errorf("batch %d is answered with %v", req.GetSequence(), res)
	}
	if diff := cmp.Diff(want, said(res.GetReceipts())); diff != "" {
		t.Errorf("batch %d (-want +got):\n%s", req.GetSequence(), diff)
	}
}

func TestAStreamAnswersItsBatchesInOrderWhileMoreAreSent(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	secret := secretKey(t, who.project)
	for i, p := range []protocol{protocols()[2], {name: "Connect over HTTP/2", http2: true}} {
		client := microtrackerv1connect.NewTrackingServiceClient(w.client(t, p, bearer(secret)))
		stream := open(t, client, who.project, p.name, 0)
		const batches = 20
		var sent [][]*microtrackerv1.Event
		for n := range batches {
			events := make([]*microtrackerv1.Event, 1+n%3)
			for j := range events {
				events[j] = pageView("https://example.com/")
				events[j].EventId = uuid.NewString()
			}
			sent = append(sent, events)
			if err := stream.Send(batch(int64(n)+1, fmt.Sprint("visitor ", n%7), events...)); err != nil {
				t.Fatalf("%s: batch %d: %v", p.name, n+1, err)
			}
		}
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		for n, events := range sent {
			res, err := stream.Receive()
			if err != nil || res.GetSequence() != int64(n)+1 || res.GetCommittedSequence() != int64(n)+1 || len(res.GetReceipts()) != len(events) {
				t.Fatalf("%s: answer %d is %v, %v", p.name, n+1, res, err)
			}
			for j, receipt := range res.GetReceipts() {
				if receipt.GetStatus() != microtrackerv1.ReceiptStatus_RECEIPT_STATUS_ACCEPTED || receipt.GetEventId() != events[j].GetEventId() {
					t.Errorf("%s: receipt %d of answer %d is %v", p.name, j, n+1, receipt)
				}
			}
		}
		if res, err := stream.Receive(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: after the last answer: %v, %v; want the end", p.name, res, err)
		}
		if got, want := w.rows(t, who.project, "events"), int64(i+1)*39; got != want {
			t.Errorf("%s: %d events are stored, want %d", p.name, got, want)
		}
	}
}

func TestAStreamGoesOnWhereItsLastConnectionEnded(t *testing.T) {
	t.Parallel()
	w := start(t)
	who, other := w.account(t), w.account(t)
	client := w.tracking(t, bearer(secretKey(t, who.project)))
	stream := open(t, client, who.project, "shop", 0)
	for n := range int64(3) {
		stream.mustPut(t, batch(n+1, "anna", pageView("https://example.com/")), "ACCEPTED")
	}
	if err := stream.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, client, who.project, "shop", 3)
	again.mustPut(t, batch(4, "anna", pageView("https://example.com/")), "ACCEPTED")
	open(t, client, who.project, "till", 0)
	open(t, w.tracking(t, bearer(secretKey(t, other.project))), other.project, "shop", 0)
	open(t, w.tracking(t, who.auth()), who.project, "shop", 4) // the owner himself may
}

func TestABatchSentAgainOnANewConnectionIsStoredOnce(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	client := w.tracking(t, bearer(secretKey(t, who.project)))
	events := []*microtrackerv1.Event{pageView("https://example.com/a"), pageView("https://example.com/b")}
	for _, e := range events {
		e.EventId = uuid.NewString()
	}
	stream := open(t, client, who.project, "shop", 0)
	stream.mustPut(t, batch(1, "anna", events...), "ACCEPTED", "ACCEPTED")
	if err := stream.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, client, who.project, "shop", 1)
	again.mustPut(t, batch(2, "anna", events...), "DUPLICATE", "DUPLICATE")
	if n := w.rows(t, who.project, "events"); n != 2 {
		t.Errorf("%d events are stored, want 2", n)
	}
}

func TestASecondConnectionTakesTheStreamOver(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	secret := secretKey(t, who.project)
	first := open(t, w.tracking(t, bearer(secret)), who.project, "shop", 0)
	first.mustPut(t, batch(1, "anna", pageView("https://example.com/")), "ACCEPTED")
	second := open(t, w.tracking(t, bearer(secret)), who.project, "shop", 1)
	res, err := first.put(t, batch(2, "anna", pageView("https://example.com/lost")))
	if connect.CodeOf(err) != connect.CodeAborted || reasonOf(err) != "ERROR_REASON_STREAM_TAKEN_OVER" {
		t.Errorf("the first connection goes on: %v, %v", res, err)
	}
	second.mustPut(t, batch(2, "anna", pageView("https://example.com/")), "ACCEPTED")
	if n := w.rows(t, who.project, "events"); n != 2 {
		t.Errorf("%d events are stored, want 2: none of the connection that was taken over", n)
	}
}

func TestAStreamSaysWhichFieldIsWrong(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	client := w.tracking(t, bearer(secretKey(t, who.project)))
	id := who.project.ID
	many := make([]*microtrackerv1.Event, 501)
	for i := range many {
		many[i] = pageView("https://example.com/")
	}
	withKey := batch(1, "anna", pageView("https://example.com/"))
	withKey.Batch.ProjectKey = who.project.PublicKey
	named := batch(1, "anna", pageView("https://example.com/"))
	named.Batch.Client.VisitorKey = "day:anna"
	badAddress := batch(1, "anna", pageView("https://example.com/"))
	badAddress.Batch.Client.IpAddress = "300.1.2.3"
	withNUL := batch(1, "an\x00na", pageView("https://example.com/"))
	for name, c := range map[string]struct {
		first, second *microtrackerv1.TrackStreamRequest
		field         string
	}{
		"no project":                   {&microtrackerv1.TrackStreamRequest{StreamId: "s"}, nil, "project_id"},
		"no stream":                    {&microtrackerv1.TrackStreamRequest{ProjectId: id}, nil, "stream_id"},
		"a NUL in the stream's name":   {&microtrackerv1.TrackStreamRequest{ProjectId: id, StreamId: "a\x00"}, nil, "stream_id"},
		"a long name":                  {&microtrackerv1.TrackStreamRequest{ProjectId: id, StreamId: strings.Repeat("s", 201)}, nil, "stream_id"},
		"a batch in the first message": {&microtrackerv1.TrackStreamRequest{ProjectId: id, StreamId: "s", Batch: withKey.GetBatch()}, nil, "batch"},
		"a sequence in the first":      {&microtrackerv1.TrackStreamRequest{ProjectId: id, StreamId: "s", Sequence: 1}, nil, "batch"},
		"sequence 2 after 0":           {nil, batch(2, "anna", pageView("https://example.com/")), "sequence"},
		"sequence 0 again":             {nil, batch(0, "anna", pageView("https://example.com/")), "sequence"},
		"a negative sequence":          {nil, batch(-1, "anna", pageView("https://example.com/")), "sequence"},
		"the project's key":            {nil, withKey, "batch.project_key"},
		"no events":                    {nil, batch(1, "anna"), "batch"},
		"too many events":              {nil, batch(1, "anna", many...), "batch"},
		"no batch":                     {nil, &microtrackerv1.TrackStreamRequest{Sequence: 1}, "batch"},
		"a key that is the server's":   {nil, named, "batch.client.visitor_key"},
		"no address":                   {nil, badAddress, "batch.client.ip_address"},
		"a NUL in the visitor's key":   {nil, withNUL, "batch.client.visitor_key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var err error
			if c.first != nil {
				_, err = begin(t, client, c.first).Receive()
			} else {
				_, err = open(t, client, who.project, name, 0).put(t, c.second)
			}
			if connect.CodeOf(err) != connect.CodeInvalidArgument || violated(err) != c.field || reasonOf(err) != "ERROR_REASON_VALIDATION_FAILED" {
				t.Errorf("err = %v, which blames %q, want %q", err, violated(err), c.field)
			}
		})
	}
}

func TestABatchIsNotStoredTwiceByItsSequence(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	stream := open(t, w.tracking(t, bearer(secretKey(t, who.project))), who.project, "shop", 0)
	stream.mustPut(t, batch(1, "anna", pageView("https://example.com/")), "ACCEPTED")
	if _, err := stream.put(t, batch(1, "anna", pageView("https://example.com/"))); violated(err) != "sequence" || !strings.Contains(err.Error(), "must be 2") {
		t.Errorf("sequence 1 again: %v", err)
	}
	if n := w.rows(t, who.project, "events"); n != 1 {
		t.Errorf("%d events are stored, want 1", n)
	}
}

func TestAStreamOfAStrangersProjectIsNotFound(t *testing.T) {
	t.Parallel()
	w := start(t)
	who, stranger := w.account(t), w.account(t)
	for name, set := range map[string]map[string]string{
		"another's token": stranger.auth(), "another's secret key": bearer(secretKey(t, stranger.project)),
	} {
		for _, id := range []int64{who.project.ID, who.project.ID + 1_000_000} {
			_, err := begin(t, w.tracking(t, set), &microtrackerv1.TrackStreamRequest{ProjectId: id, StreamId: "shop"}).Receive()
			if connect.CodeOf(err) != connect.CodeNotFound || reasonOf(err) != "ERROR_REASON_NOT_FOUND" {
				t.Errorf("%s, project %d: %v", name, id, err)
			}
		}
	}
	if n := repotest.Number(t, w.databaseURL, "SELECT count(*) FROM track_streams"); n != 0 {
		t.Errorf("strangers have made %d streams", n)
	}
}

func TestAStreamOfEventsEndsWithItsCredential(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	secret, key := w.apiKey(t, who.project, "track:write")
	for name, c := range map[string]struct {
		set    map[string]string
		revoke func() error
	}{
		"an API key":   {bearer(secret), func() error { return who.project.DeleteAPIKey(t.Context(), key.ID) }},
		"a secret key": {bearer(secretKey(t, who.project)), func() error { secretKey(t, who.project); return nil }},
	} {
		stream := open(t, w.tracking(t, c.set), who.project, name, 0)
		stream.mustPut(t, batch(1, "anna", pageView("https://example.com/")), "ACCEPTED")
		if err := c.revoke(); err != nil {
			t.Fatal(err)
		}
		var err error
		for n := int64(2); err == nil; n++ { // a batch that comes within RecheckStreams may still go through
			_, err = stream.put(t, batch(n, "anna", pageView("https://example.com/")))
		}
		if connect.CodeOf(err) != connect.CodeUnauthenticated || reasonOf(err) != "ERROR_REASON_UNAUTHENTICATED" {
			t.Errorf("%s: err = %v, want unauthenticated", name, err)
		}
	}
}

func TestABadEventInAStreamDoesNotHurtItsNeighbours(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	stream := open(t, w.tracking(t, bearer(secretKey(t, who.project))), who.project, "shop", 0)
	withNUL, unnamed := pageView("https://example.com/"), pageView("https://example.com/")
	withNUL.Title = "a\x00b"
	unnamed.Client = &microtrackerv1.Client{TimeZone: "UTC"}
	stream.mustPut(t, batch(1, "anna", pageView("https://example.com/"), withNUL, unnamed, &microtrackerv1.Event{}, pageView("https://example.com/")),
		"ACCEPTED", "INVALID title", "INVALID client", "INVALID event_type", "ACCEPTED")
	stream.mustPut(t, batch(2, "anna", withNUL), "INVALID title")
	stream.mustPut(t, batch(3, "anna", pageView("https://example.com/")), "ACCEPTED")
	open(t, w.tracking(t, who.auth()), who.project, "shop", 3) // the batch of refused events is done, too
	if n := w.rows(t, who.project, "events"); n != 3 {
		t.Errorf("%d events are stored, want 3", n)
	}
}

func TestAStreamEndsWhenTheProjectsSettingsChange(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	client := w.tracking(t, bearer(secretKey(t, who.project)))
	stream := open(t, client, who.project, "shop", 0)
	stream.mustPut(t, batch(1, "anna", pageView("https://example.com/")), "ACCEPTED")
	w.update(t, who, &microtrackerv1.UpdateProjectRequest{IsActive: false}, "is_active")
	if _, err := stream.put(t, batch(2, "anna", pageView("https://example.com/"))); connect.CodeOf(err) != connect.CodeUnavailable {
		t.Errorf("switched off: %v, want unavailable: connect again", err)
	}
	stream = open(t, client, who.project, "shop", 1)
	stream.mustPut(t, batch(2, "anna", pageView("https://example.com/")), "PROJECT_INACTIVE")
	w.update(t, who, &microtrackerv1.UpdateProjectRequest{IsActive: true}, "is_active")
	if _, err := stream.put(t, batch(3, "anna", pageView("https://example.com/"))); connect.CodeOf(err) != connect.CodeUnavailable {
		t.Errorf("switched on: %v, want unavailable: connect again", err)
	}
	open(t, client, who.project, "shop", 2).mustPut(t, batch(3, "anna", pageView("https://example.com/")), "ACCEPTED")
}

// update changes the project's settings as its owner would.
func (w *world) update(t *testing.T, who account, req *microtrackerv1.UpdateProjectRequest, paths ...string) {
	t.Helper()
	req.ProjectId, req.UpdateMask = who.project.ID, mask(paths...)
	projects := microtrackerv1connect.NewProjectsServiceClient(w.client(t, protocols()[0], who.auth()))
	if _, err := projects.UpdateProject(t.Context(), req); err != nil {
		t.Fatal(err)
	}
}

func TestStreamsOfEventsEndWhenTheServerStops(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	stream := open(t, w.tracking(t, bearer(secretKey(t, who.project))), who.project, "shop", 0)
	stream.mustPut(t, batch(1, "anna", pageView("https://example.com/")), "ACCEPTED")
	w.stop()
	if res, err := stream.Receive(); connect.CodeOf(err) != connect.CodeUnavailable {
		t.Errorf("%v, %v; want unavailable", res, err)
	}
}
