package telemetry_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/microtracker/microtracker/server/telemetry"
)

// fakeClock is set by the test.
type fakeClock struct {
	wall      time.Time
	monotonic time.Duration
}

func (c *fakeClock) Wall() time.Time          { return c.wall }
func (c *fakeClock) Monotonic() time.Duration { return c.monotonic }

func TestAJumpOfTheClockIsToldOnce(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		wall, monotonic time.Duration
		jump            time.Duration
		says            string
	}{
		"a second passes":               {time.Second, time.Second, 0, ""},
		"a slow machine looks late":     {10 * time.Minute, 10 * time.Minute, 0, ""},
		"a small correction":            {-20 * time.Second, time.Second, 0, ""},
		"an hour forward":               {time.Hour + time.Second, time.Second, time.Hour, "direction=forward jump=1h0m0s"},
		"an hour back":                  {-time.Hour + time.Second, time.Second, -time.Hour, "direction=back jump=-1h0m0s"},
		"just over thirty seconds":      {32 * time.Second, time.Second, 31 * time.Second, "direction=forward jump=31s"},
		"thirty seconds are not a jump": {31 * time.Second, time.Second, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			clock := &fakeClock{wall: noon, monotonic: 5 * time.Minute}
			watch := telemetry.NewClockWatch(clock, slog.New(slog.NewTextHandler(&log, nil)))
			clock.wall, clock.monotonic = clock.wall.Add(test.wall), clock.monotonic+test.monotonic
			if jump := watch.Look(t.Context()); jump != test.jump {
				t.Errorf("jump = %s, want %s", jump, test.jump)
			}
			if test.says == "" && log.Len() > 0 || !strings.Contains(log.String(), test.says) {
				t.Errorf("it logged %q, want %q", log.String(), test.says)
			}
			log.Reset()
			clock.wall, clock.monotonic = clock.wall.Add(time.Second), clock.monotonic+time.Second
			if jump := watch.Look(t.Context()); jump != 0 || log.Len() > 0 {
				t.Errorf("a second later it told %s again: %s", jump, log.String())
			}
		})
	}
}

func TestTheMachinesClockDoesNotJumpByItself(t *testing.T) {
	t.Parallel()
	watch := telemetry.NewClockWatch(telemetry.SystemClock(), slog.New(slog.DiscardHandler))
	for range 1000 {
		if jump := watch.Look(t.Context()); jump != 0 {
			t.Fatalf("it jumped by %s", jump)
		}
	}
}
