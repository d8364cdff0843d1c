package limit_test

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/limit"
)

// clock is a time that tests move.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.at.Store(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

// counting is a store that counts the questions it is asked.
type counting struct {
	limit.Store

	asked atomic.Int64
}

func (c *counting) TakeRateLimit(ctx context.Context, key string, now time.Time, every time.Duration, burst int) (bool, time.Duration, error) {
	c.asked.Add(1)
	return c.Store.TakeRateLimit(ctx, key, now, every, burst)
}

// retryAfter returns what the limiter says to a refused attempt, 0 if it was allowed.
func retryAfter(t *testing.T, err error) time.Duration {
	t.Helper()
	if err == nil {
		return 0
	}
	exceeded, ok := errors.AsType[*limit.Exceeded](err)
	if !ok {
		t.Fatalf("err = %v, want *limit.Exceeded", err)
	}
	return exceeded.RetryAfter
}

func TestEachRuleAllowsItsBurstThenOneEveryInterval(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	for _, c := range []struct {
		name  string
		rule  limit.Rule
		burst int
		every time.Duration
	}{
		{"login per account", limit.LoginPerAccount, 10, time.Minute},
		{"login per address", limit.LoginPerAddress, 30, 10 * time.Second},
		{"reset per address", limit.ResetPerAddress, 10, time.Minute},
		{"register per address", limit.RegisterPerAddress, 10, time.Minute},
		{"wrong key per address", limit.WrongKeyPerAddress, 60, 5 * time.Second},
		{"mail per account", limit.MailPerAccount, 1, time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			limiter := limit.New(store, clock.now)
			for i := range c.burst {
				if wait := retryAfter(t, limiter.Allow(t.Context(), c.rule, "x")); wait != 0 {
					t.Fatalf("attempt %d of %d was refused for %v", i+1, c.burst, wait)
				}
			}
			for range 2 { // asked of the database, then known
				if wait := retryAfter(t, limiter.Allow(t.Context(), c.rule, "x")); wait != c.every {
					t.Errorf("after the burst: retry after %v, want %v", wait, c.every)
				}
			}
			if wait := retryAfter(t, limiter.Allow(t.Context(), c.rule, "y")); wait != 0 {
				t.Errorf("another subject was refused for %v", wait)
			}
			clock.advance(c.every)
			if wait := retryAfter(t, limiter.Allow(t.Context(), c.rule, "x")); wait != 0 {
				t.Errorf("after %v: refused for %v", c.every, wait)
			}
			if wait := retryAfter(t, limiter.Allow(t.Context(), c.rule, "x")); wait != c.every {
				t.Errorf("after one more: retry after %v, want %v", wait, c.every)
			}
		})
	}
}

func TestReplicasCountAsOne(t *testing.T) {
	t.Parallel()
	url, clock := repotest.DatabaseURL(t), newClock()
	var allowed atomic.Int64
	var callers sync.WaitGroup
	for range 2 {
		limiter := limit.New(repotest.Open(t, url), clock.now)
		for range 25 {
			callers.Go(func() {
				if err := limiter.Allow(t.Context(), limit.LoginPerAccount, "ada@example.com"); err == nil {
					allowed.Add(1)
				}
			})
		}
	}
	callers.Wait()
	if n := allowed.Load(); n != 10 {
		t.Errorf("%d attempts were allowed, want 10", n)
	}
}

func TestAFloodAsksTheDatabaseOnce(t *testing.T) {
	t.Parallel()
	clock := newClock()
	store := &counting{Store: repotest.Store(t)}
	limiter := limit.New(store, clock.now)
	if err := limiter.Check(limit.MailPerAccount, "x"); err != nil {
		t.Errorf("before any attempt: %v", err)
	}
	for range 1000 {
		_ = limiter.Allow(t.Context(), limit.MailPerAccount, "x")
	}
	if n := store.asked.Load(); n != 2 { // the one that was allowed, and the first that was not
		t.Errorf("the database was asked %d times, want 2", n)
	}
	if wait := retryAfter(t, limiter.Check(limit.MailPerAccount, "x")); wait != time.Minute {
		t.Errorf("known to be refused for %v, want a minute", wait)
	}
	clock.advance(time.Minute)
	if err := limiter.Check(limit.MailPerAccount, "x"); err != nil {
		t.Errorf("after a minute: %v", err)
	}
}

