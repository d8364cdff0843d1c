package rollup_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/ingest"
	"github.com/microtracker/microtracker/server/rollup"
)

// visits are several visitors at once, each with a clock of his own that runs on.
type visits struct {
	random *rand.Rand
	open   []openVisit
	made   int
}

type openVisit struct {
	key, agent string
	at         time.Time
	page       ingest.Event
}

func (v *visits) begin(since time.Time) openVisit {
	v.made++
	at := since.Add(time.Duration(v.random.IntN(26*60)) * time.Minute)
	if v.random.IntN(3) > 0 { // most come in the same hour
		at = since.Add(25*time.Hour + time.Duration(v.random.IntN(60))*time.Minute)
	}
	agent := pick(v.random, chrome, chrome, iphone, iphone, googlebot)
	return openVisit{key: fmt.Sprint("open ", v.made), agent: agent, at: at}
}

// next is what one of them does next, mostly in order.
func (v *visits) next(since time.Time) (ingest.Client, ingest.Event) {
	i := v.random.IntN(len(v.open))
	if v.open[i].key == "" || v.random.IntN(12) == 0 {
		v.open[i] = v.begin(since)
	}
	o := &v.open[i]
	o.at = o.at.Add(pick(v.random, 0, time.Second, time.Minute, 7*time.Minute, 29*time.Minute))
	at := o.at
	if v.random.IntN(15) == 0 {
		at = at.Add(-pick(v.random, time.Minute, 20*time.Minute, 45*time.Minute)) // it comes late
	}
	client := visitor(o.key, o.agent)
	if o.page.ID == uuid.Nil || v.random.IntN(2) == 0 {
		o.page = view(pick(v.random, "/", "/a", "/b", "/c", "/d"), at)
		if v.random.IntN(8) == 0 {
			o.page.URL += "?utm_source=" + pick(v.random, "mail", "post")
		}
		return client, o.page
	}
	e := on(o.page, pick(v.random, "click", "form_start", "form_submit"), "Buy", 0)
	if v.random.IntN(2) == 0 {
		e = exit(o.page, 0, float64(v.random.IntN(101)), time.Duration(v.random.IntN(60))*time.Second)
	}
	e.At = at
	return client, e
}

// overviewQuestion is one that breakdowns answer, about today or the last days.
func (w *world) overviewQuestion(random *rand.Rand) report.Query {
	q := report.Query{Zone: w.zone, Limit: random.IntN(4), Metrics: []report.Metric{
		report.Visitors, report.Pageviews, report.Events, report.Clicks, report.Sessions, report.Bounces, report.AvgSessionDuration, report.AvgEngagedTime,
		report.ScrollDepth,
	}}
	today := dayIn(w.now, w.zone)
	q.Since, q.Until = w.midnight(today.AddDate(0, 0, -random.IntN(3))), w.midnight(today.AddDate(0, 0, 1))
	switch d := pick(random, "", report.Day, report.Path, report.Path, report.EntryPath, report.ExitPath, report.Source, report.Device); d {
	case "":
	case report.ExitPath:
		q.Metrics, q.Dimensions = q.Metrics[4:], []report.Dimension{d}
	default:
		q.Dimensions = []report.Dimension{d}
	}
	return q
}

// TestPartsThatGrowEqualRawData: events come in between questions, in order and late, to two servers of which one begins anew at times,
// while days are counted and visitors erased.
func TestPartsThatGrowEqualRawData(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, now string }{
		{"UTC", "2026-10-26T15:10:00Z"},
		{"Asia/Kolkata", "2026-10-26T18:40:00Z"}, // ten minutes after midnight there
		{"Australia/Lord_Howe", "2026-10-04T03:00:00Z"},
	} {
		t.Run(c.zone, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, c.now)
			if err != nil {
				t.Fatal(err)
			}
			w := setup(t, c.zone, now)
			servers := []*rollup.Answers{rollup.NewAnswers(w.refresher), rollup.NewAnswers(w.refresher)}
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			random := rand.New(rand.NewPCG(seed, 3))
			v := &visits{random: random, open: make([]openVisit, 12)}
			since := now.Add(-26 * time.Hour)
			answered := 0
			const questions = 150
			for i := range questions {
				for range random.IntN(4) {
					client, first := v.next(since)
					events := []ingest.Event{first}
					for range random.IntN(3) {
						if other, e := v.next(since); other == client {
							events = append(events, e)
						} else {
							w.send(t, other, e)
						}
					}
					if random.IntN(4) == 0 {
						slices.Reverse(events)
					}
					w.send(t, client, events...)
				}
				switch {
				case i%25 == 24:
					w.refresh(t)
				case i%40 == 39:
					servers[1] = rollup.NewAnswers(w.refresher)
				case i%30 == 29:
					key := v.open[random.IntN(len(v.open))].key
					if _, err := w.project.EraseVisitor(t.Context(), repo.VisitorRef{Key: key}, w.now); err != nil && !errors.Is(err, repo.ErrNotFound) {
						t.Fatal(err)
					}
				case i == 100: // what grew as today goes on as yesterday
					w.now = w.now.AddDate(0, 0, 1)
					w.setClock(t, w.now)
				}
				if w.expectSame(t, pick(random, servers...), w.overviewQuestion(random), nil) {
					answered++
				}
			}
			if answered < questions*9/10 {
				t.Errorf("seed %d: %d of %d questions were answered from days", seed, answered, questions)
			}
		})
	}
}

// TestEventsAreCountedOnceWhileOthersAreStored: as long as somebody writes, ids below those that were seen may still come, and what is
// above them is read again.
func TestEventsAreCountedOnceWhileOthersAreStored(t *testing.T) {
	t.Parallel()
	w := setup(t, "UTC", noon)
	answers := rollup.NewAnswers(w.refresher)
	today := dayIn(noon, w.zone)
	q := report.Query{
		Metrics: []report.Metric{report.Pageviews, report.Visitors, report.Sessions}, Zone: w.zone, Dimensions: []report.Dimension{report.Path}, Limit: 10,
		Since: w.midnight(today), Until: w.midnight(today.AddDate(0, 0, 1)),
	}
	for i, holds := range []bool{false, true, true, false, false, true} {
		release := func() {}
		if holds {
			release = repotest.Hold(t, w.url, "LOCK TABLE events IN ROW EXCLUSIVE MODE")
		}
		for j := range 3 {
			w.send(t, visitor(fmt.Sprint("visitor ", (i+j)%4), chrome), view(fmt.Sprint("/", j), noon.Add(time.Duration(3*i+j)*time.Second)))
			if !w.expectSame(t, answers, q, nil) {
				t.Fatalf("round %d: days did not answer", i)
			}
		}
		release()
	}
}
