package rollup

import (
	"context"
	"fmt"
	"time"

	"github.com/microtracker/microtracker/repo"
)

// counting counts one day in one transaction.
type counting struct {
	// day is the date, midnight UTC.
	day time.Time
	// frozen says that the day cannot be counted any more.
	frozen bool
	// counted is how many parts of it were counted.
	counted int
}

func (c *counting) run(ctx context.Context, tx *repo.RollupTx) error {
	c.frozen, c.counted = false, 0
	zone, err := time.LoadLocation(tx.TimeZone)
	if err != nil {
		return fmt.Errorf("count a day: %w", err)
	}
	s := spanOf(c.day, zone)
	marks, err := tx.TakeMarks(ctx, s.since, s.until)
	if err != nil || len(marks) == 0 {
		return err
	}
	if s.since.Before(tx.FrozenBefore) {
		c.frozen = true
		return nil
	}
	yesterday := dateOf(tx.Now, zone).AddDate(0, 0, -1)
	var parts []*part
	if c.day.Before(yesterday) {
		parts, err = c.countWhole(ctx, tx, s)
	} else {
		if err = tx.DropPartsBefore(ctx, yesterday); err == nil {
			parts, err = c.countMarked(ctx, tx, s, marks)
		}
	}
	if err != nil {
		return err
	}
	return c.save(ctx, tx, parts)
}

// countWhole counts a day without keeping its parts.
func (c *counting) countWhole(ctx context.Context, tx *repo.RollupTx, s span) ([]*part, error) {
	c.counted = s.parts()
	counted, err := count(ctx, tx, s.whole(), 1)
	if err != nil {
		return nil, err
	}
	return counted, tx.DropParts(ctx, s.day)
}

// countMarked counts the marked parts of a day, and those that are not stored; the others it takes as they are.
func (c *counting) countMarked(ctx context.Context, tx *repo.RollupTx, s span, marks []repo.RollupMark) ([]*part, error) {
	parts := make([]*part, s.parts())
	stored, err := tx.Parts(ctx, s.day)
	if err != nil {
		return nil, err
	}
	marked := make([]bool, len(parts))
	for _, mark := range marks {
		for i := s.part(mark.Since); i <= s.part(mark.Until.Add(-1)); i++ {
			marked[i] = true
		}
	}
	for _, row := range stored {
		i := int(row.Part)
		if i >= len(parts) || marked[i] {
			continue
		}
		if p, err := decodePart(row.Data); err == nil { // else it is counted anew
			parts[i] = p
		}
	}
	var changed []repo.RollupPart
	for first := range parts {
		if parts[first] != nil {
			continue
		}
		last := first
		for last < len(parts) && parts[last] == nil {
			last++
		}
		counted, err := count(ctx, tx, s.window(first, last), last-first)
		if err != nil {
			return nil, err
		}
		for i, p := range counted {
			parts[first+i] = p
			if p.isEmpty() && s.window(first+i, last).Since.After(tx.Now) {
				continue // it has yet to come
			}
			changed = append(changed, repo.RollupPart{Day: s.day, Part: int16(first + i), Data: p.encode()})
		}
	}
	c.counted = len(changed)
	if len(changed) == 0 {
		return parts, nil
	}
	return parts, tx.SaveParts(ctx, changed)
}

// count counts the steps of a window.
func count(ctx context.Context, tx *repo.RollupTx, w repo.RollupWindow, steps int) ([]*part, error) {
	collectors := make([]*collector, steps)
	for i := range collectors {
		collectors[i] = newCollector()
	}
	at := func(step time.Time) *collector { return collectors[int(step.Sub(w.Since)/w.Step)] }
	if err := tx.CountEvents(ctx, w, func(e *repo.EventCount) { at(e.Step).addEvents(e) }); err != nil {
		return nil, fmt.Errorf("count the events: %w", err)
	}
	if err := tx.CountSessions(ctx, w, func(s *repo.SessionCount) { at(s.Step).addSessions(s) }); err != nil {
		return nil, fmt.Errorf("count the sessions: %w", err)
	}
	parts := make([]*part, steps)
	for i, c := range collectors {
		parts[i] = c.finish()
	}
	return parts, nil
}

// save puts the day together and stores it. A day on which nothing happened has no row.
func (c *counting) save(ctx context.Context, tx *repo.RollupTx, parts []*part) error {
	total := newDayTotal()
	for _, p := range parts {
		if err := total.add(p); err != nil {
			return err
		}
	}
	if total.isEmpty() {
		return tx.Delete(ctx, c.day)
	}
	row, err := total.row(tx.TimeZone)
	if err != nil {
		return err
	}
	row.Day = c.day
	return tx.Save(ctx, row)
}
