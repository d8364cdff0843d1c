package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/localpg"
	"github.com/microtracker/microtracker/server/telemetry"
)

// stopTimeout bounds how long the local PostgreSQL may take to stop.
const stopTimeout = 30 * time.Second

// databaseFlags say where the data is.
type databaseFlags struct {
	DatabaseURL string `help:"PostgreSQL 15 or newer: postgres://user:password@host/database. Without it a local one is started." env:"DATABASE_URL" placeholder:"URL"`
	DataDir     string `help:"Folder of the local PostgreSQL." default:"data" env:"MICROTRACKER_DATA_DIR" placeholder:"DIR"`
	MaxConns    int    `help:"Most connections to the database at once." default:"20" env:"MICROTRACKER_MAX_CONNS"`
	IngestConns int    `help:"Connections beside these that store events." default:"2" env:"MICROTRACKER_INGEST_CONNS"`
}

// database is an open store, with the local PostgreSQL under it if there is one.
type database struct {
	*repo.Store

	local  *localpg.Server
	logger *slog.Logger
}

// openBeside is open for a command that may run while a server has the local PostgreSQL.
func (f databaseFlags) openBeside(ctx context.Context, logger *slog.Logger) (*database, error) {
	db, err := f.open(ctx, logger)
	if inUse, ok := errors.AsType[*localpg.InUseError](err); ok {
		running, attachErr := localpg.Attach(f.DataDir)
		if attachErr != nil {
			return nil, inUse
		}
		return databaseFlags{DatabaseURL: running, MaxConns: f.MaxConns}.open(ctx, logger)
	}
	return db, err
}

// open connects to the database, starting the local one if none is named.
func (f databaseFlags) open(ctx context.Context, logger *slog.Logger) (*database, error) {
	return f.openTraced(ctx, nil, logger)
}

// openTraced is open with a span for each statement of a call that is recorded.
func (f databaseFlags) openTraced(ctx context.Context, tracing *telemetry.Tracing, logger *slog.Logger) (*database, error) {
	db := &database{logger: logger}
	url := f.DatabaseURL
	if url == "" {
		local, err := localpg.Start(ctx, localpg.Config{Dir: f.DataDir, Logger: logger})
		if err != nil {
			return nil, err
		}
		db.local, url = local, local.URL()
	}
	options := repo.Options{MaxConns: f.MaxConns, IngestConns: f.IngestConns}
	if tracing != nil {
		options.TraceQuery = tracing.TraceQuery
	}
	store, err := repo.Open(url, options) //nolint:contextcheck // the pools outlive the start
	if err != nil {
		db.close()
		return nil, err
	}
	db.Store = store
	if err := store.Ping(ctx); err != nil {
		db.close()
		return nil, fmt.Errorf("reach the database (is DATABASE_URL right, and does it run?): %w", err)
	}
	return db, nil
}

// close ends the connections, then the local PostgreSQL. What goes wrong is logged: there is nothing else to do.
func (db *database) close() {
	if db.Store != nil {
		if err := db.Close(); err != nil {
			db.logger.Warn("could not close the connections", "error", err)
		}
	}
	if db.local == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := db.local.Stop(ctx); err != nil {
		db.logger.Error("could not stop the local PostgreSQL", "error", err)
	}
}
