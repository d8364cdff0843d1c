package repo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	// ErrSpendElsewhere: somebody else has gone on with the work.
	ErrSpendElsewhere = errors.New("another worker has gone on with the import")
	// ErrSpendOffset: the piece does not begin where the last one ended.
	ErrSpendOffset = errors.New("the piece does not follow the last one")
	// ErrSpendTooLarge: the file would have more than MaxSpendFile.
	ErrSpendTooLarge = errors.New("the file is too large")
)

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
	Layout  json.RawMessage `bun:"type:jsonb,nullzero"`
	Preview json.RawMessage `bun:"type:jsonb,nullzero"`
	// Checkpoint is where the look at the file is to go on, also in words of whoever reads it: none before its first rows are kept.
	Checkpoint      json.RawMessage `bun:"type:jsonb,nullzero"`
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
