package rollup

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
)

// counting counts one day in one transaction.
type counting struct {
	// day is the date, midnight UTC.
	day time.Time
	// frozen says that the day cannot be counted any more, past that it is over, and was counted.
	frozen, past bool
	// counted is how many parts of it were counted.
	counted int
	// breakdowns are those of the parts that were counted, with their blocks, replaced the parts whose stored ones they replace;
	// nil: all.
	breakdowns []repo.RollupBreakdown
	replaced   []int16
}

func (c *counting) run(ctx context.Context, tx *repo.RollupTx) error {
	c.frozen, c.past, c.counted, c.breakdowns, c.replaced = false, false, 0, nil, nil
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
	today := dateOf(tx.Now, zone)
	yesterday := today.AddDate(0, 0, -1)
	c.past = c.day.Before(today)
	var parts []*part
	if c.day.Before(yesterday) {
		parts, err = c.countWhole(ctx, tx, s)
	} else {
		if err = joinPartsBefore(ctx, tx, yesterday); err == nil {
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
	counted, err := c.count(ctx, tx, s.whole(), 1, s.until)
	if err != nil {
		return nil, err
	}
	c.keep(0, &counted[0])
	return []*part{counted[0].part}, tx.DropParts(ctx, s.day)
}

// keep keeps the breakdowns of a part, and its block, to be stored.
func (c *counting) keep(part int, made *countedStep) {
	add := func(dimension int16, data []byte) {
		c.breakdowns = append(c.breakdowns, repo.RollupBreakdown{Day: c.day, Part: int16(part), Dimension: dimension, Data: data})
	}
	for dimension := range breakdownDimensions {
		if b := made.breakdowns[dimension]; b != nil {
			add(dimension, b.encode())
		}
	}
	if made.block.sessions > 0 {
		add(bySession, made.block.encode())
	}
}

// joinPartsBefore puts the breakdowns of the days before this one together that are in parts, and deletes the parts.
func joinPartsBefore(ctx context.Context, tx *repo.RollupTx, day time.Time) error {
	rows, err := tx.BreakdownsInParts(ctx, day)
	if err != nil {
		return err
	}
	var joined []repo.RollupBreakdown
	for first := 0; first < len(rows); {
		last := first
		for last < len(rows) && rows[last].Day.Equal(rows[first].Day) && rows[last].Dimension == rows[first].Dimension {
			last++
		}
		whole, err := joinParts(rows[first:last])
		if err != nil { // it is damaged: the day has to be counted as a whole
			return joinAnew(ctx, tx, rows[first].Day)
		}
		joined = append(joined, repo.RollupBreakdown{Day: rows[first].Day, Dimension: rows[first].Dimension, Data: whole})
		first = last
	}
	for i := range joined {
		if i == 0 || !joined[i].Day.Equal(joined[i-1].Day) {
			if err := tx.DropBreakdowns(ctx, joined[i].Day); err != nil {
				return err
			}
		}
	}
	if err := tx.SaveBreakdowns(ctx, joined); err != nil {
		return err
	}
	return tx.DropPartsBefore(ctx, day)
}

// joinAnew leaves a day whose parts cannot be put together to who counts it as a whole.
func joinAnew(ctx context.Context, tx *repo.RollupTx, day time.Time) error {
	zone, err := time.LoadLocation(tx.TimeZone)
	if err != nil {
		return fmt.Errorf("count a damaged day anew: %w", err)
	}
	s := spanOf(dateOf(day, time.UTC), zone)
	if err := tx.Mark(ctx, repo.RollupMark{Since: s.since, Until: s.until}); err != nil {
		return err
	}
	return tx.DropParts(ctx, day)
}

// joinParts puts what is stored of the parts of a day together.
func joinParts(rows []repo.RollupBreakdown) ([]byte, error) {
	if rows[0].Dimension == bySession {
		parts, err := decodeAll(rows, decodeBlock)
		if err != nil {
			return nil, err
		}
		return mergeBlocks(parts).encode(), nil
	}
	whole, err := mergeRows(rows, rows[0].Day, 1)
	if err != nil {
		return nil, err
	}
	return whole.encode(), nil
}

// mergeRows puts the breakdowns of so many days from the first on together. errPart.
func mergeRows(rows []repo.RollupBreakdown, first time.Time, days int64) (*breakdown, error) {
	decoded, err := decodeAll(rows, decodeBreakdown)
	if err != nil {
		return nil, err
	}
	parts := make([]datedBreakdown, len(rows))
	for i := range rows {
		parts[i] = datedBreakdown{decoded[i], int64(rows[i].Day.Sub(first) / day)}
	}
	return mergeBreakdowns(parts, days)
}

func decodeAll[T any](rows []repo.RollupBreakdown, decode func(data []byte) (T, error)) ([]T, error) {
	parts := make([]T, len(rows))
	for i := range rows {
		var err error
		if parts[i], err = decode(rows[i].Data); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// countMarked counts the marked parts of a day, and those that are not stored; the others it takes as they are.
func (c *counting) countMarked(ctx context.Context, tx *repo.RollupTx, s span, marks []repo.RollupMark) ([]*part, error) {
	parts := make([]*part, s.parts())
	stored, err := tx.Parts(ctx, s.day)
	if err != nil {
		return nil, err
	}
	marked, bases := make([]bool, len(parts)), make([]string, len(parts))
	for _, mark := range marks {
		for i := s.part(mark.Since); i <= s.part(mark.Until.Add(-1)); i++ {
			marked[i] = true
			if !mark.Adds {
				bases[i] = uuid.NewString()
			}
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
		counted, err := c.count(ctx, tx, s.window(first, last), last-first, s.until)
		if err != nil {
			return nil, err
		}
		for i := range counted {
			p := counted[i].part
			parts[first+i] = p
			c.replaced = append(c.replaced, int16(first+i))
			c.keep(first+i, &counted[i])
			if p.isEmpty() && bases[first+i] == "" && s.window(first+i, last).Since.After(tx.Now) {
				continue // it has yet to come
			}
			changed = append(changed, repo.RollupPart{Day: s.day, Part: int16(first + i), Data: p.encode(), Basis: bases[first+i]})
		}
	}
	c.counted = len(changed)
	if len(changed) == 0 {
		return parts, nil
	}
	return parts, tx.SaveParts(ctx, changed)
}

// count counts the steps of a window of the day.
func (c *counting) count(ctx context.Context, tx *repo.RollupTx, w repo.RollupWindow, steps int, dayUntil time.Time) ([]countedStep, error) {
	n := newCounter(w, steps, dayUntil)
	if err := n.read(ctx, tx, c.day); err != nil {
		return nil, err
	}
	return n.finish(tx.TimeZone), nil
}

// read reads all that there is to count of the counter's window, which lies in a day.
func (c *counter) read(ctx context.Context, tx *repo.RollupTx, day time.Time) error {
	if err := tx.StartedSessions(ctx, c.window, c.addSession); err != nil {
		return fmt.Errorf("read the sessions: %w", err)
	}
	if err := tx.Events(ctx, c.window, c.addEvent); err != nil {
		return fmt.Errorf("read the events: %w", err)
	}
	if err := tx.SessionsOf(ctx, c.unknown(), c.addSession); err != nil {
		return fmt.Errorf("read the sessions from before: %w", err)
	}
	c.sort()
	if err := tx.LaterPages(ctx, c.window, day, c.lasting(), c.addLater); err != nil {
		return fmt.Errorf("read what sessions saw later: %w", err)
	}
	return nil
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
	if err := tx.Save(ctx, row); err != nil {
		return err
	}
	if err := tx.DropBreakdowns(ctx, c.day, c.replaced...); err != nil {
		return err
	}
	return tx.SaveBreakdowns(ctx, c.breakdowns)
}
