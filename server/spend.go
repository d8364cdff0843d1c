package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"connectrpc.com/connect/v2"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/ads"
	"github.com/microtracker/microtracker/server/enrich"
	"github.com/microtracker/microtracker/server/tasks"
)

const (
	// maxPreviewCell and maxPreviewCells bound what is shown of a file's beginning, in runes and cells of a row.
	maxPreviewCell  = 100
	maxPreviewCells = 100
)

// spendPreview is what is kept of a file's beginning.
type spendPreview struct {
	Titles             []string    `json:"titles"`
	Rows               [][]string  `json:"rows"`
	Missing            []ads.Field `json:"missing"`
	IsDateOrderGuessed bool        `json:"is_date_order_guessed"`
}

func (s adsServer) ImportSpend(ctx context.Context, req *microtrackerv1.ImportSpendRequest) (*microtrackerv1.ImportSpendResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	if currency := req.GetCurrency(); currency != "" && currency != project.Currency {
		return nil, failField("currency", fmt.Sprintf("the project is in %s: send amounts in that", project.Currency))
	}
	limits, err := tasks.SpendLimits(ctx, project, s.config.Now())
	if err != nil {
		return nil, err
	}
	checker := ads.NewChecker(limits)
	rows := make([]repo.SpendRow, len(req.GetRows()))
	for i, given := range req.GetRows() {
		spend := given.GetSpend()
		row := checker.Check(i+1, ads.Input{
			Platform: spend.GetPlatform(), Date: spend.GetDate(), CampaignID: spend.GetCampaignId(), CampaignName: given.GetCampaignName(),
			AdsetID: spend.GetAdsetId(), AdsetName: given.GetAdsetName(), AdID: spend.GetAdId(), AdName: given.GetAdName(),
			Impressions: spend.GetImpressions(), Clicks: spend.GetClicks(), Spend: spend.GetSpend(),
		})
		rows[i] = tasks.SpendRow(&row)
	}
	made := &repo.SpendImport{}
	imported, err := project.ImportSpendRows(ctx, made, rows, req.GetDryRun(), req.GetWithoutRefused(), s.config.Now())
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ImportSpendResponse{Counts: spendCountsToProto(made)}
	for i := range rows {
		if rows[i].Outcome == repo.SpendChanged || rows[i].Outcome == repo.SpendRefused {
			res.Rows = append(res.Rows, spendRowToProto(&rows[i]))
		}
	}
	if imported {
		if res.Import, err = s.spendImportToProto(ctx, project, made); err != nil {
			return nil, err
		}
	}
	return res, nil
}

func (s adsServer) CreateSpendImport(ctx context.Context, req *microtrackerv1.CreateSpendImportRequest) (*microtrackerv1.CreateSpendImportResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	made, err := project.CreateSpendImport(ctx, enrich.FixText(req.GetFileName(), maxAdText), s.config.Now())
	if errors.Is(err, repo.ErrTooManySpendImports) {
		return nil, failState(fmt.Sprintf("%d imports are under way, the most that may be: finish or cancel one first", repo.MaxOpenSpendImports))
	}
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.CreateSpendImportResponse{}
	res.Import, err = s.spendImportToProto(ctx, project, made)
	return res, err
}

// failState refuses what the state of a thing does not allow.
func failState(message string) *connect.Error {
	return fail(connect.CodeFailedPrecondition, microtrackerv1.ErrorReason_ERROR_REASON_PRECONDITION, message)
}

func (s adsServer) UploadSpendChunk(ctx context.Context, req *microtrackerv1.UploadSpendChunkRequest) (*microtrackerv1.UploadSpendChunkResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	length, err := project.AppendSpendChunk(ctx, req.GetImportId(), req.GetOffset(), req.GetData())
	switch {
	case errors.Is(err, repo.ErrSpendOffset):
		return nil, failField("offset", fmt.Sprintf("%d bytes are there: go on from there", length))
	case errors.Is(err, repo.ErrSpendTooLarge):
		return nil, failField("data", fmt.Sprintf("a file has at most %d MiB: split it, by months for instance", repo.MaxSpendFile>>20))
	case errors.Is(err, repo.ErrSpendState):
		return nil, failState("the file is complete: begin another import for another file")
	case err != nil:
		return nil, err
	}
	return &microtrackerv1.UploadSpendChunkResponse{NextOffset: length}, nil
}

