package repo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// IngestTx is the one transaction that stores the events of many requests, visitors and projects. Its steps are taken in
// this order: Begin, See, in need SessionsNear, Sessions and SessionEvents, then Save, Commit. Each step is one round
// trip and locks its rows in the order of their keys, and the order of the steps is the same for everybody: two such
// transactions never deadlock.
type IngestTx struct {
	conn *pgx.Conn
	ids  *idBlock
	// checksParents says that PostgreSQL checks the foreign keys of each row once more (docs/adr/0013).
	checksParents bool
}

// EventID names an event.
type EventID struct {
	ProjectID int64
	ID        uuid.UUID
}

// StreamKey names a partner's stream.
type StreamKey struct {
	ProjectID int64
	StreamID  string
}

// Begun is what holds until the transaction ends.
type Begun struct {
	// Settings are Inbox.Settings of the projects that exist, by id.
	Settings map[int64]string
	// Claimed are the events that were not known yet.
	Claimed map[EventID]bool
	// Streams are the streams asked for that exist.
	Streams map[StreamKey]TrackStream
}

// Ingest runs work in a transaction of its own. work commits; whatever it has not committed is undone.
func (s *Store) Ingest(ctx context.Context, work func(tx *IngestTx) error) error {
	pool, checksParents := s.ingestPool()
	err := pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error { //nolint:contextcheck // it is ended also when ctx has
		tx := &IngestTx{conn: conn.Conn(), ids: &s.sessionIDs, checksParents: checksParents}
		return errors.Join(work(tx), tx.end())
	})
	return classify("store events", err)
}

// end undoes what was not committed, so that the connection can be used again.
func (t *IngestTx) end() error {
	if t.conn.IsClosed() || t.conn.PgConn().TxStatus() == 'I' {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := t.conn.Exec(ctx, "ROLLBACK") // where that fails, the pool throws the connection away
	return err
}

// Begin opens the transaction, makes sure that these projects stay, locks the streams and claims the event ids. A
// transaction that claims the same id at the same time waits for this one.
func (t *IngestTx) Begin(ctx context.Context, projectIDs []int64, streams []StreamKey, ids []EventID, now time.Time) (*Begun, error) {
	begun := &Begun{Settings: map[int64]string{}, Claimed: make(map[EventID]bool, len(ids)), Streams: map[StreamKey]TrackStream{}}
	batch := t.batch()
	batch.exec("BEGIN")
	if t.checksParents {
		batch.exec(setIngestSettings)
	}
	batch.query(`SELECT id, `+settingsColumn+` FROM projects WHERE id = ANY ($1) ORDER BY id FOR KEY SHARE`,
		func(row pgx.Rows) error {
			var id int64
			var settings string
			err := row.Scan(&id, &settings)
			begun.Settings[id] = settings
			return err
		}, slices.Sorted(slices.Values(projectIDs)))
	if len(streams) > 0 {
		batch.lockStreams(streams, begun.Streams)
	}
	projects, uuids := make([]int64, len(ids)), make([]pgtype.UUID, len(ids))
	for i, id := range ids {
		projects[i], uuids[i] = id.ProjectID, uuidOf(id.ID)
	}
	batch.query(`
		INSERT INTO event_ids (project_id, event_id, received_at)
		SELECT project_id, event_id, $3 FROM unnest($1::bigint[], $2::uuid[]) AS new (project_id, event_id)
		WHERE EXISTS (SELECT FROM projects AS p WHERE p.id = new.project_id) -- it may just have been deleted
		ORDER BY project_id, event_id
		ON CONFLICT DO NOTHING
		RETURNING project_id, event_id`, func(row pgx.Rows) error {
		var id EventID
		err := row.Scan(&id.ProjectID, &id.ID)
		begun.Claimed[id] = true
		return err
	}, projects, uuids, now)
	return begun, batch.send(ctx, "begin")
}

// Commit makes everything durable. When it returns without an error, it is.
func (t *IngestTx) Commit(ctx context.Context) error {
	tag, err := t.conn.Exec(ctx, "COMMIT")
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if tag.String() != "COMMIT" {
		return fmt.Errorf("commit: the database answered %s", tag)
	}
	return nil
}
