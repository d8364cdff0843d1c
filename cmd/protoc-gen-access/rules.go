package main

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

const (
	// accessOption is the method option that carries an RPC's rule.
	accessOption protoreflect.FullName = "microtracker.v1.access"
	// projectField is the request field that says which project a project_role rule is about.
	projectField protoreflect.Name = "project_id"
)

// service is a service with the access of each of its RPCs.
type service struct {
	name    string
	comment string
	rpcs    []rpc
}

// rpc is one row of the page.
type rpc struct {
	name    string
	kind    string
	comment string
	rule    rule
	// instance says that an operator may make the call without a project.
	instance bool
	// scope is what a token or a key must be able to do, such as "reports:read"; empty where anyone may call.
	scope string
}

// rule is one access rule, such as audience = AUDIENCE_USER.
type rule struct {
	field protoreflect.Name
	enum  protoreflect.FullName
	value protoreflect.Name
}

// readServices returns the services to generate for, in the order of their files. Its error joins every RPC's fault,
// so that one run shows them all.
func readServices(plugin *protogen.Plugin) ([]service, error) {
	types, err := linkOptions(plugin)
	if err != nil {
		return nil, err
	}
	var services []service
	var faults []error
	for _, file := range plugin.Files {
		if !file.Generate {
			continue
		}
		for _, svc := range file.Services {
			read := service{name: string(svc.Desc.Name()), comment: firstSentence(svc.Comments.Leading)}
			for _, method := range svc.Methods {
				row, err := ruleOf(method.Desc, types)
				if err != nil {
					faults = append(faults, fmt.Errorf("%s: %s: %w", file.Desc.Path(), method.Desc.FullName(), err))
					continue
				}
				row.name, row.kind, row.comment = string(method.Desc.Name()), streaming(method.Desc), firstSentence(method.Comments.Leading)
				read.rpcs = append(read.rpcs, row)
			}
			services = append(services, read)
		}
	}
	return services, errors.Join(faults...)
}

// linkOptions returns the types that the request itself declares, the access option among them.
//
// They come from the descriptors that are being generated, never from the generated Go code: generation must work
// when gen/ is missing, stale or does not compile.
func linkOptions(plugin *protogen.Plugin) (*dynamicpb.Types, error) {
	files, err := protodesc.NewFiles(&descriptorpb.FileDescriptorSet{File: plugin.Request.GetProtoFile()})
	if err != nil {
		return nil, fmt.Errorf("link the descriptors: %w", err)
	}
	return dynamicpb.NewTypes(files), nil
}

// ruleOf returns what the method's option says of it, or an error that says what to write in the proto.
func ruleOf(method protoreflect.MethodDescriptor, types *dynamicpb.Types) (row rpc, err error) {
	access, err := accessOf(method, types)
	if err != nil {
		return rpc{}, err
	}
	if access == nil {
		return rpc{}, fmt.Errorf("no access rule: declare `option (%s) = {…}`, see access.proto", accessOption.Name())
	}
	if row.rule, err = declaredRule(method, access); err != nil {
		return rpc{}, err
	}
	if row.instance, err = declaredInstance(row.rule, access); err != nil {
		return rpc{}, err
	}
	row.scope, err = declaredScope(row.rule, access)
	return row, err
}

// declaredRule reads the one field of the oneof that is set.
func declaredRule(method protoreflect.MethodDescriptor, access protoreflect.Message) (rule, error) {
	oneof := access.Descriptor().Oneofs().ByName("rule")
	if oneof == nil {
		return rule{}, fmt.Errorf("option %s has no oneof named rule", accessOption)
	}
	field := access.WhichOneof(oneof)
	if field == nil {
		return rule{}, errors.New("the access option is there, but sets no rule")
	}
	if field.Kind() != protoreflect.EnumKind {
		return rule{}, fmt.Errorf("rule %s is a %s: teach protoc-gen-access what it means", field.Name(), field.Kind())
	}
	number := access.Get(field).Enum()
	value := field.Enum().Values().ByNumber(number)
	if number == 0 || value == nil {
		return rule{}, fmt.Errorf("rule %s is unspecified or unknown (%d)", field.Name(), number)
	}
	if field.Name() == "project_role" && !namesProject(method.Input()) {
		return rule{}, fmt.Errorf("rule project_role needs a plain field `int64 %s` in %s", projectField, method.Input().FullName())
	}
	return rule{field: field.Name(), enum: field.Enum().FullName(), value: value.Name()}, nil
}

// declaredInstance reads whether an operator may make the call without a project: something that only a call about a project
// can lack.
func declaredInstance(found rule, access protoreflect.Message) (bool, error) {
	field := access.Descriptor().Fields().ByName("operator_without_project")
	if field == nil || !access.Get(field).Bool() {
		return false, nil
	}
	if found.field != "project_role" {
		return false, fmt.Errorf("operator_without_project means nothing to %s: it stands beside project_role", found)
	}
	return true, nil
}

// declaredScope reads what a token or a key must be able to do. It is required for users, operators and projects and for
// the servers that may call in place of browsers, and has no meaning where no credential is asked for.
func declaredScope(found rule, access protoreflect.Message) (string, error) {
	asked := found.field == "project_role" || found.value != "AUDIENCE_ANYONE"
	field := access.Descriptor().Fields().ByName("scope")
	var number protoreflect.EnumNumber
	if field != nil {
		number = access.Get(field).Enum()
	}
	switch {
	case number == 0 && asked:
		return "", errors.New("no scope: say what a token or a key must be able to do, see Scope in access.proto")
	case number == 0:
		return "", nil
	case !asked:
		return "", fmt.Errorf("a scope means nothing to %s", found)
	}
	value := field.Enum().Values().ByNumber(number)
	if value == nil {
		return "", fmt.Errorf("scope %d is not in the enum", number)
	}
	return scopeText(string(value.Name())), nil
}

// accessOf decodes the method's options anew, this time knowing the access option. It returns nil without one.
func accessOf(method protoreflect.MethodDescriptor, types *dynamicpb.Types) (protoreflect.Message, error) {
	raw, err := proto.Marshal(method.Options())
	if err != nil {
		return nil, fmt.Errorf("encode the method's options: %w", err)
	}
	options := &descriptorpb.MethodOptions{}
	if err := (proto.UnmarshalOptions{Resolver: types}).Unmarshal(raw, options); err != nil {
		return nil, fmt.Errorf("decode the method's options: %w", err)
	}
	// Not proto.GetExtension: it asks for the very descriptor of MethodOptions that is linked in here.
	var access protoreflect.Message
	options.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if field.FullName() != accessOption || field.Kind() != protoreflect.MessageKind {
			return true
		}
		access = value.Message()
		return false
	})
	return access, nil
}

// namesProject reports whether the request says which project it is about, in the one form that the server reads.
func namesProject(request protoreflect.MessageDescriptor) bool {
	field := request.Fields().ByName(projectField)
	return field != nil &&
		field.Kind() == protoreflect.Int64Kind &&
		!field.IsList() &&
		field.ContainingOneof() == nil
}

func streaming(method protoreflect.MethodDescriptor) string {
	switch {
	case method.IsStreamingClient() && method.IsStreamingServer():
		return "both ways"
	case method.IsStreamingClient():
		return "client stream"
	case method.IsStreamingServer():
		return "server stream"
	default:
		return "unary"
	}
}
