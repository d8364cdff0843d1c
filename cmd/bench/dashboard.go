package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server"
	"github.com/microtracker/microtracker/server/identity"
)

// What a person waits for at most.
const (
	openedWithin   = 1500 * time.Millisecond
	filteredWithin = 300 * time.Millisecond
	scriptAtMost   = 200 << 10
)

// dashboard measures the overview of twelve months in a browser: how long it takes to open, how long a filter takes to be drawn, and
// how much JavaScript comes first. The last of the months has events, 5 million; the eleven before it have what was counted of them.
func dashboard(ctx context.Context, b *bench) ([]row, error) {
	s, err := b.year(ctx)
	if err != nil {
		return nil, err
	}
	defer s.close() //nolint:errcheck // its folder goes, or is kept as it is
	return s.browse(ctx, b)
}

// year returns the site with twelve months: the one that an earlier run kept, or a new one.
func (b *bench) year(ctx context.Context) (*site, error) {
	_, err := os.Stat(filepath.Join(b.dir, "dashboard"))
	if kept := err == nil; kept {
		return b.keptYear(ctx)
	}
	s, err := b.site(ctx, "dashboard")
	if err != nil {
		return nil, err
	}
	if err := s.fillYear(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// keptYear opens the site of an earlier run.
func (b *bench) keptYear(ctx context.Context) (*site, error) {
	db, err := b.database(ctx, "dashboard")
	if err != nil {
		return nil, err
	}
	project, err := projectOf(ctx, db.store, ownerEmail)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("what -dir has was not filled to the end, delete it: %w", err), db.close())
	}
	return &site{database: db, project: project}, nil
}

// projectOf opens the first project of that person.
func projectOf(ctx context.Context, store *repo.Store, email string) (*repo.Project, error) {
	user, err := store.UserByEmail(ctx, email)
	if err != nil {
		return nil, err
	}
	projects, err := store.ProjectsAsOperator(ctx, user.ID, repo.Page[int64]{Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(projects) == 0 {
		return nil, fmt.Errorf("%s has no project", email)
	}
	return store.OpenProjectAsOperator(ctx, projects[0].ID)
}

// fillYear stores the twelve months and counts them.
func (s *site) fillYear(ctx context.Context) error {
	until := time.Now().UTC().Truncate(24 * time.Hour)
	since := until.AddDate(0, 0, -reportDays)
	if err := s.fillMonth(ctx, since); err != nil {
		return err
	}
	refresher, err := s.countDays(ctx, since, until)
	if err != nil {
		return err
	}
	if err := s.copyMonths(ctx); err != nil {
		return err
	}
	if err := refresher.RollUpMonths(ctx, s.project.ID); err != nil {
		return err
	}
	return s.giveOwner(ctx, until.AddDate(0, 0, -12*reportDays))
}

// What the project's owner logs in with.
const (
	ownerEmail    = "owner@example.com"
	ownerPassword = "correct horse battery"
)

// giveOwner gives the project to somebody who can log in, as if he had made it that long ago.
func (s *site) giveOwner(ctx context.Context, created time.Time) error {
	account := repo.User{Name: "Owner", Email: ownerEmail, EmailVerifiedAt: created, CreatedAt: created}
	user, err := server.CreateUser(ctx, s.store, identity.NewPasswords(1), account, ownerPassword)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, fmt.Sprintf("UPDATE projects SET owner_user_id = %d, created_at = '%s' WHERE id = %d",
		user.ID, created.Format(time.RFC3339), s.project.ID))
	return err
}

// browsed is what web/e2e/bench measures: milliseconds, one of each round, and bytes.
type browsed struct {
	Opened        []float64 `json:"opened"`
	OpenedWhole   []float64 `json:"openedWhole"`
	OpenedAPI     []float64 `json:"openedAPI"`
	OpenedWork    []float64 `json:"openedWork"`
	Filtered      []float64 `json:"filtered"`
	FilteredWhole []float64 `json:"filteredWhole"`

	Script           float64 `json:"script"`
	ScriptWithCharts float64 `json:"scriptWithCharts"`
	ScriptSent       float64 `json:"scriptSent"`
}

// browse measures with a browser: with servers that have read nothing yet, and then with one that has.
func (s *site) browse(ctx context.Context, b *bench) ([]row, error) {
	var unread browsed
	for range b.rounds {
		first, err := s.browseOnce(ctx, b, 1, false)
		if err != nil {
			return nil, err
		}
		unread.Opened = append(unread.Opened, first.Opened...)
		unread.OpenedAPI = append(unread.OpenedAPI, first.OpenedAPI...)
	}
	// The first of them is by a server that has read nothing yet.
	read, err := s.browseOnce(ctx, b, b.rounds+1, true)
	if err != nil {
		return nil, err
	}
	within := func(values []float64, limit time.Duration) float64 { return median(values) / 1000 / limit.Seconds() }
	took := func(whole, api []float64) string {
		return fmt.Sprintf("%.0f ms, of which the API took %.0f", median(whole), median(api))
	}
	return []row{
		{"overview of 12 months opened by a new browser / 1.5 s", within(read.Opened[1:], openedWithin), 1, false, fmt.Sprintf(
			"%s and the page's own work %.0f; all in sight after %.0f ms", took(read.Opened[1:], read.OpenedAPI[1:]), median(read.OpenedWork[1:]), median(read.OpenedWhole[1:]))},
		{"the same by a server that has read nothing yet", within(unread.Opened, openedWithin), 1, false, took(unread.Opened, unread.OpenedAPI)},
		{"a filter drawn, the API takes 100 ms / 300 ms", within(read.Filtered, filteredWithin), 1, false, fmt.Sprintf(
			"%.0f ms; all in sight after %.0f ms", median(read.Filtered), median(read.FilteredWhole))},
		{"JavaScript before the charts, gzip / 200 KB", read.Script / scriptAtMost, 1, false, fmt.Sprintf(
			"%.1f KB; with them %.1f KB; sent as %.1f KB", read.Script/1024, read.ScriptWithCharts/1024, read.ScriptSent/1024)},
	}, nil
}

// browseOnce starts a server, has a browser open the project so many times and maybe as often filter it, and ends the server.
func (s *site) browseOnce(ctx context.Context, b *bench, rounds int, filters bool) (seen browsed, err error) {
	tracker, err := b.serve(ctx, s.database)
	if err != nil {
		return seen, err
	}
	defer func() { err = errors.Join(err, tracker.stop()) }()
	out := filepath.Join(b.dir, "browsed.json")
	cmd := exec.CommandContext(ctx, "npx", "playwright", "test", "-c", "e2e/bench")
	cmd.Dir = "web"
	cmd.Env = append(os.Environ(), "BENCH_URL=http://"+tracker.address, "BENCH_EMAIL="+ownerEmail, "BENCH_PASSWORD="+ownerPassword,
		"BENCH_PROJECT="+strconv.FormatInt(s.project.ID, 10), "BENCH_ROUNDS="+strconv.Itoa(rounds), "BENCH_FILTERS="+strconv.FormatBool(filters), "BENCH_OUT="+out)
	if printed, err := cmd.CombinedOutput(); err != nil {
		return seen, fmt.Errorf("measure in the browser: %w\n%s", err, printed)
	}
	measured, err := os.ReadFile(out) //nolint:gosec // in the folder of this run
	if err != nil {
		return seen, err
	}
	err = json.Unmarshal(measured, &seen)
	return seen, err
}
