package ingest

import (
	"encoding/binary"
	"errors"
)

// foldVersion is the first byte of an encoded fold. What another version wrote is read from the events again.
const foldVersion = 1

// Moments that are those of another field are not written twice.
const (
	flagDirect = 1 << iota
	flagReported
	flagOriginIsFirst
	flagEntryIsFirst
	flagLastIsFirst
	flagExitIsEntry
	flagHasIdentity
)

var errFold = errors.New("the stored fold cannot be read")

// encode writes the fold as tracking_sessions.fold keeps it: about 30 bytes, and 20 more for each page view.
func (f *fold) encode() []byte {
	flags := byte(0)
	set := func(flag byte, is bool) {
		if is {
			flags |= flag
		}
	}
	set(flagDirect, f.direct)
	set(flagReported, f.reported)
	set(flagOriginIsFirst, f.origin == f.first)
	set(flagEntryIsFirst, f.entry == f.first)
	set(flagLastIsFirst, f.last == f.first)
	set(flagExitIsEntry, f.exit == f.entry || f.pageviews == 0)
	set(flagHasIdentity, !f.identity.isZero())
	out := make([]byte, 0, 160+24*len(f.views))
	out = append(out, foldVersion, flags)
	out = f.first.append(out)
	for _, field := range f.moments(flags) {
		out = field.append(out)
	}
	if flags&flagHasIdentity != 0 {
		out = append(out, f.identity[:]...)
	}
	for _, n := range []int64{f.pageviews, f.interactive, f.closed.views, f.closed.scrolled, f.closed.scroll, f.closed.engagedMS, int64(len(f.views))} {
		out = binary.AppendVarint(out, n)
	}
	for _, view := range f.views {
		out = append(out, view.id[:]...)
		out = binary.AppendVarint(out, int64(view.scroll))
		out = binary.AppendVarint(out, view.engagedMS)
	}
	return out
}

// encodeLatest writes the fold of a visitor's latest session, with its id, as visitors.fold keeps it.
func encodeLatest(sessionID int64, f *fold) []byte {
	return append(binary.AppendVarint(nil, sessionID), f.encode()...)
}

// decodeLatest reads what encodeLatest wrote.
func decodeLatest(data []byte) (sessionID int64, f *fold, err error) {
	sessionID, size := binary.Varint(data)
	if size <= 0 {
		return 0, nil, errFold
	}
	f, err = decodeFold(data[size:])
	return sessionID, f, err
}

// moments are the fields that are written for themselves.
func (f *fold) moments(flags byte) []*moment {
	var fields []*moment
	for _, field := range []struct {
		same byte
		at   *moment
	}{{flagOriginIsFirst, &f.origin}, {flagEntryIsFirst, &f.entry}, {flagLastIsFirst, &f.last}, {flagExitIsEntry, &f.exit}} {
		if flags&field.same == 0 {
			fields = append(fields, field.at)
		}
	}
	return fields
}

func (m moment) append(out []byte) []byte {
	out = binary.BigEndian.AppendUint64(out, uint64(m.at))
	out = append(out, m.rank)
	return append(out, m.id[:]...)
}

// foldReader reads the fields of a fold; after the first that is cut short it reads zeros.
type foldReader struct {
	rest   []byte
	failed bool
}

func (r *foldReader) bytes(n int) []byte {
	if r.failed || len(r.rest) < n {
		r.failed = true
		return make([]byte, n)
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *foldReader) moment() moment {
	at := int64(binary.BigEndian.Uint64(r.bytes(8)))
	return moment{at: at, rank: r.bytes(1)[0], id: [16]byte(r.bytes(16))}
}

func (r *foldReader) int() int64 {
	n, size := binary.Varint(r.rest)
	if r.failed || size <= 0 {
		r.failed = true
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

// decodeFold reads what encode wrote.
func decodeFold(data []byte) (*fold, error) {
	r := &foldReader{rest: data}
	if r.bytes(1)[0] != foldVersion {
		return nil, errFold
	}
	flags := r.bytes(1)[0]
	f := &fold{direct: flags&flagDirect != 0, reported: flags&flagReported != 0, first: r.moment()}
	f.origin, f.entry, f.last = f.first, f.first, f.first
	for _, field := range f.moments(flags | flagExitIsEntry) {
		*field = r.moment()
	}
	f.exit = f.entry
	if flags&flagExitIsEntry == 0 {
		f.exit = r.moment()
	}
	if flags&flagHasIdentity != 0 {
		f.identity = identity(r.bytes(16))
	}
	f.pageviews, f.interactive = r.int(), r.int()
	f.closed = closedViews{views: r.int(), scrolled: r.int(), scroll: r.int(), engagedMS: r.int()}
	views := r.int()
	if r.failed || views < 0 || views > maxViews {
		return nil, errFold
	}
	for range views {
		f.views = append(f.views, viewReport{id: [16]byte(r.bytes(16)), scroll: int32(r.int()), engagedMS: r.int()})
	}
	if r.failed {
		return nil, errFold
	}
	return f, nil
}
