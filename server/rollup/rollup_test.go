package rollup_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/ingest"
	"github.com/microtracker/microtracker/server/rollup"
)

// noon is at 14:00 in Berlin, two days before the clocks go back.
var noon = time.Date(2026, 10, 23, 12, 0, 0, 0, time.UTC)

func TestADayIsCountedAsByHand(t *testing.T) {
	t.Parallel()
	w := setup(t, "Europe/Berlin", noon.Add(8*time.Hour))
	// Anna comes by an ad shortly before midnight of the 22nd in Berlin, and stays until after it.
	before := view("/landing?utm_source=mail&utm_campaign=autumn", time.Date(2026, 10, 22, 21, 55, 0, 0, time.UTC))
	after := view("/shop", before.At.Add(10*time.Minute))
	w.send(t, visitor("anna", chrome), before, exit(before, time.Minute, 50, 20*time.Second), after)
	// She comes again at noon: 2 page views, a form, 90 s, engaged for 60 s of them.
	home := view("/", noon)
	shop := view("/shop", noon.Add(30*time.Second))
	buy := on(shop, "click", "Buy", 40*time.Second)
	buy.Meta = []byte(`{"cta": true}`)
	w.send(t, visitor("anna", chrome), home, shop, buy, on(shop, "click", "Buy", 45*time.Second), on(shop, "click", "About us", 50*time.Second),
		on(shop, "form_start", "Order", 52*time.Second), on(shop, "form_submit", "Order", 55*time.Second), exit(shop, time.Minute, 100, time.Minute))
	// Bert bounces, from a search, on a telephone.
	search := view("/shop", noon.Add(2*time.Hour))
	search.Referrer = "https://www.google.com/"
	w.send(t, visitor("bert", iphone), search)
	// A crawler is no visitor.
	w.send(t, visitor("crawler", googlebot), view("/", noon), view("/shop", noon))
	w.refresh(t)

	got := w.stored(t)
	if len(got) != 2 {
		t.Fatalf("days = %v, want 2", got)
	}
	// E = min(1, 60 / (30 * 2)) = 1, D = 1 of the one page view that was left, I = 1: 100.
	want := figures{
		Visitors: 2, Sessions: 2, Bounces: 1, Pageviews: 4, FormStarts: 1, FormSubmits: 1, Exits: 1, AvgDuration: 45,
		Metrics: rollup.Metrics{
			Version: 1, DefinitionVersion: 1, TimeZone: "Europe/Berlin",
			Events:   map[string]int64{"page_view": 4, "click": 3, "form_start": 1, "form_submit": 1, "exit": 1},
			Channels: map[string]int64{"Direct": 1, "Organic Search": 1}, Devices: map[string]int64{"desktop": 1, "mobile": 1},
			Countries: map[string]int64{"unknown": 2}, Browsers: map[string]int64{"Chrome": 1, "Safari": 1},
			OperatingSystems: map[string]int64{"Linux": 1, "iOS": 1}, Bots: map[string]int64{"user_agent_link": 1},
			DurationSecs: 90, EngagedMS: 60_000, PCQS: rollup.PCQS{Sessions: 1, Sum: 100, Avg: new(100.0)},
		},
		// Anna's page view of /shop after midnight counts here, though her visit began the day before.
		Paths:   []rollup.TopPath{{Path: "/shop", Pageviews: 3, Visitors: 2}, {Path: "/", Pageviews: 1, Visitors: 1}},
		CTAs:    []rollup.TopCTA{{Name: "Buy", Clicks: 2, Marked: 1}, {Name: "About us", Clicks: 1}},
		Sources: []rollup.TopSource{{Source: "Direct / None", Sessions: 1}, {Source: "Google", Sessions: 1}},
	}
	if diff := cmp.Diff(want, got["2026-10-23"]); diff != "" {
		t.Errorf("2026-10-23 (-by hand +stored):\n%s", diff)
	}
	// E = 20 / (30 * 2), D = 0.5, I = 0.5: 13.33 + 20 + 10.
	eve := got["2026-10-22"]
	if eve.Visitors != 1 || eve.Sessions != 1 || eve.Pageviews != 1 || eve.Exits != 1 || eve.Bounces != 0 || eve.AvgDuration != 600 ||
		*eve.Metrics.PCQS.Avg != 43.33 || eve.Sources[0].Source != "mail" || len(eve.CTAs) != 0 {
		t.Errorf("2026-10-22 = %+v", eve)
	}
	if n := w.visitorsOfAllDays(t); n != 2 {
		t.Errorf("%d visitors in both days, want 2", n)
	}
	w.expectRecount(t, "by hand", "anna", "bert", "crawler")
}

