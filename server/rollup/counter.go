package rollup

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/microtracker/microtracker/repo"
)

// counter counts the steps of a window: first it is given the events and the sessions, then, after sort, what sessions saw later.
// Sessions are named by their places in the order of their visitors, so that whatever goes through them in order finds the
// visitors in order.
type counter struct {
	window repo.RollupWindow
	// dayUntil is when the day is over.
	dayUntil time.Time
	steps    []*stepCounts
	groups   []eventGroup
	groupAt  map[eventKey]int32
	known    dictionary // of what keys of groups say
	sessions []countedSession
	// places are those of the sessions by their ids: first in the order in which they came, after sort in that of their visitors;
	// placeOf turns the former into the latter.
	places  map[int64]int32
	placeOf []int32
	// texts are the values of each of what sessions have.
	texts   [repo.SessionTexts]dictionary
	reasons dictionary
	visits  []visit
	later   []repo.LaterPage
	// grows is what the window had before: what is counted here comes on top of it, and makes no block; nil: all is counted.
	grows *growingPart
}

// marks say for each session whether it is on the list that is being made, and where.
type marks struct {
	list   int32
	on, at []int32
}

func newMarks(sessions int) *marks {
	return &marks{on: make([]int32, sessions), at: make([]int32, sessions)}
}

// begin begins another list, without any session.
func (m *marks) begin() { m.list++ }

func (m *marks) has(session int32) bool { return m.on[session] == m.list }

func (m *marks) put(session, at int32) { m.on[session], m.at[session] = m.list, at }

// eventKey is what events have together, in numbers of the dictionary.
type eventKey struct {
	step                  int
	eventType, path, name int64
	marked                bool
}

// eventGroup are events that have something together: their sessions, some more than once, by the order in which these came.
type eventGroup struct {
	eventKey

	sessions []int32
}

type countedSession struct {
	id, visitor int64
	// came is its place in the order in which they came.
	came int32
	// step is that in which it started; -1: before the window.
	step int
	// visit is its last one; -1: none.
	visit int32
	isBot bool
	// isUnknown: nobody has told of it yet.
	isUnknown bool
	// lasts says that it went on after the window, lastsLonger after the step in which it started, lastsDays after the day.
	lasts, lastsLonger, lastsDays bool
	minute                        int64 // of its start
	numbers                       [sessionNumbers]int64
	texts                         [repo.SessionTexts]int32
	// botReason is the code of the reason.
	botReason int64
}

// visit is what a session did in one step. before is another one of it; -1: none.
type visit struct {
	session, before int32
	step            int
	numbers         [eventNumbers]int32
}

// stepCounts is a step in the making.
type stepCounts struct {
	*part

	visits, started []int32
	paths           map[string]*pathCounts
	// pathless are the events without a path.
	pathless pathCounts
	// kinds has the sessions of the events of each type and name, some more than once.
	kinds map[[2]string][]int32
}

// pathCounts are the sessions of the events of a path, some more than once: by the number that counts the events, others than those
// in the place of all events.
type pathCounts struct {
	sessions [eventNumbers][]int32
	numbers  [eventNumbers]int64
}

// viewed are the sessions of its page views.
func (p *pathCounts) viewed() []int32 { return p.sessions[pageviews] }

func newCounter(w repo.RollupWindow, steps int, dayUntil time.Time) *counter {
	c := &counter{window: w, dayUntil: dayUntil, places: map[int64]int32{}, groupAt: map[eventKey]int32{}}
	for range steps {
		c.steps = append(c.steps, &stepCounts{part: newPart(), paths: map[string]*pathCounts{}, kinds: map[[2]string][]int32{}})
	}
	return c
}

// addEvent adds an event. Its session may come later.
func (c *counter) addEvent(e *repo.RollupEvent) {
	key := eventKey{e.Step, c.known.codeOf(e.Type), c.known.codeOf(e.Path), c.known.codeOf(e.Name), e.Marked}
	at, ok := c.groupAt[key]
	if !ok {
		at = int32(len(c.groups))
		c.groupAt[key], c.groups = at, append(c.groups, eventGroup{eventKey: key})
	}
	c.groups[at].sessions = append(c.groups[at].sessions, c.came(e.SessionID))
}

// came is the place of a session in the order in which they came. What nobody has told of is no people's.
func (c *counter) came(id int64) int32 {
	at, ok := c.places[id]
	if !ok {
		at = int32(len(c.sessions))
		c.places[id] = at
		c.sessions = append(c.sessions, countedSession{id: id, came: at, step: -1, visit: -1, isBot: true, isUnknown: true})
	}
	return at
}

