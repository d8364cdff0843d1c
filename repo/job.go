package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// Job is work to be done in the background: a row of jobs. Its times are in seconds since 1970-01-01 UTC.
type Job struct {
	bun.BaseModel `bun:"table:jobs"`

	ID    int64 `bun:",pk,autoincrement"`
	Queue string
	// Payload is JSON.
	Payload  string
	Attempts int16
	// ReservedAt is when a worker took it; nil while it waits.
	ReservedAt  *int64
	AvailableAt int64
	CreatedAt   int64
}

// Enqueue stores a job and sets its ID.
func (s *Store) Enqueue(ctx context.Context, job *Job) error {
	_, err := s.db.NewInsert().Model(job).Exec(ctx)
	return classify("enqueue the job", err)
}

// ReserveJob takes the oldest available job of the queue for this caller alone, or one whose worker took it before
// expiredBefore and has not been heard of since. ErrNotFound when there is nothing to do.
func (s *Store) ReserveJob(ctx context.Context, queue string, now, expiredBefore time.Time) (*Job, error) {
	job := new(Job)
	next := s.db.NewSelect().Model((*Job)(nil)).Column("id").
		Where("queue = ? AND available_at <= ?", queue, now.Unix()).
		Where("reserved_at IS NULL OR reserved_at < ?", expiredBefore.Unix()).
		Order("available_at", "id").Limit(1).For("UPDATE SKIP LOCKED")
	err := s.db.NewUpdate().Model(job).
		Set("reserved_at = ?", now.Unix()).Set("attempts = attempts + 1").
		Where("id = (?)", next).Returning("*").Scan(ctx)
	return job, classify("reserve a job", err)
}

// DeleteJob removes a job that is done. ErrNotFound when it is gone already.
func (s *Store) DeleteJob(ctx context.Context, id int64) error {
	result, err := s.db.NewDelete().Model((*Job)(nil)).Where("id = ?", id).Exec(ctx)
	return classify("delete the job", expectOne(result, err))
}
