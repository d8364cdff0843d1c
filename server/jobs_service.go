package server

import (
	"context"
	"strings"
	"time"

	"connectrpc.com/connect/v2"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/jobs"
)

// jobsServer serves JobsService.
type jobsServer struct{ *Server }

// jobsView is whose jobs a call is about and how much of them its caller may see.
type jobsView struct {
	// filter is of one project, but for operators who ask for the whole instance.
	filter repo.JobFilter
	// inside shows what may speak of the inside: arguments and errors.
	inside bool
	// now is the time by the database's clock, as the jobs' states are.
	now time.Time
}

// open opens the project's jobs for the caller; those of the whole instance if projectID is 0.
func (s jobsServer) open(ctx context.Context, projectID int64) (jobsView, error) {
	view := jobsView{inside: callerFrom(ctx).Instance}
	if projectID == 0 {
		return view, s.openInstance(ctx)
	}
	project, err := s.openProject(ctx, projectID)
	if err != nil {
		return jobsView{}, err
	}
	view.filter.ProjectID = project.ID
	return view, nil
}

func (s jobsServer) ListJobs(ctx context.Context, req *microtrackerv1.ListJobsRequest) (*microtrackerv1.ListJobsResponse, error) {
	view, err := s.open(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	page, err := afterPage(req, idFromText)
	if err != nil {
		return nil, err
	}
	view.filter.Queue, view.filter.BatchID = req.GetQueue(), req.GetBatchId()
	found, err := s.config.Store.Jobs(ctx, view.filter, page)
	if err != nil {
		return nil, err
	}
	if view.now, err = s.config.Store.Now(ctx); err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListJobsResponse{}
	found, res.NextPageToken = cutPage(req, found, func(job *repo.Job) string { return idText(job.ID) })
	for i := range found {
		res.Jobs = append(res.Jobs, view.listed(&found[i]))
	}
	return res, nil
}

func (s jobsServer) GetJob(ctx context.Context, req *microtrackerv1.GetJobRequest) (*microtrackerv1.GetJobResponse, error) {
	view, err := s.open(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	job, err := s.config.Store.Job(ctx, view.filter, req.GetJobId())
	if err != nil {
		return nil, err
	}
	if view.now, err = s.config.Store.Now(ctx); err != nil {
		return nil, err
	}
	res := view.listed(job)
	if view.inside {
		_, _, _, arguments, _ := jobs.Describe(job.Payload)
		res.Arguments, res.LastError = string(arguments), job.LastError
	}
	return &microtrackerv1.GetJobResponse{Job: res}, nil
}

func (s jobsServer) CancelJob(ctx context.Context, req *microtrackerv1.CancelJobRequest) (*microtrackerv1.CancelJobResponse, error) {
	view, err := s.open(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	if err := s.config.Store.CancelJob(ctx, view.filter, req.GetJobId()); err != nil {
		return nil, err
	}
	return &microtrackerv1.CancelJobResponse{}, nil
}

func (s jobsServer) ListBatches(ctx context.Context, req *microtrackerv1.ListBatchesRequest) (*microtrackerv1.ListBatchesResponse, error) {
	view, err := s.open(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	page, err := afterPage(req, func(key string) string { return key })
	if err != nil {
		return nil, err
	}
	found, err := s.config.Store.JobBatches(ctx, view.filter, page)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListBatchesResponse{}
	found, res.NextPageToken = cutPage(req, found, func(batch *repo.JobBatch) string { return batch.ID })
	for i := range found {
		res.Batches = append(res.Batches, batchToProto(&found[i]))
	}
	return res, nil
}

func (s jobsServer) GetBatch(ctx context.Context, req *microtrackerv1.GetBatchRequest) (*microtrackerv1.GetBatchResponse, error) {
	view, err := s.open(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	batch, err := s.config.Store.JobBatch(ctx, view.filter, req.GetBatchId())
	if err != nil {
		return nil, err
	}
	res, err := wholeBatchToProto(batch)
	return &microtrackerv1.GetBatchResponse{Batch: res}, err
}

func (s jobsServer) CancelBatch(ctx context.Context, req *microtrackerv1.CancelBatchRequest) (*microtrackerv1.CancelBatchResponse, error) {
	view, err := s.open(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	batch, err := s.config.Store.CancelBatch(ctx, view.filter, req.GetBatchId())
	if err != nil {
		return nil, err
	}
	res, err := wholeBatchToProto(batch)
	return &microtrackerv1.CancelBatchResponse{Batch: res}, err
}

func (s jobsServer) ListFailedJobs(ctx context.Context, req *microtrackerv1.ListFailedJobsRequest) (*microtrackerv1.ListFailedJobsResponse, error) {
	view, err := s.open(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	page, err := afterPage(req, idFromText)
	if err != nil {
		return nil, err
	}
	view.filter.Queue, view.filter.BatchID = req.GetQueue(), req.GetBatchId()
	found, err := s.config.Store.FailedJobs(ctx, view.filter, page)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListFailedJobsResponse{}
	found, res.NextPageToken = cutPage(req, found, func(job *repo.FailedJob) string { return idText(job.ID) })
	for i := range found {
		res.FailedJobs = append(res.FailedJobs, view.failed(&found[i]))
	}
	return res, nil
}

func (s jobsServer) GetFailedJob(ctx context.Context, req *microtrackerv1.GetFailedJobRequest) (*microtrackerv1.GetFailedJobResponse, error) {
	view, err := s.open(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	job, err := s.config.Store.FailedJob(ctx, view.filter, req.GetFailedJobId())
	if err != nil {
		return nil, err
	}
	res := view.failed(job)
	if view.inside {
		_, _, _, arguments, _ := jobs.Describe(job.Payload)
		res.Arguments, res.Exception = string(arguments), job.Exception
	}
	return &microtrackerv1.GetFailedJobResponse{FailedJob: res}, nil
}

func (s jobsServer) RetryFailedJob(ctx context.Context, req *microtrackerv1.RetryFailedJobRequest) (*microtrackerv1.RetryFailedJobResponse, error) {
	view, err := s.open(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	job, err := s.config.Store.FailedJob(ctx, view.filter, req.GetFailedJobId())
	if err != nil {
		return nil, err
	}
	if _, _, _, _, ok := jobs.Describe(job.Payload); !ok {
		return nil, fail(connect.CodeFailedPrecondition, microtrackerv1.ErrorReason_ERROR_REASON_PRECONDITION,
			"what the job was to do cannot be read, so that it would fail again: discard it")
	}
	if err := s.config.Store.RetryFailedJob(ctx, view.filter, req.GetFailedJobId()); err != nil {
		return nil, err
	}
	return &microtrackerv1.RetryFailedJobResponse{}, nil
}

func (s jobsServer) RetryFailedJobs(ctx context.Context, req *microtrackerv1.RetryFailedJobsRequest) (*microtrackerv1.RetryFailedJobsResponse, error) {
	view, err := s.open(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	key, err := afterPageToken(req)
	if err != nil {
		return nil, err
	}
	view.filter.Queue, view.filter.BatchID = req.GetQueue(), req.GetBatchId()
	after, until, _ := strings.Cut(key, " ")
	page := repo.Page[int64]{After: idFromText(after), Limit: pageSize(req, defaultPageSize)}
	done, err := s.config.Store.RetryFailedJobs(ctx, view.filter, idFromText(until), page)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.RetryFailedJobsResponse{Retried: int32(done.Retried), Unreadable: int32(done.Unreadable), Left: done.Left}
	if done.Left > 0 {
		res.NextPageToken = nextPageToken(req, idText(done.Last)+" "+idText(done.Until))
	}
	return res, nil
}

func (s jobsServer) DiscardFailedJob(ctx context.Context, req *microtrackerv1.DiscardFailedJobRequest) (*microtrackerv1.DiscardFailedJobResponse, error) {
	view, err := s.open(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	if err := s.config.Store.DiscardFailedJob(ctx, view.filter, req.GetFailedJobId()); err != nil {
		return nil, err
	}
	return &microtrackerv1.DiscardFailedJobResponse{}, nil
}

func (s jobsServer) ListSchedules(ctx context.Context, _ *microtrackerv1.ListSchedulesRequest) (*microtrackerv1.ListSchedulesResponse, error) {
	if err := s.openInstance(ctx); err != nil {
		return nil, err
	}
	schedules, err := s.config.Store.JobSchedules(ctx)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListSchedulesResponse{}
	for _, schedule := range schedules {
		res.Schedules = append(res.Schedules, &microtrackerv1.Schedule{
			Name: schedule.Name, Cron: schedule.Cron, TimeZone: schedule.TimeZone, NextRunAt: timeToProto(schedule.NextRunAt),
			LastRunAt: timeToProto(schedule.LastRunAt), LastJobId: schedule.LastJobID,
		})
	}
	return res, nil
}

func (s jobsServer) GetQueues(ctx context.Context, _ *microtrackerv1.GetQueuesRequest) (*microtrackerv1.GetQueuesResponse, error) {
	if err := s.openInstance(ctx); err != nil {
		return nil, err
	}
	depths, err := s.config.Store.QueueDepths(ctx)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.GetQueuesResponse{}
	if res.FailedJobs, err = s.config.Store.CountFailedJobs(ctx); err != nil {
		return nil, err
	}
	for _, depth := range depths {
		res.Queues = append(res.Queues, &microtrackerv1.QueueDepth{
			Queue: depth.Queue, Waiting: depth.Waiting, Delayed: depth.Delayed, Running: depth.Reserved, OldestSeconds: depth.OldestSeconds,
		})
	}
	return res, nil
}
