package repo_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/repo/repotest"
)

func newConversion(t *testing.T, project *repo.Project, name string) *repo.Conversion {
	t.Helper()
	conversion := &repo.Conversion{
		Name: name, EventType: "custom", EventName: "signup", PathPattern: "/join/**", PropertyKey: "plan", PropertyValue: "pro",
		Value: "9.5", CreatedAt: now, UpdatedAt: now,
	}
	if err := project.CreateConversion(t.Context(), conversion); err != nil {
		t.Fatal(err)
	}
	return conversion
}

func TestConversionsAreTheProjectsOwn(t *testing.T) {
	t.Parallel()
	store := repotest.Store(t)
	mine, theirs := repotest.Project(t, store), repotest.Project(t, store)
	first, second, foreign := newConversion(t, mine, "b"), newConversion(t, mine, "a"), newConversion(t, theirs, "a")

	again := &repo.Conversion{Name: "a", EventName: "x", CreatedAt: now, UpdatedAt: now}
	if err := mine.CreateConversion(t.Context(), again); !errors.Is(err, repo.ErrConflict) {
		t.Errorf("a name twice: %v, want a conflict", err)
	}
	list, err := mine.ListConversions(t.Context(), repo.Page[string]{Limit: 10})
	if err != nil || len(list) != 2 || list[0].ID != second.ID || list[1].ID != first.ID || list[0].Value != "9.500000" {
		t.Errorf("the list is %+v, %v", list, err)
	}
	want := []report.Conversion{{ID: first.ID, EventType: "custom", Name: "signup", PathPattern: "/join/**", PropertyKey: "plan", PropertyValue: "pro", Value: "9.500000"}}
	got, err := mine.ReportConversions(t.Context(), []int64{first.ID})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("for reports: %v (-want +got):\n%s", err, diff)
	}
	if all, err := mine.ReportConversions(t.Context(), nil); err != nil || len(all) != 2 {
		t.Errorf("all: %v, %v", all, err)
	}
	for name, err := range map[string]error{
		"read":   errorOf(mine.Conversions(t.Context(), []int64{first.ID, foreign.ID})),
		"save":   mine.SaveConversion(t.Context(), foreign),
		"delete": mine.DeleteConversion(t.Context(), foreign.ID),
	} {
		if !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("%s another project's: %v, want ErrNotFound", name, err)
		}
	}
	second.EventType, second.PathPattern, second.Value = "", "", ""
	if err := mine.SaveConversion(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if saved, err := mine.Conversions(t.Context(), []int64{second.ID}); err != nil || saved[0].EventType != "" || saved[0].PathPattern != "" || saved[0].Value != "" || saved[0].EventName != "signup" {
		t.Errorf("saved: %+v, %v", saved, err)
	}
	second.EventName, second.PropertyKey, second.PropertyValue = "", "", ""
	if err := mine.SaveConversion(t.Context(), second); !errors.Is(err, repo.ErrInvalid) {
		t.Errorf("a conversion of any event: %v, want ErrInvalid", err)
	}
	if err := mine.DeleteConversion(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	if err := mine.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, err := theirs.Conversions(t.Context(), nil); err != nil || len(left) != 1 {
		t.Errorf("the other project has %v left, %v", left, err)
	}
}

func errorOf[T any](_ T, err error) error { return err }

func TestAProjectHasABoundedNumberOfConversions(t *testing.T) {
	t.Parallel()
	project := repotest.Project(t, repotest.Store(t))
	for i := range repo.MaxConversions - 1 {
		newConversion(t, project, fmt.Sprintf("%03d", i))
	}
	// Two at once for one place.
	errs := make(chan error, 2)
	for i := range 2 {
		go func() {
			errs <- project.CreateConversion(t.Context(), &repo.Conversion{Name: fmt.Sprint("last ", i), EventName: "x", CreatedAt: now, UpdatedAt: now})
		}()
	}
	refused := 0
	for range 2 {
		if err := <-errs; errors.Is(err, repo.ErrTooMany) {
			refused++
		} else if err != nil {
			t.Error(err)
		}
	}
	if refused != 1 {
		t.Errorf("%d of two were refused for one place, want 1", refused)
	}
}