func TestAChangeMakesExactlyItsDaysDirty(t *testing.T) {
	t.Parallel()
	w := setup(t, "Europe/Berlin", noon)
	midnight := time.Date(2026, 10, 21, 22, 0, 0, 0, time.UTC) // of the 22nd in Berlin
	w.send(t, visitor("anna", chrome), view("/", midnight.Add(-10*time.Minute)), view("/b", midnight.Add(10*time.Minute)))
	w.send(t, visitor("bert", chrome), view("/", noon.AddDate(0, 0, -5)))
	w.send(t, visitor("carl", chrome), view("/", noon.Add(-time.Minute)))
	expect := func(what string, want ...string) {
		t.Helper()
		if got := w.markedDays(t); !slices.Equal(got, want) {
			t.Errorf("%s: marked are %v, want %v", what, got, want)
		}
		w.refresh(t)
		if got := w.markedDays(t); len(got) > 0 {
			t.Errorf("%s: marked after the refresh are %v", what, got)
		}
		w.expectRecount(t, what, "anna", "bert", "carl", "dora")
	}
	expect("first visits", "2026-10-18", "2026-10-21", "2026-10-22", "2026-10-23")
	expect("nothing")
	w.send(t, visitor("carl", chrome), view("/b", noon))
	expect("a visit goes on", "2026-10-23")
	late := view("/late", noon.AddDate(0, 0, -5).Add(10*time.Minute))
	w.send(t, visitor("bert", chrome), late)
	expect("a late event", "2026-10-18")
	w.send(t, visitor("bert", chrome), late)
	expect("a duplicate")
	w.send(t, visitor("anna", chrome), view("/c", midnight.Add(20*time.Minute)))
	expect("a visit across midnight changes its figures on the day when it began, too", "2026-10-21", "2026-10-22")
	w.send(t, visitor("anna", chrome), view("/", midnight.Add(-25*time.Minute)))
	expect("a visit begins earlier, on the same day", "2026-10-21", "2026-10-22")
	w.send(t, visitor("dora", chrome), view("/", midnight.Add(-10*time.Minute)), view("/b", midnight.Add(10*time.Minute)))
	expect("another visit across midnight", "2026-10-21", "2026-10-22")
	w.send(t, visitor("dora", googlebot), view("/c", midnight.Add(20*time.Minute)))
	expect("she turns out to be a bot: her events of both days go", "2026-10-21", "2026-10-22")
	w.send(t, visitor("dora", googlebot), view("/d", midnight.Add(30*time.Minute)))
	expect("the bot goes on")
	if _, err := w.project.EraseVisitor(t.Context(), repo.VisitorRef{Key: "anna"}, w.now); err != nil {
		t.Fatal(err)
	}
	expect("an erasure", "2026-10-21", "2026-10-22")
}

func TestABotWithoutEndMarksNothing(t *testing.T) {
	t.Parallel()
	w := setup(t, "UTC", noon)
	for i := range 20 {
		w.send(t, visitor("monitor", googlebot), view("/", noon.Add(time.Duration(i-40)*20*time.Minute)))
	}
	w.refresh(t)
	w.send(t, visitor("monitor", googlebot), view("/", noon.Add(-20*20*time.Minute)))
	if got := w.markedDays(t); len(got) != 0 {
		t.Errorf("marked are %v", got)
	}
	w.refresh(t)
	w.expectRecount(t, "a bot alone", "monitor")
}

func TestSessionsOfManyHoursAreCountedInEach(t *testing.T) {
	t.Parallel()
	w := setup(t, "UTC", noon)
	for i := range 30 {
		at := noon.Add(time.Duration(i-40) * 20 * time.Minute)
		w.send(t, visitor("monitor", googlebot), view("/", at))
		w.send(t, visitor("reader", chrome), view("/", at), view("/b", at))
		if i%7 == 0 {
			w.refresh(t)
		}
	}
	w.refresh(t)
	w.expectRecount(t, "of people and of bots", "monitor", "reader")
}

