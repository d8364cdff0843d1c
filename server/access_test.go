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

func TestStrangersAreRefusedByEveryRPCThatIsNotForAnyone(t *testing.T) {
	t.Parallel()
	w := start(t)
	mine, theirs := w.account(t), w.account(t)
	credentials := map[string]map[string]string{
		"none":            nil,
		"public key":      {"Authorization": "Bearer " + mine.project.PublicKey},
		"garbage":         {"Authorization": "Bearer mt_pat_garbage"},
		"basic":           {"Authorization": "Basic " + mine.token},
		"unknown session": {"Cookie": "mt_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
	}
	eachMethod(t, func(method protoreflect.MethodDescriptor, access *microtrackerv1.Access) {
		if a := access.GetAudience(); a == microtrackerv1.Audience_AUDIENCE_ANYONE || a == microtrackerv1.Audience_AUDIENCE_PROJECT_KEY {
			return
		}
		for name, set := range credentials {
			if err := call(t, w, method, set, mine.project.ID); connect.CodeOf(err) != connect.CodeUnauthenticated {
				t.Errorf("%s with %s: %v, want unauthenticated", method.FullName(), name, err)
			}
		}
		if access.GetProjectRole() == microtrackerv1.ProjectRole_PROJECT_ROLE_UNSPECIFIED {
			return
		}
		foreign := call(t, w, method, mine.auth(), theirs.project.ID)
		missing := call(t, w, method, mine.auth(), theirs.project.ID+1000)
		if connect.CodeOf(foreign) != connect.CodeNotFound || foreign.Error() != missing.Error() {
			t.Errorf("%s on a foreign project: %v, on a missing one: %v; want the same not_found", method.FullName(), foreign, missing)
		}
		if err := call(t, w, method, mine.auth(), mine.project.ID); err != nil {
			t.Errorf("%s on the own project: %v", method.FullName(), err)
		}
	})
}

// call calls any RPC about a project with a request that is valid but for the project.
func call(t *testing.T, w *world, method protoreflect.MethodDescriptor, set map[string]string, projectID int64) error {
	t.Helper()
	spec := connect.Spec{Procedure: "/" + string(method.Parent().FullName()) + "/" + string(method.Name()), Schema: method}
	req := validRequest(method, projectID)
	client := w.client(t, protocols()[1], set)
	res := dynamicpb.NewMessage(method.Output())
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

func validRequest(method protoreflect.MethodDescriptor, projectID int64) proto.Message {
	if method.Name() == "Query" {
		return &microtrackerv1.QueryRequest{
			ProjectId: projectID, Range: today(), Metrics: []microtrackerv1.Metric{microtrackerv1.Metric_METRIC_VISITORS},
		}
	}
	req := dynamicpb.NewMessage(method.Input())
	if field := method.Input().Fields().ByName("project_id"); field != nil {
		req.Set(field, protoreflect.ValueOfInt64(projectID))
	}
	return req
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
