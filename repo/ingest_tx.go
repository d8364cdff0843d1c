package repo

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// IngestTx is the one transaction that stores the events of many requests, visitors and projects. Its steps are taken in
// this order: Begin, in need SessionsNear, Sessions and SessionEvents, then Commit with the changes. Each step is one round
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
	Seen    *Seen
}

// Opening is what a transaction begins with.
type Opening struct {
	// ProjectIDs are the projects that must stay.
	ProjectIDs []int64
	// Streams are to be locked, in the order of their keys.
	Streams []StreamKey
	// EventIDs are to be claimed.
	EventIDs []EventID
	// Sightings are the visitors to lock, or to make; none: nobody is.
	Sightings []Sighting
	// SessionKeys are those of the sessions to read.
	SessionKeys []SessionKey
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

// Begin opens the transaction, makes sure that these projects stay, locks the streams, claims the event ids, and makes and
// locks the visitors. A transaction that claims the same id at the same time waits for this one.
func (t *IngestTx) Begin(ctx context.Context, o *Opening, now time.Time) (*Begun, error) {
	begun := &Begun{Settings: map[int64]string{}, Claimed: make(map[EventID]bool, len(o.EventIDs)), Streams: map[StreamKey]TrackStream{}}
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
		}, slices.Sorted(slices.Values(o.ProjectIDs)))
	if len(o.Streams) > 0 {
		batch.lockStreams(o.Streams, begun.Streams)
	}
	if len(o.EventIDs) > 0 {
		batch.claim(o.EventIDs, begun.Claimed, now)
	}
	begun.Seen = batch.see(o.Sightings, o.SessionKeys, now)
	return begun, batch.send(ctx, "begin")
}

// claim stores the ids that are new. A plain INSERT after a look is a third cheaper than ON CONFLICT DO NOTHING, which marks
// each row first and confirms it afterwards; where another transaction stores the same id in between, this one fails and is
// tried again.
func (b *ingestBatch) claim(ids []EventID, claimed map[EventID]bool, now time.Time) {
	slices.SortFunc(ids, func(a, b EventID) int {
		return cmp.Or(cmp.Compare(a.ProjectID, b.ProjectID), bytes.Compare(a.ID[:], b.ID[:]))
	})
	ids = slices.Compact(ids)
	projects, uuids := make([]int64, len(ids)), make([]pgtype.UUID, len(ids))
	for i, id := range ids {
		projects[i], uuids[i] = id.ProjectID, uuidOf(id.ID)
	}
	b.query(`
		INSERT INTO event_ids (project_id, event_id, received_at)
		SELECT project_id, event_id, $3 FROM unnest($1::bigint[], $2::uuid[]) AS new (project_id, event_id)
		WHERE NOT EXISTS (SELECT FROM event_ids AS old WHERE old.project_id = new.project_id AND old.event_id = new.event_id)
		RETURNING project_id, event_id`, func(row pgx.Rows) error {
		var id EventID
		err := row.Scan(&id.ProjectID, &id.ID)
		claimed[id] = true
		return err
	}, projects, uuids, now)
}

// Commit writes the changes and makes everything durable: when it returns without an error, it is. It takes one round trip,
// or three when there are many events. ErrTryAgain when a row has gone meanwhile: another try will see.
func (t *IngestTx) Commit(ctx context.Context, c *Changes, now time.Time) error {
	batch := t.batch()
	if err := batch.save(c, now); err != nil {
		return err
	}
	if len(c.Events) >= copyAbove {
		if err := batch.send(ctx, "save events"); err != nil {
			return err
		}
		if err := t.copyEvents(ctx, c.Events); err != nil {
			return err
		}
		batch = t.batch()
	}
	return batch.commit(ctx)
}
