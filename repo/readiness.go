package repo

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/microtracker/microtracker/migrations"
)

// Readiness is what the database says of itself to a server that asks whether it can work with it.
type Readiness struct {
	// Applied and Embedded are the newest migration of the database and of this program.
	Applied, Embedded int64
	// IsReadOnly: it is a replica, or was told to take no changes.
	IsReadOnly bool
}

// Readiness asks the database. ctx should bound it: a second is long. Applied is 0 where there is no schema at all.
func (s *Store) Readiness(ctx context.Context) (*Readiness, error) {
	embedded, err := migrations.Newest()
	if err != nil {
		return nil, err
	}
	answer := &Readiness{Embedded: embedded}
	var hasSchema bool
	err = s.db.NewRaw(`SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on', to_regclass('goose_db_version') IS NOT NULL`).
		Scan(ctx, &answer.IsReadOnly, &hasSchema)
	if err != nil || !hasSchema {
		return answer, classify("ask the database whether it is ready", err)
	}
	err = s.db.NewRaw(`SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(ctx, &answer.Applied)
	return answer, classify("ask the database for its schema", err)
}

// lookBriefly runs read-only questions of whoever watches, which must not keep the database busy.
func (s *Store) lookBriefly(ctx context.Context, work func(ctx context.Context, tx bun.Tx) error) error {
	return s.db.RunInTx(ctx, &sql.TxOptions{ReadOnly: true}, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("SET LOCAL statement_timeout = %d", workTimeout.Milliseconds())); err != nil {
			return err
		}
		return work(ctx, tx)
	})
}
