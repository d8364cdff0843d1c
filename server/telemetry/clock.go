package telemetry

import (
	"context"
	"log/slog"
	"time"
)

const (
	// clockLook is how often the clocks are compared.
	clockLook = time.Second
	// clockJump is how far they may part between two looks.
	clockJump = 30 * time.Second
)

// Clock is what the machine says of the time: of the day, and since some moment in the past, which nobody sets.
type Clock interface {
	Wall() time.Time
	Monotonic() time.Duration
}

// systemClock is the machine's.
type systemClock struct{ begun time.Time }

// SystemClock returns the machine's clock.
func SystemClock() Clock { return systemClock{begun: time.Now()} }

func (systemClock) Wall() time.Time            { return time.Now().Round(0) } // without the monotonic reading
func (c systemClock) Monotonic() time.Duration { return time.Since(c.begun) }

// ClockWatch tells when the clock of the machine has been set, or has stood still with the machine.
type ClockWatch struct {
	clock     Clock
	logger    *slog.Logger
	wall      time.Time
	monotonic time.Duration
}

// NewClockWatch begins to compare.
func NewClockWatch(clock Clock, logger *slog.Logger) *ClockWatch {
	return &ClockWatch{clock: clock, logger: logger, wall: clock.Wall(), monotonic: clock.Monotonic()}
}

// Look compares the clocks with the last look and logs a jump of more than 30 s, once. It returns the jump, 0 if there was
// none; negative is back in time.
func (w *ClockWatch) Look(ctx context.Context) time.Duration {
	wall, monotonic := w.clock.Wall(), w.clock.Monotonic()
	jump := wall.Sub(w.wall) - (monotonic - w.monotonic)
	before := w.wall
	w.wall, w.monotonic = wall, monotonic
	if jump.Abs() <= clockJump {
		return 0
	}
	direction := "forward"
	if jump < 0 {
		direction = "back"
	}
	w.logger.WarnContext(ctx, "the clock of this machine has jumped: check its time synchronisation (it may also have slept); "+
		"jobs, locks and the cache go by the database's clock, events that arrive now are stamped with the new time",
		"direction", direction, "jump", jump.Round(time.Second).String(), "from", before.UTC(), "to", wall.UTC())
	return jump
}

// Run looks each second until ctx ends.
func (w *ClockWatch) Run(ctx context.Context) {
	ticker := time.NewTicker(clockLook)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.Look(ctx)
		}
	}
}
