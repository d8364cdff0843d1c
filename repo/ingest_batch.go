package repo

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ingestBatch is statements that go to the database in one round trip.
type ingestBatch struct {
	tx    *IngestTx
	batch pgx.Batch
}

func (t *IngestTx) batch() *ingestBatch { return &ingestBatch{tx: t} }

// exec adds a statement whose result does not matter.
func (b *ingestBatch) exec(sql string, args ...any) {
	b.batch.Queue(sql, args...)
}

// execExactly adds a statement that must change this many rows. The statement ends in RETURNING nothing yet; where it changed
// another number of rows, the database divides by zero, and nothing after it is done, least of all a COMMIT in the same
// round trip.
func (b *ingestBatch) execExactly(rows int, sql string, args ...any) {
	args = append(args, rows)
	b.batch.Queue(fmt.Sprintf("WITH changed AS (%s RETURNING 1) SELECT 1 / (count(*) = $%d)::int FROM changed", sql, len(args)), args...)
}

// query adds a statement whose rows are read.
func (b *ingestBatch) query(sql string, read func(row pgx.Rows) error, args ...any) {
	b.batch.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		defer rows.Close()
		for rows.Next() {
			if err := read(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// send runs the statements. ErrTryAgain when rows that were there a moment ago are not.
func (b *ingestBatch) send(ctx context.Context, doing string) error {
	if b.batch.Len() == 0 {
		return nil
	}
	err := b.tx.conn.SendBatch(ctx, &b.batch).Close()
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == "22012" { // division_by_zero: execExactly
		return fmt.Errorf("%s: rows have gone: %w", doing, ErrTryAgain)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// commit sends the statements and COMMIT behind them.
func (b *ingestBatch) commit(ctx context.Context) error {
	answer := ""
	b.batch.Queue("COMMIT").Exec(func(tag pgconn.CommandTag) error {
		answer = tag.String()
		return nil
	})
	if err := b.send(ctx, "save events"); err != nil {
		return err
	}
	if answer != "COMMIT" {
		return fmt.Errorf("commit: the database answered %s", answer)
	}
	return nil
}
