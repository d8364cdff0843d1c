package repo

import (
	"context"
	"database/sql"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// VisitorRef names a visitor by id or by key.
type VisitorRef struct {
	ID  int64
	Key string
}

func (p *Project) whereVisitor(ref VisitorRef) func(q *bun.SelectQuery) *bun.SelectQuery {
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		if ref.ID != 0 {
			return q.Where("project_id = ? AND id = ?", p.ID, ref.ID)
		}
		return q.Where("project_id = ? AND visitor_key = ?", p.ID, ref.Key)
	}
}

// ExportVisitor gives every row that is stored of a visitor, as JSON objects: that of visitors, then those of
// tracking_sessions, then those of events, by time. All are of one moment. ErrNotFound.
func (p *Project) ExportVisitor(ctx context.Context, ref VisitorRef, give func(table string, row []byte) error) error {
	options := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	err := p.store.db.RunInTx(ctx, options, func(ctx context.Context, tx bun.Tx) error {
		visitor := new(Visitor)
		if err := tx.NewSelect().Model(visitor).Apply(p.whereVisitor(ref)).Scan(ctx); err != nil {
			return err
		}
		for _, part := range []struct{ table, query string }{
			{"visitors", "SELECT to_json(t) FROM visitors AS t WHERE project_id = ? AND id = ?"},
			{"tracking_sessions", "SELECT to_jsonb(t) - 'fold' FROM tracking_sessions AS t WHERE project_id = ? AND visitor_id = ? ORDER BY started_at, id"},
			{"events", "SELECT to_json(t) FROM events AS t WHERE project_id = ? AND visitor_id = ? ORDER BY created_at, id"},
		} {
			if err := giveRows(ctx, tx, part.query, []any{p.ID, visitor.ID}, func(row []byte) error { return give(part.table, row) }); err != nil {
				return err
			}
		}
		return nil
	})
	return classify("export the visitor", err)
}

func giveRows(ctx context.Context, tx bun.Tx, query string, args []any, give func(row []byte) error) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	for rows.Next() {
		var row []byte
		if err := rows.Scan(&row); err != nil {
			return err
		}
		if err := give(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// VisitorErasure is the receipt of a visitor erased: a row of visitor_erasures. It does not say who it was.
type VisitorErasure struct {
	bun.BaseModel `bun:"table:visitor_erasures"`

	ID        int64 `bun:",pk,autoincrement"`
	ProjectID int64 `bun:",pk"`
	ErasedAt  time.Time
	// DeletedRows says how many rows went, by table.
	DeletedRows map[string]int64 `bun:"type:jsonb"`
}

// EraseVisitor deletes everything that is stored of a visitor, and the figures of the days on which he came, which are
// computed anew. Ids of his events stay for as long as they keep a repetition from being stored. ErrNotFound.
func (p *Project) EraseVisitor(ctx context.Context, ref VisitorRef, now time.Time) (*VisitorErasure, error) {
	erasure := &VisitorErasure{ProjectID: p.ID, ErasedAt: now, DeletedRows: map[string]int64{}}
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		visitor := new(Visitor)
		if err := tx.NewSelect().Model(visitor).Apply(p.whereVisitor(ref)).For("UPDATE").Scan(ctx); err != nil {
			return err
		}
		days, err := p.markVisitor(ctx, tx, visitor.ID)
		if err != nil {
			return err
		}
		for _, step := range []struct {
			table, query string
			args         []any
		}{
			// Parts before rollups, and both in the order of their days, as whoever counts days does.
			{
				"rollup_parts", `DELETE FROM rollup_parts WHERE project_id = ? AND (day, part) IN (
				SELECT day, part FROM rollup_parts WHERE project_id = ? AND day IN (?) ORDER BY day, part FOR UPDATE)`,
				[]any{p.ID, p.ID, bun.List(days)},
			},
			{
				"daily_rollups", `DELETE FROM daily_rollups WHERE project_id = ? AND day IN (
				SELECT day FROM daily_rollups WHERE project_id = ? AND day IN (?) ORDER BY day FOR UPDATE)`,
				[]any{p.ID, p.ID, bun.List(days)},
			},
			{
				"rollup_months", `DELETE FROM rollup_months WHERE project_id = ? AND month IN (SELECT date_trunc('month', d::date)::date FROM unnest(?::text[]) AS d)`,
				[]any{p.ID, pgdialect.Array(days)},
			},
			{"refused_events", "DELETE FROM refused_events WHERE project_id = ? AND visitor_key = ?", []any{p.ID, visitor.VisitorKey}},
			{"events", "DELETE FROM events WHERE project_id = ? AND visitor_id = ?", []any{p.ID, visitor.ID}},
			{"tracking_sessions", "DELETE FROM tracking_sessions WHERE project_id = ? AND visitor_id = ?", []any{p.ID, visitor.ID}},
			{"visitors", "DELETE FROM visitors WHERE project_id = ? AND id = ?", []any{p.ID, visitor.ID}},
			// He may be in any of them; what is being built goes as well.
			{"exports", "DELETE FROM exports WHERE project_id = ?", []any{p.ID}},
		} {
			result, err := tx.ExecContext(ctx, step.query, step.args...)
			if err != nil {
				return err
			}
			if erasure.DeletedRows[step.table], err = result.RowsAffected(); err != nil {
				return err
			}
		}
		if erasure.DeletedRows["cache"], err = p.clearCache(ctx, tx); err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(erasure).Exec(ctx)
		return err
	})
	return erasure, classify("erase the visitor", err)
}
