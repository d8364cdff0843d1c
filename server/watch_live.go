package server

import (
	"context"
	"net/http"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/live"
)

const (
	// recheckStreams is how long a stream outlives the credential that opened it at most.
	recheckStreams = 30 * time.Second
	// heartbeat is after how long without news a stream is sent something, so that proxies keep it.
	heartbeat = 10 * time.Second
	// slowSend is how long it may take until a reader has room for a message: he is asked to come again then. One who takes
	// none for longer than longestSend is cut off.
	slowSend    = 10 * time.Second
	longestSend = 30 * time.Second
	// longestExportSend is how long a message of a file or of an export may take: nobody waits for such a reader, and what he has not
	// read is not kept for him.
	longestExportSend = 2 * time.Minute
	// comeAgainAfter is when a slow reader may come again.
	comeAgainAfter = 5 * time.Second
)

func (s reportingServer) WatchLive(ctx context.Context, req *microtrackerv1.WatchLiveRequest, stream microtrackerv1connect.ReportingServiceWatchLiveServerStream) error {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return err
	}
	var cursor *int64
	if req.GetCursor() != "" {
		id, err := eventCursorOf(project.ID, liveCursor).read(req.GetCursor())
		if err != nil {
			return err
		}
		cursor = &id
	}
	recheck := time.NewTicker(s.config.RecheckStreams)
	defer recheck.Stop()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	sender := newStreamSender(ctx, slowSend, longestSend)
	defer sender.done()
	watcher := s.live.Watch(project, cursor) //nolint:contextcheck // the room serves other watchers after this one has gone
	defer watcher.Close()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.stopping:
			return failStopping()
		case <-recheck.C:
			if err := s.mayGoOn(ctx, project.ID); err != nil {
				return err
			}
			continue
		case <-beat.C:
		case <-watcher.News():
		}
		message, tooSlow, ok := watcher.Take()
		if tooSlow {
			return failSlowReader()
		}
		if !ok {
			continue
		}
		if err := sender.send(func() error { return stream.Send(liveToProto(project.ID, &message)) }); err != nil {
			return err
		}
		beat.Reset(heartbeat)
	}
}

func failStopping() error {
	return fail(connect.CodeUnavailable, microtrackerv1.ErrorReason_ERROR_REASON_OVERLOADED,
		"the server is being restarted: connect again")
}

// failSlowReader asks a reader to come again who takes less than there is.
func failSlowReader() error {
	err := fail(connect.CodeResourceExhausted, microtrackerv1.ErrorReason_ERROR_REASON_OVERLOADED,
		"the stream is read more slowly than there is news: connect again with the last cursor in some seconds")
	return withDetail(err, &errdetails.RetryInfo{RetryDelay: durationpb.New(comeAgainAfter)})
}

// mayGoOn asks again what was asked when a stream began: the session may have ended, the key been rotated, the project
// been deleted.
func (s *Server) mayGoOn(ctx context.Context, projectID int64) error {
	who, err := s.authenticate(ctx)
	if err != nil {
		return err
	}
	_, err = s.openProject(context.WithValue(ctx, callerKey{}, who), projectID)
	return err
}

type writerKey struct{}

// withWriter lets streams bound how long a message may take to be sent.
func withWriter(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), writerKey{}, http.NewResponseController(w))))
	})
}

// streamSender sends the messages of one stream to a reader who may be slow.
type streamSender struct {
	writer *http.ResponseController
	// slow is after how long a wait the reader is asked to come again, longest after how long he is cut off.
	slow, longest time.Duration
}

func newStreamSender(ctx context.Context, slow, longest time.Duration) streamSender {
	writer, _ := ctx.Value(writerKey{}).(*http.ResponseController)
	return streamSender{writer: writer, slow: slow, longest: longest}
}

// send sends a message, which waits until the reader has room for it. After too long a wait it is RESOURCE_EXHAUSTED.
func (s streamSender) send(message func() error) error {
	began := time.Now()
	s.deadline(began.Add(s.longest))
	if err := message(); err != nil {
		return err
	}
	if time.Since(began) > s.slow {
		return failSlowReader()
	}
	return nil
}

// done leaves the connection to the next call.
func (s streamSender) done() { s.deadline(time.Time{}) }

func (s streamSender) deadline(at time.Time) {
	if s.writer != nil {
		_ = s.writer.SetWriteDeadline(at) // not every connection can: then the keep-alive of the transport has to do
	}
}

func liveToProto(projectID int64, message *live.Message) *microtrackerv1.WatchLiveResponse {
	res := &microtrackerv1.WatchLiveResponse{
		AsOf: timestamppb.New(message.AsOf), Visitors: message.Visitors, Pageviews: message.Pageviews, SkippedEvents: message.Skipped,
		Cursor: eventCursorOf(projectID, liveCursor).of(message.Cursor),
	}
	for _, page := range message.Pages {
		res.Pages = append(res.Pages, &microtrackerv1.LivePage{Path: page.Name, Visitors: page.Visitors})
	}
	for _, source := range message.Sources {
		res.Sources = append(res.Sources, &microtrackerv1.LiveSource{Source: source.Name, Visitors: source.Visitors})
	}
	for _, country := range message.Countries {
		res.Countries = append(res.Countries, &microtrackerv1.LiveCountry{Country: country.Name, Visitors: country.Visitors})
	}
	for _, minute := range message.Minutes {
		res.Minutes = append(res.Minutes, &microtrackerv1.LiveMinute{
			StartTime: timestamppb.New(minute.Start), Visitors: minute.Visitors, Pageviews: minute.Pageviews,
		})
	}
	for i := range message.Events {
		res.Events = append(res.Events, liveEventToProto(&message.Events[i]))
	}
	return res
}

func liveEventToProto(event *repo.LiveEvent) *microtrackerv1.LiveEvent {
	return &microtrackerv1.LiveEvent{
		VisitorId: event.VisitorID, SessionId: event.SessionID, EventType: eventTypeFromName(event.EventType), Name: event.Name,
		CreateTime: timestamppb.New(event.CreatedAt), Path: event.Path, Title: event.Title, Source: event.Source,
		Country: event.Country, Device: event.Device,
	}
}
