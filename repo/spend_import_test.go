package repo_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
)

// facts are a project's spend as text.
func facts(t *testing.T, url string, project *repo.Project) []string {
	t.Helper()
	return repotest.Texts(t, url, fmt.Sprintf(`SELECT concat_ws(' ', platform, date, campaign_id, adset_id, ad_id, impressions, clicks, spend) FROM ad_spend_fact
		WHERE project_id = %d ORDER BY 1`, project.ID))
}

// spent is a row of what an ad cost on a day of October.
func spent(line, day int, ad, spend string) repo.SpendRow {
	return repo.SpendRow{Line: line, AdName: "Ad " + ad, Spend: repo.AdSpend{
		Platform: "google", Date: time.Date(2026, 10, day, 0, 0, 0, 0, time.UTC), CampaignID: "c", AdsetID: "s", AdID: ad, Impressions: 100, Clicks: 5, Spend: spend,
	}}
}

// imports stores rows at once, as an import of their own.
func imports(t *testing.T, project *repo.Project, rows ...repo.SpendRow) *repo.SpendImport {
	t.Helper()
	made := &repo.SpendImport{}
	imported, err := project.ImportSpendRows(t.Context(), made, rows, false, false, now)
	if err != nil || !imported {
		t.Fatal(imported, err)
	}
	return made
}

// undoes puts an import into work and undoes it.
func undoes(t *testing.T, project *repo.Project, i *repo.SpendImport) error {
	t.Helper()
	begun, err := project.BeginSpendWork(t.Context(), i.ID, repo.SpendWork{
		From: []repo.SpendState{repo.SpendImported}, To: repo.SpendUndoing, Batch: &repo.NewBatch{Name: "undo", ProjectID: project.ID},
	})
	if err != nil {
		t.Fatal(err)
	}
	err = project.UndoSpendImport(t.Context(), begun, now, func(int64) error { return nil })
	if err != nil {
		if stopped := project.StopSpendWork(t.Context(), i.ID, "", "it did not work"); stopped != nil {
			t.Fatal(stopped)
		}
	}
	return err
}

func TestARestatedImportChangesItsRowsAndUndoingPutsThemBack(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	project := repotest.Project(t, repotest.Open(t, url))
	imports(t, project, spent(1, 1, "a", "10.00"), spent(2, 1, "b", "0.10"), spent(3, 2, "a", "0.30"))
	before := facts(t, url, project)
	repotest.Exec(t, url, "UPDATE ad_spend_fact SET updated_at = '2001-01-01'")
	second := imports(t, project, spent(1, 1, "a", "10.01"), spent(2, 1, "b", "0.10"), spent(3, 3, "a", "7.77"))
	if second.NewRows != 1 || second.ChangedRows != 1 || second.SameRows != 1 {
		t.Errorf("%+v", second)
	}
	want := []string{"google 2026-10-01 c s a 100 5 10.01", "google 2026-10-01 c s b 100 5 0.10", "google 2026-10-02 c s a 100 5 0.30", "google 2026-10-03 c s a 100 5 7.77"}
	if diff := cmp.Diff(want, facts(t, url, project)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := repotest.Number(t, url, "SELECT count(*) FROM ad_spend_fact WHERE updated_at <> '2001-01-01'"); n != 2 {
		t.Errorf("%d rows were written", n)
	}
	rows, err := project.SpendRows(t.Context(), second.ID, new(repo.SpendChanged), repo.Page[int]{Limit: 10})
	if err != nil || len(rows) != 1 || rows[0].Line != 1 || rows[0].Old.Spend != "10.00" || rows[0].Spend.Spend != "10.01" {
		t.Errorf("%+v, %v", rows, err)
	}
	if err := undoes(t, project, second); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, facts(t, url, project)); diff != "" {
		t.Errorf("undone (-want +got):\n%s", diff)
	}
	if ads, err := project.Ads(t.Context(), repo.AdFilter{}, repo.Page[string]{Limit: 10}); err != nil || len(ads) != 2 || ads[0].AdName != "Ad a" {
		t.Errorf("%+v, %v", ads, err)
	}
}

func TestAnImportThatLaterOnesOverlapIsNotUndone(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	project := repotest.Project(t, repotest.Open(t, url))
	first := imports(t, project, spent(1, 1, "a", "10.00"), spent(2, 5, "a", "0.30"))
	imports(t, project, spent(1, 3, "a", "1.00"))
	third := imports(t, project, spent(1, 5, "a", "0.30")) // the same, which is its word too
	before := facts(t, url, project)
	overlap, ok := errors.AsType[*repo.OverlapError](undoes(t, project, first))
	if !ok || !slices.Equal(overlap.Imports, []int64{third.ID}) {
		t.Fatalf("%+v", overlap)
	}
	if diff := cmp.Diff(before, facts(t, url, project)); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	if err := undoes(t, project, third); err != nil {
		t.Fatal(err)
	}
	if err := undoes(t, project, first); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"google 2026-10-03 c s a 100 5 1.00"}, facts(t, url, project)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever is imported: undoing all of it in the reverse order gives what was there after each.
