package rollup

import (
	"cmp"
	"maps"
	"slices"

	"github.com/microtracker/microtracker/repo"
)

// block puts the people's sessions of a step and what they saw into columns. local is room for their places.
func (c *counter) block(step *stepCounts, timeZone string, marked *marks, local []int32) *block {
	b := newBlockBuilder(timeZone)
	var codes [repo.SessionTexts]translation
	for i := range codes {
		codes[i] = newTranslation(&b.dictionaries[i], c.texts[i].texts)
	}
	visits, started := step.visits, step.started
	for len(visits) > 0 || len(started) > 0 {
		place := int32(len(c.sessions))
		if len(visits) > 0 {
			place = c.visits[visits[0]].session
		}
		if len(started) > 0 {
			place = min(place, started[0])
		}
		s := &c.sessions[place]
		// A minute of the window keeps the column narrow.
		row := blockSession{id: s.id, visitor: s.visitor, numbers: [blockNumbers]int64{blockStart: c.window.Since.Unix() / 60}}
		if len(visits) > 0 && c.visits[visits[0]].session == place {
			for i, n := range c.visits[visits[0]].numbers {
				row.did[i] = int64(n)
			}
			visits = visits[1:]
		}
		for i, text := range s.texts {
			if i == exitPathText {
				continue
			}
			row.texts[i] = codes[i].code(int64(text))
		}
		if len(started) > 0 && started[0] == place {
			started = started[1:]
			row.flags, row.numbers = s.startedFlags(), s.blockNumbers()
			row.texts[exitPathText] = codes[exitPathText].code(int64(s.texts[exitPathText]))
		} else {
			row.texts[exitPathText] = b.dictionaries[exitPathText].code("")
		}
		local[place] = int32(b.sessions)
		b.addSession(&row)
	}
	addPaths := func(path string, counts *pathCounts) {
		addPairs(b, listOfPaths, marked, local, &counts.sessions)
		b.endPairs(listOfPaths, [2]string{path})
	}
	addPaths("", &step.pathless)
	for _, path := range slices.Sorted(maps.Keys(step.paths)) {
		addPaths(path, step.paths[path])
	}
	for _, kind := range slices.SortedFunc(maps.Keys(step.kinds), compareTexts) {
		var sessions [eventNumbers][]int32
		sessions[max(numberOfType(kind[0]), events)] = step.kinds[kind]
		addPairs(b, listOfEvents, marked, local, &sessions)
		b.endPairs(listOfEvents, kind)
	}
	return b.finish()
}

// addPairs adds the sessions of events, by the number that counts these, to what comes next on the list. local has the places of
// sessions in the block.
func addPairs(b *blockBuilder, list int, marked *marks, local []int32, sessions *[eventNumbers][]int32) {
	marked.begin()
	var pairs []pair
	for number, places := range sessions {
		for _, place := range places {
			if !marked.has(place) {
				marked.put(place, int32(len(pairs)))
				pairs = append(pairs, pair{session: int64(local[place])})
			}
			did := &pairs[marked.at[place]].did
			did[events]++
			if number != events {
				did[number]++
			}
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.session, b.session) })
	for i := range pairs {
		b.addPair(list, pairs[i].session, pairs[i].did)
	}
}

func (s *countedSession) startedFlags() int64 {
	flags := int64(startedHere)
	if s.numbers[bounces-sessions] > 0 {
		flags |= bounced
	}
	if s.lastsLonger {
		flags |= lastsLonger
	}
	if s.lastsDays {
		flags |= lastsDays
	}
	return flags
}

func (s *countedSession) blockNumbers() [blockNumbers]int64 {
	at := func(number int) int64 { return s.numbers[number-sessions] }
	return [blockNumbers]int64{
		blockDuration: at(duration), blockEngaged: at(engaged), blockScroll: at(scrolled) * (at(scroll) + 1), blockScore: at(scored) * (at(score) + 1),
		blockStart: s.minute,
	}
}
