package repo

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

const (
	// MaxSpendFile bounds a file of what ads cost, in bytes.
	MaxSpendFile = 256 << 20
	// MaxOpenSpendImports is how many imports of a project may be under way at once.
	MaxOpenSpendImports = 5
	// OpenSpendLife is for how long an import that nobody goes on with is kept.
	OpenSpendLife = 7 * 24 * time.Hour
	// UndoLife is for how long an import can be undone.
	UndoLife = 90 * 24 * time.Hour
)

var (
	// ErrTooManySpendImports: MaxOpenSpendImports are under way.
	ErrTooManySpendImports = fmt.Errorf("%d imports are under way already", MaxOpenSpendImports)
	// ErrSpendState: the import is in a state in which that cannot be done.
	ErrSpendState = errors.New("the import is in another state")
	// ErrSpendOffset: the piece does not begin where the last one ended.
	ErrSpendOffset = errors.New("the piece does not follow the last one")
	// ErrSpendTooLarge: the file would have more than MaxSpendFile.
	ErrSpendTooLarge = errors.New("the file is too large")
)

// OverlapError says which later imports have told of the same ads and days. It is why an import cannot be undone.
type OverlapError struct {
	// Imports are the latest of them, at most ten.
	Imports []int64
}

func (e *OverlapError) Error() string {
	return fmt.Sprintf("later imports have the same ads and days: %v", e.Imports)
}

// SpendState is how far an import has come.
type SpendState string

// The states. While work is done on an import it is checking, importing or undoing.
const (
	SpendUploading SpendState = "uploading"
	SpendUploaded  SpendState = "uploaded"
	SpendChecking  SpendState = "checking"
	SpendChecked   SpendState = "checked"
	SpendImporting SpendState = "importing"
	SpendImported  SpendState = "imported"
	SpendUndoing   SpendState = "undoing"
	SpendUndone    SpendState = "undone"
)

// Before is the state that an import goes back to when the work on it ends early; its own where no work is done.
func (s SpendState) Before() SpendState {
	switch s {
	case SpendChecking:
		return SpendUploaded
	case SpendImporting:
		return SpendChecked
	case SpendUndoing:
		return SpendImported
	case SpendUploading, SpendUploaded, SpendChecked, SpendImported, SpendUndone:
	}
	return s
}

// SpendImport is a file of what ads cost: a row of spend_imports.
type SpendImport struct {
	bun.BaseModel `bun:"table:spend_imports"`

	ID        int64 `bun:",pk,autoincrement"`
	ProjectID int64 `bun:",pk"`
	FileName  string
	State     SpendState
	BatchID   string `bun:",nullzero"`
	// Layout says how the file is read, Preview what its beginning looks like: both are whoever's who reads files.
	Layout          json.RawMessage `bun:"type:jsonb,nullzero"`
	Preview         json.RawMessage `bun:"type:jsonb,nullzero"`
	ContentHash     string          `bun:",nullzero"`
	ByteCount       int64
	DoneBytes       int64
	DoneRows        int64
	NewRows         int64
	ChangedRows     int64
	SameRows        int64
	RefusedRows     int64
	LeftOutRows     int64
	CheckedRevision int64
	Revision        int64     `bun:",nullzero"`
	Error           string    `bun:",nullzero"`
	CreatedAt       time.Time `bun:",nullzero"`
	ImportedAt      time.Time `bun:",nullzero"`
	UndoneAt        time.Time `bun:",nullzero"`
	ExpiresAt       time.Time
}

// Rows is how many rows the file has, the refused and those left out too.
func (i *SpendImport) Rows() int64 {
	return i.NewRows + i.ChangedRows + i.SameRows + i.RefusedRows + i.LeftOutRows
}

func (i *SpendImport) setCounts(counts []int64) {
	i.NewRows, i.ChangedRows, i.SameRows = counts[SpendNew], counts[SpendChanged], counts[SpendSame]
	i.RefusedRows, i.LeftOutRows = counts[SpendRefused], counts[SpendLeftOut]
}

// openStates are those of an import that is under way.
func openStates() []SpendState {
	return []SpendState{SpendUploading, SpendUploaded, SpendChecking, SpendChecked, SpendImporting}
}

