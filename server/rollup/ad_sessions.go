package rollup

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sort"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

// maxAdRows is how many rows of ad sessions are handed to PostgreSQL.
const maxAdRows = 100_000

// CountAdSessions counts sessions that came from ads by blocks, for repo.AdQuery. What was committed before the call is counted.
func (a *Answers) CountAdSessions(project *repo.Project) repo.CountAdSessions {
	return func(ctx context.Context, bounds []time.Time) ([]repo.AdSessions, bool, error) {
		zone, err := time.LoadLocation(project.TimeZone)
		if err != nil {
			return nil, false, nil //nolint:nilerr // PostgreSQL may know it
		}
		// The days of the project that the bounds are in.
		first, last := dateOf(bounds[0], zone), dateOf(bounds[len(bounds)-1].Add(-1), zone)
		q := report.Query{Zone: zone, Since: firstMoment(first, zone), Until: firstMoment(last.Add(day), zone)}
		if !wholeDays(q.Since, q.Until, zone) || slices.ContainsFunc(bounds, func(at time.Time) bool { return at.Unix()%60 != 0 }) {
			return nil, false, nil
		}
		known, ok, err := a.freshener.freshen(ctx, project, []report.Query{q}) // without a metric it is none for breakdowns
		if err != nil || !ok {
			return nil, false, err
		}
		count := newAdCount(bounds)
		err = project.ViewBreakdowns(ctx, func(ctx context.Context, v *repo.BreakdownView) error {
			return a.eachBlock(&view{ctx, v, project, known}, q, func(_ time.Time, b *block) error {
				count.add(b)
				if len(count.rows) > maxAdRows {
					return errUncounted
				}
				return nil
			})
		})
		if errors.Is(err, errUncounted) {
			return nil, false, a.repair(ctx, project, err)
		}
		return count.rows, err == nil, err
	}
}

// adCount adds sessions that came from ads up.
type adCount struct {
	minutes []int64 // the bounds
	rows    []repo.AdSessions
	places  map[adKind]int
	room    scanRoom
}

// adKind is what sessions of an ad have together. Slot 0: they did not start between the bounds.
type adKind struct {
	slot                                                                    uint32
	campaignID, campaign, adsetID, adset, adID, ad, placement, clickID, utm string
	source, channel                                                         string
}

func newAdCount(bounds []time.Time) *adCount {
	c := &adCount{places: map[adKind]int{}}
	for _, at := range bounds {
		c.minutes = append(c.minutes, at.Unix()/60)
	}
	return c
}

// add adds the sessions of a block that started between the bounds and came from an ad.
func (c *adCount) add(b *block) {
	r := &c.room
	r.kinds = zeroed(r.kinds, b.sessions)
	kinds := []adKind{{}}
	for _, by := range []struct {
		dimension report.Dimension
		of        func(kind *adKind) *string
	}{
		{report.CampaignID, func(kind *adKind) *string { return &kind.campaignID }},
		{report.Campaign, func(kind *adKind) *string { return &kind.campaign }},
		{report.AdsetID, func(kind *adKind) *string { return &kind.adsetID }},
		{report.Adset, func(kind *adKind) *string { return &kind.adset }},
		{report.AdID, func(kind *adKind) *string { return &kind.adID }},
		{report.Ad, func(kind *adKind) *string { return &kind.ad }},
		{report.Placement, func(kind *adKind) *string { return &kind.placement }},
		{report.ClickIDKind, func(kind *adKind) *string { return &kind.clickID }},
		{report.UTMSource, func(kind *adKind) *string { return &kind.utm }},
		{report.Source, func(kind *adKind) *string { return &kind.source }},
		{report.Channel, func(kind *adKind) *string { return &kind.channel }},
	} {
		column := &b.texts[textOf(by.dimension)]
		r.codes = unpack(column.codes, b.sessions, r.codes)
		kinds = tellApart(r.kinds, kinds, r.codes, len(column.texts), func(kind *adKind, code uint32) { *by.of(kind) = column.texts[code] })
	}
	// The slots are last: the fewer kinds there are so far, the smaller is the table that each code is looked up in.
	kinds = tellApart(r.kinds, kinds, c.slotsOf(b), len(c.minutes)+1, func(kind *adKind, slot uint32) { kind.slot = slot })
	rows := make([]int, len(kinds))
	for i := range kinds {
		rows[i] = c.rowOf(&kinds[i])
	}
	r.numbers[blockScore] = unpack(b.numbers[blockScore], b.sessions, r.numbers[blockScore])
	for i, kind := range r.kinds {
		if rows[kind] < 0 {
			continue
		}
		row := &c.rows[rows[kind]]
		row.Landed++
		if r.flags[i]&bounced != 0 {
			row.Bounces++
		}
		if score := r.numbers[blockScore][i]; score > 0 {
			row.Score, row.Scored = row.Score+int64(score-1), row.Scored+1
		}
	}
}

// slotsOf returns for each session of a block between which bounds it started.
func (c *adCount) slotsOf(b *block) []uint32 {
	r := &c.room
	r.flags = unpack(b.flags, b.sessions, r.flags)
	r.ids = unpack(b.numbers[blockStart], b.sessions, r.ids)
	r.pairs = zeroed(r.pairs, b.sessions)
	end := c.minutes[len(c.minutes)-1]
	first, last := end, int64(-1)
	for i, flags := range r.flags {
		if flags&startedHere != 0 && r.ids[i] < end {
			first, last = min(first, r.ids[i]), max(last, r.ids[i])
		}
	}
	if last < 0 {
		return r.pairs
	}
	// By the minute: those of a block are fewer than its sessions where it matters.
	slots := make([]uint32, last-first+1)
	for at := range slots {
		slots[at] = uint32(sort.Search(len(c.minutes), func(j int) bool { return c.minutes[j] > first+int64(at) }))
	}
	for i, flags := range r.flags {
		if flags&startedHere != 0 && r.ids[i] < end {
			r.pairs[i] = slots[r.ids[i]-first]
		}
	}
	return r.pairs
}

// rowOf is the row that sessions of a kind are added to; -1: they did not come from an ad, which has an id or a name, or a channel
// that is paid.
func (c *adCount) rowOf(kind *adKind) int {
	campaign, adset, ad := cmp.Or(kind.campaignID, kind.campaign), cmp.Or(kind.adsetID, kind.adset), cmp.Or(kind.adID, kind.ad)
	if kind.slot == 0 || campaign == "" && adset == "" && ad == "" && !isPaid(kind.channel) {
		return -1
	}
	at, ok := c.places[*kind]
	if !ok {
		at = len(c.rows)
		c.places[*kind] = at
		c.rows = append(c.rows, repo.AdSessions{
			Slot: int(kind.slot), Campaign: campaign, Adset: adset, Ad: ad, Placement: kind.placement, ClickIDKind: kind.clickID,
			UTMSource: kind.utm, Source: kind.source,
		})
	}
	return at
}

// isPaid reports whether the channel says that an ad was clicked (docs/metrics.md).
func isPaid(channel string) bool {
	return channel == "Paid Search" || channel == "Paid Social" || channel == "Display"
}
