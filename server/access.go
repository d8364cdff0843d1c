package server

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
)

// accessOf returns the rule that the RPC declares in its proto, nil if it declares none.
func accessOf(method protoreflect.MethodDescriptor) *microtrackerv1.Access {
	access, _ := proto.GetExtension(method.Options(), microtrackerv1.E_Access).(*microtrackerv1.Access)
	if access.GetRule() == nil {
		return nil
	}
	return access
}

// accessInterceptor refuses every call that its RPC's access option does not allow, before the payload is read. What
// has no rule is denied. Whether the caller holds a role in a project is decided where the project is opened.
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
		if access == nil {
			return fmt.Errorf("%s declares no access", spec.Procedure)
		}
		switch access.GetAudience() {
		case microtrackerv1.Audience_AUDIENCE_ANYONE:
			return next(ctx, spec, stream)
		case microtrackerv1.Audience_AUDIENCE_PROJECT_KEY:
			if info, _ := connect.CallInfoForServerContext(ctx); info.RequestHeader().Get("Authorization") == "" {
				return next(ctx, spec, stream) // the message names the project by its public key
			}
		case microtrackerv1.Audience_AUDIENCE_USER, microtrackerv1.Audience_AUDIENCE_OPERATOR, microtrackerv1.Audience_AUDIENCE_UNSPECIFIED:
		}
		who, err := s.authenticate(ctx)
		if err != nil {
			return err
		}
		if err := who.mayCall(access); err != nil {
			return err
		}
		who.Instance = reachesInstance(access) && who.User != nil && who.User.IsOperator
		return next(context.WithValue(ctx, callerKey{}, who), spec, stream)
	}
}

// mayCall checks the kind of the credential and what it may do.
func (c caller) mayCall(access *microtrackerv1.Access) error {
	ofUser := access.GetAudience() == microtrackerv1.Audience_AUDIENCE_USER
	ofOperator := access.GetAudience() == microtrackerv1.Audience_AUDIENCE_OPERATOR
	ofKey := access.GetAudience() == microtrackerv1.Audience_AUDIENCE_PROJECT_KEY
	ofProject := access.GetProjectRole() == microtrackerv1.ProjectRole_PROJECT_ROLE_OWNER
	switch {
	case !ofUser && !ofOperator && !ofProject && !ofKey || access.GetScope() == microtrackerv1.Scope_SCOPE_UNSPECIFIED:
		return fmt.Errorf("an access that is not known here: %v", access)
	case ofKey && c.ProjectID == 0:
		return fail(connect.CodePermissionDenied, microtrackerv1.ErrorReason_ERROR_REASON_SCOPE_MISSING,
			"this is for projects: send an API key or the project's secret key, or none and the public key in the message")
	case c.User == nil && (ofUser || ofOperator || !forKeys(access.GetScope())):
		return fail(connect.CodePermissionDenied, microtrackerv1.ErrorReason_ERROR_REASON_SCOPE_MISSING,
			"this is for users: sign in, or use a personal access token instead of a project's key")
	case c.Session == nil && !allows(c.Scopes, access.GetScope()):
		return fail(connect.CodePermissionDenied, microtrackerv1.ErrorReason_ERROR_REASON_SCOPE_MISSING,
			"the credential may not do this: it lacks "+scopeText(access.GetScope()))
	case ofOperator && !c.User.IsOperator:
		return failOperator("this is for operators of the whole instance")
	}
	return nil
}

// reachesInstance reports whether an RPC can be about the whole instance.
func reachesInstance(access *microtrackerv1.Access) bool {
	return access.GetOperatorWithoutProject() || access.GetAudience() == microtrackerv1.Audience_AUDIENCE_OPERATOR
}

// openInstance lets operators through, in RPCs that declare that they are for them.
func (s *Server) openInstance(ctx context.Context) error {
	switch who := callerFrom(ctx); {
	case who.Instance:
		return nil
	case who.User == nil:
		return failOperator("project_id 0 is the whole instance, which no project's key opens: set project_id to the key's project")
	default:
		return failOperator("project_id 0 is the whole instance, which is for its operators: set project_id to a project of yours")
	}
}

func failOperator(what string) *connect.Error {
	return fail(connect.CodePermissionDenied, microtrackerv1.ErrorReason_ERROR_REASON_OPERATOR_ONLY,
		what+"; whoever runs the server makes an account an operator with: microtracker user operator EMAIL")
}

// openProject opens the project for the caller: strangers, users without a role there and keys of another project get
// repo.ErrNotFound.
func (s *Server) openProject(ctx context.Context, id int64) (*repo.Project, error) {
	who := callerFrom(ctx)
	if who.User == nil {
		return s.config.Store.OpenProject(ctx, repo.Caller{ProjectID: who.ProjectID}, id)
	}
	return s.config.Store.OpenProject(ctx, repo.Caller{UserID: who.User.ID}, id)
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
