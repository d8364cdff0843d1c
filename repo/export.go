package repo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/microtracker/microtracker/repo/report"
)

const (
	// MaxExports is how many exports a project may keep at once.
	MaxExports = 10
	// ExportLife is for how long an export is kept.
	ExportLife = 7 * 24 * time.Hour
	// MaxExportBytes bounds the file of an export.
	MaxExportBytes = 256 << 20
)

var (
	// ErrTooManyExports: the project keeps MaxExports.
	ErrTooManyExports = fmt.Errorf("there are %d exports already", MaxExports)
	// ErrExportTooLarge: the file would have more than MaxExportBytes.
	ErrExportTooLarge = errors.New("the export is too large")
)

// Export is a CSV file of events: a row of exports.
type Export struct {
	bun.BaseModel `bun:"table:exports"`

	ID        int64 `bun:",pk,autoincrement"`
	ProjectID int64 `bun:",pk"`
	// BatchID is the batch whose jobs build it.
	BatchID string
	Columns []string `bun:",array"`
	// Question says which events to keep.
	Question ExportQuestion `bun:"type:jsonb"`
	// Since and Until bound the events' times, half-open; zero: nothing does.
	Since time.Time `bun:",nullzero"`
	Until time.Time `bun:",nullzero"`
	// SettledID is the last event's that may be in it (Store.SettledEvents).
	SettledID int64
	RowCount  int64
	ByteCount int64
	// Error is why it could not be built, for its owner to read.
	Error     string `bun:",nullzero"`
	CreatedAt time.Time
	ExpiresAt time.Time

	// Batch is the batch; nil when it is gone. Only what reads exports sets it.
	Batch *JobBatch `bun:"-"`
}

// ExportState is how far an export is.
type ExportState int

// An export is building until its batch has ended.
const (
	ExportBuilding ExportState = iota
	ExportReady
	ExportFailed
	ExportCancelled
)

// State is how far the export is, of an export that was read with its batch.
func (e *Export) State() ExportState {
	switch {
	case e.Error != "" || e.Batch == nil:
		return ExportFailed
	case e.Batch.State() == BatchRunning:
		return ExportBuilding
	case e.Batch.State() == BatchDone:
		return ExportReady
	case e.Batch.State() == BatchCancelled:
		return ExportCancelled
	default:
		return ExportFailed
	}
}

// ExportQuestion says which events an export keeps, whatever their time.
type ExportQuestion struct {
	Filter *report.Filter `json:"filter,omitempty"`
	Bots   report.Bots    `json:"bots"`
	// Identities says that what recognises visitors elsewhere is in the file: it was made by somebody who may read that.
	Identities bool `json:"identities,omitempty"`
	// ByteOrderMark is what the file begins with, where it does.
	ByteOrderMark bool `json:"byte_order_mark,omitempty"`
}

// Selection is which events the export reads.
func (e *Export) Selection() EventExport {
	q := report.Query{Since: e.Since, Until: e.Until, Filter: e.Question.Filter, Bots: e.Question.Bots}
	if q.Since.IsZero() {
		q.Since = time.Unix(0, 0)
	}
	if q.Until.IsZero() {
		q.Until = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	}
	return EventExport{Query: q, SettledID: e.SettledID}
}

// CreateExport stores an export with the batch that builds it: batchOf makes it of the export, which has its ID then. ErrTooManyExports.
func (p *Project) CreateExport(ctx context.Context, export *Export, batchOf func(export *Export) (NewBatch, error)) error {
	export.ProjectID = p.ID
	err := p.store.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		// One at a time, so that two at once do not both find room.
		if err := tx.tx.NewRaw("SELECT id FROM projects WHERE id = ? FOR NO KEY UPDATE", p.ID).Scan(ctx, new(int64)); err != nil {
			return err
		}
		var count int
		err := tx.tx.NewRaw("SELECT count(*) FROM exports WHERE project_id = ? AND expires_at > to_timestamp(epoch_now())", p.ID).Scan(ctx, &count)
		if err != nil {
			return err
		}
		if count >= MaxExports {
			return ErrTooManyExports
		}
		err = tx.tx.NewInsert().Model(export).Value("created_at", "to_timestamp(epoch_now())").
			Value("expires_at", "to_timestamp(epoch_now() + ?)", int64(ExportLife.Seconds())).Returning("*").Scan(ctx)
		if err != nil {
			return err
		}
		batch, err := batchOf(export)
		if err != nil {
			return err
		}
		if export.Batch, err = tx.CreateBatch(ctx, batch); err != nil {
			return err
		}
		export.BatchID = export.Batch.ID
		_, err = tx.tx.NewUpdate().Model(export).Column("batch_id").WherePK().Exec(ctx)
		return err
	})
	return classify("create the export", err)
}

