// Package repo is the only way to the data: bun models, one file per documented table, and the handles that guard them.
//
// Rows of a tenant are reached through *Project, which only Store.OpenProject makes, or through *Inbox, which takes
// events in and can do nothing else. Every method returns errors that errors.Is tells apart: ErrNotFound, ErrConflict,
// ErrInvalid, ErrUnavailable.
package repo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/microtracker/microtracker/migrations"
)

// Store is a pool of connections to one PostgreSQL database. Safe for concurrent use.
type Store struct {
	db *bun.DB
	// ingest are the connections that events are stored through: their own, so that reports never keep events waiting.
	ingest *pgxpool.Pool
	// privileged are such connections that leave out the check of foreign keys; nil: the role may not (UseIngestPrivilege).
	privileged atomic.Pointer[pgxpool.Pool]
	// sessionIDs are ids taken from the sequence ahead of their use.
	sessionIDs idBlock
	url        string
	options    Options
}

// Options bound the pools. Zero values take the defaults.
type Options struct {
	// MaxConns is the most connections open at once, beside those for ingest; default 20.
	MaxConns int
	// IngestConns is the most connections that store events at once; default 2.
	IngestConns int
	// TraceQuery hears of each statement but those that store events; nil: nobody does.
	TraceQuery TraceQuery
}

// Open makes a Store on the database that url (postgres://… or a keyword string) names. It does not connect yet.
func Open(url string, opts Options) (*Store, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", redactURL(err))
	}
	// bun writes arguments into the text, so every statement is new: a cache of prepared statements would only fill up.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "microtracker"
	}
	// Reports cut days by a zone that they name; nothing may depend on the server's own.
	config.RuntimeParams["timezone"] = "UTC"
	pool := stdlib.OpenDB(*config)
	maxConns := opts.MaxConns
	if maxConns == 0 {
		maxConns = 20
	}
	pool.SetMaxOpenConns(maxConns)
	pool.SetMaxIdleConns(maxConns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	ingest, err := openIngestPool(url, opts.IngestConns, nil)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	db := bun.NewDB(pool, pgdialect.New(), bun.WithDiscardUnknownColumns())
	if opts.TraceQuery != nil {
		db = db.WithQueryHook(queryHook{opts.TraceQuery})
	}
	return &Store{db: db, ingest: ingest, url: url, options: opts}, nil
}

// reportTimeout is how long one question may keep the database busy.
const reportTimeout = 30 * time.Second

// inSnapshot runs read-only work that sees one state of the database, with the planner set for reports.
func (s *Store) inSnapshot(ctx context.Context, work func(ctx context.Context, tx bun.Tx) error) error {
	options := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	return s.db.RunInTx(ctx, options, func(ctx context.Context, tx bun.Tx) error {
		// A report reads many rows by its nature. Where statistics are young the planner expects few, joins by nested
		// loops, and takes seconds for what a hash join does in milliseconds.
		_, err := tx.ExecContext(ctx, fmt.Sprintf("SET LOCAL enable_nestloop = off; SET LOCAL statement_timeout = %d", reportTimeout.Milliseconds()))
		if err != nil {
			return err
		}
		return work(ctx, tx)
	})
}

// Close ends the pool's connections.
func (s *Store) Close() error {
	s.ingest.Close()
	if privileged := s.privileged.Load(); privileged != nil {
		privileged.Close()
	}
	return s.db.Close()
}

// Ping checks that the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return classify("ping the database", s.db.PingContext(ctx))
}

// Migrate brings the schema up to date and returns how many migrations that took.
func (s *Store) Migrate(ctx context.Context) (int, error) {
	applied, err := migrations.Up(ctx, s.db.DB)
	return applied, classify("migrate", err)
}

// MigrateDown takes the newest migration back and returns its version, 0 if there was none.
func (s *Store) MigrateDown(ctx context.Context) (int64, error) {
	version, err := migrations.Down(ctx, s.db.DB)
	return version, classify("migrate down", err)
}

// Migrations lists every migration and when it was applied.
func (s *Store) Migrations(ctx context.Context) ([]migrations.Status, error) {
	list, err := migrations.List(ctx, s.db.DB)
	return list, classify("list the migrations", err)
}

// EnsureEventPartitions makes the partitions of events for since to until, and returns how many were missing. ErrUnavailable
// where a long report is in the way: everybody else would wait behind the one who waits to make a partition, so he does so
// for a moment only.
func (s *Store) EnsureEventPartitions(ctx context.Context, since, until time.Time) (int, error) {
	var made int
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.ExecContext(ctx, "SET LOCAL lock_timeout = '2s'"); err != nil {
			return err
		}
		return tx.NewRaw("SELECT create_event_partitions(?, ?)", since, until).Scan(ctx, &made)
	})
	return made, classify("make event partitions", err)
}
