package cache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/cache"
)

// replicas are two caches on one database, as two servers have them, and a project.
type replicas struct {
	url          string
	here, there  *cache.Cache
	project      *repo.Project
	computations atomic.Int64
}

func newReplicas(t *testing.T, config cache.Config) *replicas {
	t.Helper()
	r := &replicas{url: repotest.DatabaseURL(t)}
	stores := [2]*repo.Store{repotest.Open(t, r.url), repotest.Open(t, r.url)}
	caches := [2]*cache.Cache{}
	for i, store := range stores {
		config.Store = store
		caches[i] = cache.New(config)
	}
	r.here, r.there, r.project = caches[0], caches[1], repotest.Project(t, stores[0])
	return r
}

// answer computes a value and counts that it did.
func (r *replicas) answer(value string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) {
		r.computations.Add(1)
		return []byte(value), nil
	}
}

func get(t *testing.T, c *cache.Cache, key repo.CacheKey, compute func(context.Context) ([]byte, error)) string {
	t.Helper()
	value, err := c.Get(t.Context(), key, time.Minute, compute)
	if err != nil {
		t.Fatal(err)
	}
	return string(value)
}

// blocked computes a value when it is let go, and says when it has begun.
type blocked struct{ begun, letGo chan struct{} }

func newBlocked() *blocked { return &blocked{begun: make(chan struct{}), letGo: make(chan struct{})} }

func (b *blocked) computes(value string, err error) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) {
		close(b.begun)
		select {
		case <-b.letGo:
			return []byte(value), err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// outcome is what Get returned.
type outcome struct {
	value string
	err   error
}

// goGet asks beside the test.
func goGet(ctx context.Context, c *cache.Cache, key repo.CacheKey, compute func(context.Context) ([]byte, error)) <-chan outcome {
	out := make(chan outcome, 1)
	go func() {
		value, err := c.Get(ctx, key, time.Minute, compute)
		out <- outcome{string(value), err}
	}()
	return out
}

func TestAValueIsComputedOnceAndSharedWithTheOtherReplica(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"text": `{"visitors":1}`, "empty": "", "bytes": "\x00\xff\x80"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReplicas(t, cache.Config{})
			key := r.project.CacheKey("report")
			for _, c := range []*cache.Cache{r.here, r.there, r.here, r.there} {
				if got := get(t, c, key, r.answer(value)); got != value {
					t.Errorf("got %q, want %q", got, value)
				}
			}
			if n := r.computations.Load(); n != 1 {
				t.Errorf("computed %d times, want once", n)
			}
			if here, there := r.here.Stats(), r.there.Stats(); here.FromMemory != 1 || there.FromMemory != 1 || there.FromTable != 1 {
				t.Errorf("stats here %+v, there %+v", here, there)
			}
		})
	}
}

func TestKeysDoNotMeet(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, cache.Config{})
	store := repotest.Open(t, r.url)
	long := string(bytes.Repeat([]byte("a"), 1000))
	keys := []repo.CacheKey{
		r.project.CacheKey("a"), repotest.Project(t, store).CacheKey("a"), store.CacheKey("a"), r.project.CacheKey("generation"),
		r.project.CacheKey(long), r.project.CacheKey(long + "b"), r.project.CacheKey("\xff"), r.project.CacheKey("a\x00"),
	}
	for range 2 {
		for i, key := range keys {
			if got, want := get(t, r.here, key, r.answer(strconv.Itoa(i))), strconv.Itoa(i); got != want {
				t.Errorf("%s: got %s, want %s", key, got, want)
			}
		}
	}
	if n := r.computations.Load(); n != int64(len(keys)) {
		t.Errorf("computed %d times, want %d", n, len(keys))
	}
}

func TestFiftyCallersOfTwoReplicasComputeOnce(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, cache.Config{})
	key, block := r.project.CacheKey("report"), newBlocked()
	first := goGet(t.Context(), r.here, key, block.computes("1", nil))
	<-block.begun
	var callers sync.WaitGroup
	for i := range 50 {
		c := r.here
		if i%2 == 0 {
			c = r.there
		}
		callers.Go(func() {
			if value, err := c.Get(t.Context(), key, time.Minute, r.answer("2")); err != nil || string(value) != "1" {
				t.Errorf("got %q, %v", value, err)
			}
		})
	}
	close(block.letGo)
	callers.Wait()
	if got := <-first; got.value != "1" || got.err != nil {
		t.Errorf("the first caller got %+v", got)
	}
	if n := r.computations.Load(); n != 0 {
		t.Errorf("computed %d times more, want none", n)
	}
}

