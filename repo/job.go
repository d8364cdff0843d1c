package repo

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// JobsChannel is where PostgreSQL tells that jobs were enqueued; the payload is the queue's name.
const JobsChannel = "microtracker_jobs"

// maxBackoffSeconds is the longest that a failed attempt makes a job wait (server/jobs).
const maxBackoffSeconds = 3600

// Job is work to be done in the background: a row of jobs. Its times are in seconds since 1970-01-01 UTC, by the database's
// clock. A reservation is named by the job's id and its number of attempts.
type Job struct {
	bun.BaseModel `bun:"table:jobs"`

	ID    int64 `bun:",pk,autoincrement"`
	Queue string
	// Payload is JSON (server/jobs).
	Payload  string
	Attempts int16
	// ReservedAt is when a worker took it or last said that it is at it; nil while it waits.
	ReservedAt  *int64
	AvailableAt int64
	CreatedAt   int64
	// ProjectID is zero for a job of the instance.
	ProjectID int64  `bun:",nullzero"`
	BatchID   string `bun:",nullzero"`
	DedupKey  string `bun:",nullzero"`
	// LastError is why the last attempt failed.
	LastError string `bun:",nullzero"`
}

// NewJob is a job to be enqueued.
type NewJob struct {
	Queue   string
	Payload string
	// Delay is for how long the job waits at least, in whole seconds.
	Delay     time.Duration
	ProjectID int64
	BatchID   string
	// DedupKey keeps the job out while another with the same key waits or runs. Empty: none.
	DedupKey string
}

// Enqueue stores jobs and returns the ids of those that were taken in: not of those whose key another one has. Workers
// hear of them after the transaction.
func (t *Tx) Enqueue(ctx context.Context, jobs ...NewJob) ([]int64, error) {
	n := len(jobs)
	if n == 0 {
		return nil, nil
	}
	queues, payloads, delays := make([]string, n), make([]string, n), make([]int64, n)
	projects, batches, keys := make([]int64, n), make([]string, n), make([]string, n)
	var awake []string
	for i, job := range jobs {
		queues[i], payloads[i], delays[i] = job.Queue, job.Payload, int64(job.Delay/time.Second)
		projects[i], batches[i], keys[i] = job.ProjectID, job.BatchID, job.DedupKey
		if job.Delay < time.Second && !slices.Contains(awake, job.Queue) {
			awake = append(awake, job.Queue)
		}
	}
	var ids []int64
	err := t.tx.NewRaw(`
		INSERT INTO jobs (queue, payload, attempts, available_at, created_at, project_id, batch_id, dedup_key)
		SELECT queue, payload, 0, epoch_now() + delay, epoch_now(), nullif(project_id, 0), nullif(batch_id, ''), nullif(dedup_key, '')
		FROM unnest(?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::text[], ?::text[]) WITH ORDINALITY
			AS new (queue, payload, delay, project_id, batch_id, dedup_key, place)
		ORDER BY place
		ON CONFLICT (dedup_key) WHERE dedup_key IS NOT NULL DO NOTHING
		RETURNING id`,
		pgdialect.Array(queues), pgdialect.Array(payloads), pgdialect.Array(delays),
		pgdialect.Array(projects), pgdialect.Array(batches), pgdialect.Array(keys)).Scan(ctx, &ids)
	if err != nil {
		return nil, classify("enqueue jobs", err)
	}
	if len(awake) > 0 && len(ids) > 0 {
		_, err = t.tx.NewRaw("SELECT pg_notify(?, queue) FROM unnest(?::text[]) AS queue", JobsChannel, pgdialect.Array(awake)).Exec(ctx)
	}
	return ids, classify("enqueue jobs", err)
}

// Enqueue stores jobs in a transaction of their own; see Tx.Enqueue.
func (s *Store) Enqueue(ctx context.Context, jobs ...NewJob) (ids []int64, err error) {
	err = s.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		ids, err = tx.Enqueue(ctx, jobs...)
		return err
	})
	return ids, err
}

// ReserveJobs takes up to limit of the queue's available jobs for this caller alone, the longest available first: also those
// whose worker has not been heard of for lease. Each has one attempt more then.
func (s *Store) ReserveJobs(ctx context.Context, queue string, lease time.Duration, limit int) ([]Job, error) {
	var jobs []Job
	err := s.db.NewRaw(`
		WITH next AS MATERIALIZED (
			SELECT id FROM jobs
			WHERE queue = ? AND available_at <= epoch_now() AND (reserved_at IS NULL OR reserved_at <= epoch_now() - ?)
			ORDER BY available_at, id LIMIT ? FOR UPDATE SKIP LOCKED)
		UPDATE jobs SET reserved_at = epoch_now(), attempts = least(attempts + 1, 32767)
		FROM next WHERE jobs.id = next.id RETURNING jobs.*`, queue, int64(lease/time.Second), limit).Scan(ctx, &jobs)
	slices.SortFunc(jobs, func(a, b Job) int { return cmp.Compare(a.ID, b.ID) })
	return jobs, classify("reserve jobs", err)
}

