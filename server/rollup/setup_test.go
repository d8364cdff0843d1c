package rollup_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/ingest"
	"github.com/microtracker/microtracker/server/rollup"
)

const (
	chrome    = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
	iphone    = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
	googlebot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
)

// world is a project of a time zone, and the clock of its servers and its database.
type world struct {
	url       string
	store     *repo.Store
	project   *repo.Project
	inbox     *repo.Inbox
	ingester  *ingest.Ingester
	refresher *rollup.Refresher
	zone      *time.Location
	now       time.Time
}

// setup makes a world in which it is now.
func setup(t *testing.T, zone string, now time.Time) *world {
	t.Helper()
	w := &world{url: repotest.DatabaseURL(t), now: now}
	w.store = repotest.Open(t, w.url)
	w.setClock(t, now)
	w.project = repotest.Project(t, w.store)
	w.moveTo(t, zone)
	if _, err := w.store.EnsureEventPartitions(t.Context(), now.AddDate(0, 0, -8), now.AddDate(0, 0, 1)); err != nil {
		t.Fatal(err)
	}
	w.open(t)
	w.ingester = ingest.New(ingest.Config{Store: w.store, Now: func() time.Time { return now }})
	t.Cleanup(w.ingester.Close)
	w.refresher = rollup.New(rollup.Config{Store: w.store})
	return w
}

// open opens the project's inbox with its present settings.
func (w *world) open(t *testing.T) {
	t.Helper()
	var err error
	if w.inbox, err = w.store.OpenInbox(t.Context(), w.project.PublicKey, w.now); err != nil {
		t.Fatal(err)
	}
}

// setClock sets the database's clock.
func (w *world) setClock(t *testing.T, now time.Time) {
	t.Helper()
	repotest.Exec(t, w.url, fmt.Sprintf("CREATE OR REPLACE FUNCTION epoch_now() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT %d::bigint'", now.Unix()))
}

// moveTo gives the project a time zone.
func (w *world) moveTo(t *testing.T, zone string) {
	t.Helper()
	var err error
	if w.zone, err = time.LoadLocation(zone); err != nil {
		t.Fatal(err)
	}
	w.project.TimeZone = zone
	if err := w.project.Save(t.Context(), w.now); err != nil {
		t.Fatal(err)
	}
}

// visitor sends as the visitor with the key.
func visitor(key, agent string) ingest.Client {
	return ingest.Client{IP: netip.MustParseAddr("192.0.2.1"), UserAgent: agent, VisitorKey: key}
}

func (w *world) send(t *testing.T, c ingest.Client, events ...ingest.Event) {
	t.Helper()
	if err := w.sends(t.Context(), c, events...); err != nil {
		t.Fatal(err)
	}
}

// sends tries again what another transaction got in the way of.
func (w *world) sends(ctx context.Context, c ingest.Client, events ...ingest.Event) error {
	for {
		receipts, err := w.ingester.Ingest(ctx, w.inbox, &ingest.Batch{Client: c, Events: events, AnyAge: true})
		if errors.Is(err, repo.ErrUnavailable) && ctx.Err() == nil {
			continue
		}
		for _, receipt := range receipts {
			if err == nil && receipt.Status != ingest.Accepted && receipt.Status != ingest.Duplicate && receipt.Status != ingest.Bot {
				err = fmt.Errorf("receipt %+v", receipt)
			}
		}
		return err
	}
}

func view(path string, at time.Time) ingest.Event {
	return ingest.Event{ID: uuid.New(), Type: "page_view", URL: "https://example.com" + path, At: at}
}

// on is an event of another type on a page.
func on(page ingest.Event, eventType, name string, after time.Duration) ingest.Event {
	return ingest.Event{
		ID: uuid.New(), Type: eventType, Name: name, URL: page.URL, At: page.At.Add(after), PageViewID: uuid.NullUUID{UUID: page.ID, Valid: true},
	}
}

func exit(page ingest.Event, after time.Duration, scroll float64, engaged time.Duration) ingest.Event {
	e := on(page, "exit", "", after)
	e.ScrollPct, e.EngagedMS = &scroll, new(engaged.Milliseconds())
	return e
}

func (w *world) refresh(t *testing.T) {
	t.Helper()
	if err := w.refresher.Refresh(t.Context(), w.project.ID, nil); err != nil {
		t.Fatal(err)
	}
}

// figures are those of a day.
type figures struct {
	Visitors, Sessions, Bounces, Pageviews, FormStarts, FormSubmits, Exits int
	AvgDuration                                                            float64 // -1: none
	Metrics                                                                rollup.Metrics
	Paths                                                                  []rollup.TopPath
	CTAs                                                                   []rollup.TopCTA
	Sources                                                                []rollup.TopSource
}