func (c *counter) addSession(s *repo.RollupSession) {
	session := &c.sessions[c.came(s.ID)]
	session.visitor, session.isBot, session.isUnknown, session.numbers, session.minute = s.VisitorID, s.IsBot, false, s.Numbers, s.StartedAt.Unix()/60
	session.lasts, session.lastsDays = !s.LastActivityAt.Before(c.window.Until), !s.LastActivityAt.Before(c.dayUntil)
	session.botReason = c.reasons.codeOf(s.BotReason)
	if !s.StartedAt.Before(c.window.Since) && s.StartedAt.Before(c.window.Until) {
		session.step = int(s.StartedAt.Sub(c.window.Since) / c.window.Step)
		session.lastsLonger = session.lasts || int(s.LastActivityAt.Sub(c.window.Since)/c.window.Step) > session.step
	}
	for i := range s.Texts {
		session.texts[i] = int32(c.texts[i].codeOf(s.Texts[i]))
	}
}

// unknown are the ids of the events' sessions that were not given.
func (c *counter) unknown() []int64 {
	var ids []int64
	for i := range c.sessions {
		if c.sessions[i].isUnknown {
			ids = append(ids, c.sessions[i].id)
		}
	}
	slices.Sort(ids)
	return ids
}

// sort puts the sessions in the order of their visitors, when all are there.
func (c *counter) sort() {
	slices.SortFunc(c.sessions, func(a, b countedSession) int {
		return cmp.Or(cmp.Compare(a.visitor, b.visitor), cmp.Compare(a.id, b.id))
	})
	c.placeOf = make([]int32, len(c.sessions))
	for i := range c.sessions {
		c.places[c.sessions[i].id], c.placeOf[c.sessions[i].came] = int32(i), int32(i)
	}
}

// lasting are the ids of the people's sessions that started in the window and went on after it.
func (c *counter) lasting() []int64 {
	var ids []int64
	for i := range c.sessions {
		if s := &c.sessions[i]; s.lasts && s.step >= 0 && !s.isBot {
			ids = append(ids, s.id)
		}
	}
	return ids
}

func (c *counter) addLater(p repo.LaterPage) { c.later = append(c.later, p) }

// countedStep is what is stored of a step. Breakdowns without a value are left out.
type countedStep struct {
	part       *part
	breakdowns map[int16]*breakdown
	block      *block
}

// finish counts the steps: by what sessions have, by paths and session by session, beside each other.
func (c *counter) finish(timeZone string) []countedStep {
	for i := range c.groups {
		c.countEvents(&c.groups[i])
	}
	for i := range c.sessions {
		c.countSession(int32(i))
	}
	for _, step := range c.steps {
		maps.DeleteFunc(step.paths, func(_ string, counts *pathCounts) bool { return counts.numbers[events] == 0 }) // bots alone came
	}
	counted := make([]countedStep, len(c.steps))
	byPaths := make([]*breakdown, len(c.steps))
	var working sync.WaitGroup
	working.Go(func() {
		for i, step := range c.steps {
			counted[i].breakdowns = c.breakDownSessions(step)
		}
	})
	working.Go(func() {
		marked := newMarks(len(c.sessions))
		var sessionsOf []map[string]*pathSessions
		if c.grows == nil {
			sessionsOf = c.sessionsByPath(marked)
		} else {
			sessionsOf = []map[string]*pathSessions{c.grows.sessionsByPath(c)}
		}
		for i, step := range c.steps {
			byPaths[i] = c.breakDownPaths(step, sessionsOf[i], marked)
		}
	})
	working.Go(func() {
		if c.grows != nil {
			return
		}
		marked, local := newMarks(len(c.sessions)), make([]int32, len(c.sessions))
		for i, step := range c.steps {
			counted[i].block = c.block(step, timeZone, marked, local)
		}
	})
	working.Wait()
	for i := range counted {
		counted[i].part = c.steps[i].part
		counted[i].breakdowns[byPath] = byPaths[i]
		maps.DeleteFunc(counted[i].breakdowns, func(_ int16, b *breakdown) bool { return len(b.values) == 0 })
		for _, b := range counted[i].breakdowns {
			b.timeZone = timeZone
			b.sort()
		}
	}
	return counted
}

// breakDownSessions counts a step by what its sessions have.
func (c *counter) breakDownSessions(step *stepCounts) map[int16]*breakdown {
	all := c.breakDown(step, 1, func(*countedSession) int32 { return 0 }, func(int32) string { return "" }, true)
	for _, value := range all.values {
		step.visitors = value.set
	}
	breakdowns := map[int16]*breakdown{byNothing: all}
	for d := range breakdownTexts {
		dimension := byEntryPath + int16(d)
		breakdowns[dimension] = c.breakDown(step, len(c.texts[d].texts), func(s *countedSession) int32 { return s.texts[d] },
			func(n int32) string { return c.texts[d].texts[n] }, dimension != byExitPath)
	}
	return breakdowns
}

