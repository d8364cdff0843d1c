package rollup

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// visitorSet is a set of visitors' ids in order, as the differences from one to the next, so that it is small and can be
// passed over unread.
type visitorSet string

// sortedDistinct sorts ids in place and returns each once.
func sortedDistinct(ids []int64) []int64 {
	slices.Sort(ids)
	return slices.Compact(ids)
}

func newVisitorSet(distinct []int64) visitorSet {
	b := visitorSetBuilder{out: make([]byte, 0, 2*len(distinct))}
	for _, id := range distinct {
		b.add(id)
	}
	return b.finish()
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
