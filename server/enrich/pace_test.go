package enrich_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/microtracker/microtracker/server/enrich"
)

// noon is the beginning of a minute.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestAPersonIsNotTooFast(t *testing.T) {
	t.Parallel()
	pace := enrich.NewPace()
	key := pace.Key(1, "visitor")
	for second := range 3600 {
		// Two page views a second, less two in a hundred, with four other events each, for an hour.
		views := 2
		if second%50 == 0 {
			views = 0
		}
		if pace.Seen(key, noon.Add(time.Duration(second)*time.Second), 5*views-second%2, views) {
			t.Fatalf("too fast after %d seconds", second)
		}
	}
}

func TestWhoIsTooFastIsAProgramForTenMinutes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		events, views int // in each of 60 seconds
		want          int // the second in which it is known
	}{
		"events":           {20, 0, 30},
		"page views":       {5, 5, 24},
		"a batch":          {1000, 0, 0},
		"a batch of views": {121, 121, 0},
		"just enough":      {10, 2, -1},
		"negative":         {-5, -5, -1},
		"far too many":     {1 << 62, 0, 0},
	} {
		pace := enrich.NewPace()
		known := -1
		for second := range 60 {
			if pace.Seen(7, noon.Add(time.Duration(second)*time.Second), test.events, test.views) && known < 0 {
				known = second
			}
		}
		if known != test.want {
			t.Errorf("%s: known in second %d, want %d", name, known, test.want)
		}
		if test.want < 0 {
			continue
		}
		for _, later := range []time.Duration{2 * time.Minute, 5 * time.Minute, 9 * time.Minute} {
			if !pace.Seen(7, noon.Add(later), 1, 1) {
				t.Errorf("%s: forgiven after %s", name, later)
			}
		}
		if pace.Seen(7, noon.Add(12*time.Minute), 1, 1) {
			t.Errorf("%s: never forgiven", name)
		}
		if pace.Seen(8, noon, 1, 1) {
			t.Errorf("%s: and another visitor as well", name)
		}
	}
}

func TestAFloodAcrossTwoMinutesIsSeen(t *testing.T) {
	t.Parallel()
	pace := enrich.NewPace()
	if pace.Seen(1, noon.Add(55*time.Second), 400, 0) {
		t.Error("400 are not too many")
	}
	if !pace.Seen(1, noon.Add(65*time.Second), 400, 0) {
		t.Error("800 in ten seconds")
	}
	// Hits that arrive in another order than they were stamped.
	late := enrich.NewPace()
	if late.Seen(1, noon.Add(61*time.Second), 400, 0) || !late.Seen(1, noon.Add(59*time.Second), 400, 0) {
		t.Error("800 in two seconds")
	}
}

func TestAClockSetRightDoesNotHoldAVisitor(t *testing.T) {
	t.Parallel()
	pace := enrich.NewPace()
	if !pace.Seen(1, noon.Add(24*time.Hour), 1000, 0) || pace.Seen(1, noon, 1, 1) {
		t.Error("held by a flood of tomorrow")
	}
	for _, at := range []time.Time{{}, time.Unix(-1, 0), time.Unix(1<<40, 0)} {
		if pace.Seen(2, at, 1, 1) {
			t.Error(at)
		}
	}
}

func TestAFloodIsNotForgottenAmongManyVisitors(t *testing.T) {
	t.Parallel()
	pace := enrich.NewPace()
	flood := pace.Key(1, "flood")
	pace.Seen(flood, noon, 10_000, 0)
	slow := pace.Key(1, "not yet a flood")
	seen := false
	for i := range 400_000 {
		at := noon.Add(time.Duration(i) * 150 * time.Microsecond)
		pace.Seen(pace.Key(2, strconv.Itoa(i)), at, 3, 1)
		if i%400 == 0 {
			seen = pace.Seen(slow, at, 1, 0) || seen
		}
	}
	if !pace.Seen(flood, noon.Add(2*time.Minute), 1, 0) {
		t.Error("the flood is forgotten")
	}
	if !seen {
		t.Error("the flood that began among so many visitors was not seen")
	}
}

func TestKeysDependOnTheProject(t *testing.T) {
	t.Parallel()
	pace := enrich.NewPace()
	first, again := pace.Key(1, "a"), pace.Key(1, "a")
	if first != again || first == pace.Key(2, "a") || first == pace.Key(1, "b") {
		t.Error("keys")
	}
	if first == enrich.NewPace().Key(1, "a") {
		t.Error("a key can be foretold")
	}
}

func TestPaceCountsWhatComesAtOnce(t *testing.T) {
	t.Parallel()
	pace := enrich.NewPace()
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			for range 100 {
				if pace.Seen(1, noon, 1, 0) {
					t.Error("600 are not too many")
				}
			}
		})
	}
	group.Wait()
	if !pace.Seen(1, noon, 1, 0) {
		t.Error("601 are")
	}
}

func BenchmarkPace(b *testing.B) {
	pace := enrich.NewPace()
	keys := make([]uint64, 1<<17)
	for i := range keys {
		keys[i] = pace.Key(1, strconv.Itoa(i))
	}
	b.Run("Key", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			pace.Key(1, "0123456789abcdef0123456789abcdef")
		}
	})
	b.Run("one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			pace.Seen(1, noon, 1, 1)
		}
	})
	b.Run("many", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			pace.Seen(keys[i%len(keys)], noon, 1, 1)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				pace.Seen(keys[i%len(keys)], noon, 1, 1)
			}
		})
	})
}
