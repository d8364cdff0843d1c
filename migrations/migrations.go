// Package migrations holds the schema as embedded SQL, one readable set, and runs it.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// FS holds the migrations, named by version.
//
//go:embed *.sql
var FS embed.FS

// Status is one migration and whether it has been applied.
type Status struct {
	Version int64
	Name    string
	// AppliedAt is zero while the migration is pending.
	AppliedAt time.Time
}

// Newest returns the version of the newest migration that this program has.
func Newest() (int64, error) {
	names, err := fs.Glob(FS, "*.sql")
	if err != nil || len(names) == 0 {
		return 0, errors.Join(errors.New("there are no migrations"), err)
	}
	return goose.NumericComponent(slices.Max(names)) // they are numbered with five digits each
}

// Up applies all pending migrations and returns how many there were. Servers that start together do not collide:
// one migrates under an advisory lock, the others wait and find nothing left to do.
func Up(ctx context.Context, db *sql.DB) (int, error) {
	provider, err := newProvider(db)
	if err != nil {
		return 0, err
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return 0, fmt.Errorf("migrate up: %w", err)
	}
	return len(results), nil
}

// Down takes back the newest applied migration and returns its version, or 0 when there is none.
func Down(ctx context.Context, db *sql.DB) (int64, error) {
	provider, err := newProvider(db)
	if err != nil {
		return 0, err
	}
	version, err := provider.GetDBVersion(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the schema version: %w", err)
	}
	if version == 0 {
		return 0, nil
	}
	result, err := provider.Down(ctx)
	if err != nil {
		return 0, fmt.Errorf("migrate down: %w", err)
	}
	return result.Source.Version, nil
}

// List returns every migration in order, with the time it was applied.
func List(ctx context.Context, db *sql.DB) ([]Status, error) {
	provider, err := newProvider(db)
	if err != nil {
		return nil, err
	}
	found, err := provider.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the migrations' status: %w", err)
	}
	list := make([]Status, len(found))
	for i, m := range found {
		list[i] = Status{Version: m.Source.Version, Name: m.Source.Path, AppliedAt: m.AppliedAt}
	}
	return list, nil
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, fmt.Errorf("make the migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, FS, goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return provider, nil
}
