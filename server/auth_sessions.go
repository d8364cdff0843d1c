package server

import (
	"context"
	"strings"
	"time"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
)

func (s authServer) ListSessions(ctx context.Context, req *microtrackerv1.ListSessionsRequest) (*microtrackerv1.ListSessionsResponse, error) {
	page, err := afterPage(req, sessionCursor)
	if err != nil {
		return nil, err
	}
	who, now := callerFrom(ctx), s.config.Now()
	sessions, err := s.config.Store.Sessions(ctx, who.User.ID, now.Add(-rememberedIdle), page)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListSessionsResponse{}
	sessions, res.NextPageToken = cutPage(req, sessions, func(session *repo.Session) string {
		return idText(session.LastActivity) + " " + session.ID
	})
	for i := range sessions {
		session := &sessions[i]
		lastActivity, payload := time.Unix(session.LastActivity, 0), payloadOf(session)
		if now.Sub(lastActivity) > payload.idle() {
			continue // no longer living, and not yet cleared away
		}
		res.Sessions = append(res.Sessions, &microtrackerv1.Session{
			SessionId: session.ID, IpAddress: session.IPAddress, Device: deviceText(session.UserAgent),
			LastActivity: timeToProto(lastActivity), CreateTime: timeToProto(payload.CreatedAt),
			Current: who.Session != nil && who.Session.ID == session.ID,
		})
	}
	return res, nil
}

// sessionCursor reads what ListSessions put into a page token.
func sessionCursor(after string) repo.SessionCursor {
	activity, id, _ := strings.Cut(after, " ")
	return repo.SessionCursor{LastActivity: idFromText(activity), ID: id}
}

func (s authServer) RevokeSession(ctx context.Context, req *microtrackerv1.RevokeSessionRequest) (*microtrackerv1.RevokeSessionResponse, error) {
	who := callerFrom(ctx)
	if req.GetAllOthers() {
		keep := ""
		if who.Session != nil {
			keep = who.Session.ID
		}
		if err := s.config.Store.DeleteOtherSessions(ctx, who.User.ID, keep); err != nil {
			return nil, err
		}
		return &microtrackerv1.RevokeSessionResponse{}, nil
	}
	if err := s.config.Store.DeleteUserSession(ctx, who.User.ID, req.GetSessionId()); err != nil {
		return nil, err
	}
	return &microtrackerv1.RevokeSessionResponse{}, nil
}
