package repo

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// copyAbove is the number of events from which COPY, which costs a round trip more, stores them faster than INSERT.
const copyAbove = 48

// copyEvents stores events whose visitor and session are known.
func (t *IngestTx) copyEvents(ctx context.Context, events []Event) error {
	rows := newCopyRows(t.conn.TypeMap(), 400*len(events))
	for i := range events {
		rows.event(&events[i])
	}
	if rows.err != nil {
		return fmt.Errorf("encode events: %w: %w", ErrInvalid, rows.err)
	}
	tag, err := t.conn.PgConn().CopyFrom(ctx, bytes.NewReader(rows.end()), `COPY events (project_id, session_id, visitor_id,
		event_type, name, url, path, selector, referrer, title, scroll_pct, x, y, meta, created_at, event_id, page_view_id,
		engaged_ms, value, currency) FROM STDIN (FORMAT binary)`)
	if err != nil {
		return fmt.Errorf("copy events: %w", err)
	}
	if tag.RowsAffected() != int64(len(events)) {
		return fmt.Errorf("copy events: stored %d of %d: %w", tag.RowsAffected(), len(events), ErrTryAgain)
	}
	return nil
}

// copyRows are rows in the binary form of COPY (PostgreSQL's manual, COPY, File Formats).
type copyRows struct {
	types *pgtype.Map
	out   []byte
	err   error
}

func newCopyRows(types *pgtype.Map, size int) *copyRows {
	out := make([]byte, 0, size)
	out = append(out, "PGCOPY\n\xff\r\n\x00"...)
	out = binary.BigEndian.AppendUint32(out, 0) // flags
	out = binary.BigEndian.AppendUint32(out, 0) // no header extension
	return &copyRows{types: types, out: out}
}

func (r *copyRows) end() []byte { return binary.BigEndian.AppendUint16(r.out, math.MaxUint16) }

func (r *copyRows) event(e *Event) {
	r.out = binary.BigEndian.AppendUint16(r.out, 20) // fields
	r.int64(e.ProjectID)
	r.int64(e.SessionID)
	r.int64(e.VisitorID)
	r.text(e.EventType)
	r.text(e.Name)
	for _, text := range [...]string{e.URL, e.Path, e.Selector, e.Referrer, e.Title} {
		r.textOrNull(text)
	}
	r.hundredths(e.ScrollPct)
	r.int32OrNull(e.X)
	r.int32OrNull(e.Y)
	r.jsonb(e.Meta)
	r.time(e.CreatedAt)
	r.uuid(uuid.NullUUID{UUID: e.EventID, Valid: true})
	r.uuid(e.PageViewID)
	if e.EngagedMS == nil {
		r.int32OrNull(nil)
	} else {
		engaged := int32(min(*e.EngagedMS, math.MaxInt32))
		r.int32OrNull(&engaged)
	}
	r.decimal(e.Value)
	r.textOrNull(e.Currency)
}

// length writes the length of the field that follows, -1 for null.
func (r *copyRows) length(n int32) { r.out = binary.BigEndian.AppendUint32(r.out, uint32(n)) }

func (r *copyRows) null() { r.length(-1) }

func (r *copyRows) int64(n int64) {
	r.length(8)
	r.out = binary.BigEndian.AppendUint64(r.out, uint64(n))
}

func (r *copyRows) int32OrNull(n *int32) {
	if n == nil {
		r.null()
		return
	}
	r.length(4)
	r.out = binary.BigEndian.AppendUint32(r.out, uint32(*n))
}

func (r *copyRows) text(s string) {
	r.length(int32(len(s)))
	r.out = append(r.out, s...)
}

func (r *copyRows) textOrNull(s string) {
	if s == "" {
		r.null()
		return
	}
	r.text(s)
}

func (r *copyRows) jsonb(object []byte) {
	if len(object) == 0 {
		r.null()
		return
	}
	r.length(int32(1 + len(object)))
	r.out = append(r.out, 1) // the version of the form
	r.out = append(r.out, object...)
}

// time writes microseconds since 2000.
func (r *copyRows) time(at time.Time) {
	const since2000 = 946_684_800_000_000
	r.int64(at.UnixMicro() - since2000)
}

func (r *copyRows) uuid(id uuid.NullUUID) {
	if !id.Valid {
		r.null()
		return
	}
	r.length(16)
	r.out = append(r.out, id.UUID[:]...)
}

// hundredths writes a number from 0 to 100 as numeric with two decimals: digits to the base of 10,000.
func (r *copyRows) hundredths(pct *float64) {
	if pct == nil {
		r.null()
		return
	}
	n := uint16(math.Round(min(100, max(0, *pct)) * 100))
	r.length(12)
	for _, field := range [...]uint16{2, 0, 0, 2, n / 100, n % 100 * 100} { // digits, weight, sign, decimals, then the digits
		r.out = binary.BigEndian.AppendUint16(r.out, field)
	}
}

// decimal writes a decimal number as numeric.
func (r *copyRows) decimal(text string) {
	if text == "" {
		r.null()
		return
	}
	var number pgtype.Numeric
	if err := number.Scan(text); err != nil {
		r.err = err
		return
	}
	encoded, err := r.types.Encode(pgtype.NumericOID, pgtype.BinaryFormatCode, number, nil)
	if err != nil {
		r.err = err
		return
	}
	r.length(int32(len(encoded)))
	r.out = append(r.out, encoded...)
}
