package load_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/server/load"
)

// received is a request as the server saw it.
type received struct {
	track  *microtrackerv1.TrackRequest
	header http.Header
	at     time.Time
}

func (r received) ids() string {
	ids := make([]string, 0, len(r.track.GetEvents()))
	for _, event := range r.track.GetEvents() {
		ids = append(ids, event.GetEventId())
	}
	return strings.Join(ids, " ")
}

// fake is a server that stores nothing.
type fake struct {
	url string

	mu       sync.Mutex
	requests []received
}

// serve answers like the server, unless before has answered.
func serve(t *testing.T, before func(w http.ResponseWriter, nth int, req received) bool) *fake {
	t.Helper()
	f := &fake{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		req := received{track: &microtrackerv1.TrackRequest{}, header: r.Header.Clone(), at: time.Now()}
		if r.Header.Get("Content-Type") == "application/proto" {
			err = proto.Unmarshal(body, req.track)
		} else {
			err = protojson.Unmarshal(body, req.track)
		}
		if err != nil || r.URL.Path != microtrackerv1connect.TrackingServiceTrackProcedure {
			t.Errorf("%s: %v\n%s", r.URL.Path, err, body)
		}
		f.mu.Lock()
		f.requests = append(f.requests, req)
		nth := len(f.requests)
		f.mu.Unlock()
		if before != nil && before(w, nth, req) {
			return
		}
		res := answer(req.track)
		w.Header().Set("Content-Type", "application/json")
		text, _ := protojson.Marshal(res)
		if r.Header.Get("Content-Type") == "application/proto" {
			text, _ = proto.Marshal(res)
		}
		_, _ = w.Write(text)
	}))
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// answer refuses downloads, so that there is something to count.
func answer(req *microtrackerv1.TrackRequest) *microtrackerv1.TrackResponse {
	res := &microtrackerv1.TrackResponse{}
	for _, event := range req.GetEvents() {
		receipt := &microtrackerv1.EventReceipt{EventId: event.GetEventId(), Status: microtrackerv1.ReceiptStatus_RECEIPT_STATUS_ACCEPTED}
		if event.GetEventType() == microtrackerv1.EventType_EVENT_TYPE_FILE_DOWNLOAD {
			receipt.Status, receipt.Field, receipt.Reason = microtrackerv1.ReceiptStatus_RECEIPT_STATUS_INVALID, "name", "no downloads here"
		}
		res.Receipts = append(res.Receipts, receipt)
	}
	return res
}

func run(t *testing.T, config load.Config) load.Result {
	t.Helper()
	if config.APIKey == "" && config.ProjectKeys == nil {
		config.ProjectKeys = []string{"mt_pub_a"}
	}
	loader, err := load.New(config)
	if err != nil {
		t.Fatal(err)
	}
	result, err := loader.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func refuse(w http.ResponseWriter, status int, code string, details ...proto.Message) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	var list []string
	for _, detail := range details {
		value, _ := proto.Marshal(detail)
		list = append(list, fmt.Sprintf(`{"type":%q,"value":%q}`, proto.MessageName(detail), base64.RawStdEncoding.EncodeToString(value)))
	}
	_, _ = fmt.Fprintf(w, `{"code":%q,"message":"not now","details":[%s]}`, code, strings.Join(list, ","))
}

