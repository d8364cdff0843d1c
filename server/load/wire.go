package load

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
)

const (
	// maxIdle is how long a connection is used again; servers close those that are idle for longer.
	maxIdle = 30 * time.Second
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 4 << 20
	// ourUserAgent is that of a server's requests.
	ourUserAgent = "microtracker-load"
)

// wire speaks HTTP/1.1 on one connection. It does without net/http's client, whose goroutines and allocations cost more
// than the server's own work for a small request, so that the client would be measured instead.
type wire struct {
	config       Config
	base         *url.URL
	statuses     map[string]microtrackerv1.ReceiptStatus
	conn         net.Conn
	reader       *bufio.Reader
	lastUse      time.Time
	body, packet []byte
}

func newWire(l *Loader) *wire {
	w := &wire{config: l.config, base: l.base, statuses: map[string]microtrackerv1.ReceiptStatus{}}
	for number, name := range microtrackerv1.ReceiptStatus_name {
		w.statuses[name] = microtrackerv1.ReceiptStatus(number)
	}
	return w
}

func (w *wire) close() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}

func (w *wire) send(ctx context.Context, req *request) ([]receipt, error) {
	if w.conn != nil && time.Since(w.lastUse) > maxIdle {
		w.close()
	}
	if w.conn == nil {
		if err := w.dial(ctx); err != nil {
			return nil, err
		}
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = w.conn.SetDeadline(deadline) // a connection that has none fails at once
	}
	stop := context.AfterFunc(ctx, w.abort(w.conn))
	defer stop()
	if err := w.encode(req); err != nil {
		return nil, err
	}
	status, header, answer, err := w.exchange()
	if err != nil {
		w.close()
		return nil, err
	}
	w.lastUse = time.Now()
	if status != http.StatusOK {
		return nil, readError(status, header, answer)
	}
	if w.config.Protocol == Connect {
		return readBinary(answer)
	}
	return w.readJSON(answer)
}

// abort returns what ends reading and writing on a connection at once.
func (*wire) abort(conn net.Conn) func() {
	return func() { _ = conn.SetDeadline(time.Unix(1, 0)) }
}

func (w *wire) dial(ctx context.Context) error {
	address := w.base.Host
	if w.base.Port() == "" {
		port := "80"
		if w.base.Scheme == "https" {
			port = "443"
		}
		address = net.JoinHostPort(w.base.Hostname(), port)
	}
	var err error
	if w.base.Scheme == "https" {
		w.conn, err = (&tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}).DialContext(ctx, "tcp", address)
	} else {
		w.conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	if err != nil {
		w.conn = nil // not an interface that holds a nil
		return err
	}
	w.reader = bufio.NewReaderSize(w.conn, 4<<10)
	return nil
}

// encode writes the request into packet.
func (w *wire) encode(req *request) error {
	contentType := "application/json"
	w.body = w.body[:0]
	if w.config.Protocol == Connect {
		contentType = "application/proto"
		var err error
		if w.body, err = (proto.MarshalOptions{}).MarshalAppend(w.body, req.track); err != nil {
			return &callError{code: connect.CodeInvalidArgument, message: err.Error()}
		}
	} else {
		w.body = appendRequest(w.body, req.track)
	}
	b := w.packet[:0]
	b = append(b, "POST "...)
	b = append(b, strings.TrimSuffix(w.base.EscapedPath(), "/")...)
	b = append(b, microtrackerv1connect.TrackingServiceTrackProcedure...)
	b = append(b, " HTTP/1.1\r\n"...)
	b = appendHeader(b, "Host", w.base.Host)
	b = appendHeader(b, "Accept", "*/*")
	if req.visitor != nil {
		b = appendHeader(b, "User-Agent", req.visitor.UserAgent)
		if w.config.ForwardFor {
			b = appendHeader(b, "X-Forwarded-For", req.visitor.Address.String())
		}
		if w.config.Protocol == ConnectJSON {
			contentType = "text/plain;charset=UTF-8"
			b = appendHeader(b, "Origin", w.config.Visits.Site)
		}
	} else {
		b = appendHeader(b, "User-Agent", ourUserAgent)
		b = appendHeader(b, "Authorization", "Bearer "+w.config.APIKey)
	}
	b = appendHeader(b, "Content-Type", contentType)
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(len(w.body)), 10)
	b = append(b, "\r\n\r\n"...)
	b = append(b, w.body...)
	w.packet = b
	return nil
}