// stored reads the project's rollups by date.
func (w *world) stored(t *testing.T) map[string]figures {
	t.Helper()
	rows, err := w.project.DailyRollups(t.Context(), w.now.AddDate(0, 0, -30), w.now.AddDate(0, 0, 30), 100)
	if err != nil {
		t.Fatal(err)
	}
	days := map[string]figures{}
	for _, row := range rows {
		f := figures{
			Visitors: row.Visitors, Sessions: row.Sessions, Bounces: row.Bounces, Pageviews: row.Pageviews, FormStarts: row.FormStarts,
			FormSubmits: row.FormSubmits, Exits: row.Exits, AvgDuration: orNone(row.AvgSessionDurationSecs),
		}
		decode(t, row.Metrics, &f.Metrics)
		decode(t, row.TopPaths, &f.Paths)
		decode(t, row.TopCTAs, &f.CTAs)
		decode(t, row.TopSources, &f.Sources)
		days[row.Day.Format(time.DateOnly)] = f
	}
	return days
}

func decode(t *testing.T, data []byte, to any) {
	t.Helper()
	if err := json.Unmarshal(data, to); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
}

func orNone(v *float64) float64 {
	if v == nil {
		return -1
	}
	return *v
}

// visitorsOfAllDays joins the sets of all days.
func (w *world) visitorsOfAllDays(t *testing.T) int64 {
	t.Helper()
	sets, err := w.project.DailyVisitorSets(t.Context(), w.now.AddDate(0, 0, -30), w.now.AddDate(0, 0, 30))
	if err != nil {
		t.Fatal(err)
	}
	all := rollup.NewVisitors()
	for _, text := range sets {
		set, err := rollup.DecodeVisitors(text)
		if err != nil {
			t.Fatal(err)
		}
		all.Or(set)
	}
	return all.Count()
}

// rawEvent and rawSession are rows as an export of a visitor gives them.
type rawEvent struct {
	VisitorID int64           `json:"visitor_id"`
	SessionID int64           `json:"session_id"`
	Type      string          `json:"event_type"`
	Name      string          `json:"name"`
	Path      *string         `json:"path"`
	Meta      map[string]bool `json:"meta"`
	CreatedAt time.Time       `json:"created_at"`
}

type rawSession struct {
	ID                int64     `json:"id"`
	StartedAt         time.Time `json:"started_at"`
	IsBot             bool      `json:"is_bot"`
	BotReason         *string   `json:"bot_reason"`
	Source            string    `json:"source"`
	Channel           string    `json:"channel"`
	Device            *string   `json:"device"`
	Country           *string   `json:"country"`
	Browser           *string   `json:"browser"`
	OS                *string   `json:"os"`
	Pageviews         int       `json:"pageviews"`
	InteractiveEvents int       `json:"interactive_events"`
	EngagedMS         int64     `json:"engaged_ms"`
	DurationSeconds   int64     `json:"duration_seconds"`
	PCQS              *float64  `json:"pcqs"`
}

// raw reads all that is stored of these visitors.
func (w *world) raw(t *testing.T, keys []string) ([]rawEvent, []rawSession) {
	t.Helper()
	var events []rawEvent
	var sessions []rawSession
	for _, key := range keys {
		err := w.project.ExportVisitor(t.Context(), repo.VisitorRef{Key: key}, func(table string, row []byte) error {
			switch table {
			case "events":
				events = append(events, rawEvent{})
				return json.Unmarshal(row, &events[len(events)-1])
			case "tracking_sessions":
				sessions = append(sessions, rawSession{})
				return json.Unmarshal(row, &sessions[len(sessions)-1])
			}
			return nil
		})
		if err != nil && !errors.Is(err, repo.ErrNotFound) {
			t.Fatal(err)
		}
	}
	return events, sessions
}

// recounted is a day in the making.
type recounted struct {
	figures

	visitors     map[int64]bool
	pathVisitors map[string]map[int64]bool
}

// recount counts the days from the raw rows, in the plainest way there is, and how many visitors there are in all.
func (w *world) recount(t *testing.T, keys []string) (map[string]figures, int64) {
	t.Helper()
	events, sessions := w.raw(t, keys)
	days := map[string]*recounted{}
	dayOf := func(at time.Time) *recounted {
		date := at.In(w.zone).Format(time.DateOnly)
		if days[date] == nil {
			days[date] = &recounted{
				visitors: map[int64]bool{}, pathVisitors: map[string]map[int64]bool{},
				figures: figures{AvgDuration: -1, Paths: []rollup.TopPath{}, CTAs: []rollup.TopCTA{}, Sources: []rollup.TopSource{}, Metrics: rollup.Metrics{
					Version: 1, DefinitionVersion: 1, TimeZone: w.zone.String(), Events: map[string]int64{}, Channels: map[string]int64{},
					Devices: map[string]int64{}, Countries: map[string]int64{}, Browsers: map[string]int64{}, OperatingSystems: map[string]int64{},
					Bots: map[string]int64{},
				}},
			}
		}
		return days[date]
	}
	isBot := map[int64]bool{}
	for _, s := range sessions {
		isBot[s.ID] = s.IsBot
		dayOf(s.StartedAt).addSession(s)
	}
	everybody := map[int64]bool{}
	for _, e := range events {
		if !isBot[e.SessionID] {
			everybody[e.VisitorID] = true
			dayOf(e.CreatedAt).addEvent(e)
		}
	}
	done := map[string]figures{}
	for date, day := range days {
		done[date] = day.finish()
	}
	return done, int64(len(everybody))
}