func (s adsServer) CheckSpendImport(ctx context.Context, req *microtrackerv1.CheckSpendImportRequest) (*microtrackerv1.CheckSpendImportResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	if _, err := project.SpendImport(ctx, req.GetImportId()); err != nil {
		return nil, err
	}
	sample, err := tasks.ReadSample(ctx, project, req.GetImportId())
	if err != nil {
		return nil, err
	}
	found, err := lookAtSpend(sample, req.GetLayout())
	if err != nil {
		return nil, err
	}
	work := repo.SpendWork{From: []repo.SpendState{repo.SpendUploading, repo.SpendUploaded, repo.SpendChecked}, To: repo.SpendUploaded}
	if work.Layout, err = json.Marshal(found.Layout); err != nil {
		return nil, err
	}
	if work.Preview, err = json.Marshal(previewOf(found)); err != nil {
		return nil, err
	}
	if len(found.Missing) == 0 {
		work.To = repo.SpendChecking
		if work.Batch, err = tasks.CheckSpendBatch(tasks.SpendArgs{ProjectID: project.ID, ImportID: req.GetImportId()}); err != nil {
			return nil, err
		}
	}
	begun, err := project.BeginSpendWork(ctx, req.GetImportId(), work)
	if errors.Is(err, repo.ErrSpendState) {
		return nil, failState("work is done on the import, or it was imported: cancel that first, or begin another import")
	}
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.CheckSpendImportResponse{}
	res.Import, err = s.spendImportToProto(ctx, project, begun)
	return res, err
}

// lookAtSpend guesses how a file is to be read, or reads it as it is told.
func lookAtSpend(sample []byte, told *microtrackerv1.SpendLayout) (*ads.Found, error) {
	if told == nil {
		found, err := ads.Detect(sample)
		if errors.Is(err, ads.ErrNoTable) {
			return nil, failField("import_id", err.Error()+"; or say how it is to be read by layout")
		}
		return found, err
	}
	layout := ads.Layout{
		Platform: told.GetPlatform(), Encoding: ads.Encoding(told.GetEncoding()), Delimiter: told.GetDelimiter(), DateOrder: ads.DateOrder(told.GetDateOrder()),
		DecimalMark: told.GetDecimalMark(), HeaderLine: int(told.GetHeaderLine()), Currency: told.GetCurrency(), CurrencySign: told.GetCurrencySign(),
		Columns: make(map[ads.Field]int),
	}
	for _, column := range told.GetColumns() {
		layout.Columns[ads.Field(column.GetField())] = int(column.GetColumn())
	}
	if err := layout.Check(); err != nil {
		field, message, _ := strings.Cut(err.Error(), ": ")
		return nil, failField("layout."+field, message)
	}
	found, err := ads.Look(sample, layout)
	if errors.Is(err, ads.ErrNoTable) {
		return nil, failField("layout.header_line", "the file ends before it: name the line of the titles")
	}
	return found, err
}

func previewOf(found *ads.Found) spendPreview {
	cut := func(cells []string) []string {
		shown := make([]string, min(len(cells), maxPreviewCells))
		for i := range shown {
			shown[i] = enrich.FixText(cells[i], maxPreviewCell)
		}
		return shown
	}
	preview := spendPreview{Titles: cut(found.Titles), Missing: found.Missing, IsDateOrderGuessed: found.IsDateOrderGuessed}
	for _, row := range found.Rows {
		preview.Rows = append(preview.Rows, cut(row))
	}
	return preview
}

func (s adsServer) GetSpendImport(ctx context.Context, req *microtrackerv1.GetSpendImportRequest) (*microtrackerv1.GetSpendImportResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	found, err := project.SpendImport(ctx, req.GetImportId())
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.GetSpendImportResponse{}
	res.Import, err = s.spendImportToProto(ctx, project, found)
	return res, err
}

func (s adsServer) ListSpendImports(ctx context.Context, req *microtrackerv1.ListSpendImportsRequest) (*microtrackerv1.ListSpendImportsResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	page, err := afterPage(req, idFromText)
	if err != nil {
		return nil, err
	}
	imports, err := project.SpendImports(ctx, page)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListSpendImportsResponse{}
	imports, res.NextPageToken = cutPage(req, imports, func(i *repo.SpendImport) string { return idText(i.ID) })
	for i := range imports {
		imports[i].Preview, imports[i].ContentHash = nil, ""
		one, err := s.spendImportToProto(ctx, project, &imports[i])
		if err != nil {
			return nil, err
		}
		res.Imports = append(res.Imports, one)
	}
	return res, nil
}

