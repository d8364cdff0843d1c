package identity

import (
	"fmt"
	"io"
	"log/slog"
)

// A secret that can be printed will be: in a log line, an error, a dump of a request. Every way of fmt, slog and the
// encoders leads to the same redaction, which tells the kind and nothing else.

var (
	_ fmt.Formatter  = Secret{}
	_ fmt.Stringer   = Secret{}
	_ fmt.GoStringer = Secret{}
	_ slog.LogValuer = Secret{}
)

// String returns the redaction, such as "mt_key_[redacted]".
func (s Secret) String() string { return s.kind.Prefix() + "[redacted]" }

// GoString returns the redaction.
func (s Secret) GoString() string { return s.String() }

// Format writes the redaction for every verb and flag.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue returns the redaction.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns the redaction.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON returns the redaction as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }
