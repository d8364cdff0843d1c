package server

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"buf.build/go/protovalidate"
	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/server/enrich"
	"github.com/microtracker/microtracker/server/ingest"
)

const (
	maxMetaBytes     = 8 << 10
	maxMetaFields    = 32
	maxMetaNameBytes = 64
)

// event checks one event by itself and returns it, or the receipt that refuses it.
func (in *intake) event(sent *microtrackerv1.Event) (ingest.Event, *microtrackerv1.EventReceipt) {
	if field, message := in.invalid(sent); message != "" {
		receipt := &microtrackerv1.EventReceipt{
			Status: microtrackerv1.ReceiptStatus_RECEIPT_STATUS_INVALID, Field: field, Reason: message,
		}
		if id, err := uuid.Parse(sent.GetEventId()); err == nil { // one that is no id is not repeated: nobody vouches for it
			receipt.EventId = id.String()
		}
		return ingest.Event{}, receipt
	}
	event := ingest.Event{
		Type: eventTypeName(sent.GetEventType()), Name: sent.GetName(),
		URL: sent.GetUrl(), Referrer: sent.GetReferrer(), Title: sent.GetTitle(), Selector: sent.GetSelector(),
		ScrollPct: sent.ScrollPct, X: sent.X, Y: sent.Y, EngagedMS: sent.EngagedMs,
		Value: sent.GetValue(), Currency: sent.GetCurrency(),
	}
	if sent.GetCreateTime() != nil {
		event.At = sent.GetCreateTime().AsTime()
	}
	if sent.GetEventId() == "" {
		event.ID = uuid.New()
	} else {
		event.ID, _ = uuid.Parse(sent.GetEventId()) // it was checked to be one
	}
	if id, err := uuid.Parse(sent.GetPageViewId()); err == nil {
		event.PageViewID = uuid.NullUUID{UUID: id, Valid: true}
	}
	if len(sent.GetMeta().GetFields()) > 0 {
		event.Meta, _ = protojson.Marshal(sent.GetMeta()) // it was checked to marshal
	}
	if sent.GetClient() != nil {
		client := in.readClient(sent.GetClient())
		event.Client = &client
	}
	return event, nil
}

func refuse(event ingest.Event, status microtrackerv1.ReceiptStatus, field, reason string) *microtrackerv1.EventReceipt {
	return &microtrackerv1.EventReceipt{EventId: event.ID.String(), Status: status, Field: field, Reason: reason}
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
	return refuse(event, microtrackerv1.ReceiptStatus_RECEIPT_STATUS_HOSTNAME_NOT_ALLOWED, "url",
		"its host is none of the project's allowed hostnames; the owner can add it in the project's settings")
}

// hostMatches reports whether the host is the pattern's, or, where that begins with "*.", one below it.
func hostMatches(host, pattern string) bool {
	if domain, below := strings.CutPrefix(pattern, "*."); below {
		return strings.HasSuffix(host, "."+domain)
	}
	return host == pattern
}

// invalid returns the first field that is wrong and what to do; an empty message when all is well.
func (in *intake) invalid(sent *microtrackerv1.Event) (field, message string) {
	var broken *protovalidate.ValidationError
	switch err := in.validator.Validate(sent); {
	case errors.As(err, &broken):
		first := broken.Violations[0].Proto
		return protovalidate.FieldPathString(first.GetField()), first.GetMessage()
	case err != nil:
		return "event", "it could not be checked"
	}
	if mayHaveNUL(sent) {
		if path := pathOfNUL(sent); path != "" {
			return path, hasNUL
		}
	}
	if at := sent.GetCreateTime(); at != nil && !at.IsValid() {
		return "create_time", "it is out of range; write RFC 3339"
	}
	if sent.GetClient() != nil {
		if !in.isTrusted {
			return "client", "only a server with an API key may say whose event it is: leave it out"
		}
		if field, message := in.refuseClient(sent.GetClient()); message != "" {
			return "client." + field, message
		}
	}
	return invalidMeta(sent)
}

// mayHaveNUL reports whether a text of the event has a NUL character, or may have one deep inside.
func mayHaveNUL(e *microtrackerv1.Event) bool {
	client := e.GetClient()
	for _, text := range [...]string{
		e.GetName(), e.GetUrl(), e.GetReferrer(), e.GetTitle(), e.GetSelector(), e.GetValue(), e.GetCurrency(), e.GetEventId(), e.GetPageViewId(),
		client.GetVisitorKey(), client.GetTimeZone(), client.GetSessionKey(), client.GetIpAddress(), client.GetUserAgent(),
	} {
		if strings.IndexByte(text, 0) >= 0 {
			return true
		}
	}
	return metaMayHaveNUL(e.GetMeta())
}

func metaMayHaveNUL(meta *structpb.Struct) bool {
	for name, value := range meta.GetFields() {
		switch value.GetKind().(type) {
		case *structpb.Value_StringValue:
			if strings.IndexByte(value.GetStringValue(), 0) >= 0 {
				return true
			}
		case *structpb.Value_ListValue, *structpb.Value_StructValue:
			return true
		}
		if strings.IndexByte(name, 0) >= 0 {
			return true
		}
	}
	return false
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
	if len(fields) == 0 {
		return "", ""
	}
	if proto.Size(sent.GetMeta()) > maxMetaBytes {
		return "meta", fmt.Sprintf("it is larger than %d bytes", maxMetaBytes)
	}
	if _, err := protojson.Marshal(sent.GetMeta()); err != nil {
		return "meta", "it has a value that JSON cannot say, such as NaN"
	}
	return "", ""
}

// eventTypeName is the event type as it stands in the events table: page_view for EVENT_TYPE_PAGE_VIEW.
func eventTypeName(t microtrackerv1.EventType) string {
	return strings.ToLower(strings.TrimPrefix(t.String(), "EVENT_TYPE_"))
}
