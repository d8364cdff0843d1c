package repo_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/repo/repotest"
)

// The oracle computes what docs/metrics.md says in the plainest way, from the same rows, to be compared with what the
// compiler's SQL says.

// attributes are what a session has.
type attributes map[report.Dimension]string

type oracleVisitor struct {
	id        int64
	firstSeen time.Time
	zone      string
	width     *int
}

type oracleSession struct {
	id               int64
	visitor          *oracleVisitor
	started, last    time.Time
	has              attributes
	isBot            bool
	views, purposely int
	engagedMS        int64
	scroll, pcqs     *float64
	events           []*oracleEvent
}

type oracleEvent struct {
	session           *oracleSession
	at                time.Time
	kind, name, url   string
	properties        map[string]string
	value             float64
	valued            bool
	currency          string
	path, title, host string
}

type oracle struct {
	sessions []*oracleSession
	events   []*oracleEvent
}

const shoeShop = "https://Shop.example.com:8443"

func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// randomHistory makes visitors with sessions with events around base.
func randomHistory(r *rand.Rand, base time.Time) *oracle {
	o := new(oracle)
	var id int64
	next := func() int64 { id++; return id }
	for range 4 + r.IntN(6) {
		v := &oracleVisitor{id: next(), zone: pick(r, "", "Europe/Berlin", "Asia/Tokyo")}
		if r.IntN(4) > 0 {
			v.width = new(pick(r, 320, 576, 1000, 2000))
		}
		for range 1 + r.IntN(3) {
			s := randomSession(r, next(), v, base.Add(time.Duration(r.IntN(5*24*60))*time.Minute), next)
			if v.firstSeen.IsZero() || s.started.Before(v.firstSeen) {
				v.firstSeen = s.started
			}
			o.sessions = append(o.sessions, s)
			o.events = append(o.events, s.events...)
		}
	}
	return o
}

func randomSession(r *rand.Rand, id int64, v *oracleVisitor, start time.Time, next func() int64) *oracleSession {
	s := &oracleSession{id: id, visitor: v, started: start, last: start, has: attributes{ //nolint:exhaustive // the rest follows from these
		report.Source: pick(r, "Google", "news", "Direct / None"), report.Channel: pick(r, "Direct", "Email"),
		report.UTMSource: pick(r, "", "news"), report.UTMMedium: pick(r, "", "mail"), report.Country: pick(r, "", "DE", "JP"),
		report.Device: pick(r, "mobile", "desktop"), report.Browser: pick(r, "Firefox", "Chrome"), report.OS: pick(r, "", "Linux"),
		report.CampaignID: pick(r, "", "c1", "c2"), report.AdID: pick(r, "", "a1"), report.Placement: pick(r, "", "feed"),
		report.Referrer: pick(r, "", "https://example.org/x"), report.SearchTerm: pick(r, "", "shoes"), report.ClickIDKind: pick(r, "", "gclid"),
	}}
	s.has["version"] = pick(r, "", "131", "17.4")
	s.has[report.BrowserVersion] = strings.TrimSuffix(s.has[report.Browser]+" "+s.has["version"], " ")
	if s.has[report.OS] != "" {
		s.has[report.OSVersion] = strings.TrimSuffix(s.has[report.OS]+" "+s.has["version"], " ")
	}
	campaignName := pick(r, "", "Spring")
	s.has["campaign_name"] = campaignName
	s.has[report.Campaign] = campaignName
	if campaignName == "" {
		s.has[report.Campaign] = s.has[report.CampaignID]
	}
	s.has[report.Ad] = s.has[report.AdID]
	if s.has["region"] = ""; s.has[report.Country] == "DE" {
		s.has["region"] = pick(r, "", "BE")
	}
	s.has[report.Region] = ""
	if s.has["region"] != "" {
		s.has[report.Region] = "DE-" + s.has["region"]
	}
	if s.isBot = r.IntN(6) == 0; s.isBot {
		s.has[report.BotReason] = pick(r, "user_agent", "rate")
	}
	at := start
	for range 1 + r.IntN(6) {
		e := &oracleEvent{
			session: s, at: at, kind: pick(r, "page_view", "page_view", "page_view", "exit", "click", "form_start", "form_submit", "conversion", "custom"),
			path: pick(r, "/a", "/b", "/a/b", ""), title: pick(r, "", "A", "B"), properties: map[string]string{}, currency: pick(r, "", "USD", "EUR"),
		}
		e.name = pick(r, e.kind, "buy")
		if e.host = pick(r, "", "shop.example.com"); e.host != "" {
			e.url = shoeShop + e.path + pick(r, "", "?x=1")
		}
		if r.IntN(3) == 0 {
			e.properties["color"] = pick(r, "red", "blue", "")
		}
		if r.IntN(3) == 0 {
			e.valued, e.value = true, float64(1+r.IntN(500))/4
		}
		if e.kind == "page_view" {
			s.views++
			if s.has[report.EntryPath] == "" {
				s.has[report.EntryPath] = e.path
			}
			s.has[report.ExitPath] = e.path
		}
		if slices.Contains([]string{"click", "form_start", "form_submit", "conversion", "custom"}, e.kind) {
			s.purposely++
		}
		s.last, s.events = at, append(s.events, e)
		at = at.Add(time.Duration(r.IntN(29*60)) * time.Second)
		_ = next
	}
	s.engagedMS = int64(r.IntN(30_000))
	if r.IntN(2) == 0 {
		s.scroll, s.pcqs = new(float64(r.IntN(400))/4), new(float64(r.IntN(400))/4)
	}
	return s
}

