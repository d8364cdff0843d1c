package identity

import (
	"errors"
	"strings"
	"testing"
)

// A right checksum does not make up for characters that New never uses.
func TestAForeignAlphabetIsRefusedWhateverItsChecksum(t *testing.T) {
	t.Parallel()
	for _, foreign := range []string{"-", "\x00", "'", "|", "\n"} {
		body := "mt_key_" + strings.Repeat("a", secretRandomLen-1) + foreign
		if _, err := Parse(APIKey, body+checksum(body)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: err = %v, want ErrMalformed", foreign, err)
		}
	}
}
