package localpg

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
)

const (
	metadataName = "microtracker.json"
	madeBy       = "microtracker"
	loopback     = "127.0.0.1"
	roleName     = "microtracker"
	databaseName = "microtracker"
)

// metadata is the content of microtracker.json. The file is readable by its owner alone, for the password.
type metadata struct {
	MadeBy string `json:"made_by"`
	Major  int    `json:"postgres_major"`
	// Port is the port used last. It is kept where possible, so that a saved connection string goes on working.
	Port     int    `json:"port"`
	User     string `json:"user"`
	Password string `json:"password"`
	Database string `json:"database"`
}

func newMetadata(major int) metadata {
	return metadata{
		MadeBy: madeBy, Major: major,
		// rand.Text has 128 bits and only characters that need no quoting anywhere.
		User: roleName, Password: rand.Text(), Database: databaseName,
	}
}

// url is the connection string of the database.
func (m metadata) url(port int) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(m.User, m.Password),
		Host:     net.JoinHostPort(loopback, strconv.Itoa(port)),
		Path:     m.Database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// readMetadataFile returns an error matching fs.ErrNotExist when dir has no metadata, and a
// *ForeignDirectoryError when the file is not one of ours.
func readMetadataFile(dir string) (metadata, error) {
	text, err := os.ReadFile(filepath.Join(dir, metadataName))
	if err != nil {
		return metadata{}, fmt.Errorf("read what is known of the local PostgreSQL: %w", err)
	}
	var meta metadata
	if err := json.Unmarshal(text, &meta); err != nil || meta.MadeBy != madeBy {
		return metadata{}, &ForeignDirectoryError{Dir: dir, Reason: "its " + metadataName + " was not written by Micro Tracker"}
	}
	return meta, nil
}

// write replaces the file in one step, so that a crash leaves the old or the new one.
func (m metadata) write(dir string) (err error) {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the notes on the local PostgreSQL: %w", err)
	}
	file, err := os.CreateTemp(dir, metadataName+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("write the notes on the local PostgreSQL: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
			err = fmt.Errorf("write the notes on the local PostgreSQL: %w", err)
		}
	}()
	_, err = file.Write(append(text, '\n'))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), filepath.Join(dir, metadataName)); err != nil {
		return err
	}
	return syncDir(dir)
}
