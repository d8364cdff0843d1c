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
