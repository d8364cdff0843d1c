package repo

import (
	"context"
	"database/sql"
	"errors"
	"io"

	"github.com/uptrace/bun"
)

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

// SpendFile reads the file from one of its bytes on, piece by piece. What Read returns besides io.EOF is classified.
func (p *Project) SpendFile(ctx context.Context, id, from int64) io.Reader {
	const pieces = "SELECT position, data FROM spend_import_chunks WHERE project_id = ? AND import_id = ? AND position "
	return &spendFile{read: func(after int64) (position int64, data []byte, err error) {
		if after >= 0 {
			err = p.store.db.NewRaw(pieces+"> ? ORDER BY position LIMIT 1", p.ID, id, after).Scan(ctx, &position, &data)
			return position, data, err
		}
		err = p.store.db.NewRaw(pieces+"<= ? ORDER BY position DESC LIMIT 1", p.ID, id, from).Scan(ctx, &position, &data)
		return position, data[min(from-position, int64(len(data))):], err
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
