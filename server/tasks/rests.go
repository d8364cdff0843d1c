package tasks

import (
	"maps"
	"sync"
	"time"
)

const (
	// restTimes is how many times as long a project is left alone as counting its marked days took, longestRest how long at most: what
	// questions need they count themselves.
	restTimes   = 20
	longestRest = 2 * time.Minute
)

// rests are until when projects are left alone. The zero value is ready. Safe for concurrent use.
type rests struct {
	mu    sync.Mutex
	until map[int64]time.Time
}

// over reports whether the project is not left alone.
func (r *rests) over(projectID int64, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !now.Before(r.until[projectID])
}

// begin leaves a project alone whose days took so long to count.
func (r *rests) begin(projectID int64, now time.Time, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.until == nil {
		r.until = map[int64]time.Time{}
	}
	maps.DeleteFunc(r.until, func(_ int64, until time.Time) bool { return now.After(until) })
	r.until[projectID] = now.Add(min(restTimes*took, longestRest))
}
