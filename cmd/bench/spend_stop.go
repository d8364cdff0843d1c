package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/microtracker/microtracker/repo"
)

// halfSpend begins work on an import and waits until half of its rows have been dealt with.
func halfSpend(ctx context.Context, project *repo.Project, id int64, work repo.SpendWork) error {
	if _, err := project.BeginSpendWork(ctx, id, work); err != nil {
		return err
	}
	return waitForSpend(ctx, project, id, func(found *repo.SpendImport) (bool, error) {
		if found.State != work.To {
			return false, fmt.Errorf("the import is %s before half of it was done: %s", found.State, found.Error)
		}
		return found.DoneRows >= spendAds*spendDays/2, nil
	})
}

// interruptSpend takes the times of the look at a file and of the import that a worker leaves half way each, and another goes on with at
// once. The time until a worker that vanishes counts as gone, a minute, is not in it.
func (s *site) interruptSpend(ctx context.Context, project *repo.Project) (times [2]time.Duration, err error) {
	if err := s.forgetSpend(ctx); err != nil {
		return times, err
	}
	id, err := uploadSpend(ctx, project)
	if err != nil {
		return times, err
	}
	look, apply, err := spendWork(ctx, project, id)
	if err != nil {
		return times, err
	}
	for i, part := range []struct {
		work  repo.SpendWork
		until repo.SpendState
	}{{look, repo.SpendChecked}, {apply, repo.SpendImported}} {
		begun := time.Now()
		stop := s.workOnSpend(ctx)
		err := halfSpend(ctx, project, id, part.work)
		stop()
		if err != nil {
			return times, err
		}
		stop = s.workOnSpend(ctx)
		err = waitForSpend(ctx, project, id, func(found *repo.SpendImport) (bool, error) { return found.State == part.until, nil })
		stop()
		if err != nil {
			return times, err
		}
		times[i] = time.Since(begun)
	}
	stored, err := s.countSpend(ctx, "ad_spend_fact")
	if err == nil && stored != spendAds*spendDays {
		err = fmt.Errorf("%d rows are stored", stored)
	}
	return times, err
}

// cancelSpend takes the times until an import that is cancelled half way has stopped, in the look at the file and in the import, and
// until it is forgotten.
func (s *site) cancelSpend(ctx context.Context, project *repo.Project) (inLook, inImport, forgotten time.Duration, err error) {
	if err := s.forgetSpend(ctx); err != nil {
		return 0, 0, 0, err
	}
	id, err := uploadSpend(ctx, project)
	if err != nil {
		return 0, 0, 0, err
	}
	look, apply, err := spendWork(ctx, project, id)
	if err != nil {
		return 0, 0, 0, err
	}
	if inLook, err = s.cancelHalf(ctx, project, id, look); err != nil {
		return 0, 0, 0, err
	}
	if look, _, err = spendWork(ctx, project, id); err != nil {
		return 0, 0, 0, err
	}
	if _, err := workOn(ctx, project, id, look, repo.SpendChecked); err != nil {
		return 0, 0, 0, err
	}
	if inImport, err = s.cancelHalf(ctx, project, id, apply); err != nil {
		return 0, 0, 0, err
	}
	begun := time.Now()
	if err := project.DeleteSpendImport(ctx, id); err != nil {
		return 0, 0, 0, err
	}
	forgotten = time.Since(begun)
	for _, table := range []string{"ad_spend_fact", "spend_imports", "spend_import_blocks", "spend_import_chunks"} {
		if left, err := s.countSpend(ctx, table); err != nil || left > 0 {
			return 0, 0, 0, errors.Join(fmt.Errorf("%d rows are left in %s", left, table), err)
		}
	}
	return inLook, inImport, forgotten, nil
}

// cancelHalf begins work, cancels it half way, as the API does, and takes the time until no transaction writes for it any more.
func (s *site) cancelHalf(ctx context.Context, project *repo.Project, id int64, work repo.SpendWork) (time.Duration, error) {
	if err := halfSpend(ctx, project, id, work); err != nil {
		return 0, err
	}
	found, err := project.SpendImport(ctx, id)
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	if err := project.StopSpendWork(ctx, id, found.BatchID, ""); err != nil {
		return 0, err
	}
	if _, err := s.store.CancelBatch(ctx, repo.JobFilter{ProjectID: project.ID}, found.BatchID); err != nil && !errors.Is(err, repo.ErrNotFound) {
		return 0, err
	}
	for writing := int64(1); writing > 0; {
		if writing, err = s.countSpend(ctx, `pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation
			WHERE c.relname IN ('ad_spend_fact', 'spend_import_blocks') AND l.mode = 'RowExclusiveLock'`); err != nil {
			return 0, err
		}
	}
	return time.Since(begun), nil
}

// countSpend counts the rows of a table, or of what else stands behind FROM.
func (s *site) countSpend(ctx context.Context, from string) (n int64, err error) {
	conn, err := pgx.Connect(ctx, s.URL())
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx) //nolint:errcheck // it has been read
	err = conn.QueryRow(ctx, "SELECT count(*) FROM "+from).Scan(&n)
	return n, err
}
