package rollup_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/ingest"
	"github.com/microtracker/microtracker/server/rollup"
)

func pick[T any](random *rand.Rand, values ...T) T { return values[random.IntN(len(values))] }

// randomQuestion is one that days answer, over some of the last days.
func (w *world) randomQuestion(random *rand.Rand) (q report.Query, compared *report.Query) {
	ofEvents := []report.Metric{
		report.Visitors, report.Pageviews, report.Events, report.Exits, report.Clicks, report.FormStarts, report.FormSubmits, report.FormCompletion,
		report.ViewsPerSession,
	}
	ofSessions := []report.Metric{
		report.Sessions, report.Bounces, report.BounceRate, report.AvgSessionDuration, report.AvgEngagedTime, report.ScrollDepth, report.PCQS,
	}
	q.Zone = w.zone
	day := dayIn(w.now, w.zone).AddDate(0, 0, -random.IntN(9))
	q.Since, q.Until = w.midnight(day), w.midnight(day.AddDate(0, 0, 1+random.IntN(9)))
	switch random.IntN(5) {
	case 0:
	case 1, 2:
		q.Dimensions = []report.Dimension{pick(random, report.Day, report.Week, report.Month, report.Quarter, report.Year)}
	default:
		q.Dimensions = []report.Dimension{pick(random, report.Path, report.Path, report.EntryPath, report.ExitPath, report.Source, report.Channel,
			report.Campaign, report.CampaignID, report.UTMSource, report.UTMMedium, report.Country, report.Region, report.Device, report.Browser, report.OS)}
	}
	if random.IntN(3) == 0 { // what blocks answer
		for range random.IntN(3) {
			d := pick(random, report.Path, report.EntryPath, report.Source, report.Country, report.Device, report.BrowserVersion, report.UTMTerm, report.Day, report.Week,
				report.EventName, report.EventType)
			isTime := func(d report.Dimension) bool { known, _ := d.Describe(); return known.IsTime }
			if !slices.Contains(q.Dimensions, d) && len(q.Dimensions) < 3 && !(isTime(d) && slices.ContainsFunc(q.Dimensions, isTime)) {
				q.Dimensions = append(q.Dimensions, d)
			}
		}
	}
	if random.IntN(2) == 0 {
		q.Filter = new(randomFilter(random, 0))
	}
	metrics := slices.Concat(ofEvents, ofSessions)
	if shown, _ := json.Marshal(q); strings.Contains(string(shown), string(report.ExitPath)) {
		metrics = ofSessions
	}
	for len(q.Metrics) == 0 {
		for _, m := range metrics {
			if random.IntN(4) == 0 {
				q.Metrics = append(q.Metrics, m)
			}
		}
	}
	if random.IntN(4) == 0 {
		q.Metrics = append(q.Metrics, pick(random, report.Conversions, report.ConversionRate))
		q.EveryConversion = random.IntN(2) == 0
		for i := range 1 + random.IntN(3) {
			q.Conversions = append(q.Conversions, pick(random,
				report.Conversion{Name: "Buy"}, report.Conversion{EventType: "click"}, report.Conversion{EventType: "form_submit", Name: "Order"},
				report.Conversion{Name: "thought"}, report.Conversion{PathPattern: "/?"}, report.Conversion{EventType: "page_view", PathPattern: "**"},
				report.Conversion{EventType: "custom", PathPattern: "/*"}, report.Conversion{Name: "Buy", PathPattern: "/"},
			))
			q.Conversions[i].ID = int64(i + 1)
		}
	}
	if random.IntN(2) == 0 {
		q.OrderBy = append(q.OrderBy, report.Order{Metric: pick(random, q.Metrics...), Descending: random.IntN(2) == 0})
		if len(q.Dimensions) > 0 && random.IntN(2) == 0 {
			q.OrderBy = append(q.OrderBy, report.Order{Dimension: q.Dimensions[0], Descending: random.IntN(2) == 0})
		}
	}
	q.Limit = random.IntN(5)
	if random.IntN(2) == 0 {
		other := q
		other.Since, other.Until = w.midnight(day.AddDate(0, 0, -3)), q.Since
		if random.IntN(4) == 0 { // as far as today is
			other.Until = other.Since.Add(time.Duration(1+random.IntN(47)) * 30 * time.Minute)
		}
		compared = &other
	}
	return q, compared
}

