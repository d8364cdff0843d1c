package repo

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// RefusedEvent is an event that was not stored, and why: a row of refused_events.
type RefusedEvent struct {
	bun.BaseModel `bun:"table:refused_events"`

	ID         int64 `bun:",pk,autoincrement"`
	ProjectID  int64 `bun:",pk"`
	ReceivedAt time.Time
	EventID    uuid.NullUUID `bun:"type:uuid"`
	// Status is the receipt's, in lower case: invalid, too_old, project_inactive, hostname_not_allowed.
	Status string
	// Field is the path of what is wrong.
	Field  string
	Reason string
	// Payload is what was sent, as JSON, maybe cut short. A stranger wrote it.
	Payload string
	// VisitorKey is whose it would have been, where the sender says so.
	VisitorKey string `bun:",nullzero"`
}

// MaxRefusedEvents is how many refused events are kept of one project.
const MaxRefusedEvents = 1000

// RefuseEvents keeps these events of any projects for those who sent them to see, and of each project the newest only.
func (s *Store) RefuseEvents(ctx context.Context, refused []RefusedEvent) error {
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		projects := make([]int64, 0, len(refused))
		for i := range refused {
			projects = append(projects, refused[i].ProjectID)
		}
		var gone []RefusedEvent // a project may have been deleted meanwhile
		err := tx.NewSelect().TableExpr("projects").ColumnExpr("id AS project_id").Where("id IN (?)", bun.List(projects)).
			For("KEY SHARE").OrderExpr("id").Scan(ctx, &gone)
		if err != nil {
			return err
		}
		there := make(map[int64]bool, len(gone))
		for _, row := range gone {
			there[row.ProjectID] = true
		}
		kept := refused[:0:0]
		for _, row := range refused {
			if there[row.ProjectID] {
				kept = append(kept, row)
			}
		}
		if len(kept) == 0 {
			return nil
		}
		if _, err := tx.NewInsert().Model(&kept).Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewRaw(`
			DELETE FROM refused_events AS r USING (
				SELECT p.id AS project_id, (SELECT n.id FROM refused_events AS n WHERE n.project_id = p.id
					ORDER BY n.id DESC OFFSET ? LIMIT 1) AS newest
				FROM projects AS p WHERE p.id IN (?)) AS bound
			WHERE r.project_id = bound.project_id AND r.id <= bound.newest`, MaxRefusedEvents, bun.List(projects)).Exec(ctx)
		return err
	})
	return classify("keep refused events", err)
}

// RefusedEvents lists what was refused, newest first: page.After is the id of the last one seen.
func (p *Project) RefusedEvents(ctx context.Context, page Page[int64]) ([]RefusedEvent, error) {
	var refused []RefusedEvent
	query := p.store.db.NewSelect().Model(&refused).Where("project_id = ?", p.ID)
	if page.After != 0 {
		query = query.Where("id < ?", page.After)
	}
	err := query.Order("id DESC").Limit(int64(page.Limit)).Scan(ctx)
	return refused, classify("list the refused events", err)
}

// DeleteOldRefusedEvents deletes what was refused before then, a bounded number, and returns how many.
func (s *Store) DeleteOldRefusedEvents(ctx context.Context, before time.Time) (int64, error) {
	result, err := s.db.NewRaw(`DELETE FROM refused_events WHERE (project_id, id) IN
		(SELECT project_id, id FROM refused_events WHERE received_at < ? LIMIT ?)`, before, housekeepingLimit).Exec(ctx)
	if err != nil {
		return 0, classify("delete refused events", err)
	}
	n, err := result.RowsAffected()
	return n, classify("delete refused events", err)
}