func TestEachRequestIsOneVisitorsBrowser(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	result := run(t, load.Config{
		URL: f.url, ProjectKeys: []string{"mt_pub_a", "mt_pub_b"}, Events: 3000, Batch: 6, Connections: 1, ForwardFor: true,
		Visits: load.Options{Seed: 2, Bots: 0.05, Ads: 0.2, Site: "https://shop.example.com"},
	})
	addresses, keys, events, together := map[string]string{}, map[string]int{}, 0, 0
	for i, req := range f.requests {
		client, key := req.track.GetClient(), req.track.GetProjectKey()
		address := req.header.Get("X-Forwarded-For")
		if other, known := addresses[client.GetVisitorKey()]; known && other != address || address == "" {
			t.Errorf("%s comes from %q and %q", client.GetVisitorKey(), other, address)
		}
		addresses[client.GetVisitorKey()] = address
		if client.GetUserAgent() != "" || client.GetIpAddress() != "" || req.header.Get("User-Agent") == "" ||
			req.header.Get("Content-Type") != "text/plain;charset=UTF-8" || req.header.Get("Origin") != "https://shop.example.com" ||
			req.header.Get("Authorization") != "" {
			t.Fatalf("not like a browser: %v %v", req.header, client)
		}
		if n := len(req.track.GetEvents()); n > 6 {
			t.Errorf("%d events in a request", n)
		}
		for _, event := range req.track.GetEvents() {
			if age := req.track.GetSentAt().AsTime().Sub(event.GetCreateTime().AsTime()); age < 0 || age > time.Second {
				t.Errorf("an event happened %v ago", age)
			}
			if event.GetClient() != nil {
				t.Error("a browser's event has a client")
			}
		}
		events += len(req.track.GetEvents())
		keys[key]++
		if i > 0 && f.requests[i-1].track.GetClient().GetVisitorKey() == client.GetVisitorKey() {
			together++
		}
	}
	if events != 3000 || result.Answered() != 3000 || int(result.Requests) != len(f.requests) {
		t.Errorf("%d events in %d requests arrived; result %+v", events, len(f.requests), result)
	}
	if share := float64(together) / float64(len(f.requests)); share > 0.05 {
		t.Errorf("%.1f %% of the requests follow one of the same visitor", 100*share)
	}
	if share := float64(keys["mt_pub_a"]) / float64(len(f.requests)); share < 0.55 || share > 0.8 {
		t.Errorf("the first project has %.2f of the requests", share)
	}
	if result.Refused == 0 || result.Refusals["invalid name: no downloads here"] != result.Refused {
		t.Errorf("refused %d: %v", result.Refused, result.Refusals)
	}
}

func TestAServerTellsOfManyVisitors(t *testing.T) {
	t.Parallel()
	for _, protocol := range []load.Protocol{load.ConnectJSON, load.Connect} {
		f := serve(t, nil)
		run(t, load.Config{URL: f.url, APIKey: "mt_key_x", Protocol: protocol, Events: 1000, Batch: 100, Connections: 3, Visits: load.Options{Span: 30 * 24 * time.Hour}})
		clients := map[string]bool{}
		for _, req := range f.requests {
			if req.header.Get("Authorization") != "Bearer mt_key_x" || req.track.GetClient() != nil || req.track.GetProjectKey() != "" {
				t.Fatalf("%s: not like a server: %v %v", protocol, req.header, req.track.GetClient())
			}
			for _, event := range req.track.GetEvents() {
				if (event.GetClient().GetVisitorKey() == "") == (event.GetClient().GetIpAddress() == "") || event.GetClient().GetUserAgent() == "" {
					t.Fatalf("%s: client %v", protocol, event.GetClient())
				}
				if age := time.Since(event.GetCreateTime().AsTime()); age < 0 || age > 30*24*time.Hour {
					t.Fatalf("%s: an event happened %v ago", protocol, age)
				}
				clients[event.GetClient().GetVisitorKey()+event.GetClient().GetIpAddress()] = true
			}
		}
		if len(f.requests) != 10 || len(clients) < 50 {
			t.Errorf("%s: %d visitors in %d requests", protocol, len(clients), len(f.requests))
		}
	}
}

