package rollup

import (
	"regexp"
	"slices"

	"github.com/microtracker/microtracker/repo/report"
)

// blockConversion is a conversion that blocks know: which of a list it is, and by which number its events are counted there.
type blockConversion struct {
	list, number int
	is           func(l *pairList, place int) bool
}

// convertedOnce is a conversion of a session in a row.
type convertedOnce struct {
	session    int64
	conversion int
	kind       int32
}

// newBlockConversions makes them. False: blocks do not know one of them, since it is about a property, or about a path and what the
// events on it are called.
func newBlockConversions(defined []report.Conversion) ([]blockConversion, bool) {
	conversions := make([]blockConversion, len(defined))
	for i, d := range defined {
		switch {
		case d.PropertyKey != "":
			return nil, false
		case d.PathPattern == "":
			conversions[i] = blockConversion{list: listOfEvents, is: func(l *pairList, place int) bool {
				return (d.EventType != "" || d.Name != "") && (d.EventType == "" || d.EventType == l.texts[0][place]) && (d.Name == "" || d.Name == l.texts[1][place])
			}}
		case d.Name != "":
			return nil, false
		default:
			number := events
			if d.EventType != "" {
				if number = numberOfType(d.EventType); number < 0 {
					return nil, false
				}
			}
			pattern, err := regexp.Compile("(?s)" + report.PatternRegexp(d.PathPattern))
			if err != nil {
				return nil, false
			}
			conversions[i] = blockConversion{listOfPaths, number, func(l *pairList, place int) bool { return pattern.MatchString(l.texts[0][place]) }}
		}
	}
	return conversions, true
}

// addConversions adds the conversions of the sessions that the filter keeps: each once for a session, unless every one counts.
func (s *scan) addConversions(b *block) {
	r := &s.room
	r.flags, r.ids = unpack(b.flags, b.sessions, r.flags), unpack(b.ids, b.sessions, r.ids)
	const here = startedHere | lastsLonger
	once, converts := newMarks(b.sessions), newMarks(b.sessions)
	converts.begin()
	for list := range blockLists {
		if !slices.ContainsFunc(s.conversions, func(c blockConversion) bool { return c.list == list }) {
			continue
		}
		l := &b.lists[list]
		r.pairs, r.pairCounts = unpack(l.sessions, l.pairs(), r.pairs), unpack(l.counts, l.pairs(), r.pairCounts)
		for i, c := range s.conversions {
			if c.list != list {
				continue
			}
			once.begin()
			for place := range l.ends {
				if !c.is(l, place) {
					continue
				}
				for pair := l.begin(place); pair < l.ends[place]; pair++ {
					session, times := int32(r.pairs[pair]), b.counts[r.pairCounts[pair]][c.number]
					if times == 0 || !r.kept[session] {
						continue
					}
					converts.put(session, 0)
					g := s.groups[r.kinds[session]]
					if s.q.EveryConversion {
						g.numbers[conversions] += times
						continue
					}
					if once.has(session) {
						continue
					}
					once.put(session, 0)
					if r.flags[session]&here == startedHere || s.isFirst(convertedOnce{r.ids[session], i, r.kinds[session]}) {
						g.numbers[conversions]++
					}
				}
			}
		}
	}
	if s.needs.converting {
		s.addConverting(b, converts)
	}
}

// isFirst reports whether a session that is in several blocks was not yet counted for it.
func (s *scan) isFirst(c convertedOnce) bool {
	if s.converted[c] {
		return false
	}
	s.converted[c] = true
	return true
}

// addConverting adds up the sessions that started and have a conversion. Of those that are in other blocks, too, it keeps what this
// one knows.
func (s *scan) addConverting(b *block, converts *marks) {
	r := &s.room
	const here = startedHere | lastsLonger
	for i := range b.sessions {
		flags, has := r.flags[i], converts.has(int32(i))
		if flags&here == startedHere {
			if has {
				s.groups[r.kinds[i]].numbers[converting]++
			}
			continue
		}
		lasting := s.goingOn[r.ids[i]]
		if lasting == nil {
			lasting = new(lastingSession)
			s.goingOn[r.ids[i]] = lasting
		}
		lasting.converts = lasting.converts || has
		if flags&startedHere != 0 {
			lasting.kept, lasting.kind = r.kept[i], r.kinds[i]
		}
	}
}
