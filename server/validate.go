package server

import (
	"context"
	"strings"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"
	"google.golang.org/protobuf/reflect/protoreflect"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

// refuseNUL refuses messages with a NUL character in a text, which PostgreSQL cannot store. Events are looked at one by one
// where they are read, so that a bad one does not hurt its neighbours.
func refuseNUL(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		return next(ctx, spec, nulRefusingStream{stream})
	}
}

type nulRefusingStream struct {
	connect.ServerStream
}

func (s nulRefusingStream) Receive(msg any) error {
	if err := s.ServerStream.Receive(msg); err != nil {
		return err
	}
	message, ok := msg.(proto.Message)
	if !ok {
		return nil
	}
	switch tracked := message.(type) {
	case *microtrackerv1.TrackRequest:
		message = withoutEvents(tracked)
	case *microtrackerv1.TrackStreamRequest:
		if path := pathOfNUL(withoutEvents(tracked.GetBatch())); path != "" {
			return failField("batch."+path, hasNUL)
		}
		message = &microtrackerv1.TrackStreamRequest{StreamId: tracked.GetStreamId()}
	}
	if path := pathOfNUL(message); path != "" {
		return failField(path, hasNUL)
	}
	return nil
}

const hasNUL = "it contains a NUL character; leave it out"

func withoutEvents(req *microtrackerv1.TrackRequest) *microtrackerv1.TrackRequest {
	return &microtrackerv1.TrackRequest{ProjectKey: req.GetProjectKey(), Client: req.GetClient()}
}

// pathOfNUL returns the path of the first text with a NUL character, empty if there is none.
func pathOfNUL(message proto.Message) string {
	found := ""
	// The range stops only by the error that we give it.
	_ = protorange.Range(message.ProtoReflect(), func(p protopath.Values) error {
		step := p.Index(-1)
		if text, ok := step.Value.Interface().(string); ok && strings.ContainsRune(text, 0) {
			found = strings.TrimPrefix(p.Path[1:].String(), ".")
			return protorange.Terminate
		}
		if key := step.Step; key.Kind() == protopath.MapIndexStep && mapKeyHasNUL(key.MapIndex()) {
			found = strings.TrimPrefix(p.Path[1:len(p.Path)-1].String(), ".")
			return protorange.Terminate
		}
		return nil
	})
	return found
}

func mapKeyHasNUL(key protoreflect.MapKey) bool {
	text, ok := key.Interface().(string)
	return ok && strings.ContainsRune(text, 0)
}