// Export returns an export of the project that has not expired, with its batch. ErrNotFound, also when it is another project's.
func (p *Project) Export(ctx context.Context, id int64) (*Export, error) {
	exports, err := p.exports(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("id = ?", id).Limit(1) })
	if err == nil && len(exports) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, classify("read the export", err)
	}
	return &exports[0], nil
}

// Exports lists the project's exports that have not expired, newest first, with their batches: page.After is the id of the last
// one seen.
func (p *Project) Exports(ctx context.Context, page Page[int64]) ([]Export, error) {
	exports, err := p.exports(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		if page.After != 0 {
			q = q.Where("id < ?", page.After)
		}
		return q.Order("id DESC").Limit(int64(page.Limit))
	})
	return exports, classify("list the exports", err)
}

// exports reads exports and their batches at one moment: the counts of one that is done are whole.
func (p *Project) exports(ctx context.Context, which func(q *bun.SelectQuery) *bun.SelectQuery) ([]Export, error) {
	var exports []Export
	var batches []JobBatch
	err := p.store.inLookups(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := tx.NewSelect().Model(&exports).Where("project_id = ? AND expires_at > to_timestamp(epoch_now())", p.ID).Apply(which).Scan(ctx)
		if err != nil || len(exports) == 0 {
			return err
		}
		ids := make([]string, len(exports))
		for i := range exports {
			ids[i] = exports[i].BatchID
		}
		return tx.NewSelect().Model(&batches).Where("project_id = ? AND id IN (?)", p.ID, bun.List(ids)).Scan(ctx)
	})
	byID := make(map[string]*JobBatch, len(batches))
	for i := range batches {
		byID[batches[i].ID] = &batches[i]
	}
	for i := range exports {
		exports[i].Batch = byID[exports[i].BatchID]
	}
	return exports, err
}

// DeleteExport deletes an export of the project, and ends what builds it. ErrNotFound.
func (p *Project) DeleteExport(ctx context.Context, id int64) error {
	export, err := p.Export(ctx, id)
	if err != nil {
		return err
	}
	if _, err := p.store.CancelBatch(ctx, JobFilter{ProjectID: p.ID}, export.BatchID); err != nil && !isNotFound(err) {
		return err
	}
	result, err := p.store.db.NewDelete().Model((*Export)(nil)).Where("project_id = ? AND id = ?", p.ID, id).Exec(ctx)
	return classify("delete the export", expectOne(result, err))
}

// DeleteExpiredExports deletes exports that have been kept for long enough by the database's clock, a few at once, and returns
// how many.
func (s *Store) DeleteExpiredExports(ctx context.Context) (int64, error) {
	deleted, err := affected(s.db.NewRaw(`DELETE FROM exports WHERE (project_id, id) IN (
		SELECT project_id, id FROM exports WHERE expires_at <= to_timestamp(epoch_now()) ORDER BY expires_at LIMIT 5 FOR UPDATE SKIP LOCKED)`).Exec(ctx))
	return deleted, classify("delete expired exports", err)
}

// ExportSpan returns when the first and the last event happened that an export may have, both zero when there is none.
func (p *Project) ExportSpan(ctx context.Context, export EventExport) (first, last time.Time, err error) {
	var firstAt, lastAt bun.NullTime
	err = p.store.db.NewRaw(`SELECT
			(SELECT created_at FROM events WHERE project_id = ? AND created_at >= ? AND created_at < ? ORDER BY created_at LIMIT 1),
			(SELECT created_at FROM events WHERE project_id = ? AND created_at >= ? AND created_at < ? ORDER BY created_at DESC LIMIT 1)`,
		p.ID, export.Query.Since, export.Query.Until, p.ID, export.Query.Since, export.Query.Until).Scan(ctx, &firstAt, &lastAt)
	return firstAt.Time, lastAt.Time, classify("look when the events happened", err)
}

