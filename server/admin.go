package server

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/pprof"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/telemetry"
)

// AdminHandler serves what is for the operator alone: /metrics, /readyz, /livez, /debug/pprof/ and /debug/traces. It asks
// nobody who he is: it belongs on an address that only the operator reaches.
func (s *Server) AdminHandler() http.Handler {
	return adminHandler(s.config.Metrics, s.config.Tracing, s.isAlive, s.Readiness)
}

// WorkerAdminHandler serves the same for a process that does jobs and takes no calls: ready is where the database answers
// with the schema that it knows. The metrics tell the state of the store's pools and of the queue from now on; ErrWatched
// where they tell another's.
func WorkerAdminHandler(store *repo.Store, metrics *telemetry.Metrics) (http.Handler, error) {
	err := metrics.Watch(telemetry.Sources{Pools: store.Pools, Work: store.WorkState})
	if err != nil {
		return nil, err
	}
	alive := func() Readiness {
		return readinessOf(Check{Name: "process", OK: true, Message: "the process works"})
	}
	ready := func(ctx context.Context) Readiness {
		ctx, cancel := context.WithTimeout(ctx, readinessTimeout)
		defer cancel()
		answer, err := store.Readiness(ctx)
		return readinessOf(checkDatabase(answer, err), checkSchema(answer, err))
	}
	return adminHandler(metrics, nil, alive, ready), nil
}

func adminHandler(metrics *telemetry.Metrics, tracing *telemetry.Tracing, alive func() Readiness, ready func(ctx context.Context) Readiness) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics.Handler())
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { writeReadiness(w, alive()) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { writeReadiness(w, ready(r.Context())) })
	mux.Handle("GET /debug/traces", tracing.RecentHandler())
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

// isAlive says whether the process is worth keeping: its writers run. That the database is away is no reason to start anew.
func (s *Server) isAlive() Readiness {
	check := Check{Name: "writer", OK: true, Message: "the process works"}
	if state := s.ingester.State(); state.Alive < state.Writers && s.checkShutdown().OK {
		check = checkWriter(state)
	}
	return readinessOf(check)
}

func writeReadiness(w http.ResponseWriter, readiness Readiness) {
	w.Header().Set("Content-Type", "application/json")
	if !readiness.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(readiness) // the reader has gone
}

func serveAdminIndex(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("Micro Tracker, for the operator:\n\n/metrics\n/readyz\n/livez\n/debug/pprof/\n/debug/traces\n")) // the reader has gone
}
