package rollup

import (
	"cmp"
	"slices"
	"strings"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

// Dimensions of breakdowns, as they are stored: never renumbered. From byEntryPath on they are in the order of textDimensions, of
// which days are broken down by the first ones.
const (
	byNothing int16 = iota
	byPath
	byEntryPath
	byExitPath
	breakdownTexts      = 13
	breakdownDimensions = byEntryPath + breakdownTexts
	// bySession is not a breakdown but what any can be made of: the block.
	bySession = repo.BySession
)

// dimensionOf is the dimension as it is stored. False: days are not broken down by it.
func dimensionOf(d report.Dimension) (int16, bool) {
	if d == report.Path {
		return byPath, true
	}
	text := textOf(d)
	return byEntryPath + int16(text), text >= 0 && text < breakdownTexts
}

// The numbers of a breakdown: those of events, then those of sessions, in the order of repo.RollupSession.
const (
	events = iota
	pageviews
	exits
	clicks
	formStarts
	formSubmits
	eventNumbers
	sessions   = eventNumbers
	bounces    = sessions + 1
	duration   = sessions + 2
	engaged    = sessions + 3
	scroll     = sessions + 4
	scrolled   = sessions + 5
	score      = sessions + 6
	scored     = sessions + 7
	allNumbers = sessions + sessionNumbers
	// What blocks alone have: conversions, and sessions with one.
	conversions  = allNumbers
	converting   = allNumbers + 1
	tallyNumbers = allNumbers + 2
)

// sessionNumbers is how many numbers sessions have.
const sessionNumbers = 8

// breakdown is what a stretch of time counts by one dimension: its values in the order of their texts.
type breakdown struct {
	// timeZone is the zone whose day it is; empty of a month whose days are of several.
	timeZone string
	values   []breakdownValue
}

// breakdownValue is what has one value. Sessions are those that started in the stretch of time.
type breakdownValue struct {
	text    string
	numbers [allNumbers]int64
	// late are sessions that saw the path on a later day than that on which they started first, in the order of these.
	late []lateSessions
	// visitors is how many the set has.
	visitors int64
	set      visitorSet
}

// lateSessions are sessions that belong to the value in ranges alone that have so many days after that of their start.
type lateSessions struct {
	days    int64
	numbers [sessionNumbers]int64
}

// datedBreakdown is a breakdown of the day that is so many days after the first one.
type datedBreakdown struct {
	*breakdown

	day int64
}

// mergeBreakdowns puts the parts of so many days together. errPart.
func mergeBreakdowns(parts []datedBreakdown, days int64) (*breakdown, error) {
	merged := new(breakdown)
	places := map[string]int{}
	var sets [][]countedSet
	for i, part := range parts {
		if i == 0 {
			merged.timeZone = part.timeZone
		} else if merged.timeZone != part.timeZone {
			merged.timeZone = ""
		}
		for i := range part.values {
			value := &part.values[i]
			at, ok := places[value.text]
			if !ok {
				at = len(merged.values)
				places[value.text] = at
				// A copy, which does not hold all that it was read with.
				merged.values, sets = append(merged.values, breakdownValue{text: strings.Clone(value.text)}), append(sets, nil)
			}
			to := &merged.values[at]
			for i, n := range value.numbers {
				to.numbers[i] += n
			}
			for i := range value.late {
				to.addLate(part.day+value.late[i].days, days, &value.late[i].numbers)
			}
			if value.visitors > 0 {
				sets[at] = append(sets[at], countedSet{value.set, value.visitors})
			}
		}
	}
	var union idSet
	for i := range merged.values {
		if len(sets[i]) == 1 {
			merged.values[i].visitors, merged.values[i].set = sets[i][0].count, visitorSet(strings.Clone(string(sets[i][0].set)))
			continue
		}
		distinct, err := union.distinct(sets[i])
		if err != nil {
			return nil, err
		}
		merged.values[i].visitors, merged.values[i].set = int64(len(distinct)), newVisitorSet(distinct)
	}
	merged.sort()
	return merged, nil
}

func (b *breakdown) sort() {
	slices.SortFunc(b.values, func(a, b breakdownValue) int { return cmp.Compare(a.text, b.text) })
}

// addLate adds sessions that belong to the value from so many days after the first on; within so many they just belong to it.
func (v *breakdownValue) addLate(days, within int64, numbers *[sessionNumbers]int64) {
	if days < within {
		for i, n := range numbers {
			v.numbers[sessions+i] += n
		}
		return
	}
	at, ok := slices.BinarySearchFunc(v.late, days, func(l lateSessions, days int64) int { return cmp.Compare(l.days, days) })
	if !ok {
		v.late = slices.Insert(v.late, at, lateSessions{days: days})
	}
	for i, n := range numbers {
		v.late[at].numbers[i] += n
	}
}

// breakdownVersion is the form in which breakdowns are stored.
const breakdownVersion = 1

// encode writes a breakdown: the same counts always in the same way, as parts are written.
func (b *breakdown) encode() []byte {
	w := partWriter{out: []byte{breakdownVersion}}
	w.text(b.timeZone)
	w.number(int64(len(b.values)))
	for i := range b.values {
		value := &b.values[i]
		w.text(value.text)
		for _, n := range value.numbers {
			w.number(n)
		}
		w.number(int64(len(value.late)))
		for _, late := range value.late {
			w.number(late.days)
			for _, n := range late.numbers {
				w.number(n)
			}
		}
		w.number(value.visitors)
		w.text(string(value.set))
	}
	return w.out
}

// decodeBreakdown reads what encode has written. errPart.
func decodeBreakdown(data []byte) (*breakdown, error) {
	rest, err := ofVersion(data, breakdownVersion)
	if err != nil {
		return nil, err
	}
	r := partReader{rest: rest}
	b := &breakdown{timeZone: r.text()}
	count := r.length()
	b.values = make([]breakdownValue, 0, count/20) // no value takes less
	for range count {
		value := breakdownValue{text: r.text()}
		for i := range value.numbers {
			value.numbers[i] = r.number()
		}
		for range r.length() {
			late := lateSessions{days: r.number()}
			for i := range late.numbers {
				late.numbers[i] = r.number()
			}
			value.late = append(value.late, late)
		}
		value.visitors, value.set = r.number(), visitorSet(r.text())
		if r.failed {
			return nil, errPart
		}
		b.values = append(b.values, value)
	}
	if r.failed || len(r.rest) > 0 {
		return nil, errPart
	}
	return b, nil
}
