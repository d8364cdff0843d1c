package rollup

import (
	"encoding/binary"
	"math"
)

// packed are numbers in as few bytes each as the largest of them needs: 0, 1, 2, 4 or 8, counted from the least.
type packed struct {
	base  int64
	width int
	data  string
}

// pack packs numbers. The differences between them are below 2^63.
func pack(numbers []int64) packed {
	if len(numbers) == 0 {
		return packed{}
	}
	least, most := numbers[0], numbers[0]
	for _, n := range numbers {
		least, most = min(least, n), max(most, n)
	}
	p := packed{base: least}
	switch span := uint64(most - least); {
	case span == 0:
		return p
	case span <= math.MaxUint8:
		p.width = 1
	case span <= math.MaxUint16:
		p.width = 2
	case span <= math.MaxUint32:
		p.width = 4
	default:
		p.width = 8
	}
	data := make([]byte, 0, p.width*len(numbers))
	for _, n := range numbers {
		switch d := uint64(n - least); p.width {
		case 1:
			data = append(data, byte(d))
		case 2:
			data = binary.LittleEndian.AppendUint16(data, uint16(d))
		case 4:
			data = binary.LittleEndian.AppendUint32(data, uint32(d))
		default:
			data = binary.LittleEndian.AppendUint64(data, d)
		}
	}
	p.data = string(data)
	return p
}

// number is what numbers are read as.
type number interface{ uint32 | int64 }

// unpack reads n numbers into room, which grows where it has to.
func unpack[N number](p packed, n int, room []N) []N {
	if cap(room) < n {
		room = make([]N, n)
	}
	room = room[:n]
	base, data := N(p.base), p.data
	switch p.width {
	case 0:
		for i := range room {
			room[i] = base
		}
	case 1:
		for i := range room {
			room[i] = base + N(data[i])
		}
	case 2:
		for i := range room {
			room[i] = base + N(uint16(data[2*i])|uint16(data[2*i+1])<<8)
		}
	case 4:
		for i := range room {
			room[i] = base + N(uint32(data[4*i])|uint32(data[4*i+1])<<8|uint32(data[4*i+2])<<16|uint32(data[4*i+3])<<24)
		}
	default:
		for i := range room {
			at := data[8*i : 8*i+8]
			room[i] = base + N(uint64(at[0])|uint64(at[1])<<8|uint64(at[2])<<16|uint64(at[3])<<24|
				uint64(at[4])<<32|uint64(at[5])<<40|uint64(at[6])<<48|uint64(at[7])<<56)
		}
	}
	return room
}

// below reports whether all of the n numbers are from 0 to below limit.
func (p packed) below(n, limit int) bool {
	if n == 0 {
		return true
	}
	if p.base < 0 || p.base >= int64(limit) {
		return false
	}
	room := uint64(int64(limit) - p.base)
	if p.width < 8 && room > 1<<(8*p.width)-1 {
		return true
	}
	data := p.data
	var most uint64
	switch p.width {
	case 1:
		for i := range len(data) {
			most = max(most, uint64(data[i]))
		}
	case 2:
		for ; len(data) >= 2; data = data[2:] {
			most = max(most, uint64(data[0])|uint64(data[1])<<8)
		}
	default: // only of what is damaged, or very large
		for ; len(data) >= p.width; data = data[p.width:] {
			var number [8]byte
			copy(number[:], data[:p.width])
			most = max(most, binary.LittleEndian.Uint64(number[:]))
		}
	}
	return most < room
}

func (w *partWriter) packed(p packed) {
	w.number(p.base)
	w.number(int64(p.width))
	w.out = append(w.out, p.data...)
}

// packed reads n packed numbers.
func (r *partReader) packed(n int) packed {
	p := packed{base: r.number(), width: int(r.number())}
	switch p.width {
	case 0, 1, 2, 4, 8:
	default:
		r.failed = true
	}
	if r.failed || n < 0 || p.width > 0 && n > len(r.rest)/p.width {
		r.rest, r.failed = "", true
		return packed{}
	}
	p.data, r.rest = r.rest[:n*p.width], r.rest[n*p.width:]
	return p
}