// RenewJobs says that their worker is still at the jobs, and returns the ids of those that are still his.
func (s *Store) RenewJobs(ctx context.Context, jobs []Job) ([]int64, error) {
	ids, attempts := splitJobs(jobs)
	var renewed []int64
	err := s.db.NewRaw(`
		UPDATE jobs SET reserved_at = epoch_now()
		FROM (SELECT jobs.id FROM jobs JOIN unnest(?::bigint[], ?::smallint[]) AS mine (id, attempts) USING (id, attempts)
			WHERE reserved_at IS NOT NULL ORDER BY id FOR UPDATE OF jobs) AS mine
		WHERE jobs.id = mine.id RETURNING jobs.id`, pgdialect.Array(ids), pgdialect.Array(attempts)).Scan(ctx, &renewed)
	return renewed, classify("renew jobs", err)
}

// ReturnJobs puts jobs back that were not begun or not ended, as if they had never been taken, and keeps them back for delay.
func (s *Store) ReturnJobs(ctx context.Context, jobs []Job, delay time.Duration) error {
	ids, attempts := splitJobs(jobs)
	_, err := s.db.NewRaw(`
		UPDATE jobs SET reserved_at = NULL, attempts = jobs.attempts - 1,
			available_at = CASE WHEN ?2 > 0 THEN epoch_now() + ?2 ELSE available_at END
		FROM (SELECT jobs.id FROM jobs JOIN unnest(?0::bigint[], ?1::smallint[]) AS mine (id, attempts) USING (id, attempts)
			WHERE reserved_at IS NOT NULL ORDER BY id FOR UPDATE OF jobs) AS mine
		WHERE jobs.id = mine.id`, pgdialect.Array(ids), pgdialect.Array(attempts), int64(delay/time.Second)).Exec(ctx)
	return classify("return jobs", err)
}

func splitJobs(jobs []Job) (ids []int64, attempts []int16) {
	for _, job := range jobs {
		ids, attempts = append(ids, job.ID), append(attempts, job.Attempts)
	}
	return ids, attempts
}

// reserved names the reservation in a statement on jobs.
func reserved(job *Job) func(q bun.QueryBuilder) bun.QueryBuilder {
	return func(q bun.QueryBuilder) bun.QueryBuilder {
		return q.Where("id = ? AND attempts = ? AND reserved_at IS NOT NULL", job.ID, job.Attempts)
	}
}

// RetryJob puts a job back whose attempt failed, to be taken again after delay. ErrNotFound when it is not its worker's any more.
func (s *Store) RetryJob(ctx context.Context, job *Job, delay time.Duration, reason string) error {
	result, err := s.db.NewUpdate().Model((*Job)(nil)).Set("reserved_at = NULL").
		Set("available_at = epoch_now() + ?", int64(delay/time.Second)).Set("last_error = ?", reason).
		ApplyQueryBuilder(reserved(job)).Exec(ctx)
	return classify("put the job back", expectOne(result, err))
}

// CompleteJob ends a job that is done, and counts it in its batch. ErrNotFound when it is not its worker's any more.
func (s *Store) CompleteJob(ctx context.Context, job *Job) error {
	if job.BatchID != "" {
		return s.InTx(ctx, func(ctx context.Context, tx *Tx) error { return tx.CompleteJob(ctx, job) })
	}
	result, err := s.db.NewDelete().Model((*Job)(nil)).ApplyQueryBuilder(reserved(job)).Exec(ctx)
	return classify("complete the job", expectOne(result, err))
}

// CompleteJob ends a job with what else the transaction does: it is done once, whatever becomes of the worker.
func (t *Tx) CompleteJob(ctx context.Context, job *Job) error {
	result, err := t.tx.NewDelete().Model((*Job)(nil)).ApplyQueryBuilder(reserved(job)).Exec(ctx)
	if err = expectOne(result, err); err == nil && job.BatchID != "" {
		err = t.countInBatch(ctx, job.BatchID, 1, "")
	}
	return classify("complete the job", err)
}

// FailJob ends a job that used up its attempts: it goes to failed_jobs, and its batch counts it as failed. ErrNotFound when it is not
// its worker's any more.
func (s *Store) FailJob(ctx context.Context, job *Job, uuid, exception string) error {
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewDelete().Model((*Job)(nil)).ApplyQueryBuilder(reserved(job)).Exec(ctx)
		if err := expectOne(result, err); err != nil {
			return err
		}
		failed := &FailedJob{
			UUID: uuid, Connection: "postgresql", Queue: job.Queue, Payload: job.Payload, Exception: exception,
			ProjectID: job.ProjectID, BatchID: job.BatchID,
		}
		if _, err := tx.NewInsert().Model(failed).Returning("NULL").Exec(ctx); err != nil || job.BatchID == "" {
			return err
		}
		return (&Tx{tx: tx}).countInBatch(ctx, job.BatchID, 1, uuid)
	})
	return classify("fail the job", err)
}

