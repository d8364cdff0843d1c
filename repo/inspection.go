package repo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/uptrace/bun"
)

// Inspection is what a database says of itself to whoever looks for what is wrong.
type Inspection struct {
	// VersionNum is such as 180001 for 18.1.
	VersionNum int
	// Encoding is that of the database, such as UTF8.
	Encoding string
	// IsReplica: it is recovering, or follows another.
	IsReplica bool
	// Settings are those of inspectedSettings, by name.
	Settings map[string]string
	// MissingZones are time zones of projects that the database does not know.
	MissingZones []string
	// MaySkipForeignKeys: the role may set session_replication_role.
	MaySkipForeignKeys bool
	// MayMakeTables: the role may make partitions, which takes CREATE in the schema and owning events.
	MayMakeTables bool
	// Free is how many more connections the role could open now, Limit how many it could at most.
	Free, Limit int
	// ClockAhead is by how much the database's clock is ahead of this machine's, to half of Uncertainty.
	ClockAhead, Uncertainty time.Duration
	Schema                  Readiness
	// Data is what is in the tables; nil where the schema is not up to date.
	Data *DataInspection
}

// DataInspection is what the tables say.
type DataInspection struct {
	// MissingPartitions are those of this and the next month that are not there.
	MissingPartitions []string
	// EventIDs is how many rows event_ids has, as far as the statistics know; HasOldEventIDs says that some have been there
	// for more than three days, when two would do.
	EventIDs       int64
	HasOldEventIDs bool
	// TablesWithoutAutovacuum have it switched off.
	TablesWithoutAutovacuum []string
	Users, Operators        int64
	Work                    WorkState
}

// inspectedSettings are the settings that an Inspection has.
func inspectedSettings() []string {
	return []string{
		"autovacuum", "fsync", "full_page_writes", "max_connections", "server_version", "synchronous_commit", "track_counts",
	}
}

// Inspect asks the database about itself, in questions of at most 2 s each.
func (s *Store) Inspect(ctx context.Context) (*Inspection, error) {
	found := &Inspection{Settings: map[string]string{}}
	schema, err := s.Readiness(ctx)
	if err != nil {
		return nil, err
	}
	found.Schema, found.IsReplica = *schema, schema.IsReadOnly
	err = s.lookBriefly(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := found.readServer(ctx, tx); err != nil {
			return err
		}
		if err := found.readRole(ctx, tx); err != nil {
			return err
		}
		return found.readClock(ctx, tx)
	})
	if err != nil {
		return nil, classify("inspect the database", err)
	}
	if schema.Applied != schema.Embedded {
		return found, nil
	}
	work, err := s.WorkState(ctx)
	if err != nil {
		return nil, err
	}
	found.Data = &DataInspection{Work: *work}
	err = s.lookBriefly(ctx, func(ctx context.Context, tx bun.Tx) error { return found.readData(ctx, tx) })
	return found, classify("inspect the tables", err)
}

func (i *Inspection) readServer(ctx context.Context, tx bun.Tx) error {
	var settings []struct{ Name, Setting string }
	err := tx.NewRaw(`SELECT name, setting FROM pg_settings WHERE name IN ?`, bun.Tuple(inspectedSettings())).Scan(ctx, &settings)
	if err != nil {
		return err
	}
	for _, s := range settings {
		i.Settings[s.Name] = s.Setting
	}
	return tx.NewRaw(`SELECT current_setting('server_version_num')::int, pg_encoding_to_char(encoding)
		FROM pg_database WHERE datname = current_database()`).Scan(ctx, &i.VersionNum, &i.Encoding)
}

// readRole asks what the role may do, and how many connections are left for it.
func (i *Inspection) readRole(ctx context.Context, tx bun.Tx) error {
	var isSuperuser bool
	if err := tx.NewRaw(`SELECT rolsuper FROM pg_roles WHERE rolname = current_user`).Scan(ctx, &isSuperuser); err != nil {
		return err
	}
	i.MaySkipForeignKeys = isSuperuser
	if !isSuperuser {
		err := tx.NewRaw(`SELECT has_parameter_privilege(current_user, 'session_replication_role', 'SET')`).Scan(ctx, &i.MaySkipForeignKeys)
		if err != nil {
			return err
		}
	}
	err := tx.NewRaw(`SELECT has_schema_privilege(current_user, current_schema(), 'CREATE') AND
			coalesce((SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('events')), true)`).
		Scan(ctx, &i.MayMakeTables)
	if err != nil {
		return err
	}
	// How many connections may be open at once for this role and database, the server's own reserve left out, and how many
	// of all of them are?
	var used int
	err = tx.NewRaw(`
		SELECT least(
				current_setting('max_connections')::int
					- CASE WHEN r.rolsuper THEN 0 ELSE current_setting('superuser_reserved_connections')::int
						+ coalesce(current_setting('reserved_connections', true)::int, 0) END,
				CASE WHEN r.rolconnlimit < 0 OR r.rolsuper THEN 2147483647 ELSE r.rolconnlimit END,
				CASE WHEN d.datconnlimit < 0 OR r.rolsuper THEN 2147483647 ELSE d.datconnlimit END),
			(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())
		FROM pg_roles AS r, pg_database AS d WHERE r.rolname = current_user AND d.datname = current_database()`).Scan(ctx, &i.Limit, &used)
	i.Free = max(0, i.Limit-used)
	return err
}

