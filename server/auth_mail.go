package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"time"

	"connectrpc.com/connect/v2"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/enrich"
	"github.com/microtracker/microtracker/server/limit"
	"github.com/microtracker/microtracker/server/mail"
)

const (
	// resetLife is how long a password reset link works.
	resetLife = time.Hour
	// verificationLife is how long an address can be proven by the link that was mailed to it.
	verificationLife = 7 * 24 * time.Hour
)

// Mailer takes mail to be sent in the background. It never blocks; false means that it is too busy.
type Mailer interface {
	Enqueue(message mail.Message) bool
}

// newLinkToken returns a secret for a link and the sha-256 that is stored.
func newLinkToken() (secret, hash string) {
	secret = rand.Text()
	return secret, linkTokenHash(secret)
}

func linkTokenHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// link is the address of a page of the dashboard with a token. It begins with what the operator has set, never with
// what a request says: else a stranger could have a reset link mailed that leads to himself.
func (s *Server) link(path, token string) string {
	return s.config.HomeURL + path + "?" + url.Values{"token": {token}}.Encode()
}

// mailVerification mails the link that proves the account's address.
func (s *Server) mailVerification(ctx context.Context, user *repo.User) error {
	secret, hash := newLinkToken()
	err := s.config.Store.SaveEmailVerificationToken(ctx, &repo.EmailVerificationToken{Email: user.Email, Token: hash, CreatedAt: s.config.Now()})
	if err != nil {
		return err
	}
	s.config.Mailer.Enqueue(mail.VerifyEmail(user.Email, user.Name, s.link("/verify", secret)))
	return nil
}

func (s authServer) VerifyEmail(ctx context.Context, req *microtrackerv1.VerifyEmailRequest) (*microtrackerv1.VerifyEmailResponse, error) {
	now := s.config.Now()
	token, err := s.config.Store.TakeEmailVerificationToken(ctx, linkTokenHash(req.GetToken()), now.Add(-verificationLife))
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
	// Whether there is an account is found out after the answer, so that its time does not tell.
	accepted := s.background.do(func(ctx context.Context) error { return s.mailReset(ctx, email) })
	if !accepted {
		return nil, fail(connect.CodeResourceExhausted, microtrackerv1.ErrorReason_ERROR_REASON_OVERLOADED,
			"too much is going on: try again in a minute")
	}
	return &microtrackerv1.RequestPasswordResetResponse{}, nil
}

// mailReset mails a reset link if there is an account, at most once a minute.
func (s *Server) mailReset(ctx context.Context, email string) error {
	user, err := s.config.Store.UserByEmail(ctx, email)
	if errors.Is(err, repo.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var exceeded *limit.Exceeded
	if err := s.limiter.Allow(ctx, limit.MailPerAccount, "reset "+email); errors.As(err, &exceeded) {
		return nil // one is on its way
	} else if err != nil {
		return err
	}
	secret, hash := newLinkToken()
	err = s.config.Store.SavePasswordResetToken(ctx, &repo.PasswordResetToken{Email: email, Token: hash, CreatedAt: s.config.Now()})
	if err != nil {
		return err
	}
	s.config.Mailer.Enqueue(mail.ResetPassword(user.Email, user.Name, s.link("/reset", secret), int(resetLife.Minutes())))
	return nil
}

func (s authServer) ResetPassword(ctx context.Context, req *microtrackerv1.ResetPasswordRequest) (*microtrackerv1.ResetPasswordResponse, error) {
	if err := s.limiter.Allow(ctx, limit.ResetPerAddress, limit.Address(requestFrom(ctx).ClientIP)); err != nil {
		return nil, err
	}
	now := s.config.Now()
	user, err := s.takeReset(ctx, linkTokenHash(req.GetToken()), req.GetNewPassword(), now.Add(-resetLife))
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
	s.mailPasswordChanged(ctx, user)
	return &microtrackerv1.ResetPasswordResponse{}, nil
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

func (s *Server) mailPasswordChanged(ctx context.Context, user *repo.User) {
	s.config.Mailer.Enqueue(mail.PasswordChanged(user.Email, user.Name, s.config.Now(), addressText(ctx), deviceOfCall(ctx)))
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
	s.config.Mailer.Enqueue(mail.NewSignIn(user.Email, user.Name, now, addressText(ctx), device))
	return nil
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