func (s adsServer) ListSpendImportRows(ctx context.Context, req *microtrackerv1.ListSpendImportRowsRequest) (*microtrackerv1.ListSpendImportRowsResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	if _, err := project.SpendImport(ctx, req.GetImportId()); err != nil {
		return nil, err
	}
	page, err := afterPage(req, func(line string) int { return int(idFromText(line)) })
	if err != nil {
		return nil, err
	}
	var outcome *repo.SpendOutcome
	if req.GetOutcome() != microtrackerv1.SpendOutcome_SPEND_OUTCOME_UNSPECIFIED {
		outcome = new(repo.SpendOutcome(req.GetOutcome() - 1))
	}
	rows, err := project.SpendRows(ctx, req.GetImportId(), outcome, page)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListSpendImportRowsResponse{}
	rows, res.NextPageToken = cutPage(req, rows, func(row *repo.SpendRow) string { return idText(int64(row.Line)) })
	for i := range rows {
		res.Rows = append(res.Rows, spendRowToProto(&rows[i]))
	}
	return res, nil
}

func (s adsServer) StartSpendImport(ctx context.Context, req *microtrackerv1.StartSpendImportRequest) (*microtrackerv1.StartSpendImportResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	found, err := project.SpendImport(ctx, req.GetImportId())
	if err != nil {
		return nil, err
	}
	if found.State == repo.SpendChecked && found.RefusedRows > 0 && !req.GetWithoutRefused() {
		return nil, failState(fmt.Sprintf("%d rows are refused: see ListSpendImportRows, and mend the file, or import without them", found.RefusedRows))
	}
	work := repo.SpendWork{From: []repo.SpendState{repo.SpendChecked}, To: repo.SpendImporting}
	if work.Batch, err = tasks.ImportSpendBatch(tasks.SpendArgs{ProjectID: project.ID, ImportID: found.ID}); err != nil {
		return nil, err
	}
	begun, err := project.BeginSpendWork(ctx, found.ID, work)
	if errors.Is(err, repo.ErrSpendState) {
		return nil, failState("the import has not been checked, or was imported: see CheckSpendImport")
	}
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.StartSpendImportResponse{}
	res.Import, err = s.spendImportToProto(ctx, project, begun)
	return res, err
}

func (s adsServer) CancelSpendImport(ctx context.Context, req *microtrackerv1.CancelSpendImportRequest) (*microtrackerv1.CancelSpendImportResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	found, err := project.SpendImport(ctx, req.GetImportId())
	if err != nil {
		return nil, err
	}
	if found.State.Before() == found.State {
		err := project.DeleteSpendImport(ctx, found.ID)
		if errors.Is(err, repo.ErrSpendState) {
			return nil, failState("the import is in force, or was undone: see UndoSpendImport")
		}
		return &microtrackerv1.CancelSpendImportResponse{}, err
	}
	// First the state, which the work asks for before it ends; then its jobs.
	if err := project.StopSpendWork(ctx, found.ID, found.BatchID, ""); err != nil {
		return nil, err
	}
	if _, err := s.config.Store.CancelBatch(ctx, repo.JobFilter{ProjectID: project.ID}, found.BatchID); err != nil && !errors.Is(err, repo.ErrNotFound) {
		return nil, err
	}
	if found, err = project.SpendImport(ctx, found.ID); err != nil {
		return nil, err
	}
	res := &microtrackerv1.CancelSpendImportResponse{}
	res.Import, err = s.spendImportToProto(ctx, project, found)
	return res, err
}

func (s adsServer) UndoSpendImport(ctx context.Context, req *microtrackerv1.UndoSpendImportRequest) (*microtrackerv1.UndoSpendImportResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	found, err := project.SpendImport(ctx, req.GetImportId())
	if err != nil {
		return nil, err
	}
	if found.State == repo.SpendImported {
		if s.config.Now().After(found.ExpiresAt) {
			return nil, failState(fmt.Sprintf("the import is older than %d days, and what was there before is not known any more", repo.UndoLife/(24*time.Hour)))
		}
		later, err := project.LaterSpendImports(ctx, found)
		if err != nil {
			return nil, err
		}
		if len(later) > 0 {
			return nil, failState((&repo.OverlapError{Imports: later}).Error() + ": undo those first")
		}
	}
	work := repo.SpendWork{From: []repo.SpendState{repo.SpendImported}, To: repo.SpendUndoing}
	if work.Batch, err = tasks.UndoSpendBatch(tasks.SpendArgs{ProjectID: project.ID, ImportID: found.ID}); err != nil {
		return nil, err
	}
	begun, err := project.BeginSpendWork(ctx, found.ID, work)
	if errors.Is(err, repo.ErrSpendState) {
		return nil, failState("the import is not in force: only one that is can be undone")
	}
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.UndoSpendImportResponse{}
	res.Import, err = s.spendImportToProto(ctx, project, begun)
	return res, err
}

