package server

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"connectrpc.com/connect/v2"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
)

func (s reportingServer) CreateConversion(ctx context.Context, req *microtrackerv1.CreateConversionRequest) (*microtrackerv1.CreateConversionResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	now := s.config.Now()
	conversion := &repo.Conversion{
		Name: req.GetName(), EventType: conversionEventType(req.GetEventType()), EventName: req.GetEventName(),
		PathPattern: req.GetPathPattern(), PropertyKey: req.GetPropertyKey(), PropertyValue: req.GetPropertyValue(),
		Value: req.GetValue(), CreatedAt: now, UpdatedAt: now,
	}
	err = project.CreateConversion(ctx, conversion)
	switch {
	case errors.Is(err, repo.ErrConflict):
		return nil, failConversionName()
	case errors.Is(err, repo.ErrTooMany):
		return nil, fail(connect.CodeFailedPrecondition, microtrackerv1.ErrorReason_ERROR_REASON_PRECONDITION,
			fmt.Sprintf("the project has %d conversions, the most that it may have: delete one first", repo.MaxConversions))
	case err != nil:
		return nil, err
	}
	return &microtrackerv1.CreateConversionResponse{Conversion: conversionToProto(conversion)}, nil
}

func (s reportingServer) ListConversions(ctx context.Context, req *microtrackerv1.ListConversionsRequest) (*microtrackerv1.ListConversionsResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	page, err := afterPage(req, func(name string) string { return name })
	if err != nil {
		return nil, err
	}
	conversions, err := project.ListConversions(ctx, page)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListConversionsResponse{}
	conversions, res.NextPageToken = cutPage(req, conversions, func(conversion *repo.Conversion) string { return conversion.Name })
	for i := range conversions {
		res.Conversions = append(res.Conversions, conversionToProto(&conversions[i]))
	}
	return res, nil
}

func (s reportingServer) UpdateConversion(ctx context.Context, req *microtrackerv1.UpdateConversionRequest) (*microtrackerv1.UpdateConversionResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	found, err := project.Conversions(ctx, []int64{req.GetConversionId()})
	if err != nil {
		return nil, err
	}
	conversion := &found[0]
	if err := applyConversion(conversion, req); err != nil {
		return nil, err
	}
	conversion.UpdatedAt = s.config.Now()
	if err := project.SaveConversion(ctx, conversion); errors.Is(err, repo.ErrConflict) {
		return nil, failConversionName()
	} else if err != nil {
		return nil, err
	}
	return &microtrackerv1.UpdateConversionResponse{Conversion: conversionToProto(conversion)}, nil
}

// applyConversion writes the fields that the mask names.
func applyConversion(conversion *repo.Conversion, req *microtrackerv1.UpdateConversionRequest) error {
	for _, path := range req.GetUpdateMask().GetPaths() {
		switch path {
		case "name":
			if conversion.Name = req.GetName(); conversion.Name == "" {
				return failField(path, "it must not be empty")
			}
		case "event_type":
			conversion.EventType = conversionEventType(req.GetEventType())
		case "event_name":
			conversion.EventName = req.GetEventName()
		case "path_pattern":
			conversion.PathPattern = req.GetPathPattern()
		case "property_key":
			conversion.PropertyKey = req.GetPropertyKey()
		case "property_value":
			conversion.PropertyValue = req.GetPropertyValue()
		case "value":
			conversion.Value = req.GetValue()
		default:
			return failMask(path, req.ProtoReflect().Descriptor().Fields())
		}
	}
	if (conversion.PropertyKey == "") != (conversion.PropertyValue == "") {
		return failField("property_value", "property_key and property_value go together: change both")
	}
	if conversion.EventType == "" && conversion.EventName == "" && conversion.PathPattern == "" && conversion.PropertyKey == "" {
		return failField("update_mask", "nothing would be left that makes an event a conversion: keep or give event_type, event_name, path_pattern or a property")
	}
	return nil
}

func (s reportingServer) DeleteConversion(ctx context.Context, req *microtrackerv1.DeleteConversionRequest) (*microtrackerv1.DeleteConversionResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	if err := project.DeleteConversion(ctx, req.GetConversionId()); err != nil {
		return nil, err
	}
	return &microtrackerv1.DeleteConversionResponse{}, nil
}

func failConversionName() *connect.Error {
	return failField("name", "the project has a conversion of this name: choose another")
}

// conversionEventType is the type as the table has it, empty for any.
func conversionEventType(t microtrackerv1.EventType) string {
	if t == microtrackerv1.EventType_EVENT_TYPE_UNSPECIFIED {
		return ""
	}
	return eventTypeName(t)
}

// eventTypeFromName is eventTypeName read back.
func eventTypeFromName(name string) microtrackerv1.EventType {
	return microtrackerv1.EventType(microtrackerv1.EventType_value["EVENT_TYPE_"+strings.ToUpper(name)])
}

// decimalText is a decimal number as the database writes it without the zeros at its end: "49.9" for "49.900000".
func decimalText(number string) string {
	if strings.Contains(number, ".") {
		number = strings.TrimSuffix(strings.TrimRight(number, "0"), ".")
	}
	return number
}

func conversionToProto(conversion *repo.Conversion) *microtrackerv1.Conversion {
	return &microtrackerv1.Conversion{
		Id: conversion.ID, ProjectId: conversion.ProjectID, Name: conversion.Name, EventType: eventTypeFromName(conversion.EventType),
		EventName: conversion.EventName, PathPattern: conversion.PathPattern, PropertyKey: conversion.PropertyKey,
		PropertyValue: conversion.PropertyValue, Value: decimalText(conversion.Value),
		CreateTime: timeToProto(conversion.CreatedAt), UpdateTime: timeToProto(conversion.UpdatedAt),
	}
}
