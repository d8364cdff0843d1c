package server_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server"
	"github.com/microtracker/microtracker/server/identity"
	"github.com/microtracker/microtracker/server/jobs"
	"github.com/microtracker/microtracker/server/mail"
	"github.com/microtracker/microtracker/server/tasks"
)

// chrome is the user agent of a person.
const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

// world is a server on a real listener and database, with what a test starts from.
type world struct {
	store     *repo.Store
	passwords *identity.Passwords
	// mails are what was to be sent, in order.
	mails chan mail.Message
	url   string
	// databaseURL is for looking at what is stored.
	databaseURL string
	log         *logBuffer
	stop        context.CancelFunc
	done        chan error
}

// start serves on a free port; certificates make it speak TLS.
func start(t *testing.T, certificates ...tls.Certificate) *world {
	t.Helper()
	databaseURL := repotest.DatabaseURL(t)
	w := &world{
		databaseURL: databaseURL, log: new(logBuffer), store: repotest.Open(t, databaseURL), passwords: identity.NewPasswords(2), mails: make(chan mail.Message, 100), done: make(chan error, 1),
	}
	srv, err := server.New(server.Config{
		Store: w.store, Logger: slog.New(slog.NewTextHandler(io.MultiWriter(t.Output(), w.log), &slog.HandlerOptions{Level: slog.LevelDebug})), Passwords: w.passwords,
		// Tests that guess on purpose say that they come from elsewhere each time.
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		HoldWrongKeys:  time.Millisecond,
		RecheckStreams: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.work(t)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.url = "http://" + listener.Addr().String()
	var tlsConfig *tls.Config
	if len(certificates) > 0 {
		tlsConfig = &tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS12}
		w.url = "https://" + listener.Addr().String()
	}
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	go func() { w.done <- srv.Serve(ctx, listener, tlsConfig) }()
	t.Cleanup(func() {
		stop()
		if err := <-w.done; err != nil {
			t.Errorf("serve: %v", err)
		}
		w.done <- nil
	})
	return w
}

// logBuffer keeps what the server logs.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (w *world) logged() string {
	w.log.mu.Lock()
	defer w.log.mu.Unlock()
	return w.log.text.String()
}

func (w *world) dump(t *testing.T) []byte {
	t.Helper()
	return repotest.Dump(t, w.databaseURL)
}

// ask asks for a report of the project.
func (w *world) ask(t *testing.T, project *repo.Project, set map[string]string) error {
	t.Helper()
	reporting := microtrackerv1connect.NewReportingServiceClient(w.client(t, protocols()[2], set))
	_, err := reporting.Query(t.Context(), &microtrackerv1.QueryRequest{
		ProjectId: project.ID, Range: today(), Metrics: []microtrackerv1.Metric{microtrackerv1.Metric_METRIC_VISITORS},
	})
	return err
}

func mask(paths ...string) *fieldmaskpb.FieldMask { return &fieldmaskpb.FieldMask{Paths: paths} }

func linkHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func jsonNumber(n int64) string { return strconv.FormatInt(n, 10) }

// work does jobs as the server's process would, and keeps mails for the test.
func (w *world) work(t *testing.T) {
	t.Helper()
	registry := jobs.NewRegistry()
	logger := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	tasks.Register(registry, tasks.Config{Store: w.store, Logger: logger, Sender: mailbox(w.mails), HomeURL: "https://stats.example.com"})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		jobs.NewWorker(jobs.Config{Store: w.store, Registry: registry, Logger: logger, Poll: 100 * time.Millisecond}).Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
}

// mailbox keeps mails for the test.
type mailbox chan mail.Message

func (m mailbox) Send(ctx context.Context, message mail.Message) error {
	select {
	case m <- message:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// nextMail waits for the next mail.
func (w *world) nextMail(t *testing.T) mail.Message {
	t.Helper()
	select {
	case message := <-w.mails:
		return message
	case <-time.After(30 * time.Second):
		t.Fatal("no mail came")
		return mail.Message{}
	}
}

// protocol is one way to talk to the server.
type protocol struct {
	name    string
	options []connecthttp.Option
	// http2 says that the protocol needs it.
	http2 bool
}

func protocols() []protocol {
	return []protocol{
		{name: "Connect JSON", options: []connecthttp.Option{connecthttp.WithProtoJSON()}},
		{name: "Connect binary"},
		{name: "gRPC", options: []connecthttp.Option{connecthttp.WithGRPC()}, http2: true},
		{name: "gRPC-Web", options: []connecthttp.Option{connecthttp.WithGRPCWeb()}},
	}
}

// headers sends these with every request.
type headers struct {
	next http.RoundTripper
	set  map[string]string
}

func (h headers) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, value := range h.set {
		r.Header.Set(name, value)
	}
	return h.next.RoundTrip(r)
}

// client talks to the server in one protocol, with these headers.
func (w *world) client(t *testing.T, p protocol, set map[string]string) *connect.Client {
	t.Helper()
	transport := &http.Transport{Protocols: new(http.Protocols)}
	if p.http2 {
		transport.Protocols.SetUnencryptedHTTP2(true)
		transport.Protocols.SetHTTP2(true)
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	} else {
		transport.Protocols.SetHTTP1(true)
	}
	t.Cleanup(transport.CloseIdleConnections)
	all := map[string]string{"User-Agent": chrome}
	maps.Copy(all, set)
	httpClient := &http.Client{Transport: headers{next: transport, set: all}}
	return connect.NewClient(connecthttp.NewTransport(httpClient, w.url, p.options...))
}

// account is a user with a token and a project.
type account struct {
	user    *repo.User
	token   string
	project *repo.Project
}

func (a account) auth() map[string]string {
	return map[string]string{"Authorization": "Bearer " + a.token}
}

// account makes a user with a token and a project.
func (w *world) account(t *testing.T) account {
	t.Helper()
	user := repotest.User(t, w.store)
	secret := identity.New(identity.PersonalAccessToken)
	err := w.store.CreateToken(t.Context(), user.ID, &repo.PersonalAccessToken{Name: "test", Token: secret.SHA256(), Abilities: `["*"]`})
	if err != nil {
		t.Fatal(err)
	}
	return account{user: user, token: secret.Reveal(), project: repotest.ProjectOf(t, w.store, user)}
}

// track sends events with the project's public key and wants every one accepted.
func (w *world) track(t *testing.T, project *repo.Project, events ...*microtrackerv1.Event) {
	t.Helper()
	client := microtrackerv1connect.NewTrackingServiceClient(w.client(t, protocols()[0], nil))
	res, err := client.Track(t.Context(), &microtrackerv1.TrackRequest{ProjectKey: project.PublicKey, Events: events})
	if err != nil {
		t.Fatal(err)
	}
	for i, receipt := range res.GetReceipts() {
		if receipt.GetStatus() != microtrackerv1.ReceiptStatus_RECEIPT_STATUS_ACCEPTED {
			t.Fatalf("event %d: %v", i, receipt)
		}
	}
}

// reasonOf returns the reason in the error's ErrorInfo, "" if it has none.
func reasonOf(err error) string {
	var connectErr *connect.Error
	if !errors.As(err, &connectErr) {
		return ""
	}
	for _, detail := range connectErr.Details() {
		if message, err := connectproto.UnmarshalErrorDetail(detail); err == nil {
			if info, ok := message.(*errdetails.ErrorInfo); ok {
				return info.GetReason()
			}
		}
	}
	return ""
}

// selfSigned returns a certificate for this machine.
func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	helper := httptest.NewTLSServer(http.NotFoundHandler())
	defer helper.Close()
	return helper.TLS.Certificates[0]
}
