package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/server/identity"
	"github.com/microtracker/microtracker/server/ingest"
	"github.com/microtracker/microtracker/server/limit"
)

// errorDomain is the domain of the google.rpc.ErrorInfo that every error carries.
const errorDomain = "microtracker"

// fail makes an error whose text the caller reads: it says what is wrong and what to do.
func fail(code connect.Code, reason microtrackerv1.ErrorReason, message string) *connect.Error {
	return withReason(connect.NewError(code, message), reason, nil)
}

// failConfirmation refuses what was typed to confirm.
func failConfirmation(field, message string) *connect.Error {
	return withReason(withViolation(connect.CodeInvalidArgument, field, message),
		microtrackerv1.ErrorReason_ERROR_REASON_CONFIRMATION_WRONG, nil)
}

// failLink refuses a token from a mail.
func failLink(remedy string) *connect.Error {
	return fail(connect.CodeInvalidArgument, microtrackerv1.ErrorReason_ERROR_REASON_LINK_INVALID,
		"the link is used up or too old: "+remedy)
}

// failField is fail for one field of the request: the buf.validate.Violations detail names it.
func failField(field, message string) *connect.Error {
	return withReason(withViolation(connect.CodeInvalidArgument, field, message), microtrackerv1.ErrorReason_ERROR_REASON_VALIDATION_FAILED, nil)
}

// withViolation makes an error about one field, without a reason yet.
func withViolation(code connect.Code, field, message string) *connect.Error {
	err := connect.Errorf(code, "%s: %s", field, message)
	return withDetail(err, &validate.Violations{Violations: []*validate.Violation{violation(field, message)}})
}

func violation(field, message string) *validate.Violation {
	return &validate.Violation{
		Field:   &validate.FieldPath{Elements: []*validate.FieldPathElement{{FieldName: new(field)}}},
		RuleId:  new("microtracker"),
		Message: new(message),
	}
}

func withReason(err *connect.Error, reason microtrackerv1.ErrorReason, metadata map[string]string) *connect.Error {
	return withDetail(err, &errdetails.ErrorInfo{Reason: reason.String(), Domain: errorDomain, Metadata: metadata})
}

func withDetail(err *connect.Error, message proto.Message) *connect.Error {
	detail, packErr := connectproto.NewErrorDetail(message)
	if packErr != nil {
		return err // a message of ours always marshals
	}
	return err.WithDetail(detail)
}

// errorInterceptor is the one place where errors become what a caller sees: a Connect code, a text and an ErrorInfo
// with a reason. An error that nobody foresaw is logged once and leaves as a bare internal error with the request's id.
func errorInterceptor(logger *slog.Logger) connect.ServerInterceptor {
	return func(next connect.ServerFunc) connect.ServerFunc {
		return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
			err := next(ctx, spec, stream)
			if err == nil {
				return nil
			}
			public := publicError(err)
			if public == nil {
				id := requestFrom(ctx).ID
				logger.ErrorContext(ctx, "internal error", "procedure", spec.Procedure, "request_id", id, "error", err)
				public = withReason(connect.NewError(connect.CodeInternal,
					"something went wrong on our side; the operator finds it in the log by the request id "+id),
					microtrackerv1.ErrorReason_ERROR_REASON_INTERNAL, map[string]string{"request_id": id})
			}
			return public
		}
	}
}

