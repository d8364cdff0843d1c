package server

import (
	"sync"
	"time"

	"github.com/microtracker/microtracker/repo"
)

const (
	// inboxFor is how long an inbox is kept. What it says is checked again by the transaction that stores its events, and
	// nothing is refused by an inbox that was kept.
	inboxFor = 10 * time.Second
	// maxInboxes bounds how many are kept.
	maxInboxes = 10_000
)

// inboxes keeps the inboxes of public keys, so that not each event asks for its project. Safe for concurrent use.
type inboxes struct {
	now func() time.Time

	mu   sync.RWMutex
	kept map[string]keptInbox
}

type keptInbox struct {
	*repo.Inbox

	until time.Time
}

func newInboxes(now func() time.Time) *inboxes {
	return &inboxes{now: now, kept: map[string]keptInbox{}}
}

// get returns the inbox of a public key, nil if it is not kept.
func (i *inboxes) get(key string) *repo.Inbox {
	i.mu.RLock()
	defer i.mu.RUnlock()
	if found, ok := i.kept[key]; ok && i.now().Before(found.until) {
		return found.Inbox
	}
	return nil
}

func (i *inboxes) put(key string, inbox *repo.Inbox) {
	until := i.now().Add(inboxFor)
	if !inbox.WorksUntil.IsZero() && inbox.WorksUntil.Before(until) {
		until = inbox.WorksUntil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.kept) >= maxInboxes {
		clear(i.kept)
	}
	i.kept[key] = keptInbox{Inbox: inbox, until: until}
}

func (i *inboxes) forget(key string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.kept, key)
}
