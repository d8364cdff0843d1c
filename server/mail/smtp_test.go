package mail_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/microtracker/microtracker/server/mail"
)

const from = "Stats <stats@example.net>"

func sender(t *testing.T, c mail.Config) *mail.SMTP {
	t.Helper()
	c.From = from
	s, err := mail.NewSMTP(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAMailArrivesWhole(t *testing.T) {
	t.Parallel()
	certificate, trusting := selfSigned(t)
	for name, test := range map[string]struct {
		how     listening
		mode    string
		wantTLS bool
		user    string
	}{
		"plain":                       {listening{}, mail.NoTLS, false, ""},
		"plain with a password":       {listening{}, mail.NoTLS, false, "ada"}, // to loopback
		"STARTTLS":                    {listening{starttls: true, certificate: certificate}, mail.StartTLS, true, ""},
		"STARTTLS with a password":    {listening{starttls: true, certificate: certificate}, "", true, "ada"},
		"TLS":                         {listening{implicit: true, certificate: certificate}, mail.ImplicitTLS, true, ""},
		"TLS with a password":         {listening{implicit: true, certificate: certificate}, mail.ImplicitTLS, true, "ada"},
		"none, though STARTTLS is on": {listening{starttls: true, certificate: certificate}, mail.NoTLS, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var server catcher
			config := mail.Config{TLS: test.mode, TLSConfig: trusting}
			if test.user != "" {
				server.password = "secret"
				config.Username, config.Password = test.user, "secret"
			}
			server.start(t, test.how)
			config.Host, config.Port = server.host, server.port
			m := mail.ResetPassword(recipient, "Zoë", link, 60)
			if err := sender(t, config).Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			got := <-server.mails
			if got.from != "stats@example.net" || got.to != recipient || got.tls != test.wantTLS || got.user != test.user {
				t.Errorf("envelope: from %q to %q, TLS %v, user %q", got.from, got.to, got.tls, got.user)
			}
			expect(t, got.raw, m)
		})
	}
}

func TestNothingIsSentWithoutTheTLSAskedFor(t *testing.T) {
	t.Parallel()
	certificate, trusting := selfSigned(t)
	for name, test := range map[string]struct {
		how    listening
		config mail.Config
	}{
		"no STARTTLS offered": {listening{}, mail.Config{TLSConfig: trusting}},
		"unknown issuer":      {listening{starttls: true, certificate: certificate}, mail.Config{}},
		"unknown issuer, TLS": {listening{implicit: true, certificate: certificate}, mail.Config{TLS: mail.ImplicitTLS}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := catcher{password: "secret"}
			server.start(t, test.how)
			test.config.Host, test.config.Port = server.host, server.port
			test.config.Username, test.config.Password = "ada", "secret"
			err := sender(t, test.config).Send(t.Context(), mail.VerifyEmail(recipient, "Ada", link))
			if err == nil || errors.Is(err, mail.ErrPermanent) {
				t.Errorf("err = %v, want one that may pass", err)
			}
			if len(server.mails) > 0 {
				t.Error("the mail was sent all the same")
			}
		})
	}
}

func TestARefusalSaysWhetherToTryAgainAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	echo := func(code int) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: recipient + " " + link}
	}
	for name, test := range map[string]struct {
		server    catcher
		password  string
		permanent bool
		want      string
	}{
		"unknown recipient": {catcher{rcptError: echo(550)}, "", true, "550 5.1.1"},
		"greylisted":        {catcher{rcptError: echo(451)}, "", false, "451 4.1.1"},
		"content refused":   {catcher{dataError: echo(554)}, "", true, "554 5.1.1"},
		"wrong password":    {catcher{password: "right"}, "wrong-one", true, "535 5.7.8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := test.server
			server.start(t, listening{})
			config := mail.Config{Host: server.host, Port: server.port, TLS: mail.NoTLS, Password: test.password}
			if test.password != "" {
				config.Username = "ada"
			}
			err := sender(t, config).Send(t.Context(), mail.ResetPassword(recipient, "Ada", link, 60))
			if err == nil || errors.Is(err, mail.ErrPermanent) != test.permanent || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("err = %v, want %s, permanent: %v", err, test.want, test.permanent)
			}
			for _, secret := range []string{recipient, "token", "wrong-one"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%v repeats %q", err, secret)
				}
			}
		})
	}
}

func TestAReceiptCountsThoughTheServerHangsUp(t *testing.T) {
	t.Parallel()
	server := catcher{hangUp: true}
	server.start(t, listening{})
	s := sender(t, mail.Config{Host: server.host, Port: server.port, TLS: mail.NoTLS})
	if err := s.Send(t.Context(), mail.VerifyEmail(recipient, "Ada", link)); err != nil {
		t.Errorf("%v: it would be sent twice", err)
	}
	<-server.mails
}

