package jobs

// What the tests of the outside look at.
var (
	Shuffle = shuffle //nolint:gochecknoglobals // a function
	Backoff = backoff //nolint:gochecknoglobals // a function
)

// Turn is one turn of the scheduler.
var Turn = (*Scheduler).turn //nolint:gochecknoglobals // a function
