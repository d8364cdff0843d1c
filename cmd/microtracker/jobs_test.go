package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/jobs"
)

// newJob is a job that no worker does here.
func newJob(t *testing.T, queue string) repo.NewJob {
	t.Helper()
	kind := jobs.Kind[map[string]string]{Name: "polish", Version: 1, Queue: queue, MaxAttempts: 3}
	job, err := kind.Job(map[string]string{"what": "the silver"}, jobs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func (o operated) enqueue(t *testing.T, job repo.NewJob) int64 {
	t.Helper()
	ids, err := o.Enqueue(t.Context(), job)
	if err != nil || len(ids) != 1 {
		t.Fatal(ids, err)
	}
	return ids[0]
}

// failJob has the queue's oldest job fail for good and returns its id among the failed ones.
func (o operated) failJob(t *testing.T, queue, exception string) int64 {
	t.Helper()
	reserved, err := o.ReserveJobs(t.Context(), queue, time.Minute, 1)
	if err != nil || len(reserved) != 1 {
		t.Fatal(reserved, err)
	}
	uuid := fmt.Sprint("uuid of ", reserved[0].ID)
	if err := o.FailJob(t.Context(), &reserved[0], uuid, exception); err != nil {
		t.Fatal(err)
	}
	return repotest.Number(t, o.url, "SELECT id FROM failed_jobs WHERE uuid = $1", uuid)
}

// refused says what a command that cannot be done says.
func (o operated) refused(t *testing.T, want string, args ...string) {
	t.Helper()
	if stdout, stderr, ok := o.run(t, args...); ok || !strings.Contains(stderr, want) {
		t.Errorf("microtracker %s: %v, want a refusal with %q\n%s%s", strings.Join(args, " "), ok, want, stdout, stderr)
	}
}

// columns makes a table's spaces one each.
func columns(output string) string { return regexp.MustCompile(` +`).ReplaceAllString(output, " ") }

func TestJobsAreListedShownAndCancelled(t *testing.T) {
	t.Parallel()
	o := operate(t)
	first := o.enqueue(t, newJob(t, "a"))
	second := o.enqueue(t, newJob(t, "b"))
	repotest.Exec(t, o.url, "UPDATE jobs SET attempts = 1, available_at = available_at + 3600, last_error = E'it broke\n  *net.OpError: the cable' WHERE id = $1", first)
	page, hint, _ := o.run(t, "jobs", "list", "--limit", "1")
	if !strings.Contains(columns(page), fmt.Sprintf("%d polish b waiting", second)) || strings.Contains(page, "delayed") || !strings.Contains(hint, fmt.Sprintf("--after %d", second)) {
		t.Errorf("the first page:\n%s%s", page, hint)
	}
	page = columns(o.must(t, "jobs", "list", "--limit", "1", "--after", idCell(second)))
	if !strings.Contains(page, fmt.Sprintf("%d polish a delayed", first)) || !strings.Contains(page, "1 of 3 - - it broke\n") {
		t.Errorf("the last page:\n%s", page)
	}
	if page := o.must(t, "jobs", "list", "--queue", "b"); strings.Contains(page, "delayed") {
		t.Errorf("of one queue:\n%s", page)
	}
	if shown := columns(o.must(t, "jobs", "show", idCell(first))); !strings.Contains(shown, "arguments {\"what\":\"the silver\"}\n") || !strings.Contains(shown, "last error it broke\n *net.OpError: the cable\n") {
		t.Errorf("shown:\n%s", shown)
	}
	queues := columns(o.must(t, "jobs", "queues"))
	if !strings.Contains(queues, "a 0 1 0 0s\n") || !strings.Contains(queues, "b 1 0 0 ") || !strings.Contains(queues, "failed jobs: 0\n") {
		t.Errorf("queues:\n%s", queues)
	}
	o.must(t, "jobs", "cancel", idCell(first))
	o.refused(t, "no job", "jobs", "cancel", idCell(first))
	o.refused(t, "no job", "jobs", "show", idCell(first))
	if left := repotest.Number(t, o.url, "SELECT count(*) FROM jobs"); left != 1 {
		t.Errorf("%d jobs are left", left)
	}
}

func TestFailedJobsAreShownRetriedAndDiscarded(t *testing.T) {
	t.Parallel()
	o := operate(t)
	const nasty = "it broke \x1b[2J\n  *net.OpError: the cable\u202e\x1b]0;pwned\x07\n\ngoroutine 1"
	var failed []int64
	for _, queue := range []string{"a", "a", "b", "b"} {
		o.enqueue(t, newJob(t, queue))
		failed = append(failed, o.failJob(t, queue, nasty))
	}
	broken := newJob(t, "b")
	broken.Payload = "no JSON"
	o.enqueue(t, broken)
	unreadable := o.failJob(t, "b", "it cannot be read")
	list, shown := o.must(t, "jobs", "failed"), o.must(t, "jobs", "failed", idCell(failed[0]))
	if strings.Count(list, "\n") != 6 || strings.Count(columns(list), "it broke [2J\n") != 4 || strings.Count(list, "polish") != 4 {
		t.Errorf("failed:\n%q", list)
	}
	if !strings.Contains(columns(shown), "error it broke [2J\n *net.OpError: the cable]0;pwned\n\n goroutine 1\n") || strings.ContainsAny(shown, "\x1b\x07\u202e") {
		t.Errorf("shown:\n%q", shown)
	}
	if list := o.must(t, "jobs", "failed", "--queue", "a"); strings.Count(list, "\n") != 3 {
		t.Errorf("of one queue:\n%s", list)
	}
	o.must(t, "jobs", "retry", idCell(failed[0]))
	o.must(t, "jobs", "discard", idCell(failed[1]))
	for _, args := range [][]string{{"retry", idCell(failed[0])}, {"discard", idCell(failed[1])}, {"failed", idCell(failed[1])}} {
		o.refused(t, "there is no failed job", append([]string{"jobs"}, args...)...)
	}
	o.refused(t, fmt.Sprint("jobs discard ", unreadable), "jobs", "retry", idCell(unreadable))
	o.refused(t, "--all", "jobs", "retry")
	o.refused(t, "--all", "jobs", "retry", "1", "--all")
	o.refused(t, "--all", "jobs", "retry", "1", "--queue", "a")
	if all := o.must(t, "jobs", "retry", "--all", "--queue", "b"); !strings.Contains(all, "put 2 failed jobs back") || !strings.Contains(all, "left 1") {
		t.Errorf("all:\n%s", all)
	}
	if all := o.must(t, "jobs", "retry", "--all", "--queue", "a"); !strings.Contains(all, "put 0 failed jobs back") {
		t.Errorf("none:\n%s", all)
	}
	if waiting := repotest.Number(t, o.url, "SELECT count(*) FROM jobs"); waiting != 3 {
		t.Errorf("%d jobs wait", waiting)
	}
}

func TestBatchesAreListedShownAndCancelled(t *testing.T) {
	t.Parallel()
	o := operate(t)
	var ids []string
	for i := range 2 {
		batch, err := o.CreateBatch(t.Context(), repo.NewBatch{
			Name: fmt.Sprint("batch ", i), Jobs: []repo.NewJob{newJob(t, "a"), newJob(t, "a")}, Options: repo.BatchOptions{AllowFailures: true},
		})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, batch.ID)
	}
	o.failJob(t, "a", "it broke")
	page, hint, _ := o.run(t, "jobs", "batches", "--limit", "1")
	if !strings.Contains(columns(page), "batch 1 running 2 2 0 - ") || strings.Contains(page, "batch 0") || !strings.Contains(hint, "--after "+ids[1]) {
		t.Errorf("the first page:\n%s%s", page, hint)
	}
	if page := o.must(t, "jobs", "batches", "--after", ids[1]); !strings.Contains(columns(page), "batch 0 running 2 1 1 - ") || strings.Contains(page, "batch 1") {
		t.Errorf("the last page:\n%s", page)
	}
	if shown := columns(o.must(t, "jobs", "batch", ids[0])); !strings.Contains(shown, "pending 1\n") || !strings.Contains(shown, `failed uuids ["uuid of `) {
		t.Errorf("shown:\n%s", shown)
	}
	if shown := columns(o.must(t, "jobs", "cancel-batch", ids[1])); !strings.Contains(shown, "state cancelled\n") || !strings.Contains(shown, "pending 0\n") {
		t.Errorf("cancelled:\n%s", shown)
	}
	o.refused(t, "there is no batch", "jobs", "batch", "none")
	o.refused(t, "there is no batch", "jobs", "cancel-batch", "none")
}

func TestSchedulesAreListed(t *testing.T) {
	t.Parallel()
	o := operate(t)
	schedule := repo.JobSchedule{Name: "nightly", Cron: "0 3 * * *", TimeZone: "Europe/Berlin", NextRunAt: time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC), LastJobID: 7}
	err := o.InTx(t.Context(), func(ctx context.Context, tx *repo.Tx) error { return tx.SaveJobSchedule(ctx, &schedule) })
	if err != nil {
		t.Fatal(err)
	}
	if list := columns(o.must(t, "jobs", "schedules")); !strings.Contains(list, "nightly 0 3 * * * Europe/Berlin - 2026-11-24 02:00:00Z 7\n") {
		t.Errorf("schedules:\n%s", list)
	}
}

func TestAnAccountIsMadeAnOperatorAndNoLongerOne(t *testing.T) {
	t.Parallel()
	o := operate(t)
	user := repotest.User(t, o.Store)
	isOperator := func() bool {
		found, err := o.User(t.Context(), user.ID)
		if err != nil {
			t.Fatal(err)
		}
		return found.IsOperator
	}
	if isOperator() {
		t.Error("it is one from the start")
	}
	o.must(t, "user", "operator", strings.ToUpper(user.Email))
	if list := o.must(t, "user", "list"); !isOperator() || !strings.Contains(list, "yes") {
		t.Errorf("it is none:\n%s", list)
	}
	o.must(t, "user", "operator", user.Email, "--revoke")
	if isOperator() {
		t.Error("it still is one")
	}
	o.refused(t, "there is no account", "user", "operator", "nobody@example.com")
}
