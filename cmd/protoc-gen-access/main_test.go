package main

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"

	v1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

func TestGenerationFailsWithoutAProperRule(t *testing.T) {
	t.Parallel()
	projectID := scalar("project_id", descriptorpb.FieldDescriptorProto_TYPE_INT64)
	tests := []struct {
		name    string
		access  *v1.Access
		request []*descriptorpb.FieldDescriptorProto
		want    string
	}{
		{
			name: "no option",
			want: "no access rule",
		},
		{
			name:   "an option that sets nothing",
			access: &v1.Access{},
			want:   "sets no rule",
		},
		{
			name:   "a rule about users without a scope",
			access: audience(v1.Audience_AUDIENCE_USER),
			want:   "no scope",
		},
		{
			name:    "a rule about a project without a scope",
			access:  &v1.Access{Rule: &v1.Access_ProjectRole{ProjectRole: v1.ProjectRole_PROJECT_ROLE_OWNER}},
			request: []*descriptorpb.FieldDescriptorProto{projectID},
			want:    "no scope",
		},
		{
			name:   "a scope where anyone may call",
			access: &v1.Access{Rule: audience(v1.Audience_AUDIENCE_ANYONE).GetRule(), Scope: v1.Scope_SCOPE_ADS_READ},
			want:   "a scope means nothing",
		},
		{
			name:   "a rule about operators without a scope",
			access: audience(v1.Audience_AUDIENCE_OPERATOR),
			want:   "no scope",
		},
		{
			name: "an operator without a project where there is none",
			access: &v1.Access{
				Rule: audience(v1.Audience_AUDIENCE_USER).GetRule(), Scope: v1.Scope_SCOPE_ADS_READ, OperatorWithoutProject: true,
			},
			want: "operator_without_project means nothing to audience: user",
		},
		{
			name:   "an unspecified audience",
			access: audience(v1.Audience_AUDIENCE_UNSPECIFIED),
			want:   "rule audience is unspecified or unknown (0)",
		},
		{
			name:   "an audience that the enum does not have",
			access: audience(99),
			want:   "rule audience is unspecified or unknown (99)",
		},
		{
			name:    "an unspecified role",
			access:  role(v1.ProjectRole_PROJECT_ROLE_UNSPECIFIED),
			request: []*descriptorpb.FieldDescriptorProto{projectID},
			want:    "rule project_role is unspecified or unknown (0)",
		},
		{
			name:   "a role with a request that names no project",
			access: role(v1.ProjectRole_PROJECT_ROLE_OWNER),
			want:   "needs a plain field `int64 project_id` in test.v1.DoThingRequest",
		},
		{
			name:    "a role with a project of another type",
			access:  role(v1.ProjectRole_PROJECT_ROLE_OWNER),
			request: []*descriptorpb.FieldDescriptorProto{scalar("project_id", descriptorpb.FieldDescriptorProto_TYPE_STRING)},
			want:    "needs a plain field `int64 project_id`",
		},
		{
			name:    "a role with a list of projects",
			access:  role(v1.ProjectRole_PROJECT_ROLE_OWNER),
			request: []*descriptorpb.FieldDescriptorProto{repeated(projectID)},
			want:    "needs a plain field `int64 project_id`",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			page, err := run(t, method(t, "DoThing", test.access), test.request...)
			if err == nil {
				t.Fatalf("generation passed and wrote:\n%s", page)
			}
			for _, want := range []string{"test.v1.ThingService.DoThing", test.want} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestGenerationFailsWhenNoFileKnowsTheOption(t *testing.T) {
	t.Parallel()
	request := request(method(t, "DoThing", nil))
	request.ProtoFile = request.GetProtoFile()[2:] // without descriptor.proto and access.proto
	request.ProtoFile[0].Dependency = nil
	if _, err := generatePage(t, request); err == nil || !strings.Contains(err.Error(), "no access rule") {
		t.Fatalf("err = %v, want one that says: no access rule", err)
	}
}

func TestOneRunNamesEveryFault(t *testing.T) {
	t.Parallel()
	request := request(method(t, "DoThing", nil))
	service := request.GetProtoFile()[2].GetService()[0]
	service.Method = append(service.Method, method(t, "DoOther", &v1.Access{}))
	_, err := generatePage(t, request)
	if err == nil {
		t.Fatal("generation passed")
	}
	for _, want := range []string{"ThingService.DoThing", "ThingService.DoOther"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %s", err, want)
		}
	}
}

func TestThePageListsEveryRPCWithItsAccess(t *testing.T) {
	t.Parallel()
	req := request(
		method(t, "DoThing", role(v1.ProjectRole_PROJECT_ROLE_OWNER)),
		scalar("project_id", descriptorpb.FieldDescriptorProto_TYPE_INT64),
	)
	file := req.GetProtoFile()[2]
	steer := role(v1.ProjectRole_PROJECT_ROLE_OWNER)
	steer.OperatorWithoutProject = true
	file.GetService()[0].Method = append(file.GetService()[0].Method, method(t, "SteerThing", steer))
	watch := method(t, "WatchThing", audience(v1.Audience_AUDIENCE_ANYONE))
	watch.ServerStreaming = new(true)
	file.GetService()[0].Method = append(file.GetService()[0].Method, watch)
	file.SourceCodeInfo = &descriptorpb.SourceCodeInfo{Location: []*descriptorpb.SourceCodeInfo_Location{
		// 6 is FileDescriptorProto.service, 2 is ServiceDescriptorProto.method.
		comment(" Does things.\n", 6, 0),
		comment(" DoThing does a|b as t.js\n says. The rest is not for the table.\n", 6, 0, 2, 0),
	}}
	page, err := generatePage(t, req)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"## ThingService\n\nDoes things.\n",
		"| `DoThing` | project role: owner | `reports:read` | unary | DoThing does a\\|b as t.js says. |\n",
		"| `SteerThing` | project role: owner; without one: operator | `reports:read` | unary |  |\n",
		"| `WatchThing` | audience: anyone | none | server stream |  |\n",
		"| audience: user |",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}

func TestFilesThatAreOnlyImportedAreNotListed(t *testing.T) {
	t.Parallel()
	req := request(method(t, "DoThing", nil))
	req.FileToGenerate = []string{v1.File_microtracker_v1_access_proto.Path()}
	page, err := generatePage(t, req)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page, "ThingService") {
		t.Errorf("the page lists an imported service:\n%s", page)
	}
}

// run generates for a file with one service, one method and the given request fields.
func run(t *testing.T, m *descriptorpb.MethodDescriptorProto, fields ...*descriptorpb.FieldDescriptorProto) (string, error) {
	t.Helper()
	return generatePage(t, request(m, fields...))
}

// generatePage runs the plugin on the request as it would arrive on standard input: the access option is not
// linked in there, so it is an unknown field of the method's options.
func generatePage(t *testing.T, req *pluginpb.CodeGeneratorRequest) (string, error) {
	t.Helper()
	raw, err := proto.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	arrived := &pluginpb.CodeGeneratorRequest{}
	if err := (proto.UnmarshalOptions{Resolver: new(protoregistry.Types)}).Unmarshal(raw, arrived); err != nil {
		t.Fatal(err)
	}
	plugin, err := protogen.Options{}.New(arrived)
	if err != nil {
		t.Fatal(err)
	}
	if err := generate(plugin); err != nil {
		return "", err
	}
	files := plugin.Response().GetFile()
	if len(files) != 1 || files[0].GetName() != "access.md" {
		t.Fatalf("generated %v, want access.md alone", files)
	}
	return files[0].GetContent(), nil
}

func request(m *descriptorpb.MethodDescriptorProto, fields ...*descriptorpb.FieldDescriptorProto) *pluginpb.CodeGeneratorRequest {
	access := protodesc.ToFileDescriptorProto(v1.File_microtracker_v1_access_proto)
	file := &descriptorpb.FileDescriptorProto{
		Name:       new("test/v1/thing.proto"),
		Package:    new("test.v1"),
		Syntax:     new("proto3"),
		Dependency: []string{access.GetName()},
		Options:    &descriptorpb.FileOptions{GoPackage: new("example.com/test/v1")},
		MessageType: []*descriptorpb.DescriptorProto{
			{Name: new("DoThingRequest"), Field: fields},
			{Name: new("DoThingResponse")},
		},
		Service: []*descriptorpb.ServiceDescriptorProto{
			{Name: new("ThingService"), Method: []*descriptorpb.MethodDescriptorProto{m}},
		},
	}
	return &pluginpb.CodeGeneratorRequest{
		FileToGenerate: []string{file.GetName()},
		ProtoFile: []*descriptorpb.FileDescriptorProto{
			protodesc.ToFileDescriptorProto(descriptorpb.File_google_protobuf_descriptor_proto), access, file,
		},
	}
}

func method(t *testing.T, name string, access *v1.Access) *descriptorpb.MethodDescriptorProto {
	t.Helper()
	options := &descriptorpb.MethodOptions{}
	if access != nil {
		proto.SetExtension(options, v1.E_Access, access)
	}
	return &descriptorpb.MethodDescriptorProto{
		Name:       new(name),
		InputType:  new(".test.v1.DoThingRequest"),
		OutputType: new(".test.v1.DoThingResponse"),
		Options:    options,
	}
}

func audience(a v1.Audience) *v1.Access {
	return &v1.Access{Rule: &v1.Access_Audience{Audience: a}}
}

func role(r v1.ProjectRole) *v1.Access {
	return &v1.Access{Rule: &v1.Access_ProjectRole{ProjectRole: r}, Scope: v1.Scope_SCOPE_REPORTS_READ}
}

func scalar(name string, kind descriptorpb.FieldDescriptorProto_Type) *descriptorpb.FieldDescriptorProto {
	return &descriptorpb.FieldDescriptorProto{
		Name:   new(name),
		Number: proto.Int32(1),
		Type:   kind.Enum(),
		Label:  descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
	}
}

func repeated(field *descriptorpb.FieldDescriptorProto) *descriptorpb.FieldDescriptorProto {
	many := proto.CloneOf(field)
	many.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
	return many
}

func comment(text string, path ...int32) *descriptorpb.SourceCodeInfo_Location {
	return &descriptorpb.SourceCodeInfo_Location{
		Path:            path,
		Span:            []int32{0, 0, 1},
		LeadingComments: new(text),
	}
}
