package rollup

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

// addEvents adds events of a kind, one for each of the sessions.
func (c *counter) addEvents(eventType, path, name string, marked bool, sessions ...int64) {
	for _, id := range sessions {
		c.addEvent(&repo.RollupEvent{SessionID: id, Type: []byte(eventType), Path: []byte(path), Name: []byte(name), Marked: marked})
	}
}

// texts are those of a session.
func texts(of map[int]string) (texts [repo.SessionTexts][]byte) {
	for i, text := range of {
		texts[i] = []byte(text)
	}
	return texts
}

var halfHour = repo.RollupWindow{Since: time.Unix(0, 0).UTC(), Until: time.Unix(1800, 0).UTC(), Step: 30 * time.Minute}

// counted is a step with something of everything.
func counted() countedStep {
	c := newCounter(halfHour, 1, halfHour.Until)
	google := texts(map[int]string{0: "/", 1: "/b", 2: "Google", 3: "Organic Search", 10: "mobile"})
	for _, s := range []repo.RollupSession{
		{ID: 1, VisitorID: 9, Texts: google, Numbers: [8]int64{1, 1, 61, 4000, 1250, 1, 5050, 1}, LastActivityAt: halfHour.Until},
		{ID: 2, VisitorID: 3, Texts: google, Numbers: [8]int64{0: 1}},
		{ID: 3, VisitorID: 1 << 40, StartedAt: halfHour.Since.Add(-time.Hour), Numbers: [8]int64{0: 1}},
		{ID: 4, VisitorID: 5, IsBot: true, BotReason: []byte("user_agent"), Numbers: [8]int64{0: 1}},
	} {
		if s.StartedAt.IsZero() {
			s.StartedAt = halfHour.Since
		}
		c.addSession(&s)
	}
	c.addEvents("page_view", "/", "", false, 1, 2, 1, 3, 4)
	c.addEvents("page_view", "/b", "", false, 2)
	c.addEvents("page_view", "", "", false, 3)
	c.addEvents("click", "/b", "Buy", false, 2, 2, 4)
	c.addEvents("click", "/b", "Buy", true, 1)
	c.addEvents("exit", "/gone", "", false, 4, 99) // of 99 nobody tells
	c.sort()
	c.addLater(repo.LaterPage{SessionID: 1, Path: "/", Days: 1})
	c.addLater(repo.LaterPage{SessionID: 1, Path: "/late", Days: 2})
	return c.finish("UTC")[0]
}

func countedPart() *part { return counted().part }

func TestAStepIsCountedAsByHand(t *testing.T) {
	t.Parallel()
	step := counted()
	p, breakdowns := step.part, step.breakdowns
	if p.events["page_view"] != 6 || p.events["click"] != 3 || len(p.events) != 2 || p.bots["user_agent"] != 1 || p.sessions.sessions != 2 ||
		p.sessions.durationSeconds != 61 || p.sessions.score != 5050 || p.ctas["Buy"].clicks != 3 || p.ctas["Buy"].marked != 1 {
		t.Errorf("%+v", p)
	}
	for _, c := range []struct {
		dimension int16
		want      string
	}{
		{byNothing, `"": 9 events, 6 page views, 3 clicks of 3; 2 sessions, 1 bounces`},
		{byPath, `"/": 4 events, 4 page views, 0 clicks of 3; 2 sessions, 1 bounces
"/b": 4 events, 1 page views, 3 clicks of 2; 1 sessions, 0 bounces
"/late": 0 events, 0 page views, 0 clicks of 0; 0 sessions, 0 bounces, 1 sessions after 2 days`},
		{byEntryPath, `"": 2 events, 2 page views, 0 clicks of 1; 0 sessions, 0 bounces
"/": 7 events, 4 page views, 3 clicks of 2; 2 sessions, 1 bounces`},
		{byExitPath, `"/b": 0 events, 0 page views, 0 clicks of 0; 2 sessions, 1 bounces`},
	} {
		var got []string
		for _, v := range breakdowns[c.dimension].values {
			cells := []string{fmt.Sprintf("%q: %d events, %d page views, %d clicks of %d; %d sessions, %d bounces", v.text, v.numbers[events],
				v.numbers[pageviews], v.numbers[clicks], v.visitors, v.numbers[sessions], v.numbers[bounces])}
			for _, late := range v.late {
				cells = append(cells, fmt.Sprintf("%d sessions after %d days", late.numbers[0], late.days))
			}
			got = append(got, strings.Join(cells, ", "))
		}
		if diff := cmp.Diff(c.want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("dimension %d (-want +got):\n%s", c.dimension, diff)
		}
	}
}

func TestABreakdownIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	for dimension, want := range counted().breakdowns {
		data := want.encode()
		got, err := decodeBreakdown(data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(breakdown{}, breakdownValue{}, lateSessions{})); diff != "" {
			t.Errorf("dimension %d (-written +read):\n%s", dimension, diff)
		}
		for n := range data {
			if _, err := decodeBreakdown(data[:n]); !errors.Is(err, errPart) {
				t.Errorf("the first %d bytes: %v", n, err)
			}
		}
	}
}

func TestABlockIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	want := counted().block
	data := want.encode()
	got, err := decodeBlock(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(block{}, packed{}, textColumn{}, pairList{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-written +read):\n%s", diff)
	}
	for n := range data {
		if _, err := decodeBlock(data[:n]); !errors.Is(err, errPart) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
	}
}

// TestADamagedBlockHarmsNobody: whatever a byte of it becomes, it is no block, or one that can be gone through.
func TestADamagedBlockHarmsNobody(t *testing.T) {
	t.Parallel()
	whole := counted().block.encode()
	refused := 0
	for i := range whole {
		for _, flip := range []byte{0x01, 0x02, 0x10, 0x80, 0xff} {
			damaged := slices.Clone(whole)
			damaged[i] ^= flip
			if !useBlock(damaged) {
				refused++
			}
		}
	}
	if refused == 0 {
		t.Error("no damage was seen")
	}
}

// useBlock goes through a block, if it is one, as questions and the merging of parts do.
func useBlock(data []byte) bool {
	b, err := decodeBlock(data)
	if err != nil {
		return false
	}
	is := func(d report.Dimension, value string) *report.Filter {
		return &report.Filter{Condition: &report.Condition{Dimension: d, Operator: report.OperatorIs, Values: []string{value}}}
	}
	today := time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC)
	q := report.Query{Zone: time.UTC, Since: today, Until: today.AddDate(0, 0, 1), Metrics: []report.Metric{report.Visitors, report.Pageviews, report.Sessions}}
	for _, dimensions := range [][]report.Dimension{nil, {report.Path}, {report.Source, report.Device}, {report.EventName}} {
		for _, filter := range []*report.Filter{nil, is(report.Path, "/"), is(report.Source, "Google"), is(report.EventType, "click")} {
			q.Dimensions, q.Filter = dimensions, filter
			s := newScan(q)
			s.add(today, b)
			s.finish()
		}
	}
	mergeBlocks([]*block{b, b})
	return true
}

func FuzzDecodeBlock(f *testing.F) {
	f.Add(counted().block.encode())
	f.Add([]byte{blockVersion, 0, 1})
	f.Fuzz(func(_ *testing.T, data []byte) { useBlock(data) })
}

func TestNumbersArePackedInAsFewBytesAsTheyNeed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		width   int
		numbers []int64
	}{
		{0, nil},
		{0, []int64{7}},
		{0, []int64{9, 9}},
		{1, []int64{1 << 40, 1<<40 + 255}},
		{2, []int64{0, 256}},
		{2, []int64{5, 1<<16 + 4}},
		{4, []int64{1 << 16, 0}},
		{4, []int64{0, 1<<32 - 1}},
		{8, []int64{1 << 32, 0, 1 << 62}},
	} {
		p := pack(c.numbers)
		if got := unpack[int64](p, len(c.numbers), nil); p.width != c.width || !slices.Equal(got, c.numbers) {
			t.Errorf("%v: %v in %d bytes each, want %d", c.numbers, got, p.width, c.width)
		}
	}
}

func TestAPartIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]*part{"empty": newPart(), "full": countedPart()} {
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
	want := string(countedPart().encode())
	for range 20 {
		if string(countedPart().encode()) != want {
			t.Fatal("written in two ways")
		}
	}
}

func TestWhatIsNoPartIsRefused(t *testing.T) {
	t.Parallel()
	whole := countedPart().encode()
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
	f.Add(countedPart().encode())
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
	c := newCounter(halfHour, 1, halfHour.Until)
	for i := range 3 * maxTop {
		path := string(rune('a'+i%26)) + string(rune('a'+i/26))
		id := int64(i + 1)
		times := slices.Repeat([]int64{id}, 1+i%2)
		c.addSession(&repo.RollupSession{ID: id, VisitorID: 1, StartedAt: halfHour.Since, Numbers: [8]int64{0: 1}, Texts: texts(map[int]string{2: path})})
		c.addEvents("page_view", path, "", false, times...)
		c.addEvents("click", "", path, false, times...)
	}
	c.sort()
	p := c.finish("UTC")[0].part
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