// store writes the history as it is.
func (o *oracle) store(t *testing.T, url string, project int64) {
	t.Helper()
	visitors, sessions, events := map[int64]map[string]any{}, []map[string]any{}, []map[string]any{}
	null := func(text string) any {
		if text == "" {
			return nil
		}
		return text
	}
	for i, s := range o.sessions {
		v := s.visitor
		visitors[v.id] = map[string]any{
			"id": v.id, "project_id": project, "visitor_key": fmt.Sprint("v", v.id), "first_seen_at": v.firstSeen, "last_seen_at": v.firstSeen,
			"sessions_count": 1, "is_bot": false, "timezone": null(v.zone), "viewport_w": v.width,
		}
		sessions = append(sessions, map[string]any{
			"id": s.id, "project_id": project, "visitor_id": v.id, "session_key": fmt.Sprint("s", s.id), "started_at": s.started, "last_activity_at": s.last,
			"duration_seconds": int(s.last.Sub(s.started).Seconds()), "scroll_pct": s.scroll, "pcqs": s.pcqs, "source": s.has[report.Source],
			"channel": s.has[report.Channel], "utm_source": null(s.has[report.UTMSource]), "utm_medium": null(s.has[report.UTMMedium]),
			"utm_campaign_id": null(s.has[report.CampaignID]), "utm_campaign_name": null(s.has["campaign_name"]), "utm_ad_id": null(s.has[report.AdID]),
			"utm_placement": null(s.has[report.Placement]), "landing_referrer": null(s.has[report.Referrer]), "search_term": null(s.has[report.SearchTerm]),
			"click_id_kind": null(s.has[report.ClickIDKind]), "country": null(s.has[report.Country]), "region": null(s.has["region"]),
			"device": s.has[report.Device], "browser": s.has[report.Browser], "os": null(s.has[report.OS]), "is_bot": s.isBot,
			"browser_version": null(s.has["version"]), "os_version": null(s.has["version"]),
			"bot_reason": null(s.has[report.BotReason]), "entry_path": null(s.has[report.EntryPath]), "exit_path": null(s.has[report.ExitPath]),
			"pageviews": s.views, "interactive_events": s.purposely, "engaged_ms": s.engagedMS, "is_keyed": false, "has_macro": false,
		})
		for j, e := range s.events {
			row := map[string]any{
				"id": int64(i*100 + j + 1), "project_id": project, "session_id": s.id, "visitor_id": v.id, "event_type": e.kind, "name": e.name,
				"url": null(e.url), "path": null(e.path), "title": null(e.title), "created_at": e.at, "event_id": uuid.New(), "currency": null(e.currency),
			}
			if len(e.properties) > 0 {
				row["meta"] = e.properties
			}
			if e.valued {
				row["value"] = e.value
			}
			events = append(events, row)
		}
	}
	for _, part := range []struct {
		table string
		rows  any
	}{{"visitors", slices.Collect(maps.Values(visitors))}, {"tracking_sessions", sessions}, {"events", events}} {
		encoded, err := json.Marshal(part.rows)
		if err != nil {
			t.Fatal(err)
		}
		repotest.Exec(t, url, "INSERT INTO "+part.table+" OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_recordset(NULL::"+part.table+", $1)", string(encoded))
	}
}

