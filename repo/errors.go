package repo

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What can be wrong, told apart with errors.Is.
var (
	// ErrNotFound: no such row, or not the caller's. The two are the same on purpose.
	ErrNotFound = errors.New("not found")
	// ErrConflict: a unique constraint refuses the row; errors.As to *ConflictError names it.
	ErrConflict = errors.New("conflict")
	// ErrInvalid: the database refuses a value (its form, range or encoding).
	ErrInvalid = errors.New("invalid value")
	// ErrUnavailable: the database is away, stopping, full, only reading or out of connections. Worth a retry.
	ErrUnavailable = errors.New("database unavailable")
	// ErrDiskFull: the database's disk has no room. It is ErrUnavailable, too.
	ErrDiskFull = fmt.Errorf("the database's disk is full: %w", ErrUnavailable)
	// ErrTryAgain: another transaction got in the way. It is ErrUnavailable, too.
	ErrTryAgain = fmt.Errorf("another transaction got in the way: %w", ErrUnavailable)
	// ErrNoPartition: the month of an event has no partition. Store.EnsureEventPartitions makes it.
	ErrNoPartition = errors.New("no partition for the event")
)

// ConflictError says which unique constraint refused a row. It is ErrConflict.
type ConflictError struct {
	Constraint string
}

func (e *ConflictError) Error() string { return "conflict with " + e.Constraint }

// Is makes errors.Is(err, ErrConflict) true.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// classify wraps err once with what was being done and with the sentinel that its SQLSTATE means. Nil stays nil.
func classify(doing string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) || errors.Is(err, ErrInvalid) || errors.Is(err, ErrUnavailable) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if errors.Is(err, sql.ErrNoRows) || errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("%s: %w", doing, ErrNotFound)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fmt.Errorf("%s: %w", doing, errors.Join(sentinelOf(pgErr), err))
	}
	if isConnectionLoss(err) {
		return fmt.Errorf("%s: %w", doing, errors.Join(ErrUnavailable, err))
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// sentinelOf maps an SQLSTATE to a sentinel, nil if it means none of them.
func sentinelOf(pgErr *pgconn.PgError) error {
	if pgErr.Code == "23514" && pgErr.ConstraintName == "" { // check_violation of no constraint: a row that no partition takes
		return ErrNoPartition
	}
	switch pgErr.Code {
	case "23505": // unique_violation
		return &ConflictError{Constraint: pgErr.ConstraintName}
	case "23514", "23502": // check_violation, not_null_violation
		return ErrInvalid
	case "23503": // foreign_key_violation: the parent is gone, or another tenant's
		return ErrNotFound
	case "57014": // query_canceled: it ran into the statement timeout, else ctx would say so
		return context.DeadlineExceeded
	case "57P01", "57P02", "57P03", "55P03", // shutting down, crashed, starting up, lock not available
		"55000", // the database is being dropped or moved, and lets nobody in
		"25006": // only reading: it has become a replica, or is about to move
		return ErrUnavailable
	case "53100": // disk_full
		return ErrDiskFull
	case "40001", "40P01": // serialization failure, deadlock
		return ErrTryAgain
	}
	switch pgErr.Code[:2] {
	case "08", "53", "58": // connection exception, insufficient resources (disk full, too many connections), system error
		return ErrUnavailable
	case "22": // data exception
		return ErrInvalid
	}
	return nil
}

func isConnectionLoss(err error) bool {
	var netErr net.Error
	var connectErr *pgconn.ConnectError
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		errors.Is(err, net.ErrClosed) || errors.As(err, &netErr) || errors.As(err, &connectErr) ||
		strings.Contains(err.Error(), "conn closed")
}

// redactURL keeps what is wrong with a database URL and drops the URL, which carries the password.
func redactURL(err error) error {
	if _, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		return errors.New("it is not of the form postgres://user:password@host:port/database")
	}
	return err
}

// expectOne turns "no row changed" into ErrNotFound.
func expectOne(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	changed, err := result.RowsAffected()
	if err != nil {
		return err
	}
	if changed == 0 {
		return ErrNotFound
	}
	return nil
}

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }
