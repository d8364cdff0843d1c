package main

import (
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// api is all that the reference tells of.
type api struct {
	services []*protogen.Service
	// messages and enums are those that RPCs carry, by their name: requests and answers, and all that these are made of.
	messages []*protogen.Message
	enums    []*protogen.Enum
	// carriers are the messages that an RPC takes or answers with.
	carriers map[protoreflect.FullName]bool
}

// readAPI collects the services to generate for and whatever their RPCs carry.
func readAPI(plugin *protogen.Plugin) *api {
	read := &api{carriers: map[protoreflect.FullName]bool{}}
	messages := map[protoreflect.FullName]*protogen.Message{}
	enums := map[protoreflect.FullName]*protogen.Enum{}
	var visit func(message *protogen.Message)
	visit = func(message *protogen.Message) {
		name := message.Desc.FullName()
		if messages[name] != nil || isWellKnown(name) {
			return
		}
		messages[name] = message
		for _, field := range message.Fields {
			if field.Message != nil && field.Message.Desc.IsMapEntry() {
				field = field.Message.Fields[1]
			}
			if field.Message != nil {
				visit(field.Message)
			}
			if field.Enum != nil && !isWellKnown(field.Enum.Desc.FullName()) {
				enums[field.Enum.Desc.FullName()] = field.Enum
			}
		}
	}
	for _, file := range plugin.Files {
		if !file.Generate {
			continue
		}
		for _, service := range file.Services {
			read.services = append(read.services, service)
			for _, method := range service.Methods {
				for _, message := range []*protogen.Message{method.Input, method.Output} {
					read.carriers[message.Desc.FullName()] = true
					visit(message)
				}
			}
		}
	}
	slices.SortFunc(read.services, func(a, b *protogen.Service) int { return strings.Compare(a.GoName, b.GoName) })
	for _, name := range sortedKeys(messages) {
		read.messages = append(read.messages, messages[name])
	}
	for _, name := range sortedKeys(enums) {
		read.enums = append(read.enums, enums[name])
	}
	return read
}

func isWellKnown(name protoreflect.FullName) bool {
	return strings.HasPrefix(string(name), "google.protobuf.")
}

// shortName is a type's name without its package: "Outer.Inner" for one inside another.
func shortName(desc protoreflect.Descriptor) string {
	return strings.TrimPrefix(string(desc.FullName()), string(desc.ParentFile().Package())+".")
}

// rpcPath is where an RPC is called.
func rpcPath(method *protogen.Method) string {
	return "/" + string(method.Parent.Desc.FullName()) + "/" + string(method.Desc.Name())
}

// isStream reports whether more than one message goes one way or the other.
func isStream(method *protogen.Method) bool {
	return method.Desc.IsStreamingClient() || method.Desc.IsStreamingServer()
}

// isReadOnly reports whether the RPC changes nothing, so that it may also be called with GET.
func isReadOnly(method *protogen.Method) bool {
	options, ok := method.Desc.Options().(*descriptorpb.MethodOptions)
	return ok && options.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS
}

const (
	// accessNumber is that of the option microtracker.v1.access, audienceNumber that of its field audience, and anyone the
	// value of AUDIENCE_ANYONE (access.proto). They are read from the bytes: gen/, which has names for them, may be broken.
	accessNumber   = 50001
	audienceNumber = 1
	anyone         = 1
)

// isForAnyone reports whether the RPC is called without a credential.
func isForAnyone(method *protogen.Method) bool {
	raw, err := proto.Marshal(method.Desc.Options())
	if err != nil {
		return false
	}
	access := fieldOf(raw, accessNumber, protowire.BytesType)
	content, n := protowire.ConsumeBytes(access)
	if n < 0 {
		return false
	}
	audience, n := protowire.ConsumeVarint(fieldOf(content, audienceNumber, protowire.VarintType))
	return n > 0 && audience == anyone
}

// fieldOf returns the bytes of a message from the value of its field on; nothing where it has none.
func fieldOf(message []byte, number protowire.Number, kind protowire.Type) []byte {
	for len(message) > 0 {
		found, wireType, n := protowire.ConsumeTag(message)
		if n < 0 {
			return nil
		}
		message = message[n:]
		if found == number && wireType == kind {
			return message
		}
		n = protowire.ConsumeFieldValue(found, wireType, message)
		if n < 0 {
			return nil
		}
		message = message[n:]
	}
	return nil
}

// comment is what stands above something in its proto, a paragraph a line.
func comment(comments protogen.CommentSet) string {
	var lines []string
	for line := range strings.Lines(string(comments.Leading)) {
		lines = append(lines, strings.TrimSpace(line))
	}
	paragraphs := strings.Split(strings.TrimSpace(strings.Join(lines, "\n")), "\n\n")
	for i, paragraph := range paragraphs {
		paragraphs[i] = strings.ReplaceAll(paragraph, "\n", " ")
	}
	return strings.Join(paragraphs, "\n\n")
}

// firstSentence is how a comment begins, up to the first full stop with a space after it.
func firstSentence(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	if end := strings.Index(text, ". "); end >= 0 {
		return text[:end+1]
	}
	return text
}

func sortedKeys[K ~string, V any](of map[K]V) []K {
	return slices.Sorted(maps.Keys(of))
}