func TestAMailSentTwiceIsRecognisable(t *testing.T) {
	t.Parallel()
	var server catcher
	server.start(t, listening{})
	s := sender(t, mail.Config{Host: server.host, Port: server.port, TLS: mail.NoTLS})
	ids := map[string]int{}
	for _, m := range []mail.Message{
		mail.VerifyEmail(recipient, "Ada", link), mail.VerifyEmail(recipient, "Ada", link), mail.VerifyEmail(recipient, "Ada", link+"2"),
	} {
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		id := parse(t, (<-server.mails).raw).header.Get("Message-Id")
		if !strings.HasSuffix(id, "@example.net>") {
			t.Errorf("%s is not of the sender's domain", id)
		}
		ids[id]++
	}
	if len(ids) != 2 {
		t.Errorf("%d ids for two mails, one of them sent twice", len(ids))
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	t.Parallel()
	var server catcher
	server.start(t, listening{})
	s := sender(t, mail.Config{Host: server.host, Port: server.port, TLS: mail.NoTLS})
	m := mail.VerifyEmail(recipient, "Ada", link)
	m.Subject = "Hello\r\nBcc: b@evil.example\r\n\r\n\u202eevil"
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	header := parse(t, (<-server.mails).raw).header
	if header.Get("Bcc") != "" || header.Get("Subject") != "Hello  Bcc: b@evil.example    evil" {
		t.Errorf("header is %q", header)
	}
}

func TestOnlyAPlainAddressIsARecipient(t *testing.T) {
	t.Parallel()
	outbox, err := mail.NewOutbox(t.TempDir()+"/outbox", func(path string, m mail.Message) { t.Errorf("%q was written to", m.To) })
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{
		"", "ada", "Ada <ada@example.com>", "<ada@example.com>", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example",
		`"a@evil.example> x"@b.example`, "a b@example.com", " ada@example.com",
	} {
		err := outbox.Send(t.Context(), mail.VerifyEmail(to, "Ada", link))
		if !errors.Is(err, mail.ErrPermanent) {
			t.Errorf("%q: err = %v, want ErrPermanent", to, err)
		}
	}
}

func TestASilentServerHoldsNobodyPastTheContext(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	hungUp := make(chan error, 1)
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			hungUp <- err
			return
		}
		defer connection.Close()
		cancel() // While the client waits for a greeting.
		_, err = connection.Read(make([]byte, 1))
		hungUp <- err
	}()
	s := sender(t, mail.Config{Host: "127.0.0.1", Port: portOf(t, listener), TLS: mail.NoTLS})
	if err := s.Send(ctx, mail.VerifyEmail(recipient, "Ada", link)); err == nil || errors.Is(err, mail.ErrPermanent) {
		t.Errorf("err = %v", err)
	}
	if err := <-hungUp; err == nil {
		t.Error("the connection was left open")
	}
}

func TestAConfigurationIsRefused(t *testing.T) {
	t.Parallel()
	good := mail.Config{Host: "mail.example.com", From: from, Username: "ada", Password: "secret"}
	for name, spoil := range map[string]func(*mail.Config){
		"no host":                   func(c *mail.Config) { c.Host = "" },
		"no sender":                 func(c *mail.Config) { c.From = "" },
		"bad sender":                func(c *mail.Config) { c.From = "stats" },
		"injected sender":           func(c *mail.Config) { c.From = "a@b.example\r\nBcc: c@d.example" },
		"unknown TLS":               func(c *mail.Config) { c.TLS = "ssl" },
		"bad port":                  func(c *mail.Config) { c.Port = 70000 },
		"password in the clear":     func(c *mail.Config) { c.TLS = mail.NoTLS },
		"password to a name's home": func(c *mail.Config) { c.TLS, c.Host = mail.NoTLS, "localhost.example.com" },
	} {
		c := good
		spoil(&c)
		if _, err := mail.NewSMTP(c); err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v tells the password", name, err)
		}
	}
	if _, err := mail.NewSMTP(good); err != nil {
		t.Error(err)
	}
}

func TestAPrintedConfigurationHasNoPassword(t *testing.T) {
	t.Parallel()
	var logged strings.Builder
	c := mail.Config{Host: "mail.example.com", Username: "ada", Password: "secret"}
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("mail", "config", c)
	for _, text := range []string{logged.String(), fmt.Sprintf("%v %+v %s", c, c, c)} {
		if strings.Contains(text, "secret") || !strings.Contains(text, "mail.example.com") {
			t.Error(text)
		}
	}
}