// publicError returns what a caller may know of err, nil if that is nothing.
func publicError(err error) *connect.Error {
	var authored *connect.Error
	if errors.As(err, &authored) && !authored.IsRemote() {
		return completed(authored)
	}
	if exceeded, ok := errors.AsType[*limit.Exceeded](err); ok {
		wait := exceeded.RetryAfter.Round(time.Second) + time.Second
		tooMany := fail(connect.CodeResourceExhausted, microtrackerv1.ErrorReason_ERROR_REASON_TOO_MANY_ATTEMPTS,
			"too many attempts: try again in "+wait.String())
		return withDetail(tooMany, &errdetails.RetryInfo{RetryDelay: durationpb.New(wait)})
	}
	switch {
	case errors.Is(err, repo.ErrNotFound):
		return fail(connect.CodeNotFound, microtrackerv1.ErrorReason_ERROR_REASON_NOT_FOUND,
			"it does not exist, or it is not yours: check the id")
	case errors.Is(err, ingest.ErrOverloaded):
		full := fail(connect.CodeResourceExhausted, microtrackerv1.ErrorReason_ERROR_REASON_OVERLOADED,
			"more events wait to be stored than may: send them again in a second, with the same ids")
		return withDetail(full, &errdetails.RetryInfo{RetryDelay: durationpb.New(time.Second)})
	case errors.Is(err, ingest.ErrTakenOver):
		return fail(connect.CodeAborted, microtrackerv1.ErrorReason_ERROR_REASON_STREAM_TAKEN_OVER,
			"another connection goes on with this stream, or a batch before this one failed: connect again and go on after committed_sequence")
	case errors.Is(err, ingest.ErrSettingsChanged):
		return fail(connect.CodeUnavailable, microtrackerv1.ErrorReason_ERROR_REASON_OVERLOADED,
			"the project's settings have just changed: connect again")
	case errors.Is(err, report.ErrUnsupported):
		return fail(connect.CodeInvalidArgument, microtrackerv1.ErrorReason_ERROR_REASON_QUERY_UNSUPPORTED, err.Error())
	case errors.Is(err, identity.ErrOverloaded):
		return fail(connect.CodeResourceExhausted, microtrackerv1.ErrorReason_ERROR_REASON_OVERLOADED,
			"too many sign-ins at once: try again in a few seconds")
	case errors.Is(err, repo.ErrUnavailable):
		return fail(connect.CodeUnavailable, microtrackerv1.ErrorReason_ERROR_REASON_DATABASE_UNAVAILABLE,
			"the database is away: try again with back-off")
	case errors.Is(err, context.Canceled):
		return fail(connect.CodeCanceled, microtrackerv1.ErrorReason_ERROR_REASON_CANCELED, "the call was given up")
	case errors.Is(err, context.DeadlineExceeded):
		return fail(connect.CodeDeadlineExceeded, microtrackerv1.ErrorReason_ERROR_REASON_CANCELED, "the call ran into its deadline")
	}
	return nil
}

// completed gives an authored error the reason that it lacks: those of the transport and the validation have none.
func completed(err *connect.Error) *connect.Error {
	violations := false
	for _, detail := range err.Details() {
		switch detail.Type {
		case string((&errdetails.ErrorInfo{}).ProtoReflect().Descriptor().FullName()):
			return err
		case string((&validate.Violations{}).ProtoReflect().Descriptor().FullName()):
			violations = true
		}
	}
	switch {
	case violations:
		return withReason(err, microtrackerv1.ErrorReason_ERROR_REASON_VALIDATION_FAILED, nil)
	case err.Code() == connect.CodeInvalidArgument,
		err.Code() == connect.CodeUnimplemented,                // no message where there must be one, or several
		strings.HasPrefix(err.Message(), "protocol error: "),   // a message cut short
		strings.HasPrefix(err.Message(), "corrupt response: "): // bytes behind the end, of a request as well
		return fail(connect.CodeInvalidArgument, microtrackerv1.ErrorReason_ERROR_REASON_MALFORMED_REQUEST, unreadable(err.Message()))
	case err.Code() == connect.CodeResourceExhausted:
		return fail(connect.CodeResourceExhausted, microtrackerv1.ErrorReason_ERROR_REASON_REQUEST_TOO_LARGE,
			fmt.Sprintf("the message is larger than %d bytes: send less at once", maxMessage))
	case err.Code() == connect.CodeCanceled, err.Code() == connect.CodeDeadlineExceeded:
		return withReason(err, microtrackerv1.ErrorReason_ERROR_REASON_CANCELED, nil)
	}
	return nil // an authored internal error: not one of ours
}

// unreadable words what the transport says of a message that it could not decode: where it is wrong, not who found it.
func unreadable(transport string) string {
	if strings.HasPrefix(transport, "get decompressor") || strings.HasPrefix(transport, "decompress") {
		return "the body is not compressed as its headers say"
	}
	_, where, found := strings.Cut(transport, "proto:")
	if !found {
		_, where, _ = strings.Cut(transport, "unmarshal message:")
	}
	// protojson puts no-break spaces into its texts, so that nobody compares them.
	where = strings.TrimSpace(strings.ReplaceAll(where, "\u00a0", " "))
	if where == "" {
		return "the message cannot be read"
	}
	return "the message cannot be read: " + where
}