// numberOfType is the number that counts events of a type; -1: none but that of all events.
func numberOfType(eventType string) int {
	switch eventType {
	case pageViewType:
		return pageviews
	case "exit":
		return exits
	case clickType:
		return clicks
	case "form_start":
		return formStarts
	case "form_submit":
		return formSubmits
	default:
		return -1
	}
}

// countEvents puts events into their sessions' visits, and into their paths.
func (c *counter) countEvents(e *eventGroup) {
	eventType, pathText, name := c.known.texts[e.eventType], c.known.texts[e.path], c.known.texts[e.name]
	step, number := c.steps[e.step], numberOfType(eventType)
	path := &step.pathless
	if pathText != "" {
		if path = step.paths[pathText]; path == nil {
			path = new(pathCounts)
			step.paths[pathText] = path
		}
	}
	kind, ofNumber := step.kinds[[2]string{eventType, name}], path.sessions[max(number, events)]
	var counted int64
	for _, came := range e.sessions {
		place := c.placeOf[came]
		if c.sessions[place].isBot {
			continue
		}
		counted++
		v := c.visitOf(place, e.step)
		v.numbers[events]++
		if number >= 0 {
			v.numbers[number]++
		}
		ofNumber, kind = append(ofNumber, place), append(kind, place)
	}
	path.sessions[max(number, events)] = ofNumber
	if counted == 0 {
		return
	}
	step.kinds[[2]string{eventType, name}] = kind
	step.events[eventType] += counted
	path.numbers[events] += counted
	if number >= 0 {
		path.numbers[number] += counted
	}
	if eventType == clickType && name != "" {
		cta := step.ctas[name]
		if cta == nil {
			cta = new(ctaCount)
			step.ctas[name] = cta
		}
		cta.clicks += counted
		if e.marked {
			cta.marked += counted
		}
	}
}

// visitOf is what the session did in the step.
func (c *counter) visitOf(session int32, step int) *visit {
	for at := c.sessions[session].visit; at >= 0; at = c.visits[at].before {
		if c.visits[at].step == step {
			return &c.visits[at]
		}
	}
	c.visits = append(c.visits, visit{session: session, before: c.sessions[session].visit, step: step})
	c.sessions[session].visit = int32(len(c.visits) - 1)
	return &c.visits[len(c.visits)-1]
}

// countSession adds the session to the step in which it started, and puts it and its visits in order.
func (c *counter) countSession(place int32) {
	s := &c.sessions[place]
	for at := s.visit; at >= 0; at = c.visits[at].before {
		step := c.steps[c.visits[at].step]
		step.visits = append(step.visits, at)
	}
	if s.step < 0 {
		return
	}
	step := c.steps[s.step]
	if s.isBot {
		step.bots[orUnknown(c.reasons.texts[s.botReason])]++
		return
	}
	step.started = append(step.started, place)
	sums := &step.sessions
	for i, number := range [...]*int64{
		&sums.sessions, &sums.bounces, &sums.durationSeconds, &sums.engagedMS, nil, nil, &sums.score, &sums.scored,
	} {
		if number != nil {
			*number += s.numbers[i]
		}
	}
	// Which of repo.RollupSession.Texts it is that a part counts by.
	for i, dimension := range [dimensions]int{bySource: 2, byChannel: 3, byDevice: 10, byCountry: 8, byBrowser: 11, byOS: 12} {
		sums.by[i][orUnknown(c.texts[dimension].texts[s.texts[dimension]])]++
	}
}

// valueCounts is a value in the making.
type valueCounts struct {
	breakdownValue

	visitorSetBuilder
}

// breakDown counts a step by what its sessions have: numberOf is the number of a session's value, below count, textOf its text.
// Without events they are left out. values is room for the work.
func (c *counter) breakDown(step *stepCounts, count int, numberOf func(s *countedSession) int32, textOf func(n int32) string, withEvents bool) *breakdown {
	values := make([]*valueCounts, count)
	distinct := 0
	at := func(s *countedSession) *valueCounts {
		n := numberOf(s)
		if values[n] == nil {
			values[n] = new(valueCounts)
			values[n].text = textOf(n)
			distinct++
		}
		return values[n]
	}
	if withEvents {
		for _, place := range step.visits {
			v := &c.visits[place]
			s := &c.sessions[v.session]
			value := at(s)
			for i, n := range v.numbers {
				value.numbers[i] += int64(n)
			}
			value.add(s.visitor)
		}
	}
	for _, place := range step.started {
		s := &c.sessions[place]
		value := at(s)
		for i, n := range s.numbers {
			value.numbers[sessions+i] += n
		}
	}
	b := &breakdown{values: make([]breakdownValue, 0, distinct)}
	for _, value := range values {
		if value != nil {
			value.visitors, value.set = value.count, value.finish()
			b.values = append(b.values, value.breakdownValue)
		}
	}
	return b
}

