package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/enrich"
	"github.com/microtracker/microtracker/server/identity"
)

// authServer serves AuthService.
type authServer struct{ *Server }

func (s authServer) Register(ctx context.Context, req *microtrackerv1.RegisterRequest) (*microtrackerv1.RegisterResponse, error) {
	if s.config.RegistrationClosed {
		return nil, fail(connect.CodePermissionDenied, microtrackerv1.ErrorReason_ERROR_REASON_REGISTRATION_CLOSED,
			"registration is closed here: ask the operator for an account")
	}
	user, err := s.CreateUser(ctx, req.GetName(), req.GetEmail(), req.GetPassword())
	if errors.Is(err, repo.ErrConflict) {
		return nil, fail(connect.CodeAlreadyExists, microtrackerv1.ErrorReason_ERROR_REASON_EMAIL_TAKEN,
			"email: an account with this address exists; log in instead")
	}
	if err != nil {
		return nil, err
	}
	if err := s.startSession(ctx, user); err != nil {
		return nil, err
	}
	return &microtrackerv1.RegisterResponse{User: userToProto(user)}, nil
}

// CreateUser opens an account. repo.ErrConflict when the address is taken.
func (s *Server) CreateUser(ctx context.Context, name, email, password string) (*repo.User, error) {
	hash, err := s.config.Passwords.Hash(ctx, password)
	if err != nil {
		return nil, fmt.Errorf("hash the password: %w", err)
	}
	now := s.config.Now()
	user := &repo.User{Name: name, Email: canonicalEmail(email), Password: hash, CreatedAt: now, UpdatedAt: now}
	if err := s.config.Store.CreateUser(ctx, user); err != nil {
		return nil, err
	}
	return user, nil
}

func (s authServer) Login(ctx context.Context, req *microtrackerv1.LoginRequest) (*microtrackerv1.LoginResponse, error) {
	user, err := s.checkPassword(ctx, req.GetEmail(), req.GetPassword())
	if err != nil {
		return nil, err
	}
	if err := s.startSession(ctx, user); err != nil {
		return nil, err
	}
	return &microtrackerv1.LoginResponse{User: userToProto(user)}, nil
}

// checkPassword takes as long for an unknown address as for a wrong password, and answers the same.
func (s authServer) checkPassword(ctx context.Context, email, password string) (*repo.User, error) {
	wrong := fail(connect.CodeUnauthenticated, microtrackerv1.ErrorReason_ERROR_REASON_LOGIN_FAILED,
		"e-mail and password do not match: check both")
	user, err := s.config.Store.UserByEmail(ctx, canonicalEmail(email))
	if errors.Is(err, repo.ErrNotFound) {
		if err := s.config.Passwords.VerifyNothing(ctx, password); err != nil {
			return nil, err
		}
		return nil, wrong
	}
	if err != nil {
		return nil, err
	}
	ok, rehash, err := s.config.Passwords.Verify(ctx, password, user.Password)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, wrong
	}
	if rehash {
		hash, err := s.config.Passwords.Hash(ctx, password)
		if err != nil {
			return nil, err
		}
		if err := s.config.Store.SetPassword(ctx, user.ID, hash, s.config.Now()); err != nil {
			return nil, err
		}
	}
	return user, nil
}

// startSession makes a new web session, whatever came with the request, and puts its cookie into the response.
func (s *Server) startSession(ctx context.Context, user *repo.User) error {
	info, _ := connect.CallInfoForServerContext(ctx)
	now := s.config.Now()
	payload, err := json.Marshal(map[string]any{"created_at": now.UTC().Format(time.RFC3339)})
	if err != nil {
		return fmt.Errorf("encode the session: %w", err)
	}
	value, id := identity.NewSessionToken()
	session := &repo.Session{
		ID: id, UserID: user.ID, Payload: string(payload), LastActivity: now.Unix(),
		UserAgent: enrich.FixText(info.RequestHeader().Get("User-Agent"), 512),
	}
	if ip := requestFrom(ctx).ClientIP; ip.IsValid() {
		session.IPAddress = ip.String()
	}
	if err := s.config.Store.CreateSession(ctx, session); err != nil {
		return err
	}
	setSessionCookie(ctx, value)
	return nil
}

func (s authServer) Logout(ctx context.Context, _ *microtrackerv1.LogoutRequest) (*microtrackerv1.LogoutResponse, error) {
	info, _ := connect.CallInfoForServerContext(ctx)
	if id, ok := sessionID(info); ok {
		if err := s.config.Store.DeleteSession(ctx, id); err != nil {
			return nil, err
		}
	}
	setSessionCookie(ctx, "")
	return &microtrackerv1.LogoutResponse{}, nil
}

func (s authServer) GetCurrentUser(ctx context.Context, _ *microtrackerv1.GetCurrentUserRequest) (*microtrackerv1.GetCurrentUserResponse, error) {
	return &microtrackerv1.GetCurrentUserResponse{User: userToProto(callerFrom(ctx).User)}, nil
}

// canonicalEmail is the form in which addresses are stored and compared.
func canonicalEmail(email string) string {
	return strings.ToLower(strings.TrimSpace(email))
}

func userToProto(user *repo.User) *microtrackerv1.User {
	return &microtrackerv1.User{Id: user.ID, Name: user.Name, Email: user.Email, CreateTime: timeToProto(user.CreatedAt)}
}

// timeToProto returns nil for the zero time.
func timeToProto(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
