package server_test

import (
	"strings"
	"testing"

	"buf.build/go/protovalidate"
	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

// eachMethod walks every RPC of our services.
func eachMethod(t *testing.T, visit func(method protoreflect.MethodDescriptor, access *microtrackerv1.Access)) {
	t.Helper()
	count := 0
	protoregistry.GlobalFiles.RangeFilesByPackage("microtracker.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				access, _ := proto.GetExtension(methods.Get(j).Options(), microtrackerv1.E_Access).(*microtrackerv1.Access)
				visit(methods.Get(j), access)
				count++
			}
		}
		return true
	})
	if count < 14 {
		t.Fatalf("found %d RPCs only", count)
	}
}

func TestEveryRPCDeclaresWhoMayCallIt(t *testing.T) {
	t.Parallel()
	eachMethod(t, func(method protoreflect.MethodDescriptor, access *microtrackerv1.Access) {
		switch {
		case access.GetRule() == nil:
			t.Errorf("%s declares no access", method.FullName())
		case access.GetAudience() == microtrackerv1.Audience_AUDIENCE_UNSPECIFIED && access.GetProjectRole() == microtrackerv1.ProjectRole_PROJECT_ROLE_UNSPECIFIED:
			t.Errorf("%s declares an access that allows nobody", method.FullName())
		}
	})
}

// invoke calls any RPC.
func invoke(t *testing.T, w *world, method protoreflect.MethodDescriptor, set map[string]string, req proto.Message) error {
	t.Helper()
	spec := connect.Spec{Procedure: "/" + string(method.Parent().FullName()) + "/" + string(method.Name()), Schema: method}
	client := w.client(t, protocols()[1], set)
	res := dynamicpb.NewMessage(method.Output())
	if method.IsStreamingClient() {
		spec.StreamType = connect.StreamTypeBidi
		stream, err := w.client(t, protocols()[2], set).CallClientStream(t.Context(), spec)
		if err != nil {
			return err
		}
		defer func() { _ = stream.Close() }()
		_ = stream.Send(req) // what is wrong, the answer says
		return stream.Receive(res)
	}
	if method.IsStreamingServer() {
		spec.StreamType = connect.StreamTypeServer
		stream, err := client.CallServerStream(t.Context(), spec, req)
		if err != nil {
			return err
		}
		defer func() { _ = stream.Close() }()
		return stream.Receive(res)
	}
	return client.CallUnary(t.Context(), spec, req, res)
}

func TestTheRulesOfEveryMessageCompile(t *testing.T) {
	t.Parallel()
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	var walk func(messages protoreflect.MessageDescriptors)
	walk = func(messages protoreflect.MessageDescriptors) {
		for i := range messages.Len() {
			message := messages.Get(i)
			// A broken rule would be reported as the caller's fault at run time; here it is a compilation error.
			err := validator.Validate(dynamicpb.NewMessage(message))
			if err != nil && !strings.HasPrefix(err.Error(), "validation error") {
				t.Errorf("%s: %v", message.FullName(), err)
			}
			walk(message.Messages())
		}
	}
	protoregistry.GlobalFiles.RangeFilesByPackage("microtracker.v1", func(file protoreflect.FileDescriptor) bool {
		walk(file.Messages())
		return true
	})
}
