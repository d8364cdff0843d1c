package repo

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// VisitorKey names a visitor.
type VisitorKey struct {
	ProjectID int64
	Key       string
}

func compareVisitorKeys(a, b VisitorKey) int {
	return cmp.Or(cmp.Compare(a.ProjectID, b.ProjectID), cmp.Compare(a.Key, b.Key))
}

// Sighting is that a visitor may have been there between two times.
type Sighting struct {
	VisitorKey

	// Since and Until are the times of the earliest and the latest event.
	Since, Until time.Time
	// LookOnly asks for the visitor if he exists and does not make him.
	LookOnly bool
}

// Seen is what is stored of the visitors seen.
type Seen struct {
	// Visitors have their Fold, and what describes the visit is not read.
	Visitors map[VisitorKey]*Visitor
	// Keyed are the sessions that have the keys asked for, whether or not a server gave them; of each only ID, ProjectID,
	// VisitorID, StartedAt, LastActivityAt, SessionKey, IsKeyed and Fold are read.
	Keyed []TrackingSession
}

// SessionKey names a session that a server's key holds together.
type SessionKey struct {
	ProjectID int64
	Key       string
}

// see makes visitors who are new, locks all of them until the transaction ends, so that one visitor's sessions are cut by
// one transaction at a time, and reads the sessions that have these keys.
func (b *ingestBatch) see(sightings []Sighting, keys []SessionKey, now time.Time) *Seen {
	seen := &Seen{Visitors: make(map[VisitorKey]*Visitor, len(sightings))}
	if len(sightings) == 0 {
		return seen
	}
	slices.SortFunc(sightings, func(a, b Sighting) int { return compareVisitorKeys(a.VisitorKey, b.VisitorKey) })
	b.makeVisitors(sightings, now)
	b.lockVisitors(sightings, seen.Visitors)
	if len(keys) > 0 {
		b.keyedSessions(keys, &seen.Keyed)
	}
	b.tx.ids.refill(b, len(sightings))
	return seen
}

// makeVisitors stores those who are not known; who is known takes no number of the sequence.
func (b *ingestBatch) makeVisitors(sightings []Sighting, now time.Time) {
	var projects []int64
	var keys []string
	var since, until []time.Time
	for _, s := range sightings {
		if !s.LookOnly {
			projects, keys = append(projects, s.ProjectID), append(keys, s.Key)
			since, until = append(since, s.Since), append(until, s.Until)
		}
	}
	b.exec(`
		INSERT INTO visitors (project_id, visitor_key, first_seen_at, last_seen_at, created_at, updated_at)
		SELECT project_id, visitor_key, since, until, $5, $5
		FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::timestamptz[]) AS seen (project_id, visitor_key, since, until)
		WHERE NOT EXISTS (SELECT FROM visitors AS v WHERE v.project_id = seen.project_id AND v.visitor_key = seen.visitor_key)
		ON CONFLICT (project_id, visitor_key) DO NOTHING`, projects, keys, since, until, now)
}

func (b *ingestBatch) lockVisitors(sightings []Sighting, found map[VisitorKey]*Visitor) {
	projects, keys := make([]int64, len(sightings)), make([]string, len(sightings))
	for i, s := range sightings {
		projects[i], keys[i] = s.ProjectID, s.Key
	}
	b.query(`
		SELECT v.project_id, v.visitor_key, v.id, v.first_seen_at, v.last_seen_at, v.sessions_count, v.is_bot, v.fold
		FROM unnest($1::bigint[], $2::text[]) AS seen (project_id, visitor_key)
		JOIN visitors AS v USING (project_id, visitor_key)
		ORDER BY v.project_id, v.visitor_key
		FOR NO KEY UPDATE OF v`, func(row pgx.Rows) error {
		v := new(Visitor)
		err := row.Scan(&v.ProjectID, &v.VisitorKey, &v.ID, &v.FirstSeenAt, &v.LastSeenAt, &v.SessionsCount, &v.IsBot, &v.Fold)
		found[VisitorKey{ProjectID: v.ProjectID, Key: v.VisitorKey}] = v
		return err
	}, projects, keys)
}

// nearColumns are those of a session that the next event needs.
const nearColumns = `s.id, s.project_id, s.visitor_id, s.started_at, s.last_activity_at, s.session_key, s.is_keyed, s.fold`