// CreateSpendImport begins an import. ErrTooManySpendImports.
func (p *Project) CreateSpendImport(ctx context.Context, fileName string, now time.Time) (*SpendImport, error) {
	made := &SpendImport{ProjectID: p.ID, FileName: fileName, State: SpendUploading, CreatedAt: now, ExpiresAt: now.Add(OpenSpendLife)}
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		// One at a time, so that two at once do not both find room.
		if err := tx.NewRaw("SELECT id FROM projects WHERE id = ? FOR NO KEY UPDATE", p.ID).Scan(ctx, new(int64)); err != nil {
			return err
		}
		open, err := tx.NewSelect().Model((*SpendImport)(nil)).
			Where("project_id = ? AND state IN (?) AND expires_at > ?", p.ID, bun.List(openStates()), now).Count(ctx)
		if err != nil {
			return err
		}
		if open >= MaxOpenSpendImports {
			return ErrTooManySpendImports
		}
		_, err = tx.NewInsert().Model(made).Exec(ctx)
		return err
	})
	return made, classify("begin an import of spend", err)
}

// SpendImport returns an import. ErrNotFound.
func (p *Project) SpendImport(ctx context.Context, id int64) (*SpendImport, error) {
	found := new(SpendImport)
	err := p.store.db.NewSelect().Model(found).Where("project_id = ? AND id = ?", p.ID, id).Scan(ctx)
	return found, classify("read the import of spend", err)
}

// SpendImports lists the project's imports, newest first: page.After is the id of the last one seen.
func (p *Project) SpendImports(ctx context.Context, page Page[int64]) ([]SpendImport, error) {
	var imports []SpendImport
	query := p.store.db.NewSelect().Model(&imports).Where("project_id = ?", p.ID).Order("id DESC").Limit(int64(page.Limit))
	if page.After != 0 {
		query = query.Where("id < ?", page.After)
	}
	return imports, classify("list the imports of spend", query.Scan(ctx))
}

// SameSpendFile returns the id of the latest import of a file with the same content that is in force, 0 if there is none.
func (p *Project) SameSpendFile(ctx context.Context, i *SpendImport) (int64, error) {
	if i.ContentHash == "" {
		return 0, nil
	}
	var id int64
	err := p.store.db.NewRaw("SELECT coalesce(max(id), 0) FROM spend_imports WHERE project_id = ? AND id <> ? AND content_hash = ? AND state = ?",
		p.ID, i.ID, i.ContentHash, SpendImported).Scan(ctx, &id)
	return id, classify("look for the same file", err)
}

// AppendSpendChunk adds a piece of the file at its place and returns how long the file is then. A piece that is there already is
// left as it is. ErrSpendOffset, ErrSpendState, ErrSpendTooLarge, ErrNotFound.
func (p *Project) AppendSpendChunk(ctx context.Context, id, position int64, data []byte) (length int64, err error) {
	err = p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		found := new(SpendImport)
		if err := tx.NewSelect().Model(found).Where("project_id = ? AND id = ?", p.ID, id).For("UPDATE").Scan(ctx); err != nil {
			return err
		}
		length = found.ByteCount
		switch end := position + int64(len(data)); {
		case found.State != SpendUploading:
			return ErrSpendState
		case end <= length:
			return nil
		case position != length:
			return ErrSpendOffset
		case end > MaxSpendFile:
			return ErrSpendTooLarge
		default:
			length = end
		}
		if _, err := tx.NewRaw("INSERT INTO spend_import_chunks (project_id, import_id, position, data) VALUES (?, ?, ?, ?)", p.ID, id, position, data).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewRaw("UPDATE spend_imports SET byte_count = ? WHERE project_id = ? AND id = ?", length, p.ID, id).Exec(ctx)
		return err
	})
	return length, classify("store a piece of the file", err)
}

// SpendFile reads the file, piece by piece. What Read returns besides io.EOF is classified.
func (p *Project) SpendFile(ctx context.Context, id int64) io.Reader {
	return &spendFile{read: func(after int64) (position int64, data []byte, err error) {
		err = p.store.db.NewRaw(`SELECT position, data FROM spend_import_chunks WHERE project_id = ? AND import_id = ? AND position > ?
			ORDER BY position LIMIT 1`, p.ID, id, after).Scan(ctx, &position, &data)
		return position, data, err
	}, last: -1}
}

type spendFile struct {
	read func(after int64) (int64, []byte, error)
	last int64
	left []byte
}

