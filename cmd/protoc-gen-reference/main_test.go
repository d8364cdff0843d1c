package main

import (
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"

	v1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

// generated runs the generator over the API itself and returns its files by name.
func generated(t *testing.T) map[string]string {
	t.Helper()
	request := &pluginpb.CodeGeneratorRequest{}
	seen := map[string]bool{}
	var need func(file protoreflect.FileDescriptor)
	need = func(file protoreflect.FileDescriptor) {
		if seen[file.Path()] {
			return
		}
		seen[file.Path()] = true
		for i := range file.Imports().Len() {
			need(file.Imports().Get(i).FileDescriptor)
		}
		request.ProtoFile = append(request.ProtoFile, protodesc.ToFileDescriptorProto(file))
		if file.Package() == "microtracker.v1" {
			request.FileToGenerate = append(request.FileToGenerate, file.Path())
		}
	}
	for _, file := range []protoreflect.FileDescriptor{
		v1.File_microtracker_v1_auth_proto, v1.File_microtracker_v1_jobs_proto, v1.File_microtracker_v1_reporting_proto,
		v1.File_microtracker_v1_tracking_proto, v1.File_microtracker_v1_projects_proto,
	} {
		need(file)
	}
	jobs := request.GetProtoFile()[0]
	for _, file := range request.GetProtoFile() {
		if file.GetName() == v1.File_microtracker_v1_jobs_proto.Path() {
			jobs = file
		}
	}
	// 6 is FileDescriptorProto.service, 2 is ServiceDescriptorProto.method.
	jobs.SourceCodeInfo = &descriptorpb.SourceCodeInfo{Location: []*descriptorpb.SourceCodeInfo_Location{
		{Path: []int32{6, 0, 2, 0}, Span: []int32{0, 0, 1}, LeadingComments: new(" Lists <jobs> of a|b\n and /c/**. More.\n")},
	}}
	plugin, err := protogen.Options{}.New(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := generate(plugin); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, file := range plugin.Response().GetFile() {
		files[file.GetName()] = file.GetContent()
	}
	return files
}

func TestTheDocumentIsOfOnePieceAndNamesEveryRPC(t *testing.T) {
	t.Parallel()
	text := generated(t)["openapi.yaml"]
	var document struct {
		Paths      map[string]map[string]map[string]any `yaml:"paths"`
		Components struct {
			Schemas map[string]map[string]any `yaml:"schemas"`
		} `yaml:"components"`
	}
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`#/components/schemas/([\w.]+)`).FindAllStringSubmatch(text, -1) {
		if document.Components.Schemas[found[1]] == nil {
			t.Errorf("a reference leads to no schema: %s", found[1])
		}
	}
	services := v1.File_microtracker_v1_jobs_proto.Services()
	for i := range services.Len() {
		methods := services.Get(i).Methods()
		for j := range methods.Len() {
			path := "/" + string(services.Get(i).FullName()) + "/" + string(methods.Get(j).Name())
			if document.Paths[path]["post"] == nil {
				t.Errorf("the document lacks %s", path)
			}
		}
	}
	if security, ok := document.Paths["/microtracker.v1.AuthService/Login"]["post"]["security"].([]any); !ok || len(security) != 0 {
		t.Error("whoever logs in needs no credential, and the document says that he does")
	}
	if _, has := document.Paths["/microtracker.v1.JobsService/ListJobs"]["post"]["security"]; has {
		t.Error("who lists jobs needs a credential, and the document says that he does not")
	}
	properties, _ := document.Components.Schemas["ListJobsRequest"]["properties"].(map[string]any)
	queue, _ := properties["queue"].(map[string]any)
	if queue["maxLength"] != 255 {
		t.Errorf("a field's rule is not in the document: %v", queue)
	}
}

func TestThePagesLeadToEachOtherAndShowCommentsAsTheyAre(t *testing.T) {
	t.Parallel()
	files := generated(t)
	jobs := files["reference/jobs.md"]
	for _, want := range []string{
		"# JobsService\n",
		"## ListJobs\n\nLists &lt;jobs> of a|b and /c/\\*\\*. More.\n\n`POST /microtracker.v1.JobsService/ListJobs` (or GET: it changes nothing)\n",
		"| `pageSize` | int32 | *0 or more; 200 or less* |",
		"| `jobs` | list of [Job](types.md#job) |",
		"Answers `CancelJobResponse`, which is empty.",
	} {
		if !strings.Contains(jobs, want) {
			t.Errorf("the page lacks %q:\n%s", want, jobs[:min(len(jobs), 2000)])
		}
	}
	if index := files["reference/README.md"]; !strings.Contains(index, "| [JobsService](jobs.md) |") {
		t.Errorf("the first page does not lead to the service:\n%s", index)
	}
	types := files["reference/types.md"]
	for _, found := range regexp.MustCompile(`types\.md#(\w+)`).FindAllStringSubmatch(jobs+types, -1) {
		if !regexp.MustCompile(`(?im)^## ` + found[1] + `$`).MatchString(strings.ReplaceAll(types, ".", "")) {
			t.Errorf("a link leads to no type: %s", found[1])
		}
	}
}
