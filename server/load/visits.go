package load

import (
	"container/heap"
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

// Options say who visits and how.
type Options struct {
	// Seed decides everything: the same seed and options make the same visits.
	Seed uint64
	// Events is how many events Visits makes; zero: no end, for a Generator.
	Events int
	// Visitors is the size of the population; 100,000 if zero.
	Visitors int
	// Projects is how many projects' websites they visit, each a smaller share than the one before; 1 if zero.
	Projects int
	// Bots is the share of visitors that are programs and do not hide it, 0 to 1.
	Bots float64
	// Ads is the share of visits that an ad led to, 0 to 1.
	Ads float64
	// Open is how many visits go on at a time, at most half of the visitors. If zero: 1,000, or a hundredth of Events, so
	// that few are cut off at the end.
	Open int
	// Span spreads the visits' beginnings over that long, by the rhythm of a day, in the order in which they are made; each
	// visit takes its own time as before. Zero: each visit begins when another one ends.
	Span time.Duration
	// Site is the website's address; https://www.example.com if empty.
	Site string
}

func (o Options) withDefaults() Options {
	if o.Visitors <= 0 {
		o.Visitors = 100_000
	}
	if o.Projects <= 0 {
		o.Projects = 1
	}
	if o.Open <= 0 {
		o.Open = 1000
		if o.Events > 0 {
			o.Open = min(1000, max(10, o.Events/100))
		}
	}
	o.Open = max(1, min(o.Open, o.Visitors/2))
	if o.Site == "" {
		o.Site = "https://www.example.com"
	}
	return o
}

// Hit is one event of a visit.
type Hit struct {
	// Offset is when it happens, from the beginning of all visits. Without a Span they rise from hit to hit; with one they
	// rise within each visit.
	Offset  time.Duration
	Visitor *Visitor
	// Visit is the number of the visit.
	Visit int
	// Last: the visit ends with it.
	Last bool
	// Event has neither a create_time nor a client.
	Event *microtrackerv1.Event

	visit *visit
}

// Visits makes options.Events events of visits that go on at the same time, in the order in which they are sent: the
// events of one visit come with those of many others between them.
func Visits(seed uint64, options Options) []Hit {
	options.Seed = seed
	g := NewGenerator(options)
	hits := make([]Hit, options.Events)
	for i := range hits {
		hits[i] = g.Next()
	}
	return hits
}

// Generator makes visits without end. It is not safe for concurrent use.
type Generator struct {
	options   Options
	people    *population
	site      *site
	sources   []source
	platforms []platform
	rand      *rand.Rand
	ids       *rand.Rand
	zipf      *rand.Zipf
	adZipf    *rand.Zipf
	open      schedule
	busy      map[int]struct{} // the visitors of the visits that are open
	begun     int
	made      int
	// progress is how much of the run is over, 0 to 1.
	progress func() float64
	// head is the part of Span in which the visits begin that are open from the first.
	head float64
	// rhythm is how much of a day's visits have begun at each full hour.
	rhythm [25]float64
}

// eventsPerVisit is how many events a visit has, roughly.
const eventsPerVisit = 7

// NewGenerator makes a Generator.
func NewGenerator(options Options) *Generator {
	return newGenerator(options, newRand(options.Seed, 1<<63+1))
}

// newGenerator takes the events' ids from elsewhere.
func newGenerator(options Options, ids *rand.Rand) *Generator {
	options = options.withDefaults()
	g := &Generator{
		options: options, people: newPopulation(options), site: newSite(options.Site), sources: sources(), platforms: platforms(),
		rand: newRand(options.Seed, 1<<63), ids: ids, busy: make(map[int]struct{}, options.Open),
	}
	g.zipf = rand.NewZipf(g.rand, 1.2, 2, uint64(len(g.site.pages)-1))
	g.adZipf = rand.NewZipf(g.rand, 1.2, 4, adCount-1)
	g.progress = func() float64 {
		if g.options.Events == 0 {
			return 1
		}
		return float64(g.made) / float64(g.options.Events)
	}
	weights := [24]float64{3, 2, 1, 1, 1, 2, 4, 7, 10, 12, 13, 13, 12, 12, 12, 12, 12, 12, 13, 15, 16, 14, 10, 6}
	for hour, weight := range weights {
		g.rhythm[hour+1] = g.rhythm[hour] + weight
	}
	for hour := range g.rhythm {
		g.rhythm[hour] /= g.rhythm[24]
	}
	g.head = 0.05
	if options.Events > 0 {
		first := float64(options.Open) * eventsPerVisit
		g.head = first / (first + float64(options.Events))
	}
	for i := range options.Open {
		g.begin(time.Duration(g.rand.Int64N(int64(2*time.Minute))), g.head*float64(i)/float64(options.Open))
	}
	return g
}

// Next makes the next event.
func (g *Generator) Next() Hit {
	v := g.open.visits[0]
	hit := v.hits[0]
	v.hits = v.hits[1:]
	g.made++
	if hit.Last {
		heap.Pop(&g.open)
		delete(g.busy, v.visitor.Number)
		g.begin(v.due+time.Duration(g.rand.ExpFloat64()*float64(5*time.Second)), g.head+(1-g.head)*g.progress())
		return hit
	}
	v.due = v.begun + v.hits[0].Offset - v.offset
	heap.Fix(&g.open, 0)
	return hit
}

// begin opens a visit at a time of the schedule, when a share of all visits has begun.
func (g *Generator) begin(at time.Duration, share float64) {
	number := g.someone()
	g.busy[number] = struct{}{}
	v := &visit{number: g.begun, visitor: g.people.visitor(number), begun: at, due: at, offset: at}
	g.begun++
	if g.options.Span > 0 {
		v.offset = g.spread(share)
	}
	g.write(v)
	heap.Push(&g.open, v)
}

// someone picks a visitor who is not visiting now. Some come much more often than others.
func (g *Generator) someone() int {
	for {
		u := g.rand.Float64()
		number := int(float64(g.options.Visitors) * u * u)
		if _, isBusy := g.busy[number]; !isBusy {
			return number
		}
	}
}

// spread says how far into Span a visit begins when a share of all visits has begun: more of them by day than by night.
func (g *Generator) spread(share float64) time.Duration {
	const day = 24 * time.Hour
	share = min(max(share, 0), 1)
	days := share * float64(g.options.Span) / float64(day)
	whole := float64(int(days))
	part := days - whole
	hour := 0
	for hour < 23 && g.rhythm[hour+1] < part {
		hour++
	}
	within := (part - g.rhythm[hour]) / (g.rhythm[hour+1] - g.rhythm[hour])
	at := time.Duration((whole + (float64(hour)+within)/24) * float64(day))
	return min(at, g.options.Span)
}

func (g *Generator) newID() uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], g.ids.Uint64())
	binary.BigEndian.PutUint64(id[8:], g.ids.Uint64())
	return asV4(id)
}

// chance is true so often.
func (g *Generator) chance(share float64) bool { return g.rand.Float64() < share }

// schedule is the open visits, the one whose turn is next first. It is a heap.
type schedule struct{ visits []*visit }

// Len is for the heap.
func (s *schedule) Len() int { return len(s.visits) }

// Less is for the heap.
func (s *schedule) Less(i, j int) bool {
	a, b := s.visits[i], s.visits[j]
	if a.due != b.due {
		return a.due < b.due
	}
	return a.number < b.number
}

// Swap is for the heap.
func (s *schedule) Swap(i, j int) { s.visits[i], s.visits[j] = s.visits[j], s.visits[i] }

// Push is for the heap.
func (s *schedule) Push(x any) {
	if v, ok := x.(*visit); ok {
		s.visits = append(s.visits, v)
	}
}

// Pop is for the heap.
func (s *schedule) Pop() any {
	last := len(s.visits) - 1
	v := s.visits[last]
	s.visits[last] = nil
	s.visits = s.visits[:last]
	return v
}