// distinct returns the sessions of the lists in order, each once, and begins a list of them.
func (m *marks) distinct(lists ...[]int32) []int32 {
	m.begin()
	var all []int32
	for _, list := range lists {
		for _, place := range list {
			if !m.has(place) {
				m.put(place, 0)
				all = append(all, place)
			}
		}
	}
	slices.Sort(all)
	return all
}

// visitorsOf is the set of the visitors of these sessions, which are in order.
func (c *counter) visitorsOf(places []int32) (set visitorSet, count int64) {
	var b visitorSetBuilder
	for _, place := range places {
		b.add(c.sessions[place].visitor)
	}
	return b.finish(), b.count
}

// pathSessions are sessions of a path: the sums of those that saw it on the day on which they started, and those that did later.
type pathSessions struct {
	numbers [sessionNumbers]int64
	late    breakdownValue
}

// sessionsByPath adds the sessions of each step up by the paths that they saw.
func (c *counter) sessionsByPath(marked *marks) []map[string]*pathSessions {
	byPaths := make([]map[string]*pathSessions, len(c.steps))
	for i := range byPaths {
		byPaths[i] = map[string]*pathSessions{}
	}
	at := func(s *countedSession, path string) *pathSessions {
		p := byPaths[s.step][path]
		if p == nil {
			p = new(pathSessions)
			byPaths[s.step][path] = p
		}
		return p
	}
	lists := map[string][][]int32{}
	for _, step := range c.steps {
		for path, counts := range step.paths {
			if len(counts.viewed()) > 0 {
				lists[path] = append(lists[path], counts.viewed())
			}
		}
	}
	laterBy := map[string][]repo.LaterPage{}
	for _, page := range c.later {
		laterBy[page.Path] = append(laterBy[page.Path], page)
		if lists[page.Path] == nil {
			lists[page.Path] = [][]int32{}
		}
	}
	for path, viewed := range lists {
		for _, place := range marked.distinct(viewed...) {
			if s := &c.sessions[place]; s.step >= 0 {
				p := at(s, path)
				for i, n := range s.numbers {
					p.numbers[i] += n
				}
			}
		}
		for _, page := range laterBy[path] {
			place := c.places[page.SessionID]
			if marked.has(place) {
				continue // it saw the path in the window, too
			}
			s := &c.sessions[place]
			p := at(s, path)
			if page.Days > 0 {
				p.late.addLate(page.Days, 1, &s.numbers)
				continue
			}
			for i, n := range s.numbers {
				p.numbers[i] += n
			}
		}
	}
	return byPaths
}

// breakDownPaths counts a step by paths, and puts those with page views into its part.
func (c *counter) breakDownPaths(step *stepCounts, sessionsOf map[string]*pathSessions, marked *marks) *breakdown {
	b := &breakdown{values: make([]breakdownValue, 0, len(step.paths))}
	add := func(value breakdownValue) {
		if s := sessionsOf[value.text]; s != nil {
			copy(value.numbers[sessions:], s.numbers[:])
			value.late = s.late.late
		}
		b.values = append(b.values, value)
	}
	for path, counts := range step.paths {
		value := breakdownValue{text: path}
		copy(value.numbers[:], counts.numbers[:])
		viewed := marked.distinct(counts.viewed())
		value.set, value.visitors = c.visitorsOf(viewed)
		if len(viewed) > 0 {
			step.part.paths = append(step.part.paths, pathCount{path: path, pageviews: counts.numbers[pageviews], visitors: value.set})
		}
		if slices.ContainsFunc(counts.sessions[:], func(list []int32) bool {
			return slices.ContainsFunc(list, func(place int32) bool { return !marked.has(place) })
		}) {
			value.set, value.visitors = c.visitorsOf(marked.distinct(counts.sessions[:]...))
		}
		add(value)
	}
	for path := range sessionsOf {
		if step.paths[path] == nil {
			add(breakdownValue{text: path})
		}
	}
	slices.SortFunc(step.part.paths, func(a, b pathCount) int { return cmp.Compare(a.path, b.path) })
	return b
}
