package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// FailedJob is a job that used up its attempts, kept with its error: a row of failed_jobs.
type FailedJob struct {
	bun.BaseModel `bun:"table:failed_jobs"`

	ID         int64  `bun:",pk,autoincrement"`
	UUID       string `bun:"uuid"`
	Connection string
	Queue      string
	Payload    string
	// Exception is the whole chain of errors.
	Exception string
	FailedAt  time.Time `bun:",nullzero,default:CURRENT_TIMESTAMP"`
}

// CreateFailedJob stores a failed job and sets its ID. ErrConflict when it is there already.
func (s *Store) CreateFailedJob(ctx context.Context, job *FailedJob) error {
	_, err := s.db.NewInsert().Model(job).Returning("id, failed_at").Exec(ctx)
	return classify("keep the failed job", err)
}

// FailedJobs lists failed jobs, newest first: page.After is the id of the last one seen.
func (s *Store) FailedJobs(ctx context.Context, page Page[int64]) ([]FailedJob, error) {
	var jobs []FailedJob
	query := s.db.NewSelect().Model(&jobs).Order("id DESC").Limit(int64(page.Limit))
	if page.After != 0 {
		query = query.Where("id < ?", page.After)
	}
	return jobs, classify("list the failed jobs", query.Scan(ctx))
}
