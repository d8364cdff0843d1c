package rollup

import (
	"regexp"
	"slices"
	"strings"

	"github.com/microtracker/microtracker/repo/report"
)

// blockFilter is a question's filter over blocks. Each condition has a bit: a session has those of what it has itself, and of what
// its pages have.
type blockFilter struct {
	tree   *report.Filter
	leaves []blockLeaf
	// These are the bits of conditions about sessions, and about what is on each list.
	ofSessions uint64
	ofLists    [blockLists]uint64
}

// blockLeaf is a condition: text is which text of a session it looks at, -1: one of what is on a list.
type blockLeaf struct {
	text, list, column int
	match              func(text string) bool
}

// maxLeaves is how many conditions have bits.
const maxLeaves = 64

// newBlockFilter makes a filter; nil keeps everything. False: blocks do not know what it asks for.
func newBlockFilter(tree *report.Filter) (*blockFilter, bool) {
	f := &blockFilter{tree: tree}
	ok := f.add(tree)
	return f, ok
}

func (f *blockFilter) add(tree *report.Filter) bool {
	if tree == nil {
		return true
	}
	for _, parts := range [][]report.Filter{tree.All, tree.Any} {
		for i := range parts {
			if !f.add(&parts[i]) {
				return false
			}
		}
	}
	if !f.add(tree.Not) || tree.HasDone != nil {
		return false
	}
	if tree.Condition == nil {
		return true
	}
	if len(f.leaves) == maxLeaves {
		return false
	}
	leaf, ok := leafOf(tree.Condition)
	bit := uint64(1) << len(f.leaves)
	if leaf.text >= 0 {
		f.ofSessions |= bit
	} else if ok {
		f.ofLists[leaf.list] |= bit
	}
	f.leaves = append(f.leaves, leaf)
	return ok
}

// leafOf is the condition without its negation, which belongs to the tree.
func leafOf(c *report.Condition) (blockLeaf, bool) {
	leaf := blockLeaf{text: textOf(c.Dimension)}
	if leaf.text < 0 {
		var ok bool
		if leaf.list, leaf.column, ok = listOf(c.Dimension); !ok {
			return leaf, false
		}
	}
	anyOf := func(meets func(text, value string) bool) func(text string) bool {
		return func(text string) bool {
			return slices.ContainsFunc(c.Values, func(value string) bool { return meets(text, value) })
		}
	}
	switch c.Operator {
	case report.OperatorIs, report.OperatorIsNot:
		leaf.match = func(text string) bool { return slices.Contains(c.Values, text) }
	case report.OperatorContains:
		leaf.match = anyOf(strings.Contains)
	case report.OperatorStartsWith:
		leaf.match = anyOf(strings.HasPrefix)
	case report.OperatorPresent:
		leaf.match = func(text string) bool { return text != "" }
	case report.OperatorMatches:
		var patterns []*regexp.Regexp
		for _, value := range c.Values {
			pattern, err := regexp.Compile("(?s)" + report.PatternRegexp(value))
			if err != nil {
				return leaf, false
			}
			patterns = append(patterns, pattern)
		}
		leaf.match = func(text string) bool {
			return slices.ContainsFunc(patterns, func(pattern *regexp.Regexp) bool { return pattern.MatchString(text) })
		}
	default:
		return leaf, false
	}
	return leaf, true
}

// listOf is the list of what has the dimension, and which of its texts that is.
func listOf(d report.Dimension) (list, column int, ok bool) {
	switch d {
	case report.Path:
		return listOfPaths, 0, true
	case report.EventType:
		return listOfEvents, 0, true
	case report.EventName:
		return listOfEvents, 1, true
	default:
		return 0, 0, false
	}
}

// uses reports whether a condition is about this dimension.
func (f *blockFilter) uses(d report.Dimension) bool {
	at := textOf(d)
	return slices.ContainsFunc(f.leaves, func(l blockLeaf) bool { return l.text == at })
}

// bitsOf gives for each text of a column the bits of the conditions about it that the text meets.
func (f *blockFilter) bitsOf(text int, texts []string) []uint64 {
	bits := make([]uint64, len(texts))
	for i := range f.leaves {
		if f.leaves[i].text == text {
			f.leaves[i].add(texts, 1<<i, bits)
		}
	}
	return bits
}

// bitsOn gives the same for what is on a list.
func (f *blockFilter) bitsOn(list int, l *pairList) []uint64 {
	bits := make([]uint64, len(l.ends))
	for i := range f.leaves {
		if f.leaves[i].text < 0 && f.leaves[i].list == list {
			f.leaves[i].add(l.texts[f.leaves[i].column], 1<<i, bits)
		}
	}
	return bits
}

// add adds the bit where a text meets the condition.
func (l *blockLeaf) add(texts []string, bit uint64, bits []uint64) {
	for i, text := range texts {
		if l.match(text) {
			bits[i] |= bit
		}
	}
}

// keeps reports whether what has these bits is kept.
func (f *blockFilter) keeps(bits uint64) bool {
	leaf := 0
	return f.tree == nil || keeps(f.tree, bits, &leaf)
}

// keeps goes through the whole tree, in the order in which add does, to know each condition's bit.
func keeps(tree *report.Filter, bits uint64, leaf *int) bool {
	switch {
	case tree.Condition != nil:
		met := bits&(1<<*leaf) != 0
		*leaf++
		return met != (tree.Condition.Operator == report.OperatorIsNot)
	case tree.Not != nil:
		return !keeps(tree.Not, bits, leaf)
	case len(tree.All) > 0:
		all := true
		for i := range tree.All {
			met := keeps(&tree.All[i], bits, leaf)
			all = all && met
		}
		return all
	default:
		some := false
		for i := range tree.Any {
			met := keeps(&tree.Any[i], bits, leaf)
			some = some || met
		}
		return some
	}
}

// keeper remembers what the filter keeps: there are few sets of bits, and many sessions.
type keeper struct {
	filter *blockFilter
	last   uint64
	kept   bool
	known  map[uint64]bool
}

func (f *blockFilter) keeper() *keeper {
	return &keeper{filter: f, kept: f.keeps(0), known: map[uint64]bool{}}
}

func (k *keeper) keeps(bits uint64) bool {
	if bits == k.last {
		return k.kept
	}
	kept, ok := k.known[bits]
	if !ok {
		kept = k.filter.keeps(bits)
		if len(k.known) < 1<<12 {
			k.known[bits] = kept
		}
	}
	k.last, k.kept = bits, kept
	return kept
}
