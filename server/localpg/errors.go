package localpg

import (
	"errors"
	"fmt"
)

// ErrNoBinaries means that no PostgreSQL of an accepted version was found on this machine.
var ErrNoBinaries = errors.New("no PostgreSQL found")

// InUseError means that another process runs the server of the same folder.
type InUseError struct {
	Dir string
	// PID is the other process's id, or 0 when it has not said yet.
	PID int
}

func (e *InUseError) Error() string {
	holder := "another process"
	if e.PID != 0 {
		holder = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("the folder %s is in use by %s: stop that one, or choose another folder", e.Dir, holder)
}

// ForeignDirectoryError means that a directory holds files which this package did not put there.
type ForeignDirectoryError struct {
	Dir string
	// Reason says what about the directory is not as expected.
	Reason string
}

func (e *ForeignDirectoryError) Error() string {
	return fmt.Sprintf("will not touch %s, because %s: choose another folder, "+
		"or run that PostgreSQL yourself and set DATABASE_URL", e.Dir, e.Reason)
}

// OtherMajorError means that the data was written by a major version of PostgreSQL that is not installed.
type OtherMajorError struct {
	Dir string
	// Want is the major version that wrote the data.
	Want int
	// Have lists the major versions found on this machine; it may be empty.
	Have []int
}

func (e *OtherMajorError) Error() string {
	have := "none"
	if len(e.Have) > 0 {
		have = fmt.Sprint(e.Have)
	}
	return fmt.Sprintf("the data in %s was written by PostgreSQL %d, and of the versions found (%s) none is that: "+
		"install PostgreSQL %d or name its programs with %s; to move to another version, "+
		"dump the data with pg_dump and load it into a new folder", e.Dir, e.Want, have, e.Want, binDirVariable)
}

// StillRunningError means that a server did not stop when told to do so at once.
type StillRunningError struct {
	PID int
}

func (e *StillRunningError) Error() string {
	return fmt.Sprintf("PostgreSQL, process %d, does not stop", e.PID)
}
