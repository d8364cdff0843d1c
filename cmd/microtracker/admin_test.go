package main

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

func TestTheOperatorsListenerIsForThisMachineUnlessItIsMeant(t *testing.T) {
	t.Parallel()
	for address, local := range map[string]bool{
		"": true, "127.0.0.1:8081": true, "[::1]:8081": true, "localhost:8081": true, "127.3.4.5:1": true,
		":8081": false, "0.0.0.0:8081": false, "[::]:8081": false, "10.0.0.1:8081": false, "stats.example.com:8081": false,
	} {
		if err := (adminFlags{AdminListen: address}).check(); (err == nil) != local {
			t.Errorf("%q: %v", address, err)
		}
		if err := (adminFlags{AdminListen: address, AdminExpose: true}).check(); err != nil {
			t.Errorf("%q, where it is meant: %v", address, err)
		}
	}
	if err := (adminFlags{AdminListen: "8081"}).check(); err == nil {
		t.Error("a port alone is no address")
	}
}

func TestAnAddressOfTheOperatorsThatIsTakenStopsTheServerOnlyWhereHeAskedForIt(t *testing.T) {
	t.Parallel()
	taken := freeAddress(t)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", taken)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if _, err := (adminFlags{AdminListen: taken}).listen(t.Context(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "--admin-listen") {
		t.Errorf("error %v", err)
	}
	// The default one: whoever has it, this test or another program.
	if other, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", defaultAdminListen); err == nil {
		defer other.Close()
	}
	var log bytes.Buffer
	none, err := (adminFlags{AdminListen: defaultAdminListen}).listen(t.Context(), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil || none != nil || !strings.Contains(log.String(), "--admin-listen") {
		t.Errorf("listener %v, error %v, log %s", none, err, log.String())
	}
}

func TestAServerServesItsOperator(t *testing.T) {
	t.Parallel()
	admin := freeAddress(t)
	p := serve(t, t.TempDir(), "MICROTRACKER_ADMIN_LISTEN="+admin, "OTEL_TRACES_EXPORTER=memory")
	if said := p.until(t, "serving"); !strings.Contains(said, "admin_address="+admin) {
		t.Errorf("it does not say where: %s", said)
	}
	key := p.demoProjectKey(t)
	if _, err := p.tracking().Track(t.Context(), trackRequest(key, "")); err != nil {
		t.Fatal(err)
	}
	get := func(path string) string {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+admin+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := (&http.Client{}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d, %v: %s", path, res.StatusCode, err, body)
		}
		return string(body)
	}
	for path, says := range map[string]string{
		"/readyz": `"ready": true`, "/livez": `"ready": true`, "/debug/pprof/goroutine?debug=1": "goroutine profile",
		"/debug/traces": "microtracker.v1.TrackingService/Track",
		"/metrics":      `microtracker_rpc_requests_total{code="ok",procedure="/microtracker.v1.TrackingService/Track"} 1`,
	} {
		if body := get(path); !strings.Contains(body, says) {
			t.Errorf("%s does not say %q: %s", path, says, body)
		}
	}
	metrics, traces := get("/metrics"), get("/debug/traces")
	for _, line := range []string{
		`microtracker_ingest_events_total{receipt="accepted"} 1`, `microtracker_ingest_groups_total{outcome="committed"} 1`,
		`microtracker_ingest_group_events_sum 1`, `microtracker_work_state_up 1`, `microtracker_db_connections_max{pool="ingest"} 2`,
	} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("there is no %q", line)
		}
	}
	for _, private := range []string{key, "203.0.113", "127.0.0.1", "Mozilla", "/prices"} {
		if strings.Contains(metrics, private) || strings.Contains(traces, private) {
			t.Errorf("what the operator sees has %q in it", private)
		}
	}
	if !strings.Contains(traces, "ingest group") || !strings.Contains(traces, "ingest commit") {
		t.Errorf("the group is not traced: %s", traces)
	}
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Errorf("it ended with %v", err)
	}
}
