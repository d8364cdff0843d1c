package server_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/go-cmp/cmp"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
)

func (w *world) conversion(t *testing.T, who account, req *microtrackerv1.CreateConversionRequest) *microtrackerv1.Conversion {
	t.Helper()
	req.ProjectId = who.project.ID
	res, err := w.reporting(t, who).CreateConversion(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return res.GetConversion()
}

func TestAConversionIsMadeChangedAndDeleted(t *testing.T) {
	t.Parallel()
	w := start(t)
	who, stranger := w.account(t), w.account(t)
	client := w.reporting(t, who)
	made := w.conversion(t, who, &microtrackerv1.CreateConversionRequest{
		Name: "Sign-up", EventType: microtrackerv1.EventType_EVENT_TYPE_CUSTOM, EventName: "signup", PathPattern: "/join/**",
		PropertyKey: "plan", PropertyValue: "pro", Value: "49.90",
	})
	say := func(c *microtrackerv1.Conversion) string {
		return strings.Join([]string{
			c.GetName(), c.GetEventType().String(), c.GetEventName(), c.GetPathPattern(), c.GetPropertyKey(), c.GetPropertyValue(), c.GetValue(),
		}, "|")
	}
	if got := say(made); got != "Sign-up|EVENT_TYPE_CUSTOM|signup|/join/**|plan|pro|49.9" || made.GetProjectId() != who.project.ID || made.GetCreateTime() == nil {
		t.Errorf("made %v", made)
	}
	changed, err := client.UpdateConversion(t.Context(), &microtrackerv1.UpdateConversionRequest{
		ProjectId: who.project.ID, ConversionId: made.GetId(), Name: "Joined", Value: "0.5", EventName: "not named by the mask",
		UpdateMask: mask("name", "event_type", "value", "property_key", "property_value"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := say(changed.GetConversion()); got != "Joined|EVENT_TYPE_UNSPECIFIED|signup|/join/**|||0.5" {
		t.Errorf("changed to %s", got)
	}
	w.conversion(t, who, &microtrackerv1.CreateConversionRequest{Name: "Bought", PathPattern: "/thanks"})
	w.conversion(t, stranger, &microtrackerv1.CreateConversionRequest{Name: "Bought", PathPattern: "/thanks"})
	var listed []string
	token := ""
	for {
		res, err := client.ListConversions(t.Context(), &microtrackerv1.ListConversionsRequest{ProjectId: who.project.ID, PageSize: 1, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range res.GetConversions() {
			listed = append(listed, say(c))
		}
		if token = res.GetNextPageToken(); token == "" {
			break
		}
	}
	want := []string{"Bought|EVENT_TYPE_UNSPECIFIED||/thanks|||", "Joined|EVENT_TYPE_UNSPECIFIED|signup|/join/**|||0.5"}
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("the list (-want +got):\n%s", diff)
	}
	gone := &microtrackerv1.DeleteConversionRequest{ProjectId: who.project.ID, ConversionId: made.GetId()}
	if _, err := client.DeleteConversion(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteConversion(t.Context(), gone); connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("deleted again: %v, want not found", err)
	}
}

func TestAConversionThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	client := w.reporting(t, who)
	taken := w.conversion(t, who, &microtrackerv1.CreateConversionRequest{Name: "taken", EventName: "x"})
	other := w.conversion(t, who, &microtrackerv1.CreateConversionRequest{Name: "other", PropertyKey: "plan", PropertyValue: "pro"})
	for name, req := range map[string]*microtrackerv1.CreateConversionRequest{
		"of any event":            {Name: "n"},
		"without a name":          {EventName: "x"},
		"a name that is taken":    {Name: taken.GetName(), EventName: "y"},
		"a property alone":        {Name: "n", PropertyKey: "plan"},
		"a property's value":      {Name: "n", EventName: "x", PropertyValue: "pro"},
		"a path that is none":     {Name: "n", PathPattern: "thanks"},
		"a value that is none":    {Name: "n", EventName: "x", Value: "ten"},
		"a value below zero":      {Name: "n", EventName: "x", Value: "-1"},
		"a type that there isn't": {Name: "n", EventType: 99},
		"a long name":             {Name: strings.Repeat("n", 256), EventName: "x"},
	} {
		req.ProjectId = who.project.ID
		if _, err := client.CreateConversion(t.Context(), req); connect.CodeOf(err) != connect.CodeInvalidArgument || reasonOf(err) != "ERROR_REASON_VALIDATION_FAILED" {
			t.Errorf("%s: %v, want it refused", name, err)
		}
	}
	for name, req := range map[string]*microtrackerv1.UpdateConversionRequest{
		"nothing left":            {UpdateMask: mask("property_key", "property_value")},
		"half a property":         {UpdateMask: mask("property_key")},
		"an empty name":           {UpdateMask: mask("name")},
		"a name that is taken":    {Name: taken.GetName(), UpdateMask: mask("name")},
		"a field that is none":    {UpdateMask: mask("create_time")},
		"no mask":                 {Name: "n"},
		"another path than asked": {PathPattern: "x", UpdateMask: mask("path_pattern")},
	} {
		req.ProjectId, req.ConversionId = who.project.ID, other.GetId()
		if _, err := client.UpdateConversion(t.Context(), req); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: %v, want it refused", name, err)
		}
	}
}

func TestTheHundredAndFirstConversionIsRefused(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	for i := range repo.MaxConversions {
		conversion := &repo.Conversion{Name: strconv.Itoa(i), EventName: "x", CreatedAt: time.Now(), UpdatedAt: time.Now()}
		if err := who.project.CreateConversion(t.Context(), conversion); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.reporting(t, who).CreateConversion(t.Context(), &microtrackerv1.CreateConversionRequest{ProjectId: who.project.ID, Name: "n", EventName: "x"})
	if connect.CodeOf(err) != connect.CodeFailedPrecondition || reasonOf(err) != "ERROR_REASON_PRECONDITION" {
		t.Errorf("%v, want a failed precondition", err)
	}
}
