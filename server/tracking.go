package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"buf.build/go/protovalidate"
	"connectrpc.com/connect/v2"
	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/enrich"
	"github.com/microtracker/microtracker/server/identity"
	"github.com/microtracker/microtracker/server/ingest"
)

// trackingServer serves TrackingService.
type trackingServer struct{ *Server }

const (
	maxMetaBytes     = 8 << 10
	maxMetaFields    = 32
	maxMetaNameBytes = 64
	maxUserAgent     = 512
)

func (s trackingServer) Track(ctx context.Context, req *microtrackerv1.TrackRequest) (*microtrackerv1.TrackResponse, error) {
	inbox, err := s.openInbox(ctx, req.GetProjectKey())
	if err != nil {
		return nil, err
	}
	if !inbox.IsActive {
		return &microtrackerv1.TrackResponse{Receipts: inactiveReceipts(req.GetEvents())}, nil
	}
	batch := ingest.Batch{Client: s.client(ctx, req.GetClient())}
	if inbox.PrivacyMode != privacyModeText(microtrackerv1.PrivacyMode_PRIVACY_MODE_STORED_ID) {
		batch.Client.VisitorKey = "" // whatever a page sends, nobody is recognised for longer than the project says
	}
	if req.GetSentAt() != nil {
		batch.SentAt = req.GetSentAt().AsTime()
	}
	res := &microtrackerv1.TrackResponse{Receipts: make([]*microtrackerv1.EventReceipt, len(req.GetEvents()))}
	var places []int // of the batch's events in the request
	for i, sent := range req.GetEvents() {
		event, refusal := s.event(sent)
		if refusal == nil {
			refusal = refuseHost(event, inbox.AllowedHostnames)
		}
		if refusal != nil {
			res.Receipts[i] = refusal
			continue
		}
		batch.Events = append(batch.Events, event)
		places = append(places, i)
	}
	receipts, err := s.ingester.Ingest(ctx, inbox, batch)
	if err != nil {
		return nil, err
	}
	for i, receipt := range receipts {
		res.Receipts[places[i]] = receiptToProto(receipt)
	}
	return res, nil
}

// inactiveReceipts refuse all events of a project that is switched off.
func inactiveReceipts(events []*microtrackerv1.Event) []*microtrackerv1.EventReceipt {
	receipts := make([]*microtrackerv1.EventReceipt, len(events))
	for i := range receipts {
		receipts[i] = &microtrackerv1.EventReceipt{
			Status: microtrackerv1.ReceiptStatus_RECEIPT_STATUS_PROJECT_INACTIVE,
			Reason: "the project takes no events; its owner can switch it on in its settings",
		}
	}
	return receipts
}

// openInbox finds the project of a public key; the checksum sorts out noise before the database is asked.
func (s *Server) openInbox(ctx context.Context, key string) (*repo.Inbox, error) {
	invalid := fail(connect.CodeUnauthenticated, microtrackerv1.ErrorReason_ERROR_REASON_PROJECT_KEY_INVALID,
		"project_key: it is no project's public key; copy it from the project's installation page")
	if _, err := identity.Parse(identity.PublicKey, key); err != nil {
		return nil, invalid
	}
	inbox, err := s.config.Store.OpenInbox(ctx, key, s.config.Now())
	if errors.Is(err, repo.ErrNotFound) {
		return nil, invalid
	}
	return inbox, err
}

func (s *Server) client(ctx context.Context, client *microtrackerv1.Client) ingest.Client {
	info, _ := connect.CallInfoForServerContext(ctx)
	return ingest.Client{
		IP: requestFrom(ctx).ClientIP, UserAgent: enrich.FixText(info.RequestHeader().Get("User-Agent"), maxUserAgent),
		VisitorKey: client.GetVisitorKey(), Timezone: enrich.FixText(client.GetTimeZone(), 64),
		ViewportW: client.GetViewportW(), ViewportH: client.GetViewportH(), Automated: client.GetAutomated(),
	}
}

