package rollup

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/microtracker/microtracker/repo"
)

// part is a stretch of time, counted: half an hour of a day, or a whole one. Bots are in bots alone.
type part struct {
	visitors visitorSet
	events   map[string]int64
	// paths are in the order of their texts.
	paths    []pathCount
	ctas     map[string]*ctaCount
	sessions sessionSums
	// bots are the sessions of bots by reason.
	bots map[string]int64
}

type pathCount struct {
	path      string
	pageviews int64
	visitors  visitorSet
}

type ctaCount struct {
	// marked are those of the clicks that met an element marked as a call to action.
	clicks, marked int64
}

// sessionSums are sums over sessions that started in the stretch of time.
type sessionSums struct {
	sessions, bounces, durationSeconds, engagedMS int64
	// scored is how many have a page quality score; score is their sum, in hundredths.
	scored, score int64
	by            [dimensions]map[string]int64
}

// dimensions by which sessions are counted.
const (
	bySource = iota
	byChannel
	byDevice
	byCountry
	byBrowser
	byOS
	dimensions
)

// unknown stands for a device, a browser, … that is not known.
const unknown = "unknown"

func newPart() *part {
	p := &part{events: map[string]int64{}, ctas: map[string]*ctaCount{}, bots: map[string]int64{}}
	for i := range p.sessions.by {
		p.sessions.by[i] = map[string]int64{}
	}
	return p
}

// isEmpty reports whether nothing happened.
func (p *part) isEmpty() bool {
	return len(p.events) == 0 && p.sessions.sessions == 0 && len(p.bots) == 0
}

const (
	pageViewType = "page_view"
	clickType    = "click"
)

// collector adds up what the database counts of one part.
type collector struct {
	*part

	// ids are those of the visitors, and viewers those of each path; some of them more than once.
	ids     []int64
	viewers map[string][]int64
	views   map[string]int64
}

func newCollector() *collector {
	return &collector{part: newPart(), viewers: map[string][]int64{}, views: map[string]int64{}}
}

func (c *collector) addEvents(e *repo.EventCount) {
	c.events[e.Type] += e.Events
	first := len(c.ids)
	for rest := e.Visitors; len(rest) >= 8; rest = rest[8:] {
		c.ids = append(c.ids, int64(binary.BigEndian.Uint64(rest)))
	}
	// Sorted and each once, so that the set of all of them has less to sort.
	distinct := sortedDistinct(c.ids[first:])
	c.ids = c.ids[:first+len(distinct)]
	switch {
	case e.Key == "":
	case e.Type == pageViewType:
		c.views[e.Key] += e.Events
		c.viewers[e.Key] = append(c.viewers[e.Key], distinct...)
	case e.Type == clickType:
		cta := c.ctas[e.Key]
		if cta == nil {
			cta = new(ctaCount)
			c.ctas[e.Key] = cta
		}
		cta.clicks += e.Events
		cta.marked += e.Marked
	}
}

func (c *collector) addSessions(s *repo.SessionCount) {
	if s.IsBot {
		c.bots[orUnknown(s.BotReason)] += s.Sessions
		return
	}
	sums := &c.sessions
	sums.sessions += s.Sessions
	sums.bounces += s.Bounces
	sums.durationSeconds += s.DurationSeconds
	sums.engagedMS += s.EngagedMS
	sums.scored += s.Scored
	sums.score += s.Score
	for i, value := range [dimensions]string{
		bySource: s.Source, byChannel: s.Channel, byDevice: s.Device, byCountry: s.Country, byBrowser: s.Browser, byOS: s.OS,
	} {
		sums.by[i][orUnknown(value)] += s.Sessions
	}
}

func orUnknown(text string) string {
	if text == "" {
		return unknown
	}
	return text
}

// finish ends the adding up.
func (c *collector) finish() *part {
	c.visitors = newVisitorSet(sortedDistinct(c.ids))
	for _, path := range slices.Sorted(maps.Keys(c.views)) {
		visitors := newVisitorSet(sortedDistinct(c.viewers[path]))
		c.paths = append(c.paths, pathCount{path: path, pageviews: c.views[path], visitors: visitors})
	}
	return c.part
}
