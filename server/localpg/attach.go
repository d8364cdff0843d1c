package localpg

import (
	"errors"
	"fmt"
	"path/filepath"
)

// errNotRunning means that the folder has no server that could be attached to.
var errNotRunning = errors.New("no PostgreSQL of this folder is running")

// Attach returns the connection string of the server of the folder dir that another process started, for a command
// beside it. That process keeps it, and may stop it at any time.
func Attach(dir string) (string, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("resolve the folder %q: %w", dir, err)
	}
	meta, found, err := folder(absolute).readMetadata()
	if err != nil {
		return "", err
	}
	if !found {
		return "", errNotRunning
	}
	running, err := readPIDFile(folder(absolute))
	if err != nil {
		return "", fmt.Errorf("%w: %w", errNotRunning, err)
	}
	return meta.url(running.port), nil
}
