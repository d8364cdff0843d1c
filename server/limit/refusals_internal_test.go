package limit

import (
	"strconv"
	"testing"
	"time"
)

func TestRefusalsAreBoundedAndTheLatestAreKept(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var r refusals
	const many = 5*maxRefusals + 1
	for i := range many {
		r.note(strconv.Itoa(i), now.Add(time.Minute))
	}
	if n := len(r.young) + len(r.old); n > 2*maxRefusals {
		t.Errorf("%d are remembered", n)
	}
	for i := range maxRefusals {
		if key := strconv.Itoa(many - 1 - i); r.check(key, now) == nil {
			t.Fatalf("%s, one of the latest, is forgotten", key)
		}
	}
	if r.check("0", now) != nil {
		t.Error("the first is still remembered")
	}
}

func TestAKeyNotedAgainIsRefusedUntilTheLaterTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var r refusals
	r.note("k", now.Add(time.Second))
	for i := range maxRefusals { // into the old generation
		r.note(strconv.Itoa(i), now)
	}
	r.note("k", now.Add(time.Minute))
	if r.check("k", now.Add(2*time.Second)) == nil {
		t.Error("the old time counts")
	}
	r.forget("k")
	if r.check("k", now) != nil {
		t.Error("it is not forgotten")
	}
}