// randomFilter is one that blocks answer.
func randomFilter(random *rand.Rand, depth int) report.Filter {
	if depth < 3 && random.IntN(3) == 0 {
		parts := make([]report.Filter, 1+random.IntN(3))
		for i := range parts {
			parts[i] = randomFilter(random, depth+1)
		}
		switch random.IntN(3) {
		case 0:
			return report.Filter{All: parts}
		case 1:
			return report.Filter{Any: parts}
		default:
			return report.Filter{Not: &parts[0]}
		}
	}
	c := report.Condition{
		Dimension: pick(random, report.Path, report.Path, report.Path, report.EntryPath, report.ExitPath, report.Source, report.Source, report.Device, report.UTMSource, report.OSVersion,
			report.EventType, report.EventName),
		Operator: pick(random, report.OperatorIs, report.OperatorIs, report.OperatorIsNot, report.OperatorContains, report.OperatorStartsWith,
			report.OperatorMatches, report.OperatorPresent),
	}
	for c.Operator != report.OperatorPresent && len(c.Values) < 1+random.IntN(3) {
		c.Values = append(c.Values, pick(random, "/", "/a", "/b", "/c", "/?", "*", "Google", "Goo", "mobile", "desktop", "mail", "post", "o", "Buy", "click", "thought", "page_view"))
	}
	return report.Filter{Condition: &c}
}

// midnight is the first moment of a date in the zone.
func (w *world) midnight(date time.Time) time.Time {
	year, month, day := date.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, w.zone)
}

// expectSame asks a question both ways, page after page. It reports whether days answered it.
func (w *world) expectSame(t *testing.T, answers *rollup.Answers, q report.Query, compared *report.Query) bool {
	t.Helper()
	for range 20 {
		shown, _ := json.Marshal(q)
		got, ok, err := answers.Answer(t.Context(), w.project, q, compared)
		if err != nil {
			t.Fatalf("%s: %v", shown, err)
		}
		if !ok {
			return false
		}
		want, err := w.project.Report(t.Context(), q, compared)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s, compared %v\n(-raw +days):\n%s", shown, compared != nil, diff)
		}
		if !got.More {
			break
		}
		q.After = &got.Rows[len(got.Rows)-1]
	}
	return true
}

func TestAnswersFromDaysEqualThoseFromRawData(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, now string }{
		{"UTC", "2026-10-26T15:00:00Z"},
		{"Europe/Berlin", "2026-10-26T15:00:00Z"},
		{"Asia/Kolkata", "2026-11-02T15:00:00Z"},
		{"America/St_Johns", "2026-11-02T15:00:00Z"},
	} {
		t.Run(c.zone, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, c.now)
			if err != nil {
				t.Fatal(err)
			}
			w := setup(t, c.zone, now)
			w.storm(t)
			w.refresh(t)
			answers := rollup.NewAnswers(w.refresher)
			seed := rand.Uint64()
			random := rand.New(rand.NewPCG(seed, 1))
			answered := 0
			for i := range 120 {
				if i%3 == 0 { // something happens on any of the days, also in visits that were there
					events := randomVisits(random, w.now.AddDate(0, 0, -4), 1+random.IntN(3))
					w.send(t, visitor(fmt.Sprint("visitor ", random.IntN(24)), pick(random, chrome, iphone, googlebot)), events...)
				}
				if i == 60 { // what is kept of yesterday in parts is joined
					w.now = w.now.AddDate(0, 0, 1)
					w.setClock(t, w.now)
				}
				if i%20 == 0 {
					w.refresh(t) // more than a question counts
				}
				q, compared := w.randomQuestion(random)
				if w.expectSame(t, answers, q, compared) {
					answered++
				}
			}
			if answered < 90 {
				t.Errorf("seed %d: %d of 120 questions were answered from days", seed, answered)
			}
		})
	}
}

func TestWhatWasStoredBeforeAQuestionIsInItsAnswer(t *testing.T) {
	t.Parallel()
	w := setup(t, "Europe/Berlin", noon)
	answers := rollup.NewAnswers(w.refresher)
	q := report.Query{
		Metrics: []report.Metric{report.Pageviews}, Zone: w.zone, Dimensions: []report.Dimension{report.Path}, Limit: 10,
		Since: w.midnight(dayIn(noon, w.zone).AddDate(0, 0, -1)), Until: w.midnight(dayIn(noon, w.zone).AddDate(0, 0, 1)),
	}
	for i := range 5 {
		w.send(t, visitor("anna", chrome), view("/", noon.Add(-time.Duration(i)*time.Second)))
		got, ok, err := answers.Answer(t.Context(), w.project, q, nil)
		if err != nil || !ok || *got.Totals.Values[0] != float64(i+1) || *got.Rows[0].Values[0] != float64(i+1) {
			t.Fatalf("after %d: %v, %v, %+v", i+1, ok, err, got)
		}
	}
}

