package tasks

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/ads"
	"github.com/microtracker/microtracker/server/jobs"
)

// spendCheckpoint is where the look at a file is to go on.
type spendCheckpoint struct {
	Position ads.Position `json:"position"`
	// Summed is of how many bytes of the file Hash, the state of a SHA-256, is.
	Summed int64  `json:"summed"`
	Hash   []byte `json:"hash"`
	// Currency and BegunAt are those by which rows were refused so far.
	Currency string    `json:"currency"`
	BegunAt  time.Time `json:"begun_at"`
}

// sum is a hash that can be kept and gone on with.
type sum interface {
	hash.Hash
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

// summedFile sums a file up while it is read, each byte once.
type summedFile struct {
	io.Reader

	sum sum
	// at is the place in the file, summed up to where it is summed up.
	at, summed int64
}

func (f *summedFile) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	f.at += int64(n)
	if fresh := f.at - f.summed; fresh > 0 {
		f.sum.Write(p[int64(n)-fresh : n])
		f.summed = f.at
	}
	return n, err
}

// spendLook is a look at a file that is under way.
type spendLook struct {
	spendCheckpoint

	file   *summedFile
	reader *ads.Reader
}

// lookAtSpend opens an import's file where the look at it ended before, else at its beginning.
func (w *worker) lookAtSpend(ctx context.Context, project *repo.Project, i *repo.SpendImport) (*spendLook, error) {
	if err := project.AwaitSpendCheck(ctx, i); err != nil {
		return nil, err
	}
	if i.State != repo.SpendChecking {
		return nil, repo.ErrSpendState
	}
	var layout ads.Layout
	if err := json.Unmarshal(i.Layout, &layout); err != nil {
		return nil, jobs.Permanent(fmt.Errorf("read the layout: %w", err))
	}
	sum, ok := sha256.New().(sum)
	if !ok {
		return nil, jobs.Permanent(errors.New("the sum of a file cannot be kept: build with Go's own crypto/sha256"))
	}
	look := &spendLook{spendCheckpoint: spendCheckpoint{Currency: project.Currency, BegunAt: w.Now()}}
	if i.Checkpoint != nil {
		var from spendCheckpoint
		err := json.Unmarshal(i.Checkpoint, &from)
		if err == nil && from.Currency == project.Currency && sum.UnmarshalBinary(from.Hash) == nil {
			look.spendCheckpoint = from
		} else {
			i.Checkpoint = nil // of another version, or of other rules: from the beginning
			sum.Reset()
		}
	}
	limits, err := SpendLimits(ctx, project, look.BegunAt)
	if err != nil {
		return nil, err
	}
	if err := project.BeginSpendCheck(ctx, i); err != nil {
		return nil, err
	}
	begin := look.Position.Bytes
	look.file = &summedFile{Reader: project.SpendFile(ctx, i.ID, begin), sum: sum, at: begin, summed: look.Summed}
	if look.reader, err = ads.NewReader(look.file, layout, limits, look.Position); err != nil {
		return nil, err
	}
	if i.Checkpoint == nil {
		return look, nil
	}
	return look, project.SpendKeys(ctx, i.ID, func(row *repo.SpendRow) {
		look.reader.Seen(&ads.Row{
			Line: row.Line, Platform: row.Spend.Platform, Date: row.Spend.Date, CampaignID: row.Spend.CampaignID, AdsetID: row.Spend.AdsetID, AdID: row.Spend.AdID,
		})
	})
}

// checkpoint is where to go on behind the rows read so far.
func (l *spendLook) checkpoint() (json.RawMessage, error) {
	var err error
	if l.Hash, err = l.file.sum.MarshalBinary(); err != nil {
		return nil, fmt.Errorf("keep the sum of the file: %w", err)
	}
	l.Position, l.Summed = l.reader.Position(), l.file.summed
	return json.Marshal(l.spendCheckpoint)
}

// checkSpend reads the file and keeps what each row brings. An attempt that is repeated goes on behind the rows that were kept.
func (w *worker) checkSpend(ctx context.Context, project *repo.Project, i *repo.SpendImport) error {
	look, err := w.lookAtSpend(ctx, project, i)
	if err != nil {
		return err
	}
	rows := make([]repo.SpendRow, 0, repo.SpendBlockRows)
	for {
		row, err := look.reader.Read()
		isEnd := errors.Is(err, io.EOF)
		if err != nil && !isEnd {
			return err
		}
		if !isEnd {
			rows = append(rows, SpendRow(&row))
		}
		if len(rows) == repo.SpendBlockRows || isEnd && len(rows) > 0 {
			checkpoint, err := look.checkpoint()
			if err != nil {
				return err
			}
			if err := project.SaveSpendRows(ctx, i, rows, look.file.at, checkpoint); err != nil {
				return err
			}
			rows = rows[:0]
		}
		if isEnd {
			return project.EndSpendCheck(ctx, i, hex.EncodeToString(look.file.sum.Sum(nil)), w.Now())
		}
	}
}

// SpendRow is a row of a file as the repository keeps it.
func SpendRow(row *ads.Row) repo.SpendRow {
	kept := repo.SpendRow{
		Line: row.Line, Reason: string(row.Reason), Detail: row.Detail, CampaignName: row.CampaignName, AdsetName: row.AdsetName, AdName: row.AdName,
		Spend: repo.AdSpend{
			Platform: row.Platform, Date: row.Date, CampaignID: row.CampaignID, AdsetID: row.AdsetID, AdID: row.AdID,
			Impressions: int(row.Impressions), Clicks: int(row.Clicks), Spend: centsText(row.Cents),
		},
	}
	switch {
	case row.IsLeftOut():
		kept.Outcome = repo.SpendLeftOut
	case row.Reason != "":
		kept.Outcome = repo.SpendRefused
	}
	return kept
}

// centsText is an amount in hundredths as the database writes it.
func centsText(cents int64) string {
	text := strconv.AppendInt(nil, cents/100, 10)
	return string(append(append(text, '.'), byte('0'+cents/10%10), byte('0'+cents%10)))
}

// SpendLimits are what a project's files may hold at a time.
func SpendLimits(ctx context.Context, project *repo.Project, now time.Time) (ads.Limits, error) {
	accounts, err := project.AdAccounts(ctx)
	if err != nil {
		return ads.Limits{}, err
	}
	today := func(zone string) (time.Time, error) {
		location, err := time.LoadLocation(zone)
		if err != nil {
			return time.Time{}, fmt.Errorf("read a time zone: %w", err)
		}
		year, month, day := now.In(location).Date()
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC), nil
	}
	others, err := today(project.TimeZone)
	if err != nil {
		return ads.Limits{}, err
	}
	days := map[string]time.Time{}
	for _, account := range accounts {
		if days[account.Platform], err = today(account.TimeZone); err != nil {
			return ads.Limits{}, err
		}
	}
	return ads.Limits{Currency: project.Currency, Today: func(platform string) time.Time {
		if day, ok := days[platform]; ok {
			return day
		}
		return others
	}}, nil
}

// ReadSample is the beginning of an import's file, as much as a layout is guessed from.
func ReadSample(ctx context.Context, project *repo.Project, id int64) ([]byte, error) {
	var sample bytes.Buffer
	_, err := io.Copy(&sample, io.LimitReader(project.SpendFile(ctx, id, 0), ads.SampleSize))
	return sample.Bytes(), err
}
