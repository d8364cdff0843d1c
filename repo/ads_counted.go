package repo

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun/dialect/pgdialect"
)

// AdSessions are sessions that came from an ad, counted by what they say of it: bots are left out.
type AdSessions struct {
	// Slot is the place of the bound that they started at or after, from 1.
	Slot int
	// Campaign, Adset and Ad are ids, else names, Placement, ClickIDKind and UTMSource what sessions have; empty: there is none.
	Campaign, Adset, Ad, Placement string
	ClickIDKind, UTMSource, Source string
	// Score is in hundredths, Scored how many have one.
	Landed, Bounces, Score, Scored int64
}

// CountAdSessions counts the sessions that started between the first and the last of some bounds, by which slot between them that
// was. False: nobody has counted them, and the sessions are read.
type CountAdSessions func(ctx context.Context, bounds []time.Time) ([]AdSessions, bool, error)

// countedAds is what was counted for the bounds of a question.
type countedAds struct {
	bounds   []time.Time
	sessions []AdSessions
}

// countAds asks for what these questions need, before they hold a connection.
func (p *Project) countAds(ctx context.Context, questions ...AdQuery) ([]countedAds, error) {
	var counted []countedAds
	for _, q := range questions {
		if q.Count == nil || !slices.ContainsFunc(q.needs(), func(m adMeasure) bool { return m.of == ofSessions }) {
			continue
		}
		days, err := p.adDays(ctx, p.store.db, q.Since, q.Until, q.unit())
		if err != nil {
			return nil, classify("report on ads", err)
		}
		bounds, _ := days.slots()
		sessions, ok, err := q.Count(ctx, bounds)
		if err != nil {
			return nil, err
		}
		if ok {
			counted = append(counted, countedAds{bounds, sessions})
		}
	}
	return counted, nil
}

// addCounted writes the sums of sessions that are counted, as addPart does of those that are read.
func (c *adCompiler) addCounted(sessions []AdSessions) {
	texts := func(of func(s *AdSessions) string) any {
		list := make([]string, len(sessions))
		for i := range sessions {
			list[i] = of(&sessions[i])
		}
		return pgdialect.Array(list)
	}
	numbers := func(of func(s *AdSessions) int64) any {
		list := make([]int64, len(sessions))
		for i := range sessions {
			list[i] = of(&sessions[i])
		}
		return pgdialect.Array(list)
	}
	c.add("SELECT x.campaign, x.adset, x.ad")
	if c.byPlacement() {
		c.add(", x.placement")
	}
	c.add(", nullif(x.click_id_kind, '') AS click_id_kind, CASE WHEN x.click_id_kind = '' AND x.utm_source <> '' THEN lower(x.source) END AS marked_source, x.slot")
	for _, m := range c.measures {
		switch {
		case m.of == ofSpend:
		case m.of != ofSessions:
			c.add(", 0::numeric AS " + m.name)
		case m.name == "score":
			c.add(", (x.score / 100::numeric) AS score")
		default:
			c.add(", x." + m.name + "::numeric AS " + m.name)
		}
	}
	c.add(`
	FROM unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::int[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[])
		AS x (campaign, adset, ad, placement, click_id_kind, utm_source, source, slot, landed, bounces, score, scored)`,
		texts(func(s *AdSessions) string { return s.Campaign }), texts(func(s *AdSessions) string { return s.Adset }),
		texts(func(s *AdSessions) string { return s.Ad }), texts(func(s *AdSessions) string { return s.Placement }),
		texts(func(s *AdSessions) string { return s.ClickIDKind }), texts(func(s *AdSessions) string { return s.UTMSource }),
		texts(func(s *AdSessions) string { return s.Source }), numbers(func(s *AdSessions) int64 { return int64(s.Slot) }),
		numbers(func(s *AdSessions) int64 { return s.Landed }), numbers(func(s *AdSessions) int64 { return s.Bounces }),
		numbers(func(s *AdSessions) int64 { return s.Score }), numbers(func(s *AdSessions) int64 { return s.Scored }))
}