// question is a query with how the oracle sees it.
type question struct {
	report.Query
	*oracle
}

func (q *question) inRange(at time.Time) bool { return !at.Before(q.Since) && at.Before(q.Until) }

func (q *question) counts(isBot bool) bool {
	return q.Bots == report.BotsIncluded || isBot == (q.Bots == report.BotsOnly)
}

func isTime(d report.Dimension) bool { known, _ := d.Describe(); return known.IsTime }

func ofEvents(d report.Dimension) bool { known, _ := d.Describe(); return known.OfEvents }

func ofPages(d report.Dimension) bool {
	return d == report.Path || d == report.Title || d == report.Hostname
}

// bucket is the value of a dimension of time.
func bucket(d report.Dimension, at time.Time, zone *time.Location) string {
	local := at.In(zone)
	year, month, day := local.Date()
	date := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	switch d {
	case report.Hour:
		return local.Add(-time.Duration(local.Minute())*time.Minute - time.Duration(local.Second())*time.Second).Format(time.RFC3339)
	case report.Week:
		for date.Weekday() != time.Monday {
			date = date.AddDate(0, 0, -1)
		}
	case report.Month:
		date = date.AddDate(0, 0, 1-day)
	case report.Quarter:
		date = time.Date(year, []time.Month{1, 1, 1, 4, 4, 4, 7, 7, 7, 10, 10, 10}[month-1], 1, 0, 0, 0, 0, time.UTC)
	case report.Year:
		date = time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	default:
	}
	return date.Format(time.DateOnly)
}

func (e *oracleEvent) value1(d report.Dimension, key string) string {
	switch d {
	case report.Path:
		return e.path
	case report.Title:
		return e.title
	case report.Hostname:
		return e.host
	case report.EventType:
		return e.kind
	case report.EventName:
		return e.name
	default:
		return e.properties[key]
	}
}

func (s *oracleSession) value1(d report.Dimension) string {
	switch d {
	case report.TimeZone:
		return s.visitor.zone
	case report.VisitorType:
		if s.started.After(s.visitor.firstSeen) {
			return "returning"
		}
		return "new"
	case report.Viewport:
		switch w := s.visitor.width; {
		case w == nil:
			return ""
		case *w < 576:
			return "under 576"
		case *w < 992:
			return "576 to 991"
		case *w < 1440:
			return "992 to 1439"
		default:
			return "1440 and more"
		}
	default:
		return s.has[d]
	}
}

func compares(c report.Condition, value string) bool {
	for _, v := range c.Values {
		var is bool
		switch c.Operator {
		case report.OperatorContains:
			is = strings.Contains(value, v)
		case report.OperatorStartsWith:
			is = strings.HasPrefix(value, v)
		case report.OperatorMatches:
			is = regexp.MustCompile(report.PatternRegexp(v)).MatchString(value)
		default:
			is = value == v
		}
		if is {
			return c.Operator != report.OperatorIsNot
		}
	}
	return c.Operator == report.OperatorIsNot || c.Operator == report.OperatorPresent && value != ""
}

