package report

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Finish turns the rows of the statement into the answer's: hours get the zone's offset, and where time is the only
// dimension the empty buckets are added and the page is cut. It reports whether there are more rows after these.
func (q Query) Finish(rows []Row) ([]Row, bool) {
	for i, d := range q.Dimensions {
		if d != Hour {
			continue
		}
		for _, row := range rows {
			if start, err := time.Parse(time.RFC3339, row.Dimensions[i]); err == nil {
				row.Dimensions[i] = start.In(q.Zone).Format(time.RFC3339)
			}
		}
	}
	if q.byTimeOnly() {
		rows = q.fill(rows)
		q.sort(rows)
		if q.After != nil {
			at := slices.IndexFunc(rows, func(row Row) bool { return q.Compare(row, *q.After) > 0 })
			if at < 0 {
				at = len(rows)
			}
			rows = rows[at:]
		}
	}
	if q.Limit > 0 && len(rows) > q.Limit && len(q.Dimensions) > 0 {
		return rows[:q.Limit], true
	}
	return rows, false
}

// utcHour is how the statement writes an hour.
func utcHour(text string) string {
	start, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return start.UTC().Format("2006-01-02T15:04:05Z")
}

// fill adds the buckets in which nothing happened, in order of time: counts are zero there, ratios null.
func (q Query) fill(rows []Row) []Row {
	byBucket := make(map[string]Row, len(rows))
	for _, row := range rows {
		byBucket[row.Dimensions[0]] = row
	}
	var filled []Row
	for _, bucket := range q.Buckets() {
		row, ok := byBucket[bucket]
		if !ok {
			row = Row{Dimensions: []string{bucket}, Values: q.Zeros()}
		}
		filled = append(filled, row)
	}
	return filled
}

// Buckets lists what the range has of the question's dimension of time, in order; nil if it has none.
func (q Query) Buckets() []string {
	for _, d := range q.Dimensions {
		switch d {
		case Hour:
			return q.hours()
		case Day:
			return q.days()
		case Week, Month, Quarter, Year:
			return q.periods(d)
		default:
		}
	}
	return nil
}

// periods lists the first days of the weeks, months, … that the range touches.
func (q Query) periods(d Dimension) []string {
	var periods []string
	for _, day := range q.days() {
		date, err := time.Parse(time.DateOnly, day)
		if err != nil {
			continue // made above
		}
		year, month, _ := date.Date()
		switch d {
		case Week:
			date = date.AddDate(0, 0, -(int(date.Weekday())+6)%7)
		case Month:
			date = time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
		case Quarter:
			date = time.Date(year, (month-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC)
		default:
			date = time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		if first := date.Format(time.DateOnly); len(periods) == 0 || periods[len(periods)-1] != first {
			periods = append(periods, first)
		}
	}
	return periods
}

// Zeros are the values of a row in which nothing happened.
func (q Query) Zeros() []*float64 {
	values := make([]*float64, len(q.Metrics))
	for i, m := range q.Metrics {
		if !metricDefs[m].ratio {
			values[i] = new(float64)
		}
	}
	return values
}

// days lists the dates that the range touches in the zone.
func (q Query) days() []string {
	year, month, day := q.Since.In(q.Zone).Date()
	last := q.Until.Add(-1).In(q.Zone).Format(time.DateOnly)
	var days []string
	// Counted as dates, not as midnights: some days have none.
	for date := time.Date(year, month, day, 0, 0, 0, 0, time.UTC); ; date = date.AddDate(0, 0, 1) {
		days = append(days, date.Format(time.DateOnly))
		if days[len(days)-1] >= last {
			return days
		}
	}
}

// hours lists the starts of the clock hours that the range touches in the zone, cut as date_trunc cuts them.
func (q Query) hours() []string {
	var hours []string
	// Zones change by quarters of an hour at the finest.
	for at := q.Since; at.Before(q.Until); at = at.Add(15 * time.Minute) {
		local := at.In(q.Zone)
		intoHour := time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
		start := at.Add(-intoHour).In(q.Zone).Format(time.RFC3339)
		if len(hours) == 0 || hours[len(hours)-1] != start {
			hours = append(hours, start)
		}
	}
	return hours
}

// sort orders filled rows as the statement would have.
func (q Query) sort(rows []Row) { slices.SortStableFunc(rows, q.Compare) }

// Compare compares two rows by what sorts them, then by their dimensions.
func (q Query) Compare(a, b Row) int {
	for _, o := range q.SortedBy() {
		var c int
		if o.Dimension != "" {
			i := slices.Index(q.Dimensions, o.Dimension)
			c = q.compareDimension(i, a, b)
		} else {
			i := slices.Index(q.Metrics, o.Metric)
			if a.Values[i] == nil || b.Values[i] == nil {
				if c = compareNil(a.Values[i], b.Values[i]); c != 0 {
					return c // null is last in either direction
				}
				continue
			}
			c = cmp.Compare(*a.Values[i], *b.Values[i])
		}
		if o.Descending {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	for i := range a.Dimensions {
		if c := q.compareDimension(i, a, b); c != 0 {
			return c
		}
	}
	return 0
}

// compareDimension compares texts by their bytes, but hours as instants, since their offsets may differ.
func (q Query) compareDimension(i int, a, b Row) int {
	if q.Dimensions[i] == Hour {
		atA, errA := time.Parse(time.RFC3339, a.Dimensions[i])
		atB, errB := time.Parse(time.RFC3339, b.Dimensions[i])
		if errA == nil && errB == nil {
			return atA.Compare(atB)
		}
	}
	return strings.Compare(a.Dimensions[i], b.Dimensions[i])
}

func compareNil(a, b *float64) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	default:
		return -1
	}
}
