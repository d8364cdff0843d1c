package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/enrich"
)

// openMigrated opens the database for a command of the operator, with its schema up to date.
func (f databaseFlags) openMigrated(ctx context.Context, logger *slog.Logger) (*database, error) {
	db, err := f.openBeside(ctx, logger)
	if err != nil {
		return nil, err
	}
	if _, err := db.Migrate(ctx); err != nil {
		db.close()
		return nil, err
	}
	return db, nil
}

// account returns the account that the operator means.
func (db *database) account(ctx context.Context, email string) (*repo.User, error) {
	user, err := db.UserByEmail(ctx, strings.ToLower(strings.TrimSpace(email)))
	if errors.Is(err, repo.ErrNotFound) {
		return nil, fmt.Errorf("there is no account with the address %q: see microtracker user list", email)
	}
	return user, err
}

// pageFlags ask for a part of a list.
type pageFlags struct {
	Limit int   `help:"At most this many." default:"50"`
	After int64 `help:"Go on after this ID." placeholder:"ID"`
}

// page asks for one row more than is shown, to know whether there are more.
func (f pageFlags) page() (repo.Page[int64], error) {
	if f.Limit < 1 || f.Limit > 10_000 {
		return repo.Page[int64]{}, fmt.Errorf("--limit %d: give 1 to 10000", f.Limit)
	}
	return repo.Page[int64]{After: f.After, Limit: f.Limit + 1}, nil
}

// table is what a list prints.
type table struct {
	header []string
	rows   [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// write prints the table. What strangers have called themselves is made harmless: no character moves the cursor, changes
// colours, or makes text read in another direction.
func (t *table) write(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{t.header}, t.rows...) {
		for i, cell := range row {
			row[i] = harmless(cell)
		}
		if _, err := fmt.Fprintln(w, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return w.Flush()
}

// print writes the table to the standard output, and to the other one whether there is more after the last ID.
func (t *table) print(more bool, lastID int64) error {
	if err := t.write(os.Stdout); err != nil {
		return err
	}
	if more {
		fmt.Fprintf(os.Stderr, "There are more: --after %d\n", lastID)
	}
	return nil
}

// maxCell is how long a cell may be: names and addresses have at most 255 characters.
const maxCell = 255

// harmless is a stranger's text for a terminal.
func harmless(text string) string {
	if text = enrich.FixText(text, maxCell); text == "" {
		return "-"
	}
	return text
}

func idCell(id int64) string { return strconv.FormatInt(id, 10) }

// timeCell is a time in UTC to the minute, nothing if there is none.
func timeCell(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}
