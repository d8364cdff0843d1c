package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
)

// window is how many batches of a stream are under way at most: the server takes no more before it has answered.
const window = 16

// stream sends batches by TrackStream, and after a failure connects again and goes on where the server is.
type stream struct {
	*run

	client *rpc
	name   string
	// slots has an entry for each batch that is under way.
	slots chan struct{}

	mu sync.Mutex
	// unanswered are the batches under way, the oldest first.
	unanswered []sequenced
	// sequence is that of the last batch.
	sequence int64
	// answered is when the last batch was.
	answered time.Time
}

// sequenced is a batch with its place in the stream.
type sequenced struct {
	sequence int64
	request  *request
}

// isStuck reports whether nothing has been answered for too long.
func (s *stream) isStuck(since time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answered.After(since) {
		since = s.answered
	}
	return len(s.unanswered) > 0 && time.Since(since) > s.config.Timeout
}

// watch ends a call on which nothing is answered any more.
func (s *stream) watch(call context.Context, cancel context.CancelFunc) {
	begun := time.Now()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-call.Done():
			return
		case <-ticker.C:
			if s.isStuck(begun) {
				cancel()
			}
		}
	}
}

func (r *run) workStream(ctx, hard context.Context, worker int) {
	client := newRPC(r.Loader)
	defer client.close()
	for generation := 1; ; generation++ {
		s := &stream{
			run: r, client: client, slots: make(chan struct{}, window), answered: time.Now(),
			name: fmt.Sprintf("load-%s-%d-%d", r.id, worker, generation),
		}
		err := s.send(ctx, hard)
		if err == nil {
			return
		}
		// What was given up leaves a gap, so what follows goes into another stream.
		for _, batch := range s.unanswered {
			r.fail(batch.request, err)
		}
		if r.stopIfHopeless(err) || ctx.Err() != nil {
			return
		}
	}
}

// send sends until the end of the run, or until nothing has been answered for too long.
func (s *stream) send(ctx, hard context.Context) error {
	for tries := 1; ; tries++ {
		before := s.answered
		err := s.converse(ctx, hard)
		if err == nil {
			return nil
		}
		if refused, ok := errors.AsType[*callError](err); ok && !refused.mayPass() {
			return err
		}
		s.noteTrouble(err)
		if s.answered.After(before) {
			tries = 1
		}
		again := time.Now().Add(backOff(tries, err))
		if again.Sub(s.answered) > s.config.GiveUp || !waitUntil(ctx, again) {
			return err
		}
		s.tally.retried.Add(int64(max(1, len(s.unanswered))))
	}
}

// converse is one connection.
func (s *stream) converse(ctx, hard context.Context) error {
	call, cancel := context.WithCancel(hard)
	defer cancel()
	talk, err := s.client.client.TrackStream(call)
	if err != nil {
		return callErrorOf(err)
	}
	defer talk.Close() //nolint:errcheck // what went wrong was said before
	// A server that is gone does not answer at all.
	opening := time.AfterFunc(s.config.Timeout, cancel)
	err = s.open(talk)
	opening.Stop()
	go s.watch(call, cancel)
	if err != nil {
		return err
	}
	heard := make(chan error, 1)
	go func() {
		err := s.hear(talk)
		heard <- err
		cancel()
	}()
	told := s.tell(ctx, call, talk)
	if told != nil {
		cancel()
	}
	if err := <-heard; err != nil {
		return err
	}
	return told
}

// open begins or goes on with the stream, and sends again what the server does not have.
func (s *stream) open(talk microtrackerv1connect.TrackingServiceTrackStreamClientStream) error {
	if err := talk.Send(&microtrackerv1.TrackStreamRequest{ProjectId: s.config.ProjectID, StreamId: s.name}); err != nil && !errors.Is(err, io.EOF) {
		return callErrorOf(err)
	}
	first, err := talk.Receive()
	if err != nil {
		return callErrorOf(err)
	}
	s.mu.Lock()
	for len(s.unanswered) > 0 && s.unanswered[0].sequence <= first.GetCommittedSequence() {
		s.committed(s.unanswered[0].request)
		s.drop()
	}
	again := append([]sequenced(nil), s.unanswered...)
	s.mu.Unlock()
	for _, batch := range again {
		if err := s.pass(talk, batch); err != nil {
			return err
		}
	}
	return nil
}

// tell sends new batches until there are no more.
func (s *stream) tell(ctx, call context.Context, talk microtrackerv1connect.TrackingServiceTrackStreamClientStream) error {
	for {
		select {
		case s.slots <- struct{}{}:
		case <-call.Done():
			return call.Err()
		}
		req := s.requests.next()
		if req == nil || !waitUntil(ctx, req.due) {
			<-s.slots
			return talk.CloseSend()
		}
		s.tally.sent.Add(req.events())
		now := time.Now()
		if s.config.Rate == 0 {
			req.due = now
		}
		req.stamp(now)
		s.mu.Lock()
		s.sequence++
		batch := sequenced{sequence: s.sequence, request: req}
		s.unanswered = append(s.unanswered, batch)
		s.mu.Unlock()
		if err := s.pass(talk, batch); err != nil {
			return err
		}
	}
}

func (*stream) pass(talk microtrackerv1connect.TrackingServiceTrackStreamClientStream, batch sequenced) error {
	batch.request.track.SentAt = timestamppb.Now()
	return talk.Send(&microtrackerv1.TrackStreamRequest{Sequence: batch.sequence, Batch: batch.request.track})
}

// hear takes the answers until the server ends the stream.
func (s *stream) hear(talk microtrackerv1connect.TrackingServiceTrackStreamClientStream) error {
	for {
		res, err := talk.Receive()
		if errors.Is(err, io.EOF) {
			return s.complete()
		}
		if err != nil {
			return callErrorOf(err)
		}
		s.mu.Lock()
		if len(s.unanswered) == 0 || s.unanswered[0].sequence != res.GetSequence() {
			s.mu.Unlock()
			return &callError{code: connect.CodeInternal, message: "the stream answers a batch that it was not sent"}
		}
		s.settle(s.unanswered[0].request, receiptsOf(res.GetReceipts()))
		s.drop()
		s.mu.Unlock()
	}
}

// complete reports a stream that has ended before everything was answered.
func (s *stream) complete() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left := len(s.unanswered); left > 0 {
		return fmt.Errorf("the stream ended with %d batches unanswered: %w", left, io.ErrUnexpectedEOF)
	}
	return nil
}

// drop forgets the oldest batch, which has been answered. The caller holds mu.
func (s *stream) drop() {
	s.unanswered = s.unanswered[1:]
	s.answered = time.Now()
	<-s.slots
}

// committed counts a batch that is stored, and whose answer was lost.
func (s *stream) committed(req *request) {
	now := time.Now()
	s.tally.latency.add(now.Sub(req.due))
	s.tally.requests.Add(1)
	s.tally.committed.Add(req.events())
	s.lastAnswer.raise(int64(now.Sub(s.begun)))
	if s.config.Ledger != nil {
		for _, event := range req.track.GetEvents() {
			s.config.Ledger.Add(event.GetEventId(), "committed")
		}
	}
}
