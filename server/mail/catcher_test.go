package mail_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/microtracker/microtracker/server/mail"
)

// catcher is a mail server on loopback that keeps what it is given.
type catcher struct {
	host string
	port int

	mails    chan caught
	password string // if set, mail is taken only after AUTH with it

	rcptError, dataError error
	hangUp               bool // ends the connection once a mail is in
}

type caught struct {
	from, to, raw string
	tls           bool
	user          string
}

type listening struct {
	starttls, implicit bool
	certificate        *tls.Certificate
}

// start serves until the test ends.
func (c *catcher) start(t *testing.T, how listening) {
	t.Helper()
	c.mails = make(chan caught, 10)
	server := smtp.NewServer(smtp.BackendFunc(func(conn *smtp.Conn) (smtp.Session, error) {
		return &session{catcher: c, conn: conn}, nil
	}))
	server.Domain = "catcher.test"
	server.AllowInsecureAuth = true
	server.ErrorLog = silent{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.host, c.port = "127.0.0.1", portOf(t, listener)
	if how.certificate != nil {
		config := &tls.Config{Certificates: []tls.Certificate{*how.certificate}, MinVersion: tls.VersionTLS12}
		if how.starttls {
			server.TLSConfig = config
		}
		if how.implicit {
			listener = tls.NewListener(listener, config)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
}

type session struct {
	*catcher
	conn   *smtp.Conn
	mail   caught
	caught bool
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if s.password == "" || password != s.password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong password: " + password}
		}
		s.mail.user = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.password != "" && s.mail.user == "" {
		return smtp.ErrAuthRequired
	}
	s.mail.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.to = to
	return s.rcptError
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err == nil {
		err = s.dataError
	}
	if err != nil {
		return err
	}
	_, s.mail.tls = s.conn.TLSConnectionState()
	s.mail.raw = string(raw)
	s.mails <- s.mail
	s.caught = true
	return nil
}

func (s *session) Reset() {
	if s.hangUp && s.caught {
		_ = s.conn.Conn().Close()
	}
}

func (s *session) Logout() error { return nil }

// selfSigned makes a certificate for 127.0.0.1, and the client configuration that trusts it.
func selfSigned(t *testing.T) (*tls.Certificate, *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// parsed is a MIME message taken apart by the standard library.
type parsed struct {
	header netmail.Header
	parts  map[string]string // by content type, with \n at line ends
}

func parse(t *testing.T, raw string) parsed {
	t.Helper()
	message, err := netmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kind, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q, %v", kind, err)
	}
	out := parsed{header: message.Header, parts: map[string]string{}}
	parts := multipart.NewReader(message.Body, parameters["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		var body io.Reader = part
		if part.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
			body = quotedprintable.NewReader(part)
		}
		content, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		out.parts[kind] = strings.ReplaceAll(string(content), "\r\n", "\n")
	}
}

func expect(t *testing.T, raw string, m mail.Message) {
	t.Helper()
	got := parse(t, raw)
	if got.parts["text/plain"] != m.Text || got.parts["text/html"] != m.HTML || len(got.parts) != 2 {
		t.Errorf("the parts are not the mail's: %q", got.parts)
	}
	if to := got.header["To"]; len(to) != 1 || to[0] != "<"+m.To+">" {
		t.Errorf("To is %q", to)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(got.header.Get("Subject"))
	if err != nil || subject != m.Subject {
		t.Errorf("Subject is %q, want %q (%v)", subject, m.Subject, err)
	}
	if got.header.Get("Auto-Submitted") != "auto-generated" {
		t.Error("the mail does not say that a machine wrote it")
	}
}

// silent is for a server that is spoken to badly on purpose.
type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

func portOf(t *testing.T, listener net.Listener) int {
	t.Helper()
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatalf("%v is no TCP address", listener.Addr())
	}
	return address.Port
}