func (r *recounted) addEvent(e rawEvent) {
	r.visitors[e.VisitorID] = true
	r.Metrics.Events[e.Type]++
	switch e.Type {
	case "page_view":
		r.Pageviews++
		if e.Path == nil {
			return
		}
		i := slices.IndexFunc(r.Paths, func(p rollup.TopPath) bool { return p.Path == *e.Path })
		if i < 0 {
			i = len(r.Paths)
			r.Paths = append(r.Paths, rollup.TopPath{Path: *e.Path})
			r.pathVisitors[*e.Path] = map[int64]bool{}
		}
		r.Paths[i].Pageviews++
		r.pathVisitors[*e.Path][e.VisitorID] = true
	case "click":
		i := slices.IndexFunc(r.CTAs, func(c rollup.TopCTA) bool { return c.Name == e.Name })
		if i < 0 {
			i = len(r.CTAs)
			r.CTAs = append(r.CTAs, rollup.TopCTA{Name: e.Name})
		}
		r.CTAs[i].Clicks++
		if e.Meta["cta"] {
			r.CTAs[i].Marked++
		}
	case "form_start":
		r.FormStarts++
	case "form_submit":
		r.FormSubmits++
	case "exit":
		r.Exits++
	}
}

func (r *recounted) addSession(s rawSession) {
	text := func(s *string) string {
		if s == nil || *s == "" {
			return "unknown"
		}
		return *s
	}
	m := &r.Metrics
	if s.IsBot {
		m.Bots[text(s.BotReason)]++
		return
	}
	r.Sessions++
	if s.Pageviews == 1 && s.InteractiveEvents == 0 && s.EngagedMS < 10_000 {
		r.Bounces++
	}
	m.DurationSecs += s.DurationSeconds
	m.EngagedMS += s.EngagedMS
	if s.PCQS != nil {
		m.PCQS.Sessions++
		m.PCQS.Sum = math.Round(100*(m.PCQS.Sum+*s.PCQS)) / 100
	}
	m.Channels[s.Channel]++
	m.Devices[text(s.Device)]++
	m.Countries[text(s.Country)]++
	m.Browsers[text(s.Browser)]++
	m.OperatingSystems[text(s.OS)]++
	i := slices.IndexFunc(r.Sources, func(top rollup.TopSource) bool { return top.Source == s.Source })
	if i < 0 {
		i = len(r.Sources)
		r.Sources = append(r.Sources, rollup.TopSource{Source: s.Source})
	}
	r.Sources[i].Sessions++
}

func (r *recounted) finish() figures {
	r.Visitors = len(r.visitors)
	if r.Sessions > 0 {
		r.AvgDuration = math.Round(100*float64(r.Metrics.DurationSecs)/float64(r.Sessions)) / 100
	}
	if n := r.Metrics.PCQS.Sessions; n > 0 {
		r.Metrics.PCQS.Avg = new(math.Round(100*r.Metrics.PCQS.Sum/float64(n)) / 100)
	}
	for i := range r.Paths {
		r.Paths[i].Visitors = int64(len(r.pathVisitors[r.Paths[i].Path]))
	}
	better := func(a, b int64, textA, textB string) int {
		if a != b {
			return int(b - a)
		}
		if textA < textB {
			return -1
		}
		return 1
	}
	slices.SortFunc(r.Paths, func(a, b rollup.TopPath) int { return better(a.Pageviews, b.Pageviews, a.Path, b.Path) })
	slices.SortFunc(r.CTAs, func(a, b rollup.TopCTA) int { return better(a.Clicks, b.Clicks, a.Name, b.Name) })
	slices.SortFunc(r.Sources, func(a, b rollup.TopSource) int { return better(a.Sessions, b.Sessions, a.Source, b.Source) })
	return r.figures
}

// expectRecount compares what is stored with a recount of all that is stored of these visitors.
func (w *world) expectRecount(t *testing.T, what string, keys ...string) {
	t.Helper()
	want, visitors := w.recount(t, keys)
	if diff := cmp.Diff(want, w.stored(t)); diff != "" {
		t.Errorf("%s (-recounted +stored):\n%s", what, diff)
	}
	if got := w.visitorsOfAllDays(t); got != visitors {
		t.Errorf("%s: %d visitors in all days, want %d", what, got, visitors)
	}
}

// markedDays are the dates in the project's zone that the marks touch.
func (w *world) markedDays(t *testing.T) []string {
	t.Helper()
	state, err := w.store.RollupState(t.Context(), w.project.ID)
	if err != nil {
		t.Fatal(err)
	}
	days := map[string]bool{}
	for _, mark := range state.Marks {
		for at := mark.Since; at.Before(mark.Until); at = at.Add(15 * time.Minute) {
			days[at.In(w.zone).Format(time.DateOnly)] = true
		}
	}
	var sorted []string
	for day := range days {
		sorted = append(sorted, day)
	}
	slices.Sort(sorted)
	return sorted
}