func TestOnlyTheHoursOfAMarkAreCountedAgain(t *testing.T) {
	t.Parallel()
	w := setup(t, "Asia/Kolkata", noon)
	w.send(t, visitor("anna", chrome), view("/", noon.Add(-5*time.Hour)))
	w.refresh(t)
	// What is done behind the back of the marks is not seen in another hour.
	repotest.Exec(t, w.url, "DELETE FROM events")
	w.send(t, visitor("bert", chrome), view("/", noon))
	w.refresh(t)
	day := noon.In(w.zone).Format(time.DateOnly)
	if got := w.stored(t)[day]; got.Pageviews != 2 || got.Visitors != 2 {
		t.Errorf("%d page views, %d visitors: the hour without a mark was counted again", got.Pageviews, got.Visitors)
	}
	if err := w.refresher.Rebuild(t.Context(), w.project.ID, dayIn(noon, w.zone)); err != nil {
		t.Fatal(err)
	}
	w.expectRecount(t, "rebuilt", "anna", "bert")
}

func dayIn(at time.Time, zone *time.Location) time.Time {
	year, month, day := at.In(zone).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func TestPartsAreKeptForTodayAndYesterday(t *testing.T) {
	t.Parallel()
	w := setup(t, "Europe/Berlin", noon)
	for i := range 5 {
		w.send(t, visitor("anna", chrome), view("/", noon.AddDate(0, 0, -i)))
	}
	w.refresh(t)
	parts := func(query string) int64 {
		return repotest.Number(t, w.url, "SELECT count(*) FROM rollup_parts WHERE "+query)
	}
	if n := parts("true"); n != 48+29 { // yesterday's half hours, and today's until 14:00 in Berlin
		t.Errorf("%d parts, want 77", n)
	}
	w.setClock(t, noon.AddDate(0, 0, 1))
	w.send(t, visitor("anna", chrome), view("/b", noon)) // of yesterday by now
	w.refresh(t)
	if n := parts("day = '2026-10-22'"); n != 0 {
		t.Errorf("%d parts of the day before yesterday", n)
	}
}

func TestAClockThatGoesBackFindsNoPartsThatAreOutOfDate(t *testing.T) {
	t.Parallel()
	w := setup(t, "UTC", noon)
	yesterday := noon.AddDate(0, 0, -1)
	w.send(t, visitor("anna", chrome), view("/", yesterday))
	w.refresh(t)
	w.setClock(t, noon.AddDate(0, 0, 1)) // it is the day before yesterday now, and counted as a whole
	w.send(t, visitor("bert", chrome), view("/b", yesterday))
	w.refresh(t)
	w.setClock(t, noon)
	w.send(t, visitor("carl", chrome), view("/c", yesterday.Add(-5*time.Hour)))
	w.refresh(t)
	w.expectRecount(t, "after the clock went back", "anna", "bert", "carl")
}

func TestPartsOfAnotherVersionAreCountedAnew(t *testing.T) {
	t.Parallel()
	w := setup(t, "UTC", noon)
	w.send(t, visitor("anna", chrome), view("/", noon.Add(-5*time.Hour)))
	w.refresh(t)
	repotest.Exec(t, w.url, `UPDATE rollup_parts SET data = '\x00'`)
	w.send(t, visitor("bert", chrome), view("/", noon))
	w.refresh(t)
	w.expectRecount(t, "other parts", "anna", "bert")
}

func TestADayWithoutAnythingHasNoRow(t *testing.T) {
	t.Parallel()
	w := setup(t, "UTC", noon)
	w.send(t, visitor("anna", chrome), view("/", noon))
	w.refresh(t)
	if _, err := w.project.EraseVisitor(t.Context(), repo.VisitorRef{Key: "anna"}, w.now); err != nil {
		t.Fatal(err)
	}
	w.refresh(t)
	if err := w.refresher.Rebuild(t.Context(), w.project.ID, dayIn(noon.AddDate(0, 0, -1), time.UTC)); err != nil {
		t.Fatal(err)
	}
	if days := w.stored(t); len(days) != 0 {
		t.Errorf("days = %v", days)
	}
}

func TestARefreshThatFailsLeavesItsMarks(t *testing.T) {
	t.Parallel()
	w := setup(t, "UTC", noon)
	w.send(t, visitor("anna", chrome), view("/", noon))
	before := w.markedDays(t)
	errKilled := errors.New("killed")
	err := w.store.RollUp(t.Context(), w.project.ID, func(ctx context.Context, tx *repo.RollupTx) error {
		marks, err := tx.TakeMarks(ctx, noon.AddDate(0, 0, -1), noon.AddDate(0, 0, 1))
		if err != nil || len(marks) == 0 {
			t.Errorf("took %v, %v", marks, err)
		}
		if err := tx.Save(ctx, &repo.DailyRollup{Day: dayIn(noon, time.UTC), Visitors: 99}); err != nil {
			t.Error(err)
		}
		return errKilled
	})
	if !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	if got := w.markedDays(t); !slices.Equal(got, before) {
		t.Errorf("marked are %v, want %v", got, before)
	}
	w.refresh(t)
	w.expectRecount(t, "after a failure", "anna")
}

func TestAnEventStoredDuringARefreshIsNotLost(t *testing.T) {
	t.Parallel()
	w := setup(t, "UTC", noon)
	w.send(t, visitor("anna", chrome), view("/", noon))
	// The refresh has taken its marks and sees the database as it was; meanwhile an event of the same hour comes in.
	seen := 0
	err := w.store.RollUp(t.Context(), w.project.ID, func(ctx context.Context, tx *repo.RollupTx) error {
		if _, err := tx.TakeMarks(ctx, noon.AddDate(0, 0, -1), noon.AddDate(0, 0, 1)); err != nil {
			return err
		}
		if err := w.sends(ctx, visitor("bert", chrome), view("/", noon)); err != nil {
			return err
		}
		window := repo.RollupWindow{Since: noon, Until: noon.Add(time.Hour), Step: time.Hour}
		return tx.Events(ctx, window, func(*repo.RollupEvent) { seen++ })
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen != 1 {
		t.Errorf("the refresh sees %d events, want 1", seen)
	}
	if got := w.markedDays(t); len(got) != 1 {
		t.Fatalf("marked are %v", got)
	}
	w.refresh(t)
	w.expectRecount(t, "after it", "anna", "bert")
}

func TestOfTwoRefreshesOfADayOneBeginsAnew(t *testing.T) {
	t.Parallel()
	w := setup(t, "UTC", noon)
	w.send(t, visitor("anna", chrome), view("/", noon))
	err := w.store.RollUp(t.Context(), w.project.ID, func(ctx context.Context, tx *repo.RollupTx) error {
		// It has a view of the database by now, and its marks are taken by another.
		if err := w.refresher.Refresh(ctx, w.project.ID, nil); err != nil {
			t.Error(err)
		}
		_, err := tx.TakeMarks(ctx, noon.AddDate(0, 0, -1), noon.AddDate(0, 0, 1))
		return err
	})
	if !errors.Is(err, repo.ErrTryAgain) {
		t.Errorf("the slower one: %v, want %v", err, repo.ErrTryAgain)
	}
}

func TestDaysWhoseRawDataAreGoneStayAsTheyAre(t *testing.T) {
	t.Parallel()
	w := setup(t, "UTC", noon)
	old := noon.AddDate(0, 0, -4)
	w.send(t, visitor("anna", chrome), view("/", old))
	w.send(t, visitor("anna", chrome), view("/", noon))
	w.refresh(t)
	want := w.stored(t)["2026-10-19"]
	repotest.Exec(t, w.url, "UPDATE projects SET events_deleted_before = '2026-10-21 00:00+00'")
	repotest.Exec(t, w.url, "DELETE FROM events WHERE created_at < '2026-10-21 00:00+00'")
	if err := w.store.MarkRollup(t.Context(), w.project.ID, repo.RollupMark{Since: old, Until: old.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	w.refresh(t)
	if got := w.markedDays(t); len(got) != 0 {
		t.Errorf("marked are %v", got)
	}
	if err := w.refresher.Rebuild(t.Context(), w.project.ID, dayIn(old, time.UTC)); !errors.Is(err, rollup.ErrFrozen) {
		t.Errorf("rebuild: %v, want %v", err, rollup.ErrFrozen)
	}
	if _, err := w.project.EraseVisitor(t.Context(), repo.VisitorRef{Key: "anna"}, w.now); err != nil {
		t.Fatal(err)
	}
	if err := w.project.MarkAllDays(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.refresh(t)
	got := w.stored(t)
	if diff := cmp.Diff(want, got["2026-10-19"]); diff != "" || len(got) != 1 {
		t.Errorf("days = %v, the frozen one (-before +after):\n%s", got, diff)
	}
}

func TestAnotherTimeZoneCutsAllDaysAnew(t *testing.T) {
	t.Parallel()
	w := setup(t, "Pacific/Kiritimati", noon)
	var keys []string
	for i := range 12 {
		keys = append(keys, string(rune('a'+i)))
		w.send(t, visitor(keys[i], chrome), view("/", noon.Add(-time.Duration(i)*9*time.Hour)))
	}
	w.refresh(t)
	w.expectRecount(t, "first", keys...)
	w.moveTo(t, "America/St_Johns")
	if err := w.project.MarkAllDays(t.Context()); err != nil {
		t.Fatal(err)
	}
	var told []int
	if err := w.refresher.Refresh(t.Context(), w.project.ID, func(done, total int) { told = append(told, done, total) }); err != nil {
		t.Fatal(err)
	}
	if want := []int{1, 5, 2, 5, 3, 5, 4, 5, 5, 5}; !slices.Equal(told, want) {
		t.Errorf("progress = %v, want %v", told, want)
	}
	w.expectRecount(t, "in the new zone", keys...)
}

func TestAMarkOfTenYearsIsSplitIntoDays(t *testing.T) {
	t.Parallel()
	w := setup(t, "Europe/Berlin", noon)
	w.send(t, visitor("anna", chrome), view("/", noon))
	repotest.Exec(t, w.url, "UPDATE rollup_marks SET marked_at = '2026-10-01 00:00+00'")
	mark := repo.RollupMark{Since: noon.AddDate(0, 0, -30), Until: noon}
	if err := w.store.MarkRollup(t.Context(), w.project.ID, mark); err != nil {
		t.Fatal(err)
	}
	days := 0
	if err := w.refresher.Refresh(t.Context(), w.project.ID, func(_, total int) { days = total }); err != nil {
		t.Fatal(err)
	}
	if days != 31 {
		t.Errorf("%d days, want 31", days)
	}
	w.expectRecount(t, "afterwards", "anna")
	// Whoever splits it keeps when it was marked.
	if err := w.store.MarkRollup(t.Context(), w.project.ID, mark); err != nil {
		t.Fatal(err)
	}
	repotest.Exec(t, w.url, "UPDATE rollup_marks SET marked_at = '2026-10-01 00:00+00'")
	half := noon.AddDate(0, 0, -15)
	pieces := []repo.RollupMark{{Since: mark.Since, Until: half}, {Since: half, Until: mark.Until}}
	for range 2 { // the second finds it split
		if err := w.store.SplitRollupMark(t.Context(), w.project.ID, mark, pieces); err != nil {
			t.Fatal(err)
		}
	}
	if n := repotest.Number(t, w.url, "SELECT count(*) FROM rollup_marks WHERE marked_at = '2026-10-01 00:00+00'"); n != 2 {
		t.Errorf("%d marks, want 2", n)
	}
}

func TestAProjectThatIsGoneIsNotFound(t *testing.T) {
	t.Parallel()
	w := setup(t, "UTC", noon)
	if err := w.refresher.Refresh(t.Context(), w.project.ID+1, nil); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("refresh: %v", err)
	}
	if err := w.refresher.Rebuild(t.Context(), w.project.ID+1, noon); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("rebuild: %v", err)
	}
}

func TestMarkedProjectsAreListedInPages(t *testing.T) {
	t.Parallel()
	w := setup(t, "UTC", noon)
	want := []int64{w.project.ID}
	for range 4 {
		other := repotest.Project(t, w.store)
		want = append(want, other.ID)
		for range 3 {
			if err := w.store.MarkRollup(t.Context(), other.ID, repo.RollupMark{Since: noon, Until: noon.Add(time.Hour)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	repotest.Project(t, w.store) // without marks
	w.send(t, visitor("anna", chrome), view("/", noon))
	var got []int64
	for page := (repo.Page[int64]{Limit: 2}); ; page.After = got[len(got)-1] {
		ids, err := w.store.MarkedProjects(t.Context(), page)
		if err != nil {
			t.Fatal(err)
		}
		if len(ids) == 0 {
			break
		}
		got = append(got, ids...)
	}
	if !slices.Equal(got, want) {
		t.Errorf("projects = %v, want %v", got, want)
	}
}

func TestARefusedBatchMarksNothing(t *testing.T) {
	t.Parallel()
	w := setup(t, "UTC", noon)
	tooOld := view("/", noon.AddDate(0, 0, -30))
	receipts, err := w.ingester.Ingest(t.Context(), w.inbox, &ingest.Batch{Client: visitor("anna", chrome), Events: []ingest.Event{tooOld}})
	if err != nil || receipts[0].Status == ingest.Accepted {
		t.Fatalf("receipts = %v, %v", receipts, err)
	}
	if got := w.markedDays(t); len(got) != 0 {
		t.Errorf("marked are %v", got)
	}
}
