package repo

import (
	"context"

	"github.com/uptrace/bun"
)

// JobBatch is many jobs as one: a row of job_batches. Its times are in seconds since 1970-01-01 UTC.
type JobBatch struct {
	bun.BaseModel `bun:"table:job_batches"`

	ID          string `bun:",pk"`
	Name        string
	TotalJobs   int
	PendingJobs int
	FailedJobs  int
	// FailedJobIDs is a JSON array.
	FailedJobIDs string `bun:"failed_job_ids"`
	Options      string `bun:",nullzero"`
	CancelledAt  *int64
	CreatedAt    int64
	FinishedAt   *int64
}

// CreateJobBatch stores a batch.
func (s *Store) CreateJobBatch(ctx context.Context, batch *JobBatch) error {
	_, err := s.db.NewInsert().Model(batch).Exec(ctx)
	return classify("create the batch", err)
}

// JobBatch returns a batch. ErrNotFound.
func (s *Store) JobBatch(ctx context.Context, id string) (*JobBatch, error) {
	batch := new(JobBatch)
	err := s.db.NewSelect().Model(batch).Where("id = ?", id).Scan(ctx)
	return batch, classify("read the batch", err)
}