func TestRetriesHaveTheSameIDsUntilTheyAreAnswered(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	tried := map[string]bool{}
	f := serve(t, func(w http.ResponseWriter, nth int, req received) bool {
		mu.Lock()
		again := tried[req.ids()]
		tried[req.ids()] = true
		mu.Unlock()
		if again {
			return false
		}
		switch nth % 4 {
		case 0:
			refuse(w, http.StatusServiceUnavailable, "unavailable")
		case 1:
			refuse(w, http.StatusTooManyRequests, "resource_exhausted", &errdetails.RetryInfo{RetryDelay: durationpb.New(time.Millisecond)})
		case 2:
			panic(http.ErrAbortHandler) // the connection breaks
		default:
			w.WriteHeader(http.StatusBadGateway) // a proxy
		}
		return true
	})
	var book bytes.Buffer
	ledger := load.NewLedger(&book)
	result := run(t, load.Config{URL: f.url, Events: 300, Batch: 3, Connections: 16, Ledger: ledger})
	statuses, err := load.ReadLedger(&book)
	if err != nil {
		t.Fatal(err)
	}
	if result.Answered() != 300 || result.Failed != 0 || result.Retried != result.Requests || len(statuses) != 300 {
		t.Errorf("result %+v, %d in the ledger", result, len(statuses))
	}
	arrived := map[string]int{}
	for _, req := range f.requests {
		for _, event := range req.track.GetEvents() {
			arrived[event.GetEventId()]++
			if statuses[event.GetEventId()] == "" {
				t.Errorf("%s is not in the ledger", event.GetEventId())
			}
		}
	}
	if len(arrived) != 300 || slices.Min(slices.Collect(maps.Values(arrived))) != 2 || slices.Max(slices.Collect(maps.Values(arrived))) != 2 {
		t.Errorf("%d ids arrived: %v", len(arrived), arrived)
	}
}

func TestTheServerSaysWhenToTryAgain(t *testing.T) {
	t.Parallel()
	f := serve(t, func(w http.ResponseWriter, nth int, _ received) bool {
		if nth > 1 {
			return false
		}
		refuse(w, http.StatusTooManyRequests, "resource_exhausted", &errdetails.RetryInfo{RetryDelay: durationpb.New(400 * time.Millisecond)})
		return true
	})
	result := run(t, load.Config{URL: f.url, Events: 1, Connections: 1})
	if len(f.requests) != 2 || result.Retried != 1 {
		t.Fatalf("%d requests, result %+v", len(f.requests), result)
	}
	if wait := f.requests[1].at.Sub(f.requests[0].at); wait < 400*time.Millisecond || wait > 3*time.Second {
		t.Errorf("it tried again after %v", wait)
	}
	if first, second := f.requests[0].track, f.requests[1].track; !second.GetSentAt().AsTime().After(first.GetSentAt().AsTime()) ||
		!second.GetEvents()[0].GetCreateTime().AsTime().Equal(first.GetEvents()[0].GetCreateTime().AsTime()) {
		t.Errorf("a retry leaves later, with the same time of the event: %v, then %v", first, second)
	}
}

func TestWhatIsNotAnsweredIsGivenUp(t *testing.T) {
	t.Parallel()
	f := serve(t, func(w http.ResponseWriter, nth int, _ received) bool {
		switch {
		case nth <= 10:
			return false
		case nth%2 == 0:
			refuse(w, http.StatusInternalServerError, "internal")
		default:
			refuse(w, http.StatusServiceUnavailable, "unavailable")
		}
		return true
	})
	result := run(t, load.Config{URL: f.url, Events: 50, Connections: 1, GiveUp: 50 * time.Millisecond})
	if result.Accepted+result.Refused != 10 || result.Failed != 40 || result.Failures["internal: not now"] == 0 {
		t.Errorf("result %+v", result)
	}
}

