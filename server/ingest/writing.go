package ingest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/telemetry"
)

// writing is one transaction in the making: it stores the new events of a group of parts.
type writing struct {
	ingester *Ingester
	tx       *repo.IngestTx
	now      time.Time
	parts    []part
	people   map[personKey]*person
	// order is the people as they came, so that the same group is written in the same way each time.
	order   []*person
	changes repo.Changes
	changed map[*repo.Visitor]*visitorChange
}

type personKey struct {
	projectID int64
	id        personID
}

// excludedError says which parts of a group cannot be stored with the rest, and why.
type excludedError struct{ why map[int]error }

// errRefused excludes a part only until its refused events are taken out.
var errRefused = errors.New("an event of the part is refused")

func (e *excludedError) Error() string { return "some of the group cannot be stored with the rest" }

func newWriting(g *Ingester, tx *repo.IngestTx, group []part) *writing {
	return &writing{
		ingester: g, tx: tx, now: g.now(), parts: group, people: map[personKey]*person{},
		changed: map[*repo.Visitor]*visitorChange{},
	}
}

func projectsOf(group []part) []int64 {
	ids := make([]int64, len(group))
	for i, p := range group {
		ids[i] = p.inbox.ProjectID
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// run takes the steps of the transaction. Where a step says that a part cannot be stored, nothing is.
func (w *writing) run(ctx context.Context) error {
	stage := w.ingester.stages(ctx)
	defer stage.end()
	begun, err := w.tx.Begin(ctx, w.open(), w.now)
	if err != nil {
		return err
	}
	stage.next(telemetry.StageBegin, "place")
	if err := w.check(begun); err != nil {
		return err
	}
	w.keepNew(begun.Claimed)
	if err := w.place(ctx, begun.Seen); err != nil {
		return err
	}
	stage.next(telemetry.StagePlace, "commit")
	if err := w.tx.Commit(ctx, &w.changes, w.now); err != nil {
		return err
	}
	stage.next(telemetry.StageCommit, "")
	w.ingester.ads.remember(w.changes.Ads)
	return nil
}

func (w *writing) streams() []repo.StreamKey {
	var keys []repo.StreamKey
	for _, p := range w.parts {
		if p.stream != nil {
			keys = append(keys, repo.StreamKey{ProjectID: p.inbox.ProjectID, StreamID: p.stream.StreamID})
		}
	}
	slices.SortFunc(keys, func(a, b repo.StreamKey) int {
		return cmp.Or(cmp.Compare(a.ProjectID, b.ProjectID), cmp.Compare(a.StreamID, b.StreamID))
	})
	return slices.Compact(keys)
}

// open gathers what the transaction begins with, and gives the events to the people who made them.
func (w *writing) open() *repo.Opening {
	o := &repo.Opening{ProjectIDs: projectsOf(w.parts), Streams: w.streams()}
	for _, p := range w.parts {
		for _, h := range p.hits {
			o.EventIDs = append(o.EventIDs, repo.EventID{ProjectID: h.event.ProjectID, ID: h.id})
			if h.sessionKey != "" {
				o.SessionKeys = append(o.SessionKeys, repo.SessionKey{ProjectID: h.event.ProjectID, Key: h.sessionKey})
			}
			w.personOf(h, p.inbox.WebsiteURL).meet(h)
		}
	}
	for _, p := range w.order {
		o.Sightings = append(o.Sightings, p.sightings()...)
	}
	return o
}

// check finds the parts whose project has other settings than those that they were prepared with, and those that are not
// next in their stream.
func (w *writing) check(begun *repo.Begun) error {
	why := map[int]error{}
	for i, p := range w.parts {
		if begun.Settings[p.inbox.ProjectID] != p.inbox.Settings {
			why[i] = ErrSettingsChanged
			continue
		}
		if p.stream == nil || !p.last {
			continue
		}
		key := repo.StreamKey{ProjectID: p.inbox.ProjectID, StreamID: p.stream.StreamID}
		stream, ok := begun.Streams[key]
		if !ok || stream.ConnectionID != p.stream.ConnectionID || p.stream.Sequence != stream.CommittedSequence+1 {
			why[i] = ErrTakenOver
			continue
		}
		stream.CommittedSequence++
		begun.Streams[key] = stream
	}
	if len(why) > 0 {
		return &excludedError{why: why}
	}
	for _, key := range w.streams() {
		if stream := begun.Streams[key]; stream.CommittedSequence > 0 {
			w.changes.Streams = append(w.changes.Streams, stream)
		}
	}
	w.countOptOuts()
	return nil
}

func (w *writing) countOptOuts() {
	for _, p := range w.parts {
		if p.last {
			w.changes.OptOuts = append(w.changes.OptOuts, p.optOuts...)
		}
	}
	slices.SortFunc(w.changes.OptOuts, repo.CompareOptOuts)
	counts := w.changes.OptOuts[:0]
	for _, o := range w.changes.OptOuts {
		if n := len(counts); n > 0 && repo.CompareOptOuts(counts[n-1], o) == 0 {
			counts[n-1].Hits += o.Hits
			continue
		}
		counts = append(counts, o)
	}
	w.changes.OptOuts = counts
}

// keepNew takes the events away that are stored already.
func (w *writing) keepNew(claimed map[repo.EventID]bool) {
	for _, p := range w.parts {
		for _, h := range p.hits {
			id := repo.EventID{ProjectID: h.event.ProjectID, ID: h.id}
			h.stored = claimed[id]
			delete(claimed, id) // the same id twice in one group: the second is a duplicate of the first
		}
	}
	for _, p := range w.order {
		p.hits = slices.DeleteFunc(p.hits, func(h *hit) bool { return !h.stored })
		slices.SortFunc(p.hits, func(a, b *hit) int { return a.compare(b.moment) })
	}
}

func (w *writing) personOf(h *hit, websiteURL string) *person {
	key := personKey{projectID: h.event.ProjectID, id: h.from.id}
	p := w.people[key]
	if p == nil {
		p = &person{websiteURL: websiteURL, visitors: map[string]*repo.Visitor{}}
		w.people[key] = p
		w.order = append(w.order, p)
	}
	return p
}

// place puts the new events into sessions.
func (w *writing) place(ctx context.Context, seen *repo.Seen) error {
	for _, p := range w.order {
		for _, key := range p.keys {
			if v := seen.Visitors[key]; v != nil {
				p.visitors[key.Key] = v
			}
		}
		for _, h := range p.hits {
			if p.visitors[h.visitorKey] == nil {
				return repo.ErrTryAgain // he was erased between being found and being locked
			}
		}
	}
	if err := w.loadTimelines(ctx, seen); err != nil {
		return err
	}
	var late []*latecomer
	for _, p := range w.order {
		left, err := w.placePerson(ctx, p)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			late = append(late, &latecomer{person: p, left: left})
		}
	}
	if err := w.refold(ctx, late); err != nil {
		return err
	}
	if err := w.readWhole(ctx); err != nil {
		return err
	}
	for _, p := range w.order {
		if err := w.collect(ctx, p); err != nil {
			return err
		}
	}
	w.changes.Ads = mergeAds(w.changes.Ads)
	return nil
}

// loadTimelines gives the people their latest sessions, and those of keys.
func (w *writing) loadTimelines(ctx context.Context, seen *repo.Seen) error {
	owners := make(map[int64]*person, len(w.order))
	for _, p := range w.order {
		p.timeline = timeline{visitorOf: p.visitorOf, keyed: map[string]*session{}}
		for _, v := range p.visitors {
			owners[v.ID] = p
			p.timeline.load(v)
		}
		slices.SortFunc(p.timeline.sessions, func(a, b *session) int { return a.fold.first.compare(b.fold.first) })
	}
	stored := map[repo.SessionKey]*person{}
	for i := range seen.Keyed {
		row := &seen.Keyed[i]
		key, p := repo.SessionKey{ProjectID: row.ProjectID, Key: row.SessionKey}, owners[row.VisitorID]
		stored[key] = nil // not of this group, or a session that we gave the key
		if p == nil || !row.IsKeyed {
			continue
		}
		stored[key] = p
		s, err := loadedSession(row, p.visitorByID(row.VisitorID))
		if err != nil {
			if s.fold, err = w.foldAnew(ctx, p, row); err != nil {
				return err
			}
		}
		p.timeline.keyed[row.SessionKey] = s
	}
	return w.refuseForeignKeys(stored)
}

// refuseForeignKeys refuses events whose session key is another visitor's session.
func (w *writing) refuseForeignKeys(owners map[repo.SessionKey]*person) error {
	why := map[int]error{}
	for i := range w.parts {
		for _, h := range w.parts[i].hits {
			if h.sessionKey == "" || !h.stored {
				continue
			}
			key := repo.SessionKey{ProjectID: h.event.ProjectID, Key: h.sessionKey}
			p := w.people[personKey{projectID: h.event.ProjectID, id: h.from.id}]
			owner, known := owners[key]
			if !known {
				owners[key], owner = p, p
			}
			if owner != p {
				h.refusal = Receipt{Status: Invalid, Field: "client.session_key", Reason: "it is the key of another visitor's session: make one for each session"}
				why[i] = errRefused
			}
		}
	}
	if len(why) > 0 {
		return &excludedError{why: why}
	}
	return nil
}

// placePerson puts one person's new events into sessions, in their order where that will do, and returns those that it
// could not place.
func (w *writing) placePerson(ctx context.Context, p *person) (left []*hit, err error) {
	for _, h := range p.hits {
		if h.sessionKey == "" && (len(left) > 0 || p.timeline.unreadable) {
			left = append(left, h)
			continue
		}
		if err := w.reopen(ctx, p, h); err != nil {
			return nil, err
		}
		if !p.timeline.place(h) {
			left = append(left, h)
		}
	}
	return left, nil
}

// reopen reads from the database what was reported of a page view that a session no longer keeps one by one.
func (w *writing) reopen(ctx context.Context, p *person, h *hit) error {
	for s := range p.timeline.all() {
		if s.isNew || !s.fold.forgets(&h.event) {
			continue
		}
		id := pageViewOf(&h.event)
		reports, err := w.tx.PageViewReports(ctx, s.row.ProjectID, s.row.ID, []uuid.UUID{id}, s.fold.first.time(), s.fold.last.time())
		if err != nil {
			return err
		}
		if stored, ok := reports[id]; ok {
			s.fold.reopen(id, stored)
		}
	}
	return nil
}

// readWhole reads the rows of which more than the sums change.
func (w *writing) readWhole(ctx context.Context) error {
	var refs []repo.SessionRef
	for _, p := range w.order {
		for s := range p.timeline.all() {
			if s.needsWhole() {
				refs = append(refs, repo.SessionRef{ProjectID: s.row.ProjectID, ID: s.row.ID})
			}
		}
	}
	if len(refs) == 0 {
		return nil
	}
	whole, err := w.tx.Sessions(ctx, refs)
	if err != nil {
		return err
	}
	for _, p := range w.order {
		for s := range p.timeline.all() {
			if row := whole[repo.SessionRef{ProjectID: s.row.ProjectID, ID: s.row.ID}]; row != nil && s.needsWhole() {
				s.row, s.isWhole = row, true
			}
		}
	}
	return nil
}

// collect writes down what changes for one person.
func (w *writing) collect(ctx context.Context, p *person) error {
	for s := range p.timeline.all() {
		if len(s.hits) == 0 && !s.isWhole {
			continue // nothing of it has changed
		}
		if s.isNew {
			if err := w.giveID(ctx, s); err != nil {
				return err
			}
		}
		s.finish()
		w.collectSession(s)
		for _, h := range s.hits {
			event := h.event
			event.SessionID, event.VisitorID = s.row.ID, s.visitor.ID
			w.changes.Events = append(w.changes.Events, event)
			w.change(s.visitor).see(h)
		}
	}
	w.collectVisitors(p)
	return nil
}

func (w *writing) collectSession(s *session) {
	switch {
	case s.isNew:
		w.changes.NewSessions = append(w.changes.NewSessions, s.row)
		w.change(s.visitor).row.SessionsAdded++
	case s.isWhole:
		w.changes.Rewritten = append(w.changes.Rewritten, s.row)
	default:
		w.changes.Sessions = append(w.changes.Sessions, s.row)
	}
	if s.originHit == nil {
		return
	}
	if hasCampaign(&s.originHit.origin) {
		w.change(s.visitor).came(s)
	}
	if ad := s.adOf(); ad != nil && !w.ingester.ads.knows(ad) {
		w.changes.Ads = append(w.changes.Ads, ad)
	}
}
