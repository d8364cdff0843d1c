package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
)

const (
	batchSize = 500
	// batchSenders is how many batches are on their way at once.
	batchSenders = 8
)

// batches measures batches of 500 events over gRPC as a share of COPY of the same rows into the same table, with the same
// indexes and without foreign keys.
func batches(ctx context.Context, b *bench) ([]row, error) {
	s, err := b.servedSite(ctx, "batch")
	if err != nil {
		return nil, err
	}
	defer s.close() //nolint:errcheck // its folder goes
	var shares []float64
	var detail string
	for round := range b.rounds {
		stored, err := b.sendBatches(ctx, s.tracker.address, s.secret, uint64(round))
		if err != nil {
			return nil, err
		}
		copied, err := s.copyEvents(ctx)
		if err != nil {
			return nil, err
		}
		fmt.Printf("   stored %.0f/s, copied %.0f/s\n", stored, copied)
		shares = append(shares, stored/copied)
		detail = fmt.Sprintf("%.0f/s", stored)
	}
	return []row{{"batches of 500 over gRPC: rate / COPY", median(shares), 0.5, true, detail}}, nil
}

// sendBatches sends batches for a while and returns how many events were stored in a second.
func (b *bench) sendBatches(ctx context.Context, address, secret string, seed uint64) (float64, error) {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	defer transport.CloseIdleConnections()
	client := connect.NewClient(connecthttp.NewTransport(&http.Client{Transport: bearer{transport, secret}}, "http://"+address, connecthttp.WithGRPC()))
	tracking := microtrackerv1connect.NewTrackingServiceClient(client)
	deadline := time.Now().Add(b.duration)
	var stored atomic.Int64
	var firstErr error
	var once sync.Once
	begun := time.Now()
	var wg sync.WaitGroup
	for i := range batchSenders {
		wg.Go(func() {
			from := newVisitors(fmt.Sprintf("%d-%d-", seed, i), seed*batchSenders+uint64(i))
			for time.Now().Before(deadline) {
				res, err := tracking.Track(ctx, from.batch(time.Now()))
				if err != nil {
					once.Do(func() { firstErr = err })
					return
				}
				stored.Add(int64(res.GetBatch().GetAccepted()))
			}
		})
	}
	wg.Wait()
	return float64(stored.Load()) / time.Since(begun).Seconds(), firstErr
}

// batch is the next 500 events, as a partner's server sends them.
func (v *visitors) batch(now time.Time) *microtrackerv1.TrackRequest {
	req := &microtrackerv1.TrackRequest{Events: make([]*microtrackerv1.Event, batchSize)}
	for i := range req.GetEvents() {
		e := v.next()
		event := &microtrackerv1.Event{
			EventId: e.id.String(), EventType: microtrackerv1.EventType_EVENT_TYPE_PAGE_VIEW, Url: e.url, CreateTime: timestamppb.New(now),
			Title: "Product - Example Shop", Referrer: "https://www.google.com/",
			Client: &microtrackerv1.Client{VisitorKey: e.key, UserAgent: e.agent, TimeZone: "Europe/Berlin"},
		}
		if e.isEnd {
			event.EventType, event.PageViewId = microtrackerv1.EventType_EVENT_TYPE_EXIT, e.view.String()
			event.ScrollPct, event.EngagedMs = new(float64(e.scroll)), new(int64(e.engaged))
			event.Title, event.Referrer = "", ""
		}
		req.Events[i] = event
	}
	return req
}

// bearer sends a key with each request.
type bearer struct {
	next http.RoundTripper
	key  string
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.key)
	return b.next.RoundTrip(r)
}

// copyEvents copies all events into a table that is the same but for the foreign keys, and returns how many in a second.
func (db *database) copyEvents(ctx context.Context) (float64, error) {
	_, err := db.exec(ctx, "DROP TABLE IF EXISTS bench_events", "CREATE TABLE bench_events (LIKE events INCLUDING ALL) PARTITION BY RANGE (created_at)",
		"CREATE TABLE bench_events_all PARTITION OF bench_events FOR VALUES FROM (MINVALUE) TO (MAXVALUE)")
	if err != nil {
		return 0, err
	}
	conn, err := pgx.Connect(ctx, db.URL())
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx) //nolint:errcheck // it has done its work
	var rows bytes.Buffer
	if _, err := conn.PgConn().CopyTo(ctx, &rows, "COPY (SELECT * FROM events ORDER BY id LIMIT 300000) TO STDOUT (FORMAT binary)"); err != nil {
		return 0, err
	}
	begun := time.Now()
	tag, err := conn.PgConn().CopyFrom(ctx, &rows, "COPY bench_events FROM STDIN (FORMAT binary)")
	return float64(tag.RowsAffected()) / time.Since(begun).Seconds(), err
}
