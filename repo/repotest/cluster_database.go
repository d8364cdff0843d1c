package repotest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx", for the migrations

	"github.com/microtracker/microtracker/migrations"
)

// templateLock is the advisory lock under which a template is made, one test process at a time.
const templateLock = 0x6d74_7465_7374 // "mttest"

// cloneTemplate makes the database name as a copy of the migrated template, which the first caller makes.
func cloneTemplate(ctx context.Context, server, name string) (err error) {
	template, err := templateName()
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()

	var made bool
	const isMade = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
	if err := conn.QueryRow(ctx, isMade, pgx.QueryExecModeExec, template).Scan(&made); err != nil {
		return fmt.Errorf("look for the template: %w", err)
	}
	if !made {
		if err := makeTemplate(ctx, conn, server, template); err != nil {
			return fmt.Errorf("make the template: %w", err)
		}
	}
	// Copying files costs half of what copying through the log does, as long as nothing waits for the disk.
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+quote(name)+" TEMPLATE "+quote(template)+" STRATEGY FILE_COPY"); err != nil {
		return fmt.Errorf("copy the template: %w", err)
	}
	return nil
}

// templateName changes with every change of a migration, so that an old template is never taken for a new one.
func templateName() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(migrations.FS, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations.FS, path)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read the migrations: %w", err)
	}
	return "microtracker_template_" + hex.EncodeToString(sum.Sum(nil)[:8]), nil
}

// makeTemplate migrates a database under another name and renames it when it is whole, so that a template that
// exists is complete, whatever was killed meanwhile.
func makeTemplate(ctx context.Context, conn *pgx.Conn, server, template string) (err error) {
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", pgx.QueryExecModeExec, int64(templateLock)); err != nil {
		return err
	}
	defer func() {
		_, unlockErr := conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", pgx.QueryExecModeExec, int64(templateLock))
		err = errors.Join(err, unlockErr)
	}()
	var made bool // by whoever held the lock before
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)",
		pgx.QueryExecModeExec, template).Scan(&made)
	if err != nil || made {
		return err
	}
	half := template + "_making"
	for _, statement := range []string{
		"DROP DATABASE IF EXISTS " + quote(half) + " WITH (FORCE)",
		"CREATE DATABASE " + quote(half),
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	if err := migrate(ctx, withDatabase(server, half)); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+quote(half)+" RENAME TO "+quote(template))
	return err
}

func migrate(ctx context.Context, url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	_, err = migrations.Up(ctx, db)
	return errors.Join(err, db.Close())
}

// databaseName tells in PostgreSQL's own views which test a database belongs to.
func databaseName(t testing.TB) string {
	t.Helper()
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(t.Name()))
	// At most 63 bytes, with what makes it unlike any other.
	return "test_" + name[:min(len(name), 44)] + "_" + strings.ToLower(rand.Text()[:12])
}

// drop removes a test's database, together with connections that the test has forgotten.
func drop(t testing.TB, server, name string) {
	t.Helper()
	// The test's own context has ended by now.
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := execute(ctx, server, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)"); err != nil {
		t.Errorf("drop the test's database: %v", err)
	}
}

func execute(ctx context.Context, server, statement string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

func quote(identifier string) string { return pgx.Identifier{identifier}.Sanitize() }
