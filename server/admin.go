package server

import (
	"encoding/json"
	"net/http"
	"net/http/pprof"
)

// AdminHandler serves what is for the operator alone: /metrics, /readyz, /livez, /debug/pprof/ and /debug/traces. It asks
// nobody who he is: it belongs on an address that only the operator reaches.
func (s *Server) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.config.Metrics.Handler())
	mux.HandleFunc("GET /livez", s.serveLive)
	mux.HandleFunc("GET /readyz", s.serveReady)
	mux.Handle("GET /debug/traces", s.config.Tracing.RecentHandler())
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /{$}", serveAdminIndex)
	return withoutForeignPages(mux)
}

// withoutForeignPages refuses what a page of another site has the operator's browser ask for: a profile takes seconds of
// the processor.
func withoutForeignPages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		switch r.Header.Get("Sec-Fetch-Site") {
		case "", "none", "same-origin":
			next.ServeHTTP(w, r)
		default:
			http.Error(w, "another site's page may not ask for this", http.StatusForbidden)
		}
	})
}

// serveLive says whether the process is worth keeping: its writers run. That the database is away is no reason to start
// anew.
func (s *Server) serveLive(w http.ResponseWriter, r *http.Request) {
	check := Check{Name: "writer", OK: true, Message: "the process works"}
	if state := s.ingester.State(); state.Alive < state.Writers && s.checkShutdown().OK {
		check = checkWriter(state)
	}
	s.writeReadiness(w, r, Readiness{Ready: check.OK, Checks: []Check{check}})
}

func (s *Server) serveReady(w http.ResponseWriter, r *http.Request) {
	s.writeReadiness(w, r, s.Readiness(r.Context()))
}

func (s *Server) writeReadiness(w http.ResponseWriter, r *http.Request, readiness Readiness) {
	w.Header().Set("Content-Type", "application/json")
	if !readiness.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(readiness); err != nil {
		s.config.Logger.DebugContext(r.Context(), "could not write the readiness", "error", err)
	}
}

func serveAdminIndex(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("Micro Tracker, for the operator:\n\n/metrics\n/readyz\n/livez\n/debug/pprof/\n/debug/traces\n")) // the reader has gone
}
