package tasks

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/jobs"
	"github.com/microtracker/microtracker/server/mail"
)

const (
	// ResetLife is how long a password reset link works.
	ResetLife = time.Hour
	// VerificationLife is how long an address can be proven by the link that was mailed to it.
	VerificationLife = 7 * 24 * time.Hour
)

// Address names the account that a mail goes to.
type Address struct {
	Email string `json:"email"`
}

// Notice tells an account's owner of something that was done, and from where.
type Notice struct {
	Email string    `json:"email"`
	At    time.Time `json:"at"`
	// IP and Device are of whoever did it.
	IP     string `json:"ip"`
	Device string `json:"device"`
}

func mailKind[A any](name string) jobs.Kind[A] {
	return jobs.Kind[A]{Name: name, Version: 1, Queue: mailQueue, MaxAttempts: 6, Timeout: 2 * time.Minute}
}

// MailVerification mails the link that proves the account's address. Its token is made when it is mailed: whoever reads the
// queue learns none.
func MailVerification() jobs.Kind[Address] { return mailKind[Address]("mail.verification") }

// MailReset mails a link with which a new password can be set, if there is such an account.
func MailReset() jobs.Kind[Address] { return mailKind[Address]("mail.reset") }

// MailPasswordChanged tells that the password is a new one.
func MailPasswordChanged() jobs.Kind[Notice] { return mailKind[Notice]("mail.password_changed") }

// MailNewSignIn tells of a sign-in with a browser that was not known.
func MailNewSignIn() jobs.Kind[Notice] { return mailKind[Notice]("mail.new_sign_in") }

// OncePerAddress keeps a second mail of the kind back while one is on its way.
func OncePerAddress[A any](kind jobs.Kind[A], email string) jobs.Options {
	return jobs.Options{DedupKey: kind.Name + ":" + email}
}

func (w *worker) registerMails(registry *jobs.Registry) {
	jobs.Handle(registry, MailVerification(), w.mailVerification)
	jobs.Handle(registry, MailReset(), w.mailReset)
	jobs.Handle(registry, MailPasswordChanged(), func(ctx context.Context, _ *jobs.Running, n Notice) error {
		return w.toAccount(ctx, n.Email, func(user *repo.User) (mail.Message, error) {
			return mail.PasswordChanged(user.Email, user.Name, n.At, n.IP, n.Device), nil
		})
	})
	jobs.Handle(registry, MailNewSignIn(), func(ctx context.Context, _ *jobs.Running, n Notice) error {
		return w.toAccount(ctx, n.Email, func(user *repo.User) (mail.Message, error) {
			return mail.NewSignIn(user.Email, user.Name, n.At, n.IP, n.Device), nil
		})
	})
}

func (w *worker) mailVerification(ctx context.Context, _ *jobs.Running, to Address) error {
	return w.toAccount(ctx, to.Email, func(user *repo.User) (mail.Message, error) {
		secret, hash := newLinkToken()
		err := w.Store.SaveEmailVerificationToken(ctx, &repo.EmailVerificationToken{Email: user.Email, Token: hash, CreatedAt: w.Now()})
		return mail.VerifyEmail(user.Email, user.Name, w.link("/verify", secret)), err
	})
}

func (w *worker) mailReset(ctx context.Context, _ *jobs.Running, to Address) error {
	return w.toAccount(ctx, to.Email, func(user *repo.User) (mail.Message, error) {
		secret, hash := newLinkToken()
		err := w.Store.SavePasswordResetToken(ctx, &repo.PasswordResetToken{Email: user.Email, Token: hash, CreatedAt: w.Now()})
		return mail.ResetPassword(user.Email, user.Name, w.link("/reset", secret), int(ResetLife.Minutes())), err
	})
}

// toAccount sends a mail if there is an account with the address.
func (w *worker) toAccount(ctx context.Context, email string, write func(user *repo.User) (mail.Message, error)) error {
	user, err := w.Store.UserByEmail(ctx, email)
	if errors.Is(err, repo.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	message, err := write(user)
	if err != nil {
		return err
	}
	logger := w.Logger.With("subject", message.Subject, "to", mail.MaskAddress(message.To))
	if err := w.Sender.Send(ctx, message); err != nil {
		told := mail.WithoutSecrets(err, message)
		if errors.Is(err, mail.ErrPermanent) {
			return jobs.Permanent(told)
		}
		return told
	}
	logger.InfoContext(ctx, "mail sent")
	return nil
}

// newLinkToken returns a secret for a link and the sha-256 that is stored.
func newLinkToken() (secret, hash string) {
	secret = rand.Text()
	return secret, LinkTokenHash(secret)
}

// LinkTokenHash is what is stored of the secret in a mailed link.
func LinkTokenHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// link is the address of a page of the dashboard with a token. It begins with what the operator has set, never with
// what a request says: else a stranger could have a reset link mailed that leads to himself.
func (w *worker) link(path, token string) string {
	return w.HomeURL + path + "?" + url.Values{"token": {token}}.Encode()
}
