package rollup

import (
	"cmp"
	"encoding/binary"
	"errors"
	"iter"
	"maps"
	"slices"
)

// partVersion is the form in which parts are stored. One of another form is counted anew.
const partVersion = 1

// errPart is returned for what is no part of this version.
var errPart = errors.New("no part of a day, or one of another version")

// encode writes a part: the same counts always in the same way. All numbers are varints, all texts and sets come after
// their length.
func (p *part) encode() []byte {
	w := partWriter{out: []byte{partVersion}}
	w.bytes(p.visitors)
	w.counts(p.events)
	w.counts(p.bots)
	for path, count := range each(&w, p.paths) {
		w.text(path)
		w.number(count.pageviews)
		w.bytes(count.visitors)
	}
	for name, count := range each(&w, p.ctas) {
		w.text(name)
		w.number(count.clicks)
		w.number(count.marked)
	}
	for _, number := range p.sessions.numbers() {
		w.number(*number)
	}
	for _, counts := range p.sessions.by {
		w.counts(counts)
	}
	return w.out
}

// decodePart reads what encode has written. errPart.
func decodePart(data []byte) (*part, error) {
	if len(data) == 0 || data[0] != partVersion {
		return nil, errPart
	}
	r := partReader{rest: data[1:]}
	p := newPart()
	p.visitors = r.bytes()
	r.counts(p.events)
	r.counts(p.bots)
	for range r.length() {
		path := string(r.bytes())
		p.paths[path] = &pathCount{pageviews: r.number(), visitors: r.bytes()}
	}
	for range r.length() {
		name := string(r.bytes())
		p.ctas[name] = &ctaCount{clicks: r.number(), marked: r.number()}
	}
	for _, number := range p.sessions.numbers() {
		*number = r.number()
	}
	for _, counts := range p.sessions.by {
		r.counts(counts)
	}
	if r.failed || len(r.rest) > 0 {
		return nil, errPart
	}
	return p, nil
}

// numbers are the sums in the order in which they are stored.
func (s *sessionSums) numbers() []*int64 {
	return []*int64{&s.sessions, &s.bounces, &s.durationSeconds, &s.engagedMS, &s.scored, &s.score}
}

type partWriter struct{ out []byte }

func (w *partWriter) number(n int64) { w.out = binary.AppendUvarint(w.out, uint64(n)) }

func (w *partWriter) bytes(b []byte) {
	w.number(int64(len(b)))
	w.out = append(w.out, b...)
}

func (w *partWriter) text(s string) {
	w.number(int64(len(s)))
	w.out = append(w.out, s...)
}

func (w *partWriter) counts(counts map[string]int64) {
	for key, n := range each(w, counts) {
		w.text(key)
		w.number(n)
	}
}

// each writes how many entries a map has and goes through them in the order of their keys.
func each[V any](w *partWriter, entries map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		w.number(int64(len(entries)))
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			if !yield(key, entries[key]) {
				return
			}
		}
	}
}

// partReader reads on after an error without harm: failed says that there was one.
type partReader struct {
	rest   []byte
	failed bool
}

func (r *partReader) number() int64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return int64(n)
}

func (r *partReader) fail() { r.rest, r.failed = nil, true }

// length reads how many bytes, or entries of a byte at least, there are.
func (r *partReader) length() int64 {
	n := r.number()
	if n < 0 || n > int64(len(r.rest)) {
		r.fail()
		return 0
	}
	return n
}

func (r *partReader) bytes() []byte {
	n := r.length()
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *partReader) counts(counts map[string]int64) {
	for range r.length() {
		key := string(r.bytes())
		counts[key] = r.number()
	}
}

// byCount puts the greater count first, of equal ones the text that comes first.
func byCount(countA, countB int64, textA, textB string) int {
	return cmp.Or(cmp.Compare(countB, countA), cmp.Compare(textA, textB))
}
