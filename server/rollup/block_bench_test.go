package rollup

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo/report"
)

// monthOfBlocks are 30 days of 33,000 sessions, each with 3 of 2,000 paths: a million sessions of half a million visitors.
func monthOfBlocks() []*block {
	days := make([]*block, 30)
	for day := range days {
		const sessions, paths = 33_000, 2000
		b := newBlockBuilder("UTC")
		for n := range int64(sessions) {
			row := blockSession{
				id: int64(day)*sessions + n + 1, visitor: 1 + n*15 + int64(day)%15*(n%2), flags: startedHere, numbers: [blockNumbers]int64{600, 5000, 1001, 5001},
				did: [eventNumbers]int64{4, 3, 1},
			}
			for i := range row.texts {
				row.texts[i] = b.dictionaries[i].code("")
			}
			for text, values := range map[int]int64{0: 500, 2: 12, 4: 20, 8: 40, 10: 3} {
				row.texts[text] = b.dictionaries[text].code(strconv.FormatInt(n*7919%9973%values, 10))
			}
			b.addSession(&row)
		}
		for path := range paths {
			for n := range int64(sessions * 3 / paths) {
				b.addPair(listOfPaths, n*int64(paths)/3+int64(path)/3, [eventNumbers]int64{1 + n%2, 1})
			}
			b.endPairs(listOfPaths, [2]string{fmt.Sprint("/products/", path+10_000)})
		}
		days[day], _ = decodeBlock(b.finish().encode())
	}
	return days
}

// BenchmarkScan answers questions of a month from blocks that are kept.
func BenchmarkScan(b *testing.B) {
	days := monthOfBlocks()
	first := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	is := func(d report.Dimension, value string) *report.Filter {
		return &report.Filter{Condition: &report.Condition{Dimension: d, Operator: report.OperatorIs, Values: []string{value}}}
	}
	both := []report.Metric{report.Visitors, report.Pageviews}
	six := []report.Metric{report.Visitors, report.Pageviews, report.Sessions, report.BounceRate, report.AvgSessionDuration, report.ViewsPerSession}
	for name, q := range map[string]report.Query{
		"a source by path":               {Metrics: both, Dimensions: []report.Dimension{report.Path}, Filter: is(report.Source, "3")},
		"a path by campaign":             {Metrics: both, Dimensions: []report.Dimension{report.Campaign}, Filter: is(report.Path, "/products/10001")},
		"two by country":                 {Metrics: both, Dimensions: []report.Dimension{report.Country}, Filter: &report.Filter{All: []report.Filter{*is(report.Source, "3"), *is(report.Device, "1")}}},
		"a source by day":                {Metrics: six, Dimensions: []report.Dimension{report.Day}, Filter: is(report.Source, "3")},
		"a path, in all":                 {Metrics: six, Filter: is(report.Path, "/products/10001")},
		"everything by path and country": {Metrics: both, Dimensions: []report.Dimension{report.Path, report.Country}},
	} {
		q.Zone, q.Since, q.Until, q.Limit = time.UTC, first, first.AddDate(0, 0, len(days)), 10
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s := newScan(q)
				for i, day := range days {
					s.add(first.AddDate(0, 0, i), day)
				}
				if _, err := rowsOf(q, s.finish()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDecodeBlock reads a day of 33,000 sessions as it is stored.
func BenchmarkDecodeBlock(b *testing.B) {
	data := monthOfBlocks()[0].encode()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := decodeBlock(data); err != nil {
			b.Fatal(err)
		}
	}
}