// keeps says whether the filter keeps a session, or, where e is not nil, its event.
func (q *question) keeps(f *report.Filter, s *oracleSession, e *oracleEvent) bool {
	every := func(fs []report.Filter, want bool) bool {
		for i := range fs {
			if q.keeps(&fs[i], s, e) != want {
				return false
			}
		}
		return true
	}
	switch {
	case f == nil:
		return true
	case f.Not != nil:
		return !q.keeps(f.Not, s, e)
	case len(f.All) > 0:
		return every(f.All, true)
	case len(f.Any) > 0:
		return !every(f.Any, false)
	case f.HasDone != nil:
		for _, other := range q.events {
			same := other.session == s || f.HasDone.ByVisitor && other.session.visitor == s.visitor
			meets := func(c report.Condition) bool { return compares(c, other.value1(c.Dimension, c.PropertyKey)) }
			if same && q.inRange(other.at) && !slices.ContainsFunc(f.HasDone.Event, func(c report.Condition) bool { return !meets(c) }) {
				return true
			}
		}
		return false
	}
	c := *f.Condition
	if !ofEvents(c.Dimension) {
		return compares(c, s.value1(c.Dimension))
	}
	if e != nil {
		return compares(c, e.value1(c.Dimension, c.PropertyKey))
	}
	positive := c
	if c.Operator == report.OperatorIsNot {
		positive.Operator = report.OperatorIs
	}
	found := slices.ContainsFunc(s.events, func(e *oracleEvent) bool {
		return q.inRange(e.at) && (e.kind == "page_view" || !ofPages(c.Dimension)) && compares(positive, e.value1(c.Dimension, c.PropertyKey))
	})
	return found == (c.Operator != report.OperatorIsNot)
}

const between = "\x01"

// rowOfEvent is the row of an event; false: it is in none.
func (q *question) rowOfEvent(e *oracleEvent) (string, bool) {
	var parts []string
	for _, d := range q.Dimensions {
		switch {
		case isTime(d):
			parts = append(parts, bucket(d, e.at, q.Zone))
		case ofEvents(d):
			value := e.value1(d, q.PropertyKey)
			if value == "" {
				return "", false
			}
			parts = append(parts, value)
		default:
			parts = append(parts, e.session.value1(d))
		}
	}
	return strings.Join(parts, between), true
}

// rowsOfSession are the rows of a session; ended: by the page that it ended on.
func (q *question) rowsOfSession(s *oracleSession, ended bool) map[string]bool {
	rows := map[string]bool{}
	events, pagesOnly := false, true
	for _, d := range q.Dimensions {
		if ofEvents(d) {
			events, pagesOnly = true, pagesOnly && ofPages(d)
		}
	}
	add := func(e *oracleEvent) {
		var parts []string
		for _, d := range q.Dimensions {
			switch {
			case isTime(d):
				parts = append(parts, bucket(d, s.started, q.Zone))
			case ofEvents(d) && ended:
				parts = append(parts, s.has[report.ExitPath])
			case ofEvents(d):
				value := e.value1(d, q.PropertyKey)
				if value == "" {
					return
				}
				parts = append(parts, value)
			default:
				parts = append(parts, s.value1(d))
			}
		}
		rows[strings.Join(parts, between)] = true
	}
	if !events || ended {
		add(nil)
		return rows
	}
	for _, e := range s.events {
		if q.inRange(e.at) && (e.kind == "page_view" || !pagesOnly) {
			add(e)
		}
	}
	return rows
}

func isConversion(c report.Conversion, e *oracleEvent) bool {
	return (c.EventType == "" || c.EventType == e.kind) && (c.Name == "" || c.Name == e.name) &&
		(c.PathPattern == "" || regexp.MustCompile(report.PatternRegexp(c.PathPattern)).MatchString(e.path)) &&
		(c.PropertyKey == "" || e.properties[c.PropertyKey] == c.PropertyValue)
}

// tally is what is counted of one row.
type tally struct {
	visitors                                               map[int64]bool
	byKind                                                 map[string]float64
	events, sessions, bounces, duration, engaged           float64
	scrolls, scrolled, scores, scored, fresh, ended, value float64
	converting                                             float64
	conversions                                            map[string]float64
}

