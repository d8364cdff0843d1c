package rollup

import (
	"context"
	"errors"
	"time"

	"github.com/microtracker/microtracker/repo"
)

// monthsAtOnce is how many months are listed at once.
const monthsAtOnce = 24

// RollUpMonths puts the months of a project together that are over, and whose days are counted and others than the month is made of.
func (r *Refresher) RollUpMonths(ctx context.Context, projectID int64) error {
	dimensions := make([]int16, breakdownDimensions)
	for i := range dimensions {
		dimensions[i] = int16(i)
	}
	for {
		months, err := r.config.Store.StaleMonths(ctx, projectID, monthsAtOnce)
		if err != nil {
			return err
		}
		for _, month := range months {
			begun := r.config.Now()
			err := r.config.Store.MakeMonth(ctx, projectID, month, dimensions, func(rows []repo.RollupBreakdown) ([]byte, error) {
				return makeMonth(month, rows)
			})
			if errors.Is(err, repo.ErrTryAgain) { // another replica makes it, or a day is being counted: the next run will see
				return nil
			}
			if err != nil {
				return err
			}
			r.config.Logger.DebugContext(ctx, "put a month together", "project_id", projectID, "month", month.Format(time.DateOnly), "took", r.config.Now().Sub(begun))
		}
		if len(months) < monthsAtOnce {
			return nil
		}
	}
}

// makeMonth puts the breakdowns of a month's days by one dimension together; nil: there are none.
func makeMonth(month time.Time, rows []repo.RollupBreakdown) ([]byte, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	whole, err := mergeRows(rows, month, int64(month.AddDate(0, 1, 0).Sub(month)/day))
	if err != nil {
		return nil, err
	}
	return whole.encode(), nil
}
