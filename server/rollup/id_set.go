package rollup

import (
	"maps"
	"math/bits"
	"slices"
)

const (
	// pageBits is how many ids a page of an idSet has room for.
	pageBits  = 1 << 16
	pageBytes = pageBits / 8
	// fewIDs are sorted faster than they are put into pages.
	fewIDs = 4096
)

// idSet counts how many distinct ids sets have together. The zero value is ready; it keeps its memory for the next use.
type idSet struct {
	pages map[int64]*idPage
	free  []*idPage
	ids   []int64
}

// idPage has a bit for each of pageBits ids.
type idPage [pageBits / 64]uint64

// countedSet is a set, and how many ids it has.
type countedSet struct {
	set   visitorSet
	count int64
}

// count returns how many distinct ids the sets have together. errPart.
func (s *idSet) count(sets []countedSet) (int64, error) {
	var total int64
	for _, set := range sets {
		total += set.count
	}
	if len(sets) == 1 {
		return total, nil
	}
	if total <= fewIDs {
		ids, err := s.few(sets)
		return int64(len(ids)), err
	}
	err := s.unite(sets)
	var n int
	for number, page := range s.pages {
		for _, word := range page {
			n += bits.OnesCount64(word)
		}
		*page = idPage{}
		s.free = append(s.free, page)
		delete(s.pages, number)
	}
	return int64(n), err
}

// distinct returns the ids that the sets have together, in order and for one call alone. errPart.
func (s *idSet) distinct(sets []countedSet) ([]int64, error) {
	var total int64
	for _, set := range sets {
		total += set.count
	}
	if total <= fewIDs {
		return s.few(sets)
	}
	err := s.unite(sets)
	s.ids = s.ids[:0]
	for _, number := range slices.Sorted(maps.Keys(s.pages)) {
		page := s.pages[number]
		for i, word := range page {
			for ; word != 0; word &= word - 1 {
				s.ids = append(s.ids, number*pageBits+int64(64*i+bits.TrailingZeros64(word)))
			}
		}
		*page = idPage{}
		s.free = append(s.free, page)
		delete(s.pages, number)
	}
	return s.ids, err
}

// unite puts the ids into pages. On an error the pages have to be emptied all the same.
func (s *idSet) unite(sets []countedSet) error {
	if s.pages == nil {
		s.pages = map[int64]*idPage{}
	}
	for _, set := range sets {
		if err := s.add(set.set); err != nil {
			return err
		}
	}
	return nil
}

// few returns the ids by sorting them.
func (s *idSet) few(sets []countedSet) ([]int64, error) {
	s.ids = s.ids[:0]
	for _, set := range sets {
		var err error
		if s.ids, err = set.set.appendIDs(s.ids); err != nil {
			return nil, err
		}
	}
	return sortedDistinct(s.ids), nil
}

// add reads a set as appendIDs does.
func (s *idSet) add(set visitorSet) error {
	if set.isPaged() {
		return set.eachPage(func(number int64, words string) {
			page := s.page(number)
			for i := range page {
				page[i] |= wordAt(words, i)
			}
		})
	}
	var page *idPage
	number, id := int64(-1), int64(0)
	for i := 0; i < len(set); {
		var step uint64
		for shift := 0; ; shift += 7 {
			if i == len(set) || shift > 63 {
				return errPart
			}
			b := set[i]
			i++
			step |= uint64(b&0x7f) << shift
			if b < 0x80 {
				break
			}
		}
		id += int64(step)
		if page == nil || id/pageBits != number {
			number = id / pageBits
			page = s.page(number)
		}
		at := uint64(id) % pageBits
		page[at/64] |= 1 << (at % 64)
	}
	return nil
}

func (s *idSet) page(number int64) *idPage {
	if page := s.pages[number]; page != nil {
		return page
	}
	page := new(idPage)
	if last := len(s.free) - 1; last >= 0 {
		page, s.free = s.free[last], s.free[:last]
	}
	s.pages[number] = page
	return page
}
