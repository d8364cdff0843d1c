package rollup

// tellApart tells things apart that were of one kind, by a code that each has, below width. known are the kinds so far; with the code,
// set makes another one of it. It returns the kinds from then on.
func tellApart[K any](kinds []int32, known []K, codes []uint32, width int, set func(kind *K, code uint32)) []K {
	finer := newNumbering(len(known) * width)
	var apart []K
	for i, code := range codes {
		number, isNew := finer.number(int(kinds[i])*width + int(code))
		if isNew {
			kind := known[kinds[i]]
			set(&kind, code)
			apart = append(apart, kind)
		}
		kinds[i] = number
	}
	return apart
}

// numbering numbers what comes, from 0.
type numbering struct {
	dense  []int32 // one more than the number; 0: it has none yet
	sparse map[int]int32
	next   int32
}

// maxDense bounds how many things are numbered in a list.
const maxDense = 1 << 20

func newNumbering(things int) *numbering {
	if things > maxDense {
		return &numbering{sparse: map[int]int32{}}
	}
	return &numbering{dense: make([]int32, things)}
}

func (n *numbering) number(thing int) (number int32, isNew bool) {
	if n.dense != nil {
		number = n.dense[thing] - 1
		isNew = number < 0
	} else {
		var known bool
		number, known = n.sparse[thing]
		isNew = !known
	}
	if !isNew {
		return number, false
	}
	number = n.next
	n.next++
	if n.dense != nil {
		n.dense[thing] = number + 1
	} else {
		n.sparse[thing] = number
	}
	return number, true
}

// visitorIndex numbers visitors from 1. The zero value is empty.
type visitorIndex struct {
	slots []visitorSlot // a power of two of them, at least a third free
	count int
}

type visitorSlot struct {
	id     int64
	number uint32 // 0: free
}

// number returns the visitor's number.
func (x *visitorIndex) number(id int64) uint32 {
	if 3*x.count >= 2*len(x.slots) {
		x.grow()
	}
	slot := x.find(id)
	if slot.number == 0 {
		x.count++
		*slot = visitorSlot{id, uint32(x.count)}
	}
	return slot.number
}

func (x *visitorIndex) find(id int64) *visitorSlot {
	mask := uint64(len(x.slots) - 1)
	// Ids that follow each other fall far apart.
	for at := uint64(id) * 0x9E3779B97F4A7C15 >> 20; ; at++ {
		if slot := &x.slots[at&mask]; slot.number == 0 || slot.id == id {
			return slot
		}
	}
}

func (x *visitorIndex) grow() {
	before := x.slots
	x.slots = make([]visitorSlot, max(1<<10, 2*len(before)))
	for _, slot := range before {
		if slot.number != 0 {
			*x.find(slot.id) = slot
		}
	}
}
