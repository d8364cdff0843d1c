package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/identity"
)

// caller is who makes the call, once a credential has proven it.
type caller struct {
	User *repo.User
	// Session is the web session that the call came with, nil for a token.
	Session *repo.Session
}

type callerKey struct{}

// callerFrom returns who makes the call. Only RPCs for users have one.
func callerFrom(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// accessOf returns the rule that the RPC declares in its proto, nil if it declares none.
func accessOf(method protoreflect.MethodDescriptor) *microtrackerv1.Access {
	access, _ := proto.GetExtension(method.Options(), microtrackerv1.E_Access).(*microtrackerv1.Access)
	if access.GetRule() == nil {
		return nil
	}
	return access
}

// accessInterceptor refuses every call that its RPC's access option does not allow, before the payload is read. What
// has no rule is denied. Whether a user holds a role in a project is decided where the project is opened.
func (s *Server) accessInterceptor(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		if strings.HasPrefix(spec.Procedure, "/grpc.reflection.") {
			return next(ctx, spec, stream) // tells the schema, which is public
		}
		method, ok := spec.Schema.(protoreflect.MethodDescriptor)
		if !ok {
			return next(ctx, spec, stream) // an unknown procedure: there is nothing to call
		}
		access := accessOf(method)
		switch {
		case access == nil:
			return fmt.Errorf("%s declares no access", spec.Procedure)
		case access.GetAudience() == microtrackerv1.Audience_AUDIENCE_ANYONE,
			access.GetAudience() == microtrackerv1.Audience_AUDIENCE_PROJECT_KEY:
			return next(ctx, spec, stream)
		case access.GetAudience() == microtrackerv1.Audience_AUDIENCE_USER,
			access.GetProjectRole() == microtrackerv1.ProjectRole_PROJECT_ROLE_OWNER:
			who, err := s.authenticate(ctx)
			if err != nil {
				return err
			}
			return next(context.WithValue(ctx, callerKey{}, who), spec, stream)
		default:
			return fmt.Errorf("%s declares an access that is not known here: %v", spec.Procedure, access)
		}
	}
}

// authenticate proves who makes the call: by a bearer token if there is one, else by the session cookie.
func (s *Server) authenticate(ctx context.Context) (caller, error) {
	info, _ := connect.CallInfoForServerContext(ctx)
	now := s.config.Now()
	var who caller
	var err error
	if header := info.RequestHeader().Get("Authorization"); header != "" {
		who, err = s.authenticateToken(ctx, header, now)
	} else {
		who, err = s.authenticateSession(ctx, info, now)
	}
	if errors.Is(err, repo.ErrNotFound) {
		return caller{}, fail(connect.CodeUnauthenticated, microtrackerv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED,
			"sign in, or send a valid personal access token as \"Authorization: Bearer …\"")
	}
	return who, err
}

// authenticateToken returns repo.ErrNotFound for whatever is not a living token.
func (s *Server) authenticateToken(ctx context.Context, header string, now time.Time) (caller, error) {
	scheme, credential, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return caller{}, repo.ErrNotFound
	}
	secret, err := identity.Parse(identity.PersonalAccessToken, strings.TrimSpace(credential))
	if err != nil {
		return caller{}, repo.ErrNotFound
	}
	user, token, err := s.config.Store.TokenUser(ctx, secret.SHA256(), now)
	if err != nil {
		return caller{}, err
	}
	if now.Sub(token.LastUsedAt) > time.Minute {
		if err := s.config.Store.TouchToken(ctx, token.ID, now); err != nil {
			return caller{}, err
		}
	}
	return caller{User: user}, nil
}

// authenticateSession returns repo.ErrNotFound without a living session.
func (s *Server) authenticateSession(ctx context.Context, info *connect.CallInfo, now time.Time) (caller, error) {
	id, ok := sessionID(info)
	if !ok {
		return caller{}, repo.ErrNotFound
	}
	user, session, err := s.config.Store.SessionUser(ctx, id, now.Add(-sessionIdle))
	if err != nil {
		return caller{}, err
	}
	if now.Unix()-session.LastActivity > 60 {
		if err := s.config.Store.TouchSession(ctx, id, now); err != nil {
			return caller{}, err
		}
	}
	return caller{User: user, Session: session}, nil
}

// openProject opens the project for the caller: strangers and users without a role there get repo.ErrNotFound.
func (s *Server) openProject(ctx context.Context, id int64) (*repo.Project, error) {
	return s.config.Store.OpenProject(ctx, repo.Caller{UserID: callerFrom(ctx).User.ID}, id)
}

// sameOrigin refuses calls that a foreign page makes with the visitor's cookie. Calls without the cookie, or with a
// token, carry nothing that a foreign page could abuse.
func (s *Server) sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hasSessionCookie(r) && r.Header.Get("Authorization") == "" {
			if err := protection.Check(r); err != nil {
				s.writeError(w, r, fail(connect.CodePermissionDenied, microtrackerv1.ErrorReason_ERROR_REASON_CROSS_ORIGIN,
					"the session cookie works on the dashboard's own origin only: use a personal access token elsewhere"))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
