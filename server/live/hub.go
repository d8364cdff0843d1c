// Package live tells many watchers who is on a project's site, at the cost of one query for all of them.
package live

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/microtracker/microtracker/repo"
)

// Window is how recent a visitor's last event is while he counts as there (docs/metrics.md: live).
const Window = 5 * time.Minute

const (
	// settle is how long to gather changes before looking again.
	settle = 250 * time.Millisecond
	// refresh is how often to look without having heard of a change: visitors leave, and other replicas take events in.
	refresh = 5 * time.Second
	// queryTimeout bounds one look.
	queryTimeout = 10 * time.Second
	// maxPages is how many pages a snapshot names.
	maxPages = 10
)

// Snapshot is who was there at one moment.
type Snapshot struct {
	AsOf time.Time
	repo.Live
}

// Hub keeps one room per watched project. Safe for concurrent use.
type Hub struct {
	logger *slog.Logger
	now    func() time.Time

	mu    sync.Mutex
	rooms map[int64]*room
}

// room is one project's watchers and the loop that serves them.
type room struct {
	project *repo.Project
	changed chan struct{}
	stop    context.CancelFunc

	watchers map[*Watcher]struct{}
	last     *Snapshot
}

// Watcher receives snapshots until it is closed.
type Watcher struct {
	// C has the newest snapshot: a slow reader misses those between, and never holds anybody up.
	C chan Snapshot

	hub  *Hub
	room *room
}

// NewHub makes an empty hub.
func NewHub(logger *slog.Logger, now func() time.Time) *Hub {
	return &Hub{logger: logger, now: now, rooms: map[int64]*room{}}
}

// Watch begins to watch an opened project. The first snapshot comes at once. Close the watcher when done.
func (h *Hub) Watch(project *repo.Project) *Watcher {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.rooms[project.ID]
	if r == nil {
		ctx, stop := context.WithCancel(context.Background())
		r = &room{project: project, changed: make(chan struct{}, 1), stop: stop, watchers: map[*Watcher]struct{}{}}
		h.rooms[project.ID] = r
		go h.serve(ctx, r)
	}
	w := &Watcher{C: make(chan Snapshot, 1), hub: h, room: r}
	r.watchers[w] = struct{}{}
	if r.last != nil {
		w.C <- *r.last
	}
	return w
}

// Close ends the watching.
func (w *Watcher) Close() {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	delete(w.room.watchers, w)
	if len(w.room.watchers) == 0 && w.hub.rooms[w.room.project.ID] == w.room {
		delete(w.hub.rooms, w.room.project.ID)
		w.room.stop()
	}
}

// Watchers is how many watch.
func (h *Hub) Watchers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, r := range h.rooms {
		n += len(r.watchers)
	}
	return n
}

// Changed says that the project has committed events. It never blocks.
func (h *Hub) Changed(projectID int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r := h.rooms[projectID]; r != nil {
		select {
		case r.changed <- struct{}{}:
		default: // it is to look again anyway
		}
	}
}

func (h *Hub) serve(ctx context.Context, r *room) {
	ticker := time.NewTicker(refresh)
	defer ticker.Stop()
	for {
		h.look(ctx, r)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-r.changed:
			select {
			case <-ctx.Done():
				return
			case <-time.After(settle):
			}
		}
	}
}

// look takes a snapshot and hands it to every watcher.
func (h *Hub) look(ctx context.Context, r *room) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	now := h.now()
	found, err := r.project.Live(ctx, now.Add(-Window), maxPages)
	if err != nil {
		if ctx.Err() == nil {
			h.logger.WarnContext(ctx, "could not look who is live; trying again", "project_id", r.project.ID, "error", err)
		}
		return
	}
	snapshot := Snapshot{AsOf: now, Live: *found}
	h.mu.Lock()
	defer h.mu.Unlock()
	r.last = &snapshot
	for w := range r.watchers {
		select {
		case <-w.C: // the one that was not read in time
		default:
		}
		w.C <- snapshot
	}
}
