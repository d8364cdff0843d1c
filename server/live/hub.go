// Package live tells many watchers who is on a project's site and what happens there, at the cost of one look a second for all
// of them.
package live

import (
	"cmp"
	"context"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
)

// Window is how recent a visitor's last event is while he counts as there (docs/metrics.md: live).
const Window = 5 * time.Minute

const (
	// channel is what replicas tell each other on that projects have new events: a replica's name and the projects' ids.
	channel = "microtracker_live"
	// maxNotified is how many projects one message names: it is shorter than the 8,000 bytes that NOTIFY takes.
	maxNotified = 350
	// lookTimeout bounds one look.
	lookTimeout = 20 * time.Second
	// notifyTimeout bounds one telling of the other replicas.
	notifyTimeout = 5 * time.Second
)

// Config is what a Hub needs. Store is required.
type Config struct {
	Store  *repo.Store
	Logger *slog.Logger
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// Every is how long there is between two looks at a project at least; default 1 s. A look that takes long is followed by a
	// pause four times as long, so that watching takes a fifth of a connection at most.
	Every time.Duration
	// Refresh is how long there is between two looks at most: visitors leave, and what other replicas tell may be lost;
	// default 5 s.
	Refresh time.Duration
}

// Hub keeps one room per watched project. Safe for concurrent use.
type Hub struct {
	Config

	// name tells this replica from the others.
	name string
	// keep is how many of the events of one look are kept.
	keep int
	// work counts the goroutines; done is closed when they shall end.
	work sync.WaitGroup
	done chan struct{}

	mu     sync.Mutex
	closed bool
	rooms  map[int64]*room
	// deaf ends the listening to other replicas; nil: nobody watches here.
	deaf context.CancelFunc
	// changed are the projects with new events that the other replicas have not been told of.
	changed map[int64]struct{}
	// telling says that they are about to be told.
	telling bool
}

// NewHub makes an empty hub. It does nothing until somebody watches, but for telling other replicas of what changes.
func NewHub(config Config) *Hub {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	config.Every = cmp.Or(config.Every, time.Second)
	config.Refresh = cmp.Or(config.Refresh, 5*time.Second)
	return &Hub{Config: config, name: uuid.NewString(), keep: MaxEvents, done: make(chan struct{}), rooms: map[int64]*room{}, changed: map[int64]struct{}{}}
}

// Watch begins to watch an opened project, with the events behind the cursor, or with the newest if there is none. Close the
// watcher when done.
func (h *Hub) Watch(project *repo.Project, cursor *int64) *Watcher {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.rooms[project.ID]
	if r == nil {
		ctx, stop := context.WithCancel(context.Background())
		r = newRoom(h, project, stop)
		if !h.closed {
			h.rooms[project.ID] = r
			h.work.Go(func() { r.serve(ctx) })
		}
		h.listen()
	}
	w := &Watcher{hub: h, room: r, cursor: cursor}
	r.watchers++
	return w
}

// leave ends a room that nobody watches.
func (h *Hub) leave(r *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.watchers--; r.watchers > 0 {
		return
	}
	r.stop()
	if h.rooms[r.project.ID] == r {
		delete(h.rooms, r.project.ID)
	}
	if len(h.rooms) == 0 && h.deaf != nil {
		h.deaf()
		h.deaf = nil
	}
}

// Watchers is how many watch.
func (h *Hub) Watchers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, r := range h.rooms {
		n += r.watchers
	}
	return n
}

// Changed says that the project has committed events on this replica. It never waits for the database.
func (h *Hub) Changed(projectID int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wake(projectID)
	h.changed[projectID] = struct{}{}
	if !h.telling && !h.closed {
		h.telling = true
		h.work.Go(h.tell)
	}
}

// wake has the project looked at. The caller has the lock.
func (h *Hub) wake(projectID int64) {
	if r := h.rooms[projectID]; r != nil {
		select {
		case r.changed <- struct{}{}:
		default: // it is to be looked at anyway
		}
	}
}

// tell tells the other replicas which projects have changed, at once and then once in a while for as long as there are any.
func (h *Hub) tell() {
	for {
		h.mu.Lock()
		ids := make([]string, 0, len(h.changed))
		for id := range h.changed {
			if len(ids) < maxNotified {
				ids = append(ids, strconv.FormatInt(id, 10))
				delete(h.changed, id)
			}
		}
		if len(ids) == 0 || h.closed {
			h.telling = false
			h.mu.Unlock()
			return
		}
		h.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), notifyTimeout)
		if err := h.Store.Notify(ctx, channel, h.name+" "+strings.Join(ids, " ")); err != nil {
			h.Logger.DebugContext(ctx, "could not tell the other replicas of events; they look by themselves", "error", err)
		}
		cancel()
		pause := time.NewTimer(h.Every)
		select {
		case <-h.done:
			pause.Stop()
		case <-pause.C:
		}
	}
}

// listen hears the other replicas. The caller has the lock.
func (h *Hub) listen() {
	if h.deaf != nil || h.closed {
		return
	}
	ctx, deaf := context.WithCancel(context.Background())
	h.deaf = deaf
	h.work.Go(func() {
		h.Store.Listen(ctx, channel, repo.Listener{
			Connected: func() {
				h.mu.Lock()
				defer h.mu.Unlock()
				for id := range h.rooms { // what was told before was not heard
					h.wake(id)
				}
			},
			Received: h.hear,
			Lost: func(err error) {
				h.Logger.DebugContext(ctx, "the other replicas are not heard; looking now and then", "error", err)
			},
		})
	})
}

// hear wakes the rooms of the projects that another replica tells of.
func (h *Hub) hear(payload string) {
	words := strings.Fields(payload)
	if len(words) == 0 || words[0] == h.name {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, word := range words[1:] {
		if id, err := strconv.ParseInt(word, 10, 64); err == nil {
			h.wake(id)
		}
	}
}

// Close ends all rooms. Watchers hear nothing more.
func (h *Hub) Close() {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		close(h.done)
	}
	for _, r := range h.rooms {
		r.stop()
	}
	if h.deaf != nil {
		h.deaf()
		h.deaf = nil
	}
	h.mu.Unlock()
	h.work.Wait()
}