func (f *spendFile) Read(b []byte) (int, error) {
	for len(f.left) == 0 {
		position, data, err := f.read(f.last)
		if errors.Is(err, sql.ErrNoRows) {
			return 0, io.EOF
		}
		if err != nil {
			return 0, classify("read the file", err)
		}
		f.last, f.left = position, data
	}
	n := copy(b, f.left)
	f.left = f.left[n:]
	return n, nil
}

// SpendWork is work on an import that begins.
type SpendWork struct {
	// From are the states in which it may begin, To the one while it is done.
	From []SpendState
	To   SpendState
	// Layout and Preview replace those of before where they are given.
	Layout, Preview json.RawMessage
	// Batch are the jobs that do it; none: the state is all that changes.
	Batch *NewBatch
}

// BeginSpendWork puts an import into another state and enqueues the jobs that work on it. ErrSpendState, ErrNotFound.
func (p *Project) BeginSpendWork(ctx context.Context, id int64, work SpendWork) (*SpendImport, error) {
	found := new(SpendImport)
	err := p.store.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.tx.NewSelect().Model(found).Where("project_id = ? AND id = ?", p.ID, id).For("UPDATE").Scan(ctx); err != nil {
			return err
		}
		if !slices.Contains(work.From, found.State) {
			return ErrSpendState
		}
		found.State, found.Error, found.DoneBytes, found.DoneRows = work.To, "", 0, 0
		if work.Layout != nil {
			found.Layout, found.Preview, found.ContentHash = work.Layout, work.Preview, ""
			found.setCounts(make([]int64, spendOutcomes))
		}
		if work.Batch != nil {
			batch, err := tx.CreateBatch(ctx, *work.Batch)
			if err != nil {
				return err
			}
			found.BatchID = batch.ID
		}
		_, err := tx.tx.NewUpdate().Model(found).WherePK().Exec(ctx)
		return err
	})
	return found, classify("begin to work on the import", err)
}

// StopSpendWork puts an import back into the state before the work on it, with why: the work that a batch does, or any if batch is
// empty. Nothing happens where no such work is done.
func (p *Project) StopSpendWork(ctx context.Context, id int64, batch, why string) error {
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		found := new(SpendImport)
		if err := tx.NewSelect().Model(found).Where("project_id = ? AND id = ?", p.ID, id).For("UPDATE").Scan(ctx); err != nil {
			return err
		}
		before := found.State.Before()
		if before == found.State || batch != "" && batch != found.BatchID {
			return nil
		}
		_, err := tx.NewUpdate().Model(found).Set("state = ?", before).Set("error = nullif(?, '')", why).WherePK().Exec(ctx)
		return err
	})
	return classify("stop the work on the import", err)
}

// DeleteSpendImport forgets an import on which no work is done and that brought nothing. ErrSpendState, ErrNotFound.
func (p *Project) DeleteSpendImport(ctx context.Context, id int64) error {
	result, err := p.store.db.NewDelete().Model((*SpendImport)(nil)).Where("project_id = ? AND id = ? AND state IN (?)", p.ID, id,
		bun.List([]SpendState{SpendUploading, SpendUploaded, SpendChecked})).Exec(ctx)
	if err = expectOne(result, err); errors.Is(err, ErrNotFound) {
		if _, missing := p.SpendImport(ctx, id); missing == nil {
			err = ErrSpendState
		}
	}
	return classify("forget the import", err)
}

// SpendRows lists the rows of an import by their lines: page.After is the line of the last one seen. outcome nil: whatever they bring.
func (p *Project) SpendRows(ctx context.Context, id int64, outcome *SpendOutcome, page Page[int]) ([]SpendRow, error) {
	var rows []SpendRow
	for after := page.After; len(rows) < page.Limit; {
		query := p.store.db.NewSelect().Model((*spendBlock)(nil)).Where("project_id = ? AND import_id = ? AND last_line > ?", p.ID, id, after).
			Order("first_line").Limit(1)
		if outcome != nil {
			query = query.Where("counts[?] > 0", int(*outcome)+1)
		}
		block := new(spendBlock)
		err := query.Scan(ctx, block)
		if errors.Is(err, sql.ErrNoRows) {
			return rows, nil
		}
		if err != nil {
			return nil, classify("list the rows of the import", err)
		}
		for _, row := range block.rows() {
			if row.Line > after && (outcome == nil || row.Outcome == *outcome) && len(rows) < page.Limit {
				rows = append(rows, row)
			}
		}
		after = block.LastLine
	}
	return rows, nil
}