// readClock compares the clocks: the database's is taken to have been read in the middle of the question.
func (i *Inspection) readClock(ctx context.Context, tx bun.Tx) error {
	var theirs time.Time
	begun := time.Now()
	if err := tx.NewRaw(`SELECT clock_timestamp()`).Scan(ctx, &theirs); err != nil {
		return err
	}
	i.Uncertainty = time.Since(begun)
	i.ClockAhead = theirs.Sub(begun.Add(i.Uncertainty / 2))
	return nil
}

func (i *Inspection) readData(ctx context.Context, tx bun.Tx) error {
	data := i.Data
	// Which zones of projects does the database not know?
	err := tx.NewRaw(`SELECT DISTINCT time_zone FROM projects WHERE time_zone NOT IN (SELECT name FROM pg_timezone_names) ORDER BY 1`).
		Scan(ctx, &i.MissingZones)
	if err != nil {
		return err
	}
	err = tx.NewRaw(`
		SELECT name FROM (SELECT 'events_' || to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month', 'YYYY_MM')
			FROM generate_series(0, 1) AS n) AS month (name)
		WHERE to_regclass(name) IS NULL ORDER BY name`).Scan(ctx, &data.MissingPartitions)
	if err != nil {
		return err
	}
	err = tx.NewRaw(`SELECT greatest(0, reltuples)::bigint FROM pg_class WHERE oid = to_regclass('event_ids')`).Scan(ctx, &data.EventIDs)
	if err != nil {
		return err
	}
	// By the index, which knows at once that there is none.
	if _, err := tx.ExecContext(ctx, "SET LOCAL enable_seqscan = off"); err != nil {
		return err
	}
	err = tx.NewRaw(`SELECT EXISTS (SELECT FROM event_ids WHERE received_at < now() - interval '3 days')`).Scan(ctx, &data.HasOldEventIDs)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "SET LOCAL enable_seqscan = on"); err != nil {
		return err
	}
	err = tx.NewRaw(`SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
		AND 'autovacuum_enabled=false' = ANY (reloptions) ORDER BY relname`).Scan(ctx, &data.TablesWithoutAutovacuum)
	if err != nil {
		return err
	}
	return tx.NewRaw(`SELECT count(*), count(*) FILTER (WHERE is_operator AND disabled_at IS NULL) FROM users`).Scan(ctx, &data.Users, &data.Operators)
}

// HearsNotify reports whether what is sent with NOTIFY arrives within the time given. A pooler that gives connections away
// between transactions swallows it.
func (s *Store) HearsNotify(ctx context.Context, within time.Duration) (bool, error) {
	ctx, stop := context.WithTimeout(ctx, within)
	defer stop()
	channel := "microtracker_probe_" + strconv.FormatUint(rand.Uint64(), 36) //nolint:gosec // nobody else's, not secret
	connected, received, ended := make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{})
	tell := func(c chan struct{}) {
		select {
		case c <- struct{}{}:
		default:
		}
	}
	var lost error
	go func() {
		defer close(ended)
		s.Listen(ctx, channel, Listener{
			Connected: func() { tell(connected) },
			Received:  func(string) { tell(received) },
			Lost: func(err error) {
				lost = err
				stop()
			},
		})
	}()
	defer func() { stop(); <-ended }()
	select {
	case <-connected:
	case <-ctx.Done():
		<-ended
		if lost != nil {
			return false, fmt.Errorf("listen: %w", lost)
		}
		return false, nil
	}
	if _, err := s.db.NewRaw(`SELECT pg_notify(?, '')`, channel).Exec(ctx); err != nil {
		return false, classify("notify", err)
	}
	select {
	case <-received:
		return true, nil
	case <-ctx.Done():
		return false, nil
	}
}
