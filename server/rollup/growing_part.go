package rollup

import (
	"hash/maphash"
	"slices"
	"time"

	"github.com/microtracker/microtracker/repo"
)

// growingPart is a part of a day as it was counted, and what has to be known of its sessions to go on from there: what comes is
// counted by itself and put on top, as a layer. One goroutine's at a time.
type growingPart struct {
	window repo.RollupWindow
	// basis says what it was counted from: where it is another, it has to be counted anew.
	basis string
	// sessions are those that started or did something in it.
	sessions map[int64]*growingSession
	paths    dictionary
	// layers add up to the part. They are never changed, so that questions can go on with them.
	layers []layer
	// needed is the last look in which a question needed it.
	needed int
}

// growingSession is a session as it was counted last.
type growingSession struct {
	// kind stands for all that stays as it is while the session goes on.
	kind uint64
	// started says that it started in the part, and is people's: only then the rest is known.
	started bool
	exit    int32
	numbers [sessionNumbers]int64
	paths   []growingPath
}

// growingPath is a path that a session saw, first so many days after that of its start.
type growingPath struct {
	path int32
	days int32
}

// layer is what was counted at once. Its numbers may be below zero: what a session had in a layer before goes where it has something
// else now.
type layer struct {
	breakdowns map[int16]*breakdown
	// size is about how much it took to count.
	size int
}

// maxMerged bounds the layers that are put together, so that nobody waits long for it.
const maxMerged = 50_000

// kindSeed makes kinds of sessions that nobody can guess.
type kindSeed struct{ seed maphash.Seed }

// kindOf stands for all that a session has but for what changes as it goes on: its numbers, its last activity and its exit path.
func (k kindSeed) kindOf(c *counter, s *countedSession) uint64 {
	var h maphash.Hash
	h.SetSeed(k.seed)
	maphash.WriteComparable(&h, [...]int64{s.visitor, s.minute, int64(s.step)})
	maphash.WriteComparable(&h, s.isBot)
	for i, code := range s.texts {
		if i != exitPathText {
			maphash.WriteComparable(&h, c.texts[i].texts[code])
		}
	}
	return h.Sum64()
}

// exitMove is a session whose exit path is another now, and what it had before.
type exitMove struct {
	from, to string
	numbers  [sessionNumbers]int64
}

// grow puts what was counted on top. False: more has changed than that something came, and the part has to be counted anew.
func (p *growingPart) grow(c *counter, timeZone string, kinds kindSeed) bool {
	var moves []exitMove
	for i := range c.sessions {
		s := &c.sessions[i]
		if s.isUnknown {
			return false
		}
		kind, known := kinds.kindOf(c, s), p.sessions[s.id]
		if known == nil {
			known = &growingSession{kind: kind, started: s.step >= 0 && !s.isBot}
			p.sessions[s.id] = known
		} else if known.kind != kind {
			return false
		}
		if !known.started {
			continue
		}
		now, exit := s.numbers, c.texts[exitPathText].texts[s.texts[exitPathText]]
		if before := p.paths.texts; known.numbers[0] > 0 && before[known.exit] != exit {
			moves = append(moves, exitMove{before[known.exit], exit, known.numbers})
		}
		for j, n := range known.numbers {
			s.numbers[j] -= n
		}
		known.numbers, known.exit = now, int32(p.paths.code(exit))
	}
	c.grows = p
	breakdowns := c.finish(timeZone)[0].breakdowns
	moveExits(breakdowns, moves, timeZone)
	p.put(layer{breakdowns, len(c.sessions)})
	return true
}