func (q *question) tallies() map[string]*tally {
	rows := map[string]*tally{}
	at := func(key string) *tally {
		if rows[key] == nil {
			rows[key] = &tally{visitors: map[int64]bool{}, byKind: map[string]float64{}, conversions: map[string]float64{}}
		}
		return rows[key]
	}
	for _, e := range q.events {
		key, ok := q.rowOfEvent(e)
		if !ok || !q.inRange(e.at) || !q.counts(e.session.isBot) || !q.keeps(q.Filter, e.session, e) {
			continue
		}
		row := at(key)
		row.visitors[e.session.visitor.id] = true
		row.byKind[e.kind]++
		row.events++
		converts, worth := false, 0.0
		for _, c := range q.Conversions {
			if isConversion(c, e) {
				converts = true
				if worth == 0 {
					worth, _ = strconv.ParseFloat(c.Value, 64) // none is nothing
				}
				row.conversions[fmt.Sprint(e.session.id, " ", c.ID)]++
			}
		}
		switch {
		case converts && !e.valued:
			row.value += worth
		case converts && (e.currency == "" || e.currency == q.Currency):
			row.value += e.value
		}
	}
	for _, s := range q.sessions {
		if !q.inRange(s.started) || !q.counts(s.isBot) || !q.keeps(q.Filter, s, nil) {
			continue
		}
		for key := range q.rowsOfSession(s, false) {
			q.addSession(at(key), s)
		}
		if slices.Contains(q.Metrics, report.ExitRate) && s.has[report.ExitPath] != "" {
			for key := range q.rowsOfSession(s, true) {
				at(key).ended++
			}
		}
	}
	return rows
}

func (q *question) addSession(row *tally, s *oracleSession) {
	row.sessions++
	row.duration += math.Trunc(s.last.Sub(s.started).Seconds())
	row.engaged += float64(s.engagedMS)
	if s.views == 1 && s.purposely == 0 && s.engagedMS < 10_000 {
		row.bounces++
	}
	if s.scroll != nil {
		row.scrolls += *s.scroll
		row.scrolled++
	}
	if s.pcqs != nil {
		row.scores += *s.pcqs
		row.scored++
	}
	if !s.started.After(s.visitor.firstSeen) {
		row.fresh++
	}
	if slices.ContainsFunc(s.events, func(e *oracleEvent) bool {
		return q.inRange(e.at) && slices.ContainsFunc(q.Conversions, func(c report.Conversion) bool { return isConversion(c, e) })
	}) {
		row.converting++
	}
}

// value is a metric of a row; nil: there is nothing to divide by.
func (q *question) value(m report.Metric, row *tally) *float64 {
	share := func(a, b float64) *float64 {
		if b == 0 {
			return nil
		}
		return new(a / b)
	}
	switch m {
	case report.Visitors:
		return new(float64(len(row.visitors)))
	case report.Sessions:
		return &row.sessions
	case report.Pageviews:
		return new(row.byKind["page_view"])
	case report.Bounces:
		return &row.bounces
	case report.BounceRate:
		return share(row.bounces, row.sessions)
	case report.AvgSessionDuration:
		return share(row.duration, row.sessions)
	case report.ViewsPerSession:
		if views := share(row.byKind["page_view"], row.sessions); views != nil {
			return new(math.Round(*views*100) / 100)
		}
		return nil
	case report.Events:
		return &row.events
	case report.Exits:
		return new(row.byKind["exit"])
	case report.Clicks:
		return new(row.byKind["click"])
	case report.FormStarts:
		return new(row.byKind["form_start"])
	case report.FormSubmits:
		return new(row.byKind["form_submit"])
	case report.FormCompletion:
		return share(row.byKind["form_submit"], row.byKind["form_start"])
	case report.AvgEngagedTime:
		return share(row.engaged/1000, row.sessions)
	case report.ScrollDepth:
		return share(row.scrolls, row.scrolled)
	case report.PCQS:
		return share(row.scores, row.scored)
	case report.ExitRate:
		return share(row.ended, row.byKind["page_view"])
	case report.NewSessions:
		return &row.fresh
	case report.ConversionRate:
		return share(row.converting, row.sessions)
	case report.Revenue:
		return &row.value
	default: // conversions
		count := 0.0
		for _, n := range row.conversions {
			if count++; q.EveryConversion {
				count += n - 1
			}
		}
		return &count
	}
}