func TestAWrongKeyEndsTheRun(t *testing.T) {
	t.Parallel()
	f := serve(t, func(w http.ResponseWriter, _ int, _ received) bool {
		refuse(w, http.StatusUnauthorized, "unauthenticated")
		return true
	})
	loader, err := load.New(load.Config{URL: f.url, ProjectKeys: []string{"mt_pub_wrong"}, Duration: time.Minute, Connections: 4})
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if _, err := loader.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "unauthenticated: not now") {
		t.Errorf("err = %v", err)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestLatencyCountsFromWhenARequestWasDue(t *testing.T) {
	t.Parallel()
	f := serve(t, func(_ http.ResponseWriter, nth int, _ received) bool {
		if nth == 20 {
			<-time.After(500 * time.Millisecond)
		}
		return false
	})
	// One connection: what is due while the server stalls has to wait. Those are 100 of 200 requests, by 250 ms on average;
	// counted from when they left, one alone would be slow.
	result := run(t, load.Config{URL: f.url, Events: 200, Rate: 200, Connections: 1})
	if result.Latency.P90 < 350*time.Millisecond || result.Latency.Max < 500*time.Millisecond {
		t.Errorf("latencies %+v", result.Latency)
	}
	if result.Elapsed < 950*time.Millisecond || result.EventsPerSecond > 210 {
		t.Errorf("200 events at 200 a second took %v, %.0f a second", result.Elapsed, result.EventsPerSecond)
	}
}

func TestProgressAndInterruption(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var last load.Snapshot
	loader, err := load.New(load.Config{
		URL: f.url, ProjectKeys: []string{"mt_pub_a"}, Duration: time.Minute, Connections: 2, Rate: 500, ProgressEvery: 20 * time.Millisecond,
		Progress: func(s load.Snapshot) {
			if last = s; s.Answered() > 20 {
				cancel()
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	result, err := loader.Run(ctx)
	if err != nil || !result.Interrupted || result.Answered() < 20 || result.Failed > 0 || result.Elapsed > 20*time.Second {
		t.Errorf("err = %v, result %+v", err, result)
	}
	if last.Answered() != result.Answered() || last.Sent != result.Answered() {
		t.Errorf("the last snapshot is %+v, the result %+v", last, result)
	}
}

func TestEqualRunsSendTheSame(t *testing.T) {
	t.Parallel()
	var runs [3][]string
	for i, same := range []bool{true, true, false} {
		f := serve(t, nil)
		run(t, load.Config{URL: f.url, Events: 500, Batch: 4, Connections: 1, SameIDs: same, Visits: load.Options{Seed: 4}})
		for _, req := range f.requests {
			runs[i] = append(runs[i], req.track.GetClient().GetVisitorKey()+" "+req.track.GetEvents()[0].GetUrl()+" "+req.ids())
		}
	}
	if !slices.Equal(runs[0], runs[1]) {
		t.Error("two runs with the same seed and ids differ")
	}
	for _, req := range runs[2] {
		if slices.Contains(runs[0], req) {
			t.Fatalf("a run has the ids of another one: %s", req)
		}
	}
}

func TestWhatCannotRunIsRefused(t *testing.T) {
	t.Parallel()
	good := load.Config{URL: "http://127.0.0.1:1", ProjectKeys: []string{"k"}}
	for name, change := range map[string]func(*load.Config){
		"no address":       func(c *load.Config) { c.URL = "localhost:8080" },
		"no key":           func(c *load.Config) { c.ProjectKeys = nil },
		"two kinds of key": func(c *load.Config) { c.APIKey = "x" },
		"too large":        func(c *load.Config) { c.Batch = 501 },
		"too old":          func(c *load.Config) { c.Visits.Span, c.Events = 8*24*time.Hour, 1 },
		"no end":           func(c *load.Config) { c.Visits.Span = time.Hour },
		"share":            func(c *load.Config) { c.Visits.Bots = 1.5 },
		"rate":             func(c *load.Config) { c.Rate = -1 },
		"protocol":         func(c *load.Config) { c.Protocol = "soap" },
		"stream":           func(c *load.Config) { c.Stream = true },
	} {
		config := good
		change(&config)
		if _, err := load.New(config); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
	if _, err := load.New(good); err != nil {
		t.Error(err)
	}
}

// partner takes streams, and breaks them.
type partner struct {
	microtrackerv1connect.UnimplementedTrackingServiceHandler

	mu        sync.Mutex
	committed map[string]int64
	ids       map[string]int
	batches   int
}

func (p *partner) Track(_ context.Context, req *microtrackerv1.TrackRequest) (*microtrackerv1.TrackResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.batches++
	if p.batches%3 == 0 {
		return nil, connect.NewError(connect.CodeUnavailable, "not now")
	}
	p.store(req)
	return answer(req), nil
}

func (p *partner) store(req *microtrackerv1.TrackRequest) {
	for _, event := range req.GetEvents() {
		p.ids[event.GetEventId()]++
	}
}

func (p *partner) TrackStream(_ context.Context, stream microtrackerv1connect.TrackingServiceTrackStreamServerStream) error {
	first, err := stream.Receive()
	if err != nil {
		return err
	}
	id := first.GetStreamId()
	p.mu.Lock()
	committed := p.committed[id]
	p.mu.Unlock()
	if err := stream.Send(&microtrackerv1.TrackStreamResponse{CommittedSequence: committed}); err != nil {
		return err
	}
	for {
		req, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		p.mu.Lock()
		p.batches++
		nth := p.batches
		if req.GetSequence() != p.committed[id]+1 || first.GetProjectId() != 5 {
			p.mu.Unlock()
			return connect.NewError(connect.CodeInvalidArgument, "out of sequence")
		}
		if nth%7 == 3 { // not stored
			p.mu.Unlock()
			return connect.NewError(connect.CodeUnavailable, "not now")
		}
		p.committed[id]++
		p.store(req.GetBatch())
		p.mu.Unlock()
		if nth%7 == 0 { // stored, and not answered
			return connect.NewError(connect.CodeUnavailable, "not now")
		}
		if err := stream.Send(&microtrackerv1.TrackStreamResponse{
			CommittedSequence: req.GetSequence(), Sequence: req.GetSequence(), Receipts: answer(req.GetBatch()).GetReceipts(),
		}); err != nil {
			return err
		}
	}
}

func servePartner(t *testing.T) (*partner, string) {
	t.Helper()
	p := &partner{committed: map[string]int64{}, ids: map[string]int{}}
	rpc := connect.NewServer()
	microtrackerv1connect.RegisterTrackingServiceHandler(rpc, p)
	mux := http.NewServeMux()
	connecthttp.Mount(mux, rpc)
	server := httptest.NewUnstartedServer(mux)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return p, server.URL
}

func TestGRPCAndStreamsStoreEachEventOnce(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		p, url := servePartner(t)
		var book bytes.Buffer
		result := run(t, load.Config{
			URL: url, APIKey: "mt_key_x", Protocol: load.GRPC, Stream: stream, ProjectID: 5, Events: 2000, Batch: 50, Connections: 2,
			Ledger: load.NewLedger(&book),
		})
		statuses, err := load.ReadLedger(&book)
		if err != nil {
			t.Fatal(err)
		}
		if result.Answered() != 2000 || result.Failed != 0 || len(p.ids) != 2000 || len(statuses) != 2000 || result.Retried == 0 {
			t.Errorf("stream %v: %d stored, %d in the ledger, result %+v", stream, len(p.ids), len(statuses), result)
		}
		if stream && result.Committed == 0 {
			t.Errorf("no answer was lost: %+v", result)
		}
		for id, times := range p.ids {
			if times != 1 || statuses[id] == "" {
				t.Fatalf("stream %v: %s was stored %d times, the ledger says %q", stream, id, times, statuses[id])
			}
		}
	}
}

// BenchmarkClient is what a request costs the client, and a server that does nothing.
func BenchmarkClient(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"receipts":[{"eventId":"x","status":"RECEIPT_STATUS_ACCEPTED","field":"","reason":""}]}`)
	}))
	defer server.Close()
	loader, err := load.New(load.Config{URL: server.URL, ProjectKeys: []string{"mt_pub_a"}, Events: int64(b.N), Connections: 32})
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	result, err := loader.Run(b.Context())
	if err != nil || result.Accepted != int64(b.N) {
		b.Fatal(err, result)
	}
	b.ReportMetric(result.EventsPerSecond, "events/s")
}
