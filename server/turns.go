package server

import (
	"context"
	"sync"

	"connectrpc.com/connect/v2"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

const (
	// reportsAtOnce is how many questions of one project are computed at once, maxWaitingReports how many more may wait.
	reportsAtOnce     = 4
	maxWaitingReports = 60
)

// turns bounds what is computed at once for one project, so that none takes the database from the others. The zero value is
// ready.
type turns struct {
	mu       sync.Mutex
	projects map[int64]*lane
}

// lane is one project's.
type lane struct {
	free chan struct{}
	// users are those that compute and those that wait.
	users int
}

// enter waits for the project's turn, and returns a function that ends it. RESOURCE_EXHAUSTED when too many wait already.
func (t *turns) enter(ctx context.Context, projectID int64) (leave func(), err error) {
	t.mu.Lock()
	if t.projects == nil {
		t.projects = map[int64]*lane{}
	}
	mine := t.projects[projectID]
	if mine == nil {
		mine = &lane{free: make(chan struct{}, reportsAtOnce)}
		t.projects[projectID] = mine
	}
	if mine.users >= reportsAtOnce+maxWaitingReports {
		t.mu.Unlock()
		return nil, fail(connect.CodeResourceExhausted, microtrackerv1.ErrorReason_ERROR_REASON_OVERLOADED,
			"too many questions about this project are being answered: try again in some seconds")
	}
	mine.users++
	t.mu.Unlock()
	gone := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if mine.users--; mine.users == 0 {
			delete(t.projects, projectID)
		}
	}
	select {
	case mine.free <- struct{}{}:
		return func() {
			<-mine.free
			gone()
		}, nil
	case <-ctx.Done():
		gone()
		return nil, ctx.Err()
	}
}
