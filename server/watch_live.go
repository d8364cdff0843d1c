package server

import (
	"context"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/server/live"
)

func (s reportingServer) WatchLive(ctx context.Context, req *microtrackerv1.WatchLiveRequest, stream microtrackerv1connect.ReportingServiceWatchLiveServerStream) error {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return err
	}
	recheck := time.NewTicker(s.config.RecheckStreams)
	defer recheck.Stop()
	watcher := s.live.Watch(project) //nolint:contextcheck // the room serves other watchers after this one has gone
	defer watcher.Close()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.stopping:
			return fail(connect.CodeUnavailable, microtrackerv1.ErrorReason_ERROR_REASON_OVERLOADED,
				"the server is being restarted: connect again")
		case <-recheck.C:
			if err := s.mayGoOn(ctx, project.ID); err != nil {
				return err
			}
		case snapshot := <-watcher.C:
			if err := stream.Send(liveToProto(snapshot)); err != nil {
				return err
			}
		}
	}
}

// recheckStreams is how long a stream outlives the credential that opened it at most.
const recheckStreams = 30 * time.Second

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

func liveToProto(snapshot live.Snapshot) *microtrackerv1.WatchLiveResponse {
	res := &microtrackerv1.WatchLiveResponse{
		AsOf: timestamppb.New(snapshot.AsOf), Visitors: snapshot.Visitors, Pageviews: snapshot.Pageviews,
	}
	for _, page := range snapshot.Pages {
		res.Pages = append(res.Pages, &microtrackerv1.LivePage{Path: page.Path, Visitors: page.Visitors})
	}
	return res
}
