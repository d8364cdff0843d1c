package server

import (
	"strings"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// failMask refuses an update_mask that names a field which cannot be changed, and lists those that can.
func failMask(path string, fields protoreflect.FieldDescriptors) *connect.Error {
	var known []string
	for i := range fields.Len() {
		name := string(fields.Get(i).Name())
		if name != "update_mask" && !strings.HasSuffix(name, "_id") {
			known = append(known, name)
		}
	}
	return failField("update_mask", "there is no "+path+" to change; name some of "+strings.Join(known, ", "))
}
