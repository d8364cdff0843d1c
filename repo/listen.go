package repo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"
)

const (
	// listenAgainAfter and listenAgainAtMost bound the wait before a lost connection is made anew; it doubles each time.
	listenAgainAfter  = 100 * time.Millisecond
	listenAgainAtMost = 10 * time.Second
	// listenQuiet is how long a connection may be silent before it is asked whether it still stands.
	listenQuiet = 30 * time.Second
	// listenPatience bounds connecting and asking.
	listenPatience = 10 * time.Second
)

// Listener is who is told what is sent on a channel. Its functions are called one at a time, and must not wait for long:
// nothing is received meanwhile. Those that are nil are not called.
type Listener struct {
	// Connected is called whenever the connection has come to stand, first or anew: what was sent before is lost.
	Connected func()
	// Received is called with each payload, in the order of the commits that sent them.
	Received func(payload string)
	// Lost is called when the connection could not be made or has broken; it is made anew.
	Lost func(err error)
}

// Listen tells the listener what is sent on the channel, until ctx ends. It has a connection of its own, outside the pools.
// A pooler that gives connections away between transactions swallows what is sent, without an error: whoever listens also
// looks by himself now and then.
func (s *Store) Listen(ctx context.Context, channel string, listener Listener) {
	wait := listenAgainAfter
	for {
		hasStood, err := s.listenOnce(ctx, channel, listener)
		if ctx.Err() != nil {
			return
		}
		if listener.Lost != nil {
			listener.Lost(classify("listen on "+channel, err))
		}
		if hasStood {
			wait = listenAgainAfter
		}
		timer := time.NewTimer(wait/2 + rand.N(wait/2)) //nolint:gosec // spreads the replicas, hides nothing
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		wait = min(2*wait, listenAgainAtMost)
	}
}

// listenOnce listens until the connection breaks, and reports whether it had come to stand.
func (s *Store) listenOnce(ctx context.Context, channel string, listener Listener) (hasStood bool, err error) {
	config, err := pgx.ParseConfig(s.url)
	if err != nil {
		return false, fmt.Errorf("read the database URL: %w", redactURL(err))
	}
	config.RuntimeParams["application_name"] = "microtracker listen"
	conn, err := within(ctx, func(ctx context.Context) (*pgx.Conn, error) { return pgx.ConnectConfig(ctx, config) })
	if err != nil {
		return false, err
	}
	defer func() { // ctx may have ended, and the server shall hear of it all the same
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	_, err = within(ctx, func(ctx context.Context) (any, error) {
		return conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize())
	})
	if err != nil {
		return false, err
	}
	if listener.Connected != nil {
		listener.Connected()
	}
	for {
		quiet, cancel := context.WithTimeout(ctx, listenQuiet)
		notification, err := conn.WaitForNotification(quiet)
		cancel()
		switch {
		case ctx.Err() != nil:
			return true, ctx.Err()
		case err == nil:
			if listener.Received != nil {
				listener.Received(notification.Payload)
			}
		case errors.Is(err, context.DeadlineExceeded) && !conn.IsClosed():
			if _, err := within(ctx, func(ctx context.Context) (any, error) { return nil, conn.Ping(ctx) }); err != nil {
				return true, err
			}
		default:
			return true, err
		}
	}
}

// within does something that must not take longer than listenPatience.
func within[T any](ctx context.Context, do func(ctx context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, listenPatience)
	defer cancel()
	return do(ctx)
}

// Notify sends a payload of less than 8,000 bytes to all who listen on the channel.
func (s *Store) Notify(ctx context.Context, channel, payload string) error {
	return classify("notify "+channel, notify(ctx, s.db, channel, payload))
}

// notify sends a payload to all who listen on the channel, when the transaction commits.
func notify(ctx context.Context, db bun.IDB, channel, payload string) error {
	_, err := db.ExecContext(ctx, "SELECT pg_notify(?, ?)", channel, payload)
	return err
}
