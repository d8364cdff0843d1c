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
	"github.com/microtracker/microtracker/server/limit"
)

// authServer serves AuthService.
type authServer struct{ *Server }

func (s authServer) Register(ctx context.Context, req *microtrackerv1.RegisterRequest) (*microtrackerv1.RegisterResponse, error) {
	if s.config.RegistrationClosed {
		return nil, fail(connect.CodePermissionDenied, microtrackerv1.ErrorReason_ERROR_REASON_REGISTRATION_CLOSED,
			"registration is closed here: ask the operator for an account")
	}
	if err := s.limiter.Allow(ctx, limit.RegisterPerAddress, limit.Address(requestFrom(ctx).ClientIP)); err != nil {
		return nil, err
	}
	if err := refuseCommon("password", req.GetPassword(), req.GetEmail(), req.GetName()); err != nil {
		return nil, err
	}
	account := repo.User{Name: req.GetName(), Email: req.GetEmail(), CreatedAt: s.config.Now()}
	user, err := CreateUser(ctx, s.config.Store, s.config.Passwords, account, req.GetPassword())
	if errors.Is(err, repo.ErrConflict) {
		return nil, fail(connect.CodeAlreadyExists, microtrackerv1.ErrorReason_ERROR_REASON_EMAIL_TAKEN,
			"email: an account with this address exists; log in instead")
	}
	if err != nil {
		return nil, err
	}
	if err := s.mailVerification(ctx, user); err != nil {
		return nil, err
	}
	if err := s.startSession(ctx, user, false); err != nil {
		return nil, err
	}
	return &microtrackerv1.RegisterResponse{User: userToProto(user)}, nil
}

// CreateUser opens an account with a password. repo.ErrConflict when the address is taken.
func CreateUser(ctx context.Context, store *repo.Store, passwords *identity.Passwords, user repo.User, password string) (*repo.User, error) {
	hash, err := passwords.Hash(ctx, password)
	if err != nil {
		return nil, fmt.Errorf("hash the password: %w", err)
	}
	user.Email, user.Password, user.UpdatedAt = canonicalEmail(user.Email), hash, user.CreatedAt
	if err := store.CreateUser(ctx, &user); err != nil {
		return nil, err
	}
	return &user, nil
}

func (s authServer) Login(ctx context.Context, req *microtrackerv1.LoginRequest) (*microtrackerv1.LoginResponse, error) {
	email := canonicalEmail(req.GetEmail())
	if err := s.limiter.Allow(ctx, limit.LoginPerAddress, limit.Address(requestFrom(ctx).ClientIP)); err != nil {
		return nil, err
	}
	if err := s.limiter.Allow(ctx, limit.LoginPerAccount, limit.Account(email)); err != nil {
		return nil, err
	}
	user, err := s.checkPassword(ctx, email, req.GetPassword())
	if err != nil {
		return nil, err
	}
	if !user.DisabledAt.IsZero() {
		return nil, fail(connect.CodePermissionDenied, microtrackerv1.ErrorReason_ERROR_REASON_ACCOUNT_DISABLED,
			"the operator has disabled this account: ask him")
	}
	// Who knows the password was not guessing.
	if err := s.limiter.Reset(ctx, limit.LoginPerAccount, limit.Account(email)); err != nil {
		return nil, err
	}
	if err := s.mailNewSignIn(ctx, user); err != nil {
		return nil, err
	}
	if err := s.startSession(ctx, user, req.GetRemember()); err != nil {
		return nil, err
	}
	return &microtrackerv1.LoginResponse{User: userToProto(user)}, nil
}

// checkPassword takes as long for an unknown address as for a wrong password, and answers the same.
func (s authServer) checkPassword(ctx context.Context, email, password string) (*repo.User, error) {
	wrong := fail(connect.CodeUnauthenticated, microtrackerv1.ErrorReason_ERROR_REASON_LOGIN_FAILED,
		"e-mail and password do not match: check both")
	user, err := s.config.Store.UserByEmail(ctx, email)
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
	if err != nil && !errors.Is(err, identity.ErrUnsupportedHash) {
		return nil, err
	}
	if !ok {
		return nil, wrong // also where the stored hash is none that we read: a reset helps
	}
	if rehash {
		// What the former application hashed with bcrypt, or what was cheaper then.
		if err := s.setPassword(ctx, user, password); err != nil {
			return nil, err
		}
	}
	return user, nil
}

// confirm checks the password of somebody who is signed in. At most as often as he might log in.
func (s authServer) confirm(ctx context.Context, user *repo.User, field, password string) error {
	if err := s.limiter.Allow(ctx, limit.LoginPerAccount, limit.Account(user.Email)); err != nil {
		return err
	}
	ok, _, err := s.config.Passwords.Verify(ctx, password, user.Password)
	if err != nil && !errors.Is(err, identity.ErrUnsupportedHash) {
		return err
	}
	if !ok {
		return failConfirmation(field, "it is not your password")
	}
	return nil
}

