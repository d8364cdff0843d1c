package repo

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// UseIngestPrivilege lets ingest leave out the row-by-row check of the foreign keys whose parents its transaction has
// locked itself (docs/adr/0013), and reports whether the database role may do so. Where it may not, events are stored all
// the same, at about half the rate; "GRANT SET ON PARAMETER session_replication_role TO <role>" allows it.
func (s *Store) UseIngestPrivilege(ctx context.Context) (bool, error) {
	err := s.ingest.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		_, err := conn.Exec(ctx, "BEGIN; SET LOCAL session_replication_role = replica; ROLLBACK")
		return err
	})
	pgErr, refused := errors.AsType[*pgconn.PgError](err)
	if refused && pgErr.Code == "42501" { // insufficient_privilege
		return false, nil
	}
	if err != nil {
		return false, classify("look at the role's privileges", err)
	}
	s.checksParents.Store(false)
	return true, nil
}
