package repo_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
)

func TestABurstIsAllowedThenOneEveryInterval(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	const every, burst = 10 * time.Second, 3
	for i, step := range []struct {
		at         time.Duration
		allowed    bool
		retryAfter time.Duration
	}{
		{0, true, 0},
		{0, true, 0},
		{0, true, 0},
		{0, false, 10 * time.Second},
		{4 * time.Second, false, 6 * time.Second}, // the refused attempt changed nothing
		{10*time.Second - time.Microsecond, false, time.Microsecond},
		{10 * time.Second, true, 0},
		{10 * time.Second, false, 10 * time.Second},
		{35 * time.Second, true, 0}, // two and a half intervals have saved up two attempts
		{35 * time.Second, true, 0},
		{35 * time.Second, false, 5 * time.Second},
		{time.Hour, true, 0}, // no rest saves up more than a burst
		{time.Hour, true, 0},
		{time.Hour, true, 0},
		{time.Hour, false, 10 * time.Second},
	} {
		allowed, retryAfter, err := store.TakeRateLimit(t.Context(), "k", now.Add(step.at), every, burst)
		if err != nil || allowed != step.allowed || retryAfter != step.retryAfter {
			t.Errorf("step %d, after %v: %v, retry after %v, %v; want %v, %v", i, step.at, allowed, retryAfter, err, step.allowed, step.retryAfter)
		}
	}
}

func TestAKeysAttemptsAreNotAnothers(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	for _, key := range []string{"a", "b"} {
		if allowed, _, err := store.TakeRateLimit(t.Context(), key, now, time.Minute, 1); err != nil || !allowed {
			t.Errorf("%s: %v, %v", key, allowed, err)
		}
	}
}

func TestAClockBehindWaitsLongerAndAllowsNoMore(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	if allowed, _, err := store.TakeRateLimit(t.Context(), "k", now, time.Minute, 1); err != nil || !allowed {
		t.Fatalf("%v, %v", allowed, err)
	}
	allowed, retryAfter, err := store.TakeRateLimit(t.Context(), "k", now.Add(-time.Second), time.Minute, 1)
	if err != nil || allowed || retryAfter != 61*time.Second {
		t.Errorf("%v, retry after %v, %v", allowed, retryAfter, err)
	}
}

func TestOfManyAttemptsAtOnceExactlyABurstIsAllowed(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	replicas := []*repo.Store{repotest.Open(t, url), repotest.Open(t, url)}
	const burst, attempts = 7, 50
	for round := range 5 { // the first makes the row, the others meet it
		at := now.Add(time.Duration(round) * time.Hour)
		var allowed atomic.Int64
		var callers sync.WaitGroup
		start := make(chan struct{})
		for i := range attempts {
			callers.Go(func() {
				<-start
				ok, retryAfter, err := replicas[i%len(replicas)].TakeRateLimit(t.Context(), "k", at, time.Minute, burst)
				switch {
				case err != nil:
					t.Error(err)
				case ok:
					allowed.Add(1)
				case retryAfter != time.Minute:
					t.Errorf("retry after %v", retryAfter)
				}
			})
		}
		close(start)
		callers.Wait()
		if n := allowed.Load(); n != burst {
			t.Errorf("round %d: %d of %d were allowed, want %d", round, n, attempts, burst)
		}
	}
}

func TestARefusedAttemptWritesNothing(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	store, db := repotest.Open(t, url), openDatabase(t, url)
	// Where the row stands, and who has locked or replaced it.
	row := func() (version string) {
		if err := db.QueryRowContext(t.Context(), "SELECT concat_ws(' ', ctid, xmin, xmax, allowed_at) FROM rate_limits").Scan(&version); err != nil {
			t.Fatal(err)
		}
		return version
	}
	if allowed, _, err := store.TakeRateLimit(t.Context(), "k", now, time.Minute, 1); err != nil || !allowed {
		t.Fatalf("%v, %v", allowed, err)
	}
	before := row()
	if allowed, _, err := store.TakeRateLimit(t.Context(), "k", now, time.Minute, 1); err != nil || allowed {
		t.Fatalf("%v, %v", allowed, err)
	}
	if after := row(); after != before {
		t.Errorf("the row was %s and is %s", before, after)
	}
}

func TestAResetKeyHasItsBurstAgain(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	for range 2 {
		if allowed, _, err := store.TakeRateLimit(t.Context(), "k", now, time.Minute, 1); err != nil || !allowed {
			t.Fatalf("%v, %v", allowed, err)
		}
		if err := store.ResetRateLimit(t.Context(), "k"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOnlyIdleRateLimitsAreDeleted(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	for key, at := range map[string]time.Time{"old": now.Add(-time.Hour), "new": now} {
		if _, _, err := store.TakeRateLimit(t.Context(), key, at, time.Minute, 1); err != nil {
			t.Fatal(err)
		}
	}
	if deleted, err := store.DeleteIdleRateLimits(t.Context(), now); err != nil || deleted != 1 {
		t.Fatalf("deleted %d, %v; want the old one", deleted, err)
	}
	if allowed, _, err := store.TakeRateLimit(t.Context(), "new", now, time.Minute, 1); err != nil || allowed {
		t.Errorf("the new one was forgotten: %v, %v", allowed, err)
	}
}

func TestARateLimitThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	for _, c := range []struct {
		key   string
		every time.Duration
		burst int
	}{
		{"k", 0, 1},
		{"k", time.Second, 0},
		{strings.Repeat("k", 256), time.Second, 1},
	} {
		if allowed, _, err := store.TakeRateLimit(t.Context(), c.key, now, c.every, c.burst); allowed || !errors.Is(err, repo.ErrInvalid) {
			t.Errorf("%q, every %v, %d at once: %v, %v; want ErrInvalid", c.key, c.every, c.burst, allowed, err)
		}
	}
}