func TestImportingAndUndoingIsNothing(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	project := repotest.Project(t, repotest.Open(t, url))
	random := rand.New(rand.NewPCG(7, 7))
	var done []*repo.SpendImport
	states := [][]string{facts(t, url, project)}
	for range 12 {
		var rows []repo.SpendRow
		for i, key := range random.Perm(60)[:1+random.IntN(50)] {
			rows = append(rows, spent(i+1, 1+key%6, fmt.Sprint("a", key/6), fmt.Sprintf("%d.%02d", random.IntN(3), random.IntN(2))))
		}
		done = append(done, imports(t, project, rows...))
		states = append(states, facts(t, url, project))
	}
	for n, i := range slices.Backward(done) {
		if err := undoes(t, project, i); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(states[n], facts(t, url, project)); diff != "" {
			t.Fatalf("after undoing import %d (-want +got):\n%s", n, diff)
		}
	}
}

func TestRowsAreComparedAnewWhereSomethingWasImportedSince(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	project := repotest.Project(t, repotest.Open(t, url))
	file, err := project.CreateSpendImport(t.Context(), "f.csv", now)
	if err != nil {
		t.Fatal(err)
	}
	work := func(from, to repo.SpendState) *repo.SpendImport {
		begun, err := project.BeginSpendWork(t.Context(), file.ID, repo.SpendWork{From: []repo.SpendState{from}, To: to, Batch: &repo.NewBatch{Name: "work", ProjectID: project.ID}})
		if err != nil {
			t.Fatal(err)
		}
		return begun
	}
	checked := work(repo.SpendUploading, repo.SpendChecking)
	for _, step := range []func() error{
		func() error { return project.BeginSpendCheck(t.Context(), checked) },
		func() error {
			return project.SaveSpendRows(t.Context(), checked, []repo.SpendRow{spent(2, 1, "a", "5.00"), spent(3, 1, "b", "5.00")}, 10, []byte("{}"))
		},
		func() error { return project.EndSpendCheck(t.Context(), checked, "hash", now) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	imports(t, project, spent(1, 1, "a", "4.00"))
	before := facts(t, url, project)
	applied := work(repo.SpendChecked, repo.SpendImporting)
	stop := errors.New("stop")
	if err := project.ApplySpendImport(t.Context(), applied, now, func(int64) error { return stop }); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, facts(t, url, project)); diff != "" {
		t.Errorf("stopped (-want +got):\n%s", diff)
	}
	if applied, err = project.SpendImport(t.Context(), file.ID); err != nil {
		t.Fatal(err)
	}
	if err := project.ApplySpendImport(t.Context(), applied, now, func(int64) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if applied.NewRows != 1 || applied.ChangedRows != 1 || applied.State != repo.SpendImported {
		t.Errorf("%+v", applied)
	}
	if err := undoes(t, project, applied); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, facts(t, url, project)); diff != "" {
		t.Errorf("undone (-want +got):\n%s", diff)
	}
}

func TestExpiredImportsAreForgotten(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	project := repotest.Project(t, store)
	open, err := project.CreateSpendImport(t.Context(), "f.csv", now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := project.AppendSpendChunk(t.Context(), open.ID, 0, []byte("abc")); err != nil {
		t.Fatal(err)
	}
	inForce := imports(t, project, spent(1, 1, "a", "1.00"))
	for _, later := range []struct {
		at      time.Time
		deleted int64
	}{{now.Add(repo.OpenSpendLife - time.Hour), 0}, {now.Add(repo.OpenSpendLife + time.Hour), 1}, {now.Add(repo.UndoLife + time.Hour), 1}, {now.Add(repo.UndoLife + time.Hour), 0}} {
		if deleted, err := store.DeleteExpiredSpend(t.Context(), later.at, 10); err != nil || deleted != later.deleted {
			t.Errorf("%v: %d, %v", later.at, deleted, err)
		}
	}
	if _, err := project.SpendImport(t.Context(), open.ID); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("the open one: %v", err)
	}
	rows, err := project.SpendRows(t.Context(), inForce.ID, nil, repo.Page[int]{Limit: 10})
	if err != nil || len(rows) != 0 {
		t.Errorf("%v, %v", rows, err)
	}
	if _, err := project.SpendImport(t.Context(), inForce.ID); err != nil {
		t.Errorf("the one in force: %v", err)
	}
}