// spendRevision counts the project's imports and undoings so far.
func (p *Project) spendRevision(ctx context.Context, db bun.IDB) (revision int64, err error) {
	err = db.NewRaw("SELECT coalesce(max(greatest(revision, checked_revision)), 0) FROM spend_imports WHERE project_id = ?", p.ID).Scan(ctx, &revision)
	return revision, err
}

// BeginSpendCheck forgets what was found in the file before, and notes what the rows are compared with.
func (p *Project) BeginSpendCheck(ctx context.Context, i *SpendImport) error {
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) (err error) {
		if _, err = tx.NewRaw("DELETE FROM spend_import_blocks WHERE project_id = ? AND import_id = ?", p.ID, i.ID).Exec(ctx); err != nil {
			return err
		}
		i.CheckedRevision, err = p.spendRevision(ctx, tx)
		return err
	})
	return classify("begin to check the file", err)
}

// SaveSpendRows compares rows of a file with what is there and keeps them: at most SpendBlockRows. They count in i.
func (p *Project) SaveSpendRows(ctx context.Context, i *SpendImport, rows []SpendRow) error {
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		return p.saveSpendRows(ctx, tx, i, rows)
	})
	return classify("keep rows of the file", err)
}

func (p *Project) saveSpendRows(ctx context.Context, tx bun.Tx, i *SpendImport, rows []SpendRow) error {
	if err := p.compareSpend(ctx, tx, rows); err != nil {
		return err
	}
	block := newSpendBlock(rows)
	block.ProjectID, block.ImportID = p.ID, i.ID
	if _, err := tx.NewInsert().Model(block).Exec(ctx); err != nil {
		return err
	}
	counts := []int64{i.NewRows, i.ChangedRows, i.SameRows, i.RefusedRows, i.LeftOutRows}
	for outcome, n := range block.Counts {
		counts[outcome] += n
	}
	i.setCounts(counts)
	return nil
}

// NoteSpendWork says how far the work of a batch is. ErrSpendState when it is to end.
func (p *Project) NoteSpendWork(ctx context.Context, i *SpendImport, doneBytes, doneRows int64) error {
	result, err := p.store.db.NewUpdate().Model((*SpendImport)(nil)).Set("done_bytes = ?", doneBytes).Set("done_rows = ?", doneRows).
		Where("project_id = ? AND id = ? AND state = ? AND batch_id = ?", p.ID, i.ID, i.State, i.BatchID).Exec(ctx)
	if err = expectOne(result, err); errors.Is(err, ErrNotFound) {
		err = ErrSpendState
	}
	return classify("note how far the work on the import is", err)
}

// EndSpendCheck notes what was found in the file. ErrSpendState when somebody has stopped the work.
func (p *Project) EndSpendCheck(ctx context.Context, i *SpendImport, contentHash string, now time.Time) error {
	i.ContentHash, i.DoneBytes, i.DoneRows, i.ExpiresAt = contentHash, i.ByteCount, i.Rows(), now.Add(OpenSpendLife)
	return classify("end the check of the file", p.moveSpend(ctx, p.store.db, i, SpendChecked))
}

// moveSpend writes an import in its next state, if it is still in the one that i says. ErrSpendState.
func (p *Project) moveSpend(ctx context.Context, db bun.IDB, i *SpendImport, to SpendState) error {
	from := i.State
	i.State, i.Error = to, ""
	result, err := db.NewUpdate().Model(i).WherePK().Where("state = ? AND batch_id = ?", from, i.BatchID).Exec(ctx)
	if err = expectOne(result, err); errors.Is(err, ErrNotFound) {
		err = ErrSpendState
	}
	return err
}

// lockSpend keeps the project's other imports and undoings waiting until the transaction ends.
func (p *Project) lockSpend(ctx context.Context, tx bun.Tx) error {
	_, err := tx.NewRaw("SELECT pg_advisory_xact_lock(hashtextextended('ad spend', ?))", p.ID).Exec(ctx)
	return err
}

// eachSpendBlock calls work with the import's blocks in their order.
func (p *Project) eachSpendBlock(ctx context.Context, tx bun.Tx, id int64, columns []string, work func(b *spendBlock) error) error {
	for after := -1; ; {
		block := new(spendBlock)
		query := tx.NewSelect().Model(block).Where("project_id = ? AND import_id = ? AND first_line > ?", p.ID, id, after).Order("first_line").Limit(1)
		if len(columns) > 0 {
			query = query.Column(columns...)
		}
		err := query.Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := work(block); err != nil {
			return err
		}
		after = block.FirstLine
	}
}

