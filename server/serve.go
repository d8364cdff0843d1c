package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/microtracker/microtracker/server/telemetry"
)

// Timeouts and limits of connections. Calls have their own: bodyTimeout, deadlines.
const (
	headerTimeout  = 10 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 64 << 10
	pingAfter      = 30 * time.Second
	drainTimeout   = 20 * time.Second
)

// Serve answers calls on the listener until ctx ends, then lets those that run finish, for at most 20 s, and returns.
// With a TLS configuration it speaks HTTP/1.1 and HTTP/2 over TLS, else both without.
func (s *Server) Serve(ctx context.Context, listener net.Listener, tlsConfig *tls.Config) error {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	httpServer := &http.Server{
		Handler:           s.Handler(),
		Protocols:         protocols,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		TLSConfig:         tlsConfig,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 250, SendPingTimeout: pingAfter, PingTimeout: pingAfter},
	}
	served := make(chan error, 1)
	go func() {
		if tlsConfig != nil {
			served <- httpServer.ServeTLS(listener, "", "")
		} else {
			served <- httpServer.Serve(listener)
		}
	}()
	go s.cache.Run(ctx)
	go s.watchReadiness(ctx)
	go telemetry.NewClockWatch(telemetry.SystemClock(), s.config.Logger).Run(ctx)
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.notReady()
	close(s.stopping) // streams end; their clients come again, to another replica or to our successor
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := httpServer.Shutdown(drain); err != nil {
		return errors.Join(fmt.Errorf("drain: %w", err), httpServer.Close())
	}
	// No call is left that could hand something over.
	s.ingester.Close()
	s.live.Close()
	s.refused.close()
	s.background.close()
	return nil
}
