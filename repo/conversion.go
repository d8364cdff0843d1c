package repo

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/microtracker/microtracker/repo/report"
)

// MaxConversions is how many conversions a project may have.
const MaxConversions = 100

// ErrTooMany: there are as many of them as may be.
var ErrTooMany = fmt.Errorf("there are %d already", MaxConversions)

// Conversion is what a project counts as a conversion: a row of conversions. An event is one that has all that is not empty.
type Conversion struct {
	bun.BaseModel `bun:"table:conversions"`

	ID        int64 `bun:",pk,autoincrement"`
	ProjectID int64 `bun:",pk"`
	// Name is the project's own for it.
	Name      string
	EventType string `bun:",nullzero"`
	EventName string `bun:",nullzero"`
	// PathPattern is as in report.OperatorMatches.
	PathPattern   string `bun:",nullzero"`
	PropertyKey   string `bun:",nullzero"`
	PropertyValue string `bun:",nullzero"`
	// Value is what one is worth whose event does not say it, as a decimal number in the project's currency; empty: nothing.
	Value     string `bun:",nullzero"`
	CreatedAt time.Time
	UpdatedAt time.Time
}

// ForReport is the conversion as the compiler of reports takes it.
func (c *Conversion) ForReport() report.Conversion {
	return report.Conversion{
		ID: c.ID, EventType: c.EventType, Name: c.EventName, PathPattern: c.PathPattern,
		PropertyKey: c.PropertyKey, PropertyValue: c.PropertyValue, Value: c.Value,
	}
}

// CreateConversion stores a conversion of the project and sets its ID. ErrConflict when the project has one of that name,
// ErrTooMany when it has MaxConversions.
func (p *Project) CreateConversion(ctx context.Context, conversion *Conversion) error {
	conversion.ProjectID = p.ID
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var count int
		// One at a time, so that two at once do not both find room.
		if err := tx.NewRaw("SELECT id FROM projects WHERE id = ? FOR NO KEY UPDATE", p.ID).Scan(ctx, new(int64)); err != nil {
			return err
		}
		if err := tx.NewRaw("SELECT count(*) FROM conversions WHERE project_id = ?", p.ID).Scan(ctx, &count); err != nil {
			return err
		}
		if count >= MaxConversions {
			return ErrTooMany
		}
		return tx.NewInsert().Model(conversion).Returning("*").Scan(ctx)
	})
	return classify("create the conversion", err)
}

// ListConversions lists the project's conversions by name: page.After is the name of the last one seen.
func (p *Project) ListConversions(ctx context.Context, page Page[string]) ([]Conversion, error) {
	var conversions []Conversion
	err := p.store.db.NewSelect().Model(&conversions).
		Where(`project_id = ? AND name COLLATE "C" > ?`, p.ID, page.After).
		OrderExpr(`name COLLATE "C"`).Limit(int64(page.Limit)).Scan(ctx)
	return conversions, classify("list the conversions", err)
}

// Conversions returns those with these ids, all of the project's without any, by id. ErrNotFound when there is no such one,
// also when it is another project's.
func (p *Project) Conversions(ctx context.Context, ids []int64) ([]Conversion, error) {
	var conversions []Conversion
	query := p.store.db.NewSelect().Model(&conversions).Where("project_id = ?", p.ID).Order("id").Limit(MaxConversions)
	unknown := make(map[int64]bool, len(ids))
	for _, id := range ids {
		unknown[id] = true
	}
	if len(ids) > 0 {
		query = query.Where("id IN (?)", bun.List(ids))
	}
	if err := query.Scan(ctx); err != nil {
		return nil, classify("read the conversions", err)
	}
	for i := range conversions {
		delete(unknown, conversions[i].ID)
	}
	for id := range unknown {
		return nil, fmt.Errorf("read the conversion %d: %w", id, ErrNotFound)
	}
	return conversions, nil
}

// ReportConversions is Conversions as the compiler of reports takes them.
func (p *Project) ReportConversions(ctx context.Context, ids []int64) ([]report.Conversion, error) {
	conversions, err := p.Conversions(ctx, ids)
	if err != nil {
		return nil, err
	}
	list := make([]report.Conversion, len(conversions))
	for i := range conversions {
		list[i] = conversions[i].ForReport()
	}
	return list, nil
}

// SaveConversion writes a conversion as it is. ErrConflict when the project has another one of that name, ErrNotFound when it
// is gone.
func (p *Project) SaveConversion(ctx context.Context, conversion *Conversion) error {
	err := p.store.db.NewUpdate().Model(conversion).
		Column("name", "event_type", "event_name", "path_pattern", "property_key", "property_value", "value", "updated_at").
		Where("project_id = ? AND id = ?", p.ID, conversion.ID).Returning("*").Scan(ctx)
	return classify("save the conversion", err)
}

// DeleteConversion removes a conversion. ErrNotFound, also when it is another project's.
func (p *Project) DeleteConversion(ctx context.Context, id int64) error {
	result, err := p.store.db.NewDelete().Model((*Conversion)(nil)).Where("project_id = ? AND id = ?", p.ID, id).Exec(ctx)
	return classify("delete the conversion", expectOne(result, err))
}