// TestManyAskAtOnce: what was stored before each question is in its answer, or the question goes to the raw data.
func TestManyAskAtOnce(t *testing.T) {
	t.Parallel()
	w := setup(t, "UTC", noon)
	answers := rollup.NewAnswers(w.refresher)
	q := report.Query{Metrics: []report.Metric{report.Pageviews}, Zone: w.zone, Since: w.midnight(dayIn(noon, w.zone)), Until: w.midnight(dayIn(noon, w.zone).AddDate(0, 0, 1))}
	finished := make(chan error, 8)
	for i := range cap(finished) {
		go func() {
			for j := range 5 {
				if err := w.sends(t.Context(), visitor(fmt.Sprint("visitor ", i), chrome), view("/", noon.Add(-time.Duration(j)*time.Second))); err != nil {
					finished <- err
					return
				}
				got, ok, err := answers.Answer(t.Context(), w.project, q, nil)
				if err == nil && ok && *got.Totals.Values[0] < float64(j+1) {
					err = fmt.Errorf("%v page views, and the visitor alone has %d", *got.Totals.Values[0], j+1)
				}
				if err != nil {
					finished <- err
					return
				}
			}
			finished <- nil
		}()
	}
	for range cap(finished) {
		if err := <-finished; err != nil {
			t.Error(err)
		}
	}
	w.expectSame(t, answers, q, nil)
}

func TestWhatDaysDoNotAnswer(t *testing.T) {
	t.Parallel()
	w := setup(t, "Europe/Berlin", noon)
	w.send(t, visitor("anna", chrome), view("/", noon))
	answers := rollup.NewAnswers(w.refresher)
	today := dayIn(noon, w.zone)
	berlin := w.zone
	for _, c := range []struct {
		what string
		edit func(q *report.Query)
		want bool
	}{
		{"a plain question", func(*report.Query) {}, true},
		{"a filter", func(q *report.Query) {
			q.Filter = &report.Filter{Condition: &report.Condition{Dimension: report.Path, Operator: report.OperatorPresent}}
		}, true},
		{"a filter by what is not kept", func(q *report.Query) {
			q.Filter = &report.Filter{Condition: &report.Condition{Dimension: report.Title, Operator: report.OperatorPresent}}
		}, false},
		{"a filter by what was done", func(q *report.Query) {
			q.Filter = &report.Filter{HasDone: &report.HasDone{Event: []report.Condition{{Dimension: report.Path, Operator: report.OperatorPresent}}}}
		}, false},
		{"events of sessions by where they end", func(q *report.Query) {
			q.Filter = &report.Filter{Condition: &report.Condition{Dimension: report.ExitPath, Operator: report.OperatorPresent}}
		}, false},
		{"sessions by where they end, filtered", func(q *report.Query) {
			q.Filter = &report.Filter{Condition: &report.Condition{Dimension: report.ExitPath, Operator: report.OperatorPresent}}
			q.Metrics = []report.Metric{report.Sessions}
		}, true},
		{"bots", func(q *report.Query) { q.Bots = report.BotsIncluded }, false},
		{"another zone", func(q *report.Query) { q.Zone = time.UTC }, false},
		{"half a day", func(q *report.Query) { q.Since = q.Since.Add(12 * time.Hour) }, false},
		{"hours", func(q *report.Query) { q.Dimensions = []report.Dimension{report.Hour} }, false},
		{"two dimensions", func(q *report.Query) { q.Dimensions = []report.Dimension{report.Day, report.Path} }, true},
		{"two dimensions, one of them not kept", func(q *report.Query) { q.Dimensions = []report.Dimension{report.Title, report.Path} }, false},
		{"a dimension that is not kept", func(q *report.Query) { q.Dimensions = []report.Dimension{report.Title} }, false},
		{"a metric that is not kept", func(q *report.Query) { q.Metrics = []report.Metric{report.NewSessions} }, false},
		{"events by where sessions end", func(q *report.Query) { q.Dimensions = []report.Dimension{report.ExitPath} }, false},
		{"sessions by where they end", func(q *report.Query) {
			q.Dimensions, q.Metrics = []report.Dimension{report.ExitPath}, []report.Metric{report.Sessions}
		}, true},
		{"an order by what was not asked for", func(q *report.Query) { q.OrderBy = []report.Order{{Metric: report.Clicks}} }, false},
		{"days on which clocks change", func(q *report.Query) { q.Until = time.Date(2026, 10, 26, 0, 0, 0, 0, berlin) }, true},
	} {
		q := report.Query{Metrics: []report.Metric{report.Visitors}, Zone: berlin, Since: w.midnight(today), Until: w.midnight(today.AddDate(0, 0, 1)), Limit: 10}
		c.edit(&q)
		_, ok, err := answers.Answer(t.Context(), w.project, q, nil)
		if err != nil || ok != c.want {
			t.Errorf("%s: %v, %v, want %v", c.what, ok, err, c.want)
		}
	}
}

