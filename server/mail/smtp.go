package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	netmail "net/mail"
	"net/netip"
	"net/textproto"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/microtracker/microtracker/server/enrich"
)

// What Config.TLS may be.
const (
	StartTLS    = "starttls" // connect in the clear and insist on STARTTLS before anything else; port 587
	ImplicitTLS = "tls"      // TLS from the first byte; port 465
	NoTLS       = "none"     // in the clear, for a mail server on the same machine or network; port 25
)

// defaultTimeout bounds one mail from dialling to the server's receipt.
const defaultTimeout = 30 * time.Second

// Config says which mail server takes our mails.
type Config struct {
	Host string
	// Port, if 0, is the one that is usual for TLS.
	Port int
	// Username and Password: empty, if the server takes mail without.
	Username, Password string
	// From is the sender: "stats@example.com" or "Example Stats <stats@example.com>".
	From string
	// TLS is StartTLS, ImplicitTLS or NoTLS; empty is StartTLS.
	TLS string
	// TLSConfig, if not nil, has other roots than the system's, or a client certificate.
	TLSConfig *tls.Config
	// Timeout bounds one mail; 0 means 30 seconds.
	Timeout time.Duration
}

// String has no password.
func (c Config) String() string {
	return fmt.Sprintf("%s:%d (%s) from %s", c.Host, c.Port, c.TLS, c.From)
}

// LogValue has no password.
func (c Config) LogValue() slog.Value {
	return slog.StringValue(c.String())
}

// SMTP is a Sender that hands each mail, over a connection of its own, to a mail server.
type SMTP struct {
	config Config
	from   *netmail.Address
}

// NewSMTP checks the configuration and connects to nothing yet. A password is refused where it would travel in the clear:
// NoTLS to another machine.
func NewSMTP(c Config) (*SMTP, error) {
	if c.Host == "" {
		return nil, errors.New("mail: no host of a mail server")
	}
	var usualPort int
	switch c.TLS {
	case "", StartTLS:
		c.TLS, usualPort = StartTLS, 587
	case ImplicitTLS:
		usualPort = 465
	case NoTLS:
		usualPort = 25
		if c.Username != "" && !isLoopback(c.Host) {
			return nil, fmt.Errorf("mail: without TLS the password would travel to %s in the clear: use %s or %s",
				c.Host, StartTLS, ImplicitTLS)
		}
	default:
		return nil, fmt.Errorf("mail: TLS is %q, want %s, %s or %s", c.TLS, StartTLS, ImplicitTLS, NoTLS)
	}
	if c.Port == 0 {
		c.Port = usualPort
	}
	if c.Port < 1 || c.Port > 65535 {
		return nil, fmt.Errorf("mail: %d is no port", c.Port)
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	from, err := netmail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("mail: the sender %q is no e-mail address: %w", c.From, err)
	}
	if from.Name == "" {
		from.Name = "Micro Tracker"
	}
	if c.TLSConfig == nil {
		c.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	} else {
		c.TLSConfig = c.TLSConfig.Clone()
	}
	if c.TLSConfig.ServerName == "" {
		c.TLSConfig.ServerName = c.Host
	}
	return &SMTP{config: c, from: from}, nil
}

// Send returns when the server has taken the mail. Its errors hold no text of the mail and no address: of the server's
// words, which like to repeat both, only the codes are kept. A refusal for good (5xx) is ErrPermanent.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	msg, err := compose(m, s.from, gomail.EncodingQP)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return s.connectError(err)
	}
	err = client.SendWithSMTPClient(connection, msg)
	// To fail at good-bye, after the receipt, is no reason to send again.
	_ = client.CloseWithSMTPClient(connection)
	if err != nil && !msg.IsDelivered() {
		return deliveryError(err)
	}
	return nil
}

// client makes a client for one mail. It holds no connection between mails, because there may be days between two, and
// because go-mail's client changes itself while it authenticates.
func (s *SMTP) client(ctx context.Context) (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(s.config.Port),
		gomail.WithTimeout(s.config.Timeout),
		gomail.WithTLSConfig(s.config.TLSConfig),
		gomail.WithDialContextFunc(s.dialUntil(ctx)),
		gomail.WithoutNoop(),
		gomail.WithoutRset(),
	}
	switch s.config.TLS {
	case ImplicitTLS:
		options = append(options, gomail.WithSSL())
	case NoTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.config.Username != "" {
		plain, login := gomail.SMTPAuthPlain, gomail.SMTPAuthLogin
		if s.config.TLS == NoTLS { // To this machine alone: NewSMTP.
			plain, login = gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc
		}
		options = append(options,
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, plain, login),
			gomail.WithUsername(s.config.Username),
			gomail.WithPassword(s.config.Password))
	}
	client, err := gomail.NewClient(s.config.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("prepare the connection to the mail server: %w", err)
	}
	return client, nil
}

// dialUntil makes connections that end with ctx. go-mail by itself heeds the context only while it dials, sets its deadline
// anew, and leaves the connection open when the greeting or the authentication fails.
func (s *SMTP) dialUntil(ctx context.Context) gomail.DialContextFunc {
	return func(dialCtx context.Context, network, address string) (net.Conn, error) {
		var connection net.Conn
		var err error
		if s.config.TLS == ImplicitTLS {
			connection, err = (&tls.Dialer{Config: s.config.TLSConfig}).DialContext(dialCtx, network, address)
		} else {
			connection, err = (&net.Dialer{}).DialContext(dialCtx, network, address)
		}
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = connection.Close() })
		return connection, nil
	}
}

// connectError keeps the server's words only while it has heard no password that they could repeat.
func (s *SMTP) connectError(err error) error {
	reply, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		return fmt.Errorf("connect to the mail server: %w", err)
	}
	words := enhancedCode(reply.Msg)
	if s.config.Username == "" {
		words = enrich.FixText(reply.Msg, 200)
	}
	return refusal("connect to the mail server", reply.Code, words)
}

func deliveryError(err error) error {
	sendErr, ok := errors.AsType[*gomail.SendError](err)
	if !ok {
		return errors.New("hand the mail to the server")
	}
	return refusal(sendErr.Reason.String(), sendErr.ErrorCode(), sendErr.EnhancedStatusCode())
}

func refusal(step string, code int, words string) error {
	switch {
	case code == 0:
		return fmt.Errorf("%s: the connection broke", step)
	case code >= 500:
		return fmt.Errorf("%s: the server answered %s: %w", step, strings.TrimSpace(fmt.Sprint(code, " ", words)), ErrPermanent)
	default:
		return fmt.Errorf("%s: the server answered %s", step, strings.TrimSpace(fmt.Sprint(code, " ", words)))
	}
}

// enhancedCode returns the "5.7.8" that a reply may begin with (RFC 3463), or "".
func enhancedCode(words string) string {
	code, _, _ := strings.Cut(words, " ")
	parts := strings.Split(code, ".")
	if len(parts) != 3 {
		return ""
	}
	for _, part := range parts {
		if !isNumber(part) || len(part) > 3 {
			return ""
		}
	}
	return code
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}