func appendHeader(b []byte, name, value string) []byte {
	return append(append(append(append(b, name...), ": "...), value...), "\r\n"...)
}

// exchange sends packet and reads the answer.
func (w *wire) exchange() (status int, header http.Header, answer []byte, err error) {
	if _, err := w.conn.Write(w.packet); err != nil {
		return 0, nil, nil, err
	}
	res, err := http.ReadResponse(w.reader, nil)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close() //nolint:errcheck // it was read to its end, or the connection is closed
	answer, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err == nil && res.Close {
		w.close()
	}
	return res.StatusCode, res.Header, answer, err
}

func (w *wire) readJSON(answer []byte) ([]receipt, error) {
	var read struct {
		Receipts []struct {
			Status string `json:"status"`
			Field  string `json:"field"`
			Reason string `json:"reason"`
		} `json:"receipts"`
	}
	if err := json.Unmarshal(answer, &read); err != nil {
		return nil, &callError{code: connect.CodeInternal, message: "the answer cannot be read: " + err.Error()}
	}
	receipts := make([]receipt, len(read.Receipts))
	for i, got := range read.Receipts {
		receipts[i] = receipt{status: w.statuses[got.Status], field: got.Field, reason: got.Reason}
	}
	return receipts, nil
}

func readBinary(answer []byte) ([]receipt, error) {
	var res microtrackerv1.TrackResponse
	if err := proto.Unmarshal(answer, &res); err != nil {
		return nil, &callError{code: connect.CodeInternal, message: "the answer cannot be read: " + err.Error()}
	}
	return receiptsOf(res.GetReceipts()), nil
}

func receiptsOf(sent []*microtrackerv1.EventReceipt) []receipt {
	receipts := make([]receipt, len(sent))
	for i, got := range sent {
		receipts[i] = receipt{status: got.GetStatus(), field: got.GetField(), reason: got.GetReason()}
	}
	return receipts
}

// readError reads Connect's error; what is none comes from a proxy on the way, and its status has to do.
func readError(status int, header http.Header, answer []byte) *callError {
	var read struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Details []struct {
			Type  string `json:"type"`
			Value string `json:"value"`
		} `json:"details"`
	}
	refused := &callError{code: connect.CodeUnknown, message: fmt.Sprintf("HTTP status %d", status)}
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		refused.code = connect.CodeUnavailable
	}
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds > 0 {
		refused.retryAfter = time.Duration(min(seconds, 3600)) * time.Second
	}
	media, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	if media != "application/json" || json.Unmarshal(answer, &read) != nil || refused.code.UnmarshalText([]byte(read.Code)) != nil {
		return refused
	}
	refused.message = read.Message
	for _, detail := range read.Details {
		kind, err := protoregistry.GlobalTypes.FindMessageByURL(detail.Type)
		if err != nil {
			continue
		}
		message := kind.New().Interface()
		if value, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(detail.Value, "=")); err == nil && proto.Unmarshal(value, message) == nil {
			refused.detail(message)
		}
	}
	return refused
}

// failureText names a failure, the same for each of its kind: addresses and ports are left out.
func failureText(err error) string {
	var (
		refused *callError
		dial    *net.OpError
	)
	switch {
	case errors.As(err, &refused):
		return refused.Error()
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "network: no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "network: connection refused"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "network: the connection was closed"
	case errors.As(err, &dial) && dial.Err != nil:
		return "network: " + dial.Err.Error()
	}
	return "network: " + err.Error()
}
