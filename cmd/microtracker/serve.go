package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"time"
	_ "time/tzdata" // days are cut by any zone, also where the system knows none

	"github.com/microtracker/microtracker/server"
	"github.com/microtracker/microtracker/server/enrich"
	"github.com/microtracker/microtracker/server/identity"
	"github.com/microtracker/microtracker/server/telemetry"
	"github.com/microtracker/microtracker/server/ui"
)

type serveCommand struct {
	Listen             string         `help:"Address to serve on." default:"127.0.0.1:8080" env:"MICROTRACKER_LISTEN"`
	PublicURL          string         `help:"How browsers reach the server, such as https://stats.example.com. Default: as each request says." env:"MICROTRACKER_PUBLIC_URL" placeholder:"URL"`
	TLSCert            string         `help:"PEM file of the certificate. With --tls-key the server speaks TLS." env:"MICROTRACKER_TLS_CERT" type:"existingfile" placeholder:"FILE"`
	TLSKey             string         `help:"PEM file of the certificate's key." env:"MICROTRACKER_TLS_KEY" type:"existingfile" placeholder:"FILE"`
	TrustedProxies     []netip.Prefix `help:"Networks of the proxies in front, whose X-Forwarded-For is believed." env:"MICROTRACKER_TRUSTED_PROXIES" placeholder:"CIDR"`
	ClosedRegistration bool           `help:"Let nobody register; the operator makes accounts." env:"MICROTRACKER_CLOSED_REGISTRATION"`
	GeoIPFile          string         `help:"IP database (.mmdb) that says which country and region an address is in. Default: the browser's time zone says the country." env:"MICROTRACKER_GEOIP_FILE" type:"existingfile" placeholder:"FILE" name:"geoip-file"`
	Mail               mailFlags      `embed:""`
	Work               workFlags      `embed:""`
	Admin              adminFlags     `embed:""`
	Demo               bool           `help:"For a newcomer: serve a demo shop at /demo and make an owner account and a project at the first start." env:"MICROTRACKER_DEMO"`
}

// A request's garbage is many times what the server keeps, so it is collected later than by default: the few tens of
// megabytes that this takes spare a good part of the processor. GOGC and GOMEMLIMIT say otherwise where they are set.
const (
	collectAt   = 400 // per cent of what is kept
	memoryLimit = 200 << 20
)

// Run serves until it is told to stop.
func (c *serveCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(collectAt)
		debug.SetMemoryLimit(memoryLimit)
	}
	tlsConfig, err := c.tls()
	if err != nil {
		return err
	}
	if err := c.Admin.check(); err != nil {
		return err
	}
	// Before the database: an address that is taken should not cost its start.
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen (is another microtracker running? choose another address with --listen): %w", err)
	}
	tracing, err := telemetry.NewTracing(ctx, telemetry.TracingConfig{Getenv: os.Getenv, Version: version})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer closeTracing(tracing, logger) //nolint:contextcheck // the last spans are sent after ctx has ended
	db, err := flags.Database.openTraced(ctx, tracing, logger)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer db.close()
	if db.local != nil {
		go db.local.Supervise(ctx)
	}
	applied, err := db.Migrate(ctx)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if applied > 0 {
		logger.Info("brought the schema up to date", "migrations", applied)
	}
	if err := makePartitions(ctx, db); err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := useIngestPrivilege(ctx, db, logger); err != nil {
		return errors.Join(err, listener.Close())
	}
	sender, err := c.Mail.open(flags.Database.DataDir, os.Stdout)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	welcome := c.address(listener)
	locator, err := enrich.OpenLocator(c.GeoIPFile)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer locator.Close() //nolint:errcheck // it was read
	metrics := telemetry.NewMetrics(version)
	srv, err := c.server(db, locator, max(1, flags.Database.IngestConns), metrics, tracing, logger)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	stopWork, err := c.Work.start(ctx, work{store: db.Store, sender: sender, homeURL: welcome, metrics: metrics, logger: logger})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer stopWork()
	adminListener, err := c.Admin.listen(ctx, logger)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	stopAdmin := serveAdmin(adminListener, srv.AdminHandler(), logger) //nolint:contextcheck // ends after ctx has
	defer stopAdmin()
	if c.Demo {
		if err := bootstrap(ctx, db, os.Stdout); err != nil {
			return errors.Join(err, listener.Close())
		}
		printWelcome(os.Stdout, welcome)
	}
	admin := "nowhere"
	if adminListener != nil {
		admin = adminListener.Addr().String()
	}
	logger.Info("serving", "address", welcome, "version", version, "admin_address", admin, "tracing", tracing != nil)
	return srv.Serve(ctx, listener, tlsConfig)
}

func (c *serveCommand) server(db *database, locator *enrich.Locator, writers int, metrics *telemetry.Metrics, tracing *telemetry.Tracing, logger *slog.Logger) (*server.Server, error) {
	var options ui.Options
	if c.Demo {
		options.DemoKey = demoKey(db)
	}
	pages, err := ui.Handler(options)
	if err != nil {
		return nil, err
	}
	return server.New(server.Config{
		Store: db.Store, Logger: logger, Passwords: identity.NewPasswords(max(1, runtime.GOMAXPROCS(0)/2)),
		PublicURL: c.PublicURL, TrustedProxies: c.TrustedProxies, RegistrationClosed: c.ClosedRegistration, Pages: pages,
		Locator: locator, IngestWriters: writers, Metrics: metrics, Tracing: tracing,
	})
}

func (c *serveCommand) tls() (*tls.Config, error) {
	if c.TLSCert == "" && c.TLSKey == "" {
		return nil, nil //nolint:nilnil // without a certificate there is no TLS
	}
	certificate, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("read the certificate (--tls-cert and --tls-key go together): %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, nil
}

// address is where a browser on this machine finds the server.
func (c *serveCommand) address(listener net.Listener) string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return scheme + "://" + listener.Addr().String()
	}
	if ip, err := netip.ParseAddr(host); err == nil && (ip.IsUnspecified() || ip.IsLoopback()) {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// closeTracing sends the last spans.
func closeTracing(tracing *telemetry.Tracing, logger *slog.Logger) {
	if err := tracing.Close(); err != nil {
		logger.Warn("could not send the last spans", "error", err)
	}
}

// useIngestPrivilege takes the faster way to store events where the database role may, and says how to allow it where not.
func useIngestPrivilege(ctx context.Context, db *database, logger *slog.Logger) error {
	may, err := db.UseIngestPrivilege(ctx)
	if err != nil {
		return err
	}
	if !may {
		logger.Info("the database role may not set session_replication_role, so each event's foreign keys are checked once more: " +
			"storing is slower; a superuser allows it with GRANT SET ON PARAMETER session_replication_role TO the role")
	}
	return nil
}

// makePartitions makes the partitions of events that are needed now; a schedule makes those of the coming months.
func makePartitions(ctx context.Context, db *database) error {
	now := time.Now()
	_, err := db.EnsureEventPartitions(ctx, now.AddDate(0, -1, 0), now.AddDate(0, 2, 0))
	return err
}
