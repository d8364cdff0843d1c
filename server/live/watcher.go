package live

import "github.com/microtracker/microtracker/repo"

// Message is what a watcher is told: a snapshot with the events since the message before.
type Message struct {
	*Snapshot

	// Events are at most MaxEvents, by id.
	Events []repo.LiveEvent
	// Skipped is how many more there were.
	Skipped int64
	// Cursor is where to go on: an id of events.
	Cursor int64
}

// Watcher is told of a project until it is closed. It takes what is new when it has the time: a slow one costs nobody anything.
// One goroutine's at a time.
type Watcher struct {
	hub  *Hub
	room *room
	// cursor is the id of the last event that was told; nil: none was.
	cursor *int64
	// told is the last snapshot that was.
	told *Snapshot
}

// News is closed when there is something new.
func (w *Watcher) News() <-chan struct{} {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	if w.room.snapshot != nil && (w.told != w.room.snapshot || w.hasMore()) {
		now := make(chan struct{})
		close(now)
		return now
	}
	return w.room.news
}

func (w *Watcher) hasMore() bool {
	return w.cursor != nil && w.room.behind(*w.cursor) < len(w.room.events)
}

// Take returns what is new, or what there is; ok is false while nobody has looked yet. tooSlow says that events which the
// watcher should have been told of have been forgotten meanwhile: he reads more slowly than they come, for the whole window.
func (w *Watcher) Take() (message Message, tooSlow, ok bool) {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	r := w.room
	if r.snapshot == nil {
		return Message{}, false, false
	}
	begun := w.told != nil
	first := max(0, len(r.events)-MaxEvents)
	if w.cursor != nil {
		first = r.behind(*w.cursor)
	}
	tooSlow = begun && first == 0 && r.forgotten > *w.cursor
	events := r.events[first:min(first+MaxEvents, len(r.events))]
	message = Message{Snapshot: r.snapshot, Events: events, Cursor: r.lastID}
	for i := range events {
		if i > 0 || w.cursor != nil {
			message.Skipped += events[i].SkippedBefore
		}
	}
	if first+len(events) < len(r.events) { // there is more to be told
		message.Cursor = events[len(events)-1].ID
	}
	if w.cursor != nil {
		message.Cursor = max(message.Cursor, *w.cursor)
	}
	w.cursor, w.told = &message.Cursor, r.snapshot
	return message, tooSlow, true
}

// Close ends the watching.
func (w *Watcher) Close() { w.hub.leave(w.room) }
