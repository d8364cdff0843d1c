package localpg

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// folder is Config.Dir, absolute. In it lie:
//
//	postgres/                the server; appears complete or not at all
//	postgres/data/           PostgreSQL's own data directory
//	postgres/microtracker.json  what this package knows about it, and the mark that it made it
//	postgres/postgres.log    the server's log, and postgres.log.1, the one before
//	postgres.lock            held by the process that runs the server
//	.postgres-init-*/        a server in the making
type folder string

const initPrefix = ".postgres-init-"

func (f folder) base() string     { return filepath.Join(string(f), "postgres") }
func (f folder) data() string     { return filepath.Join(f.base(), "data") }
func (f folder) log() string      { return filepath.Join(f.base(), "postgres.log") }
func (f folder) lockPath() string { return filepath.Join(string(f), "postgres.lock") }

// dirMode lets the account that PostgreSQL runs under pass through, where that is not our own. Passing
// through is not listing, and the files inside are closed to it.
func dirMode() fs.FileMode {
	if os.Geteuid() == 0 {
		return 0o711
	}
	return 0o700
}

func (f folder) makeRoot() error {
	if _, err := os.Stat(filepath.Join(string(f), "PG_VERSION")); err == nil {
		return &ForeignDirectoryError{Dir: string(f), Reason: "it is itself a PostgreSQL data directory"}
	}
	if err := os.MkdirAll(string(f), dirMode()); err != nil {
		return fmt.Errorf("make the folder for PostgreSQL: %w", err)
	}
	return nil
}

// readMetadata returns what is known of the server in the folder, and whether there is one. It refuses a
// directory that this package did not make.
func (f folder) readMetadata() (metadata, bool, error) {
	entries, err := os.ReadDir(f.base())
	if errors.Is(err, fs.ErrNotExist) || (err == nil && len(entries) == 0) {
		return metadata{}, false, nil
	}
	if err != nil {
		return metadata{}, false, fmt.Errorf("look into the folder of PostgreSQL: %w", err)
	}
	meta, err := readMetadataFile(f.base())
	if errors.Is(err, fs.ErrNotExist) {
		return metadata{}, false, &ForeignDirectoryError{
			Dir: f.base(), Reason: "it is not empty and was not made by Micro Tracker",
		}
	}
	if err != nil {
		return metadata{}, false, err
	}
	// The directory knows better than our note which version it is of.
	meta.Major, err = dataMajor(f.data())
	if err != nil {
		return metadata{}, false, fmt.Errorf("the local PostgreSQL has lost its data directory, "+
			"restore it or choose another folder: %w", err)
	}
	return meta, true, nil
}

// dataMajor is the major version that wrote a PostgreSQL data directory.
func dataMajor(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return 0, err
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("read the version of %s: %w", data, err)
	}
	return major, nil
}

// removeLeftovers clears away servers in the making whose maker was killed. Nobody ever connected to one,
// so nothing is lost. A folder without our mark stays, unless it is empty.
func (f folder) removeLeftovers(logger *slog.Logger) {
	leftovers, err := filepath.Glob(filepath.Join(escapeGlob(string(f)), initPrefix+"*"))
	if err != nil {
		return
	}
	for _, leftover := range leftovers {
		if _, err := readMetadataFile(leftover); err != nil {
			_ = os.Remove(leftover)
			continue
		}
		// An initdb that outlived its owner may still write there; then the next start tries again, and for that
		// our mark must be the last to go.
		err := os.RemoveAll(filepath.Join(leftover, "data"))
		if err == nil {
			err = os.RemoveAll(leftover)
		}
		if err != nil {
			logger.Warn("could not remove a half-made PostgreSQL folder", "dir", leftover, "error", err)
		}
	}
}

// escapeGlob makes filepath.Glob read a path literally.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}
