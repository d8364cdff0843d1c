package repo

import "time"

// JobState is what a job is doing.
type JobState string

// A job waits until a worker takes it; one that may not be taken yet is delayed; one that a worker has is running.
const (
	JobWaiting JobState = "waiting"
	JobDelayed JobState = "delayed"
	JobRunning JobState = "running"
)

// State is what the job is doing at a time of the database's clock (Store.Now).
func (j *Job) State(now time.Time) JobState {
	switch {
	case j.ReservedAt != nil:
		return JobRunning
	case j.AvailableAt > now.Unix():
		return JobDelayed
	default:
		return JobWaiting
	}
}

// BatchState is how far a batch is.
type BatchState string

// A batch is running while jobs of it wait or run. After that it is failed if jobs of it are, cancelled if not all was done, else
// done.
const (
	BatchRunning   BatchState = "running"
	BatchDone      BatchState = "done"
	BatchFailed    BatchState = "failed"
	BatchCancelled BatchState = "cancelled"
)

// State is how far the batch is.
func (b *JobBatch) State() BatchState {
	switch {
	case b.FinishedAt == nil:
		return BatchRunning
	case b.FailedJobs > 0:
		return BatchFailed
	case b.CancelledAt != nil:
		return BatchCancelled
	default:
		return BatchDone
	}
}
