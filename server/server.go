// Package server serves Micro Tracker's API: one file per service, each handler in three steps: open the project, act,
// map. Interceptors decide who may call (access.go), what a message may contain (validate.go) and what a caller learns
// of an error (errors.go).
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"buf.build/go/protovalidate"
	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"connectrpc.com/grpchealth"
	"connectrpc.com/grpcreflect/v2"
	"connectrpc.com/validate"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/cache"
	"github.com/microtracker/microtracker/server/enrich"
	"github.com/microtracker/microtracker/server/identity"
	"github.com/microtracker/microtracker/server/ingest"
	"github.com/microtracker/microtracker/server/limit"
	"github.com/microtracker/microtracker/server/live"
	"github.com/microtracker/microtracker/server/rollup"
	"github.com/microtracker/microtracker/server/telemetry"
)

const (
	// maxMessage is the largest message read, after decompression.
	maxMessage = 1 << 20
	// compressAbove is the size from which answers are compressed.
	compressAbove = 1 << 10
)

// Config is what a Server needs. those that say so are required.
type Config struct {
	Store     *repo.Store
	Logger    *slog.Logger
	Passwords *identity.Passwords
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// PublicURL is how browsers reach the server, such as https://stats.example.com; taken from each request if empty.
	PublicURL string
	// TrustedProxies may say in X-Forwarded-For and X-Forwarded-Proto who the client is.
	TrustedProxies []netip.Prefix
	// RegistrationClosed leaves the making of accounts to the operator.
	RegistrationClosed bool
	// RecheckStreams is how long a stream outlives the credential that opened it at most; 30 s if zero.
	RecheckStreams time.Duration
	// HoldWrongKeys is how long the answer to a wrong key is held back; 250 ms if zero.
	HoldWrongKeys time.Duration
	// IngestWriters is how many transactions that store events may run at once; as many as the Store has connections for
	// them. 2 if zero.
	IngestWriters int
	// Locator says which country visitors are in; by their time zones if nil.
	Locator *enrich.Locator
	// Metrics count and measure what the server does; nil: nothing does. One server's each.
	Metrics *telemetry.Metrics
	// Tracing records calls as OpenTelemetry spans; nil: it is off.
	Tracing *telemetry.Tracing
	// Pages serves what is no RPC: the dashboard, the tracker, the demo.
	Pages http.Handler
}

// Server answers the API's calls. It is stateless but for its watchers: any number may share one database.
type Server struct {
	config    Config
	validator protovalidate.Validator
	ingester  *ingest.Ingester
	live      *live.Hub
	limiter   *limit.Limiter
	verified  *verifiedKeys
	tarpit    tarpit
	// background does what is done after a call was answered.
	background *background
	inboxes    *inboxes
	refused    *refusedEvents
	cache      *cache.Cache
	// answers are those from days that are counted.
	answers *rollup.Answers
	// reportTurns bounds the questions that are computed at once.
	reportTurns turns
	rpc         *connect.Server
	errors      *connecthttp.ErrorWriter
	health      *grpchealth.StaticChecker
	readiness   readinessState
	// stopping is closed when streams shall end.
	stopping chan struct{}
}

