package rollup

import (
	"cmp"
	"slices"
	"time"

	"github.com/microtracker/microtracker/repo/report"
)

// scan adds blocks up by what a question asks for, as the statement of report.Compile does with events and sessions.
type scan struct {
	q      report.Query
	needs  needs
	filter *blockFilter
	// texts has for each dimension which text of a session it is, columns which text of what is on the list; -1: none. timeAt is the
	// place of the time; -1: it was not asked for.
	texts, columns []int
	timeAt         int
	buckets        []string
	// list is the one that is looked at, onList: a dimension is on it, byPairs: a dimension or a condition is.
	list            int
	onList, byPairs bool
	// wanted are the numbers of events that the metrics are computed from.
	wanted []int

	// values are the texts of each dimension. kinds are what sessions have of them, with the time; items what is on the list has.
	// groups are the rows: of a kind and an item, or without a dimension on the list one for each kind, in their order.
	values   [maxDimensions]dictionary
	kinds    kindList
	items    kindList
	groups   []*group
	groupsOf map[uint64]*group // by kind and item
	visitors visitorIndex
	// goingOn are sessions that are in several blocks, by their ids.
	goingOn map[int64]*lastingSession
	// conversions are those that are asked about, converted those of sessions that are in several blocks.
	conversions []blockConversion
	converted   map[convertedOnce]bool

	room scanRoom
}

// kindList numbers combinations of values.
type kindList struct {
	values [][maxDimensions]int64
	places map[[maxDimensions]int64]int32
}

func (l *kindList) place(values [maxDimensions]int64) int32 {
	if l.places == nil {
		l.places = map[[maxDimensions]int64]int32{}
	}
	place, ok := l.places[values]
	if !ok {
		place = int32(len(l.values))
		l.places[values], l.values = place, append(l.values, values)
	}
	return place
}

// maxDimensions is how many dimensions a question has at most.
const maxDimensions = 3

// group is a row in the making.
type group struct {
	values  [maxDimensions]int64
	numbers [tallyNumbers]int64
	// visitors are in order for each block, each once.
	visitors []uint32
}

// lastingSession is a session that is in several blocks. It counts if it started in one of them.
type lastingSession struct {
	started bool
	// converts: it has a conversion. kept: the filter keeps it.
	converts, kept bool
	kind           int32
	numbers        [sessionNumbers]int64
	// bits are those of the filter, items what it did.
	bits  uint64
	items []int32
}

// scanRoom is room for the columns of a block.
type scanRoom struct {
	codes, flags, visits, pairs, pairCounts []uint32
	ids, visitors                           []int64
	numbers                                 [blockNumbers][]uint32
	bits, seen                              []uint64
	kept                                    []bool // where the list decides nothing
	kinds                                   []int32
	dense                                   []uint32
}

// blockQuestion reports whether blocks answer the question: over whole days of the project's zone, without bots, by and with
// conditions about what sessions have, and either paths or types and names of events, and no time shorter than a day.
func blockQuestion(q report.Query, timeZone string) bool {
	if q.Check() != nil || q.Bots != report.BotsExcluded || q.Zone.String() != timeZone || !wholeDays(q.Since, q.Until, q.Zone) {
		return false
	}
	filter, ok := newBlockFilter(q.Filter)
	if !ok {
		return false
	}
	var all needs
	for _, m := range q.Metrics {
		n, ok := needsOf(m)
		if !ok {
			return false
		}
		all = all.or(n)
	}
	lists := filter.ofLists
	for _, d := range q.Dimensions {
		known, _ := d.Describe()
		list, _, ok := listOf(d)
		if d == report.Hour || !known.IsTime && !ok && textOf(d) < 0 {
			return false
		}
		if ok {
			lists[list] = 1
		}
	}
	if lists[listOfPaths] != 0 && lists[listOfEvents] != 0 {
		return false
	}
	if all.conversions || all.converting {
		if _, ok := newBlockConversions(q.Conversions); !ok || lists != [blockLists]uint64{} {
			return false // which of the events on the list they are is not known
		}
	}
	// Where a session ends changes as it goes on, and blocks of before are not made anew for it.
	return !all.events && !all.conversions || !slices.Contains(q.Dimensions, report.ExitPath) && !filter.uses(report.ExitPath)
}

