package ingest

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
)

func TestTheLogTellsWhenStoringBeginsToFailAndWhenItWorksAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		says string
	}{
		"away":      {repo.ErrUnavailable, "the database takes no events"},
		"disk full": {errors.Join(repo.ErrDiskFull, errors.New("could not extend file")), "the database's disk is full"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
			g := &Ingester{health: health{logger: slog.New(slog.NewTextHandler(&log, nil)), now: func() time.Time { return now }}}
			expect := func(what, says string) {
				t.Helper()
				if lines := strings.Count(log.String(), "\n"); says == "" && lines != 0 || says != "" && (lines != 1 || !strings.Contains(log.String(), says)) {
					t.Errorf("%s: it logged %q, want one line with %q", what, log.String(), says)
				}
				log.Reset()
			}
			g.health.stored()
			expect("while all is well", "")
			g.health.failed(test.err)
			expect("the first failure", test.says)
			for range 100 {
				now = now.Add(500 * time.Millisecond)
				g.health.failed(test.err)
			}
			expect("within a minute", "")
			if state := g.State(); state.FailingSince.IsZero() || !errors.Is(state.Err, test.err) {
				t.Errorf("state %+v", state)
			}
			now = now.Add(10 * time.Second)
			g.health.failed(test.err)
			expect("after a minute", "for=1m0s")
			now = now.Add(time.Second)
			g.health.stored()
			expect("the first success", "after=1m1s")
			if state := g.State(); !state.FailingSince.IsZero() {
				t.Errorf("it still fails: %+v", state)
			}
			for range 100 {
				now = now.Add(100 * time.Millisecond)
				g.health.failed(test.err)
				g.health.stored()
			}
			expect("while it comes and goes", "")
			now = now.Add(time.Minute)
			g.health.failed(test.err)
			expect("a minute later", test.says)
			g.health.stored()
			expect("a success", "stored again")
		})
	}
}

func TestAFailureIsNotHeldAgainstAServerToWhichNobodySendsAnyLonger(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	g := &Ingester{health: health{logger: slog.New(slog.DiscardHandler), now: func() time.Time { return now }}}
	g.health.failed(repo.ErrUnavailable)
	now = now.Add(9 * time.Second)
	if g.State().FailingSince.IsZero() {
		t.Error("it is trusted again too early")
	}
	now = now.Add(2 * time.Second)
	if !g.State().FailingSince.IsZero() {
		t.Error("it is never trusted again")
	}
}
