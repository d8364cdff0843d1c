package main

import (
	"context"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
)

// noop answers Track with a receipt for each event and does nothing: what the protocol alone costs.
type noop struct {
	microtrackerv1connect.UnimplementedTrackingServiceHandler
}

func (noop) Track(_ context.Context, req *microtrackerv1.TrackRequest) (*microtrackerv1.TrackResponse, error) {
	res := &microtrackerv1.TrackResponse{Batch: &microtrackerv1.BatchReceipt{Accepted: int32(len(req.GetEvents()))}}
	for _, event := range req.GetEvents() {
		res.Receipts = append(res.Receipts, &microtrackerv1.EventReceipt{
			EventId: event.GetEventId(), Status: microtrackerv1.ReceiptStatus_RECEIPT_STATUS_ACCEPTED,
		})
	}
	return res, nil
}

func serveNoop(address string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	rpc := connect.NewServer()
	microtrackerv1connect.RegisterTrackingServiceHandler(rpc, noop{})
	mux := http.NewServeMux()
	connecthttp.Mount(mux, rpc)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	httpServer := &http.Server{Handler: mux, Protocols: protocols, ReadHeaderTimeout: time.Minute}
	go func() {
		<-ctx.Done()
		_ = httpServer.Close()
	}()
	if err := httpServer.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}