func spendCountsToProto(i *repo.SpendImport) *microtrackerv1.SpendCounts {
	return &microtrackerv1.SpendCounts{New: i.NewRows, Changed: i.ChangedRows, Same: i.SameRows, Refused: i.RefusedRows, LeftOut: i.LeftOutRows}
}

func spendRowToProto(row *repo.SpendRow) *microtrackerv1.SpendRow {
	res := &microtrackerv1.SpendRow{
		Line: int32(min(row.Line, 1<<31-1)), Outcome: microtrackerv1.SpendOutcome(row.Outcome + 1), CampaignName: row.CampaignName, AdsetName: row.AdsetName,
		AdName: row.AdName, Reason: row.Reason, Detail: row.Detail,
	}
	if row.Outcome != repo.SpendLeftOut {
		res.Spend = adSpendToProto(&row.Spend)
		if row.Spend.Date.Year() <= 1 {
			res.Spend.Date = ""
		}
	}
	if row.Outcome == repo.SpendChanged {
		res.Former = &microtrackerv1.AdSpend{
			Platform: row.Spend.Platform, Date: res.GetSpend().GetDate(), CampaignId: row.Spend.CampaignID, AdsetId: row.Spend.AdsetID, AdId: row.Spend.AdID,
			Impressions: int64(row.Old.Impressions), Clicks: int64(row.Old.Clicks), Spend: row.Old.Spend,
		}
	}
	return res
}

func (s adsServer) spendImportToProto(ctx context.Context, project *repo.Project, i *repo.SpendImport) (*microtrackerv1.SpendImport, error) {
	state := microtrackerv1.SpendImport_State_value["STATE_"+strings.ToUpper(string(i.State))]
	res := &microtrackerv1.SpendImport{
		ImportId: i.ID, FileName: i.FileName, State: microtrackerv1.SpendImport_State(state), ByteCount: i.ByteCount, Counts: spendCountsToProto(i),
		BatchId: i.BatchID, Error: i.Error, CreateTime: timeToProto(i.CreatedAt), ImportTime: timeToProto(i.ImportedAt), UndoTime: timeToProto(i.UndoneAt),
		ExpireTime: timeToProto(i.ExpiresAt), Progress: spendProgress(i),
	}
	if i.Layout != nil {
		var layout ads.Layout
		if err := json.Unmarshal(i.Layout, &layout); err != nil {
			return nil, fmt.Errorf("read the layout of import %d: %w", i.ID, err)
		}
		res.Layout = layoutToProto(layout)
	}
	if i.Preview != nil {
		var preview spendPreview
		if err := json.Unmarshal(i.Preview, &preview); err != nil {
			return nil, fmt.Errorf("read the preview of import %d: %w", i.ID, err)
		}
		res.Preview = &microtrackerv1.SpendPreview{Titles: preview.Titles, DateOrderGuessed: preview.IsDateOrderGuessed}
		for _, row := range preview.Rows {
			res.Preview.Rows = append(res.Preview.Rows, &microtrackerv1.SpendPreviewRow{Cells: row})
		}
		for _, field := range preview.Missing {
			res.Preview.MissingFields = append(res.Preview.MissingFields, string(field))
		}
	}
	var err error
	res.SameFileImportId, err = project.SameSpendFile(ctx, i)
	return res, err
}

func spendProgress(i *repo.SpendImport) float64 {
	switch i.State {
	case repo.SpendChecking:
		return doneShare(i.DoneBytes, i.ByteCount)
	case repo.SpendImporting, repo.SpendUndoing:
		return doneShare(i.DoneRows, i.Rows())
	case repo.SpendUploading, repo.SpendUploaded, repo.SpendChecked, repo.SpendImported, repo.SpendUndone:
	}
	return 0
}

func doneShare(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return min(1, float64(part)/float64(whole))
}

func layoutToProto(layout ads.Layout) *microtrackerv1.SpendLayout {
	res := &microtrackerv1.SpendLayout{
		Platform: layout.Platform, Encoding: string(layout.Encoding), Delimiter: layout.Delimiter, DateOrder: string(layout.DateOrder),
		DecimalMark: layout.DecimalMark, HeaderLine: int32(min(layout.HeaderLine, 1<<31-1)), Currency: layout.Currency, CurrencySign: layout.CurrencySign,
	}
	for field, column := range layout.Columns {
		res.Columns = append(res.Columns, &microtrackerv1.SpendColumn{Field: string(field), Column: int32(min(column, 1<<31-1))})
	}
	slices.SortFunc(res.GetColumns(), func(a, b *microtrackerv1.SpendColumn) int {
		return int(a.GetColumn()-b.GetColumn())*1000 + strings.Compare(a.GetField(), b.GetField())
	})
	return res
}
