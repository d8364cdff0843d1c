package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"buf.build/go/protovalidate"
	"connectrpc.com/connect/v2"
	"github.com/google/uuid"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/ingest"
)

// maxUnanswered is how many batches of a stream are taken before their answers. Then nothing more is read, and the
// protocol's flow control holds the client back.
const maxUnanswered = 16

// askForRoom is how often a stream that is held back looks whether there is room again.
const askForRoom = 50 * time.Millisecond

// trackStream is one connection that goes on with a stream.
type trackStream struct {
	trackingServer

	stream microtrackerv1connect.TrackingServiceTrackStreamServerStream
	inbox  *repo.Inbox
	id     string
	// connection tells this connection from others that go on with the same stream.
	connection uuid.UUID
	// taken is the last sequence that was handed over to be stored.
	taken   int64
	checked time.Time
}

// unanswered is a batch on its way.
type unanswered struct {
	sequence int64
	request  *microtrackerv1.TrackRequest
	batch    *intakeBatch
	wait     func(ctx context.Context) ([]ingest.Receipt, error)
}

func (s trackingServer) TrackStream(ctx context.Context, stream microtrackerv1connect.TrackingServiceTrackStreamServerStream) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := &trackStream{trackingServer: s, stream: stream, connection: uuid.New(), checked: s.config.Now()}
	if err := t.open(ctx); err != nil {
		return err
	}
	batches := make(chan unanswered, maxUnanswered)
	received := make(chan error, 1)
	go func() {
		defer close(batches)
		received <- t.take(ctx, batches)
	}()
	for batch := range batches {
		if err := t.answer(ctx, batch); err != nil {
			return err
		}
	}
	return <-received
}

// open reads the first message and answers how far the stream is.
func (t *trackStream) open(ctx context.Context) error {
	first, err := t.stream.Receive()
	if err != nil {
		return err
	}
	if first.GetProjectId() <= 0 {
		return failField("project_id", "the first message must name the project")
	}
	if first.GetStreamId() == "" {
		return failField("stream_id", "the first message must name the stream")
	}
	if first.GetSequence() != 0 || first.GetBatch() != nil {
		return failField("batch", "the first message opens the stream: send the batches after its answer")
	}
	who := callerFrom(ctx)
	caller := repo.Caller{ProjectID: who.ProjectID}
	if who.User != nil {
		caller = repo.Caller{UserID: who.User.ID}
	}
	if t.inbox, err = t.config.Store.OpenInboxOf(ctx, caller, first.GetProjectId()); err != nil {
		return err
	}
	t.touchProject(t.inbox)
	t.id = first.GetStreamId()
	stored, err := t.config.Store.OpenTrackStream(ctx, t.inbox, t.id, t.connection, t.config.Now())
	if err != nil {
		return err
	}
	t.taken = stored.CommittedSequence
	return t.stream.Send(&microtrackerv1.TrackStreamResponse{CommittedSequence: stored.CommittedSequence})
}

// take hands over what comes in until the client has sent everything, which is nil, or something is wrong.
func (t *trackStream) take(ctx context.Context, batches chan<- unanswered) error {
	for {
		req, err := t.receive(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		batch, err := t.submit(ctx, req)
		if err != nil {
			return err
		}
		select {
		case batches <- batch:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// receive waits for the next message, the end of the server, or the end of the credential.
func (t *trackStream) receive(ctx context.Context) (*microtrackerv1.TrackStreamRequest, error) {
	type message struct {
		req *microtrackerv1.TrackStreamRequest
		err error
	}
	next := make(chan message, 1)
	go func() {
		req, err := t.stream.Receive()
		next <- message{req, err}
	}()
	select {
	case m := <-next:
		if now := t.config.Now(); m.err == nil && now.Sub(t.checked) > t.config.RecheckStreams {
			t.checked = now
			if err := t.mayGoOn(ctx, t.inbox.ProjectID); err != nil {
				return nil, err
			}
		}
		return m.req, m.err
	case <-t.stopping:
		return nil, fail(connect.CodeUnavailable, microtrackerv1.ErrorReason_ERROR_REASON_OVERLOADED,
			"the server is being restarted: connect again and go on after committed_sequence")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (t *trackStream) submit(ctx context.Context, req *microtrackerv1.TrackStreamRequest) (unanswered, error) {
	if req.GetSequence() != t.taken+1 {
		return unanswered{}, failField("sequence", fmt.Sprintf("it must be %d: each batch's is the one before plus 1", t.taken+1))
	}
	request := req.GetBatch()
	if err := t.validator.Validate(request); err != nil {
		if broken, ok := errors.AsType[*protovalidate.ValidationError](err); ok {
			first := broken.Violations[0].Proto
			path := strings.TrimSuffix("batch."+protovalidate.FieldPathString(first.GetField()), ".") // some rules are about the whole
			return unanswered{}, failField(path, first.GetMessage())
		}
		return unanswered{}, failField("batch", "it could not be checked")
	}
	if request.GetProjectKey() != "" {
		return unanswered{}, failField("batch.project_key", "the stream's first message names the project: leave it out")
	}
	intake, err := t.newIntake(ctx, request.GetClient(), "batch.client.")
	if err != nil {
		return unanswered{}, err
	}
	batch := intake.read(request, t.inbox)
	batch.Stream = &ingest.StreamPosition{StreamID: t.id, ConnectionID: t.connection, Sequence: req.GetSequence()}
	wait, err := t.submitWhenThereIsRoom(ctx, batch)
	if err != nil {
		return unanswered{}, err
	}
	t.taken = req.GetSequence()
	return unanswered{sequence: t.taken, request: request, batch: batch, wait: wait}, nil
}

// submitWhenThereIsRoom hands the batch over. While too many events wait it does, too, and the client with it: a stream is
// held back, not refused.
func (t *trackStream) submitWhenThereIsRoom(ctx context.Context, batch *intakeBatch) (func(ctx context.Context) ([]ingest.Receipt, error), error) {
	for {
		wait, err := t.ingester.Submit(ctx, t.inbox, &batch.Batch)
		if !errors.Is(err, ingest.ErrOverloaded) {
			return wait, err
		}
		select {
		case <-time.After(askForRoom):
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-t.stopping:
			return nil, err
		}
	}
}

// answer waits until the batch is committed and says so.
func (t *trackStream) answer(ctx context.Context, u unanswered) error {
	receipts, err := u.wait(ctx)
	if err != nil {
		return err
	}
	res := t.trackingServer.answer(t.inbox, u.request, u.batch, receipts)
	return t.stream.Send(&microtrackerv1.TrackStreamResponse{
		CommittedSequence: u.sequence, Sequence: u.sequence, Receipts: res.GetReceipts(),
	})
}
