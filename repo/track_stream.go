package repo

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"
)

// TrackStream says how far a partner's stream is committed: a row of track_streams.
type TrackStream struct {
	bun.BaseModel `bun:"table:track_streams"`

	ProjectID int64  `bun:",pk"`
	StreamID  string `bun:",pk"`
	// ConnectionID is the connection that goes on with the stream; an older one may not.
	ConnectionID uuid.UUID `bun:"type:uuid"`
	// CommittedSequence is the last sequence of which everything before is committed, too.
	CommittedSequence int64
	UpdatedAt         time.Time
}

// OpenTrackStream hands the stream over to a new connection, making it if it is new, and returns how far it is.
func (s *Store) OpenTrackStream(ctx context.Context, inbox *Inbox, streamID string, connectionID uuid.UUID, now time.Time) (*TrackStream, error) {
	stream := &TrackStream{ProjectID: inbox.ProjectID, StreamID: streamID, ConnectionID: connectionID, UpdatedAt: now}
	err := s.db.NewInsert().Model(stream).
		On("CONFLICT (project_id, stream_id) DO UPDATE").
		Set("connection_id = EXCLUDED.connection_id").Set("updated_at = EXCLUDED.updated_at").
		Returning("committed_sequence").Scan(ctx)
	return stream, classify("open the stream", err)
}

// lockStreams locks the streams in the order of their keys and reads how far they are.
func (b *ingestBatch) lockStreams(keys []StreamKey, found map[StreamKey]TrackStream) {
	projects, ids := make([]int64, len(keys)), make([]string, len(keys))
	for i, k := range keys {
		projects[i], ids[i] = k.ProjectID, k.StreamID
	}
	b.query(`
		SELECT s.project_id, s.stream_id, s.connection_id, s.committed_sequence
		FROM unnest($1::bigint[], $2::text[]) AS asked (project_id, stream_id)
		JOIN track_streams AS s USING (project_id, stream_id)
		ORDER BY s.project_id, s.stream_id
		FOR NO KEY UPDATE OF s`, func(row pgx.Rows) error {
		var s TrackStream
		err := row.Scan(&s.ProjectID, &s.StreamID, &s.ConnectionID, &s.CommittedSequence)
		found[StreamKey{ProjectID: s.ProjectID, StreamID: s.StreamID}] = s
		return err
	}, projects, ids)
}

func (b *ingestBatch) moveStreams(c *Changes, now time.Time) error {
	for _, s := range c.Streams {
		b.execExactly(1, `UPDATE track_streams SET committed_sequence = $3, updated_at = $4
			WHERE project_id = $1 AND stream_id = $2`, s.ProjectID, s.StreamID, s.CommittedSequence, now)
	}
	return nil
}
