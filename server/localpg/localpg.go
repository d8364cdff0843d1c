// Package localpg runs a PostgreSQL server of its own for somebody who has none yet: it finds the
// programs, makes a data directory once, starts the server on the loopback address and stops it again.
//
// It never deletes data. It refuses a directory that it did not make, one that another major version
// of PostgreSQL made, and one that another process is using. What is committed is on disk, exactly as
// on a server set up by hand, unless Config.Ephemeral says that the data is worthless.
package localpg

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
)

// OldestMajor is the oldest major version of PostgreSQL that is accepted.
const OldestMajor = 15

// Config says where a server keeps its data and how it is run.
type Config struct {
	// Dir is the folder that holds the server's files, in its subfolder "postgres". It is made when absent.
	Dir string
	// BinDir is the folder of the programs initdb and postgres. When it is empty, the environment variable
	// MICROTRACKER_PG_BIN names it, and without that the usual places are searched; see Installations.
	BinDir string
	// Ephemeral trades every durability guarantee for speed. It is for tests: a power cut loses the data.
	Ephemeral bool
	// Logger hears about the first start, an adopted server and a slow recovery. Nil means silence.
	Logger *slog.Logger
}

// Server is a running PostgreSQL. Its methods may be called from several goroutines.
type Server struct {
	config   Config
	folder   folder
	metadata metadata
	process  *postmaster
	port     int
	logger   *slog.Logger

	stopping sync.Mutex
	stopped  bool
	lock     *folderLock
}

// Start makes sure that the PostgreSQL of cfg.Dir runs and answers, and returns when it does. A server
// that outlived its previous owner is adopted. ctx bounds the start only; the server runs until Stop, and
// goes on running when this process is killed.
//
// The error is ErrNoBinaries, *ForeignDirectoryError, *OtherMajorError or *InUseError when errors.Is or
// errors.As say so; each message tells a person what to do about it.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.BinDir == "" {
		cfg.BinDir = os.Getenv(binDirVariable)
	}
	absolute, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("resolve the folder %q: %w", cfg.Dir, err)
	}
	f := folder(absolute)

	// Before the lock file is written, so that a folder of somebody else's is left as it was.
	if _, _, err := f.readMetadata(); err != nil {
		return nil, err
	}
	if err := f.makeRoot(); err != nil {
		return nil, err
	}
	lock, err := lockFolder(f)
	if err != nil {
		return nil, err
	}
	server, err := startLocked(ctx, cfg, f)
	if err != nil {
		lock.release()
		return nil, err
	}
	server.lock = lock
	return server, nil
}

// startLocked is Start for the holder of the folder's lock.
func startLocked(ctx context.Context, cfg Config, f folder) (*Server, error) {
	f.removeLeftovers(cfg.Logger)
	meta, found, err := f.readMetadata()
	if err != nil {
		return nil, err
	}
	if !found {
		if meta, err = initialise(ctx, cfg, f); err != nil {
			return nil, err
		}
	}
	process, port, err := run(ctx, cfg, f, meta)
	if err != nil {
		return nil, err
	}
	meta.Port = port
	return &Server{config: cfg, folder: f, metadata: meta, process: process, port: port, logger: cfg.Logger}, nil
}

// URL is the connection string of the database microtracker, with the password in it.
func (s *Server) URL() string {
	return s.metadata.url(s.port)
}

// Major is the server's major version, 18 for instance.
func (s *Server) Major() int { return s.metadata.Major }

// PID is the process id of the server's first process, the postmaster.
func (s *Server) PID() int {
	s.stopping.Lock()
	defer s.stopping.Unlock()
	return s.process.pid()
}
