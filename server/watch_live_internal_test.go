package server

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect/v2"
)

func TestASlowReaderIsAskedToComeAgain(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		takes time.Duration
		err   error
		want  connect.Code
	}{
		"quick":      {takes: time.Second},
		"slow":       {takes: slowSend + time.Second, want: connect.CodeResourceExhausted},
		"not at all": {takes: longestSend, err: broken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				err := newStreamSender(t.Context(), slowSend, longestSend).send(func() error {
					<-time.After(test.takes)
					return test.err
				})
				switch {
				case test.want != 0 && connect.CodeOf(err) != test.want:
					t.Errorf("err = %v, want %v", err, test.want)
				case test.want == 0 && !errors.Is(err, test.err):
					t.Errorf("err = %v, want %v", err, test.err)
				}
			})
		})
	}
}

func TestACursorIsOfOneQuestion(t *testing.T) {
	t.Parallel()
	of := eventCursorOf(1, liveCursor)
	if id, err := of.read(of.of(42)); id != 42 || err != nil {
		t.Errorf("read = %d, %v; want 42", id, err)
	}
	for name, cursor := range map[string]string{
		"another project's":  eventCursorOf(2, liveCursor).of(42),
		"another question's": eventCursorOf(1, "other").of(42),
		"below zero":         of.of(-1),
		"cut off":            of.of(42)[:10],
		"no cursor":          "?",
	} {
		if _, err := of.read(cursor); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: %v, want invalid argument", name, err)
		}
	}
}