func TestAResetSubjectMayTryAgain(t *testing.T) {
	t.Parallel()
	limiter := limit.New(repotest.Store(t), newClock().now)
	for range 3 {
		if err := limiter.Allow(t.Context(), limit.MailPerAccount, "x"); err != nil {
			t.Fatal(err)
		}
		if err := limiter.Allow(t.Context(), limit.MailPerAccount, "x"); err == nil {
			t.Fatal("the second was allowed")
		}
		if err := limiter.Reset(t.Context(), limit.MailPerAccount, "x"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOnlySubjectsWithTheirWholeBurstAreDeleted(t *testing.T) {
	t.Parallel()
	clock := newClock()
	limiter := limit.New(repotest.Store(t), clock.now)
	for range 10 {
		if err := limiter.Allow(t.Context(), limit.LoginPerAccount, "x"); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		after time.Duration
		want  int64
	}{{9 * time.Minute, 0}, {2*time.Minute + time.Second, 1}} {
		clock.advance(step.after)
		if deleted, err := limiter.DeleteIdle(t.Context()); err != nil || deleted != step.want {
			t.Errorf("%v later: deleted %d, %v; want %d", step.after, deleted, err, step.want)
		}
	}
}

func TestTheStoresErrorIsNoRefusal(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	limiter := limit.New(store, newClock().now)
	for range 2 {
		err := limiter.Allow(t.Context(), limit.LoginPerAddress, "x")
		if _, refused := errors.AsType[*limit.Exceeded](err); err == nil || refused {
			t.Errorf("err = %v, want the store's", err)
		}
	}
}

func TestAddressesAreCountedByWhoHasThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"192.0.2.7":                "192.0.2.7",
		"::ffff:192.0.2.7":         "192.0.2.7",
		"2001:db8:1:2:3:4:5:6":     "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::1%eth": "2001:db8:1:2::/64",
		"2001:db8:1:3::1":          "2001:db8:1:3::/64",
		"::1":                      "::/64",
	} {
		if got := limit.Address(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s counts as %s, want %s", text, got, want)
		}
	}
	if got := limit.Address(netip.Addr{}); got != "invalid IP" {
		t.Errorf("an unknown address counts as %q", got)
	}
}

func TestAnAccountIsOneHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	if got := limit.Account(" Ada@Example.COM "); got != "ada@example.com" {
		t.Errorf("got %q", got)
	}
}

func TestTheTableHoldsNeitherAddressesNorEmails(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	limiter := limit.New(repotest.Open(t, url), newClock().now)
	long := strings.Repeat("long", 1000)
	for _, attempt := range []struct {
		rule    limit.Rule
		subject string
	}{
		{limit.LoginPerAccount, "ada@example.com"},
		{limit.LoginPerAddress, "192.0.2.77"},
		{limit.WrongKeyPerAddress, long},
	} {
		if err := limiter.Allow(t.Context(), attempt.rule, attempt.subject); err != nil {
			t.Fatal(err)
		}
	}
	dump := string(repotest.Dump(t, url))
	for _, secret := range []string{"ada", "192.0.2", "longlong"} {
		if strings.Contains(dump, secret) {
			t.Errorf("%q is in the database", secret)
		}
	}
	if !strings.Contains(dump, "login_account:") {
		t.Error("the rule cannot be told from the key")
	}
}

func BenchmarkARefusalThatIsKnown(b *testing.B) {
	limiter := limit.New(repotest.Store(b), newClock().now)
	for range 2 {
		_ = limiter.Allow(b.Context(), limit.MailPerAccount, "192.0.2.7")
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := limiter.Allow(b.Context(), limit.MailPerAccount, "192.0.2.7"); err == nil {
				b.Fatal("allowed")
			}
		}
	})
}

func BenchmarkAnAttemptThatIsAllowed(b *testing.B) {
	limiter := limit.New(repotest.Store(b), time.Now)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if err := limiter.Allow(b.Context(), limit.LoginPerAddress, strconv.Itoa(i)); err != nil {
			b.Fatal(err)
		}
	}
}

var _ limit.Store = (*repo.Store)(nil)
