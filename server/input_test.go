package server_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
)

// post sends a body and returns the status and the decoded answer.
func (w *world) post(t *testing.T, procedure, body string, set map[string]string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+procedure, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", chrome)
	for name, value := range set {
		req.Header.Set(name, value)
	}
	res, err := (&http.Client{Timeout: time.Minute}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatalf("%d: the answer is no JSON: %s", res.StatusCode, text)
	}
	return res.StatusCode, answer
}

func gzipped(t *testing.T, size int) string {
	t.Helper()
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := io.CopyN(writer, zeros{}, int64(size)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.String()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestBadRequestsGetAClearErrorAndNeverAnInternalOne(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	track, query := microtrackerv1connect.TrackingServiceTrackProcedure, microtrackerv1connect.ReportingServiceQueryProcedure
	for _, c := range []struct {
		name, procedure, body string
		set                   map[string]string
		status                int
		code, reason          string
		// says is part of the message.
		says string
	}{
		{"malformed JSON", track, `{"projectKey":`, nil, 400, "invalid_argument", "MALFORMED_REQUEST", "unexpected EOF"},
		{"a wrong type", track, `{"projectKey":5}`, nil, 400, "invalid_argument", "MALFORMED_REQUEST", "projectKey"},
		{"an array", track, `[]`, nil, 400, "invalid_argument", "MALFORMED_REQUEST", "cannot be read"},
		{"no body", track, ``, nil, 400, "invalid_argument", "MALFORMED_REQUEST", "JSON"},
		{"an unknown field", track, `{"projectKei":"x"}`, nil, 400, "invalid_argument", "MALFORMED_REQUEST", `unknown field "projectKei"`},
		{"invalid UTF-8", track, "{\"projectKey\":\"\xff\"}", nil, 400, "invalid_argument", "MALFORMED_REQUEST", "UTF-8"},
		{"deep nesting", track, `{"events":[{"meta":{"a":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}}]}`, nil, 400, "invalid_argument", "MALFORMED_REQUEST", "depth"},
		{"10 MB", track, `{"projectKey":"` + strings.Repeat("a", 10<<20) + `"}`, nil, 429, "resource_exhausted", "REQUEST_TOO_LARGE", "1048576 bytes"},
		{"a gzip bomb", track, gzipped(t, 256<<20), map[string]string{"Content-Encoding": "gzip"}, 429, "resource_exhausted", "REQUEST_TOO_LARGE", "1048576 bytes"},
		{"no gzip", track, `nope`, map[string]string{"Content-Encoding": "gzip"}, 400, "invalid_argument", "MALFORMED_REQUEST", "compressed"},
		{"NUL in the key", track, `{"projectKey":"a\u0000","events":[{}]}`, nil, 400, "invalid_argument", "VALIDATION_FAILED", "project_key"},
		{"no events", track, `{"projectKey":"` + who.project.PublicKey + `"}`, nil, 400, "invalid_argument", "VALIDATION_FAILED", "1 to 500 events"},
		{"an unknown key", track, `{"projectKey":"mt_pub_x","events":[{}]}`, nil, 401, "unauthenticated", "PROJECT_KEY_INVALID", "installation"},
		{"no credential", query, `{"projectId":"1"}`, nil, 401, "unauthenticated", "UNAUTHENTICATED", "sign in"},
		{"no metrics", query, `{"projectId":"1","days":{"since":"2026-01-01","until":"2026-01-02"}}`, who.auth(), 400, "invalid_argument", "VALIDATION_FAILED", "metrics"},
		{"a foreign project", query, `{"projectId":"4711","metrics":[1],"days":{"since":"2026-01-01","until":"2026-01-02"}}`, who.auth(), 404, "not_found", "NOT_FOUND", "not yours"},
		{"an RPC that is not", "/microtracker.v1.ReportingService/Nope", `{}`, who.auth(), 501, "unimplemented", "UNKNOWN_RPC", "does not exist"},
		{"a foreign page with the cookie", query, `{}`, map[string]string{"Cookie": "mt_session=x", "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403, "permission_denied", "CROSS_ORIGIN", "own origin"},
	} {
		status, answer := w.post(t, c.procedure, c.body, c.set)
		text, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		message, _ := answer["message"].(string)
		if status != c.status || answer["code"] != c.code || !strings.Contains(message, c.says) {
			t.Errorf("%s: %d %s; want %d %s and %q in the message", c.name, status, text, c.status, c.code, c.says)
		}
		if !strings.Contains(string(text), `"reason":"ERROR_REASON_`+c.reason+`"`) {
			t.Errorf("%s: %s; want the reason %s", c.name, text, c.reason)
		}
		for _, internal := range []string{"SQLSTATE", ".go:", "goroutine", "pgx", "protojson"} {
			if strings.Contains(string(text), internal) {
				t.Errorf("%s: the error leaks %q: %s", c.name, internal, text)
			}
		}
	}
}

func TestQueriesRefuseWhatHasNoAnswer(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	id := jsonInt(who.project.ID)
	for name, c := range map[string]struct{ body, reason, says string }{
		"a day that is not":  {`"metrics":[1],"days":{"since":"2026-02-30","until":"2026-03-02"}`, "VALIDATION_FAILED", "days.since"},
		"a backward range":   {`"metrics":[1],"days":{"since":"2026-03-02","until":"2026-03-02"}`, "VALIDATION_FAILED", "since must be before until"},
		"no range":           {`"metrics":[1]`, "VALIDATION_FAILED", "range"},
		"no such zone":       {`"metrics":[1],"timeZone":"Mars/Olympus","days":{"since":"2026-03-01","until":"2026-03-02"}`, "VALIDATION_FAILED", "time_zone"},
		"the machine's zone": {`"metrics":[1],"timeZone":"Local","days":{"since":"2026-03-01","until":"2026-03-02"}`, "VALIDATION_FAILED", "time_zone"},
		"too many hours":     {`"metrics":[1],"dimensions":[1],"days":{"since":"2024-01-01","until":"2026-03-02"}`, "QUERY_UNSUPPORTED", "by day"},
		"hour and day":       {`"metrics":[1],"dimensions":[1,2],"days":{"since":"2026-03-01","until":"2026-03-02"}`, "QUERY_UNSUPPORTED", "one of hour, day"},
		"an order not asked": {`"metrics":[1],"dimensions":[3],"orderBy":[{"metric":2}],"days":{"since":"2026-03-01","until":"2026-03-02"}`, "QUERY_UNSUPPORTED", "add it there"},
		"a made-up token":    {`"metrics":[1],"pageToken":"AAAA","days":{"since":"2026-03-01","until":"2026-03-02"}`, "PAGE_TOKEN_INVALID", "begin again"},
	} {
		status, answer := w.post(t, microtrackerv1connect.ReportingServiceQueryProcedure, `{"projectId":`+id+`,`+c.body+`}`, who.auth())
		text, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		message, _ := answer["message"].(string)
		if status != 400 || !strings.Contains(string(text), "ERROR_REASON_"+c.reason) || !strings.Contains(message, c.says) {
			t.Errorf("%s: %d %s; want 400, %s and %q", name, status, text, c.reason, c.says)
		}
	}
}