// moveExits takes what sessions had from where they ended before to where they end now.
func moveExits(breakdowns map[int16]*breakdown, moves []exitMove, timeZone string) {
	if len(moves) == 0 {
		return
	}
	values := map[string]*breakdownValue{}
	at := func(path string) *breakdownValue {
		if values[path] == nil {
			values[path] = &breakdownValue{text: path}
		}
		return values[path]
	}
	if b := breakdowns[byExitPath]; b != nil {
		for i := range b.values {
			values[b.values[i].text] = &b.values[i]
		}
	}
	for i := range moves {
		from, to := at(moves[i].from), at(moves[i].to)
		for j, n := range moves[i].numbers {
			from.numbers[sessions+j] -= n
			to.numbers[sessions+j] += n
		}
	}
	moved := &breakdown{timeZone: timeZone}
	for _, value := range values {
		moved.values = append(moved.values, *value)
	}
	moved.sort()
	breakdowns[byExitPath] = moved
}

// sessionsByPath adds what the sessions have by now, and did not have when they were counted last, to the paths that they saw.
func (p *growingPart) sessionsByPath(c *counter) map[string]*pathSessions {
	byPaths := map[string]*pathSessions{}
	add := func(path, days int32, numbers *[sessionNumbers]int64, times int64) {
		text := p.paths.texts[path]
		to := byPaths[text]
		if to == nil {
			to = new(pathSessions)
			byPaths[text] = to
		}
		var added [sessionNumbers]int64
		for i, n := range numbers {
			added[i] = times * n
		}
		if days > 0 {
			to.late.addLate(int64(days), 1, &added)
			return
		}
		for i, n := range added {
			to.numbers[i] += n
		}
	}
	for i := range c.sessions {
		s := &c.sessions[i]
		for _, seen := range p.sessions[s.id].paths {
			add(seen.path, seen.days, &s.numbers, 1)
		}
	}
	saw := func(id int64, text string, days int32) {
		s := p.sessions[id]
		if !s.started {
			return
		}
		path := int32(p.paths.code(text))
		at := slices.IndexFunc(s.paths, func(seen growingPath) bool { return seen.path == path })
		switch {
		case at < 0:
			s.paths = append(s.paths, growingPath{path, days})
		case days < s.paths[at].days: // it came late that it saw it before
			add(path, s.paths[at].days, &s.numbers, -1)
			s.paths[at].days = days
		default:
			return
		}
		add(path, days, &s.numbers, 1)
	}
	for text, counts := range c.steps[0].paths {
		for _, place := range counts.viewed() {
			saw(c.sessions[place].id, text, 0)
		}
	}
	for _, page := range c.later {
		saw(page.SessionID, page.Path, int32(page.Days))
	}
	return byPaths
}

// put puts a layer on top, and those together that are not much larger: so there are few, and nothing is put together often.
func (p *growingPart) put(top layer) {
	layers := slices.Clone(p.layers)
	for len(layers) > 0 {
		last := layers[len(layers)-1]
		if last.size > 2*top.size || last.size+top.size > maxMerged {
			break
		}
		merged, err := mergeLayers(last, top)
		if err != nil {
			break // cannot be: they were made here; and both are as good as one
		}
		layers, top = layers[:len(layers)-1], merged
	}
	layers = append(layers, top)
	p.layers = layers
}

// mergeLayers puts two layers together. errPart.
func mergeLayers(a, b layer) (layer, error) {
	merged := layer{breakdowns: map[int16]*breakdown{}, size: a.size + b.size}
	for dimension := range breakdownDimensions {
		var parts []datedBreakdown
		for _, of := range [...]layer{a, b} {
			if broken := of.breakdowns[dimension]; broken != nil {
				parts = append(parts, datedBreakdown{broken, 0})
			}
		}
		if len(parts) < 2 {
			if len(parts) == 1 {
				merged.breakdowns[dimension] = parts[0].breakdown
			}
			continue
		}
		whole, err := mergeBreakdowns(parts, 1)
		if err != nil {
			return merged, err
		}
		merged.breakdowns[dimension] = whole
	}
	return merged, nil
}

// daysBetween is how many days of the zone a moment is after a date.
func daysBetween(date, at time.Time, zone *time.Location) int64 {
	return int64(dateOf(at, zone).Sub(date) / day)
}
