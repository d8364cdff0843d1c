package repo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// defaultIngestConns is how many connections store events. More do not store faster: the disk and the locks are shared.
const defaultIngestConns = 2

// ingestSettings are how PostgreSQL plans the statements of ingest. They are always the same few, look up rows by key, and
// must not be planned anew each time, which costs more than to run them; nor may a plan that was made for empty tables read
// whole ones later, nor one be compiled.
func ingestSettings() map[string]string {
	return map[string]string{
		"plan_cache_mode": "force_generic_plan", "jit": "off",
		"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off",
	}
}

// setIngestSettings sets the same for one transaction, where a pooler may give the connection to others afterwards.
const setIngestSettings = `SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('jit', 'off', true),
	set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`

// openIngestPool makes connections that events are stored through, which begin with these settings. Statements are prepared
// once for each connection; default_query_exec_mode=exec in the URL goes without, for a pooler that cannot carry them.
func openIngestPool(url string, conns int, settings map[string]string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", redactURL(err))
	}
	config.MaxConns = int32(cmp.Or(conns, defaultIngestConns))
	config.ConnConfig.RuntimeParams["application_name"] = "microtracker ingest"
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	maps.Copy(config.ConnConfig.RuntimeParams, settings)
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("make the pool: %w", err)
	}
	return pool, nil
}

// ingestPool returns the connections that store events, and whether the database checks the foreign keys on them.
func (s *Store) ingestPool() (pool *pgxpool.Pool, checksParents bool) {
	if privileged := s.privileged.Load(); privileged != nil {
		return privileged, false
	}
	return s.ingest, true
}

// UseIngestPrivilege lets ingest leave out the row-by-row check of the foreign keys whose parents its transaction has
// locked itself (docs/adr/0013), and reports whether it may: the database role may set session_replication_role, and no
// pooler is in the way, which refuses the setting when the connection begins. Where it may not, events are stored all the
// same, more slowly; "GRANT SET ON PARAMETER session_replication_role TO <role>" allows it.
func (s *Store) UseIngestPrivilege(ctx context.Context) (bool, error) {
	settings := ingestSettings()
	settings["session_replication_role"] = "replica"
	pool, err := openIngestPool(s.url, s.options.IngestConns, settings) //nolint:contextcheck // the pool outlives the call
	if err != nil {
		return false, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		if isRefusedSetting(err) {
			return false, nil
		}
		return false, classify("look at the role's privileges", err)
	}
	if before := s.privileged.Swap(pool); before != nil {
		before.Close()
	}
	return true, nil
}

// isRefusedSetting reports whether a connection failed because of a setting: the role may not have it, or a pooler does not
// pass it on.
func isRefusedSetting(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	switch pgErr.Code {
	case "42501", // insufficient_privilege
		"08P01", // protocol_violation: how PgBouncer refuses a startup parameter
		"42704": // undefined_object
		return true
	}
	return false
}

// AnalyzeIngest lets PostgreSQL look at the tables that ingest looks rows up in, where they have three times the pages that it
// has last seen. Of a table that it takes for empty any index seems as good as the right one; until autovacuum comes by, that
// is a minute of reading whole projects.
func (s *Store) AnalyzeIngest(ctx context.Context) error {
	var tables []string
	err := s.db.NewRaw(`
		SELECT c.relname FROM pg_class AS c LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
		WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
			AND (c.relname IN ('visitors', 'tracking_sessions', 'ads_dim') OR i.inhparent = to_regclass('events'))
			AND pg_relation_size(c.oid) > 3 * current_setting('block_size')::bigint * c.relpages
		ORDER BY c.relname`).Scan(ctx, &tables)
	if err != nil {
		return classify("look at the tables' statistics", err)
	}
	for _, table := range tables {
		if _, err := s.db.ExecContext(ctx, "ANALYZE "+table); err != nil { // the names are ours, from the catalog
			return classify("analyze "+table, err)
		}
	}
	return nil
}