// countColumns are those of a block without its rows.
func countColumns() []string { return []string{"project_id", "import_id", "first_line", "counts"} }

// ApplySpendImport stores what the file brings, all of it or nothing: what is new and what is changed, and the ads' names. done hears
// how many rows have been dealt with. ErrSpendState when somebody has stopped the work.
func (p *Project) ApplySpendImport(ctx context.Context, i *SpendImport, now time.Time, done func(rows int64) error) error {
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := p.lockSpend(ctx, tx); err != nil {
			return err
		}
		if err := p.recompareSpend(ctx, tx, i); err != nil {
			return err
		}
		var rows int64
		err := p.eachSpendBlock(ctx, tx, i.ID, countColumns(), func(b *spendBlock) error {
			if err := writeSpendBlock(ctx, tx, b, now); err != nil {
				return err
			}
			for _, n := range b.Counts {
				rows += n
			}
			return done(rows)
		})
		if err != nil {
			return err
		}
		return p.endSpendImport(ctx, tx, i, now)
	})
	return classify("import the spend", err)
}

// endSpendImport names the ads and puts the import in force. The ads come last, because who stores sessions waits for their rows.
func (p *Project) endSpendImport(ctx context.Context, tx bun.Tx, i *SpendImport, now time.Time) error {
	if _, err := tx.NewRaw("DELETE FROM spend_import_chunks WHERE project_id = ? AND import_id = ?", p.ID, i.ID).Exec(ctx); err != nil {
		return err
	}
	if err := nameSpentAds(ctx, tx, p.ID, i.ID, now); err != nil {
		return err
	}
	revision, err := p.spendRevision(ctx, tx)
	if err != nil {
		return err
	}
	i.Revision, i.ImportedAt, i.ExpiresAt, i.DoneRows = revision+1, now, now.Add(UndoLife), i.Rows()
	return p.moveSpend(ctx, tx, i, SpendImported)
}

// recompareSpend compares the rows anew where something was imported or undone since they were.
func (p *Project) recompareSpend(ctx context.Context, tx bun.Tx, i *SpendImport) error {
	revision, err := p.spendRevision(ctx, tx)
	if err != nil || revision == i.CheckedRevision {
		return err
	}
	i.setCounts(make([]int64, spendOutcomes))
	return p.eachSpendBlock(ctx, tx, i.ID, nil, func(b *spendBlock) error {
		rows := b.rows()
		if _, err := tx.NewDelete().Model(b).WherePK().Exec(ctx); err != nil {
			return err
		}
		return p.saveSpendRows(ctx, tx, i, rows)
	})
}

// ImportSpendRows imports rows at once, at most some blocks of them, as an import of its own, which it fills in. Of a dry run nothing is
// kept; so it is where a row is refused, unless withoutRefused. rows are given their outcomes.
func (p *Project) ImportSpendRows(ctx context.Context, i *SpendImport, rows []SpendRow, dryRun, withoutRefused bool, now time.Time) (imported bool, err error) {
	errDry := errors.New("nothing is to be kept")
	err = p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) (err error) {
		if err := p.lockSpend(ctx, tx); err != nil {
			return err
		}
		if i.CheckedRevision, err = p.spendRevision(ctx, tx); err != nil {
			return err
		}
		i.ProjectID, i.State, i.CreatedAt, i.ExpiresAt, i.BatchID = p.ID, SpendImporting, now, now.Add(UndoLife), "at once"
		if _, err := tx.NewInsert().Model(i).Exec(ctx); err != nil {
			return err
		}
		for begin := 0; begin < len(rows); begin += SpendBlockRows {
			if err := p.saveSpendRows(ctx, tx, i, rows[begin:min(begin+SpendBlockRows, len(rows))]); err != nil {
				return err
			}
		}
		if dryRun || i.RefusedRows > 0 && !withoutRefused {
			return errDry
		}
		err = p.eachSpendBlock(ctx, tx, i.ID, countColumns(), func(b *spendBlock) error { return writeSpendBlock(ctx, tx, b, now) })
		if err != nil {
			return err
		}
		if err := p.endSpendImport(ctx, tx, i, now); err != nil {
			return err
		}
		i.BatchID = ""
		_, err = tx.NewUpdate().Model(i).Column("batch_id").WherePK().Exec(ctx)
		return err
	})
	if errors.Is(err, errDry) {
		return false, nil
	}
	return err == nil, classify("import the spend", err)
}

