package ingest

import (
	"crypto/sha256"
	"math"
	"slices"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
)

const (
	// maxViews bounds the page views of a session whose reports are kept one by one.
	maxViews = 32
	// maxEngagedMS is how much engaged time one page view can have (docs/metrics.md: engaged time).
	maxEngagedMS = 30 * 60 * 1000
	noScroll     = -1
)

// fold is what a session's events add up to so far: enough to add the next one without reading those before again. It does
// not depend on the order in which they are added.
type fold struct {
	first, last moment
	// origin is the event that says where the session came from; identity is the ad identity that it carries.
	origin   moment
	identity identity
	// direct says that nothing is known to have led to the session: it takes on the first identity that it meets.
	direct bool
	// entry is the first page view, of a session without one the first event; exit is the last page view.
	entry, exit            moment
	pageviews, interactive int64
	// reported says that an exit has told depth and time.
	reported bool
	// views are the page views that may be reported again, the latest added last.
	views []viewReport
	// closed are the sums of those that are no longer in views.
	closed closedViews
}

// viewReport is the most that was reported of one page view.
type viewReport struct {
	id uuid.UUID
	// scroll is in hundredths of a per cent, noScroll if none was reported.
	scroll int32
	// engagedMS is as it was reported, not yet bounded.
	engagedMS int64
}

type closedViews struct {
	views, scrolled, scroll, engagedMS int64
}

// identity stands for an ad identity: a part of its sha-256, zero for none.
type identity [16]byte

func identityOf(text string) identity {
	if text == "" {
		return identity{}
	}
	sum := sha256.Sum256([]byte(text))
	return identity(sum[:16])
}

func (i identity) isZero() bool { return i == identity{} }

// newFold begins a session with its first event.
func newFold(h *hit) *fold {
	f := &fold{first: h.moment, last: h.moment, entry: h.moment}
	f.takeOrigin(h)
	f.add(h)
	return f
}

// cuts reports whether an event that follows within the time of a session begins another one all the same: it brings an ad
// identity that is not the session's. A direct session takes its first one on instead.
func (f *fold) cuts(h *hit) bool {
	return !h.identity.isZero() && h.identity != f.identity && !f.takesOn(h)
}

func (f *fold) takesOn(h *hit) bool {
	return f.direct && f.identity.isZero() && !h.identity.isZero()
}

func (f *fold) takeOrigin(h *hit) {
	f.origin, f.identity, f.direct = h.moment, h.identity, h.origin.channel == directChannel
}

// add adds an event that belongs to the session.
func (f *fold) add(h *hit) {
	isView := h.rank == 0
	if h.before(f.first) {
		f.first = h.moment
	}
	if f.last.before(h.moment) {
		f.last = h.moment
	}
	if h.rank < f.entry.rank || h.rank == f.entry.rank && h.before(f.entry) {
		f.entry = h.moment
	}
	if isView {
		if f.pageviews == 0 || f.exit.before(h.moment) {
			f.exit = h.moment
		}
		f.pageviews++
	}
	if isInteractive(h.event.EventType) {
		f.interactive++
	}
	if isView || h.event.EventType == exitType {
		f.report(&h.event)
	}
}

const exitType = "exit"

// isInteractive reports whether a person did it on purpose (docs/metrics.md: interactive event).
func isInteractive(eventType string) bool {
	switch eventType {
	case pageViewType, exitType, "web_vital", "error":
		return false
	}
	return true
}

// pageViewOf is the page view that an event tells of.
func pageViewOf(e *repo.Event) uuid.UUID {
	if e.PageViewID.Valid {
		return e.PageViewID.UUID
	}
	return e.EventID
}

// report notes depth and time; of several reports of one page view the most counts.
func (f *fold) report(e *repo.Event) {
	f.reported = f.reported || e.EventType == exitType
	id := pageViewOf(e)
	at := slices.IndexFunc(f.views, func(v viewReport) bool { return v.id == id })
	if at < 0 {
		f.views = append(f.views, viewReport{id: id, scroll: noScroll})
		at = len(f.views) - 1
	}
	view := &f.views[at]
	if e.ScrollPct != nil {
		view.scroll = max(view.scroll, hundredths(*e.ScrollPct))
	}
	if e.EngagedMS != nil {
		view.engagedMS = max(view.engagedMS, *e.EngagedMS)
	}
}

// hundredths rounds a percentage as the events table does.
func hundredths(pct float64) int32 { return int32(math.Round(pct * 100)) }

// trim closes the page views that were added first, beyond those that are kept one by one.
func (f *fold) trim() {
	beyond := max(0, len(f.views)-maxViews)
	for _, view := range f.views[:beyond] {
		f.closed.views++
		f.closed.add(view, 1)
	}
	f.views = slices.Delete(f.views, 0, beyond)
}

func (c *closedViews) add(view viewReport, sign int64) {
	if view.scroll != noScroll {
		c.scrolled += sign
		c.scroll += sign * int64(view.scroll)
	}
	c.engagedMS += sign * min(view.engagedMS, maxEngagedMS)
}

// forgets reports whether the event tells of a page view that may have been reported and is no longer in views.
func (f *fold) forgets(e *repo.Event) bool {
	if f.closed.views == 0 || e.EventType != exitType && e.EventType != pageViewType {
		return false
	}
	id := pageViewOf(e)
	return !slices.ContainsFunc(f.views, func(v viewReport) bool { return v.id == id })
}

// reopen puts a page view back into views as it stands in the database.
func (f *fold) reopen(id uuid.UUID, stored repo.PageViewReport) {
	view := viewReport{id: id, scroll: noScroll, engagedMS: stored.EngagedMS}
	if stored.ScrollPct != nil {
		view.scroll = hundredths(*stored.ScrollPct)
	}
	f.closed.views--
	f.closed.add(view, -1)
	f.views = append(f.views, view)
}

// sums writes what the events add up to into the session's row (docs/metrics.md has the formulas).
func (f *fold) sums(row *repo.TrackingSession) {
	row.StartedAt, row.LastActivityAt = f.first.time(), f.last.time()
	row.DurationSeconds = int((f.last.at - f.first.at) / 1_000_000)
	row.Pageviews, row.InteractiveEvents = int(f.pageviews), int(f.interactive)
	total := f.closed
	for _, view := range f.views {
		total.add(view, 1)
	}
	row.EngagedMS = total.engagedMS
	row.ScrollPct, row.PCQS = nil, nil
	depth := 0.0 // in hundredths of a per cent
	if total.scrolled > 0 {
		depth = float64(total.scroll) / float64(total.scrolled)
		row.ScrollPct = new(math.Round(depth) / 100)
	}
	if f.reported {
		row.PCQS = new(pcqs(total.engagedMS, depth/10_000, f.pageviews, f.interactive))
	}
}

// pcqs is the page quality score, version 1 (docs/metrics.md): depth is from 0 to 1.
func pcqs(engagedMS int64, depth float64, pageviews, interactive int64) float64 {
	engaged := min(1, float64(engagedMS)/float64(30_000*max(1, pageviews)))
	acted := 0.0
	switch {
	case interactive > 0:
		acted = 1
	case pageviews >= 2:
		acted = 0.5
	}
	return math.Round(10_000*(0.4*engaged+0.4*depth+0.2*acted)) / 100
}
