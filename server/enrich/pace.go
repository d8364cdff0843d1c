package enrich

import (
	"hash/maphash"
	"sync"
	"time"
)

// The limits of Pace, in a minute. Both stand far above what one person does, because visitors may share an identity
// where nothing is stored in browsers, and because pages send events of their own accord: a page view each time that
// somebody types a letter into a search field, measurements, errors.
const (
	// MaxEventsPerMinute is ten a second for a whole minute: who clicks as fast as he can makes six to eight, for seconds.
	MaxEventsPerMinute = 600
	// MaxPageViewsPerMinute is two a second for a whole minute: nobody reads that fast, and who opens all links of a page
	// in tabs at once does it once.
	MaxPageViewsPerMinute = 120
)

// paceHold is how long, in seconds, a visitor who was too fast still counts as a program: its slower hits are no person's.
const paceHold = 600

const (
	paceShards = 256 // each with a lock of its own
	paceSets   = 32  // in a shard
	paceWays   = 8   // visitors in a set
)

// Pace tells visitors that send faster than a person can. It counts the 65,536 visitors seen last, roughly, in 2.5 MB
// that it takes once and for all, and is safe for concurrent use. Each server counts for itself.
//
// When there are more visitors, those with the fewest hits are forgotten first, and those who were too fast last of all.
// Who wants a flood forgotten must send a greater one under at least 8 identities that share its place; the places
// depend on a secret, which differs from Pace to Pace.
type Pace struct {
	seed   maphash.Seed
	shards []paceShard
}

type paceShard struct {
	mutex sync.Mutex
	sets  [paceSets]paceSet
}

type paceSet struct {
	keys     [paceWays]uint64 // 0 is a free place
	counters [paceWays]paceCounter
}

// paceCounter counts one visitor's hits in the current minute and in the one before.
type paceCounter struct {
	minute    int64
	heldUntil int64 // Unix time in seconds; 0 for none
	now       paceCount
	before    paceCount
}

type paceCount struct {
	events, views uint16
}

// NewPace returns a Pace that has seen nobody.
func NewPace() *Pace {
	return &Pace{seed: maphash.MakeSeed(), shards: make([]paceShard, paceShards)}
}

// Key returns a visitor's key for Seen: of equal arguments the same, for this Pace alone.
func (p *Pace) Key(projectID int64, visitor string) uint64 {
	var h maphash.Hash
	h.SetSeed(p.seed)
	maphash.WriteComparable(&h, projectID)
	_, _ = h.WriteString(visitor) // never fails
	return h.Sum64()
}

// Seen counts what a visitor sent at a time, events of all types and the page views among them, and reports whether
// that is too much for a person (BotRate): more than MaxEventsPerMinute or MaxPageViewsPerMinute in the last 60 seconds
// or at any time in the last ten minutes. Of the hits a minute ago it knows how many, not when, and takes them for
// evenly spread.
//
// The time is the one of arrival: the sender's may be anything. A time before that of the visitor's last hits counts as
// theirs, if by less than a minute or two; what is further off begins anew, lest a clock set right go on being late.
func (p *Pace) Seen(key uint64, at time.Time, events, pageViews int) bool {
	place := maphash.Comparable(p.seed, key)
	if place == 0 {
		place = 1
	}
	shard := &p.shards[place>>56]
	set := &shard.sets[place>>48%paceSets]
	second := max(0, at.Unix())

	shard.mutex.Lock()
	defer shard.mutex.Unlock()
	counter := set.counter(place, second)
	counter.turn(second)
	counter.now.events = addSaturating(counter.now.events, events)
	counter.now.views = addSaturating(counter.now.views, pageViews)
	left := max(0, min(59, 59-int(second-counter.minute*60))) // seconds of the minute before that still count
	if int(counter.now.events)*60+int(counter.before.events)*left > MaxEventsPerMinute*60 ||
		int(counter.now.views)*60+int(counter.before.views)*left > MaxPageViewsPerMinute*60 {
		counter.heldUntil = second + paceHold
	}
	return second < counter.heldUntil
}

// counter returns the visitor's counter, if need be at the place of whoever matters least.
func (s *paceSet) counter(place uint64, second int64) *paceCounter {
	least, leastWeight := 0, int64(-1)
	for i := range s.keys {
		if s.keys[i] == place {
			return &s.counters[i]
		}
	}
	for i := range s.keys {
		weight := int64(0)
		if s.keys[i] != 0 {
			weight = s.counters[i].weight(second)
		}
		if leastWeight < 0 || weight < leastWeight {
			least, leastWeight = i, weight
		}
	}
	s.keys[least] = place
	s.counters[least] = paceCounter{minute: second / 60}
	return &s.counters[least]
}

// weight says how much is lost when this visitor is forgotten.
func (c *paceCounter) weight(second int64) int64 {
	weight := int64(1)
	if age := second/60 - c.minute; age >= -2 && age <= 1 {
		weight += max(int64(c.now.events)+int64(c.before.events), int64(c.now.views)+int64(c.before.views))
	}
	if left := c.heldUntil - second; left > 0 && left <= 2*paceHold {
		weight += 1<<32 + left
	}
	return weight
}

// turn brings the counter to the time's minute.
func (c *paceCounter) turn(second int64) {
	minute := second / 60
	switch minute {
	case c.minute, c.minute - 1: // The latter was overtaken on the way here.
		return
	case c.minute + 1:
		c.before = c.now
	default:
		c.before = paceCount{}
	}
	if c.heldUntil-second > 2*paceHold {
		c.heldUntil = 0 // The clock was wrong.
	}
	c.minute, c.now = minute, paceCount{}
}

func addSaturating(count uint16, more int) uint16 {
	return uint16(min(int(count)+max(0, min(more, 1<<16-1)), 1<<16-1))
}
