package repo

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// maxFailedIDs bounds how many failed jobs a batch names; it counts all.
const maxFailedIDs = 1000

// JobBatch is many jobs as one: a row of job_batches. Its times are in seconds since 1970-01-01 UTC, by the database's clock.
type JobBatch struct {
	bun.BaseModel `bun:"table:job_batches"`

	// ID sorts by the time of making.
	ID        string `bun:",pk"`
	Name      string
	TotalJobs int
	// PendingJobs have neither been done nor failed nor been cancelled.
	PendingJobs int
	FailedJobs  int
	// FailedJobIDs is a JSON array of the uuids of its failed jobs, of the first 1,000 of them.
	FailedJobIDs string `bun:"failed_job_ids"`
	// Options is JSON: BatchOptions.
	Options     string `bun:",nullzero"`
	CancelledAt *int64
	CreatedAt   int64
	FinishedAt  *int64
	// ProjectID is zero for a batch of the instance.
	ProjectID int64 `bun:",nullzero"`
}

// BatchOptions say what else happens.
type BatchOptions struct {
	// Then is enqueued when all jobs have been done, Catch when the first has failed, Finally when none is pending.
	Then    *BatchStep `json:"then,omitempty"`
	Catch   *BatchStep `json:"catch,omitempty"`
	Finally *BatchStep `json:"finally,omitempty"`
	// AllowFailures goes on when a job has failed; else the first failure cancels the rest.
	AllowFailures bool `json:"allow_failures,omitempty"`
	// Enqueued are the steps that have been: each is so once, also when failed jobs are tried again.
	Enqueued []string `json:"enqueued,omitempty"`
}

// BatchStep is a job that follows.
type BatchStep struct {
	Queue   string `json:"queue"`
	Payload string `json:"payload"`
}

// NewBatch is a batch to be made.
type NewBatch struct {
	Name      string
	ProjectID int64
	Options   BatchOptions
	Jobs      []NewJob
}

// CreateBatch stores a batch with its jobs. A batch without jobs is finished at once, and its steps follow.
func (t *Tx) CreateBatch(ctx context.Context, b NewBatch) (*JobBatch, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, classify("create the batch", err)
	}
	options, err := json.Marshal(b.Options)
	if err != nil {
		return nil, classify("create the batch", err)
	}
	batch := &JobBatch{ID: id.String(), Name: b.Name, TotalJobs: len(b.Jobs), PendingJobs: len(b.Jobs), FailedJobIDs: "[]", Options: string(options), ProjectID: b.ProjectID}
	_, err = t.tx.NewInsert().Model(batch).Value("created_at", "epoch_now()").Returning("created_at").Exec(ctx)
	if err != nil {
		return nil, classify("create the batch", err)
	}
	jobs := slices.Clone(b.Jobs)
	for i := range jobs {
		jobs[i].BatchID, jobs[i].ProjectID = batch.ID, b.ProjectID
	}
	ids, err := t.Enqueue(ctx, jobs...)
	if err != nil {
		return nil, err
	}
	// What was not taken in, because another job has its key, is not waited for.
	if kept := len(jobs) - len(ids); kept > 0 || len(jobs) == 0 {
		if err := t.countInBatch(ctx, batch.ID, kept, ""); err != nil {
			return nil, classify("create the batch", err)
		}
		err = t.tx.NewSelect().Model(batch).WherePK().Scan(ctx)
	}
	return batch, classify("create the batch", err)
}

// CreateBatch stores a batch in a transaction of its own; see Tx.CreateBatch.
func (s *Store) CreateBatch(ctx context.Context, b NewBatch) (batch *JobBatch, err error) {
	err = s.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		batch, err = tx.CreateBatch(ctx, b)
		return err
	})
	return batch, err
}

// countInBatch counts jobs of a batch that are pending no more; failed names the one that failed, if it did. It enqueues the
// steps that follow. The jobs' rows are locked before the batch's, by everybody.
func (t *Tx) countInBatch(ctx context.Context, id string, ended int, failed string) error {
	batch := &JobBatch{ID: id}
	if err := t.tx.NewSelect().Model(batch).WherePK().For("NO KEY UPDATE").Scan(ctx); err != nil {
		return err
	}
	var options BatchOptions
	if err := json.Unmarshal([]byte(batch.Options), &options); err != nil {
		return err
	}
	batch.PendingJobs -= ended
	if failed != "" {
		batch.FailedJobs++
		ids, err := batch.failedIDs()
		if err != nil {
			return err
		}
		if len(ids) < maxFailedIDs {
			if err := batch.setFailedIDs(append(ids, failed)); err != nil {
				return err
			}
		}
		if !options.AllowFailures && batch.CancelledAt == nil {
			if err := t.cancelRest(ctx, batch); err != nil {
				return err
			}
		}
	}
	return t.saveBatch(ctx, batch, &options)
}