// newScan begins to answer a question that blocks answer.
func newScan(q report.Query) *scan {
	s := &scan{q: q, timeAt: -1, buckets: q.Buckets(), groupsOf: map[uint64]*group{}, goingOn: map[int64]*lastingSession{}}
	s.filter, _ = newBlockFilter(q.Filter)
	for _, m := range q.Metrics {
		n, _ := needsOf(m)
		s.needs = s.needs.or(n)
	}
	for number := range eventNumbers {
		if number == events || slices.ContainsFunc(q.Metrics, func(m report.Metric) bool { return countsEvents(m, number) }) {
			s.wanted = append(s.wanted, number)
		}
	}
	if s.filter.ofLists[listOfEvents] != 0 {
		s.list = listOfEvents
	}
	for i, d := range q.Dimensions {
		text := textOf(d)
		list, column, ok := listOf(d)
		switch {
		case ok:
			s.list, s.onList = list, true
		case text < 0:
			s.timeAt = i
		}
		if !ok {
			column = -1
		}
		s.texts, s.columns = append(s.texts, text), append(s.columns, column)
	}
	s.byPairs = s.onList || s.filter.ofLists[s.list] != 0
	if s.needs.conversions || s.needs.converting {
		s.conversions, _ = newBlockConversions(q.Conversions)
		s.converted = map[convertedOnce]bool{}
	}
	return s
}

// countsEvents reports whether the metric is computed from this number of events.
func countsEvents(m report.Metric, number int) bool {
	switch m {
	case report.ViewsPerSession:
		return number == pageviews
	case report.FormCompletion:
		return number == formStarts || number == formSubmits
	default:
		return number == numberOf(m)
	}
}

// add adds the block of a day, or of a part of one.
func (s *scan) add(day time.Time, b *block) {
	s.begin(day, b)
	if s.needs.events {
		if s.byPairs {
			s.addPairs(b)
		} else {
			s.addVisits(b)
		}
	}
	if s.needs.sessions {
		s.addSessions(b)
	}
	if len(s.conversions) > 0 {
		s.addConversions(b)
	}
}

// begin finds out of each session which bits and which kind it has.
func (s *scan) begin(day time.Time, b *block) {
	r := &s.room
	r.bits = zeroed(r.bits, b.sessions)
	for text := range b.texts {
		if !slices.ContainsFunc(s.filter.leaves, func(l blockLeaf) bool { return l.text == text }) {
			continue
		}
		of := s.filter.bitsOf(text, b.texts[text].texts)
		r.codes = unpack(b.texts[text].codes, b.sessions, r.codes)
		for i, code := range r.codes {
			r.bits[i] |= of[code]
		}
	}
	if s.filter.ofLists[s.list] == 0 {
		keeper := s.filter.keeper()
		r.kept = zeroed(r.kept, b.sessions)
		for i, bits := range r.bits {
			r.kept[i] = keeper.keeps(bits)
		}
	}
	if s.needs.visitors {
		r.visitors = unpack(b.visitors, b.sessions, r.visitors)
		r.dense = zeroed(r.dense, b.sessions)
	}
	s.findKinds(day, b)
}

// findKinds tells the sessions apart by one dimension after the other.
func (s *scan) findKinds(day time.Time, b *block) {
	r := &s.room
	var all [maxDimensions]int64
	if s.timeAt >= 0 {
		at, found := slices.BinarySearch(s.buckets, day.Format(time.DateOnly))
		if !found {
			at--
		}
		all[s.timeAt] = s.values[s.timeAt].code(s.buckets[max(at, 0)])
	}
	r.kinds = zeroed(r.kinds, b.sessions)
	known := [][maxDimensions]int64{all}
	for dimension, text := range s.texts {
		if text < 0 {
			continue
		}
		r.codes = unpack(b.texts[text].codes, b.sessions, r.codes)
		codes := newTranslation(&s.values[dimension], b.texts[text].texts)
		known = tellApart(r.kinds, known, r.codes, len(b.texts[text].texts), func(values *[maxDimensions]int64, code uint32) {
			values[dimension] = codes.code(int64(code))
		})
	}
	kinds := make([]int32, len(known))
	for i, values := range known {
		kinds[i] = s.kinds.place(values)
		if !s.onList && len(s.groups) < len(s.kinds.values) {
			s.groups = append(s.groups, &group{values: values})
		}
	}
	for i, at := range r.kinds {
		r.kinds[i] = kinds[at]
	}
}

// groupOf returns the row of a kind and an item.
func (s *scan) groupOf(kind, item int32) *group {
	if !s.onList {
		return s.groups[kind]
	}
	key := uint64(kind)<<32 | uint64(item)
	g := s.groupsOf[key]
	if g == nil {
		g = &group{values: s.kinds.values[kind]}
		for i, column := range s.columns {
			if column >= 0 {
				g.values[i] = s.items.values[item][i]
			}
		}
		s.groupsOf[key], s.groups = g, append(s.groups, g)
	}
	return g
}

