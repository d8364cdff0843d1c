package repo

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"
)

const (
	// MaxAdFindings is how many addresses of a project are looked at: those that most people landed on.
	MaxAdFindings = 1000
	// AdFindingLife is for how long a finding is kept after somebody landed there last.
	AdFindingLife = 30 * 24 * time.Hour
)

// AdFinding is an address that ads led to with what is wrong with it: a row of ad_findings.
type AdFinding struct {
	bun.BaseModel `bun:"table:ad_findings"`

	ProjectID int64 `bun:",pk"`
	// URLHash is SHA-256 of LandingURL, in hex.
	URLHash    string `bun:"url_hash,pk"`
	Platform   string
	LandingURL string `bun:"landing_url"`
	// FixedURL is the address as it should be given to the platform.
	FixedURL string `bun:"fixed_url"`
	// Findings are what is wrong: whoever's who checks addresses.
	Findings    json.RawMessage `bun:"type:jsonb"`
	Sessions    int64
	FirstSeenAt time.Time
	LastSeenAt  time.Time
}

// MacroPage is an address on which sessions landed with a macro that nobody filled in, without click ids.
type MacroPage struct {
	URL         string
	Sessions    int64
	FirstSeenAt time.Time
	LastSeenAt  time.Time
}

// MacroPages returns the addresses of sessions since then that had a macro in them, those of most sessions first: at most MaxAdFindings.
func (p *Project) MacroPages(ctx context.Context, since time.Time) ([]MacroPage, error) {
	var pages []MacroPage
	err := p.store.db.NewRaw(`SELECT rtrim(regexp_replace(landing_url, ?, '', 'g'), ?) AS url, count(*) AS sessions,
			min(started_at) AS first_seen_at, max(started_at) AS last_seen_at
		FROM tracking_sessions WHERE project_id = ? AND started_at >= ? AND has_macro AND landing_url IS NOT NULL
		GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?`,
		`\m(gclid|gbraid|wbraid|fbclid|msclkid|ttclid|twclid|li_fat_id)=[^&#]*&?`, "?&", p.ID, since, MaxAdFindings).Scan(ctx, &pages)
	return pages, classify("look for macros on landing pages", err)
}

// SaveAdFindings stores findings, or brings known ones up to date, and forgets old ones.
func (p *Project) SaveAdFindings(ctx context.Context, findings []AdFinding, now time.Time) error {
	err := p.store.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewDelete().Model((*AdFinding)(nil)).Where("project_id = ? AND last_seen_at < ?", p.ID, now.Add(-AdFindingLife)).Exec(ctx)
		if err != nil || len(findings) == 0 {
			return err
		}
		for i := range findings {
			findings[i].ProjectID = p.ID
		}
		_, err = tx.NewInsert().Model(&findings).On("CONFLICT (project_id, url_hash) DO UPDATE").
			Set("platform = EXCLUDED.platform").Set("fixed_url = EXCLUDED.fixed_url").Set("findings = EXCLUDED.findings").
			Set("sessions = EXCLUDED.sessions").Set("first_seen_at = least(ad_finding.first_seen_at, EXCLUDED.first_seen_at)").
			Set("last_seen_at = greatest(ad_finding.last_seen_at, EXCLUDED.last_seen_at)").Exec(ctx)
		return err
	})
	return classify("save what is wrong with ads' addresses", err)
}

// AdFindingKey is the place of a finding in their list.
type AdFindingKey struct {
	LastSeenAt time.Time
	URLHash    string
}

// AdFindings lists the findings, those that somebody landed on last first: page.After is the place of the last one seen.
func (p *Project) AdFindings(ctx context.Context, page Page[*AdFindingKey]) ([]AdFinding, error) {
	var findings []AdFinding
	query := p.store.db.NewSelect().Model(&findings).Where("project_id = ?", p.ID).Order("last_seen_at DESC", "url_hash DESC").Limit(int64(page.Limit))
	if page.After != nil {
		query = query.Where("(last_seen_at, url_hash) < (?, ?)", page.After.LastSeenAt, page.After.URLHash)
	}
	return findings, classify("list what is wrong with ads' addresses", query.Scan(ctx))
}

// ProjectIDs lists all projects by id: page.After is the last one seen.
func (s *Store) ProjectIDs(ctx context.Context, page Page[int64]) ([]int64, error) {
	var ids []int64
	err := s.db.NewRaw("SELECT id FROM projects WHERE id > ? ORDER BY id LIMIT ?", page.After, page.Limit).Scan(ctx, &ids)
	return ids, classify("list the projects", err)
}
