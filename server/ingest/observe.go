package ingest

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/telemetry"
)

// observe notes what became of one try to store a group.
func (g *Ingester) observe(group []part, err error) {
	outcome := telemetry.OutcomeFailed
	var excluded *excludedError
	switch {
	case err == nil:
		outcome = telemetry.OutcomeCommitted
		g.config.Metrics.GroupSize(eventsOf(group), len(group))
		g.health.stored()
	case errors.As(err, &excluded):
		outcome = telemetry.OutcomeSplit
	case errors.Is(err, repo.ErrTryAgain), errors.Is(err, repo.ErrConflict):
		outcome = telemetry.OutcomeRetried
	case errors.Is(err, repo.ErrUnavailable):
		outcome = telemetry.OutcomeUnavailable
		g.health.failed(err)
	}
	g.config.Metrics.Group(outcome)
}

// origins are the spans that the parts came in.
func origins(group []part) iter.Seq[telemetry.Origin] {
	return func(yield func(telemetry.Origin) bool) {
		for i := range group {
			if !yield(group[i].origin) {
				return
			}
		}
	}
}

// stages measures the stages of one transaction, each from where the one before ended.
type stages struct {
	ingester *Ingester
	ctx      context.Context //nolint:containedctx // of the group's span, for as long as the transaction
	begun    time.Time
	span     telemetry.Span
}

func (g *Ingester) stages(ctx context.Context) *stages {
	s := &stages{ingester: g, ctx: ctx, begun: time.Now()}
	_, s.span = g.config.Tracing.Start(ctx, "ingest begin")
	return s
}

// next ends a stage and begins the one of this name, if there is one.
func (s *stages) next(ended telemetry.Stage, begins string) {
	now := time.Now()
	s.ingester.config.Metrics.Stage(ended, now.Sub(s.begun))
	s.begun = now
	s.span.End(nil)
	s.span = telemetry.Span{}
	if begins != "" {
		_, s.span = s.ingester.config.Tracing.Start(s.ctx, "ingest "+begins)
	}
}

// end ends the stage in which the transaction failed; after the last one it does nothing.
func (s *stages) end() { s.span.End(errors.New("not committed")) }
