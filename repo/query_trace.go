package repo

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uptrace/bun"
)

// TraceQuery is told of each statement before it runs, by its first word (SELECT, INSERT, …) and never with what it asks
// for, and returns a function that is told its error afterwards; nil: nobody wants to know.
type TraceQuery func(ctx context.Context, operation string) (done func(err error))

// queryHook hands bun's statements to a TraceQuery.
type queryHook struct{ trace TraceQuery }

type queryHookKey struct{}

// BeforeQuery is called by bun.
func (h queryHook) BeforeQuery(ctx context.Context, event *bun.QueryEvent) context.Context {
	if done := h.trace(ctx, event.Operation()); done != nil {
		event.Stash = map[any]any{queryHookKey{}: done}
	}
	return ctx
}

// AfterQuery is called by bun.
func (queryHook) AfterQuery(_ context.Context, event *bun.QueryEvent) {
	done, ok := event.Stash[queryHookKey{}].(func(error))
	if !ok {
		return
	}
	if errors.Is(event.Err, sql.ErrNoRows) { // an answer like any other
		done(nil)
		return
	}
	done(event.Err)
}
