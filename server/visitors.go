package server

import (
	"context"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo"
)

// exportTimeout bounds how long one export may keep its view of the database, however slowly it is read.
const exportTimeout = 10 * time.Minute

func (s trackingServer) ExportVisitor(ctx context.Context, req *microtrackerv1.ExportVisitorRequest, stream microtrackerv1connect.TrackingServiceExportVisitorServerStream) error {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, exportTimeout)
	defer cancel()
	return project.ExportVisitor(ctx, visitorRef(req), func(table string, row []byte) error {
		res := &microtrackerv1.ExportVisitorResponse{Table: table, Row: &structpb.Struct{}}
		if err := protojson.Unmarshal(row, res.GetRow()); err != nil {
			return err
		}
		return stream.Send(res)
	})
}

// namesVisitor is a request about one visitor.
type namesVisitor interface {
	GetVisitorId() int64
	GetVisitorKey() string
}

func visitorRef(req namesVisitor) repo.VisitorRef {
	return repo.VisitorRef{ID: req.GetVisitorId(), Key: req.GetVisitorKey()}
}

func (s trackingServer) EraseVisitor(ctx context.Context, req *microtrackerv1.EraseVisitorRequest) (*microtrackerv1.EraseVisitorResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	erasure, err := project.EraseVisitor(ctx, visitorRef(req), s.config.Now())
	if err != nil {
		return nil, err
	}
	s.live.Changed(project.ID)
	s.answers.Forget(project.ID)
	return &microtrackerv1.EraseVisitorResponse{Receipt: &microtrackerv1.ErasureReceipt{
		ErasureId: erasure.ID, EraseTime: timestamppb.New(erasure.ErasedAt), DeletedRows: erasure.DeletedRows,
	}}, nil
}

func (s trackingServer) ListOptOuts(ctx context.Context, req *microtrackerv1.ListOptOutsRequest) (*microtrackerv1.ListOptOutsResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	page, err := afterPage(req, optOutKey)
	if err != nil {
		return nil, err
	}
	counts, err := project.OptOuts(ctx, page)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListOptOutsResponse{}
	counts, res.NextPageToken = cutPage(req, counts, func(count *repo.OptOut) string {
		return count.Day.Format(time.DateOnly) + " " + count.Signal
	})
	for _, count := range counts {
		res.OptOuts = append(res.OptOuts, &microtrackerv1.OptOutCount{
			Day: count.Day.Format(time.DateOnly), Signal: optOutFromText(count.Signal), Hits: count.Hits,
		})
	}
	return res, nil
}

// optOutKey reads the key that was put into a page token.
func optOutKey(text string) repo.OptOutKey {
	day, signal, _ := strings.Cut(text, " ")
	at, _ := time.Parse(time.DateOnly, day) // made by us, or empty
	return repo.OptOutKey{Day: at, Signal: signal}
}
