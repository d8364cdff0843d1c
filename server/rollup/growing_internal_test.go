package rollup

import (
	"slices"
	"testing"
	"time"
)

func TestSetsAreJoinedInOrder(t *testing.T) {
	t.Parallel()
	for _, count := range []int64{3, fewIDs, 3 * fewIDs} {
		var sets []countedSet
		var want []int64
		for _, first := range []int64{1, count / 2, 1 << 40} {
			var ids []int64
			for i := range count {
				ids = append(ids, first+3*i)
			}
			want = append(want, ids...)
			sets = append(sets, countedSet{newVisitorSet(ids), count})
		}
		want = sortedDistinct(want)
		var s idSet
		for range 2 { // it is used again
			got, err := s.distinct(sets)
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("three sets of %d: %d ids, %v, want %d", count, len(got), err, len(want))
			}
		}
	}
}

// grows is a project with parts of so many sessions, each needed in the look of its place.
func grows(sessions ...int) *growingProject {
	p := &growingProject{parts: map[growingPlace]*growingPart{}}
	for i, count := range sessions {
		part := &growingPart{sessions: map[int64]*growingSession{}, needed: i}
		for id := range int64(count) {
			part.sessions[id] = nil
		}
		p.parts[growingPlace{part: int16(i)}] = part
	}
	p.sessions = p.count()
	return p
}

func TestPartsNeededLongAgoAreForgottenFirst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sessions  []int
		fits      bool
		remaining int
	}{
		{[]int{4, 4}, true, 2},
		{[]int{4, 4, 4}, true, 2},
		{[]int{9, 1, 9}, true, 2},
		{[]int{1, 1, 11}, false, 1},
	} {
		p := grows(c.sessions...)
		if fits := p.shrink(10, len(c.sessions)-1); fits != c.fits || len(p.parts) != c.remaining || p.parts[growingPlace{part: int16(len(c.sessions) - 1)}] == nil {
			t.Errorf("%v: %v, %d are left", c.sessions, fits, len(p.parts))
		}
	}
}

func TestProjectsNobodyAsksAboutAreForgotten(t *testing.T) {
	t.Parallel()
	g := newGrowing(Config{})
	g.most = 10
	now := time.Date(2026, 10, 25, 12, 0, 0, 0, time.UTC)
	for id := range int64(3) {
		p, look := g.project(id, now.Add(time.Duration(id)*time.Minute))
		p.parts = grows(4).parts
		if err := g.bound(id, p, look+1); err != nil {
			t.Fatal(err)
		}
	}
	if g.projects[0] != nil || g.projects[1] == nil || g.projects[2] == nil {
		t.Errorf("too much is kept, or the wrong of it: %v", g.projects)
	}
	g.project(2, now.Add(2*time.Minute+growIdle))
	if g.projects[1] != nil || g.projects[2] == nil {
		t.Errorf("after a while there are %v", g.projects)
	}
	p, look := g.project(3, now)
	p.parts = grows(11).parts
	p.parts[growingPlace{}].needed = look
	if err := g.bound(3, p, look); err == nil || g.projects[3] != nil {
		t.Errorf("too much for one look: %v", err)
	}
}

func TestNothingIsKeptOfAProjectThatIsForgotten(t *testing.T) {
	t.Parallel()
	a := NewAnswers(New(Config{}))
	for _, projectID := range []int64{1, 2} {
		for part := range int16(3) {
			place := rowPlace{part: part}
			a.breakdowns.put(projectID, place, "", nil, 1)
			a.blocks.put(projectID, place, "", nil, 1)
			a.merged.put(projectID, place, "", nil, 1)
		}
		a.freshener.growing.projects[projectID] = grows(1)
	}
	a.Forget(1)
	for projectID, want := range map[int64]int{1: 0, 2: 3} {
		if n, m, l := len(a.breakdowns.kept[projectID]), len(a.blocks.kept[projectID]), len(a.merged.kept[projectID]); n != want || m != want || l != want {
			t.Errorf("of project %d are kept %d breakdowns, %d blocks and %d merged rows, want %d each", projectID, n, m, l, want)
		}
	}
	if a.freshener.growing.projects[1] != nil || a.freshener.growing.projects[2] == nil {
		t.Error("the parts that grow are not those of project 2 alone")
	}
	if a.blocks.size != 3 {
		t.Errorf("%d bytes are counted, want 3", a.blocks.size)
	}
}