// TestDaysAnswerForDataThatAreGone: what was counted before raw data were deleted for their age stays the answer.
func TestDaysAnswerForDataThatAreGone(t *testing.T) {
	t.Parallel()
	w := setup(t, "UTC", noon)
	today := dayIn(noon, w.zone)
	for i := range 5 {
		w.send(t, visitor(fmt.Sprint("visitor ", i%3), chrome), view(fmt.Sprint("/", i%2), noon.AddDate(0, 0, -i)))
	}
	w.refresh(t)
	answers := rollup.NewAnswers(w.refresher)
	q := report.Query{
		Metrics: []report.Metric{report.Visitors, report.Sessions, report.BounceRate}, Zone: w.zone, Dimensions: []report.Dimension{report.Path},
		Since: w.midnight(today.AddDate(0, 0, -6)), Until: w.midnight(today.AddDate(0, 0, 1)), Limit: 10,
	}
	want, err := w.project.Report(t.Context(), q, nil)
	if err != nil {
		t.Fatal(err)
	}
	repotest.Exec(t, w.url, "DELETE FROM events WHERE created_at < '2026-10-21 00:00+00'")
	repotest.Exec(t, w.url, "UPDATE projects SET events_deleted_before = '2026-10-21 00:00+00'")
	if err := w.store.MarkRollup(t.Context(), w.project.ID, repo.RollupMark{Since: q.Since, Until: q.Since.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	got, ok, err := answers.Answer(t.Context(), w.project, q, nil)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	// A day of before there were breakdowns has none.
	repotest.Exec(t, w.url, "DELETE FROM rollup_breakdowns WHERE day = '2026-10-20'")
	if _, ok, err := answers.Answer(t.Context(), w.project, q, nil); err != nil || ok {
		t.Errorf("a day that is not broken down: %v, %v", ok, err)
	}
	// Days of a former zone are others.
	w.moveTo(t, "Asia/Kolkata")
	q.Zone = w.zone
	q.Since, q.Until = w.midnight(today.AddDate(0, 0, -6)), w.midnight(today.AddDate(0, 0, -3))
	if _, ok, err := answers.Answer(t.Context(), w.project, q, nil); err != nil || ok {
		t.Errorf("another zone: %v, %v", ok, err)
	}
}

// TestTheMostVisitedAreFoundAmongMany: visitors of several days who saw several pages, more pages than an answer has.
func TestTheMostVisitedAreFoundAmongMany(t *testing.T) {
	t.Parallel()
	w := setup(t, "UTC", noon)
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 40 {
		var events []ingest.Event
		for j := range 12 {
			page := ingest.Event{ID: uuid.New(), Type: "page_view", URL: fmt.Sprintf("https://example.com/%d", random.IntN(4)*random.IntN(10)), At: noon.AddDate(0, 0, -j%4)}
			events = append(events, page)
		}
		w.send(t, visitor(fmt.Sprint("visitor ", i), chrome), events...)
	}
	for days := range 4 { // no two days have as much
		for range days {
			w.send(t, visitor("one more", chrome), view("/more", noon.AddDate(0, 0, -days)))
		}
	}
	w.refresh(t)
	answers := rollup.NewAnswers(w.refresher)
	for limit := range 8 {
		q := report.Query{
			Metrics: []report.Metric{report.Visitors, report.Pageviews}, Zone: w.zone, Dimensions: []report.Dimension{report.Path},
			Since: w.midnight(dayIn(noon, w.zone).AddDate(0, 0, -5)), Until: w.midnight(dayIn(noon, w.zone).AddDate(0, 0, 1)), Limit: limit,
		}
		compared := q
		compared.Since, compared.Until = w.midnight(dayIn(noon, w.zone).AddDate(0, 0, -8)), w.midnight(dayIn(noon, w.zone).AddDate(0, 0, -1))
		if !w.expectSame(t, answers, q, &compared) {
			t.Error("days did not answer")
		}
		// Days on which something happened keep their figures, whichever page they are on.
		q.Since = w.midnight(dayIn(noon, w.zone).AddDate(0, 0, -3))
		q.Dimensions, q.Filter = []report.Dimension{report.Day}, &report.Filter{Condition: &report.Condition{Dimension: report.Path, Operator: report.OperatorPresent}}
		for _, descending := range []bool{false, true} {
			q.OrderBy = []report.Order{{Metric: report.Pageviews, Descending: descending}}
			if !w.expectSame(t, answers, q, nil) {
				t.Error("days did not answer by day")
			}
		}
	}
}
