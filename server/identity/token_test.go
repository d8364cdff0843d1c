package identity_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/microtracker/microtracker/server/identity"
)

func TestASessionCookieLeadsToItsID(t *testing.T) {
	t.Parallel()
	cookie, id := identity.NewSessionToken()
	got, err := identity.SessionID(cookie)
	if err != nil || got != id || len(id) != 64 || len(cookie) != 43 {
		t.Errorf("cookie of %d, id %q, read as %q, %v", len(cookie), id, got, err)
	}
	other, _ := identity.NewSessionToken()
	if other == cookie {
		t.Error("two sessions have the same cookie")
	}
}

func TestAMadeUpSessionCookieIsRefused(t *testing.T) {
	t.Parallel()
	zeros := strings.Repeat("A", 43)
	if _, err := identity.SessionID(zeros); err != nil {
		t.Fatalf("a well-formed cookie: %v", err)
	}
	bad := map[string]string{
		"empty":               "",
		"short":               zeros[1:],
		"long":                zeros + "A",
		"padded":              zeros[1:] + "=",
		"standard alphabet":   zeros[1:] + "+",
		"line break":          zeros[:20] + "\n" + zeros[21:],
		"not the only writer": zeros[:42] + "B", // its two last bits are spare and must be zero
	}
	for name, cookie := range bad {
		if _, err := identity.SessionID(cookie); !errors.Is(err, identity.ErrMalformed) {
			t.Errorf("%s: err = %v, want ErrMalformed", name, err)
		}
	}
}

func TestASanctumTokenIsRead(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{strings.Repeat("aB3x", 10), strings.Repeat("z", 48), "app_" + strings.Repeat("z", 76)} {
		sum := sha256.Sum256([]byte(secret))
		id, hash, err := identity.ParseSanctum("42|" + secret)
		if err != nil || id != 42 || hash != hex.EncodeToString(sum[:]) {
			t.Errorf("%d characters: id %d, hash %q, %v", len(secret), id, hash, err)
		}
	}
}

func TestWhatIsNoSanctumTokenIsRefused(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("a", 40)
	for _, text := range []string{
		"", "|", "42|", "|" + secret, secret, "0|" + secret, "-1|" + secret, "+1|" + secret, "007|" + secret,
		" 1|" + secret, "1x|" + secret, "9223372036854775808|" + secret, strings.Repeat("9", 1000) + "|" + secret,
		"1|" + secret[1:], "1|" + strings.Repeat("a", 256), "1|" + secret + "|", "1|" + secret + " ", "1|" + secret + "\x00",
	} {
		if id, hash, err := identity.ParseSanctum(text); !errors.Is(err, identity.ErrMalformed) || id != 0 || hash != "" {
			t.Errorf("%.60q: id %d, hash %q, err = %v", text, id, hash, err)
		}
	}
}
