package tasks

import (
	"testing"
	"time"
)

func TestProjectsThatTakeLongAreLeftAlone(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 10, 25, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		took, after time.Duration
		over        bool
	}{
		{0, 0, true},
		{100 * time.Millisecond, time.Second, false},
		{100 * time.Millisecond, 2 * time.Second, true},
		{time.Minute, longestRest - 1, false},
		{time.Minute, longestRest, true},
	} {
		var r rests
		r.begin(1, now, c.took)
		if over := r.over(1, now.Add(c.after)); over != c.over {
			t.Errorf("%v after what took %v: over is %v", c.after, c.took, over)
		}
		if !r.over(2, now) {
			t.Error("another project is left alone")
		}
	}
	var r rests
	for id := range int64(100) {
		r.begin(id, now.Add(time.Duration(id)*time.Hour), time.Second)
	}
	if len(r.until) != 1 {
		t.Errorf("%d rests are kept that are over", len(r.until)-1)
	}
}
