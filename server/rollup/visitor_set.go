package rollup

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// visitorSet is a set of visitors' ids, so that it is small and can be passed over unread: in order, as the differences from one to
// the next; or, where that is smaller, after a zero, which no id is, as pages of pageBits ids that have a bit each, every page after
// how many it is further than the one before.
type visitorSet string

// sortedDistinct sorts ids in place and returns each once.
func sortedDistinct(ids []int64) []int64 {
	slices.Sort(ids)
	return slices.Compact(ids)
}

func newVisitorSet(distinct []int64) visitorSet {
	b := visitorSetBuilder{out: make([]byte, 0, 2*len(distinct))}
	pages, last := 0, int64(-1)
	for _, id := range distinct {
		b.add(id)
		if id/pageBits != last {
			last = id / pageBits
			pages++
		}
	}
	if pages*(pageBytes+2) < len(b.out) {
		return newPagedSet(distinct, pages)
	}
	return b.finish()
}

// newPagedSet writes ids that are in order as pages.
func newPagedSet(distinct []int64, pages int) visitorSet {
	out := make([]byte, 1, 1+pages*(pageBytes+2))
	var page idPage
	last := int64(0)
	for i, id := range distinct {
		page[id%pageBits/64] |= 1 << (id % 64)
		if i+1 < len(distinct) && distinct[i+1]/pageBits == id/pageBits {
			continue
		}
		out = binary.AppendUvarint(out, uint64(id/pageBits-last))
		last = id / pageBits
		for j, word := range page {
			out = binary.LittleEndian.AppendUint64(out, word)
			page[j] = 0
		}
	}
	return visitorSet(out)
}

// eachPage goes through the pages of a set that is kept in them: number is which page it is, words its bits. errPart.
func (s visitorSet) eachPage(do func(number int64, words string)) error {
	r := partReader{rest: string(s[1:])}
	number := int64(0)
	for r.rest != "" {
		number += r.number()
		if len(r.rest) < pageBytes {
			return errPart
		}
		do(number, r.rest[:pageBytes])
		r.rest = r.rest[pageBytes:]
	}
	if r.failed {
		return errPart
	}
	return nil
}

func (s visitorSet) isPaged() bool { return s != "" && s[0] == 0 }

// wordAt reads a word of a page.
func wordAt(words string, i int) uint64 {
	at := words[8*i : 8*i+8]
	return uint64(at[0]) | uint64(at[1])<<8 | uint64(at[2])<<16 | uint64(at[3])<<24 | uint64(at[4])<<32 | uint64(at[5])<<40 | uint64(at[6])<<48 | uint64(at[7])<<56
}

// visitorSetBuilder makes a set of ids that come in order.
type visitorSetBuilder struct {
	out   []byte
	last  int64
	count int64
}

// add adds an id that is not less than the one before.
func (b *visitorSetBuilder) add(id int64) {
	if b.count > 0 && id == b.last {
		return
	}
	b.out = binary.AppendUvarint(b.out, uint64(id-b.last))
	b.last = id
	b.count++
}

func (b *visitorSetBuilder) finish() visitorSet { return visitorSet(b.out) }

// appendIDs appends the ids of the set. errPart if it is none.
func (s visitorSet) appendIDs(ids []int64) ([]int64, error) {
	if s.isPaged() {
		err := s.eachPage(func(number int64, words string) {
			for i := range pageBytes / 8 {
				for word := wordAt(words, i); word != 0; word &= word - 1 {
					ids = append(ids, number*pageBits+int64(64*i+bits.TrailingZeros64(word)))
				}
			}
		})
		return ids, err
	}
	r := partReader{rest: string(s)}
	last := int64(0)
	for r.rest != "" {
		last += r.number()
		ids = append(ids, last)
	}
	if r.failed {
		return ids, errPart
	}
	return ids, nil
}

// Visitors is a set of a project's visitors. Sets of several days are joined by Or, so that a visitor of two days is one.
type Visitors struct{ bitmap *roaring64.Bitmap }

// NewVisitors makes an empty set.
func NewVisitors() *Visitors { return &Visitors{bitmap: roaring64.New()} }

// Or adds the visitors of another set.
func (v *Visitors) Or(other *Visitors) { v.bitmap.Or(other.bitmap) }

// Count returns how many visitors there are.
func (v *Visitors) Count() int64 { return int64(v.bitmap.GetCardinality()) }

// add adds ids that are in order.
func (v *Visitors) add(ids []int64) {
	numbers := make([]uint64, len(ids))
	for i, id := range ids {
		numbers[i] = uint64(id)
	}
	v.bitmap.AddMany(numbers)
}

// DecodeVisitors reads a set as metrics.visitor_set has it: a 64-bit roaring bitmap in its portable form, in base64.
func DecodeVisitors(text string) (*Visitors, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("decode a set of visitors: %w", err)
	}
	v := NewVisitors()
	if err := v.bitmap.UnmarshalBinary(data); err != nil {
		return nil, fmt.Errorf("decode a set of visitors: %w", err)
	}
	return v, nil
}

// encode writes the set as DecodeVisitors reads it: the same visitors always in the same way.
func (v *Visitors) encode() (string, error) {
	v.bitmap.RunOptimize()
	data, err := v.bitmap.MarshalBinary()
	if err != nil {
		return "", fmt.Errorf("encode a set of visitors: %w", err)
	}
	return base64.StdEncoding.EncodeToString(data), nil
}