// ExportChunk is a piece of an export: a row of export_chunks.
type ExportChunk struct {
	bun.BaseModel `bun:"table:export_chunks"`

	ProjectID int64 `bun:",pk"`
	ExportID  int64 `bun:",pk"`
	Part      int   `bun:",pk"`
	Number    int   `bun:",pk"`
	Data      []byte
	// LastAt and LastID are the place of the last event in it.
	LastAt time.Time
	LastID int64
	// Rows is how many lines it has.
	Rows int64 `bun:"-"`
}

// LastExportChunk returns the last chunk of a part, without its data; nil before the first.
func (p *Project) LastExportChunk(ctx context.Context, exportID int64, part int) (*ExportChunk, error) {
	chunk := new(ExportChunk)
	err := p.store.db.NewSelect().Model(chunk).ExcludeColumn("data").
		Where("project_id = ? AND export_id = ? AND part = ?", p.ID, exportID, part).Order("number DESC").Limit(1).Scan(ctx)
	if err = classify("look how far the export is", err); isNotFound(err) {
		return nil, nil //nolint:nilnil // it has not begun
	}
	return chunk, err
}

// AddExportChunks adds chunks of the project to an export. ErrExportTooLarge when the file would have too many bytes; ErrNotFound
// when the export is gone or has failed; ErrConflict when another worker has added one of them.
func (p *Project) AddExportChunks(ctx context.Context, exportID int64, chunks []ExportChunk) error {
	var rows, bytes int64
	for i := range chunks {
		chunks[i].ProjectID, chunks[i].ExportID = p.ID, exportID
		rows, bytes = rows+chunks[i].Rows, bytes+int64(len(chunks[i].Data))
	}
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var total int64
		err := tx.NewRaw(`UPDATE exports SET row_count = row_count + ?, byte_count = byte_count + ?
			WHERE project_id = ? AND id = ? AND error IS NULL RETURNING byte_count`, rows, bytes, p.ID, exportID).Scan(ctx, &total)
		if err != nil {
			return err
		}
		if total > MaxExportBytes {
			return ErrExportTooLarge
		}
		_, err = tx.NewInsert().Model(&chunks).Exec(ctx)
		return err
	})
	return classify("add to the export", err)
}

// FailExport says why an export cannot be built, for its owner to read, and drops what there is of it.
func (p *Project) FailExport(ctx context.Context, exportID int64, why string) error {
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("UPDATE exports SET error = ?, row_count = 0, byte_count = 0 WHERE project_id = ? AND id = ?", why, p.ID, exportID).Exec(ctx)
		if err != nil {
			return err
		}
		_, err = tx.NewRaw("DELETE FROM export_chunks WHERE project_id = ? AND export_id = ?", p.ID, exportID).Exec(ctx)
		return err
	})
	return classify("fail the export", err)
}

// ReadExport gives the file of an export without its first offset bytes, piece by piece: each is read by itself, so that a slow
// reader holds nothing. ErrNotFound when the export has been deleted meanwhile.
func (p *Project) ReadExport(ctx context.Context, exportID, offset int64, give func(data []byte) error) error {
	var pieces []struct {
		Part, Number int
		Size         int64
	}
	err := p.store.db.NewRaw(`SELECT part, number, length(data) AS size FROM export_chunks
		WHERE project_id = ? AND export_id = ? ORDER BY part, number`, p.ID, exportID).Scan(ctx, &pieces)
	if err != nil {
		return classify("read the export", err)
	}
	for _, piece := range pieces {
		if offset >= piece.Size {
			offset -= piece.Size
			continue
		}
		var data []byte
		err := p.store.db.NewRaw("SELECT data FROM export_chunks WHERE project_id = ? AND export_id = ? AND part = ? AND number = ?",
			p.ID, exportID, piece.Part, piece.Number).Scan(ctx, &data)
		if err != nil {
			return classify("read the export", err)
		}
		if err := give(data[offset:]); err != nil {
			return err
		}
		offset = 0
	}
	return nil
}
