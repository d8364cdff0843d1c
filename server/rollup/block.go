package rollup

import (
	"cmp"
	"maps"
	"slices"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

// block is who came in a stretch of time and what they saw, in columns: the sessions that started in it or did something in it, in
// the order of their visitors, and for each path those that were there. Bots are left out.
type block struct {
	// timeZone is the zone whose day it is.
	timeZone string
	// sessions is how many there are: so many numbers each column has.
	sessions             int
	ids, visitors, flags packed
	// numbers are seconds, milliseconds of attention, hundredths of per cents scrolled and of the score, both plus one, or 0 where that
	// is not known, and the minute of the start. Sessions that started before have none.
	numbers [blockNumbers]packed
	// visits are what each session did: places in counts.
	visits packed
	counts [][eventNumbers]int64
	texts  [repo.SessionTexts]textColumn
	lists  [blockLists]pairList
}

// pairList has for each of what events have, in the order of its texts, those sessions that have such events.
type pairList struct {
	// texts are, one by one, the paths; or the types, and beside them the names. ends is where the pairs of each end.
	texts [2][]string
	ends  []int
	// sessions are places, in order for each; counts are places of what they did.
	sessions, counts packed
}

// The lists of a block.
const (
	listOfPaths = iota
	listOfEvents
	blockLists
)

// begin is where the pairs of a place begin.
func (l *pairList) begin(i int) int {
	if i == 0 {
		return 0
	}
	return l.ends[i-1]
}

// pairs is how many pairs the list has.
func (l *pairList) pairs() int {
	if len(l.ends) == 0 {
		return 0
	}
	return l.ends[len(l.ends)-1]
}

// textColumn has for each session the place of its text.
type textColumn struct {
	texts []string
	codes packed
}

// Flags of a block's session.
const (
	// startedHere: in this stretch of time.
	startedHere = 1 << iota
	bounced
	// lastsLonger: it went on after this stretch of time, lastsDays after the day. Known of those that started here.
	lastsLonger
	lastsDays
)

// The numbers of a block's session.
const (
	blockDuration = iota
	blockEngaged
	blockScroll
	blockScore
	// blockStart is when it started, in minutes since 1970 in UTC.
	blockStart
	blockNumbers
)

// textDimensions are the dimensions that sessions have, in the order of repo.RollupSession.Texts.
func textDimensions() [repo.SessionTexts]report.Dimension {
	return [repo.SessionTexts]report.Dimension{
		report.EntryPath, report.ExitPath, report.Source, report.Channel, report.Campaign, report.CampaignID, report.UTMSource, report.UTMMedium,
		report.Country, report.Region, report.Device, report.Browser, report.OS, report.UTMTerm, report.UTMContent, report.Adset, report.Ad,
		report.Placement, report.BrowserVersion, report.OSVersion, report.AdsetID, report.AdID, report.ClickIDKind,
	}
}

// textOf is which text of a session a dimension is; -1: none.
func textOf(d report.Dimension) int {
	dimensions := textDimensions()
	return slices.Index(dimensions[:], d)
}

// exitPathText is the place of the exit path among these. Only where a session started is it known: it changes as it goes on.
const exitPathText = 1

// blockSession is a session on its way into a block.
type blockSession struct {
	id, visitor int64
	flags       int64
	numbers     [blockNumbers]int64
	did         [eventNumbers]int64
	// texts are codes of the builder's dictionaries.
	texts [repo.SessionTexts]int64
}

// dictionary numbers texts in the order in which they come.
type dictionary struct {
	texts []string
	codes map[string]int64
}

func (d *dictionary) code(text string) int64 {
	if d.codes == nil {
		d.codes = map[string]int64{}
	}
	code, ok := d.codes[text]
	if !ok {
		code = int64(len(d.texts))
		d.codes[text], d.texts = code, append(d.texts, text)
	}
	return code
}

// codeOf is code of what is no text yet.
func (d *dictionary) codeOf(text []byte) int64 {
	if code, ok := d.codes[string(text)]; ok {
		return code
	}
	return d.code(string(text))
}

// translation turns places in a list of texts into a dictionary's codes.
type translation struct {
	to    *dictionary
	texts []string
	// codes are one more than the code, 0: not yet known.
	codes []int64
}

func newTranslation(to *dictionary, texts []string) translation {
	return translation{to, texts, make([]int64, len(texts))}
}

func (t *translation) code(place int64) int64 {
	if t.codes[place] == 0 {
		t.codes[place] = 1 + t.to.code(t.texts[place])
	}
	return t.codes[place] - 1
}

// blockBuilder puts a block together: first all sessions, in the order of their visitors, then the lists, each in its order.
type blockBuilder struct {
	block

	columns      [4 + blockNumbers + repo.SessionTexts][]int64
	dictionaries [repo.SessionTexts]dictionary
	countsAt     map[[eventNumbers]int64]int64

	places, dids [blockLists][]int64
}

func newBlockBuilder(timeZone string) *blockBuilder {
	return &blockBuilder{block: block{timeZone: timeZone}, countsAt: map[[eventNumbers]int64]int64{}}
}

func (b *blockBuilder) countsOf(did [eventNumbers]int64) int64 {
	at, ok := b.countsAt[did]
	if !ok {
		at = int64(len(b.counts))
		b.countsAt[did], b.counts = at, append(b.counts, did)
	}
	return at
}

func (b *blockBuilder) addSession(s *blockSession) {
	column := 0
	add := func(n int64) {
		b.columns[column] = append(b.columns[column], n)
		column++
	}
	add(s.id)
	add(s.visitor)
	add(s.flags)
	add(b.countsOf(s.did))
	for _, n := range s.numbers {
		add(n)
	}
	for _, code := range s.texts {
		add(code)
	}
	b.sessions++
}

// addPair says what a session, named by its place, did of what comes next on the list.
func (b *blockBuilder) addPair(list int, session int64, did [eventNumbers]int64) {
	b.places[list], b.dids[list] = append(b.places[list], session), append(b.dids[list], b.countsOf(did))
}

// endPairs ends the pairs of these texts. They are left out without any.
func (b *blockBuilder) endPairs(list int, texts [2]string) {
	l := &b.lists[list]
	if len(b.places[list]) == l.pairs() {
		return
	}
	for i, text := range texts {
		l.texts[i] = append(l.texts[i], text)
	}
	l.ends = append(l.ends, len(b.places[list]))
}

func (b *blockBuilder) finish() *block {
	column := 0
	next := func() packed {
		column++
		return pack(b.columns[column-1])
	}
	b.ids, b.visitors, b.flags, b.visits = next(), next(), next(), next()
	for i := range b.numbers {
		b.numbers[i] = next()
	}
	for i := range b.texts {
		b.texts[i] = textColumn{b.dictionaries[i].texts, next()}
	}
	for i := range b.lists {
		b.lists[i].sessions, b.lists[i].counts = pack(b.places[i]), pack(b.dids[i])
	}
	return &b.block
}

// pair is what a session did on a path.
type pair struct {
	session int64
	did     [eventNumbers]int64
}

// mergeBlocks puts the parts of a day together, which are in order.
func mergeBlocks(parts []*block) *block {
	builder := newBlockBuilder("")
	places := map[int64]int64{}
	var sessions []blockSession
	var pairs [blockLists]map[[2]string][]pair // of the ids of sessions
	for i := range pairs {
		pairs[i] = map[[2]string][]pair{}
	}
	for _, part := range parts {
		builder.timeZone = part.timeZone
		for _, s := range part.open(&builder.dictionaries) {
			at, ok := places[s.id]
			if !ok {
				places[s.id] = int64(len(sessions))
				sessions = append(sessions, s)
				continue
			}
			sessions[at].join(&s)
		}
		ids := unpack[int64](part.ids, part.sessions, nil)
		for i := range part.lists {
			part.eachPair(i, func(texts [2]string, place int64, did *[eventNumbers]int64) {
				pairs[i][texts] = append(pairs[i][texts], pair{ids[place], *did})
			})
		}
	}
	slices.SortFunc(sessions, func(a, b blockSession) int { return cmp.Or(cmp.Compare(a.visitor, b.visitor), cmp.Compare(a.id, b.id)) })
	for i := range sessions {
		s := &sessions[i]
		places[s.id] = int64(i)
		if s.flags &^= lastsLonger; s.flags&lastsDays != 0 {
			s.flags |= lastsLonger
		}
		builder.addSession(s)
	}
	for i := range pairs {
		for _, texts := range slices.SortedFunc(maps.Keys(pairs[i]), compareTexts) {
			of := pairs[i][texts]
			for j := range of {
				of[j].session = places[of[j].session]
			}
			slices.SortFunc(of, func(a, b pair) int { return cmp.Compare(a.session, b.session) })
			for len(of) > 0 {
				sum := of[0]
				for of = of[1:]; len(of) > 0 && of[0].session == sum.session; of = of[1:] {
					for i, n := range of[0].did {
						sum.did[i] += n
					}
				}
				builder.addPair(i, sum.session, sum.did)
			}
			builder.endPairs(i, texts)
		}
	}
	return builder.finish()
}

func compareTexts(a, b [2]string) int {
	return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
}

// join adds what the session did in a later part. What it is, is known best where it started, else where it was seen last.
func (s *blockSession) join(later *blockSession) {
	did := s.did
	for i, n := range later.did {
		did[i] += n
	}
	if s.flags&startedHere == 0 {
		*s = *later
	}
	s.did = did
}

// open reads the sessions, with the codes of these dictionaries.
func (b *block) open(dictionaries *[repo.SessionTexts]dictionary) []blockSession {
	sessions := make([]blockSession, b.sessions)
	var room []int64
	read := func(p packed, into func(s *blockSession, n int64)) {
		room = unpack(p, b.sessions, room)
		for i, n := range room {
			into(&sessions[i], n)
		}
	}
	read(b.ids, func(s *blockSession, n int64) { s.id = n })
	read(b.visitors, func(s *blockSession, n int64) { s.visitor = n })
	read(b.flags, func(s *blockSession, n int64) { s.flags = n })
	read(b.visits, func(s *blockSession, n int64) { s.did = b.counts[n] })
	for i := range b.numbers {
		read(b.numbers[i], func(s *blockSession, n int64) { s.numbers[i] = n })
	}
	for i := range b.texts {
		translated := newTranslation(&dictionaries[i], b.texts[i].texts)
		read(b.texts[i].codes, func(s *blockSession, n int64) { s.texts[i] = translated.code(n) })
	}
	return sessions
}

// eachPair goes through a list: what sessions, named by their places, did.
func (b *block) eachPair(list int, do func(texts [2]string, session int64, did *[eventNumbers]int64)) {
	l := &b.lists[list]
	sessions, counts := unpack[int64](l.sessions, l.pairs(), nil), unpack[int64](l.counts, l.pairs(), nil)
	first := 0
	for i, end := range l.ends {
		for ; first < end; first++ {
			do([2]string{l.texts[0][i], l.texts[1][i]}, sessions[first], &b.counts[counts[first]])
		}
	}
}

// textCount is how many texts it has.
func (b *block) textCount() int {
	n := 0
	for i := range b.texts {
		n += len(b.texts[i].texts)
	}
	for i := range b.lists {
		n += 2 * len(b.lists[i].ends)
	}
	return n
}

// blockVersion is the form in which blocks are stored.
const blockVersion = 1

// encode writes a block, as breakdowns are written.
func (b *block) encode() []byte {
	w := partWriter{out: []byte{blockVersion}}
	w.text(b.timeZone)
	w.number(int64(b.sessions))
	for _, p := range b.sessionColumns() {
		w.packed(*p)
	}
	for i := range b.texts {
		w.texts(b.texts[i].texts)
	}
	w.number(int64(len(b.counts)))
	for _, did := range b.counts {
		for _, n := range did {
			w.number(n)
		}
	}
	for i := range b.lists {
		l := &b.lists[i]
		w.texts(l.texts[0])
		w.texts(l.texts[1])
		for _, end := range l.ends {
			w.number(int64(end))
		}
		w.packed(l.sessions)
		w.packed(l.counts)
	}
	return w.out
}

// sessionColumns are the columns with a number for each session, in the order in which they are stored.
func (b *block) sessionColumns() []*packed {
	columns := []*packed{&b.ids, &b.visitors, &b.flags, &b.visits}
	for i := range b.numbers {
		columns = append(columns, &b.numbers[i])
	}
	for i := range b.texts {
		columns = append(columns, &b.texts[i].codes)
	}
	return columns
}

// decodeBlock reads what encode has written. errPart, also where a number names what is not there.
func decodeBlock(data []byte) (*block, error) {
	rest, err := ofVersion(data, blockVersion)
	if err != nil {
		return nil, err
	}
	r := partReader{rest: rest}
	b := &block{timeZone: r.text(), sessions: int(r.number())}
	if b.sessions < 0 || b.sessions > len(data) { // all ids are others, so each takes a byte
		return nil, errPart
	}
	for _, p := range b.sessionColumns() {
		*p = r.packed(b.sessions)
	}
	for i := range b.texts {
		b.texts[i].texts = r.texts()
		r.expect(b.texts[i].codes.below(b.sessions, len(b.texts[i].texts)))
	}
	b.counts = make([][eventNumbers]int64, r.length())
	for i := range b.counts {
		for j := range b.counts[i] {
			b.counts[i][j] = r.number()
		}
	}
	r.expect(b.visits.below(b.sessions, len(b.counts)))
	for i := range b.lists {
		r.pairList(&b.lists[i], b)
	}
	if r.failed || len(r.rest) > 0 {
		return nil, errPart
	}
	return b, nil
}

// pairList reads a list of a block whose sessions are known.
func (r *partReader) pairList(l *pairList, b *block) {
	l.texts = [2][]string{r.texts(), r.texts()}
	l.ends = make([]int, len(l.texts[0]))
	for j := range l.ends {
		l.ends[j] = int(r.number())
	}
	r.expect(len(l.texts[0]) == len(l.texts[1]) && slices.IsSorted(l.ends))
	// No session is twice with the same texts, so that either the texts or the pairs take a byte each.
	r.expect(len(l.ends) == 0 || l.ends[0] >= 0 && l.pairs() <= len(l.ends)+len(r.rest))
	if r.failed {
		return
	}
	l.sessions, l.counts = r.packed(l.pairs()), r.packed(l.pairs())
	r.expect(l.sessions.below(l.pairs(), b.sessions) && l.counts.below(l.pairs(), len(b.counts)))
}

func (w *partWriter) texts(texts []string) {
	w.number(int64(len(texts)))
	for _, text := range texts {
		w.text(text)
	}
}

func (r *partReader) texts() []string {
	texts := make([]string, r.length())
	for i := range texts {
		texts[i] = r.text()
	}
	return texts
}