// cancelRest removes the jobs of a batch; those that are being completed at this moment are left, and count themselves.
func (t *Tx) cancelRest(ctx context.Context, batch *JobBatch) error {
	var removed []int64
	err := t.tx.NewRaw(`DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE batch_id = ? FOR UPDATE SKIP LOCKED) RETURNING id`,
		batch.ID).Scan(ctx, &removed)
	if err != nil {
		return err
	}
	batch.PendingJobs -= len(removed)
	return t.tx.NewRaw("SELECT epoch_now()").Scan(ctx, &batch.CancelledAt)
}

// saveBatch stores the batch's counts and enqueues the steps that they lead to.
func (t *Tx) saveBatch(ctx context.Context, batch *JobBatch, options *BatchOptions) error {
	done := batch.PendingJobs == 0
	var steps []NewJob
	for _, step := range []struct {
		name string
		job  *BatchStep
		due  bool
	}{
		{"catch", options.Catch, batch.FailedJobs > 0},
		{"then", options.Then, done && batch.FailedJobs == 0 && batch.CancelledAt == nil},
		{"finally", options.Finally, done},
	} {
		if step.job != nil && step.due && !slices.Contains(options.Enqueued, step.name) {
			options.Enqueued = append(options.Enqueued, step.name)
			steps = append(steps, NewJob{Queue: step.job.Queue, Payload: step.job.Payload, ProjectID: batch.ProjectID})
		}
	}
	encoded, err := json.Marshal(options)
	if err != nil {
		return err
	}
	_, err = t.tx.NewUpdate().Model((*JobBatch)(nil)).
		Set("pending_jobs = ?", batch.PendingJobs).Set("failed_jobs = ?", batch.FailedJobs).
		Set("failed_job_ids = ?", batch.FailedJobIDs).Set("options = ?", string(encoded)).Set("cancelled_at = ?", batch.CancelledAt).
		Set("finished_at = CASE WHEN ? THEN epoch_now() END", done).
		Where("id = ?", batch.ID).Exec(ctx)
	if err != nil {
		return err
	}
	_, err = t.Enqueue(ctx, steps...)
	return err
}

func (b *JobBatch) failedIDs() (ids []string, err error) {
	err = json.Unmarshal([]byte(b.FailedJobIDs), &ids)
	return ids, err
}

func (b *JobBatch) setFailedIDs(ids []string) error {
	encoded, err := json.Marshal(ids)
	b.FailedJobIDs = string(encoded)
	return err
}

// CancelBatch removes the batch's jobs that wait or run, and returns the batch. ErrNotFound. A batch that has finished stays
// as it is.
func (s *Store) CancelBatch(ctx context.Context, filter JobFilter, id string) (*JobBatch, error) {
	batch := &JobBatch{ID: id}
	err := s.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.tx.NewSelect().Model(batch).WherePK().ApplyQueryBuilder(filter.apply).Scan(ctx); err != nil || batch.FinishedAt != nil {
			return err
		}
		// The jobs first, as everybody does; those whose completion is under way are waited for.
		if _, err := tx.tx.NewRaw("SELECT id FROM jobs WHERE batch_id = ? ORDER BY id FOR UPDATE", id).Exec(ctx); err != nil {
			return err
		}
		if err := tx.tx.NewSelect().Model(batch).WherePK().For("NO KEY UPDATE").Scan(ctx); err != nil || batch.FinishedAt != nil {
			return err
		}
		var options BatchOptions
		if err := json.Unmarshal([]byte(batch.Options), &options); err != nil {
			return err
		}
		if err := tx.cancelRest(ctx, batch); err != nil {
			return err
		}
		if err := tx.saveBatch(ctx, batch, &options); err != nil {
			return err
		}
		return tx.tx.NewSelect().Model(batch).WherePK().Scan(ctx)
	})
	return batch, classify("cancel the batch", err)
}

// JobBatch returns a batch. ErrNotFound.
func (s *Store) JobBatch(ctx context.Context, filter JobFilter, id string) (*JobBatch, error) {
	batch := &JobBatch{ID: id}
	err := s.db.NewSelect().Model(batch).WherePK().ApplyQueryBuilder(filter.apply).Scan(ctx)
	return batch, classify("read the batch", err)
}

// JobBatches lists batches, newest first: page.After is the id of the last one seen.
func (s *Store) JobBatches(ctx context.Context, filter JobFilter, page Page[string]) ([]JobBatch, error) {
	var batches []JobBatch
	query := s.db.NewSelect().Model(&batches).ApplyQueryBuilder(filter.apply).Order("id DESC").Limit(int64(page.Limit))
	if page.After != "" {
		query = query.Where("id < ?", page.After)
	}
	return batches, classify("list the batches", query.Scan(ctx))
}
