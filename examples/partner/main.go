// Command partner shows how a partner's backend uses Micro Tracker with an API key: it streams orders of its own, each with an
// acknowledgement after it is committed, and then asks what came of them.
//
//	API_KEY=mt_key_… PROJECT_ID=1 go run ./examples/partner http://localhost:8080
//
// The key needs the scopes track:write and reports:read. Run it as often as you like: the orders have ids of their own, so
// each is stored once.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args, os.Getenv, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "partner:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, env func(string) string, out io.Writer) error {
	if len(args) != 2 {
		return errors.New("say where the server is: partner http://localhost:8080")
	}
	projectID, err := strconv.ParseInt(env("PROJECT_ID"), 10, 64)
	if err != nil {
		return errors.New("PROJECT_ID has to be the number of your project: it stands in the dashboard's address")
	}
	client := newClient(args[1], env("API_KEY"))
	orders := ordersOfToday(time.Now().UTC())
	if err := send(ctx, client, projectID, orders, out); err != nil {
		return fmt.Errorf("send orders: %w", err)
	}
	if err := report(ctx, client, projectID, time.Now().UTC(), out); err != nil {
		return fmt.Errorf("ask for a report: %w", err)
	}
	return nil
}

// newClient speaks gRPC, which streams need, with the key in every call. Over https:// HTTP/2 is agreed upon by itself; over
// http:// both sides have to know that it is meant.
func newClient(url, apiKey string) *connect.Client {
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetHTTP2(true)
	transport.Protocols.SetUnencryptedHTTP2(true)
	httpClient := &http.Client{Transport: withKey{transport, apiKey}}
	return connect.NewClient(connecthttp.NewTransport(httpClient, url, connecthttp.WithGRPC()))
}

// withKey authorizes every request.
type withKey struct {
	next   http.RoundTripper
	apiKey string
}

func (w withKey) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+w.apiKey)
	return w.next.RoundTrip(r)
}

// order is what this partner knows of a sale.
type order struct {
	number   int
	customer string
	amount   string
	at       time.Time
}

func ordersOfToday(now time.Time) []order {
	midnight := now.Truncate(24 * time.Hour)
	return []order{
		{number: 1, customer: "customer-7", amount: "49.90", at: midnight},
		{number: 2, customer: "customer-8", amount: "12.00", at: midnight},
		{number: 3, customer: "customer-7", amount: "9.50", at: midnight},
	}
}

// event is an order as Micro Tracker takes it. Its id comes from the order, so that one that is sent again is known.
func (o order) event() *microtrackerv1.Event {
	return &microtrackerv1.Event{
		EventId:    uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "https://partner.example.com/orders/%s/%d", o.at.Format(time.DateOnly), o.number)).String(),
		EventType:  microtrackerv1.EventType_EVENT_TYPE_CONVERSION,
		Name:       "order",
		Url:        "https://shop.example.com/thanks",
		Value:      o.amount,
		Currency:   "USD",
		CreateTime: timestamppb.New(o.at),
		Client:     &microtrackerv1.Client{VisitorKey: o.customer},
	}
}

// send streams the orders, one to a batch here, and returns when each has its receipt. After an error call it again: the
// server says up to which batch it has everything.
func send(ctx context.Context, client *connect.Client, projectID int64, orders []order, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	stream, err := microtrackerv1connect.NewTrackingServiceClient(client).TrackStream(ctx)
	if err != nil {
		return err
	}
	defer stream.Close() //nolint:errcheck // what went wrong was said before
	if err := stream.Send(&microtrackerv1.TrackStreamRequest{ProjectId: projectID, StreamId: "partner example"}); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	opened, err := stream.Receive()
	if err != nil {
		return err
	}
	sequence := opened.GetCommittedSequence()
	for _, order := range orders {
		sequence++
		batch := &microtrackerv1.TrackRequest{Events: []*microtrackerv1.Event{order.event()}}
		if err := stream.Send(&microtrackerv1.TrackStreamRequest{Sequence: sequence, Batch: batch}); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		// A busy partner reads answers while it sends: up to 16 batches may be on their way.
		answer, err := stream.Receive()
		if err != nil {
			return err
		}
		for _, receipt := range answer.GetReceipts() {
			if _, err := fmt.Fprintf(out, "order %d: %s %s\n", order.number, receipt.GetStatus(), receipt.GetReason()); err != nil {
				return err
			}
		}
	}
	return stream.CloseSend()
}

// report asks how many customers bought how often, today and yesterday. (For revenue the project first says what a conversion is.)
func report(ctx context.Context, client *connect.Client, projectID int64, now time.Time, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	answer, err := microtrackerv1connect.NewReportingServiceClient(client).Query(ctx, &microtrackerv1.QueryRequest{
		ProjectId: projectID,
		TimeZone:  "UTC",
		Metrics:   []microtrackerv1.Metric{microtrackerv1.Metric_METRIC_VISITORS, microtrackerv1.Metric_METRIC_EVENTS},
		Range: &microtrackerv1.QueryRequest_Days{Days: &microtrackerv1.DayRange{
			Since: now.AddDate(0, 0, -1).Format(time.DateOnly), Until: now.AddDate(0, 0, 1).Format(time.DateOnly),
		}},
	})
	if err != nil {
		return err
	}
	metrics := answer.GetTotals().GetMetrics()
	if len(metrics) != 2 {
		return fmt.Errorf("the answer has %d metrics, and 2 were asked for", len(metrics))
	}
	_, err = fmt.Fprintf(out, "since yesterday: %.0f customers, %.0f orders\n", metrics[0].GetNumber(), metrics[1].GetNumber())
	return err
}