// LaterSpendImports returns which imports in force came after this one and tell of the same ads and days: the latest, at most ten.
func (p *Project) LaterSpendImports(ctx context.Context, i *SpendImport) ([]int64, error) {
	ids, err := p.laterSpendImports(ctx, p.store.db, i)
	return ids, classify("look for later imports", err)
}

func (p *Project) laterSpendImports(ctx context.Context, db bun.IDB, i *SpendImport) ([]int64, error) {
	var later []int64
	err := db.NewRaw(`SELECT DISTINCT l.import_id FROM (`+unnested("r.*", "b.import_id = ? AND r.outcome < 3")+`) AS r
		JOIN (`+unnested("b.import_id, r.*", `b.import_id IN (SELECT id FROM spend_imports WHERE project_id = ? AND state IN (?) AND revision > ?)
			AND b.max_date >= (SELECT min(min_date) FROM spend_import_blocks WHERE project_id = ? AND import_id = ?) AND r.outcome < 3`)+`) AS l
			USING (platform, date, campaign_id, adset_id, ad_id)
		ORDER BY 1 DESC LIMIT 10`,
		p.ID, i.ID, p.ID, p.ID, bun.List([]SpendState{SpendImported, SpendUndoing}), i.Revision, p.ID, i.ID).Scan(ctx, &later)
	return later, err
}

// UndoSpendImport puts back what was there before the import. *OverlapError when later imports tell of the same ads and days;
// ErrSpendState when somebody has stopped the work.
func (p *Project) UndoSpendImport(ctx context.Context, i *SpendImport, now time.Time, done func(rows int64) error) error {
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := p.lockSpend(ctx, tx); err != nil {
			return err
		}
		later, err := p.laterSpendImports(ctx, tx, i)
		if err != nil {
			return err
		}
		if len(later) > 0 {
			return &OverlapError{Imports: later}
		}
		var rows int64
		err = p.eachSpendBlock(ctx, tx, i.ID, countColumns(), func(b *spendBlock) error {
			if err := unwriteSpendBlock(ctx, tx, b, now); err != nil {
				return err
			}
			for _, n := range b.Counts {
				rows += n
			}
			return done(rows)
		})
		if err != nil {
			return err
		}
		revision, err := p.spendRevision(ctx, tx)
		if err != nil {
			return err
		}
		i.Revision, i.UndoneAt, i.DoneRows = revision+1, now, i.Rows()
		return p.moveSpend(ctx, tx, i, SpendUndone)
	})
	return classify("undo the import", err)
}

// DeleteExpiredSpend forgets imports that nobody went on with, and the rows and former figures of those that can be undone no more: at
// most limit imports. It returns how many.
func (s *Store) DeleteExpiredSpend(ctx context.Context, now time.Time, limit int) (int64, error) {
	var deleted int64
	err := s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var expired []SpendImport
		err := tx.NewSelect().Model(&expired).Column("project_id", "id", "state").
			Where("expires_at < ? AND state NOT IN (?)", now, bun.List([]SpendState{SpendChecking, SpendImporting, SpendUndoing})).
			Where("state NOT IN (?) OR EXISTS (SELECT FROM spend_import_blocks AS b WHERE b.project_id = spend_import.project_id AND b.import_id = spend_import.id)",
				bun.List([]SpendState{SpendImported, SpendUndone})).
			Order("expires_at").Limit(int64(limit)).For("UPDATE SKIP LOCKED").Scan(ctx)
		if err != nil {
			return err
		}
		for i := range expired {
			statement := "DELETE FROM spend_imports WHERE project_id = ? AND id = ?"
			if expired[i].State == SpendImported || expired[i].State == SpendUndone {
				statement = "DELETE FROM spend_import_blocks WHERE project_id = ? AND import_id = ?"
			}
			if _, err := tx.NewRaw(statement, expired[i].ProjectID, expired[i].ID).Exec(ctx); err != nil {
				return err
			}
			deleted++
		}
		return nil
	})
	return deleted, classify("forget expired imports of spend", err)
}