func (s *Server) setPassword(ctx context.Context, user *repo.User, password string) error {
	hash, err := s.config.Passwords.Hash(ctx, password)
	if err != nil {
		return fmt.Errorf("hash the password: %w", err)
	}
	return s.config.Store.SetPassword(ctx, user.ID, hash, s.config.Now())
}

// startSession makes a new web session, whatever came with the request, and puts its cookie into the response.
func (s *Server) startSession(ctx context.Context, user *repo.User, remember bool) error {
	info, _ := connect.CallInfoForServerContext(ctx)
	now := s.config.Now()
	payload, err := json.Marshal(sessionPayload{CreatedAt: now, Remember: remember})
	if err != nil {
		return fmt.Errorf("encode the session: %w", err)
	}
	value, id := identity.NewSessionToken()
	session := &repo.Session{
		ID: id, UserID: user.ID, Payload: string(payload), LastActivity: now.Unix(), IPAddress: addressText(ctx),
		UserAgent: enrich.FixText(info.RequestHeader().Get("User-Agent"), maxUserAgent),
	}
	if err := s.config.Store.CreateSession(ctx, session); err != nil {
		return err
	}
	if former, ok := sessionID(info); ok {
		// The browser forgets it now; nobody else shall remember it.
		if err := s.config.Store.DeleteSession(ctx, former); err != nil {
			return err
		}
	}
	setSessionCookie(ctx, value, remember)
	return nil
}

func (s authServer) Logout(ctx context.Context, _ *microtrackerv1.LogoutRequest) (*microtrackerv1.LogoutResponse, error) {
	info, _ := connect.CallInfoForServerContext(ctx)
	if id, ok := sessionID(info); ok {
		if err := s.config.Store.DeleteSession(ctx, id); err != nil {
			return nil, err
		}
	}
	clearSessionCookie(ctx)
	return &microtrackerv1.LogoutResponse{}, nil
}

func (s authServer) GetCurrentUser(ctx context.Context, _ *microtrackerv1.GetCurrentUserRequest) (*microtrackerv1.GetCurrentUserResponse, error) {
	return &microtrackerv1.GetCurrentUserResponse{User: userToProto(callerFrom(ctx).User)}, nil
}

func (s authServer) UpdateCurrentUser(ctx context.Context, req *microtrackerv1.UpdateCurrentUserRequest) (*microtrackerv1.UpdateCurrentUserResponse, error) {
	user := *callerFrom(ctx).User
	user.Name = req.GetName()
	if err := s.config.Store.SetUserName(ctx, user.ID, user.Name, s.config.Now()); err != nil {
		return nil, err
	}
	return &microtrackerv1.UpdateCurrentUserResponse{User: userToProto(&user)}, nil
}

func (s authServer) ChangePassword(ctx context.Context, req *microtrackerv1.ChangePasswordRequest) (*microtrackerv1.ChangePasswordResponse, error) {
	who := callerFrom(ctx)
	if err := s.confirm(ctx, who.User, "current_password", req.GetCurrentPassword()); err != nil {
		return nil, err
	}
	if err := refuseCommon("new_password", req.GetNewPassword(), who.User.Email, who.User.Name); err != nil {
		return nil, err
	}
	if err := s.setPassword(ctx, who.User, req.GetNewPassword()); err != nil {
		return nil, err
	}
	keep := ""
	if who.Session != nil {
		keep = who.Session.ID
	}
	if err := s.config.Store.DeleteOtherSessions(ctx, who.User.ID, keep); err != nil {
		return nil, err
	}
	return &microtrackerv1.ChangePasswordResponse{}, s.mailPasswordChanged(ctx, who.User)
}

func (s authServer) DeleteAccount(ctx context.Context, req *microtrackerv1.DeleteAccountRequest) (*microtrackerv1.DeleteAccountResponse, error) {
	who := callerFrom(ctx)
	if err := s.confirm(ctx, who.User, "password", req.GetPassword()); err != nil {
		return nil, err
	}
	if err := s.config.Store.DeleteUser(ctx, who.User); err != nil {
		return nil, err
	}
	clearSessionCookie(ctx)
	return &microtrackerv1.DeleteAccountResponse{}, nil
}

// refuseCommon refuses passwords that everybody tries first, and those that the account itself gives away.
func refuseCommon(field, password, email, name string) error {
	if !identity.IsCommonPassword(password) && !identity.IsGuessable(password, canonicalEmail(email), name) {
		return nil
	}
	return withReason(withViolation(connect.CodeInvalidArgument, field, "it is one of the passwords that are tried first; choose another"),
		microtrackerv1.ErrorReason_ERROR_REASON_PASSWORD_TOO_COMMON, nil)
}

// canonicalEmail is the form in which addresses are stored and compared.
func canonicalEmail(email string) string {
	return strings.ToLower(strings.TrimSpace(email))
}

func userToProto(user *repo.User) *microtrackerv1.User {
	return &microtrackerv1.User{
		Id: user.ID, Name: user.Name, Email: user.Email, CreateTime: timeToProto(user.CreatedAt),
		EmailVerified: !user.EmailVerifiedAt.IsZero(), IsOperator: user.IsOperator,
	}
}

// timeToProto returns nil for the zero time.
func timeToProto(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