func allMetrics() []report.Metric {
	return []report.Metric{
		report.Visitors, report.Sessions, report.Pageviews, report.Bounces, report.BounceRate, report.AvgSessionDuration,
		report.ViewsPerSession, report.Events, report.Exits, report.Clicks, report.FormStarts, report.FormSubmits, report.FormCompletion,
		report.AvgEngagedTime, report.ScrollDepth, report.PCQS, report.NewSessions, report.Conversions, report.ConversionRate, report.Revenue,
	}
}

func allDimensions() []report.Dimension {
	return []report.Dimension{
		report.Hour, report.Day, report.Week, report.Month, report.Quarter, report.Year, report.Path, report.EntryPath, report.ExitPath,
		report.Hostname, report.Title, report.Source, report.Referrer, report.Channel, report.UTMSource, report.UTMMedium,
		report.ClickIDKind, report.Campaign, report.CampaignID, report.Ad, report.AdID, report.Placement, report.Country, report.Region,
		report.TimeZone, report.Device, report.Browser, report.OS, report.Viewport, report.EventType, report.EventName, report.Property,
		report.VisitorType, report.SearchTerm, report.BrowserVersion, report.OSVersion,
	}
}

func randomCondition(r *rand.Rand, among []report.Dimension) report.Condition {
	c := report.Condition{Dimension: pick(r, among...), Operator: report.Operator(1 + r.IntN(6))}
	if c.Dimension == report.Property {
		c.PropertyKey = "color"
	}
	if c.Operator != report.OperatorPresent {
		for range 1 + r.IntN(2) {
			c.Values = append(c.Values, pick(r, "/a", "/b", "/*", "**b", "a", "Google", "news", "DE", "mobile", "page_view", "click", "red", "A", "shop.example.com", "new", "Spring", "?1", "c1"))
		}
	}
	return c
}

func randomFilter(r *rand.Rand, depth int) *report.Filter {
	conditions := slices.DeleteFunc(allDimensions(), isTime)
	list := func() []report.Filter {
		fs := make([]report.Filter, 1+r.IntN(3))
		for i := range fs {
			fs[i] = *randomFilter(r, depth+1)
		}
		return fs
	}
	kind := r.IntN(6)
	if depth >= 3 {
		kind = 3 + r.IntN(3)
	}
	switch kind {
	case 0:
		return &report.Filter{All: list()}
	case 1:
		return &report.Filter{Any: list()}
	case 2:
		return &report.Filter{Not: randomFilter(r, depth+1)}
	case 3:
		done := &report.HasDone{ByVisitor: r.IntN(2) == 0}
		for range 1 + r.IntN(2) {
			done.Event = append(done.Event, randomCondition(r, slices.DeleteFunc(conditions, func(d report.Dimension) bool { return !ofEvents(d) })))
			conditions = slices.DeleteFunc(allDimensions(), isTime)
		}
		return &report.Filter{HasDone: done}
	default:
		c := randomCondition(r, conditions)
		return &report.Filter{Condition: &c}
	}
}

func randomQuestion(t *testing.T, r *rand.Rand, o *oracle, base time.Time) *question {
	t.Helper()
	zone, err := time.LoadLocation(pick(r, "UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati"))
	if err != nil {
		t.Fatal(err)
	}
	q := &question{oracle: o, Query: report.Query{
		Zone: zone, Since: base.Add(time.Duration(r.IntN(48)) * time.Hour), Bots: report.Bots(r.IntN(3)), Currency: "USD", EveryConversion: r.IntN(2) == 0,
		Conversions: []report.Conversion{
			{ID: 7, EventType: "conversion"},
			{ID: 8, Name: "buy", PathPattern: "/a**", Value: "2.50"},
			{ID: 9, PropertyKey: "color", PropertyValue: "red", Value: "4"},
		},
	}}
	q.Until = q.Since.Add(time.Duration(1+r.IntN(5*24)) * time.Hour)
	for _, m := range allMetrics() {
		if r.IntN(3) == 0 {
			q.Metrics = append(q.Metrics, m)
		}
	}
	if len(q.Metrics) == 0 {
		q.Metrics = []report.Metric{report.Visitors}
	}
	dimensions := allDimensions()
	r.Shuffle(len(dimensions), func(i, j int) { dimensions[i], dimensions[j] = dimensions[j], dimensions[i] })
	times, events := 0, 0
	for _, d := range dimensions[:r.IntN(4)] {
		if isTime(d) {
			if times++; times > 1 {
				continue
			}
		}
		if ofEvents(d) {
			events++
		}
		if d == report.Property {
			q.PropertyKey = "color"
		}
		q.Dimensions = append(q.Dimensions, d)
	}
	if slices.Contains(q.Dimensions, report.Path) && events == 1 {
		q.Metrics = append(q.Metrics, report.ExitRate)
	}
	if r.IntN(3) > 0 {
		q.Filter = randomFilter(r, 1)
	}
	return q
}

