package server

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

const (
	// exportPage is how many events one page looks at.
	exportPage = 500
	// exportMessage is from how many bytes on a message is sent: clients take 4 MiB at most where they do not say otherwise.
	exportMessage = 512 << 10
	// settlePatience is how long it is waited for those who are storing events.
	settlePatience = 10 * time.Second
)

func (s reportingServer) ExportEvents(ctx context.Context, req *microtrackerv1.ExportEventsRequest, stream microtrackerv1connect.ReportingServiceExportEventsServerStream) error {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return err
	}
	export := repo.Export{ProjectID: project.ID}
	if err := selectionFromProto(&export, req, project); err != nil {
		return err
	}
	cursors := eventCursorOf(project.ID, exportQuestion(req))
	var after int64
	if req.GetCursor() != "" {
		if after, err = cursors.read(req.GetCursor()); err != nil {
			return err
		}
	}
	if export.SettledID, err = s.settledEvents(ctx); err != nil {
		return err
	}
	sender := newStreamSender(ctx, longestExportSend, longestExportSend)
	defer sender.done()
	e := &exportStream{
		cursors: cursors, show: viewOf(ctx),
		send: func(message *microtrackerv1.ExportEventsResponse) error {
			return sender.send(func() error { return stream.Send(message) })
		},
	}
	recheck := time.NewTicker(s.config.RecheckStreams)
	defer recheck.Stop()
	e.sentAt = time.Now()
	for more := true; more; {
		select {
		case <-s.stopping:
			return failStopping()
		case <-recheck.C:
			if err := s.mayGoOn(ctx, project.ID); err != nil {
				return err
			}
		default:
		}
		page, err := s.exportPage(ctx, project, export.Selection(), after)
		if err != nil {
			return err
		}
		if more = page.More; more {
			after = page.Last.ID
		} else {
			after = max(after, export.SettledID) // all up to there has been looked at
		}
		if err := e.page(page.Events, after, !more); err != nil {
			return err
		}
	}
	return nil
}

// exportPage reads the next events when it is the project's turn.
func (s *Server) exportPage(ctx context.Context, project *repo.Project, export repo.EventExport, after int64) (*repo.EventPage, error) {
	leave, err := s.reportTurns.enter(ctx, project.ID)
	if err != nil {
		return nil, err
	}
	defer leave()
	page, err := project.ExportByID(ctx, export, after, exportPage)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, fail(connect.CodeDeadlineExceeded, microtrackerv1.ErrorReason_ERROR_REASON_QUERY_TOO_LONG,
			"the export takes too long: ask for a shorter range, or without a filter on what visitors have done")
	}
	return page, err
}

// settledEvents is the id up to which all events are there.
func (s *Server) settledEvents(ctx context.Context) (int64, error) {
	settled, err := s.config.Store.SettledEvents(ctx, settlePatience)
	if errors.Is(err, repo.ErrTryAgain) {
		return 0, fail(connect.CodeUnavailable, microtrackerv1.ErrorReason_ERROR_REASON_OVERLOADED,
			"somebody has been storing or deleting events for long: try again in some seconds")
	}
	return settled, err
}

// exportStream makes messages of events.
type exportStream struct {
	cursors eventCursor
	show    view
	send    func(message *microtrackerv1.ExportEventsResponse) error
	sentAt  time.Time
}

// page sends events, in messages that are not too large, and that all up to an id has been looked at: with the last events, at the
// end, and once in a while where there are none.
func (e *exportStream) page(events []repo.ExportedEvent, upTo int64, isLast bool) error {
	message, size := &microtrackerv1.ExportEventsResponse{}, 0
	for i := range events {
		event, err := e.show.event(&events[i].Event)
		if err != nil {
			return err
		}
		exported := &microtrackerv1.ExportedEvent{
			Event: event, Session: e.show.session(&events[i].Session, &events[i].Visitor), Cursor: e.cursors.of(events[i].Event.ID),
		}
		message.Events = append(message.Events, exported)
		if size += proto.Size(exported); size >= exportMessage && i < len(events)-1 {
			message.Cursor = exported.GetCursor()
			if err := e.send(message); err != nil {
				return err
			}
			message, size = &microtrackerv1.ExportEventsResponse{}, 0
		}
	}
	if len(message.GetEvents()) == 0 && !isLast && time.Since(e.sentAt) < heartbeat {
		return nil
	}
	message.Cursor = e.cursors.of(upTo)
	e.sentAt = time.Now()
	return e.send(message)
}

// exportRequest is a request for events.
type exportRequest interface {
	ranged
	GetTimeZone() string
	GetFilter() *microtrackerv1.Filter
	GetBots() microtrackerv1.Bots
}

// selectionFromProto reads which events are asked for.
func selectionFromProto(export *repo.Export, req exportRequest, project *repo.Project) error {
	zone, err := loadZone("time_zone", cmp.Or(req.GetTimeZone(), project.TimeZone))
	if err != nil {
		return err
	}
	if req.GetTimes() != nil || req.GetDays() != nil {
		if export.Since, export.Until, err = rangeFromProto(req, zone); err != nil {
			return err
		}
	}
	if export.Question.Filter, err = filterFromProto(req.GetFilter()); err != nil {
		return err
	}
	export.Question.Bots = botsFromProto(req.GetBots())
	_, err = report.EventCondition(project.ID, export.Selection().Query) // before anything is sent
	return err
}

// exportQuestion identifies what is asked, wherever it goes on.
func exportQuestion(req *microtrackerv1.ExportEventsRequest) string {
	question := proto.CloneOf(req)
	question.Cursor = ""
	// A message that was received marshals.
	encoded, _ := proto.MarshalOptions{Deterministic: true}.Marshal(question)
	sum := sha256.Sum256(encoded)
	return "export " + hex.EncodeToString(sum[:])
}
