package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"connectrpc.com/grpchealth"

	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/identity"
	"github.com/microtracker/microtracker/server/ingest"
	"github.com/microtracker/microtracker/server/telemetry"
)

// newForOperator makes a server that serves nobody but the operator.
func newForOperator(t *testing.T, databaseURL string) (*Server, *bytes.Buffer) {
	t.Helper()
	log := new(bytes.Buffer)
	s, err := New(Config{
		Store: repotest.Open(t, databaseURL), Logger: slog.New(slog.NewTextHandler(log, nil)), Passwords: identity.NewPasswords(1),
		Metrics: telemetry.NewMetrics("v1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.ingester.Close)
	return s, log
}

// readyz asks for the readiness as a load balancer does.
func (s *Server) readyz(t *testing.T) (int, Readiness) {
	t.Helper()
	recorder := httptest.NewRecorder()
	s.AdminHandler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
	var readiness Readiness
	if err := json.Unmarshal(recorder.Body.Bytes(), &readiness); err != nil {
		t.Fatalf("%v: %s", err, recorder.Body)
	}
	return recorder.Code, readiness
}

// expectNotReady fails unless exactly these checks are not well, each with something to do.
func expectNotReady(t *testing.T, s *Server, checks ...string) {
	t.Helper()
	status, readiness := s.readyz(t)
	var bad []string
	for _, check := range readiness.Checks {
		if !check.OK {
			bad = append(bad, check.Name)
			if check.Remedy == "" || check.Message == "" {
				t.Errorf("%s does not say what to do: %+v", check.Name, check)
			}
		}
	}
	wantStatus := http.StatusOK
	if len(checks) > 0 {
		wantStatus = http.StatusServiceUnavailable
	}
	if status != wantStatus || readiness.Ready != (len(checks) == 0) || strings.Join(bad, " ") != strings.Join(checks, " ") {
		t.Errorf("status %d, ready %v, not well: %v; want %v", status, readiness.Ready, bad, checks)
	}
}

func TestReadinessKnowsTheSchema(t *testing.T) {
	t.Parallel()
	databaseURL := repotest.DatabaseURL(t)
	s, _ := newForOperator(t, databaseURL)
	expectNotReady(t, s)
	// While replicas are replaced one by one, the old ones meet a newer schema, and go on.
	repotest.Exec(t, databaseURL, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)")
	expectNotReady(t, s)
	repotest.Exec(t, databaseURL, "DELETE FROM goose_db_version WHERE version_id > 8")
	expectNotReady(t, s, "schema")
	repotest.Exec(t, databaseURL, "DROP TABLE goose_db_version")
	expectNotReady(t, s, "schema")
}

func TestReadinessKnowsADatabaseThatOnlyReads(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(repotest.DatabaseURL(t))
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("default_transaction_read_only", "on")
	u.RawQuery = query.Encode()
	s, _ := newForOperator(t, u.String())
	expectNotReady(t, s, "database")
}

func TestReadinessAndHealthFollowTheDatabaseAndTheLogTells(t *testing.T) {
	t.Parallel()
	databaseURL := repotest.DatabaseURL(t)
	s, log := newForOperator(t, databaseURL)
	expect := func(status grpchealth.Status, says string) {
		t.Helper()
		log.Reset()
		s.lookReady(t.Context())
		answer, err := s.health.Check(t.Context(), &grpchealth.CheckRequest{})
		if err != nil || answer.Status != status {
			t.Errorf("health says %v, %v; want %v", answer, err, status)
		}
		if s.readiness.isReady() != (status == grpchealth.StatusServing) {
			t.Error("the metric says something else")
		}
		if says == "" && log.Len() > 0 || !strings.Contains(log.String(), says) {
			t.Errorf("it logged %q, want %q", log, says)
		}
	}
	expect(grpchealth.StatusServing, "")
	expect(grpchealth.StatusServing, "")
	allow := repotest.ShutOut(t, databaseURL)
	expect(grpchealth.StatusNotServing, "the database is lost")
	expectNotReady(t, s, "database", "schema")
	expect(grpchealth.StatusNotServing, "")
	allow()
	expect(grpchealth.StatusServing, "the database is back")
	expect(grpchealth.StatusServing, "")
	s.notReady()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	s.lookReady(ended)
	if s.readiness.isReady() {
		t.Error("a server that is being stopped has become ready again")
	}
}

func TestAServerThatIsBeingStoppedIsNotReadyAndLivesOn(t *testing.T) {
	t.Parallel()
	s, _ := newForOperator(t, repotest.DatabaseURL(t))
	close(s.stopping)
	expectNotReady(t, s, "shutdown")
	recorder := httptest.NewRecorder()
	s.AdminHandler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/livez", nil))
	if recorder.Code != http.StatusOK {
		t.Errorf("livez says %d", recorder.Code)
	}
}

func TestReadinessKnowsTheWriters(t *testing.T) {
	t.Parallel()
	well := ingest.State{Writers: 2, Alive: 2, Limit: 20_000}
	for name, test := range map[string]struct {
		change func(state *ingest.State)
		ok     bool
	}{
		"all is well":           {func(*ingest.State) {}, true},
		"a busy one":            {func(s *ingest.State) { s.Waiting = 15_000 }, true},
		"one has ended":         {func(s *ingest.State) { s.Alive = 1 }, false},
		"the backlog is full":   {func(s *ingest.State) { s.Waiting = 19_900 }, false},
		"nothing can be stored": {func(s *ingest.State) { s.FailingSince, s.Err = time.Now(), errors.New("away") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := well
			test.change(&state)
			if check := checkWriter(state); check.OK != test.ok || !test.ok && check.Remedy == "" {
				t.Errorf("%+v", check)
			}
		})
	}
}

func TestTheOperatorsPagesAreNotForOtherSites(t *testing.T) {
	t.Parallel()
	s, _ := newForOperator(t, repotest.DatabaseURL(t))
	for _, path := range []string{"/", "/metrics", "/livez", "/readyz", "/debug/pprof/", "/debug/pprof/cmdline", "/debug/traces"} {
		for site, want := range map[string]int{"": 200, "none": 200, "same-origin": 200, "cross-site": 403, "same-site": 403} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
			r.Header.Set("Sec-Fetch-Site", site)
			recorder := httptest.NewRecorder()
			s.AdminHandler().ServeHTTP(recorder, r)
			if recorder.Code != want {
				t.Errorf("%s from %q: %d, want %d", path, site, recorder.Code, want)
			}
		}
	}
	recorder := httptest.NewRecorder()
	s.Handler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if recorder.Code != http.StatusNotFound {
		t.Errorf("the port for everybody answers /metrics with %d", recorder.Code)
	}
}

func TestTwoServersDoNotShareMetrics(t *testing.T) {
	t.Parallel()
	s, _ := newForOperator(t, repotest.DatabaseURL(t))
	if _, err := New(s.config); !errors.Is(err, telemetry.ErrWatched) {
		t.Errorf("error %v", err)
	}
}
