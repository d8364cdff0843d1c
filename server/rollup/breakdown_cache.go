package rollup

import (
	"container/list"
	"sync"
	"time"

	"github.com/microtracker/microtracker/repo"
)

// maxKept bounds what a breakdownCache keeps, in bytes.
const maxKept = 64 << 20

// breakdownCache keeps breakdowns that were read, those that were used last. Safe for concurrent use.
type breakdownCache struct {
	mu    sync.Mutex
	kept  map[int64]map[breakdownPlace]*list.Element
	order *list.List // of *keptBreakdown, the last used first
	size  int
}

// breakdownPlace is where a project's breakdown is.
type breakdownPlace struct {
	day             time.Time
	part, dimension int16
}

type keptBreakdown struct {
	projectID int64
	place     breakdownPlace
	version   string
	breakdown *breakdown
	size      int
}

func newBreakdownCache() *breakdownCache {
	return &breakdownCache{kept: map[int64]map[breakdownPlace]*list.Element{}, order: list.New()}
}

// known returns the kept breakdowns of these days and dimensions by their versions.
func (c *breakdownCache) known(projectID int64, since, until time.Time, dimensions []int16) map[string]*breakdown {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := map[string]*breakdown{}
	for place, element := range c.kept[projectID] {
		for _, dimension := range dimensions {
			if place.dimension == dimension && !place.day.Before(since) && place.day.Before(until) {
				kept := element.Value.(*keptBreakdown) //nolint:errcheck,forcetypeassert // nothing else is put there
				known[kept.version] = kept.breakdown
				c.order.MoveToFront(element)
			}
		}
	}
	return known
}

// valueSize is about what a value takes beside its text and its set.
const valueSize = 256

// keep keeps the breakdown of a row in place of the one before.
func (c *breakdownCache) keep(row *repo.RollupBreakdown, b *breakdown) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := &keptBreakdown{
		projectID: row.ProjectID, place: breakdownPlace{row.Day, row.Part, row.Dimension}, version: row.Version, breakdown: b,
		size: len(row.Data) + valueSize*(1+len(b.values)),
	}
	if c.kept[kept.projectID] == nil {
		c.kept[kept.projectID] = map[breakdownPlace]*list.Element{}
	}
	if before := c.kept[kept.projectID][kept.place]; before != nil {
		c.drop(before)
	}
	if c.kept[kept.projectID] == nil {
		c.kept[kept.projectID] = map[breakdownPlace]*list.Element{}
	}
	c.kept[kept.projectID][kept.place] = c.order.PushFront(kept)
	for c.size += kept.size; c.size > maxKept; {
		c.drop(c.order.Back())
	}
}

func (c *breakdownCache) drop(element *list.Element) {
	kept := c.order.Remove(element).(*keptBreakdown) //nolint:errcheck,forcetypeassert // nothing else is put there
	c.size -= kept.size
	delete(c.kept[kept.projectID], kept.place)
	if len(c.kept[kept.projectID]) == 0 {
		delete(c.kept, kept.projectID)
	}
}