// noItem is in the place of an item that has no text where one is asked for.
const noItem = -1

// itemsOf returns for each place of a list which item it is.
func (s *scan) itemsOf(l *pairList) []int32 {
	items := make([]int32, len(l.ends))
	for i := range items {
		var values [maxDimensions]int64
		for dimension, column := range s.columns {
			if column < 0 {
				continue
			}
			if l.texts[column][i] == "" {
				items[i] = noItem
				break
			}
			values[dimension] = s.values[dimension].code(l.texts[column][i])
		}
		if items[i] != noItem {
			items[i] = s.items.place(values)
		}
	}
	return items
}

// count adds what a session did.
func (s *scan) count(g *group, did *[eventNumbers]int64, session int) {
	for _, number := range s.wanted {
		g.numbers[number] += did[number]
	}
	if !s.needs.visitors {
		return
	}
	r := &s.room
	visitor := r.dense[session]
	if visitor == 0 {
		visitor = s.visitors.number(r.visitors[session])
		r.dense[session] = visitor
	}
	if last := len(g.visitors) - 1; last < 0 || g.visitors[last] != visitor {
		g.visitors = append(g.visitors, visitor)
	}
}

// addVisits adds what sessions did up by what they have.
func (s *scan) addVisits(b *block) {
	r := &s.room
	r.visits = unpack(b.visits, b.sessions, r.visits)
	for i, visit := range r.visits {
		did := &b.counts[visit]
		if r.kept[i] && did[events] > 0 {
			s.count(s.groups[r.kinds[i]], did, i)
		}
	}
}

// addPairs adds what sessions did up by what is on the list.
func (s *scan) addPairs(b *block) {
	r, l := &s.room, &b.lists[s.list]
	r.pairs, r.pairCounts = unpack(l.sessions, l.pairs(), r.pairs), unpack(l.counts, l.pairs(), r.pairCounts)
	bits, items := s.filter.bitsOn(s.list, l), s.itemsOf(l)
	decides := s.filter.ofLists[s.list] != 0
	keeper := s.filter.keeper()
	first := 0
	for i, end := range l.ends {
		pairs, counts := r.pairs[first:end], r.pairCounts[first:end]
		first = end
		if items[i] == noItem || s.filter.ofSessions == 0 && !keeper.keeps(bits[i]) {
			continue
		}
		var g *group
		kind := int32(-1)
		for j, session := range pairs {
			if !decides && !r.kept[session] || decides && !keeper.keeps(r.bits[session]|bits[i]) {
				continue
			}
			if g == nil || kind != r.kinds[session] {
				kind = r.kinds[session]
				g = s.groupOf(kind, items[i])
			}
			s.count(g, &b.counts[counts[j]], int(session))
		}
	}
}

// addSessions adds the sessions that started up, by what they have and saw.
func (s *scan) addSessions(b *block) {
	s.readNumbers(b)
	r := &s.room
	if s.byPairs {
		s.addDoing(b)
		return
	}
	for i, flags := range r.flags {
		if r.kept[i] && flags&startedHere != 0 {
			s.addNumbers(s.groups[r.kinds[i]], i)
		}
	}
}

// readNumbers reads what is added up of sessions.
func (s *scan) readNumbers(b *block) {
	r := &s.room
	r.flags = unpack(b.flags, b.sessions, r.flags)
	for i := range r.numbers {
		r.numbers[i] = unpack(b.numbers[i], b.sessions, r.numbers[i])
	}
	if s.byPairs {
		r.ids = unpack(b.ids, b.sessions, r.ids)
	}
}

// numbersOf are the numbers of a session, as breakdowns have them.
func (r *scanRoom) numbersOf(session int) (n [sessionNumbers]int64) {
	n[0] = 1
	if r.flags[session]&bounced != 0 {
		n[bounces-sessions] = 1
	}
	n[duration-sessions], n[engaged-sessions] = int64(r.numbers[blockDuration][session]), int64(r.numbers[blockEngaged][session])
	if v := r.numbers[blockScroll][session]; v > 0 {
		n[scroll-sessions], n[scrolled-sessions] = int64(v-1), 1
	}
	if v := r.numbers[blockScore][session]; v > 0 {
		n[score-sessions], n[scored-sessions] = int64(v-1), 1
	}
	return n
}

func (s *scan) addNumbers(g *group, session int) {
	for i, n := range s.room.numbersOf(session) {
		g.numbers[sessions+i] += n
	}
}