func TestAnInvalidationReachesTheMemoryOfTheOtherReplica(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, cache.Config{MemoryLife: time.Hour})
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { r.there.Run(ctx) })
	defer running.Wait()
	defer stop()
	key, others := r.project.CacheKey("report"), repotest.Project(t, repotest.Open(t, r.url)).CacheKey("report")
	get(t, r.there, key, r.answer("old"))
	get(t, r.there, others, r.answer("old"))

	if err := r.project.InvalidateCache(t.Context()); err != nil {
		t.Fatal(err)
	}
	for get(t, r.there, key, r.answer("new")) != "new" { // until it has heard
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
	}
	if got := get(t, r.there, others, r.answer("new")); got != "old" {
		t.Error("another project's value has gone with it")
	}

	// After the connection has broken, it cannot know what it has not heard.
	repotest.Exec(t, r.url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'microtracker listen' AND datname = current_database()")
	repotest.Exec(t, r.url, "DELETE FROM cache")
	for get(t, r.there, others, r.answer("newest")) != "newest" {
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWithoutNotificationsMemoryIsShort(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, cache.Config{MemoryLife: time.Nanosecond})
	key := r.project.CacheKey("report")
	get(t, r.here, key, r.answer("old"))
	if err := r.project.InvalidateCache(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := get(t, r.here, key, r.answer("new")); got != "new" {
		t.Errorf("got %q after the invalidation", got)
	}
}

func TestAStaleComputationIsNotKept(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, cache.Config{})
	key, block := r.project.CacheKey("report"), newBlocked()
	before := goGet(t.Context(), r.here, key, block.computes("stale", nil))
	<-block.begun
	if err := r.project.InvalidateCache(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Who asks now on the other replica does not wait for it.
	if got := get(t, r.there, key, r.answer("fresh")); got != "fresh" {
		t.Errorf("got %q after the invalidation", got)
	}
	close(block.letGo)
	if got := <-before; got.value != "stale" || got.err != nil {
		t.Errorf("who asked before got %+v", got)
	}
	if stats := r.here.Stats(); stats.Stale != 1 || stats.MemoryEntries != 0 {
		t.Errorf("stats %+v", stats)
	}
	if got := get(t, r.here, key, r.answer("computed again")); got != "fresh" {
		t.Errorf("then got %q, want the value of the other replica", got)
	}
}

func TestAnErrorGoesToAllWhoWaitAndIsNotKept(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, cache.Config{})
	key, block, boom := r.project.CacheKey("report"), newBlocked(), errors.New("boom")
	first := goGet(t.Context(), r.here, key, block.computes("", boom))
	<-block.begun
	second := goGet(t.Context(), r.here, key, block.computes("", boom)) // would close a closed channel if it ran as well
	close(block.letGo)
	if got := <-first; !errors.Is(got.err, boom) {
		t.Errorf("the first got %+v", got)
	}
	if got := <-second; got.err == nil {
		t.Errorf("the second got %+v", got)
	}
	if got := get(t, r.here, key, r.answer("well")); got != "well" {
		t.Errorf("then got %q", got)
	}
}

func TestAPanicIsAnError(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, cache.Config{})
	key := r.project.CacheKey("report")
	if _, err := r.here.Get(t.Context(), key, time.Minute, func(context.Context) ([]byte, error) { panic("boom") }); err == nil {
		t.Error("no error")
	}
	if got := get(t, r.there, key, r.answer("well")); got != "well" { // the lock is free
		t.Errorf("then got %q", got)
	}
}

func TestWhoGoesDoesNotEndTheComputation(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, cache.Config{})
	key, block := r.project.CacheKey("report"), newBlocked()
	ctx, leave := context.WithCancel(t.Context())
	first := goGet(ctx, r.here, key, block.computes("value", nil))
	<-block.begun
	leave()
	if got := <-first; !errors.Is(got.err, context.Canceled) {
		t.Errorf("who left got %+v", got)
	}
	second := goGet(t.Context(), r.here, key, r.answer("another"))
	close(block.letGo)
	if got := <-second; got.value != "value" || got.err != nil {
		t.Errorf("who stayed got %+v", got)
	}
}

func TestAComputationHasItsOwnTimeout(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, cache.Config{ComputeTimeout: time.Millisecond})
	_, err := r.here.Get(t.Context(), r.project.CacheKey("report"), time.Minute, newBlocked().computes("", nil))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// lockFor locks a value as a replica that is gone has.
