package server_test

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server"
	"github.com/microtracker/microtracker/server/identity"
)

// chrome is the user agent of a person.
const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

// world is a server on a real listener and database, with what a test starts from.
type world struct {
	store *repo.Store
	url   string
	stop  context.CancelFunc
	done  chan error
}

// start serves on a free port; certificates make it speak TLS.
func start(t *testing.T, certificates ...tls.Certificate) *world {
	t.Helper()
	w := &world{store: repotest.Store(t), done: make(chan error, 1)}
	srv, err := server.New(server.Config{
		Store: w.store, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), Passwords: identity.NewPasswords(2),
	})
	if err != nil {
		t.Fatal(err)
	}
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
