package repo_test

import (
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
)

// keep stores a value of the project for life.
func keep(t *testing.T, store *repo.Store, key repo.CacheKey, value string, life time.Duration) {
	t.Helper()
	cached, err := store.Cached(t.Context(), key, life)
	if err != nil {
		t.Fatal(err)
	}
	if stored, err := store.StoreCached(t.Context(), key, cached.Generation, []byte(value), life); err != nil || !stored {
		t.Fatalf("stored %v, %v", stored, err)
	}
}

func TestAnErasureClearsTheCacheAndWhatIsBeingComputed(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	store := repotest.Open(t, url)
	project, other := repotest.Project(t, store), repotest.Project(t, store)
	repotest.Exec(t, url, "INSERT INTO visitors (project_id, visitor_key, first_seen_at, last_seen_at) VALUES ($1, 'v', now(), now())", project.ID)
	keep(t, store, project.CacheKey("visitors"), "v", time.Hour)
	keep(t, store, other.CacheKey("visitors"), "w", time.Hour)
	before, err := store.Cached(t.Context(), project.CacheKey("visitors"), time.Hour)
	if err != nil || string(before.Value) != "v" {
		t.Fatalf("before: %+v, %v", before, err)
	}

	erasure, err := project.EraseVisitor(t.Context(), repo.VisitorRef{Key: "v"}, now)
	if err != nil || erasure.DeletedRows["cache"] != 1 {
		t.Fatalf("erased %+v, %v; want one row of the cache", erasure, err)
	}
	if n := repotest.Number(t, url, "SELECT count(*) FROM cache WHERE starts_with(key, 'project:' || $1::bigint || ':')", project.ID); n != 0 {
		t.Errorf("%d rows of the cache are left", n)
	}
	stored, err := store.StoreCached(t.Context(), project.CacheKey("visitors"), before.Generation, []byte("v"), time.Hour)
	if err != nil || stored {
		t.Errorf("what was computed before was stored: %v, %v", stored, err)
	}
	if after, err := store.Cached(t.Context(), other.CacheKey("visitors"), time.Hour); err != nil || string(after.Value) != "w" {
		t.Errorf("the other project's value: %+v, %v", after, err)
	}
}

func TestTheCacheIsClearedAndTrimmed(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	store := repotest.Open(t, url)
	project := repotest.Project(t, store)
	for i, life := range []time.Duration{time.Minute, time.Minute, 2 * time.Hour, 3 * time.Hour, 4 * time.Hour} {
		keep(t, store, project.CacheKey(string(rune('a'+i))), "value", life)
	}
	repotest.Exec(t, url, `CREATE OR REPLACE FUNCTION epoch_now() RETURNS bigint LANGUAGE sql STABLE
		AS 'SELECT floor(extract(epoch FROM now()))::bigint + 3600'`)
	for i, want := range []int64{1, 1, 0} {
		if n, err := store.DeleteExpiredCache(t.Context(), 1); err != nil || n != want {
			t.Fatalf("run %d deleted %d, %v; want %d", i, n, err, want)
		}
	}
	// What is left are three values and their generation, which expires last.
	for i, want := range []int64{1, 1, 0} {
		if n, err := store.TrimCache(t.Context(), 2, 1); err != nil || n != want {
			t.Fatalf("run %d trimmed %d, %v; want %d", i, n, err, want)
		}
	}
	if cached, err := store.Cached(t.Context(), project.CacheKey("e"), 4*time.Hour); err != nil || !cached.Found {
		t.Errorf("the value that expires last: %+v, %v", cached, err)
	}
	// A clock that is put back by days leaves values that hold for longer than any may.
	repotest.Exec(t, url, `CREATE OR REPLACE FUNCTION epoch_now() RETURNS bigint LANGUAGE sql STABLE
		AS 'SELECT floor(extract(epoch FROM now()))::bigint - 3 * 86400'`)
	if n, err := store.DeleteExpiredCache(t.Context(), 10); err != nil || n != 2 {
		t.Errorf("deleted %d, %v; want the value and its generation", n, err)
	}
}
