package repo

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/uptrace/bun"
)

// RetriedJobs is what became of a page of failed jobs.
type RetriedJobs struct {
	// Retried were put back. Unreadable cannot be, and were left.
	Retried, Unreadable int
	// Last is the id of the last one of the page, Until that of the last one that is meant, Left how many are between them.
	Last, Until, Left int64
}

// RetryFailedJobs puts failed jobs back as RetryFailedJob does, each in a transaction of its own, the oldest first: those after
// page.After up to until, which is the newest one there is if 0. So whatever fails again meanwhile is not retried again.
func (s *Store) RetryFailedJobs(ctx context.Context, filter JobFilter, until int64, page Page[int64]) (RetriedJobs, error) {
	done := RetriedJobs{Last: page.After, Until: until}
	if until == 0 {
		err := s.db.NewSelect().Model((*FailedJob)(nil)).ColumnExpr("coalesce(max(id), 0)").ApplyQueryBuilder(filter.apply).Scan(ctx, &done.Until)
		if err != nil {
			return done, classify("look for failed jobs", err)
		}
	}
	between := func(q bun.QueryBuilder) bun.QueryBuilder {
		return filter.apply(q).Where("id > ?", done.Last).Where("id <= ?", done.Until)
	}
	var jobs []FailedJob
	err := s.db.NewSelect().Model(&jobs).Column("id", "payload").ApplyQueryBuilder(between).Order("id").Limit(int64(page.Limit)).Scan(ctx)
	if err != nil {
		return done, classify("look for failed jobs", err)
	}
	for _, job := range jobs {
		done.Last = job.ID
		if !json.Valid([]byte(job.Payload)) {
			done.Unreadable++
			continue
		}
		switch err := s.RetryFailedJob(ctx, filter, job.ID); {
		case err == nil:
			done.Retried++
		case errors.Is(err, ErrNotFound): // somebody else was faster
		default:
			return done, err
		}
	}
	done.Left, err = s.db.NewSelect().Model((*FailedJob)(nil)).ApplyQueryBuilder(between).Count(ctx)
	return done, classify("count the failed jobs", err)
}
