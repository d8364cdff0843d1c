package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"connectrpc.com/grpchealth"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/ingest"
)

const (
	// readinessEvery is how often the server asks itself whether it is ready.
	readinessEvery = 2 * time.Second
	// readinessTimeout bounds asking the database.
	readinessTimeout = time.Second
)

// Readiness is whether the server takes calls, and what speaks for and against it.
type Readiness struct {
	Ready  bool    `json:"ready"`
	Checks []Check `json:"checks"`
}

// Check is one of the things that have to be right.
type Check struct {
	// Name is schema, database, writer or shutdown.
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Message says how it is, Remedy what to do where that is not well; both for the operator.
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

// readinessState is what was found last.
type readinessState struct {
	mu   sync.Mutex
	last Readiness
	// lostAt is when the database was lost; zero while it is there.
	lostAt time.Time
}

func (r *readinessState) isReady() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last.Ready
}

// notReady says that the server is being stopped, and lasts.
func (s *Server) notReady() {
	s.readiness.mu.Lock()
	defer s.readiness.mu.Unlock()
	s.readiness.last.Ready = false
	s.health.SetStatus("", grpchealth.StatusNotServing)
}

// Readiness asks anew whether the server can do its work: the schema is the one that it knows, the database answers within
// a second and takes changes, events are being stored, and it is not being stopped.
func (s *Server) Readiness(ctx context.Context) Readiness {
	ctx, cancel := context.WithTimeout(ctx, readinessTimeout)
	defer cancel()
	answer, err := s.config.Store.Readiness(ctx)
	return readinessOf(checkDatabase(answer, err), checkSchema(answer, err), checkWriter(s.ingester.State()), s.checkShutdown())
}

// readinessOf is ready where all of the checks are well.
func readinessOf(checks ...Check) Readiness {
	readiness := Readiness{Ready: true, Checks: checks}
	for _, check := range checks {
		readiness.Ready = readiness.Ready && check.OK
	}
	return readiness
}

func checkDatabase(answer *repo.Readiness, err error) Check {
	check := Check{Name: "database"}
	switch {
	case err != nil:
		check.Message = "it does not answer within a second"
		check.Remedy = "see that PostgreSQL runs and can be reached at DATABASE_URL; the log has the error; microtracker doctor says more"
	case answer.IsReadOnly:
		check.Message = "it takes no changes: it is a replica, or was set to only read"
		check.Remedy = "let DATABASE_URL name the primary"
	default:
		check.OK, check.Message = true, "it answers and takes changes"
	}
	return check
}

func checkSchema(answer *repo.Readiness, err error) Check {
	check := Check{Name: "schema"}
	switch {
	case err != nil:
		check.Message, check.Remedy = "unknown while the database does not answer", "see database"
	case answer.Applied < answer.Embedded:
		check.Message = fmt.Sprintf("migration %d is the newest applied, %d is needed", answer.Applied, answer.Embedded)
		check.Remedy = "run microtracker migrate up, or start a server, which does the same"
	case answer.Applied > answer.Embedded:
		// Ready all the same: while replicas are brought up to date one after the other, the old ones go on.
		check.OK = true
		check.Message = fmt.Sprintf("migration %d is newer than this program, which knows %d", answer.Applied, answer.Embedded)
		check.Remedy = "bring this replica up to date, too"
	default:
		check.OK, check.Message = true, fmt.Sprintf("up to date: migration %d", answer.Applied)
	}
	return check
}

func checkWriter(state ingest.State) Check {
	check := Check{Name: "writer"}
	switch {
	case state.Alive < state.Writers:
		check.Message = fmt.Sprintf("%d of %d writers run", state.Alive, state.Writers)
		check.Remedy = "start the server anew, unless it is being stopped"
	case state.Waiting >= state.Limit*9/10:
		check.Message = fmt.Sprintf("%d events wait to be stored, of at most %d", state.Waiting, state.Limit)
		check.Remedy = "the database does not keep up: look for locks, a busy disk or a full one"
	case !state.FailingSince.IsZero():
		check.Message = "events cannot be stored since " + state.FailingSince.UTC().Format(time.RFC3339)
		check.Remedy = "the log has the error: the database is away, full or locked"
	default:
		check.OK, check.Message = true, fmt.Sprintf("%d events wait to be stored, of at most %d", state.Waiting, state.Limit)
	}
	return check
}

func (s *Server) checkShutdown() Check {
	select {
	case <-s.stopping:
		return Check{Name: "shutdown", Message: "the server is being stopped", Remedy: "none: its successor takes over"}
	default:
		return Check{Name: "shutdown", OK: true, Message: "the server is to go on"}
	}
}

// watchReadiness asks every two seconds until ctx ends, lets grpc.health say the same, and tells the log when the database
// is lost and when it is back.
func (s *Server) watchReadiness(ctx context.Context) {
	ticker := time.NewTicker(readinessEvery)
	defer ticker.Stop()
	for {
		s.lookReady(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (s *Server) lookReady(ctx context.Context) {
	readiness := s.Readiness(ctx)
	r := &s.readiness
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil { // being stopped, which Serve says
		return
	}
	wasReady := r.last.Ready || r.last.Checks == nil
	r.last = readiness
	status := grpchealth.StatusNotServing
	if readiness.Ready {
		status = grpchealth.StatusServing
	}
	s.health.SetStatus("", status)
	logger := s.config.Logger
	switch isThere := readiness.Checks[0].OK; {
	case !isThere && r.lostAt.IsZero():
		r.lostAt = time.Now()
		logger.WarnContext(ctx, "the database is lost: calls fail and events are kept by their senders until it is back",
			"what", readiness.Checks[0].Message, "remedy", readiness.Checks[0].Remedy)
	case isThere && !r.lostAt.IsZero():
		logger.InfoContext(ctx, "the database is back", "after", time.Since(r.lostAt).Round(time.Millisecond).String())
		r.lostAt = time.Time{}
	}
	if readiness.Ready == wasReady {
		return
	}
	for _, check := range readiness.Checks[1:] {
		if !check.OK {
			logger.WarnContext(ctx, "the server is not ready", "check", check.Name, "what", check.Message, "remedy", check.Remedy)
		}
	}
	if readiness.Ready {
		logger.InfoContext(ctx, "the server is ready")
	}
}
