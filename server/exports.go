package server

import (
	"context"
	"errors"
	"fmt"

	"connectrpc.com/connect/v2"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/exports"
	"github.com/microtracker/microtracker/server/tasks"
)

func (s reportingServer) CreateExport(ctx context.Context, req *microtrackerv1.CreateExportRequest) (*microtrackerv1.CreateExportResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	export := &repo.Export{ProjectID: project.ID, Columns: req.GetColumns()}
	if len(export.Columns) == 0 {
		export.Columns = exports.Columns()
	}
	if err := exports.Check(export.Columns); err != nil {
		return nil, failField("columns", err.Error())
	}
	export.Question.ByteOrderMark = req.GetByteOrderMark()
	export.Question.Identities = viewOf(ctx).identities
	if err := selectionFromProto(export, req, project); err != nil {
		return nil, err
	}
	if export.SettledID, err = s.settledEvents(ctx); err != nil {
		return nil, err
	}
	first, last, err := project.ExportSpan(ctx, export.Selection())
	if err != nil {
		return nil, err
	}
	err = project.CreateExport(ctx, export, func(export *repo.Export) (repo.NewBatch, error) { return tasks.ExportBatch(export, first, last) })
	if errors.Is(err, repo.ErrTooManyExports) {
		return nil, fail(connect.CodeFailedPrecondition, microtrackerv1.ErrorReason_ERROR_REASON_PRECONDITION,
			fmt.Sprintf("the project has %d exports, the most that it may keep: delete one first", repo.MaxExports))
	}
	if err != nil {
		return nil, err
	}
	return &microtrackerv1.CreateExportResponse{Export: exportToProto(export)}, nil
}

func (s reportingServer) GetExport(ctx context.Context, req *microtrackerv1.GetExportRequest) (*microtrackerv1.GetExportResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	export, err := project.Export(ctx, req.GetExportId())
	if err != nil {
		return nil, err
	}
	return &microtrackerv1.GetExportResponse{Export: exportToProto(export)}, nil
}

func (s reportingServer) ListExports(ctx context.Context, req *microtrackerv1.ListExportsRequest) (*microtrackerv1.ListExportsResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	page, err := afterPage(req, idFromText)
	if err != nil {
		return nil, err
	}
	list, err := project.Exports(ctx, page)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListExportsResponse{}
	list, res.NextPageToken = cutPage(req, list, func(export *repo.Export) string { return idText(export.ID) })
	for i := range list {
		res.Exports = append(res.Exports, exportToProto(&list[i]))
	}
	return res, nil
}

func (s reportingServer) DownloadExport(ctx context.Context, req *microtrackerv1.DownloadExportRequest, stream microtrackerv1connect.ReportingServiceDownloadExportServerStream) error {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return err
	}
	export, err := project.Export(ctx, req.GetExportId())
	if err != nil {
		return err
	}
	if export.State() != repo.ExportReady {
		return fail(connect.CodeFailedPrecondition, microtrackerv1.ErrorReason_ERROR_REASON_PRECONDITION,
			"the export is not ready: GetExport says how far it is, or why it was not built")
	}
	if export.Question.Identities && !viewOf(ctx).identities {
		return fail(connect.CodePermissionDenied, microtrackerv1.ErrorReason_ERROR_REASON_SCOPE_MISSING,
			"the file was made for somebody who may read visitors; the credential lacks "+scopeText(microtrackerv1.Scope_SCOPE_VISITORS_READ)+": make an export with it")
	}
	sender := newStreamSender(ctx, longestExportSend, longestExportSend)
	defer sender.done()
	return project.ReadExport(ctx, export.ID, req.GetOffset(), func(data []byte) error {
		select {
		case <-s.stopping:
			return failStopping()
		default:
		}
		for len(data) > 0 { // a line of very long cells may make a piece longer than others
			piece := data[:min(len(data), exportMessage)]
			data = data[len(piece):]
			if err := sender.send(func() error { return stream.Send(&microtrackerv1.DownloadExportResponse{Data: piece}) }); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s reportingServer) DeleteExport(ctx context.Context, req *microtrackerv1.DeleteExportRequest) (*microtrackerv1.DeleteExportResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	if err := project.DeleteExport(ctx, req.GetExportId()); err != nil {
		return nil, err
	}
	return &microtrackerv1.DeleteExportResponse{}, nil
}

func exportToProto(export *repo.Export) *microtrackerv1.Export {
	res := &microtrackerv1.Export{
		Id: export.ID, ProjectId: export.ProjectID, State: exportStateToProto(export.State()), BatchId: export.BatchID, RowCount: export.RowCount,
		ByteCount: export.ByteCount, Columns: export.Columns, Since: timeToProto(export.Since), Until: timeToProto(export.Until),
		Error: export.Error, CreateTime: timeToProto(export.CreatedAt), ExpireTime: timeToProto(export.ExpiresAt),
	}
	if batch := export.Batch; batch != nil {
		res.TotalParts = int32(batch.TotalJobs)
		if batch.CancelledAt == nil {
			res.DoneParts = int32(batch.TotalJobs - batch.PendingJobs - batch.FailedJobs)
		}
	}
	if res.GetState() == microtrackerv1.ExportState_EXPORT_STATE_FAILED && res.GetError() == "" {
		res.Error = "it could not be built: make it again; the operator finds the reason among the failed jobs"
	}
	return res
}

func exportStateToProto(state repo.ExportState) microtrackerv1.ExportState {
	switch state {
	case repo.ExportBuilding:
		return microtrackerv1.ExportState_EXPORT_STATE_BUILDING
	case repo.ExportReady:
		return microtrackerv1.ExportState_EXPORT_STATE_READY
	case repo.ExportCancelled:
		return microtrackerv1.ExportState_EXPORT_STATE_CANCELLED
	case repo.ExportFailed:
	}
	return microtrackerv1.ExportState_EXPORT_STATE_FAILED
}
