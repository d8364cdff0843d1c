package server_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/jobs"
)

// polish is a kind of job that no worker does here.
func polish() jobs.Kind[map[string]string] {
	return jobs.Kind[map[string]string]{Name: "polish", Version: 1, Queue: "polishing", MaxAttempts: 3}
}

// newJob is a job of a project, of the instance if projectID is 0, whose arguments have a secret.
func newJob(t *testing.T, projectID int64) repo.NewJob {
	t.Helper()
	job, err := polish().Job(map[string]string{"what": "the silver"}, jobs.Options{ProjectID: projectID})
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func enqueue(t *testing.T, store *repo.Store, job repo.NewJob) int64 {
	t.Helper()
	ids, err := store.Enqueue(t.Context(), job)
	if err != nil || len(ids) != 1 {
		t.Fatal(ids, err)
	}
	return ids[0]
}

// failJob has a job fail for good and returns its id among the failed ones.
func failJob(t *testing.T, w *world, job repo.NewJob, exception string) int64 {
	t.Helper()
	// A queue of its own: other tests' jobs are not taken.
	queue := job.Queue
	job.Queue = fmt.Sprintf("%s %d", queue, time.Now().UnixNano())
	enqueue(t, w.store, job)
	reserved, err := w.store.ReserveJobs(t.Context(), job.Queue, time.Minute, 1)
	if err != nil || len(reserved) != 1 {
		t.Fatal(reserved, err)
	}
	id, _, _, _, ok := jobs.Describe(job.Payload)
	if !ok {
		id = fmt.Sprint("job-", reserved[0].ID)
	}
	reserved[0].Queue = queue
	if err := w.store.FailJob(t.Context(), &reserved[0], id, exception); err != nil {
		t.Fatal(err)
	}
	return repotest.Number(t, w.databaseURL, "SELECT id FROM failed_jobs WHERE uuid = $1", id)
}

func (w *world) jobs(t *testing.T, who account) microtrackerv1connect.JobsServiceClient {
	t.Helper()
	return microtrackerv1connect.NewJobsServiceClient(w.client(t, protocols()[2], who.auth()))
}

// operator is an account that is an operator of the instance.
func (w *world) operator(t *testing.T) account {
	t.Helper()
	who := w.account(t)
	if err := w.store.SetUserOperator(t.Context(), who.user.ID, true); err != nil {
		t.Fatal(err)
	}
	return who
}

const chain = "polish: dial tcp: the key is s3cret\n  *fmt.wrapError: dial tcp: the key is s3cret\n    *net.OpError: dial tcp: the key is s3cret"

func TestAMemberSeesHisProjectsJobsWithoutTheirInside(t *testing.T) {
	t.Parallel()
	w := start(t)
	mine, theirs, operator := w.account(t), w.account(t), w.operator(t)
	waiting := enqueue(t, w.store, newJob(t, mine.project.ID))
	later := newJob(t, mine.project.ID)
	later.Delay = time.Hour
	delayed := enqueue(t, w.store, later)
	enqueue(t, w.store, newJob(t, theirs.project.ID))
	enqueue(t, w.store, newJob(t, 0))
	repotest.Exec(t, w.databaseURL, "UPDATE jobs SET attempts = 1, last_error = $1 WHERE id = $2", chain, delayed)
	repotest.Exec(t, w.databaseURL, "UPDATE jobs SET attempts = 1, reserved_at = epoch_now() WHERE id = $1", waiting)
	running := waiting
	waiting = enqueue(t, w.store, newJob(t, mine.project.ID))

	list, err := w.jobs(t, mine).ListJobs(t.Context(), &microtrackerv1.ListJobsRequest{ProjectId: mine.project.ID})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, job := range list.GetJobs() {
		got = append(got, fmt.Sprint(job.GetId(), " ", job.GetState(), " ", job.GetAttempts(), "/", job.GetMaxAttempts(), " ", job.GetKind(), " ", job.GetQueue(), " ", job.GetErrorClass(), " ", job.GetReservedAt() != nil))
	}
	want := []string{
		fmt.Sprint(waiting, " JOB_STATE_WAITING 0/3 polish polishing  false"),
		fmt.Sprint(delayed, " JOB_STATE_DELAYED 1/3 polish polishing *net.OpError false"),
		fmt.Sprint(running, " JOB_STATE_RUNNING 1/3 polish polishing  true"),
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("jobs:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	one, err := w.jobs(t, mine).GetJob(t.Context(), &microtrackerv1.GetJobRequest{ProjectId: mine.project.ID, JobId: delayed})
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(list, one); strings.Contains(text, "s3cret") || strings.Contains(text, "silver") || !strings.Contains(text, fmt.Sprint("the operator sees the error under job ", delayed)) {
		t.Errorf("a member sees: %s", text)
	}
	all, err := w.jobs(t, operator).ListJobs(t.Context(), &microtrackerv1.ListJobsRequest{})
	if err != nil || len(all.GetJobs()) != 5 {
		t.Fatalf("an operator sees %v, %v", all, err)
	}
	if strings.Contains(all.String(), "silver") || strings.Contains(all.String(), "OpError: ") || !strings.Contains(all.String(), "s3cret") {
		t.Errorf("an operator's list: %v", all)
	}
	whole, err := w.jobs(t, operator).GetJob(t.Context(), &microtrackerv1.GetJobRequest{JobId: delayed})
	if err != nil || whole.GetJob().GetLastError() != chain || whole.GetJob().GetArguments() != `{"what":"the silver"}` {
		t.Errorf("an operator's job: %v, %v", whole, err)
	}
}

func TestAFailedJobIsSeenByItsProjectAndWhollyByTheOperator(t *testing.T) {
	t.Parallel()
	w := start(t)
	mine, theirs, operator := w.account(t), w.account(t), w.operator(t)
	failed := failJob(t, w, newJob(t, mine.project.ID), chain)
	failJob(t, w, newJob(t, theirs.project.ID), chain)
	instances := failJob(t, w, newJob(t, 0), "panic: no polish left\n\ngoroutine 1 [running]:")
	list, err := w.jobs(t, mine).ListFailedJobs(t.Context(), &microtrackerv1.ListFailedJobsRequest{ProjectId: mine.project.ID})
	if err != nil || len(list.GetFailedJobs()) != 1 {
		t.Fatal(list, err)
	}
	one, err := w.jobs(t, mine).GetFailedJob(t.Context(), &microtrackerv1.GetFailedJobRequest{ProjectId: mine.project.ID, FailedJobId: failed})
	if err != nil {
		t.Fatal(err)
	}
	for _, job := range []*microtrackerv1.FailedJob{list.GetFailedJobs()[0], one.GetFailedJob()} {
		if job.GetId() != failed || job.GetKind() != "polish" || job.GetMaxAttempts() != 3 || job.GetErrorClass() != "*net.OpError" || job.GetArguments() != "" ||
			job.GetException() != fmt.Sprintf("the job failed; the operator sees the error under failed job %d", failed) {
			t.Errorf("a member sees %v", job)
		}
	}
	all, err := w.jobs(t, operator).ListFailedJobs(t.Context(), &microtrackerv1.ListFailedJobsRequest{})
	if err != nil || len(all.GetFailedJobs()) != 3 || all.GetFailedJobs()[0].GetErrorClass() != "panic" || all.GetFailedJobs()[2].GetException() != "polish: dial tcp: the key is s3cret" {
		t.Errorf("an operator sees %v, %v", all, err)
	}
	whole, err := w.jobs(t, operator).GetFailedJob(t.Context(), &microtrackerv1.GetFailedJobRequest{FailedJobId: failed})
	if err != nil || whole.GetFailedJob().GetException() != chain || whole.GetFailedJob().GetArguments() != `{"what":"the silver"}` {
		t.Errorf("an operator's failed job: %v, %v", whole, err)
	}
	if _, err := w.jobs(t, mine).GetFailedJob(t.Context(), &microtrackerv1.GetFailedJobRequest{ProjectId: mine.project.ID, FailedJobId: instances}); connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("the instance's own under a project: %v", err)
	}
}

func TestAFailedJobIsRetriedOrDiscarded(t *testing.T) {
	t.Parallel()
	w := start(t)
	mine := w.account(t)
	client := w.jobs(t, mine)
	retried, discarded := failJob(t, w, newJob(t, mine.project.ID), chain), failJob(t, w, newJob(t, mine.project.ID), chain)
	broken := newJob(t, mine.project.ID)
	broken.Payload = "no JSON"
	unreadable := failJob(t, w, broken, chain)
	if _, err := client.RetryFailedJob(t.Context(), &microtrackerv1.RetryFailedJobRequest{ProjectId: mine.project.ID, FailedJobId: retried}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DiscardFailedJob(t.Context(), &microtrackerv1.DiscardFailedJobRequest{ProjectId: mine.project.ID, FailedJobId: discarded}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.RetryFailedJob(t.Context(), &microtrackerv1.RetryFailedJobRequest{ProjectId: mine.project.ID, FailedJobId: unreadable}); reasonOf(err) != "ERROR_REASON_PRECONDITION" {
		t.Errorf("what cannot be read: %v", err)
	}
	list, err := client.ListJobs(t.Context(), &microtrackerv1.ListJobsRequest{ProjectId: mine.project.ID, Queue: "polishing"})
	if err != nil || len(list.GetJobs()) != 1 || list.GetJobs()[0].GetAttempts() != 0 {
		t.Errorf("jobs %v, %v", list, err)
	}
	if left := repotest.Number(t, w.databaseURL, "SELECT count(*) FROM failed_jobs"); left != 1 {
		t.Errorf("%d failed jobs are left, want the one that cannot be read", left)
	}
	for _, id := range []int64{retried, discarded} {
		if _, err := client.RetryFailedJob(t.Context(), &microtrackerv1.RetryFailedJobRequest{ProjectId: mine.project.ID, FailedJobId: id}); connect.CodeOf(err) != connect.CodeNotFound {
			t.Errorf("again: %v", err)
		}
	}
}

func TestAllThatFailedIsRetriedByPagesAndOnlyOnce(t *testing.T) {
	t.Parallel()
	w := start(t)
	mine, theirs, operator := w.account(t), w.account(t), w.operator(t)
	for range 5 {
		failJob(t, w, newJob(t, mine.project.ID), chain)
	}
	broken := newJob(t, mine.project.ID)
	broken.Payload = "no JSON"
	failJob(t, w, broken, chain)
	other := newJob(t, mine.project.ID)
	other.Queue = "other"
	failJob(t, w, other, chain)
	failJob(t, w, newJob(t, theirs.project.ID), chain)

	var got []string
	req := &microtrackerv1.RetryFailedJobsRequest{ProjectId: mine.project.ID, Queue: "polishing", PageSize: 4}
	for {
		res, err := w.jobs(t, mine).RetryFailedJobs(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(res.GetRetried(), res.GetUnreadable(), res.GetLeft()))
		failJob(t, w, newJob(t, mine.project.ID), chain) // while it goes on
		if req.PageToken = res.GetNextPageToken(); req.GetPageToken() == "" {
			break
		}
	}
	if text := strings.Join(got, ", "); text != "4 0 2, 1 1 0" {
		t.Errorf("retried %s", text)
	}
	if left := repotest.Number(t, w.databaseURL, "SELECT count(*) FROM failed_jobs"); left != 5 {
		t.Errorf("%d failed jobs are left, want two that failed meanwhile, one unreadable, one of another queue, one of another project", left)
	}
	res, err := w.jobs(t, operator).RetryFailedJobs(t.Context(), &microtrackerv1.RetryFailedJobsRequest{})
	if err != nil || res.GetRetried() != 4 || res.GetUnreadable() != 1 || res.GetNextPageToken() != "" {
		t.Errorf("the operator's: %v, %v", res, err)
	}
}

func TestABatchShowsItsProgressAndIsCancelled(t *testing.T) {
	t.Parallel()
	w := start(t)
	mine := w.account(t)
	client := w.jobs(t, mine)
	var ids []string
	for i := range 3 {
		job := newJob(t, mine.project.ID)
		job.Queue = fmt.Sprint("batch ", i)
		batch, err := w.store.CreateBatch(t.Context(), repo.NewBatch{
			Name: job.Queue, ProjectID: mine.project.ID, Jobs: []repo.NewJob{job, newJob(t, mine.project.ID)}, Options: repo.BatchOptions{AllowFailures: i == 0},
		})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, batch.ID)
	}
	for i := range 2 {
		reserved, err := w.store.ReserveJobs(t.Context(), fmt.Sprint("batch ", i), time.Minute, 1)
		if err != nil || len(reserved) != 1 {
			t.Fatal(reserved, err)
		}
		if err := w.store.FailJob(t.Context(), &reserved[0], fmt.Sprint("uuid ", i), chain); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.CancelBatch(t.Context(), &microtrackerv1.CancelBatchRequest{ProjectId: mine.project.ID, BatchId: ids[2]}); err != nil {
		t.Fatal(err)
	}
	list, err := client.ListBatches(t.Context(), &microtrackerv1.ListBatchesRequest{ProjectId: mine.project.ID, PageSize: 2})
	if err != nil {
		t.Fatal(err)
	}
	rest, err := client.ListBatches(t.Context(), &microtrackerv1.ListBatchesRequest{ProjectId: mine.project.ID, PageSize: 2, PageToken: list.GetNextPageToken()})
	if err != nil || rest.GetNextPageToken() != "" {
		t.Fatal(rest, err)
	}
	var got []string
	for _, b := range append(list.GetBatches(), rest.GetBatches()...) {
		got = append(got, fmt.Sprint(b.GetName(), " ", b.GetState(), " ", b.GetTotalJobs(), b.GetPendingJobs(), b.GetFailedJobs(), b.GetCancelledAt() != nil, b.GetFinishedAt() != nil, len(b.GetFailedJobIds())))
	}
	want := "batch 2 BATCH_STATE_CANCELLED 2 0 0 true true 0, batch 1 BATCH_STATE_FAILED 2 0 1 true true 0, batch 0 BATCH_STATE_RUNNING 2 1 1 false false 0"
	if text := strings.Join(got, ", "); text != want {
		t.Errorf("batches %s\nwant    %s", text, want)
	}
	one, err := client.GetBatch(t.Context(), &microtrackerv1.GetBatchRequest{ProjectId: mine.project.ID, BatchId: ids[0]})
	if err != nil || strings.Join(one.GetBatch().GetFailedJobIds(), " ") != "uuid 0" {
		t.Errorf("batch %v, %v", one, err)
	}
	failed, err := client.ListFailedJobs(t.Context(), &microtrackerv1.ListFailedJobsRequest{ProjectId: mine.project.ID, BatchId: ids[0]})
	if err != nil || len(failed.GetFailedJobs()) != 1 || failed.GetFailedJobs()[0].GetUuid() != "uuid 0" {
		t.Errorf("failed %v, %v", failed, err)
	}
}

func TestAJobIsCancelledByItsProject(t *testing.T) {
	t.Parallel()
	w := start(t)
	mine := w.account(t)
	id := enqueue(t, w.store, newJob(t, mine.project.ID))
	if _, err := w.jobs(t, mine).CancelJob(t.Context(), &microtrackerv1.CancelJobRequest{ProjectId: mine.project.ID, JobId: id}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Job(t.Context(), repo.JobFilter{}, id); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("it is there: %v", err)
	}
}

func TestTheOperatorSeesSchedulesAndQueues(t *testing.T) {
	t.Parallel()
	w := start(t)
	operator := w.operator(t)
	client := w.jobs(t, operator)
	ran := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	for _, schedule := range []repo.JobSchedule{
		{Name: "nightly", Cron: "0 3 * * *", TimeZone: "Europe/Berlin", NextRunAt: ran.AddDate(0, 0, 1), LastRunAt: ran, LastJobID: 7},
		{Name: "never yet", Cron: "@every 15s", TimeZone: "UTC", NextRunAt: ran},
	} {
		err := w.store.InTx(t.Context(), func(ctx context.Context, tx *repo.Tx) error { return tx.SaveJobSchedule(ctx, &schedule) })
		if err != nil {
			t.Fatal(err)
		}
	}
	schedules, err := client.ListSchedules(t.Context(), &microtrackerv1.ListSchedulesRequest{})
	if err != nil || len(schedules.GetSchedules()) != 2 {
		t.Fatal(schedules, err)
	}
	never, nightly := schedules.GetSchedules()[0], schedules.GetSchedules()[1]
	if never.GetLastRunAt() != nil || nightly.GetCron() != "0 3 * * *" || nightly.GetTimeZone() != "Europe/Berlin" || !nightly.GetLastRunAt().AsTime().Equal(ran) || nightly.GetLastJobId() != 7 {
		t.Errorf("schedules %v", schedules)
	}
	enqueue(t, w.store, newJob(t, operator.project.ID))
	later := newJob(t, 0)
	later.Delay = time.Hour
	enqueue(t, w.store, later)
	failJob(t, w, newJob(t, 0), chain)
	queues, err := client.GetQueues(t.Context(), &microtrackerv1.GetQueuesRequest{})
	if err != nil || queues.GetFailedJobs() != 1 || len(queues.GetQueues()) != 1 || queues.GetQueues()[0].GetQueue() != "polishing" ||
		queues.GetQueues()[0].GetWaiting() != 1 || queues.GetQueues()[0].GetDelayed() != 1 || queues.GetQueues()[0].GetRunning() != 0 {
		t.Errorf("queues %v, %v", queues, err)
	}
}

func TestAnOperatorIsOneUntilItIsRevoked(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.operator(t)
	auth := microtrackerv1connect.NewAuthServiceClient(w.client(t, protocols()[0], who.auth()))
	isOperator := func() bool {
		res, err := auth.GetCurrentUser(t.Context(), &microtrackerv1.GetCurrentUserRequest{})
		if err != nil {
			t.Fatal(err)
		}
		return res.GetUser().GetIsOperator()
	}
	if !isOperator() {
		t.Error("an operator is told that he is none")
	}
	if err := w.store.SetUserOperator(t.Context(), who.user.ID, false); err != nil {
		t.Fatal(err)
	}
	if isOperator() {
		t.Error("a former operator is told that he is one")
	}
	if _, err := w.jobs(t, who).GetQueues(t.Context(), &microtrackerv1.GetQueuesRequest{}); reasonOf(err) != "ERROR_REASON_OPERATOR_ONLY" {
		t.Errorf("a former operator: %v", err)
	}
	if err := w.store.SetUserOperator(t.Context(), who.user.ID+1_000_000, true); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("nobody as an operator: %v", err)
	}
}
