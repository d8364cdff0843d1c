package server

import (
	"context"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	connectcors "connectrpc.com/cors"
	"github.com/rs/cors"

	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
)

// bodyTimeout is how long a caller may take to send a whole request.
const bodyTimeout = 30 * time.Second

// logInterceptor notes every call with its outcome, for whoever turns debugging on.
func logInterceptor(logger *slog.Logger) connect.ServerInterceptor {
	return func(next connect.ServerFunc) connect.ServerFunc {
		return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
			if !logger.Enabled(ctx, slog.LevelDebug) {
				return next(ctx, spec, stream)
			}
			begun := time.Now()
			err := next(ctx, spec, stream)
			code := "ok"
			if err != nil {
				code = connect.CodeOf(err).String()
			}
			logger.DebugContext(ctx, "call", "procedure", spec.Procedure, "code", code,
				"duration", time.Since(begun), "request_id", requestFrom(ctx).ID)
			return err
		}
	}
}

// recoverInterceptor turns a panic into an error with its stack, which is logged and never sent.
func recoverInterceptor(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) (err error) {
		defer func() {
			if cause := recover(); cause != nil {
				err = fmt.Errorf("panic in %s: %v\n%s", spec.Procedure, cause, debug.Stack())
			}
		}()
		return next(ctx, spec, stream)
	}
}

// beacons lets pages send events without a preflight: on the Track procedure alone text/plain is read as JSON. Cookies
// are ignored there: a page's visitor is not the dashboard's user.
func beacons(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == microtrackerv1connect.TrackingServiceTrackProcedure {
			r.Header.Del("Cookie")
			if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && media == "text/plain" {
				r.Header.Set("Content-Type", "application/json")
			}
		}
		next.ServeHTTP(w, r)
	})
}

// corsHandler lets pages of every origin call the API, without cookies: what they may do, their token or key says.
func corsHandler(next http.Handler) http.Handler {
	policy := cors.New(cors.Options{
		AllowedOrigins: []string{"*"},
		AllowedMethods: connectcors.AllowedMethods(),
		AllowedHeaders: append(connectcors.AllowedHeaders(), "Authorization"),
		ExposedHeaders: append(connectcors.ExposedHeaders(), "X-Request-Id"),
		MaxAge:         int((2 * time.Hour).Seconds()),
	})
	return policy.Handler(next)
}

// apiHeaders keep answers, which may hold secrets that are shown once, out of caches, and their types from being guessed.
func apiHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store") // pages set their own
		if requestFrom(r.Context()).Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// bodyDeadline bounds how long the body of a unary call may take, so that slow senders do not hold connections.
// Streams are bounded by their messages and by the idle timeout instead.
func (s *Server) bodyDeadline(next http.Handler) http.Handler {
	unary := map[string]bool{}
	for spec := range s.rpc.Specs() {
		unary[spec.Procedure] = spec.StreamType == connect.StreamTypeUnary
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if unary[r.URL.Path] {
			// Not every connection can: then the server's idle timeout has to do.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
		}
		next.ServeHTTP(w, r)
	})
}

// serviceOf returns the service of a procedure: "a.v1.B" of "/a.v1.B/C".
func serviceOf(procedure string) string {
	service, _, _ := strings.Cut(strings.TrimPrefix(procedure, "/"), "/")
	return service
}