// lines writes the oracle's rows as table does the report's.
func (q *question) lines() []string {
	rows := q.tallies()
	if len(q.Dimensions) == 0 && len(rows) == 0 {
		rows[""] = &tally{}
	}
	if len(q.Dimensions) == 1 && isTime(q.Dimensions[0]) {
		for _, b := range q.Buckets() {
			if rows[b] == nil {
				rows[b] = &tally{}
			}
		}
	}
	var lines []string
	for key, row := range rows {
		if q.isEmpty(row) {
			continue
		}
		values := make([]*float64, len(q.Metrics))
		for i, m := range q.Metrics {
			values[i] = q.value(m, row)
		}
		lines = append(lines, line(strings.Split(key, between)[:len(q.Dimensions)], values))
	}
	slices.Sort(lines)
	return lines
}

// isEmpty says that no metric asked for counted anything there: then there is no such row, but for time.
func (q *question) isEmpty(row *tally) bool {
	if len(q.Dimensions) == 0 || len(q.Dimensions) == 1 && isTime(q.Dimensions[0]) {
		return false
	}
	events, sessions := false, false
	for _, m := range q.Metrics {
		switch m {
		case report.Visitors, report.Pageviews, report.Events, report.Exits, report.Clicks, report.FormStarts, report.FormSubmits, report.FormCompletion:
			events = true
		case report.Conversions, report.Revenue:
			if len(row.conversions) > 0 {
				return false
			}
		case report.ViewsPerSession:
			events, sessions = true, true
		case report.ExitRate:
			if events = true; row.ended > 0 {
				return false
			}
		default:
			sessions = true
		}
	}
	return !(events && row.events > 0 || sessions && row.sessions > 0)
}

func line(dimensions []string, values []*float64) string {
	cells := append([]string{}, dimensions...)
	for _, v := range values {
		if v == nil {
			cells = append(cells, "-")
		} else {
			cells = append(cells, fmt.Sprintf("%.9g", *v))
		}
	}
	return strings.Join(cells, "|")
}

func TestReportsAreWhatThePlainestReckoningSays(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	store := repotest.Open(t, url)
	base := time.Date(2026, 10, 23, 0, 0, 0, 0, time.UTC) // clocks change in Berlin on the 25th
	if _, err := store.EnsureEventPartitions(t.Context(), base, base.AddDate(0, 1, 0)); err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	for history := range 5 {
		project := repotest.Project(t, store)
		o := randomHistory(r, base)
		o.store(t, url, project.ID)
		for range 60 {
			q := randomQuestion(t, r, o, base)
			answer, err := project.Report(t.Context(), q.Query, nil)
			if err != nil {
				t.Fatalf("seed %d, %+v: %v", seed, q.Query, err)
			}
			var got []string
			for _, row := range answer.Rows {
				got = append(got, line(row.Dimensions, row.Values))
			}
			slices.Sort(got)
			if diff := cmp.Diff(q.lines(), got); diff != "" {
				shown, _ := json.Marshal(q.Query)
				t.Fatalf("seed %d, history %d, %s\n(-want +got):\n%s", seed, history, shown, diff)
			}
		}
	}
}
