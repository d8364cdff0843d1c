package repo

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// SpendBlockRows is how many rows of a file are kept together.
const SpendBlockRows = 5000

// SpendOutcome is what a row of a file brings.
type SpendOutcome int16

// The outcomes. What is new, changed or the same is taken.
const (
	SpendNew SpendOutcome = iota
	SpendChanged
	SpendSame
	// SpendRefused: a mistake is in the row.
	SpendRefused
	// SpendLeftOut: the row is no ad's, such as a total.
	SpendLeftOut
	spendOutcomes
)

// SpendRow is a row of a file of what ads cost.
type SpendRow struct {
	// Line is where it begins in the file.
	Line    int
	Outcome SpendOutcome
	// Reason and Detail say why it is refused or left out.
	Reason, Detail string
	// Spend is what it says, and Old, of a row that is changed, what was there.
	Spend, Old                      AdSpend
	CampaignName, AdsetName, AdName string
}

// spendBlock is many rows: a row of spend_import_blocks. All arrays have as many elements.
type spendBlock struct {
	bun.BaseModel `bun:"table:spend_import_blocks"`

	ProjectID      int64 `bun:",pk"`
	ImportID       int64 `bun:",pk"`
	FirstLine      int   `bun:",pk"`
	LastLine       int
	MinDate        time.Time `bun:"type:date,nullzero"`
	MaxDate        time.Time `bun:"type:date,nullzero"`
	Counts         []int64   `bun:",array"`
	Lines          []int64   `bun:",array"`
	Outcomes       []int64   `bun:",array"`
	Reasons        []string  `bun:",array"`
	Details        []string  `bun:",array"`
	Platforms      []string  `bun:",array"`
	Dates          []string  `bun:",array"`
	CampaignIDs    []string  `bun:"campaign_ids,array"`
	CampaignNames  []string  `bun:",array"`
	AdsetIDs       []string  `bun:"adset_ids,array"`
	AdsetNames     []string  `bun:",array"`
	AdIDs          []string  `bun:"ad_ids,array"`
	AdNames        []string  `bun:",array"`
	Impressions    []int64   `bun:",array"`
	Clicks         []int64   `bun:",array"`
	Spend          []string  `bun:",array"`
	OldImpressions []int64   `bun:",array"`
	OldClicks      []int64   `bun:",array"`
	OldSpend       []string  `bun:",array"`
}

// newSpendBlock makes a block of rows, at least one.
func newSpendBlock(rows []SpendRow) *spendBlock {
	b := &spendBlock{FirstLine: rows[0].Line, LastLine: rows[len(rows)-1].Line, Counts: make([]int64, spendOutcomes)}
	for i := range rows {
		row := &rows[i]
		date := "2000-01-01" // of a row that has none; nobody reads it
		if !row.Spend.Date.IsZero() {
			date = row.Spend.Date.Format(time.DateOnly)
		}
		if row.Outcome <= SpendSame {
			if b.MinDate.IsZero() || row.Spend.Date.Before(b.MinDate) {
				b.MinDate = row.Spend.Date
			}
			if row.Spend.Date.After(b.MaxDate) {
				b.MaxDate = row.Spend.Date
			}
		}
		b.Counts[row.Outcome]++
		b.Lines, b.Outcomes = append(b.Lines, int64(row.Line)), append(b.Outcomes, int64(row.Outcome))
		b.Reasons, b.Details = append(b.Reasons, row.Reason), append(b.Details, row.Detail)
		b.Platforms, b.Dates = append(b.Platforms, row.Spend.Platform), append(b.Dates, date)
		b.CampaignIDs, b.CampaignNames = append(b.CampaignIDs, row.Spend.CampaignID), append(b.CampaignNames, row.CampaignName)
		b.AdsetIDs, b.AdsetNames = append(b.AdsetIDs, row.Spend.AdsetID), append(b.AdsetNames, row.AdsetName)
		b.AdIDs, b.AdNames = append(b.AdIDs, row.Spend.AdID), append(b.AdNames, row.AdName)
		b.Impressions, b.Clicks = append(b.Impressions, int64(row.Spend.Impressions)), append(b.Clicks, int64(row.Spend.Clicks))
		b.OldImpressions, b.OldClicks = append(b.OldImpressions, int64(row.Old.Impressions)), append(b.OldClicks, int64(row.Old.Clicks))
		b.Spend, b.OldSpend = append(b.Spend, orZero(row.Spend.Spend)), append(b.OldSpend, orZero(row.Old.Spend))
	}
	return b
}

func orZero(amount string) string {
	if amount == "" {
		return "0"
	}
	return amount
}

// rows are the block's rows.
func (b *spendBlock) rows() []SpendRow {
	rows := make([]SpendRow, len(b.Lines))
	for i := range rows {
		date, _ := time.Parse(time.DateOnly, b.Dates[i]) // the database wrote it
		rows[i] = SpendRow{
			Line: int(b.Lines[i]), Outcome: SpendOutcome(b.Outcomes[i]), Reason: b.Reasons[i], Detail: b.Details[i],
			CampaignName: b.CampaignNames[i], AdsetName: b.AdsetNames[i], AdName: b.AdNames[i],
			Spend: AdSpend{
				Platform: b.Platforms[i], Date: date, CampaignID: b.CampaignIDs[i], AdsetID: b.AdsetIDs[i], AdID: b.AdIDs[i],
				Impressions: int(b.Impressions[i]), Clicks: int(b.Clicks[i]), Spend: b.Spend[i],
			},
			Old: AdSpend{Impressions: int(b.OldImpressions[i]), Clicks: int(b.OldClicks[i]), Spend: b.OldSpend[i]},
		}
	}
	return rows
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

// eachSpendBlock calls work with the import's blocks in their order.
func (p *Project) eachSpendBlock(ctx context.Context, db bun.IDB, id int64, columns []string, work func(b *spendBlock) error) error {
	for after := -1; ; {
		block := new(spendBlock)
		query := db.NewSelect().Model(block).Where("project_id = ? AND import_id = ? AND first_line > ?", p.ID, id, after).Order("first_line").Limit(1)
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

// unnested are the rows of blocks that a condition keeps, r, with these fields of theirs, in SQL. Arrays that stand beside each other in a
// list are read at a third of what it costs in FROM, and those that nobody wants are not read.
func unnested(fields, columns, where string) string {
	var list strings.Builder
	for i, field := range strings.Fields(fields) {
		array := field
		if !strings.HasSuffix(field, "s") && !strings.HasSuffix(field, "spend") {
			array += "s"
		}
		list.WriteString(listed(i) + "unnest(b." + array + ") AS " + field)
	}
	return "SELECT " + columns + " FROM spend_import_blocks AS b CROSS JOIN LATERAL (SELECT " + list.String() + ") AS r WHERE b.project_id = ? AND " + where
}

// spendKey are the fields that tell rows apart.
const spendKey = "platform date campaign_id adset_id ad_id"
