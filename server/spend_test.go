package server_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/go-cmp/cmp"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo/repotest"
)

// wizard imports files as the dashboard does.
type wizard struct {
	t      *testing.T
	client microtrackerv1connect.AdsServiceClient
	id     int64
}

// upload sends a file in pieces and returns the import's id.
func (z *wizard) upload(name string, file []byte, piece int) int64 {
	z.t.Helper()
	made, err := z.client.CreateSpendImport(z.t.Context(), &microtrackerv1.CreateSpendImportRequest{ProjectId: z.id, FileName: name})
	if err != nil {
		z.t.Fatal(err)
	}
	id := made.GetImport().GetImportId()
	for offset := 0; offset < len(file); {
		res, err := z.client.UploadSpendChunk(z.t.Context(), &microtrackerv1.UploadSpendChunkRequest{
			ProjectId: z.id, ImportId: id, Offset: int64(offset), Data: file[offset:min(offset+piece, len(file))],
		})
		if err != nil {
			z.t.Fatal(err)
		}
		offset = int(res.GetNextOffset())
	}
	return id
}

// until waits until no work is done on the import.
func (z *wizard) until(id int64) *microtrackerv1.SpendImport {
	z.t.Helper()
	ctx, cancel := context.WithTimeout(z.t.Context(), time.Minute)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		res, err := z.client.GetSpendImport(ctx, &microtrackerv1.GetSpendImportRequest{ProjectId: z.id, ImportId: id})
		if err != nil {
			z.t.Fatal(err)
		}
		switch res.GetImport().GetState() {
		case microtrackerv1.SpendImport_STATE_CHECKING, microtrackerv1.SpendImport_STATE_IMPORTING, microtrackerv1.SpendImport_STATE_UNDOING:
			<-again.C
		default:
			return res.GetImport()
		}
	}
}

func (z *wizard) check(id int64, layout *microtrackerv1.SpendLayout) *microtrackerv1.SpendImport {
	z.t.Helper()
	if _, err := z.client.CheckSpendImport(z.t.Context(), &microtrackerv1.CheckSpendImportRequest{ProjectId: z.id, ImportId: id, Layout: layout}); err != nil {
		z.t.Fatal(err)
	}
	return z.until(id)
}

func (z *wizard) start(id int64) *microtrackerv1.SpendImport {
	z.t.Helper()
	if _, err := z.client.StartSpendImport(z.t.Context(), &microtrackerv1.StartSpendImportRequest{ProjectId: z.id, ImportId: id}); err != nil {
		z.t.Fatal(err)
	}
	return z.until(id)
}

func (z *wizard) rows(id int64, outcome microtrackerv1.SpendOutcome) []string {
	z.t.Helper()
	var list []string
	req := &microtrackerv1.ListSpendImportRowsRequest{ProjectId: z.id, ImportId: id, Outcome: outcome, PageSize: 2}
	for {
		res, err := z.client.ListSpendImportRows(z.t.Context(), req)
		if err != nil {
			z.t.Fatal(err)
		}
		for _, row := range res.GetRows() {
			line := fmt.Sprintf("%d %s", row.GetLine(), strings.TrimPrefix(row.GetOutcome().String(), "SPEND_OUTCOME_"))
			if row.GetSpend() != nil && row.GetReason() == "" {
				line = fmt.Sprintf("%s %s %s %s", line, row.GetSpend().GetDate(), row.GetSpend().GetAdId(), row.GetSpend().GetSpend())
			}
			if row.GetFormer() != nil {
				line = fmt.Sprintf("%s was %s", line, row.GetFormer().GetSpend())
			}
			list = append(list, strings.TrimSpace(line+" "+row.GetReason()))
		}
		if req.PageToken = res.GetNextPageToken(); req.GetPageToken() == "" {
			return list
		}
	}
}

func googleExport(rows ...string) []byte {
	return []byte("Ad report\nOctober 2026\nDay,Campaign ID,Campaign,Ad group ID,Ad group,Ad ID,Currency code,Impr.,Clicks,Cost\n" + strings.Join(rows, "\n") + "\n")
}

