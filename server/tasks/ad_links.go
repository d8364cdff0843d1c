package tasks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/ads"
	"github.com/microtracker/microtracker/server/jobs"
)

// lintedDays is how far back landing pages are looked at.
const lintedDays = 7

// lintLandingPages checks the addresses that ads have led to lately.
func lintLandingPages() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "ads.lint_landing_pages", Version: 1, Queue: upkeepQueue, MaxAttempts: 3, Timeout: time.Hour}
}

func (w *worker) registerAdLinks(registry *jobs.Registry) {
	jobs.Handle(registry, lintLandingPages(), func(ctx context.Context, _ *jobs.Running, _ struct{}) error { return w.lintLandingPages(ctx) })
	jobs.AddSchedule(registry, "lint landing pages", "10 5 * * *", "UTC", lintLandingPages(), struct{}{})
}

func (w *worker) lintLandingPages(ctx context.Context) error {
	return w.eachProject(ctx, func(id int64) error {
		err := w.lintProject(ctx, id)
		if errors.Is(err, repo.ErrNotFound) {
			return nil // it has gone meanwhile
		}
		return err
	})
}

func (w *worker) lintProject(ctx context.Context, id int64) error {
	project, err := w.Store.OpenProject(ctx, repo.Caller{ProjectID: id}, id)
	if err != nil {
		return err
	}
	now := w.Now()
	pages, err := project.MacroPages(ctx, now.AddDate(0, 0, -lintedDays))
	if err != nil {
		return err
	}
	findings := make([]repo.AdFinding, 0, len(pages))
	for _, page := range pages {
		linted, err := ads.LintLanded(page.URL, "")
		if err != nil || len(linted.Findings) == 0 {
			continue // no address that can be mended
		}
		found, err := json.Marshal(linted.Findings)
		if err != nil {
			return err
		}
		hash := sha256.Sum256([]byte(page.URL))
		findings = append(findings, repo.AdFinding{
			URLHash: hex.EncodeToString(hash[:]), Platform: linted.Platform, LandingURL: page.URL, FixedURL: linted.Fixed, Findings: found,
			Sessions: page.Sessions, FirstSeenAt: page.FirstSeenAt, LastSeenAt: page.LastSeenAt,
		})
	}
	return project.SaveAdFindings(ctx, findings, now)
}
