package repo

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"
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

// ownSlots adds up what the days of their platform do not tell apart: slots are cut by the days of all platforms, and an ad is on one.
// Each row is then of the first of the slots that are one bucket for it, and those outside all buckets are left out.
func (p *Project) ownSlots(ctx context.Context, tx bun.Tx, days *adDays, sessions []AdSessions) ([]AdSessions, error) {
	if len(days.zones) == 1 {
		return sessions, nil
	}
	platforms, err := p.platformsOf(ctx, tx, sessions)
	if err != nil {
		return nil, err
	}
	_, buckets := days.slots()
	places := make(map[AdSessions]int, len(sessions))
	var own []AdSessions
	for i := range sessions {
		row := sessions[i]
		of := buckets[days.platforms[platforms[markOf(&row)]]] // the project's own where the platform has no account
		bucket := of[row.Slot-1]
		if bucket == "" {
			continue
		}
		row.Slot = 1 + slices.Index(of, bucket)
		kind := row
		kind.Landed, kind.Bounces, kind.Score, kind.Scored = 0, 0, 0, 0
		at, ok := places[kind]
		if !ok {
			places[kind] = len(own)
			own = append(own, row)
			continue
		}
		sum := &own[at]
		sum.Landed, sum.Bounces, sum.Score, sum.Scored = sum.Landed+row.Landed, sum.Bounces+row.Bounces, sum.Score+row.Score, sum.Scored+row.Scored
	}
	return own, nil
}

// adMark is what says on which platform sessions came.
type adMark struct{ clickIDKind, utmSource, source, ad string }

func markOf(s *AdSessions) adMark { return adMark{s.ClickIDKind, s.UTMSource, s.Source, s.Ad} }

// platformsOf are the platforms of sessions, as addPlaced finds them.
func (p *Project) platformsOf(ctx context.Context, tx bun.Tx, sessions []AdSessions) (map[adMark]string, error) {
	platforms := map[adMark]string{}
	var marks []adMark
	var kinds, utms, sources, ads []string
	for i := range sessions {
		mark := markOf(&sessions[i])
		if _, ok := platforms[mark]; ok {
			continue
		}
		platforms[mark] = ""
		marks, kinds, utms = append(marks, mark), append(kinds, mark.clickIDKind), append(utms, mark.utmSource)
		sources, ads = append(sources, mark.source), append(ads, mark.ad)
	}
	rows, err := tx.QueryContext(ctx, `SELECT x.n, coalesce(`+platformOf+`, d.platform, '')
		FROM (SELECT n, ad, nullif(kind, '') AS click_id_kind, `+countedSource+` AS marked_source
			FROM unnest(?::text[], ?::text[], ?::text[], ?::text[]) WITH ORDINALITY AS t (kind, utm_source, source, ad, n)) AS x
		LEFT JOIN ads_dim AS d ON d.project_id = ? AND d.ad_id = x.ad`,
		pgdialect.Array(kinds), pgdialect.Array(utms), pgdialect.Array(sources), pgdialect.Array(ads), p.ID)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	for rows.Next() {
		var n int
		var platform string
		if err := rows.Scan(&n, &platform); err != nil {
			return nil, err
		}
		platforms[marks[n-1]] = platform
	}
	return platforms, rows.Err()
}

// countedSource is markedSource of sessions that are counted.
const countedSource = "CASE WHEN kind = '' AND utm_source <> '' THEN lower(source) END"

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
	c.add(", nullif(kind, '') AS click_id_kind, " + countedSource + " AS marked_source, x.slot")
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
		AS x (campaign, adset, ad, placement, kind, utm_source, source, slot, landed, bounces, score, scored)`,
		texts(func(s *AdSessions) string { return s.Campaign }), texts(func(s *AdSessions) string { return s.Adset }),
		texts(func(s *AdSessions) string { return s.Ad }), texts(func(s *AdSessions) string { return s.Placement }),
		texts(func(s *AdSessions) string { return s.ClickIDKind }), texts(func(s *AdSessions) string { return s.UTMSource }),
		texts(func(s *AdSessions) string { return s.Source }), numbers(func(s *AdSessions) int64 { return int64(s.Slot) }),
		numbers(func(s *AdSessions) int64 { return s.Landed }), numbers(func(s *AdSessions) int64 { return s.Bounces }),
		numbers(func(s *AdSessions) int64 { return s.Score }), numbers(func(s *AdSessions) int64 { return s.Scored }))
}
