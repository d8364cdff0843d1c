package repo

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// MaxAdAccounts is how many time zones of ad accounts a project may keep.
const MaxAdAccounts = 50

// ErrTooManyAdAccounts: there are MaxAdAccounts already.
var ErrTooManyAdAccounts = fmt.Errorf("there are %d ad accounts already", MaxAdAccounts)

// AdAccount says in which time zone a platform dates what it reports: a row of ad_accounts.
type AdAccount struct {
	bun.BaseModel `bun:"table:ad_accounts"`

	ProjectID int64  `bun:",pk"`
	Platform  string `bun:",pk"`
	// TimeZone is an IANA name.
	TimeZone  string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// SetAdAccount stores the account, or replaces that of the same platform. ErrTooManyAdAccounts when there is no room.
func (p *Project) SetAdAccount(ctx context.Context, account *AdAccount) error {
	account.ProjectID = p.ID
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		// One at a time, so that two at once do not both find room.
		if err := tx.NewRaw("SELECT id FROM projects WHERE id = ? FOR NO KEY UPDATE", p.ID).Scan(ctx, new(int64)); err != nil {
			return err
		}
		others, err := tx.NewSelect().Model((*AdAccount)(nil)).Where("project_id = ? AND platform <> ?", p.ID, account.Platform).Count(ctx)
		if err != nil {
			return err
		}
		if others >= MaxAdAccounts {
			return ErrTooManyAdAccounts
		}
		_, err = tx.NewInsert().Model(account).On("CONFLICT (project_id, platform) DO UPDATE").
			Set("time_zone = EXCLUDED.time_zone").Set("updated_at = EXCLUDED.updated_at").Exec(ctx)
		return err
	})
	return classify("save the ad account", err)
}

// DeleteAdAccount forgets a platform's time zone; nothing happens where none is known.
func (p *Project) DeleteAdAccount(ctx context.Context, platform string) error {
	_, err := p.store.db.NewDelete().Model((*AdAccount)(nil)).Where("project_id = ? AND platform = ?", p.ID, platform).Exec(ctx)
	return classify("delete the ad account", err)
}

// AdAccounts lists the project's ad accounts by platform: at most MaxAdAccounts.
func (p *Project) AdAccounts(ctx context.Context) ([]AdAccount, error) {
	var accounts []AdAccount
	err := p.store.db.NewSelect().Model(&accounts).Where("project_id = ?", p.ID).OrderExpr(`platform COLLATE "C"`).Limit(MaxAdAccounts).Scan(ctx)
	return accounts, classify("list the ad accounts", err)
}
