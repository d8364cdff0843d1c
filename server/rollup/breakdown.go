package rollup

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

// Dimensions of breakdowns, as they are stored: never renumbered.
const (
	byNothing int16 = iota
	byPath
	byEntryPath
	byExitPath
	// bySessionTexts is the first of what sessions have, in the order of repo.BreakdownCount.
	bySessionTexts
	breakdownDimensions = bySessionTexts + repo.SessionTexts
)

// dimensionOf is the dimension as it is stored. False: days are not broken down by it.
func dimensionOf(d report.Dimension) (int16, bool) {
	i := slices.Index([]report.Dimension{
		report.Path, report.EntryPath, report.ExitPath, report.Source, report.Channel, report.Campaign, report.CampaignID, report.UTMSource,
		report.UTMMedium, report.Country, report.Region, report.Device, report.Browser, report.OS,
	}, d)
	return int16(i + 1), i >= 0
}

// The numbers of a breakdown: those of events, then those of sessions, in the order of repo.BreakdownCount.
const (
	events = iota
	pageviews
	exits
	clicks
	formStarts
	formSubmits
	eventNumbers
	sessions   = eventNumbers
	bounces    = sessions + 1
	duration   = sessions + 2
	engaged    = sessions + 3
	scroll     = sessions + 4
	scrolled   = sessions + 5
	score      = sessions + 6
	scored     = sessions + 7
	allNumbers = sessions + sessionNumbers
)

// sessionNumbers is how many numbers sessions have.
const sessionNumbers = 8

// breakdown is what a stretch of time counts by one dimension: its values in the order of their texts.
type breakdown struct {
	// timeZone is the zone whose day it is.
	timeZone string
	values   []breakdownValue
}

// breakdownValue is what has one value. Sessions are those that started in the stretch of time.
type breakdownValue struct {
	text    string
	numbers [allNumbers]int64
	// late are sessions that saw the path on a later day than that on which they started first, in the order of these.
	late []lateSessions
	// visitors is how many the set has.
	visitors int64
	set      visitorSet
}

// lateSessions are sessions that belong to the value in ranges alone that have so many days after that of their start.
type lateSessions struct {
	days    int64
	numbers [sessionNumbers]int64
}

// breakdownCollector adds up what the database counts of one step.
type breakdownCollector [breakdownDimensions]map[string]*breakdownCounts

type breakdownCounts struct {
	numbers [allNumbers]int64
	late    map[int64]*[sessionNumbers]int64
	ids     []int64
}

func (c *breakdownCollector) at(dimension int16, text string) *breakdownCounts {
	if c[dimension] == nil {
		c[dimension] = map[string]*breakdownCounts{}
	}
	counts := c[dimension][text]
	if counts == nil {
		counts = new(breakdownCounts)
		c[dimension][text] = counts
	}
	return counts
}

func (c *breakdownCollector) add(count *repo.BreakdownCount, ids []int64) {
	switch count.Kind {
	case repo.EventsOfSessions, repo.SessionsByKind:
		c.at(byNothing, "").add(count, ids)
		for i, text := range count.Texts {
			c.at(bySessionTexts+int16(i), text).add(count, ids)
		}
	case repo.EventsOfEntries, repo.SessionsByEntry:
		c.at(byEntryPath, count.Texts[0]).add(count, ids)
	case repo.EventsOfExits, repo.SessionsByExit:
		c.at(byExitPath, count.Texts[0]).add(count, ids)
	case repo.EventsOfPaths, repo.SessionsByPath:
		c.at(byPath, count.Texts[0]).add(count, ids)
	}
}

func (c *breakdownCounts) add(count *repo.BreakdownCount, ids []int64) {
	switch {
	case count.Kind < repo.SessionsByKind:
		for i := range eventNumbers {
			c.numbers[i] += count.Numbers[i]
		}
		c.ids = append(c.ids, ids...)
	case count.Late > 0:
		if c.late == nil {
			c.late = map[int64]*[sessionNumbers]int64{}
		}
		late := c.late[int64(count.Late)]
		if late == nil {
			late = new([sessionNumbers]int64)
			c.late[int64(count.Late)] = late
		}
		for i := range sessionNumbers {
			late[i] += count.Numbers[i]
		}
	default:
		for i := range sessionNumbers {
			c.numbers[sessions+i] += count.Numbers[i]
		}
	}
}

