// Command protoc-gen-reference writes the reference of the API from the protos and their comments: docs/api/openapi.yaml for
// programs, and a page per service under docs/api/reference/ for people. `buf generate` runs it beside the other generators.
//
// It imports nothing of gen/, so it runs when gen/ is missing or does not compile.
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

// generate writes every file of the reference, or none.
func generate(plugin *protogen.Plugin) error {
	api := readAPI(plugin)
	document, err := openAPI(api)
	if err != nil {
		return err
	}
	files := pages(api)
	files["openapi.yaml"] = document
	for _, name := range sortedKeys(files) {
		if _, err := plugin.NewGeneratedFile(name, "").Write([]byte(files[name])); err != nil {
			return err
		}
	}
	return nil
}