// event checks one event by itself and returns it, or the receipt that refuses it.
func (s *Server) event(sent *microtrackerv1.Event) (ingest.Event, *microtrackerv1.EventReceipt) {
	if field, message := s.invalid(sent); message != "" {
		return ingest.Event{}, &microtrackerv1.EventReceipt{
			// An id that is no id is not repeated: nobody vouches for what is in it.
			Status: microtrackerv1.ReceiptStatus_RECEIPT_STATUS_INVALID, Field: field, Reason: message,
		}
	}
	event := ingest.Event{
		ID: uuid.New(), Type: eventTypeName(sent.GetEventType()), Name: sent.GetName(),
		URL: sent.GetUrl(), Referrer: sent.GetReferrer(), Title: sent.GetTitle(), Selector: sent.GetSelector(),
		ScrollPct: sent.ScrollPct, X: sent.X, Y: sent.Y, EngagedMS: sent.EngagedMs,
	}
	if sent.GetCreateTime() != nil {
		event.At = sent.GetCreateTime().AsTime()
	}
	if id, err := uuid.Parse(sent.GetEventId()); err == nil {
		event.ID = id
	}
	if id, err := uuid.Parse(sent.GetPageViewId()); err == nil {
		event.PageViewID = uuid.NullUUID{UUID: id, Valid: true}
	}
	if len(sent.GetMeta().GetFields()) > 0 {
		event.Meta, _ = protojson.Marshal(sent.GetMeta()) // it was checked to marshal
	}
	return event, nil
}

// refuseHost refuses events of pages on other hosts than those allowed.
func refuseHost(event ingest.Event, allowed []string) *microtrackerv1.EventReceipt {
	if len(allowed) == 0 {
		return nil
	}
	page, err := enrich.CleanURL(event.URL)
	if err == nil && slices.ContainsFunc(allowed, func(pattern string) bool { return hostMatches(page.Host, pattern) }) {
		return nil
	}
	return &microtrackerv1.EventReceipt{
		EventId: event.ID.String(), Status: microtrackerv1.ReceiptStatus_RECEIPT_STATUS_HOSTNAME_NOT_ALLOWED, Field: "url",
		Reason: "its host is none of the project's allowed hostnames; the owner can add it in the project's settings",
	}
}

// hostMatches reports whether the host is the pattern's, or, where that begins with "*.", one below it.
func hostMatches(host, pattern string) bool {
	if domain, below := strings.CutPrefix(pattern, "*."); below {
		return strings.HasSuffix(host, "."+domain)
	}
	return host == pattern
}

// invalid returns the first field that is wrong and what to do; an empty message when all is well.
func (s *Server) invalid(sent *microtrackerv1.Event) (field, message string) {
	var broken *protovalidate.ValidationError
	switch err := s.validator.Validate(sent); {
	case errors.As(err, &broken):
		first := broken.Violations[0].Proto
		return protovalidate.FieldPathString(first.GetField()), first.GetMessage()
	case err != nil:
		return "event", "it could not be checked"
	}
	if path := pathOfNUL(sent); path != "" {
		return path, "it contains a NUL character; leave it out"
	}
	if at := sent.GetCreateTime(); at != nil && !at.IsValid() {
		return "create_time", "it is out of range; write RFC 3339"
	}
	return invalidMeta(sent)
}

func invalidMeta(sent *microtrackerv1.Event) (field, message string) {
	fields := sent.GetMeta().GetFields()
	if len(fields) > maxMetaFields {
		return "meta", fmt.Sprintf("it has %d properties; at most %d are kept", len(fields), maxMetaFields)
	}
	for name := range fields {
		if name == "" || len(name) > maxMetaNameBytes {
			return "meta", fmt.Sprintf("a property's name must have 1 to %d bytes", maxMetaNameBytes)
		}
	}
	if proto.Size(sent.GetMeta()) > maxMetaBytes {
		return "meta", fmt.Sprintf("it is larger than %d bytes", maxMetaBytes)
	}
	if len(fields) > 0 {
		if _, err := protojson.Marshal(sent.GetMeta()); err != nil {
			return "meta", "it has a value that JSON cannot say, such as NaN"
		}
	}
	return "", ""
}

// eventTypeName is the event type as it stands in the events table: page_view for EVENT_TYPE_PAGE_VIEW.
func eventTypeName(t microtrackerv1.EventType) string {
	return strings.ToLower(strings.TrimPrefix(t.String(), "EVENT_TYPE_"))
}

func receiptToProto(receipt ingest.Receipt) *microtrackerv1.EventReceipt {
	res := &microtrackerv1.EventReceipt{EventId: receipt.EventID.String(), Reason: receipt.Reason}
	switch receipt.Status {
	case ingest.Accepted:
		res.Status = microtrackerv1.ReceiptStatus_RECEIPT_STATUS_ACCEPTED
	case ingest.Duplicate:
		res.Status = microtrackerv1.ReceiptStatus_RECEIPT_STATUS_DUPLICATE
	case ingest.Bot:
		res.Status = microtrackerv1.ReceiptStatus_RECEIPT_STATUS_BOT
	case ingest.TooOld:
		res.Status = microtrackerv1.ReceiptStatus_RECEIPT_STATUS_TOO_OLD
		res.Reason = "it happened more than 7 days ago"
	}
	return res
}
