package rollup

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/microtracker/microtracker/repo"
)

func ids(numbers ...int64) []byte {
	var out []byte
	for _, n := range numbers {
		out = binary.BigEndian.AppendUint64(out, uint64(n))
	}
	return out
}

// counted is an hour with something of everything.
func counted() *part {
	c := newCollector()
	for _, e := range []repo.EventCount{
		{Type: "page_view", Key: "/", Events: 4, Visitors: ids(9, 3, 9, 1<<40)},
		{Type: "page_view", Key: "/b", Events: 1, Visitors: ids(3)},
		{Type: "page_view", Events: 1, Visitors: ids(4)},
		{Type: "click", Key: "Buy", Events: 2, Visitors: ids(3, 3)},
		{Type: "click", Key: "Buy", Marked: 1, Events: 1, Visitors: ids(9)},
		{Type: "exit", Events: 1, Visitors: ids(5)},
	} {
		c.addEvents(&e)
	}
	c.addSessions(&repo.SessionCount{Source: "Google", Channel: "Organic Search", Device: "mobile", Sessions: 2, Bounces: 1, DurationSeconds: 61, EngagedMS: 4000, Scored: 1, Score: 5050})
	c.addSessions(&repo.SessionCount{IsBot: true, BotReason: "user_agent", Sessions: 7, Bounces: 7})
	return c.finish()
}

func TestAPartIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]*part{"empty": newCollector().finish(), "full": counted()} {
		got, err := decodePart(want.encode())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(part{}, pathCount{}, ctaCount{}, sessionSums{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-written +read):\n%s", name, diff)
		}
	}
}

func TestTheSamePartIsAlwaysWrittenInTheSameWay(t *testing.T) {
	t.Parallel()
	want := string(counted().encode())
	for range 20 {
		if string(counted().encode()) != want {
			t.Fatal("written in two ways")
		}
	}
}

func TestWhatIsNoPartIsRefused(t *testing.T) {
	t.Parallel()
	whole := counted().encode()
	for n := range whole {
		if _, err := decodePart(whole[:n]); !errors.Is(err, errPart) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
	}
	if _, err := decodePart(append(whole, 0)); !errors.Is(err, errPart) {
		t.Errorf("one byte more: %v", err)
	}
	whole[0]++
	if _, err := decodePart(whole); !errors.Is(err, errPart) {
		t.Errorf("another version: %v", err)
	}
}

func FuzzDecodePart(f *testing.F) {
	f.Add(counted().encode())
	f.Add([]byte{partVersion, 1, 0x80})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := decodePart(data)
		if err != nil {
			return
		}
		total := newDayTotal()
		if total.add(p) == nil && !total.isEmpty() {
			_, _ = total.row("UTC")
		}
	})
}

func TestTheLongestListsAreCutInOneOrder(t *testing.T) {
	t.Parallel()
	c := newCollector()
	for i := range 3 * maxTop {
		path := string(rune('a'+i%26)) + string(rune('a'+i/26))
		c.addEvents(&repo.EventCount{Type: "page_view", Key: path, Events: int64(i % 2), Visitors: ids(1)})
		c.addEvents(&repo.EventCount{Type: "click", Key: path, Events: int64(i % 2), Visitors: ids(1)})
		c.addSessions(&repo.SessionCount{Source: path, Sessions: int64(i % 2)})
	}
	p := c.finish()
	total := newDayTotal()
	if err := total.add(p); err != nil {
		t.Fatal(err)
	}
	paths, err := total.topPaths()
	if err != nil {
		t.Fatal(err)
	}
	ctas, sources := total.topCTAs(), total.topSources()
	if len(paths) != maxTop || len(ctas) != maxTop || len(sources) != maxTop {
		t.Fatalf("%d paths, %d calls to action, %d sources, want %d", len(paths), len(ctas), len(sources), maxTop)
	}
	for i := 1; i < maxTop; i++ {
		if byCount(paths[i-1].Pageviews, paths[i].Pageviews, paths[i-1].Path, paths[i].Path) >= 0 ||
			byCount(ctas[i-1].Clicks, ctas[i].Clicks, ctas[i-1].Name, ctas[i].Name) >= 0 ||
			byCount(sources[i-1].Sessions, sources[i].Sessions, sources[i-1].Source, sources[i].Source) >= 0 {
			t.Errorf("entry %d is not in its place", i)
		}
	}
}

func TestAveragesAreRoundedToTwoDecimals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		hundredths, by int64
		want           float64
	}{{100, 3, 0.33}, {200, 3, 0.67}, {1, 2, 0.01}, {5000, 1, 50}, {0, 4, 0}} {
		if got := average(c.hundredths, c.by); got == nil || *got != c.want {
			t.Errorf("%d hundredths by %d = %v, want %v", c.hundredths, c.by, got, c.want)
		}
	}
	if got := average(100, 0); got != nil {
		t.Errorf("by nothing: %v", *got)
	}
}

func TestAVisitorOfTwoDaysIsOne(t *testing.T) {
	t.Parallel()
	var sets [2]*Visitors
	for i, numbers := range [][]int64{{1, 2, 1 << 40}, {2, 3}} {
		set := NewVisitors()
		set.add(numbers)
		text, err := set.encode()
		if err != nil {
			t.Fatal(err)
		}
		if sets[i], err = DecodeVisitors(text); err != nil {
			t.Fatal(err)
		}
	}
	sets[0].Or(sets[1])
	if n := sets[0].Count(); n != 4 {
		t.Errorf("%d visitors, want 4", n)
	}
	if _, err := DecodeVisitors("AAAA"); err == nil {
		t.Error("nonsense was decoded")
	}
}
