// Command protoc-gen-access is the build's guard over who may call what. `buf generate` runs it beside the other
// generators: it fails the generation when an RPC declares no access rule, and it writes docs/api/access.md.
package main

import (
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/types/pluginpb"
)

func main() {
	protogen.Options{}.Run(func(plugin *protogen.Plugin) error {
		plugin.SupportedFeatures = uint64(pluginpb.CodeGeneratorResponse_FEATURE_PROTO3_OPTIONAL)
		return generate(plugin)
	})
}

// generate writes access.md, or returns one error that names every RPC whose access is not declared as it must be.
func generate(plugin *protogen.Plugin) error {
	services, err := readServices(plugin)
	if err != nil {
		return err
	}
	page := plugin.NewGeneratedFile("access.md", "")
	return writePage(page, services, readLegend(plugin))
}
