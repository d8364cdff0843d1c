package repo

import (
	"context"

	"github.com/uptrace/bun"
)

// Tx is a transaction in which several things of the store happen together or not at all. Store.InTx makes one.
type Tx struct{ tx bun.Tx }

// InTx runs work in a transaction, which is committed when work returns nil. Its error is returned as it is.
func (s *Store) InTx(ctx context.Context, work func(ctx context.Context, tx *Tx) error) error {
	return classify("run a transaction", s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		return work(ctx, &Tx{tx: tx})
	}))
}
