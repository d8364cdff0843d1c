package repo

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
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
	// ProjectID is zero for a job of the instance.
	ProjectID int64  `bun:",nullzero"`
	BatchID   string `bun:",nullzero"`
}

// FailedJobs lists failed jobs, newest first: page.After is the id of the last one seen.
func (s *Store) FailedJobs(ctx context.Context, filter JobFilter, page Page[int64]) ([]FailedJob, error) {
	var jobs []FailedJob
	query := s.db.NewSelect().Model(&jobs).ApplyQueryBuilder(filter.apply).Order("id DESC").Limit(int64(page.Limit))
	if page.After != 0 {
		query = query.Where("id < ?", page.After)
	}
	return jobs, classify("list the failed jobs", query.Scan(ctx))
}

// RetryFailedJob puts a failed job back into its queue with all its attempts, and into its batch. ErrNotFound. Where another job
// has its key meanwhile, that one does its work.
func (s *Store) RetryFailedJob(ctx context.Context, filter JobFilter, id int64) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		failed := new(FailedJob)
		err := tx.tx.NewDelete().Model(failed).ApplyQueryBuilder(filter.apply).Where("id = ?", id).Returning("*").Scan(ctx)
		if err != nil {
			return classify("retry the failed job", err)
		}
		var payload struct {
			DedupKey string `json:"dedup_key"`
		}
		if err := json.Unmarshal([]byte(failed.Payload), &payload); err != nil {
			return classify("retry the failed job: read its payload", err)
		}
		ids, err := tx.Enqueue(ctx, NewJob{
			Queue: failed.Queue, Payload: failed.Payload, ProjectID: failed.ProjectID, BatchID: failed.BatchID, DedupKey: payload.DedupKey,
		})
		if err != nil || failed.BatchID == "" {
			return err
		}
		return classify("retry the failed job", tx.takeBack(ctx, failed, len(ids)))
	})
}

// DiscardFailedJob forgets a failed job. Its batch goes on counting it as failed. ErrNotFound.
func (s *Store) DiscardFailedJob(ctx context.Context, filter JobFilter, id int64) error {
	result, err := s.db.NewDelete().Model((*FailedJob)(nil)).ApplyQueryBuilder(filter.apply).Where("id = ?", id).Exec(ctx)
	return classify("discard the failed job", expectOne(result, err))
}

// takeBack makes a failed job of a batch one that is pending, if it was taken in.
func (t *Tx) takeBack(ctx context.Context, failed *FailedJob, taken int) error {
	batch := &JobBatch{ID: failed.BatchID}
	if err := t.tx.NewSelect().Model(batch).WherePK().For("NO KEY UPDATE").Scan(ctx); err != nil {
		return err
	}
	ids, err := batch.failedIDs()
	if err != nil {
		return err
	}
	if err := batch.setFailedIDs(slices.DeleteFunc(ids, func(id string) bool { return id == failed.UUID })); err != nil {
		return err
	}
	batch.FailedJobs--
	batch.PendingJobs += taken
	_, err = t.tx.NewUpdate().Model((*JobBatch)(nil)).
		Set("pending_jobs = ?", batch.PendingJobs).Set("failed_jobs = ?", batch.FailedJobs).Set("failed_job_ids = ?", batch.FailedJobIDs).
		Set("finished_at = CASE WHEN ? THEN finished_at END", batch.PendingJobs == 0).
		Where("id = ?", batch.ID).Exec(ctx)
	return err
}

// FailedJob returns a failed job. ErrNotFound.
func (s *Store) FailedJob(ctx context.Context, filter JobFilter, id int64) (*FailedJob, error) {
	job := new(FailedJob)
	err := s.db.NewSelect().Model(job).ApplyQueryBuilder(filter.apply).Where("id = ?", id).Scan(ctx)
	return job, classify("read the failed job", err)
}

// CountFailedJobs counts them.
func (s *Store) CountFailedJobs(ctx context.Context) (int64, error) {
	var n sql.NullInt64
	err := s.db.NewRaw("SELECT count(*) FROM failed_jobs").Scan(ctx, &n)
	return n.Int64, classify("count the failed jobs", err)
}
