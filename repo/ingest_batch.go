package repo

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ingestBatch is statements that go to the database in one round trip.
type ingestBatch struct {
	tx    *IngestTx
	batch pgx.Batch
	// expect are the numbers of rows that statements must change.
	expect []expected
}

type expected struct {
	what      string
	want, got int64
}

func (t *IngestTx) batch() *ingestBatch { return &ingestBatch{tx: t} }

// exec adds a statement whose result does not matter.
func (b *ingestBatch) exec(sql string, args ...any) {
	b.batch.Queue(sql, args...)
}

// execExactly adds a statement that must change this many rows of what.
func (b *ingestBatch) execExactly(rows int, what, sql string, args ...any) {
	at := len(b.expect)
	b.expect = append(b.expect, expected{what: what, want: int64(rows)})
	b.batch.Queue(sql, args...).Exec(func(tag pgconn.CommandTag) error {
		b.expect[at].got = tag.RowsAffected()
		return nil
	})
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

// send runs the statements. ErrTryAgain when rows that were there a moment ago are not: another try will see.
func (b *ingestBatch) send(ctx context.Context, doing string) error {
	if b.batch.Len() == 0 {
		return nil
	}
	if err := b.tx.conn.SendBatch(ctx, &b.batch).Close(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	for _, e := range b.expect {
		if e.got != e.want {
			return fmt.Errorf("%s: changed %d rows of %s, not %d: %w", doing, e.got, e.what, e.want, ErrTryAgain)
		}
	}
	return nil
}
