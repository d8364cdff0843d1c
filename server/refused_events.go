package server

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/enrich"
)

const (
	// refusedEvery is how often they are written down, refusedPerProject how many of a project at once: of a flood, a sample.
	refusedEvery      = time.Second
	refusedPerProject = 100
	maxRefusedPayload = 2048
	maxRefusedReason  = 500
)

// refusedEvents writes down what was refused, for those who sent it to see. A crash loses the last second of it.
type refusedEvents struct {
	store  *repo.Store
	logger *slog.Logger
	noted  chan refusedNote
	done   sync.WaitGroup
}

type refusedNote struct {
	projectID int64
	event     *microtrackerv1.Event
	// visitorKey is whose the event is, where the sender says so.
	visitorKey string
	receipt    *microtrackerv1.EventReceipt
	at         time.Time
}

func newRefusedEvents(store *repo.Store, logger *slog.Logger) *refusedEvents {
	r := &refusedEvents{store: store, logger: logger, noted: make(chan refusedNote, 10*refusedPerProject)}
	r.done.Go(r.run)
	return r
}

// note hands a refused event over. It never blocks: of what is too much, the rest is forgotten.
func (r *refusedEvents) note(projectID int64, req *microtrackerv1.TrackRequest, place int, receipt *microtrackerv1.EventReceipt, at time.Time) {
	event := req.GetEvents()[place]
	key := cmp.Or(event.GetClient().GetVisitorKey(), req.GetClient().GetVisitorKey())
	select {
	case r.noted <- refusedNote{projectID: projectID, event: event, visitorKey: key, receipt: receipt, at: at}:
	default:
	}
}

func (r *refusedEvents) run() {
	ticker := time.NewTicker(refusedEvery)
	defer ticker.Stop()
	var waiting []repo.RefusedEvent
	perProject := map[int64]int{}
	for {
		select {
		case note, ok := <-r.noted:
			if !ok {
				r.write(waiting)
				return
			}
			if perProject[note.projectID]++; perProject[note.projectID] <= refusedPerProject {
				waiting = append(waiting, note.row())
			}
		case <-ticker.C:
			r.write(waiting)
			waiting, perProject = nil, map[int64]int{}
		}
	}
}

func (r *refusedEvents) write(rows []repo.RefusedEvent) {
	if len(rows) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), backgroundTimeout)
	defer cancel()
	if err := r.store.RefuseEvents(ctx, rows); err != nil {
		r.logger.WarnContext(ctx, "could not note refused events", "events", len(rows), "error", err)
	}
}

// close writes down what waits. Nothing may be noted any more.
func (r *refusedEvents) close() {
	close(r.noted)
	r.done.Wait()
}

func (n refusedNote) row() repo.RefusedEvent {
	row := repo.RefusedEvent{
		ProjectID: n.projectID, ReceivedAt: n.at, Status: receiptStatusText(n.receipt.GetStatus()),
		Field: enrich.FixText(n.receipt.GetField(), 255), Reason: enrich.FixText(n.receipt.GetReason(), maxRefusedReason),
		Payload: refusedPayload(n.event), VisitorKey: enrich.FixText(n.visitorKey, 255),
	}
	if id, err := uuid.Parse(n.event.GetEventId()); err == nil {
		row.EventID = uuid.NullUUID{UUID: id, Valid: true}
	}
	return row
}

// refusedPayload is the event as JSON, without what is not stored of any event: the visitor's address and what addresses of
// pages may hide.
func refusedPayload(sent *microtrackerv1.Event) string {
	event := proto.CloneOf(sent)
	if event.GetClient() != nil {
		event.Client.IpAddress = ""
	}
	event.Url, event.Referrer = cleanForPayload(event.GetUrl()), cleanForPayload(event.GetReferrer())
	text, err := protojson.Marshal(event)
	if err != nil {
		return ""
	}
	payload := strings.ToValidUTF8(string(text[:min(len(text), maxRefusedPayload)]), "")
	return strings.ReplaceAll(payload, "\x00", "\uFFFD")
}

func cleanForPayload(raw string) string {
	if page, err := enrich.CleanURL(raw); err == nil {
		return page.URL
	}
	scheme, _, found := strings.Cut(raw, ":")
	if !found || len(scheme) > 16 {
		return ""
	}
	return scheme + ":…" // no page's address: what stands in it is nobody's business
}

func receiptStatusText(status microtrackerv1.ReceiptStatus) string {
	return strings.ToLower(strings.TrimPrefix(status.String(), "RECEIPT_STATUS_"))
}

func (s trackingServer) ListRefusedEvents(ctx context.Context, req *microtrackerv1.ListRefusedEventsRequest) (*microtrackerv1.ListRefusedEventsResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	page, err := afterPage(req, idFromText)
	if err != nil {
		return nil, err
	}
	refused, err := project.RefusedEvents(ctx, page)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListRefusedEventsResponse{}
	refused, res.NextPageToken = cutPage(req, refused, func(row *repo.RefusedEvent) string { return idText(row.ID) })
	for i := range refused {
		res.RefusedEvents = append(res.RefusedEvents, refusedToProto(&refused[i]))
	}
	return res, nil
}

func refusedToProto(row *repo.RefusedEvent) *microtrackerv1.RefusedEvent {
	res := &microtrackerv1.RefusedEvent{
		ReceiveTime: timestamppb.New(row.ReceivedAt), Field: row.Field, Reason: row.Reason, Payload: row.Payload,
		Status: microtrackerv1.ReceiptStatus(microtrackerv1.ReceiptStatus_value["RECEIPT_STATUS_"+strings.ToUpper(row.Status)]),
	}
	if row.EventID.Valid {
		res.EventId = row.EventID.UUID.String()
	}
	return res
}
