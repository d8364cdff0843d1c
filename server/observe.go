package server

import (
	"context"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/microtracker/microtracker/server/ingest"
	"github.com/microtracker/microtracker/server/telemetry"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

// observeInterceptor counts and traces every call. It stands outermost, so that it sees the code that the caller gets. Of a
// procedure that does not exist it takes no name.
func observeInterceptor(metrics *telemetry.Metrics, tracing *telemetry.Tracing) connect.ServerInterceptor {
	return func(next connect.ServerFunc) connect.ServerFunc {
		return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
			if metrics == nil && tracing == nil {
				return next(ctx, spec, stream)
			}
			procedure := metrics.Procedure(spec.Procedure)
			begun := time.Now()
			procedure.Begin()
			var span telemetry.Span
			if tracing != nil {
				name := "unknown"
				if spec.Schema != nil {
					name = spec.Procedure
				}
				if info, ok := connect.CallInfoForServerContext(ctx); ok {
					ctx, span = tracing.StartCall(ctx, name, info.Protocol, info.RequestHeader())
				}
			}
			err := next(ctx, spec, stream)
			var code connect.Code
			text := "ok"
			if err != nil {
				code = connect.CodeOf(err)
				text = code.String()
			}
			span.EndCall(text)
			procedure.End(code, time.Since(begun))
			return err
		}
	}
}

// observeReceipts counts a request's events by what became of them.
func (s *Server) observeReceipts(receipts []*microtrackerv1.EventReceipt) {
	if s.config.Metrics == nil {
		return
	}
	var counts telemetry.Receipts
	for _, receipt := range receipts {
		switch receipt.GetStatus() {
		case microtrackerv1.ReceiptStatus_RECEIPT_STATUS_ACCEPTED:
			counts[telemetry.ReceiptAccepted]++
		case microtrackerv1.ReceiptStatus_RECEIPT_STATUS_DUPLICATE:
			counts[telemetry.ReceiptDuplicate]++
		case microtrackerv1.ReceiptStatus_RECEIPT_STATUS_BOT:
			counts[telemetry.ReceiptBot]++
		case microtrackerv1.ReceiptStatus_RECEIPT_STATUS_OPTED_OUT:
			counts[telemetry.ReceiptOptedOut]++
		case microtrackerv1.ReceiptStatus_RECEIPT_STATUS_TOO_OLD:
			counts[telemetry.ReceiptTooOld]++
		case microtrackerv1.ReceiptStatus_RECEIPT_STATUS_PROJECT_INACTIVE:
			counts[telemetry.ReceiptInactive]++
		case microtrackerv1.ReceiptStatus_RECEIPT_STATUS_HOSTNAME_NOT_ALLOWED:
			counts[telemetry.ReceiptHostname]++
		default:
			counts[telemetry.ReceiptInvalid]++
		}
	}
	s.config.Metrics.Answered(&counts)
}

// observeState lets each scrape tell what the server's parts are at.
func (s *Server) observeState() error {
	return s.config.Metrics.Watch(telemetry.Sources{
		Pools:        s.config.Store.Pools,
		Backlog:      func() int64 { return s.ingester.State().Waiting },
		BacklogLimit: ingest.MaxWaiting,
		Watchers:     s.live.Watchers,
		Cache:        s.cache.Stats,
		IsReady:      s.readiness.isReady,
		Work:         s.config.Store.WorkState,
	})
}
