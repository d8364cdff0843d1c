package localpg

import (
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	// logLimit bounds the log in bytes, looked at when the server starts.
	logLimit = 10 << 20
	// logTail is how much of the log an error quotes, in bytes.
	logTail = 1500
)

// openLog opens the server's log for appending and returns its present size. A log above the limit is moved
// aside first, over the one moved aside before.
func openLog(path string) (*os.File, int64, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > logLimit {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, 0, fmt.Errorf("move the full PostgreSQL log aside: %w", err)
		}
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, 0, fmt.Errorf("open the PostgreSQL log: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, 0, fmt.Errorf("open the PostgreSQL log: %w", err)
	}
	return file, info.Size(), nil
}

// logSince is what was logged after the given offset, or the end of it.
func logSince(path string, offset int64) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err == nil {
		offset = max(offset, info.Size()-logTail)
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return ""
	}
	text, err := io.ReadAll(io.LimitReader(file, logTail))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
