package rollup

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/microtracker/microtracker/repo"
)

// maxTop is how many entries top_paths, top_ctas and top_sources have at most.
const maxTop = 100

// MetricsVersion is the form of Metrics.
const MetricsVersion = 1

// definitionVersion is that of docs/metrics.md.
const definitionVersion = 1

// Metrics is what daily_rollups.metrics holds: what the other columns do not, and the sums that days of a range are put
// together from. Sessions are those that started on the day; but for Bots, bots are left out.
type Metrics struct {
	// Version is MetricsVersion, DefinitionVersion that of docs/metrics.md.
	Version           int `json:"version"`
	DefinitionVersion int `json:"definition_version"`
	// TimeZone is the zone whose day it is.
	TimeZone string `json:"time_zone"`
	// Events by type.
	Events map[string]int64 `json:"events"`
	// Sessions by channel, device, country, browser and operating system; "unknown" for those that are not known.
	Channels         map[string]int64 `json:"channels"`
	Devices          map[string]int64 `json:"devices"`
	Countries        map[string]int64 `json:"countries"`
	Browsers         map[string]int64 `json:"browsers"`
	OperatingSystems map[string]int64 `json:"operating_systems"`
	// Bots are the sessions of bots by reason.
	Bots map[string]int64 `json:"bots"`
	// DurationSecs and EngagedMS are sums over the sessions, in seconds and milliseconds.
	DurationSecs int64 `json:"duration_secs"`
	EngagedMS    int64 `json:"engaged_ms"`
	PCQS         PCQS  `json:"pcqs"`
	// VisitorSet are the visitors (DecodeVisitors).
	VisitorSet string `json:"visitor_set,omitempty"`
}

// PCQS sums the page quality scores up: Sessions is how many have one. Avg has two decimals, null without any.
type PCQS struct {
	Sessions int64    `json:"sessions"`
	Sum      float64  `json:"sum"`
	Avg      *float64 `json:"avg"`
}

// TopPath is an entry of top_paths: page views and distinct visitors of a path.
type TopPath struct {
	Path      string `json:"path"`
	Pageviews int64  `json:"pageviews"`
	Visitors  int64  `json:"visitors"`
}

// TopCTA is an entry of top_ctas: clicks by name. Marked are those of them on elements marked as a call to action.
type TopCTA struct {
	Name   string `json:"name"`
	Clicks int64  `json:"clicks"`
	Marked int64  `json:"marked"`
}

// TopSource is an entry of top_sources.
type TopSource struct {
	Source   string `json:"source"`
	Sessions int64  `json:"sessions"`
}

// dayTotal is a day put together from its parts.
type dayTotal struct {
	*part

	union *Visitors
	parts []*part
	// pageviews are by path.
	pageviews map[string]*int64
	ids       []int64
}

func newDayTotal() *dayTotal {
	return &dayTotal{part: newPart(), union: NewVisitors(), pageviews: map[string]*int64{}}
}

// add adds a part. errPart.
func (t *dayTotal) add(p *part) error {
	var err error
	if t.ids, err = p.visitors.appendIDs(t.ids[:0]); err != nil {
		return err
	}
	t.union.add(t.ids)
	addCounts(t.events, p.events)
	addCounts(t.bots, p.bots)
	t.parts = append(t.parts, p)
	for i := range p.paths {
		count := &p.paths[i]
		if n := t.pageviews[count.path]; n != nil {
			*n += count.pageviews
			continue
		}
		n := count.pageviews
		t.pageviews[count.path] = &n
	}
	for name, count := range p.ctas {
		cta := t.ctas[name]
		if cta == nil {
			cta = new(ctaCount)
			t.ctas[name] = cta
		}
		cta.clicks += count.clicks
		cta.marked += count.marked
	}
	numbers := t.sessions.numbers()
	for i, number := range p.sessions.numbers() {
		*numbers[i] += *number
	}
	for i, counts := range p.sessions.by {
		addCounts(t.sessions.by[i], counts)
	}
	return nil
}

