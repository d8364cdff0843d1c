package ingest

import (
	"sync"

	"github.com/microtracker/microtracker/server/enrich"
)

// maxDevices bounds how many user agents are remembered.
const maxDevices = 4096

// devices remembers what user agents say: many visitors share one, and reading it is the dearest part of an event. Safe for
// concurrent use.
type devices struct {
	mu    sync.RWMutex
	known map[string]knownDevice
}

type knownDevice struct {
	device enrich.Device
	bot    enrich.BotReason
}

func newDevices() *devices {
	return &devices{known: make(map[string]knownDevice)}
}

func (d *devices) of(userAgent string) knownDevice {
	d.mu.RLock()
	found, ok := d.known[userAgent]
	d.mu.RUnlock()
	if ok {
		return found
	}
	found = knownDevice{
		device: enrich.ParseUserAgent(userAgent), bot: enrich.DetectBot(enrich.Hit{UserAgent: userAgent}),
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.known) >= maxDevices {
		clear(d.known) // a flood of made-up ones costs the others one reading each
	}
	d.known[userAgent] = found
	return found
}