// New makes a server.
func New(config Config) (*Server, error) {
	if config.Store == nil || config.Logger == nil || config.Passwords == nil {
		return nil, errors.New("make a server: Store, Logger and Passwords are required")
	}
	clock := config.Now
	if clock == nil {
		clock = time.Now
	}
	if config.RecheckStreams == 0 {
		config.RecheckStreams = recheckStreams
	}
	if config.HoldWrongKeys == 0 {
		config.HoldWrongKeys = holdWrong
	}
	// As exact as the database keeps it, so that an answer to a change and a later one to a question agree.
	config.Now = func() time.Time { return clock().Truncate(time.Microsecond) }
	if config.Locator == nil {
		config.Locator, _ = enrich.OpenLocator("") // time zones alone cannot fail
	}
	validator, err := protovalidate.New()
	if err != nil {
		return nil, fmt.Errorf("make the validator: %w", err)
	}
	s := &Server{
		config: config, validator: validator, stopping: make(chan struct{}),
		live:       live.NewHub(live.Config{Store: config.Store, Logger: config.Logger, Now: config.Now}),
		errors:     connecthttp.NewErrorWriter(),
		limiter:    limit.New(config.Store, config.Now),
		verified:   newVerifiedKeys(config.Now),
		tarpit:     newTarpit(),
		background: newBackground(config.Logger),
		inboxes:    newInboxes(config.Now),
		refused:    newRefusedEvents(config.Store, config.Logger),
		cache:      cache.New(cache.Config{Store: config.Store, Logger: config.Logger}),
		answers:    rollup.NewAnswers(rollup.New(rollup.Config{Store: config.Store, Logger: config.Logger, Now: config.Now})),
	}
	s.ingester = ingest.New(ingest.Config{Store: config.Store, Now: config.Now, Committed: s.live.Changed, Logger: config.Logger, Locator: config.Locator, Writers: config.IngestWriters, Metrics: config.Metrics, Tracing: config.Tracing})
	// From the outside in: what the operator learns of a call, what a caller learns of an error, who may call, what a message
	// may contain.
	s.rpc = connect.NewServer(
		observeInterceptor(config.Metrics, config.Tracing), logInterceptor(config.Logger), errorInterceptor(config.Logger), recoverInterceptor,
		s.accessInterceptor, refuseNUL, validate.NewServerInterceptor(validate.WithValidator(validator)),
	)
	microtrackerv1connect.RegisterAuthServiceHandler(s.rpc, authServer{s})
	microtrackerv1connect.RegisterProjectsServiceHandler(s.rpc, projectsServer{s})
	microtrackerv1connect.RegisterApiKeysServiceHandler(s.rpc, apiKeysServer{s})
	microtrackerv1connect.RegisterTrackingServiceHandler(s.rpc, trackingServer{s})
	microtrackerv1connect.RegisterReportingServiceHandler(s.rpc, reportingServer{s})
	microtrackerv1connect.RegisterJobsServiceHandler(s.rpc, jobsServer{s})
	microtrackerv1connect.RegisterAdsServiceHandler(s.rpc, adsServer{s})
	services := make([]string, 0, 8)
	for spec := range s.rpc.Specs() {
		services = append(services, serviceOf(spec.Procedure))
	}
	if err := s.observeState(); err != nil {
		return nil, fmt.Errorf("make a server: its Metrics are another's: %w", err)
	}
	s.health = grpchealth.NewStaticChecker(services...)
	grpcreflect.Register(s.rpc)
	var procedures []string
	for spec := range s.rpc.Specs() {
		procedures = append(procedures, spec.Procedure)
	}
	config.Metrics.Procedures(procedures)
	s.rpc.SetUnknownHandler(func(_ context.Context, spec connect.Spec, _ connect.ServerStream) error {
		return fail(connect.CodeUnimplemented, microtrackerv1.ErrorReason_ERROR_REASON_UNKNOWN_RPC,
			spec.Procedure+" does not exist here: is the client newer than the server?")
	})
	return s, nil
}

// Handler returns everything that the server serves on its one port.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	connecthttp.Mount(mux, s.rpc,
		connecthttp.WithReadMaxBytes(maxMessage),
		connecthttp.WithCompressMinBytes(compressAbove),
		connecthttp.WithCodecs(connectproto.NewBinaryCodec(), strictJSON()),
	)
	mux.Handle(grpchealth.NewHandler(s.health))
	if s.config.Pages != nil {
		mux.Handle("/", s.config.Pages)
	}
	var handler http.Handler = mux
	handler = s.bodyDeadline(handler)
	handler = withWriter(handler)
	handler = beacons(handler)
	handler = apiHeaders(handler)
	handler = s.sameOrigin(handler)
	handler = corsHandler(handler)
	handler = s.withRequest(handler)
	return handler
}

// strictJSON refuses unknown fields: a misspelt one would otherwise be lost in silence.
func strictJSON() *connectproto.JSONCodec {
	codec := connectproto.NewJSONCodec()
	codec.UnmarshalOptions.DiscardUnknown = false
	// Zeros are said: a reader of JSON need not know the schema to see that a count is 0.
	codec.MarshalOptions.EmitDefaultValues = true
	return codec
}

// writeError answers an HTTP request with an error in the protocol that it speaks.
func (s *Server) writeError(w http.ResponseWriter, r *http.Request, err error) {
	if writeErr := s.errors.Write(w, r, err); writeErr != nil {
		s.config.Logger.DebugContext(r.Context(), "could not write an error", "error", writeErr)
	}
}