func addCounts(to, from map[string]int64) {
	for key, n := range from {
		to[key] += n
	}
}

// row makes the day's row, but for the day, of the parts that were added. errPart.
func (t *dayTotal) row(timeZone string) (*repo.DailyRollup, error) {
	s := &t.sessions
	set, err := t.union.encode()
	if err != nil {
		return nil, err
	}
	paths, err := t.topPaths()
	if err != nil {
		return nil, err
	}
	row := &repo.DailyRollup{
		Visitors: int(t.union.Count()), Sessions: int(s.sessions), Bounces: int(s.bounces), Pageviews: int(t.events[pageViewType]),
		FormStarts: int(t.events["form_start"]), FormSubmits: int(t.events["form_submit"]), Exits: int(t.events["exit"]),
		AvgSessionDurationSecs: average(100*s.durationSeconds, s.sessions),
	}
	metrics := Metrics{
		Version: MetricsVersion, DefinitionVersion: definitionVersion, TimeZone: timeZone, Events: t.events, Bots: t.bots,
		Channels: s.by[byChannel], Devices: s.by[byDevice], Countries: s.by[byCountry], Browsers: s.by[byBrowser],
		OperatingSystems: s.by[byOS], DurationSecs: s.durationSeconds, EngagedMS: s.engagedMS,
		PCQS:       PCQS{Sessions: s.scored, Sum: float64(s.score) / 100, Avg: average(s.score, s.scored)},
		VisitorSet: set,
	}
	for _, column := range []struct {
		to   *json.RawMessage
		from any
	}{{&row.Metrics, metrics}, {&row.TopPaths, paths}, {&row.TopCTAs, t.topCTAs()}, {&row.TopSources, t.topSources()}} {
		if *column.to, err = json.Marshal(column.from); err != nil {
			return nil, fmt.Errorf("encode a day: %w", err)
		}
	}
	return row, nil
}

// average divides a sum in hundredths and rounds to two decimals, a half up. Nil: there is nothing to divide by.
func average(hundredths, by int64) *float64 {
	if by == 0 {
		return nil
	}
	return new(float64((2*hundredths+by)/(2*by)) / 100)
}

// topPaths reads the visitors of those paths alone that are shown. errPart.
func (t *dayTotal) topPaths() ([]TopPath, error) {
	top := make([]TopPath, 0, len(t.pageviews))
	for path, n := range t.pageviews {
		top = append(top, TopPath{Path: path, Pageviews: *n})
	}
	slices.SortFunc(top, func(a, b TopPath) int { return byCount(a.Pageviews, b.Pageviews, a.Path, b.Path) })
	top = top[:min(len(top), maxTop)]
	for i := range top {
		t.ids = t.ids[:0]
		for _, p := range t.parts {
			at, ok := slices.BinarySearchFunc(p.paths, top[i].Path, func(c pathCount, path string) int { return cmp.Compare(c.path, path) })
			if !ok {
				continue
			}
			var err error
			if t.ids, err = p.paths[at].visitors.appendIDs(t.ids); err != nil {
				return nil, err
			}
		}
		top[i].Visitors = int64(len(sortedDistinct(t.ids)))
	}
	return top, nil
}

func (t *dayTotal) topCTAs() []TopCTA {
	top := make([]TopCTA, 0, len(t.ctas))
	for name, count := range t.ctas {
		top = append(top, TopCTA{Name: name, Clicks: count.clicks, Marked: count.marked})
	}
	slices.SortFunc(top, func(a, b TopCTA) int { return byCount(a.Clicks, b.Clicks, a.Name, b.Name) })
	return top[:min(len(top), maxTop)]
}

func (t *dayTotal) topSources() []TopSource {
	top := make([]TopSource, 0, len(t.sessions.by[bySource]))
	for source, n := range t.sessions.by[bySource] {
		top = append(top, TopSource{Source: source, Sessions: n})
	}
	slices.SortFunc(top, func(a, b TopSource) int { return byCount(a.Sessions, b.Sessions, a.Source, b.Source) })
	return top[:min(len(top), maxTop)]
}
