package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// defaultAdminListen is where the operator finds metrics, readiness and profiles unless he says otherwise.
const defaultAdminListen = "127.0.0.1:8081"

const (
	adminHeaderTimeout = 10 * time.Second
	adminDrain         = time.Second
)

// adminFlags say where what is for the operator alone is served.
type adminFlags struct {
	AdminListen string `help:"Address for the operator alone: /metrics, /readyz, /livez, /debug/pprof/, /debug/traces. Empty: nowhere." default:"127.0.0.1:8081" env:"MICROTRACKER_ADMIN_LISTEN"`
	AdminExpose bool   `help:"Let --admin-listen be an address that other machines reach. Nobody is asked who he is there." env:"MICROTRACKER_ADMIN_EXPOSE"`
}

// listen opens the listener; nil where there is to be none. That the default address is taken is no reason not to start:
// another server on this machine has it, and the log says so.
func (f adminFlags) listen(ctx context.Context, logger *slog.Logger) (net.Listener, error) {
	if f.AdminListen == "" {
		return nil, nil //nolint:nilnil // nil is the listener that is not wanted
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.AdminListen)
	switch {
	case err == nil:
		return listener, nil
	case f.AdminListen == defaultAdminListen:
		logger.Warn("metrics, readiness and profiles are not served: the address is taken, probably by another microtracker; "+
			"choose another with --admin-listen, or none with --admin-listen=", "address", f.AdminListen)
		return nil, nil //nolint:nilnil // as above
	default:
		return nil, fmt.Errorf("listen for the operator (choose another address with --admin-listen, or none with --admin-listen=): %w", err)
	}
}

// check refuses an address that strangers could reach, unless that is meant.
func (f adminFlags) check() error {
	if f.AdminListen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(f.AdminListen)
	if err != nil {
		return fmt.Errorf("--admin-listen %q: say an address and a port, such as %s: %w", f.AdminListen, defaultAdminListen, err)
	}
	ip, err := netip.ParseAddr(host)
	if f.AdminExpose || host == "localhost" || err == nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("--admin-listen %q is not a loopback address: who reaches it reads the metrics and takes profiles without "+
		"being asked who he is; say --admin-expose if that is meant, and let a firewall choose who does", f.AdminListen)
}

// serveAdmin serves the handler on the listener, if there is one, and returns a function that ends it.
func serveAdmin(listener net.Listener, handler http.Handler, logger *slog.Logger) (stop func()) {
	if listener == nil {
		return func() {}
	}
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: adminHeaderTimeout}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("metrics, readiness and profiles are no longer served", "error", err)
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), adminDrain)
		defer cancel()
		if srv.Shutdown(ctx) != nil {
			_ = srv.Close() // a profile that is being taken is given up
		}
		<-done
	}
}