func (r *replicas) lockFor(t *testing.T, store *repo.Store, key repo.CacheKey, life time.Duration) {
	t.Helper()
	cached, err := store.Cached(t.Context(), key, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, held, err := store.AcquireLock(t.Context(), "cache:"+cached.Generation+":"+key.String(), "who is gone", life); err != nil || !held {
		t.Fatalf("held %v, %v", held, err)
	}
}

func TestAKilledHolderIsReplacedWhenHisLockEnds(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, cache.Config{Patience: time.Hour})
	store, key := repotest.Open(t, r.url), r.project.CacheKey("report")
	r.lockFor(t, store, key, 6*time.Second)
	waiting := goGet(t.Context(), r.here, key, r.answer("value"))
	repotest.Exec(t, r.url, `CREATE OR REPLACE FUNCTION epoch_now() RETURNS bigint LANGUAGE sql STABLE
		AS 'SELECT floor(extract(epoch FROM now()))::bigint + 7'`)
	if got := <-waiting; got.value != "value" || got.err != nil {
		t.Errorf("got %+v", got)
	}
	if got := get(t, r.there, key, r.answer("another")); got != "value" {
		t.Errorf("the other replica got %q", got)
	}
}

func TestWhoWaitsTooLongComputes(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, cache.Config{Patience: time.Nanosecond})
	store, key := repotest.Open(t, r.url), r.project.CacheKey("report")
	r.lockFor(t, store, key, 6*time.Second)
	if got := get(t, r.here, key, r.answer("value")); got != "value" {
		t.Errorf("got %q", got)
	}
	if stats := r.here.Stats(); stats.Impatient != 1 {
		t.Errorf("stats %+v", stats)
	}
	if got := get(t, r.there, key, r.answer("another")); got != "value" {
		t.Errorf("the other replica got %q", got)
	}
}

func TestWithoutADatabaseValuesAreComputed(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, cache.Config{})
	away, err := repo.Open("postgres://nobody@127.0.0.1:1/nothing", repo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = away.Close() })
	c := cache.New(cache.Config{Store: away})
	for range 2 {
		if got := get(t, c, r.project.CacheKey("report"), r.answer("value")); got != "value" {
			t.Errorf("got %q", got)
		}
	}
	if n := r.computations.Load(); n != 1 {
		t.Errorf("computed %d times, want once: memory has it", n)
	}
}

func TestAValueDoesNotOutliveAClockPutBack(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, cache.Config{MemoryLife: time.Nanosecond})
	key := r.project.CacheKey("report")
	for i, hours := range []int{0, -1, 0} { // from each to the next the clock jumps by an hour
		repotest.Exec(t, r.url, fmt.Sprintf(`CREATE OR REPLACE FUNCTION epoch_now() RETURNS bigint LANGUAGE sql STABLE
			AS 'SELECT floor(extract(epoch FROM now()))::bigint + %d * 3600'`, hours))
		want := fmt.Sprint("value ", i)
		if got := get(t, r.here, key, r.answer(want)); got != want {
			t.Errorf("got %q after the clock jumped, want %q", got, want)
		}
		if got := get(t, r.there, key, r.answer("another")); got != want {
			t.Errorf("the other replica got %q, want %q", got, want)
		}
	}
}

func TestLargeValuesAreAnsweredAndNotKept(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, cache.Config{MaxValue: 10})
	key := r.project.CacheKey("report")
	for i, c := range []*cache.Cache{r.here, r.there, r.here} {
		if got := get(t, c, key, r.answer("12345678901")); got != "12345678901" {
			t.Errorf("got %q", got)
		}
		if n := r.computations.Load(); n != int64(i+1) {
			t.Errorf("computed %d times, want %d", n, i+1)
		}
	}
	if size := repotest.Number(t, r.url, "SELECT max(length(value)) FROM cache"); size > 40 {
		t.Errorf("the table has a value of %d characters", size)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, cache.Config{MemoryEntries: 5, MemoryBytes: 3000, MemoryLife: time.Hour})
	for i := range 20 {
		get(t, r.here, r.project.CacheKey(fmt.Sprint("small ", i)), r.answer("value"))
	}
	if stats := r.here.Stats(); stats.MemoryEntries != 5 {
		t.Errorf("%d entries are kept, want 5", stats.MemoryEntries)
	}
	for i := range 3 {
		get(t, r.here, r.project.CacheKey(fmt.Sprint("large ", i)), r.answer(string(make([]byte, 1000))))
	}
	get(t, r.here, r.project.CacheKey("too large"), r.answer(string(make([]byte, 3000))))
	if stats := r.here.Stats(); stats.MemoryEntries != 2 || stats.MemoryBytes > 3000 {
		t.Errorf("stats %+v, want two entries of less than 3000 bytes", stats)
	}
}