// JobFilter says which jobs, failed jobs and batches are meant. Zero fields mean any.
type JobFilter struct {
	ProjectID int64
	Queue     string
	BatchID   string
}

func (f JobFilter) apply(q bun.QueryBuilder) bun.QueryBuilder {
	if f.ProjectID != 0 {
		q = q.Where("project_id = ?", f.ProjectID)
	}
	if f.Queue != "" {
		q = q.Where("queue = ?", f.Queue)
	}
	if f.BatchID != "" {
		q = q.Where("batch_id = ?", f.BatchID)
	}
	return q
}

// Jobs lists jobs that wait or run, newest first: page.After is the id of the last one seen.
func (s *Store) Jobs(ctx context.Context, filter JobFilter, page Page[int64]) ([]Job, error) {
	var jobs []Job
	query := s.db.NewSelect().Model(&jobs).ApplyQueryBuilder(filter.apply).Order("id DESC").Limit(int64(page.Limit))
	if page.After != 0 {
		query = query.Where("id < ?", page.After)
	}
	return jobs, classify("list the jobs", query.Scan(ctx))
}

// Job returns a job that waits or runs. ErrNotFound.
func (s *Store) Job(ctx context.Context, filter JobFilter, id int64) (*Job, error) {
	job := new(Job)
	err := s.db.NewSelect().Model(job).ApplyQueryBuilder(filter.apply).Where("id = ?", id).Scan(ctx)
	return job, classify("read the job", err)
}

// CancelJob removes a job. One that runs is told within seconds, and what it would complete is refused. ErrNotFound.
func (s *Store) CancelJob(ctx context.Context, filter JobFilter, id int64) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		var batch sql.NullString
		err := tx.tx.NewDelete().Model((*Job)(nil)).ApplyQueryBuilder(filter.apply).Where("id = ?", id).Returning("batch_id").Scan(ctx, &batch)
		if err == nil && batch.String != "" {
			err = tx.countInBatch(ctx, batch.String, 1, "")
		}
		return classify("cancel the job", err)
	})
}

// QueueDepth says what waits in a queue.
type QueueDepth struct {
	Queue string
	// Waiting are available, Delayed are not yet, Reserved are being worked on.
	Waiting, Delayed, Reserved int64
	// OldestSeconds is for how long the longest available one has been so; 0 if none waits.
	OldestSeconds int64
}

// QueueDepths counts what waits, by queue.
func (s *Store) QueueDepths(ctx context.Context) ([]QueueDepth, error) {
	var depths []QueueDepth
	err := s.db.NewRaw(`
		SELECT queue,
			count(*) FILTER (WHERE reserved_at IS NULL AND available_at <= epoch_now()) AS waiting,
			count(*) FILTER (WHERE reserved_at IS NULL AND available_at > epoch_now()) AS delayed,
			count(*) FILTER (WHERE reserved_at IS NOT NULL) AS reserved,
			coalesce(greatest(epoch_now() - min(available_at) FILTER (WHERE reserved_at IS NULL AND available_at <= epoch_now()), 0), 0) AS oldest_seconds
		FROM jobs GROUP BY queue ORDER BY queue`).Scan(ctx, &depths)
	return depths, classify("count the jobs", err)
}

// MendJobTimes brings times of jobs that lie in the future back, because the database's clock was put back: those reserved
// were so just now; those that wait do so no longer than they would have. It returns how many there were.
func (s *Store) MendJobTimes(ctx context.Context) (int64, error) {
	result, err := s.db.NewRaw(`
		UPDATE jobs SET
			reserved_at = CASE WHEN reserved_at > epoch_now() THEN epoch_now() ELSE reserved_at END,
			available_at = CASE
				WHEN created_at > epoch_now() THEN available_at - (created_at - epoch_now())
				WHEN attempts > 0 AND available_at > epoch_now() + ?0 THEN epoch_now()
				ELSE available_at END,
			created_at = least(created_at, epoch_now())
		WHERE reserved_at > epoch_now() + 1 OR created_at > epoch_now() + 1 OR (attempts > 0 AND available_at > epoch_now() + ?0)`,
		maxBackoffSeconds).Exec(ctx)
	if err != nil {
		return 0, classify("mend the times of jobs", err)
	}
	mended, err := result.RowsAffected()
	return mended, classify("mend the times of jobs", err)
}

// IsJobLost says whether err means that a job is not its worker's any more.
func IsJobLost(err error) bool { return errors.Is(err, ErrNotFound) }
