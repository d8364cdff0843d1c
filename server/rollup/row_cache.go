package rollup

import (
	"container/list"
	"sync"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

// maxKept bounds what an Answers keeps of breakdowns, of blocks and of what is put together, in bytes each.
const maxKept = 64 << 20

// rowCache keeps what was read of rows of breakdowns, that which was used last. Safe for concurrent use.
type rowCache[T any] struct {
	mu    sync.Mutex
	kept  map[int64]map[rowPlace]*list.Element
	order *list.List // of *keptRow, the last used first
	size  int
}

// rowPlace is where a project's row is.
type rowPlace struct {
	day             time.Time
	part, dimension int16
}

type keptRow[T any] struct {
	projectID int64
	place     rowPlace
	version   string
	value     T
	size      int
}

func newRowCache[T any]() *rowCache[T] {
	return &rowCache[T]{kept: map[int64]map[rowPlace]*list.Element{}, order: list.New()}
}

// known returns what is kept of these days and dimensions by its version.
func (c *rowCache[T]) known(projectID int64, since, until time.Time, dimensions []int16) map[string]T {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := map[string]T{}
	for place, element := range c.kept[projectID] {
		for _, dimension := range dimensions {
			if place.dimension == dimension && !place.day.Before(since) && place.day.Before(until) {
				kept := element.Value.(*keptRow[T]) //nolint:errcheck,forcetypeassert // nothing else is put there
				known[kept.version] = kept.value
				c.order.MoveToFront(element)
			}
		}
	}
	return known
}

// has reports whether something of the question's range is kept.
func (c *rowCache[T]) has(projectID int64, q report.Query) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	since, until := dateOf(q.Since, q.Zone), dateOf(q.Until, q.Zone)
	for place := range c.kept[projectID] {
		if !place.day.Before(since) && place.day.Before(until) {
			return true
		}
	}
	return false
}

// at returns what is kept in a place.
func (c *rowCache[T]) at(projectID int64, place rowPlace) (value T, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element := c.kept[projectID][place]
	if element == nil {
		return value, false
	}
	c.order.MoveToFront(element)
	return element.Value.(*keptRow[T]).value, true //nolint:errcheck,forcetypeassert // nothing else is put there
}

// keep keeps what was read of a row, which takes so many bytes, in place of what was before.
func (c *rowCache[T]) keep(row *repo.RollupBreakdown, value T, size int) {
	c.put(row.ProjectID, rowPlace{row.Day, row.Part, row.Dimension}, row.Version, value, size)
}

func (c *rowCache[T]) put(projectID int64, place rowPlace, version string, value T, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := &keptRow[T]{projectID: projectID, place: place, version: version, value: value, size: size}
	if before := c.kept[projectID][place]; before != nil {
		c.drop(before)
	}
	if c.kept[projectID] == nil {
		c.kept[projectID] = map[rowPlace]*list.Element{}
	}
	c.kept[projectID][place] = c.order.PushFront(kept)
	for c.size += size; c.size > maxKept; {
		c.drop(c.order.Back())
	}
}

// forget drops all that is kept of a project.
func (c *rowCache[T]) forget(projectID int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, element := range c.kept[projectID] {
		c.drop(element)
	}
}

func (c *rowCache[T]) drop(element *list.Element) {
	kept := c.order.Remove(element).(*keptRow[T]) //nolint:errcheck,forcetypeassert // nothing else is put there
	c.size -= kept.size
	delete(c.kept[kept.projectID], kept.place)
	if len(c.kept[kept.projectID]) == 0 {
		delete(c.kept, kept.projectID)
	}
}
