package server

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect/v2"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/enrich"
	"github.com/microtracker/microtracker/server/jobs"
	"github.com/microtracker/microtracker/server/limit"
	"github.com/microtracker/microtracker/server/tasks"
)

// mailVerification has the link mailed that proves the account's address.
func (s *Server) mailVerification(ctx context.Context, user *repo.User) error {
	kind := tasks.MailVerification()
	_, err := jobs.Enqueue(ctx, s.config.Store, kind, tasks.Address{Email: user.Email}, tasks.OncePerAddress(kind, user.Email))
	return err
}

func (s authServer) VerifyEmail(ctx context.Context, req *microtrackerv1.VerifyEmailRequest) (*microtrackerv1.VerifyEmailResponse, error) {
	now := s.config.Now()
	token, err := s.config.Store.TakeEmailVerificationToken(ctx, tasks.LinkTokenHash(req.GetToken()), now.Add(-tasks.VerificationLife))
	if errors.Is(err, repo.ErrNotFound) {
		return nil, failLink("ask for a new one in the dashboard")
	}
	if err != nil {
		return nil, err
	}
	if err := s.config.Store.VerifyUserEmail(ctx, token.Email, now); err != nil {
		return nil, err
	}
	return &microtrackerv1.VerifyEmailResponse{}, nil
}

func (s authServer) ResendVerification(ctx context.Context, _ *microtrackerv1.ResendVerificationRequest) (*microtrackerv1.ResendVerificationResponse, error) {
	user := callerFrom(ctx).User
	if !user.EmailVerifiedAt.IsZero() {
		return &microtrackerv1.ResendVerificationResponse{}, nil
	}
	if err := s.limiter.Allow(ctx, limit.MailPerAccount, "verify "+user.Email); err != nil {
		return nil, err
	}
	if err := s.mailVerification(ctx, user); err != nil {
		return nil, err
	}
	return &microtrackerv1.ResendVerificationResponse{}, nil
}

func (s authServer) RequestPasswordReset(ctx context.Context, req *microtrackerv1.RequestPasswordResetRequest) (*microtrackerv1.RequestPasswordResetResponse, error) {
	if err := s.limiter.Allow(ctx, limit.ResetPerAddress, limit.Address(requestFrom(ctx).ClientIP)); err != nil {
		return nil, err
	}
	email := canonicalEmail(req.GetEmail())
	// At most one a minute to an address, whether it has an account or not: that is found out by a job, so that neither the
	// answer nor its time tells.
	var exceeded *limit.Exceeded
	if err := s.limiter.Allow(ctx, limit.MailPerAccount, "reset "+email); errors.As(err, &exceeded) {
		return &microtrackerv1.RequestPasswordResetResponse{}, nil // one is on its way
	} else if err != nil {
		return nil, err
	}
	kind := tasks.MailReset()
	if _, err := jobs.Enqueue(ctx, s.config.Store, kind, tasks.Address{Email: email}, tasks.OncePerAddress(kind, email)); err != nil {
		return nil, err
	}
	return &microtrackerv1.RequestPasswordResetResponse{}, nil
}

func (s authServer) ResetPassword(ctx context.Context, req *microtrackerv1.ResetPasswordRequest) (*microtrackerv1.ResetPasswordResponse, error) {
	if err := s.limiter.Allow(ctx, limit.ResetPerAddress, limit.Address(requestFrom(ctx).ClientIP)); err != nil {
		return nil, err
	}
	now := s.config.Now()
	user, err := s.takeReset(ctx, tasks.LinkTokenHash(req.GetToken()), req.GetNewPassword(), now.Add(-tasks.ResetLife))
	if errors.Is(err, repo.ErrNotFound) {
		return nil, failLink("ask for a new one")
	}
	if err != nil {
		return nil, err
	}
	if err := s.setPassword(ctx, user, req.GetNewPassword()); err != nil {
		return nil, err
	}
	// Whoever can follow the link reads the address's mail.
	if err := s.config.Store.VerifyUserEmail(ctx, user.Email, now); err != nil {
		return nil, err
	}
	if err := s.config.Store.DeleteOtherSessions(ctx, user.ID, ""); err != nil {
		return nil, err
	}
	return &microtrackerv1.ResetPasswordResponse{}, s.mailPasswordChanged(ctx, user)
}

// takeReset uses a reset token up and returns its account. A password that is refused leaves the token, for another try.
func (s *Server) takeReset(ctx context.Context, tokenHash, password string, notBefore time.Time) (*repo.User, error) {
	token, err := s.config.Store.PasswordResetToken(ctx, tokenHash, notBefore)
	if err != nil {
		return nil, err
	}
	user, err := s.config.Store.UserByEmail(ctx, token.Email)
	if err != nil {
		return nil, err
	}
	if err := refuseCommon("new_password", password, user.Email, user.Name); err != nil {
		return nil, err
	}
	// Of two at the same time, one takes it.
	if _, err := s.config.Store.TakePasswordResetToken(ctx, tokenHash, notBefore); err != nil {
		return nil, err
	}
	return user, nil
}

func (s *Server) mailPasswordChanged(ctx context.Context, user *repo.User) error {
	_, err := jobs.Enqueue(ctx, s.config.Store, tasks.MailPasswordChanged(), s.notice(ctx, user), jobs.Options{})
	return err
}

// notice is about what the call does to the account.
func (s *Server) notice(ctx context.Context, user *repo.User) tasks.Notice {
	return tasks.Notice{Email: user.Email, At: s.config.Now(), IP: addressText(ctx), Device: deviceOfCall(ctx)}
}

// mailNewSignIn tells the owner of a sign-in with a browser that he has no session with.
func (s *Server) mailNewSignIn(ctx context.Context, user *repo.User) error {
	now := s.config.Now()
	sessions, err := s.config.Store.Sessions(ctx, user.ID, now.Add(-rememberedIdle), repo.Page[repo.SessionCursor]{Limit: 100})
	if err != nil {
		return err
	}
	device := deviceOfCall(ctx)
	for _, session := range sessions {
		if deviceText(session.UserAgent) == device {
			return nil
		}
	}
	_, err = jobs.Enqueue(ctx, s.config.Store, tasks.MailNewSignIn(), s.notice(ctx, user), jobs.Options{})
	return err
}

func deviceOfCall(ctx context.Context) string {
	info, _ := connect.CallInfoForServerContext(ctx)
	return deviceText(info.RequestHeader().Get("User-Agent"))
}

// deviceText says in words what a user agent stands for, such as "Firefox on Linux".
func deviceText(userAgent string) string {
	device := enrich.ParseUserAgent(userAgent)
	switch {
	case device.Browser != "" && device.OS != "":
		return device.Browser + " on " + device.OS
	case device.Browser != "":
		return device.Browser
	case device.OS != "":
		return "A program on " + device.OS
	default:
		return "An unknown program"
	}
}