func TestAFileOfSpendIsLookedAtImportedRestatedAndUndone(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.work(t)
	who := w.account(t)
	z := &wizard{t, w.adsOf(t, who), who.project.ID}
	currency := who.project.Currency
	first := googleExport("2026-10-05,1,Brand,2,Exact,3,"+currency+",100,5,\"1,234.50\"", "2026-10-06,1,Brand,2,Exact,3,"+currency+",100,5,2.00", "Total: Campaigns,,,,,,,200,10,3.50")
	id := z.upload("october.csv", first, 40)
	checked := z.check(id, nil)
	if checked.GetState() != microtrackerv1.SpendImport_STATE_CHECKED || checked.GetLayout().GetPlatform() != "google" || checked.GetLayout().GetHeaderLine() != 3 ||
		checked.GetPreview().GetTitles()[0] != "Day" || len(checked.GetPreview().GetRows()) != 3 || checked.GetByteCount() != int64(len(first)) {
		t.Fatalf("%v", checked)
	}
	if diff := cmp.Diff([]string{"4 NEW 2026-10-05 3 1234.50", "5 NEW 2026-10-06 3 2.00", "6 LEFT_OUT total"}, z.rows(id, 0)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := repotest.Number(t, w.databaseURL, "SELECT count(*) FROM ad_spend_fact"); n != 0 {
		t.Fatalf("looking wrote %d rows", n)
	}
	z.start(id)
	again := z.upload("again.csv", first, 512<<10)
	if same := z.check(again, nil); same.GetSameFileImportId() != id || same.GetCounts().GetSame() != 2 {
		t.Errorf("the same file: %v", same)
	}
	restated := z.upload("restated.csv", googleExport("2026-10-05,1,Brand,2,Exact,3,,100,5,1234.51", "2026-10-06,1,Brand,2,Exact,3,,100,5,2.00", "2026-10-07,1,Brand,2,Exact,3,,1,1,0.10"), 512<<10)
	z.check(restated, nil)
	for outcome, want := range map[microtrackerv1.SpendOutcome][]string{
		microtrackerv1.SpendOutcome_SPEND_OUTCOME_LEFT_OUT: nil,
		microtrackerv1.SpendOutcome_SPEND_OUTCOME_CHANGED:  {"4 CHANGED 2026-10-05 3 1234.51 was 1234.50"},
		microtrackerv1.SpendOutcome_SPEND_OUTCOME_SAME:     {"5 SAME 2026-10-06 3 2.00"},
		microtrackerv1.SpendOutcome_SPEND_OUTCOME_NEW:      {"6 NEW 2026-10-07 3 0.10"},
		microtrackerv1.SpendOutcome_SPEND_OUTCOME_REFUSED:  nil,
	} {
		if diff := cmp.Diff(want, z.rows(restated, outcome)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", outcome, diff)
		}
	}
	z.start(restated)
	_, err := z.client.UndoSpendImport(t.Context(), &microtrackerv1.UndoSpendImportRequest{ProjectId: z.id, ImportId: id})
	if connect.CodeOf(err) != connect.CodeFailedPrecondition || !strings.Contains(err.Error(), strconv.FormatInt(restated, 10)) {
		t.Errorf("undoing what was restated: %v", err)
	}
	for _, one := range []int64{restated, id} {
		if _, err := z.client.UndoSpendImport(t.Context(), &microtrackerv1.UndoSpendImportRequest{ProjectId: z.id, ImportId: one}); err != nil {
			t.Fatal(err)
		}
		if undone := z.until(one); undone.GetState() != microtrackerv1.SpendImport_STATE_UNDONE {
			t.Fatalf("%v", undone)
		}
		left := repotest.Texts(t, w.databaseURL, "SELECT concat_ws(' ', date, spend) FROM ad_spend_fact ORDER BY 1")
		if one == restated && !cmp.Equal(left, []string{"2026-10-05 1234.50", "2026-10-06 2.00"}) || one == id && len(left) > 0 {
			t.Errorf("left after undoing %d: %v", one, left)
		}
	}
	list, err := z.client.ListSpendImports(t.Context(), &microtrackerv1.ListSpendImportsRequest{ProjectId: z.id, PageSize: 2})
	if err != nil || len(list.GetImports()) != 2 || list.GetImports()[0].GetImportId() != restated || list.GetNextPageToken() == "" {
		t.Errorf("%v, %v", list, err)
	}
}

func TestWhatIsWrongWithAFileOfSpendIsSaidAndCanBePutRight(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.work(t)
	who := w.account(t)
	z := &wizard{t, w.adsOf(t, who), who.project.ID}
	id := z.upload("mine.csv", []byte("Datum;K;G;Ad ID;Imp;Klicks;Kosten\n05.10.2026;1;2;3;10;1;0,50\n05.10.2026;1;2;3;10;1;0,50\n"), 7)
	checked := z.check(id, nil)
	if missing := strings.Join(checked.GetPreview().GetMissingFields(), " "); checked.GetState() != microtrackerv1.SpendImport_STATE_UPLOADED ||
		missing != "campaign_id adset_id impressions platform" {
		t.Fatalf("%v", checked)
	}
	layout := checked.GetLayout()
	layout.Platform = "reddit"
	for i, field := range map[int32]string{1: "campaign_id", 2: "adset_id", 4: "impressions"} {
		layout.Columns = append(layout.Columns, &microtrackerv1.SpendColumn{Field: field, Column: i})
	}
	if checked = z.check(id, layout); checked.GetState() != microtrackerv1.SpendImport_STATE_CHECKED {
		t.Fatalf("%v", checked)
	}
	if diff := cmp.Diff([]string{"2 NEW 2026-10-05 3 0.50", "3 REFUSED duplicate"}, z.rows(id, 0)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := z.client.StartSpendImport(t.Context(), &microtrackerv1.StartSpendImportRequest{ProjectId: z.id, ImportId: id}); connect.CodeOf(err) != connect.CodeFailedPrecondition {
		t.Errorf("with a row refused: %v", err)
	}
	if _, err := z.client.StartSpendImport(t.Context(), &microtrackerv1.StartSpendImportRequest{ProjectId: z.id, ImportId: id, WithoutRefused: true}); err != nil {
		t.Error(err)
	}
	if done := z.until(id); done.GetState() != microtrackerv1.SpendImport_STATE_IMPORTED {
		t.Errorf("%v", done)
	}
	open := z.upload("open.csv", []byte("no table"), 512<<10)
	for what, call := range map[string]func() error{
		"upload behind the end": func() error {
			_, err := z.client.UploadSpendChunk(t.Context(), &microtrackerv1.UploadSpendChunkRequest{ProjectId: z.id, ImportId: open, Offset: 9, Data: []byte("x")})
			return err
		},
		"no table": func() error {
			_, err := z.client.CheckSpendImport(t.Context(), &microtrackerv1.CheckSpendImportRequest{ProjectId: z.id, ImportId: open})
			return err
		},
		"a layout that is none": func() error {
			_, err := z.client.CheckSpendImport(t.Context(), &microtrackerv1.CheckSpendImportRequest{ProjectId: z.id, ImportId: open, Layout: &microtrackerv1.SpendLayout{}})
			return err
		},
	} {
		if err := call(); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := z.client.CancelSpendImport(t.Context(), &microtrackerv1.CancelSpendImportRequest{ProjectId: z.id, ImportId: open}); err != nil {
		t.Error(err)
	}
	if _, err := z.client.GetSpendImport(t.Context(), &microtrackerv1.GetSpendImportRequest{ProjectId: z.id, ImportId: open}); connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("forgotten: %v", err)
	}
}

func TestAnImportOfSpendIsCancelledAndGoneOnWith(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	z := &wizard{t, w.adsOf(t, who), who.project.ID}
	var rows []string
	for i := range 12_000 {
		rows = append(rows, fmt.Sprintf("2026-10-0%d,1,Brand,2,Exact,%d,,100,5,1.25", 1+i%7, i/7))
	}
	id := z.upload("many.csv", googleExport(rows...), 100_000)
	// Nobody works yet: what is begun waits, and is cancelled.
	begun, err := z.client.CheckSpendImport(t.Context(), &microtrackerv1.CheckSpendImportRequest{ProjectId: z.id, ImportId: id})
	if err != nil || begun.GetImport().GetState() != microtrackerv1.SpendImport_STATE_CHECKING {
		t.Fatal(begun, err)
	}
	cancelled, err := z.client.CancelSpendImport(t.Context(), &microtrackerv1.CancelSpendImportRequest{ProjectId: z.id, ImportId: id})
	if err != nil || cancelled.GetImport().GetState() != microtrackerv1.SpendImport_STATE_UPLOADED {
		t.Fatal(cancelled, err)
	}
	w.work(t)
	if checked := z.check(id, nil); checked.GetCounts().GetNew() != 12_000 {
		t.Fatalf("%v", checked)
	}
	// The import waits for another transaction, with all its rows written, and is cancelled there.
	release := repotest.Hold(t, w.databaseURL, fmt.Sprintf("SELECT pg_advisory_xact_lock(hashtextextended('ad spend', %d))", z.id))
	if _, err := z.client.StartSpendImport(t.Context(), &microtrackerv1.StartSpendImportRequest{ProjectId: z.id, ImportId: id}); err != nil {
		t.Fatal(err)
	}
	cancelled, err = z.client.CancelSpendImport(t.Context(), &microtrackerv1.CancelSpendImportRequest{ProjectId: z.id, ImportId: id})
	release()
	if err != nil || cancelled.GetImport().GetState() != microtrackerv1.SpendImport_STATE_CHECKED {
		t.Fatal(cancelled, err)
	}
	if n := repotest.Number(t, w.databaseURL, "SELECT count(*) FROM ad_spend_fact"); n != 0 {
		t.Errorf("%d rows of a cancelled import", n)
	}
	if done := z.start(id); done.GetState() != microtrackerv1.SpendImport_STATE_IMPORTED {
		t.Fatalf("%v", done)
	}
	if n := repotest.Number(t, w.databaseURL, "SELECT (100 * sum(spend))::bigint FROM ad_spend_fact"); n != 12_000*125 {
		t.Errorf("%d cents", n)
	}
}

// TestACancelledImportOfSpendEndsWithinABlockAndLeavesNothing: in the middle of the look at the file, and in the middle of the import,
// for which the rows were compared anew.
func TestACancelledImportOfSpendEndsWithinABlockAndLeavesNothing(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.work(t)
	who := w.account(t)
	z := &wizard{t, w.adsOf(t, who), who.project.ID}
	number := func(query string) int64 { return repotest.Number(t, w.databaseURL, "SELECT count(*) FROM "+query) }
	cancel := func(id int64, want microtrackerv1.SpendImport_State) {
		t.Helper()
		res, err := z.client.CancelSpendImport(t.Context(), &microtrackerv1.CancelSpendImportRequest{ProjectId: z.id, ImportId: id})
		if err != nil || res.GetImport().GetState() != want {
			t.Fatalf("%v, %v", res, err)
		}
	}
	ended := func() {
		t.Helper()
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		for n := int64(1); n > 0; n = number("jobs") + number("pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation WHERE c.relname = 'ad_spend_fact' AND l.mode = 'RowExclusiveLock'") {
			if ctx.Err() != nil {
				t.Fatal("the work does not end")
			}
		}
	}
	var rows []string
	for i := range 30_000 {
		rows = append(rows, fmt.Sprintf("2026-10-0%d,1,Brand,2,Exact,%d,,100,5,1.25", 1+i%7, i/7))
	}
	file := googleExport(rows...)
	begin := func(id int64) {
		t.Helper()
		if _, err := z.client.CheckSpendImport(t.Context(), &microtrackerv1.CheckSpendImportRequest{ProjectId: z.id, ImportId: id}); err != nil {
			t.Fatal(err)
		}
	}
	stuck, release := repotest.HoldInserts(t, w.databaseURL, "spend_import_blocks", "(SELECT count(*) FROM spend_import_blocks) = 2")
	id := z.upload("many.csv", file, 100_000)
	begin(id)
	stuck()
	go release() // the third block, which is being stored, is waited for
	cancel(id, microtrackerv1.SpendImport_STATE_UPLOADED)
	ended()
	if n := number("spend_import_blocks"); n < 2 || n > 4 {
		t.Errorf("%d blocks", n)
	}
	begin(id)
	if checked := z.until(id); checked.GetCounts().GetNew() != 30_000 || number("spend_import_blocks, unnest(lines)") != 30_000 {
		t.Fatalf("gone on with: %v", checked)
	}
	if _, err := z.client.ImportSpend(t.Context(), &microtrackerv1.ImportSpendRequest{ProjectId: z.id, Rows: []*microtrackerv1.SpendInput{{Spend: &microtrackerv1.AdSpend{
		Platform: "google", Date: "2026-10-01", CampaignId: "1", AdsetId: "2", AdId: "0", Spend: "7.00",
	}}}}); err != nil {
		t.Fatal(err)
	}
	repotest.Exec(t, w.databaseURL, "DROP FUNCTION wait_at_insert() CASCADE")
	stuck, release = repotest.HoldInserts(t, w.databaseURL, "ad_spend_fact", "(SELECT count(*) FROM ad_spend_fact) >= 10000")
	if _, err := z.client.StartSpendImport(t.Context(), &microtrackerv1.StartSpendImportRequest{ProjectId: z.id, ImportId: id}); err != nil {
		t.Fatal(err)
	}
	stuck()
	cancel(id, microtrackerv1.SpendImport_STATE_CHECKED)
	release()
	ended()
	if n := repotest.Number(t, w.databaseURL, "SELECT (100 * sum(spend))::bigint FROM ad_spend_fact"); n != 700 {
		t.Errorf("%d cents", n)
	}
	cancel(id, microtrackerv1.SpendImport_STATE_UNSPECIFIED)
	if n := number("spend_import_blocks WHERE import_id = " + strconv.FormatInt(id, 10)); n != 0 || number("spend_import_chunks") != 0 || number("spend_imports") != 1 {
		t.Errorf("%d blocks are left, or pieces, or the import", n)
	}
	repotest.Exec(t, w.databaseURL, "DROP FUNCTION wait_at_insert() CASCADE")
	again := z.upload("again.csv", file, 512<<10)
	z.check(again, nil)
	z.start(again)
	if n := repotest.Number(t, w.databaseURL, "SELECT (100 * sum(spend))::bigint FROM ad_spend_fact"); n != 30_000*125 {
		t.Errorf("%d cents", n)
	}
}

func TestRowsOfSpendAreImportedAtOnce(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	client := w.adsOf(t, who)
	input := func(ad, date, spend string) *microtrackerv1.SpendInput {
		return &microtrackerv1.SpendInput{CampaignName: "Brand", Spend: &microtrackerv1.AdSpend{
			Platform: "google", Date: date, CampaignId: "1", AdsetId: "2", AdId: ad, Impressions: 10, Clicks: 1, Spend: spend,
		}}
	}
	req := &microtrackerv1.ImportSpendRequest{ProjectId: who.project.ID, DryRun: true, Rows: []*microtrackerv1.SpendInput{input("3", "2026-10-05", "1.00"), input("4", "2026-10-05", "0.10")}}
	res, err := client.ImportSpend(t.Context(), req)
	if err != nil || res.GetImport() != nil || res.GetCounts().GetNew() != 2 {
		t.Fatal(res, err)
	}
	req.DryRun = false
	if res, err = client.ImportSpend(t.Context(), req); err != nil || res.GetImport().GetState() != microtrackerv1.SpendImport_STATE_IMPORTED || res.GetCounts().GetNew() != 2 {
		t.Fatal(res, err)
	}
	req.Rows = []*microtrackerv1.SpendInput{input("3", "2026-10-05", "1.50"), input("4", "2026-10-05", "0.10"), input("", "2026-10-05", "1"), input("3", "2126-10-05", "1"), input("3", "2026-10-06", "-1"), input("3", "2026-10-05", "2")}
	for _, without := range []bool{false, true} {
		req.WithoutRefused = without
		if res, err = client.ImportSpend(t.Context(), req); err != nil || (res.GetImport() != nil) != without {
			t.Fatal(res, err)
		}
		var got []string
		for _, row := range res.GetRows() {
			got = append(got, fmt.Sprintf("%d %s %s", row.GetLine(), row.GetReason(), row.GetFormer().GetSpend()))
		}
		if diff := cmp.Diff([]string{"1  1.00", "3 missing_id ", "4 future ", "5 negative ", "6 duplicate "}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	left := repotest.Texts(t, w.databaseURL, "SELECT concat_ws(' ', ad_id, spend) FROM ad_spend_fact ORDER BY 1")
	if diff := cmp.Diff([]string{"3 1.50", "4 0.10"}, left); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	req.Currency = "JPY"
	if _, err := client.ImportSpend(t.Context(), req); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("another currency: %v", err)
	}
}
