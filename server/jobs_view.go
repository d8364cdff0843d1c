package server

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/enrich"
	"github.com/microtracker/microtracker/server/jobs"
)

// maxListedError is how much of an error lists show, in characters.
const maxListedError = 500

// listed is a job as lists show it.
func (v jobsView) listed(job *repo.Job) *microtrackerv1.Job {
	id, kind, maxAttempts, _, _ := jobs.Describe(job.Payload)
	res := &microtrackerv1.Job{
		Id: job.ID, ProjectId: job.ProjectID, Uuid: id, Kind: kind, Queue: job.Queue, State: jobStateToProto(job.State(v.now)),
		Attempts: int32(job.Attempts), MaxAttempts: int32(maxAttempts), BatchId: job.BatchID,
		CreateTime: secondsToProto(&job.CreatedAt), AvailableAt: secondsToProto(&job.AvailableAt), ReservedAt: secondsToProto(job.ReservedAt),
	}
	if job.LastError != "" {
		res.ErrorClass = errorClass(job.LastError)
		res.LastError = v.listedError(job.LastError, fmt.Sprintf("its last attempt failed; the operator sees the error under job %d", job.ID))
	}
	return res
}

// failed is a failed job as lists show it.
func (v jobsView) failed(job *repo.FailedJob) *microtrackerv1.FailedJob {
	_, kind, maxAttempts, _, _ := jobs.Describe(job.Payload)
	return &microtrackerv1.FailedJob{
		Id: job.ID, ProjectId: job.ProjectID, Uuid: job.UUID, Kind: kind, Queue: job.Queue, BatchId: job.BatchID,
		MaxAttempts: int32(maxAttempts), FailedAt: timeToProto(job.FailedAt), ErrorClass: errorClass(job.Exception),
		Exception: v.listedError(job.Exception, fmt.Sprintf("the job failed; the operator sees the error under failed job %d", job.ID)),
	}
}

// listedError is the first line of an error, or where the operator finds it.
func (v jobsView) listedError(chain, elsewhere string) string {
	if !v.inside {
		return elsewhere
	}
	first, _, _ := strings.Cut(chain, "\n")
	return enrich.FixText(first, maxListedError)
}

// errorLink matches the line of an error in a chain (server/jobs): its type, then its text.
var errorLink = regexp.MustCompile(`^ +(\*?[\w./]{1,100}): `)

// errorClass is the type of the first error in a chain that says more than that there is one. Types are names in programs:
// they say nothing of anybody's data.
func errorClass(chain string) string {
	if strings.HasPrefix(chain, "panic: ") {
		return "panic"
	}
	for line := range strings.Lines(chain) {
		if strings.TrimSpace(line) == "" {
			break // what follows is a stack
		}
		match := errorLink.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		switch class := match[1]; class {
		case "*fmt.wrapError", "*fmt.wrapErrors", "*errors.joinError", "*errors.errorString", "jobs.permanentError", "jobs.retryError":
		case "*jobs.panicError":
			return "panic"
		default:
			return class
		}
	}
	return "error"
}

func batchToProto(batch *repo.JobBatch) *microtrackerv1.Batch {
	return &microtrackerv1.Batch{
		Id: batch.ID, ProjectId: batch.ProjectID, Name: batch.Name, State: batchStateToProto(batch.State()),
		TotalJobs: int32(batch.TotalJobs), PendingJobs: int32(batch.PendingJobs), FailedJobs: int32(batch.FailedJobs),
		CreateTime: secondsToProto(&batch.CreatedAt), CancelledAt: secondsToProto(batch.CancelledAt), FinishedAt: secondsToProto(batch.FinishedAt),
	}
}

// wholeBatchToProto adds what lists leave out.
func wholeBatchToProto(batch *repo.JobBatch) (*microtrackerv1.Batch, error) {
	res := batchToProto(batch)
	if err := json.Unmarshal([]byte(batch.FailedJobIDs), &res.FailedJobIds); err != nil {
		return nil, fmt.Errorf("read the ids of the batch's failed jobs: %w", err)
	}
	return res, nil
}

func jobStateToProto(state repo.JobState) microtrackerv1.JobState {
	return microtrackerv1.JobState(microtrackerv1.JobState_value["JOB_STATE_"+strings.ToUpper(string(state))])
}

func batchStateToProto(state repo.BatchState) microtrackerv1.BatchState {
	return microtrackerv1.BatchState(microtrackerv1.BatchState_value["BATCH_STATE_"+strings.ToUpper(string(state))])
}

// secondsToProto is a time of the queue, nil if there is none.
func secondsToProto(seconds *int64) *timestamppb.Timestamp {
	if seconds == nil {
		return nil
	}
	return timestamppb.New(time.Unix(*seconds, 0))
}
