package repo

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// landed is the condition over sessions s that they came from an ad: they carry the id or the name of a campaign, an ad set or an
// ad, or their channel is paid (docs/metrics.md).
const landed = `(num_nonnulls(s.utm_campaign_id, s.utm_adset_id, s.utm_ad_id, s.utm_campaign_name, s.utm_adset_name, s.utm_ad_name) > 0
	OR s.channel IN ('Paid Search', 'Paid Social', 'Display'))`

// inAds runs a question about ads: as one about journeys, and with processes for nothing. How many ads there are nobody tells the
// planner: it expects a tenth of the sessions, and would rather add these up alone than hand that many sums over. work_mem is what
// that many would take.
func (p *Project) inAds(ctx context.Context, doing string, work func(ctx context.Context, tx bun.Tx) error) error {
	return p.inJourney(ctx, doing, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.ExecContext(ctx, "SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL work_mem = '96MB'"); err != nil {
			return err
		}
		return work(ctx, tx)
	})
}

// These are what a session s has of each level of the campaigns: its id, else its name, else nothing.
const (
	campaignOf = "coalesce(s.utm_campaign_id, s.utm_campaign_name, '')"
	adsetOf    = "coalesce(s.utm_adset_id, s.utm_adset_name, '')"
	adOf       = "coalesce(s.utm_ad_id, s.utm_ad_name, '')"
	// markedSource is the source that the address itself says, where no click id says more.
	markedSource = "CASE WHEN s.click_id_kind IS NULL AND s.utm_source IS NOT NULL THEN lower(s.source) END"
)

// platformOf is the platform of a session by its own marks, over the columns click_id_kind and marked_source: by the click id, else
// by the source; null where neither says it. server/enrich knows the same names.
const platformOf = `CASE
		WHEN click_id_kind IN ('gclid', 'gbraid', 'wbraid') THEN 'google'
		WHEN click_id_kind = 'msclkid' THEN 'microsoft'
		WHEN click_id_kind = 'ttclid' THEN 'tiktok'
		WHEN click_id_kind = 'twclid' THEN 'x'
		WHEN click_id_kind = 'li_fat_id' THEN 'linkedin'
		WHEN click_id_kind = 'fbclid' THEN 'facebook'
		WHEN marked_source IN ('google', 'youtube') THEN 'google'
		WHEN marked_source IN ('bing', 'microsoft') THEN 'microsoft'
		WHEN marked_source IN ('x', 'x (twitter)', 'twitter') THEN 'x'
		WHEN marked_source IN ('facebook', 'instagram', 'messenger', 'audience network', 'threads') THEN 'facebook'
		WHEN marked_source IN ('tiktok', 'linkedin', 'reddit', 'pinterest', 'snapchat') THEN marked_source
	END`

// addSpent writes the common table spent, after a table spend of (platform, campaign_id, adset_id, ad_id, date): to
// which campaign and ad set an ad belongs, by what was spent on it last.
func addSpent(s *statement) {
	s.add(`,
spent AS (SELECT DISTINCT ON (platform, ad_id) platform, ad_id, campaign_id, adset_id FROM spend WHERE ad_id <> ''
	ORDER BY platform, ad_id, date DESC, campaign_id, adset_id)`)
}

// addPlaced writes the common table called name: what of holds, with platform, campaign, adset and ad in place of what sessions say
// of them. of has click_id_kind, marked_source, campaign, adset and ad; columns are what is taken over, of p. The campaign and ad
// set of an ad are those of its spend, else those of ads_dim, else the session's own.
func addPlaced(s *statement, projectID int64, name, of, columns string) {
	s.add(`,
`+name+` AS (SELECT `+columns+`, p.platform, p.ad,
		coalesce(nullif(k.campaign_id, ''), CASE WHEN p.known = p.platform THEN p.known_campaign END, p.campaign) AS campaign,
		coalesce(nullif(k.adset_id, ''), CASE WHEN p.known = p.platform THEN p.known_adset END, p.adset) AS adset
	FROM (SELECT f.*, coalesce(`+platformOf+`, d.platform, '') AS platform,
			d.platform AS known, d.campaign_id AS known_campaign, d.adset_id AS known_adset
		FROM `+of+` AS f LEFT JOIN ads_dim AS d ON d.project_id = ? AND d.ad_id = f.ad) AS p
	LEFT JOIN spent AS k ON k.platform = p.platform AND k.ad_id = p.ad)`, projectID)
}

