package rollup

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
)

// partVersion is the form in which parts are stored. One of another form is counted anew.
const partVersion = 2

var (
	// errPart is returned for what is no part of this version.
	errPart = errors.New("no part of a day, or one of another version")
	// errVersion is an errPart that a server of another version may understand.
	errVersion = fmt.Errorf("another version: %w", errPart)
)

// ofVersion returns what comes after the version that data begin with. errVersion.
func ofVersion(data []byte, version byte) (rest string, err error) {
	if len(data) == 0 {
		return "", errPart
	}
	if data[0] != version {
		return "", errVersion
	}
	return string(data[1:]), nil // as one text, so that its pieces are not copied
}

// encode writes a part: the same counts always in the same way. All numbers are varints, all texts and sets come after
// their length.
func (p *part) encode() []byte {
	w := partWriter{out: []byte{partVersion}}
	w.text(string(p.visitors))
	w.counts(p.events)
	w.counts(p.bots)
	w.number(int64(len(p.paths)))
	for _, count := range p.paths {
		w.text(count.path)
		w.number(count.pageviews)
		w.text(string(count.visitors))
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
	rest, err := ofVersion(data, partVersion)
	if err != nil {
		return nil, err
	}
	r := partReader{rest: rest}
	p := newPart()
	p.visitors = visitorSet(r.text())
	r.counts(p.events)
	r.counts(p.bots)
	paths := r.length()
	p.paths = make([]pathCount, 0, paths)
	for range paths {
		p.paths = append(p.paths, pathCount{path: r.text(), pageviews: r.number(), visitors: visitorSet(r.text())})
	}
	for range r.length() {
		name := r.text()
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
	rest   string
	failed bool
}

// expect fails where something is not as it has to be.
func (r *partReader) expect(is bool) { r.failed = r.failed || !is }

func (r *partReader) number() int64 {
	var n uint64
	for i := range min(len(r.rest), binary.MaxVarintLen64) {
		b := r.rest[i]
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			r.rest = r.rest[i+1:]
			return int64(n)
		}
	}
	r.rest, r.failed = "", true
	return 0
}

// length reads how many bytes, or entries of a byte at least, there are.
func (r *partReader) length() int64 {
	n := r.number()
	if n < 0 || n > int64(len(r.rest)) {
		r.rest, r.failed = "", true
		return 0
	}
	return n
}

func (r *partReader) text() string {
	n := r.length()
	text := r.rest[:n]
	r.rest = r.rest[n:]
	return text
}

func (r *partReader) counts(counts map[string]int64) {
	for range r.length() {
		key := r.text()
		counts[key] = r.number()
	}
}

// byCount puts the greater count first, of equal ones the text that comes first.
func byCount(countA, countB int64, textA, textB string) int {
	return cmp.Or(cmp.Compare(countB, countA), cmp.Compare(textA, textB))
}
