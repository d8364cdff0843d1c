package ingest

import (
	"bytes"
	"cmp"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
)

// pageViewType is the type of the events that sessions are entered and left by.
const pageViewType = "page_view"

// moment puts a visitor's events in order: by time, of the same time page views first, then by id. No two events of a
// project have the same.
type moment struct {
	// at is in microseconds since 1970, as exact as the database keeps it.
	at int64
	// rank is 0 for a page view, 1 for anything else.
	rank uint8
	id   uuid.UUID
}

func momentOf(e *repo.Event) moment {
	m := moment{at: e.CreatedAt.UnixMicro(), id: e.EventID, rank: 1}
	if e.EventType == pageViewType {
		m.rank = 0
	}
	return m
}

func (m moment) compare(other moment) int {
	return cmp.Or(cmp.Compare(m.at, other.at), cmp.Compare(m.rank, other.rank), bytes.Compare(m.id[:], other.id[:]))
}

func (m moment) before(other moment) bool { return m.compare(other) < 0 }

func (m moment) time() time.Time { return time.UnixMicro(m.at).UTC() }

// within reports whether two moments are near enough to be of one session.
func (m moment) within(other moment) bool {
	gap := m.at - other.at
	return max(gap, -gap) <= SessionIdle.Microseconds()
}