// adDays are days, each in the zone of its platform's ad account.
type adDays struct {
	// since and until are dates, half-open, at midnight UTC.
	since, until time.Time
	// unit is the bucket: AdDay, AdWeek, AdMonth, or empty for one.
	unit AdDimension
	// zones are those in use, first the project's own; platforms say which: its place among them.
	zones     []*time.Location
	platforms map[string]int
}

// slots cut the time at each instant at which a bucket begins or ends in any of the zones: whatever is within one is within one
// bucket of each zone. bounds are one more than there are slots. buckets are of each zone, empty where a slot is outside.
func (d adDays) slots() (bounds []time.Time, buckets [][]string) {
	starts := make([][]time.Time, len(d.zones))
	for i, zone := range d.zones {
		for day := d.since; day.Before(d.until); day = day.AddDate(0, 0, 1) {
			if day.Equal(d.since) || d.bucket(day) != d.bucket(day.AddDate(0, 0, -1)) {
				starts[i] = append(starts[i], startOfDay(day, zone))
			}
		}
		starts[i] = append(starts[i], startOfDay(d.until, zone))
		bounds = append(bounds, starts[i]...)
	}
	slices.SortFunc(bounds, time.Time.Compare)
	bounds = slices.CompactFunc(bounds, time.Time.Equal)
	for i := range d.zones {
		of := make([]string, len(bounds)-1)
		begun := 0 // how many starts are not after the slot's
		for slot := range of {
			for begun < len(starts[i]) && !starts[i][begun].After(bounds[slot]) {
				begun++
			}
			if begun == 0 || begun == len(starts[i]) {
				continue // before the first, or after the end
			}
			local := starts[i][begun-1].In(d.zones[i])
			of[slot] = d.bucket(time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC))
		}
		buckets = append(buckets, of)
	}
	return bounds, buckets
}

// bucket is the bucket of a date; where there is one alone, a word for it.
func (d adDays) bucket(day time.Time) string {
	switch d.unit {
	case AdDay:
	case AdWeek:
		day = day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	case AdMonth:
		day = day.AddDate(0, 0, 1-day.Day())
	default:
		return "all"
	}
	return day.Format(time.DateOnly)
}

// bucketOfDate is the same in SQL, of a column that is a date.
func (d adDays) bucketOfDate(column string) string {
	switch d.unit {
	case AdDay:
		return column + "::text"
	case AdWeek:
		return "date_trunc('week', " + column + ")::date::text"
	case AdMonth:
		return "date_trunc('month', " + column + ")::date::text"
	default:
		return "'all'"
	}
}

// buckets are those of the days, in order.
func (d adDays) buckets() []string {
	var list []string
	for day := d.since; day.Before(d.until); day = day.AddDate(0, 0, 1) {
		if bucket := d.bucket(day); len(list) == 0 || list[len(list)-1] != bucket {
			list = append(list, bucket)
		}
	}
	return list
}

// startOfDay is when a date begins in a zone: at midnight, or at the first moment that it has.
func startOfDay(day time.Time, zone *time.Location) time.Time {
	start := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, zone)
	for range 2 {
		if start.Day() == day.Day() {
			break
		}
		start = start.Add(time.Hour) // clocks that skip midnight
	}
	return start
}

// instantTexts writes times as texts, for an array of them.
func instantTexts(times []time.Time) []string {
	texts := make([]string, len(times))
	for i, at := range times {
		texts[i] = at.UTC().Format("2006-01-02T15:04:05Z")
	}
	return texts
}