// finish ends the adding up: a breakdown for each dimension that has something.
func (c *breakdownCollector) finish(timeZone string) map[int16]*breakdown {
	done := map[int16]*breakdown{}
	for dimension, texts := range c {
		if len(texts) == 0 {
			continue
		}
		b := &breakdown{timeZone: timeZone, values: make([]breakdownValue, 0, len(texts))}
		for text, counts := range texts {
			distinct := sortedDistinct(counts.ids)
			value := breakdownValue{text: text, numbers: counts.numbers, visitors: int64(len(distinct)), set: newVisitorSet(distinct)}
			for _, days := range slices.Sorted(maps.Keys(counts.late)) {
				value.late = append(value.late, lateSessions{days: days, numbers: *counts.late[days]})
			}
			b.values = append(b.values, value)
		}
		slices.SortFunc(b.values, func(a, b breakdownValue) int { return cmp.Compare(a.text, b.text) })
		done[int16(dimension)] = b
	}
	return done
}

// mergeBreakdowns puts the parts of a day together. errPart.
func mergeBreakdowns(parts []*breakdown) (*breakdown, error) {
	var all breakdownCollector
	var timeZone string
	for _, part := range parts {
		timeZone = part.timeZone
		for i := range part.values {
			value := &part.values[i]
			counts := all.at(0, value.text)
			for i, n := range value.numbers {
				counts.numbers[i] += n
			}
			for _, late := range value.late {
				counts.add(&repo.BreakdownCount{Kind: repo.SessionsByPath, Late: int(late.days), Numbers: late.numbers}, nil)
			}
			var err error
			if counts.ids, err = value.set.appendIDs(counts.ids); err != nil {
				return nil, err
			}
		}
	}
	if merged := all.finish(timeZone)[0]; merged != nil {
		return merged, nil
	}
	return &breakdown{timeZone: timeZone}, nil
}

// breakdownVersion is the form in which breakdowns are stored.
const breakdownVersion = 1

// encode writes a breakdown: the same counts always in the same way, as parts are written.
func (b *breakdown) encode() []byte {
	w := partWriter{out: []byte{breakdownVersion}}
	w.text(b.timeZone)
	w.number(int64(len(b.values)))
	for i := range b.values {
		value := &b.values[i]
		w.text(value.text)
		for _, n := range value.numbers {
			w.number(n)
		}
		w.number(int64(len(value.late)))
		for _, late := range value.late {
			w.number(late.days)
			for _, n := range late.numbers {
				w.number(n)
			}
		}
		w.number(value.visitors)
		w.text(string(value.set))
	}
	return w.out
}

// decodeBreakdown reads what encode has written. errPart.
func decodeBreakdown(data []byte) (*breakdown, error) {
	if len(data) == 0 || data[0] != breakdownVersion {
		return nil, errPart
	}
	r := partReader{rest: string(data[1:])} // as one text, so that its pieces are not copied
	b := &breakdown{timeZone: r.text()}
	count := r.length()
	b.values = make([]breakdownValue, 0, count/20) // no value takes less
	for range count {
		value := breakdownValue{text: r.text()}
		for i := range value.numbers {
			value.numbers[i] = r.number()
		}
		for range r.length() {
			late := lateSessions{days: r.number()}
			for i := range late.numbers {
				late.numbers[i] = r.number()
			}
			value.late = append(value.late, late)
		}
		value.visitors, value.set = r.number(), visitorSet(r.text())
		if r.failed {
			return nil, errPart
		}
		b.values = append(b.values, value)
	}
	if r.failed || len(r.rest) > 0 {
		return nil, errPart
	}
	return b, nil
}

// decodeIDs reads ids as the database gathers them, and returns each once, in order.
func decodeIDs(ids []int64, packed []byte) []int64 {
	for ; len(packed) >= 8; packed = packed[8:] {
		ids = append(ids, int64(binary.BigEndian.Uint64(packed)))
	}
	return sortedDistinct(ids)
}
