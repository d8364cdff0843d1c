package tasks_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/ads"
	"github.com/microtracker/microtracker/server/jobs"
	"github.com/microtracker/microtracker/server/tasks"
)

// importer imports files with workers that a test stops.
type importer struct {
	url     string
	store   *repo.Store
	project *repo.Project
}

// work does jobs until stop is called or the test ends. Of what it is at when it stops, it waits for nothing.
func (m *importer) work(t *testing.T) (stop func()) {
	t.Helper()
	registry := jobs.NewRegistry()
	logger := slog.New(slog.NewTextHandler(t.Output(), nil))
	tasks.Register(registry, tasks.Config{Store: m.store, Logger: logger})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		jobs.NewWorker(jobs.Config{Store: m.store, Registry: registry, Logger: logger, Poll: 50 * time.Millisecond, Grace: time.Nanosecond}).Run(ctx)
	}()
	stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return stop
}

// upload stores a file in pieces of 64 KiB and begins to look at it.
func (m *importer) upload(t *testing.T, file []byte) *repo.SpendImport {
	t.Helper()
	made, err := m.project.CreateSpendImport(t.Context(), "f.csv", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	offset := int64(0)
	for piece := range slices.Chunk(file, 64<<10) {
		if offset, err = m.project.AppendSpendChunk(t.Context(), made.ID, offset, piece); err != nil {
			t.Fatal(err)
		}
	}
	found, err := ads.Detect(file)
	if err != nil {
		t.Fatal(err)
	}
	layout, err := json.Marshal(found.Layout)
	if err != nil {
		t.Fatal(err)
	}
	return m.begin(t, made.ID, repo.SpendUploading, repo.SpendChecking, layout, tasks.CheckSpendBatch)
}

func (m *importer) begin(t *testing.T, id int64, from, to repo.SpendState, layout []byte, batchOf func(tasks.SpendArgs) (*repo.NewBatch, error)) *repo.SpendImport {
	t.Helper()
	batch, err := batchOf(tasks.SpendArgs{ProjectID: m.project.ID, ImportID: id})
	if err != nil {
		t.Fatal(err)
	}
	begun, err := m.project.BeginSpendWork(t.Context(), id, repo.SpendWork{From: []repo.SpendState{from}, To: to, Layout: layout, Preview: []byte("{}"), Batch: batch})
	if err != nil {
		t.Fatal(err)
	}
	return begun
}

// until waits until the import is in a state.
func (m *importer) until(t *testing.T, id int64, state repo.SpendState) *repo.SpendImport {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		found, err := m.project.SpendImport(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if found.State == state {
			return found
		}
		<-again.C
	}
}

func (m *importer) facts(t *testing.T) []string {
	t.Helper()
	return repotest.Texts(t, m.url, "SELECT concat_ws(' ', platform, date, campaign_id, adset_id, ad_id, impressions, clicks, spend) FROM ad_spend_fact ORDER BY 1")
}

// manyAds is a file of so many rows, the last of which comes a second time.
func manyAds(rows int) []byte {
	var file bytes.Buffer
	file.WriteString("Day,Campaign ID,Campaign,Ad group ID,Ad group,Ad ID,Impr.,Clicks,Cost\n")
	for i := range rows {
		fmt.Fprintf(&file, "2026-10-%02d,1,Größe,2,\"Exact, all\",%d,100,5,%d.25\n", 1+i%7, i/7, i)
	}
	file.WriteString("2026-10-01,1,Größe,2,Exact,0,100,5,9.00\n")
	return file.Bytes()
}

func TestAnImportThatWasInterruptedGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	m := &importer{url: url, store: repotest.Open(t, url)}
	m.project = repotest.Project(t, m.store)
	const rows = 17_000
	file := manyAds(rows)
	if err := m.project.ReplaceAdSpend(t.Context(), []repo.AdSpend{{
		Platform: "google", Date: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), CampaignID: "1", AdsetID: "2", AdID: "0", Impressions: 1, Clicks: 1, Spend: "1.00",
	}}); err != nil {
		t.Fatal(err)
	}
	before := m.facts(t)
	stuck, release := repotest.HoldInserts(t, url, "spend_import_blocks", "(SELECT count(*) FROM spend_import_blocks) = 2")
	stop := m.work(t)
	made := m.upload(t, file)
	stuck()
	stop() // in the middle of the third block
	found, err := m.project.SpendImport(t.Context(), made.ID)
	if err != nil || found.State != repo.SpendChecking || found.DoneRows != 2*repo.SpendBlockRows || found.NewRows != 2*repo.SpendBlockRows-1 {
		t.Fatalf("%+v, %v", found, err)
	}
	release()
	// Nobody can read again what was read before.
	repotest.Exec(t, url, "DELETE FROM spend_import_chunks WHERE position + length(data) <= (SELECT (checkpoint -> 'position' ->> 'bytes')::bigint FROM spend_imports)")
	if left := repotest.Number(t, url, "SELECT count(*) FROM spend_import_chunks"); left*64<<10 > int64(len(file))/2 {
		t.Fatalf("%d pieces of %d bytes are left", left, len(file))
	}
	repotest.Exec(t, url, "CREATE TABLE kept AS SELECT first_line, xmin::text AS by FROM spend_import_blocks")
	stop = m.work(t)
	checked := m.until(t, made.ID, repo.SpendChecked)
	if n := repotest.Number(t, url, "SELECT count(*) FROM spend_import_blocks AS b JOIN kept AS k ON b.first_line = k.first_line AND b.xmin::text = k.by"); n != 2 {
		t.Errorf("%d of the blocks kept before are as they were", n)
	}
	sum := sha256.Sum256(file)
	if checked.NewRows != rows-1 || checked.ChangedRows != 1 || checked.RefusedRows != 1 || checked.ContentHash != hex.EncodeToString(sum[:]) || checked.Checkpoint != nil {
		t.Fatalf("%+v", checked)
	}
	if refused, err := m.project.SpendRows(t.Context(), made.ID, new(repo.SpendRefused), repo.Page[int]{Limit: 10}); err != nil || len(refused) != 1 ||
		refused[0].Line != rows+2 || refused[0].Detail != "line 2 has the same ad and day: export without breakdowns, one row for each" {
		t.Errorf("%+v, %v", refused, err)
	}
	// Now in the middle of what stores the rows: of that nothing is to be seen until all is.
	repotest.Exec(t, url, "DROP FUNCTION wait_at_insert() CASCADE")
	stuck, release = repotest.HoldInserts(t, url, "ad_spend_fact", "(SELECT count(*) FROM ad_spend_fact) >= 5000")
	m.begin(t, made.ID, repo.SpendChecked, repo.SpendImporting, nil, tasks.ImportSpendBatch)
	stuck()
	stop()
	release()
	if diff := cmp.Diff(before, m.facts(t)); diff != "" {
		t.Errorf("interrupted (-before +after):\n%s", diff)
	}
	m.work(t)
	m.until(t, made.ID, repo.SpendImported)
	want := make([]string, rows)
	for i := range want {
		want[i] = fmt.Sprintf("google 2026-10-%02d 1 2 %d 100 5 %d.25", 1+i%7, i/7, i)
	}
	slices.Sort(want)
	got := m.facts(t)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	m.begin(t, made.ID, repo.SpendImported, repo.SpendUndoing, nil, tasks.UndoSpendBatch)
	m.until(t, made.ID, repo.SpendUndone)
	if diff := cmp.Diff(before, m.facts(t)); diff != "" {
		t.Errorf("undone (-before +after):\n%s", diff)
	}
}

// A worker that is taken for dead goes on, while another one has its job: what each line brings is kept once.
func TestTwoWorkersAtOneFileKeepEachRowOnce(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	m := &importer{url: url, store: repotest.Open(t, url)}
	m.project = repotest.Project(t, m.store)
	stuck, release := repotest.HoldInserts(t, url, "spend_import_blocks", "(SELECT count(*) FROM spend_import_blocks) = 1")
	m.work(t)
	made := m.upload(t, manyAds(12_000))
	stuck()
	repotest.Exec(t, url, "UPDATE jobs SET reserved_at = NULL, available_at = epoch_now()")
	m.work(t)
	release()
	checked := m.until(t, made.ID, repo.SpendChecked)
	if checked.NewRows != 12_000 || checked.RefusedRows != 1 {
		t.Errorf("%+v", checked)
	}
	if n := repotest.Number(t, url, "SELECT count(DISTINCT line) FROM spend_import_blocks, unnest(lines) AS line"); n != 12_001 {
		t.Errorf("%d lines", n)
	}
}
