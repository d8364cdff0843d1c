package server_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server"
	"github.com/microtracker/microtracker/server/identity"
)

// fuzzKey stands for the project's key in the body of a fuzzed request. It is as long as a key, so that it can stand in
// Protobuf, too.
func fuzzKey() string { return strings.Repeat("K", len(identity.New(identity.PublicKey).Reveal())) }

// The first byte of an input says how the rest is sent.
const (
	fuzzJSON = iota
	fuzzText
	fuzzProto
	fuzzGRPCWeb
	fuzzKinds
	// fuzzGzip is added: it is compressed on the way. fuzzServer is added: a server sends it. fuzzNoGzip is added: its
	// header says that it is compressed, which it is only if the input is.
	fuzzGzip   = 8
	fuzzServer = 16
	fuzzNoGzip = 32
)

// fuzzSeeds are bodies that are good, and such as have gone wrong elsewhere.
func fuzzSeeds(f *testing.F) {
	f.Helper()
	key := fuzzKey()
	for _, body := range []string{
		`{"projectKey":"KEY","events":[{"eventType":"EVENT_TYPE_PAGE_VIEW","url":"https://example.com/?utm_source=mail"}]}`,
		`{"projectKey":"KEY","sentAt":"2026-01-01T00:00:00Z","client":{"timeZone":"Europe/Berlin","viewportW":1200,"viewportH":800},
			"events":[{"eventType":2,"eventId":"5b1c3b1a-7e0f-4f0e-9a7c-1f6f2a9b7c11","pageViewId":"5b1c3b1a-7e0f-4f0e-9a7c-1f6f2a9b7c12",
			"scrollPct":99.5,"engagedMs":"1234","createTime":"2026-01-01T00:00:00Z"}]}`,
		`{"projectKey":"KEY","events":[{"eventType":8,"value":"49.90","currency":"EUR","name":"order","meta":{"a":[1,null,{"b":"c"}]}}]}`,
		`{"projectKey":"KEY","client":{"visitorKey":"anna","sessionKey":"s","ipAddress":"192.0.2.1","userAgent":"x"},"events":[{"eventType":1}]}`,
		`{"projectKey":"KEY","events":[{"eventType":1,"client":{"visitorKey":"anna","globalPrivacyControl":true}}]}`,
		`{"projectKey":"KEY","sentAt":"9999-12-31T23:59:59.999999999Z","events":[{"eventType":1,"createTime":"0001-01-01T00:00:00Z"}]}`,
		`{"projectKey":"KEY","sentAt":"0001-01-01T00:00:00Z","events":[{"eventType":1,"createTime":"9999-12-31T23:59:59Z"}]}`,
		`{"projectKey":"KEY","events":[{"eventType":1,"name":"a\u0000b"},{"eventType":1,"meta":{"\u0000":"\u0000"}},{"eventType":1,"title":"\ud800"}]}`,
		`{"projectKey":"KEY","events":[{"eventType":1,"scrollPct":"NaN"},{"eventType":1,"scrollPct":"Infinity"},{"eventType":-1},{"eventType":2147483647}]}`,
		`{"projectKey":"KEY","events":[{"eventType":1,"url":"https://example.com/%zz?%zz=%00&utm_source=%00#"},{"eventType":1,"url":"https://[::1/"}]}`,
		`{"projectKey":"KEY","events":[{"eventType":1,"url":"https://xn--/","referrer":"https://\u202e.example/\uffff"}]}`,
		`{"projectKey":"KEY","events":[{"eventType":1,"value":"999999999999.999999"},{"eventType":1,"value":"-0"},{"eventType":1,"x":2147483647}]}`,
		`{"projectKey":"KEY","events":[{"eventType":1,"client":{"ipAddress":"fe80::1%eth0"}},{"eventType":1,"client":{"sessionKey":"\u0000"}}]}`,
		`{"projectKey":"mt_pub_","events":[{}]}`, `{"events":[{}]}`, `{"projectKey":"KEY","events":[]}`, `{"projectKey":"KEY","events":{}}`,
		`{"projectKey":"KEY","projectKey":"KEY"}`, `{"projectKey":1e400}`, `[]`, `null`, `"`, `{`, ``, "\xef\xbb\xbf{}", `{"events":` + strings.Repeat("[", 200),
	} {
		body = strings.ReplaceAll(body, "KEY", key)
		for _, kind := range []byte{fuzzJSON, fuzzText, fuzzJSON | fuzzGzip, fuzzJSON | fuzzServer} {
			f.Add(append([]byte{kind}, body...))
		}
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	message, err := proto.Marshal(&microtrackerv1.TrackRequest{
		ProjectKey: key, Client: &microtrackerv1.Client{TimeZone: "UTC", ViewportW: 1},
		Events: []*microtrackerv1.Event{of(nil, at, "https://example.com/"), of(visitor("anna"), at, "https://example.com/"), {}},
	})
	if err != nil {
		f.Fatal(err)
	}
	// A time beyond all times, as Protobuf can say it and JSON cannot.
	endless := append([]byte("\x0a"+string(rune(len(key)))+key), "\x12\x0a\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x22\x10\x10\x01\x22\x0a\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x00"...)
	for _, body := range [][]byte{message, message[:len(message)/2], endless, {}, {0xff}, bytes.Repeat([]byte{0x22, 0x00}, 501), bytes.Repeat([]byte{0x0b}, 20_000)} {
		for _, kind := range []byte{fuzzProto, fuzzProto | fuzzGzip, fuzzProto | fuzzServer, fuzzProto | fuzzNoGzip} {
			f.Add(append([]byte{kind}, body...))
		}
		f.Add(append([]byte{fuzzGRPCWeb, 0, 0, 0, 0, byte(len(body))}, body...))
	}
	for _, envelopes := range [][]byte{{}, {0, 0, 0}, {0, 0, 0, 0, 9, 1}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {1, 0, 0, 0, 0}, {0x80, 0, 0, 0, 0}, {0, 0xff, 0xff, 0xff, 0xff}} {
		f.Add(append([]byte{fuzzGRPCWeb}, envelopes...)) // none, cut short, two, and such as are none
	}
}

// fuzzTarget is a server for all inputs.
type fuzzTarget struct {
	url, key, secret string
	log              *logBuffer
	client           *http.Client
}

func newFuzzTarget(f *testing.F) *fuzzTarget {
	f.Helper()
	store := repotest.Open(f, repotest.DatabaseURL(f))
	project := repotest.Project(f, store)
	secret := identity.New(identity.SecretKey)
	if err := project.RotateSecretKey(f.Context(), secret.SHA256(), time.Now(), time.Now()); err != nil {
		f.Fatal(err)
	}
	target := &fuzzTarget{key: project.PublicKey, secret: secret.Reveal(), log: new(logBuffer), client: &http.Client{Timeout: time.Minute}}
	srv, err := server.New(server.Config{
		Store: store, Logger: slog.New(slog.NewTextHandler(target.log, nil)), Passwords: identity.NewPasswords(1),
		HoldWrongKeys: time.Microsecond,
	})
	if err != nil {
		f.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(f.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	target.url = "http://" + listener.Addr().String() + microtrackerv1connect.TrackingServiceTrackProcedure
	ctx, done := f.Context(), make(chan error, 1)
	go func() { done <- srv.Serve(ctx, listener, nil) }()
	f.Cleanup(func() {
		target.client.CloseIdleConnections()
		if err := <-done; err != nil {
			f.Errorf("serve: %v", err)
		}
	})
	return target
}

// send sends an input and returns the answer.
func (target *fuzzTarget) send(t *testing.T, kind byte, body []byte) (status int, contentType string, answer []byte) {
	t.Helper()
	body = bytes.ReplaceAll(body, []byte(fuzzKey()), []byte(target.key))
	if kind&fuzzGzip != 0 {
		var packed bytes.Buffer
		writer := gzip.NewWriter(&packed)
		if _, err := writer.Write(body); err != nil {
			t.Fatal(err)
		}
		if err := writer.Close(); err != nil {
			t.Fatal(err)
		}
		body = packed.Bytes()
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target.url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", chrome)
	req.Header.Set("Content-Type", []string{"application/json", "text/plain;charset=UTF-8", "application/proto", "application/grpc-web+proto"}[kind%8%fuzzKinds])
	if kind&(fuzzGzip|fuzzNoGzip) != 0 {
		req.Header.Set("Content-Encoding", "gzip")
	}
	if kind&fuzzServer != 0 {
		req.Header.Set("Authorization", "Bearer "+target.secret)
	}
	res, err := target.client.Do(req)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	defer res.Body.Close()
	if answer, err = io.ReadAll(res.Body); err != nil {
		t.Fatalf("half an answer: %v", err)
	}
	return res.StatusCode, res.Header.Get("Content-Type"), answer
}

func FuzzTrack(f *testing.F) {
	fuzzSeeds(f)
	target := newFuzzTarget(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 {
			return
		}
		status, contentType, answer := target.send(t, data[0], data[1:])
		if status >= 500 {
			t.Errorf("%d: %s", status, answer)
		}
		if bytes.Contains(answer, []byte("ERROR_REASON_INTERNAL")) {
			t.Errorf("an internal error: %s", answer)
		}
		if strings.HasPrefix(contentType, "application/json") {
			var said struct {
				Code     string `json:"code"`
				Receipts []any  `json:"receipts"`
			}
			if err := json.Unmarshal(answer, &said); err != nil {
				t.Errorf("the answer is no JSON: %s", answer)
			}
			if status != http.StatusOK && (said.Code == "" || !bytes.Contains(answer, []byte(`"reason":"ERROR_REASON_`))) {
				t.Errorf("the error does not say its reason: %d: %s", status, answer)
			}
			if status == http.StatusOK && len(said.Receipts) == 0 {
				t.Errorf("an answer without receipts: %s", answer)
			}
		}
		if log := target.log.take(); strings.Contains(log, "internal error") || strings.Contains(log, "panic") || strings.Contains(log, "refuses an event") {
			t.Errorf("the log says: %s", log)
		}
	})
}

// take returns what was logged since it was last taken.
func (l *logBuffer) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.text.String()
	l.text.Reset()
	return text
}
