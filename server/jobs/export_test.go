package jobs

// What the tests of the outside look at.
var (
	Shuffle = shuffle
	Backoff = backoff
)

// Turn is one turn of the scheduler.
var Turn = (*Scheduler).turn