func scanNear(into *[]TrackingSession) func(row pgx.Rows) error {
	return func(row pgx.Rows) error {
		var s TrackingSession
		err := row.Scan(&s.ID, &s.ProjectID, &s.VisitorID, &s.StartedAt, &s.LastActivityAt, &s.SessionKey, &s.IsKeyed, &s.Fold)
		*into = append(*into, s)
		return err
	}
}

func (b *ingestBatch) sessionsNear(sightings []Sighting, idle time.Duration, found *[]TrackingSession) {
	n := len(sightings)
	projects, keys, since, until := make([]int64, n), make([]string, n), make([]time.Time, n), make([]time.Time, n)
	for i, s := range sightings {
		projects[i], keys[i], since[i], until[i] = s.ProjectID, s.Key, s.Since.Add(-idle), s.Until.Add(idle)
	}
	// A visitor's sessions do not overlap: of those that began before, only the last can reach into the time asked for.
	b.query(`
		SELECT `+nearColumns+`
		FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::timestamptz[]) AS seen (project_id, visitor_key, since, until)
		JOIN visitors AS v USING (project_id, visitor_key)
		CROSS JOIN LATERAL (
			(SELECT `+nearColumns+` FROM tracking_sessions AS s
			WHERE s.project_id = v.project_id AND s.visitor_id = v.id AND s.started_at < seen.since AND NOT s.is_keyed
			ORDER BY s.started_at DESC, s.last_activity_at DESC LIMIT 1)
			UNION ALL
			SELECT `+nearColumns+` FROM tracking_sessions AS s
			WHERE s.project_id = v.project_id AND s.visitor_id = v.id AND s.started_at BETWEEN seen.since AND seen.until
				AND NOT s.is_keyed
		) AS s
		WHERE s.last_activity_at >= seen.since
		ORDER BY s.started_at, s.id`, scanNear(found), projects, keys, since, until)
}

func (b *ingestBatch) keyedSessions(sessionKeys []SessionKey, found *[]TrackingSession) {
	projects, keys := make([]int64, len(sessionKeys)), make([]string, len(sessionKeys))
	for i, k := range sessionKeys {
		projects[i], keys[i] = k.ProjectID, k.Key
	}
	b.query(`
		SELECT `+nearColumns+`
		FROM unnest($1::bigint[], $2::text[]) AS given (project_id, session_key)
		JOIN tracking_sessions AS s USING (project_id, session_key)
		ORDER BY s.started_at, s.id`, scanNear(found), projects, keys)
}

// SessionsNear reads the sessions that events of the sightings may continue or come before, oldest first; of each only what
// Seen.Keyed has.
func (t *IngestTx) SessionsNear(ctx context.Context, sightings []Sighting, idle time.Duration) ([]TrackingSession, error) {
	var found []TrackingSession
	batch := t.batch()
	batch.sessionsNear(sightings, idle, &found)
	return found, batch.send(ctx, "read the sessions near")
}

// idBlock is ids from the sequence of tracking_sessions that nobody else will use. Safe for concurrent use.
type idBlock struct {
	mu  sync.Mutex
	ids []int64
}

// idBlockSize is how many ids are taken at once; what is left when the server ends is never used.
const idBlockSize = 1000

// refill adds to the batch that ids are taken, if there may be too few for this many sessions.
func (b *idBlock) refill(batch *ingestBatch, sessions int) {
	b.mu.Lock()
	missing := sessions - len(b.ids)
	b.mu.Unlock()
	if missing <= 0 {
		return
	}
	batch.query(`SELECT nextval(pg_get_serial_sequence('tracking_sessions', 'id')) FROM generate_series(1, $1)`, func(row pgx.Rows) error {
		var id int64
		if err := row.Scan(&id); err != nil {
			return err
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.ids = append(b.ids, id)
		return nil
	}, max(missing, idBlockSize))
}

// take returns an id, false if there is none.
func (b *idBlock) take() (int64, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ids) == 0 {
		return 0, false
	}
	id := b.ids[len(b.ids)-1]
	b.ids = b.ids[:len(b.ids)-1]
	return id, true
}

// SessionID returns an id for a new session.
func (t *IngestTx) SessionID(ctx context.Context) (int64, error) {
	for {
		if id, ok := t.ids.take(); ok {
			return id, nil
		}
		batch := t.batch()
		t.ids.refill(batch, idBlockSize)
		if err := batch.send(ctx, "take session ids"); err != nil {
			return 0, err
		}
	}
}