// addDoing adds sessions up by what they did of what is on the list: pages that they viewed, events of any type. Those that are in
// other blocks, too, are kept until these have been seen.
func (s *scan) addDoing(b *block) {
	r, l := &s.room, &b.lists[s.list]
	r.pairs, r.pairCounts = unpack(l.sessions, l.pairs(), r.pairs), unpack(l.counts, l.pairs(), r.pairCounts)
	counts := func(pair int) bool { return s.list != listOfPaths || b.counts[r.pairCounts[pair]][pageviews] > 0 }
	const here = startedHere | lastsLonger
	r.seen = append(r.seen[:0], r.bits...)
	if s.filter.ofLists[s.list] != 0 {
		pair := 0
		for i, bits := range s.filter.bitsOn(s.list, l) {
			for ; pair < l.ends[i]; pair++ {
				if counts(pair) {
					r.seen[r.pairs[pair]] |= bits
				}
			}
		}
	}
	keeper := s.filter.keeper()
	for i, flags := range r.flags {
		switch {
		case flags&here != startedHere:
			s.keepGoing(i, flags&startedHere != 0)
		case !s.onList && keeper.keeps(r.seen[i]):
			s.addNumbers(s.groups[r.kinds[i]], i)
		}
	}
	if !s.onList {
		return
	}
	// A session counts once for an item, which may be in several places.
	items := s.itemsOf(l)
	places := make([]int, len(items))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(i, j int) int { return cmp.Compare(items[i], items[j]) })
	marked := newMarks(b.sessions)
	last := int32(noItem)
	for _, i := range places {
		if items[i] == noItem {
			continue
		}
		if items[i] != last {
			marked.begin()
			last = items[i]
		}
		for pair := l.begin(i); pair < l.ends[i]; pair++ {
			session := int32(r.pairs[pair])
			if !counts(pair) || marked.has(session) {
				continue
			}
			marked.put(session, 0)
			if r.flags[session]&here != startedHere {
				lasting := s.goingOn[r.ids[session]]
				lasting.items = append(lasting.items, last)
			} else if keeper.keeps(r.seen[session]) {
				s.addNumbers(s.groupOf(r.kinds[session], last), int(session))
			}
		}
	}
}

// keepGoing keeps a session that is in other blocks, too.
func (s *scan) keepGoing(session int, started bool) {
	r := &s.room
	lasting := s.goingOn[r.ids[session]]
	if lasting == nil {
		lasting = new(lastingSession)
		s.goingOn[r.ids[session]] = lasting
	}
	if started {
		lasting.started, lasting.kind, lasting.numbers = true, r.kinds[session], r.numbersOf(session)
		// What it has, is known best where it started.
		lasting.bits = lasting.bits&^s.filter.ofSessions | r.seen[session]
		return
	}
	lasting.bits |= r.seen[session] &^ s.filter.ofSessions
}

// finish adds what has been kept and returns the rows in which something happened.
func (s *scan) finish() []*tally {
	keeper := s.filter.keeper()
	for _, lasting := range s.goingOn {
		if !s.byPairs {
			if lasting.kept && lasting.converts {
				s.groups[lasting.kind].numbers[converting]++
			}
			continue
		}
		if !lasting.started || !keeper.keeps(lasting.bits) {
			continue
		}
		items := []int32{0}
		if s.onList {
			slices.Sort(lasting.items)
			items = slices.Compact(lasting.items)
		}
		for _, item := range items {
			g := s.groupOf(lasting.kind, item)
			for i, n := range lasting.numbers {
				g.numbers[sessions+i] += n
			}
		}
	}
	if len(s.q.Dimensions) == 0 && len(s.groups) == 0 {
		s.groups = append(s.groups, new(group))
	}
	seen := make([]uint32, s.visitors.count+1)
	tallies := make([]*tally, 0, len(s.groups))
	for i, g := range s.groups {
		t := &tally{numbers: g.numbers, texts: make([]string, len(s.q.Dimensions))}
		for d := range t.texts {
			t.texts[d] = s.values[d].texts[g.values[d]]
		}
		if !s.isAsked(t.texts) {
			continue
		}
		for _, visitor := range g.visitors {
			if seen[visitor] != uint32(i+1) {
				seen[visitor] = uint32(i + 1)
				t.atMost++
			}
		}
		tallies = append(tallies, t)
	}
	return tallies
}

func (s *scan) isAsked(texts []string) bool {
	for i, among := range s.q.Among {
		if among != nil && !slices.Contains(among, texts[i]) {
			return false
		}
	}
	return true
}

func zeroed[T any](room []T, n int) []T {
	if cap(room) < n {
		return make([]T, n)
	}
	room = room[:n]
	clear(room)
	return room
}
