package identity_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/microtracker/microtracker/server/identity"
)

func namedKinds() []identity.Kind {
	return []identity.Kind{identity.PublicKey, identity.SecretKey, identity.APIKey, identity.PersonalAccessToken}
}

func TestANewSecretIsReadBack(t *testing.T) {
	t.Parallel()
	for _, kind := range namedKinds() {
		made := identity.New(kind)
		for _, want := range []identity.Kind{kind, identity.AnyKind} {
			read, err := identity.Parse(want, made.Reveal())
			if err != nil {
				t.Fatalf("%v: %v", kind, err)
			}
			if read.Kind() != kind || !read.Equal(made) || read.SHA256() != made.SHA256() {
				t.Errorf("%v: read back something else", kind)
			}
		}
	}
}

func TestASecretHasTheShapeOfItsKind(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind  identity.Kind
		shape string
	}{
		{identity.PublicKey, `^mt_pub_[0-9A-Za-z]{28}$`},
		{identity.SecretKey, `^mt_sec_[0-9A-Za-z]{49}$`},
		{identity.APIKey, `^mt_key_[0-9A-Za-z]{49}$`},
		{identity.PersonalAccessToken, `^mt_pat_[0-9A-Za-z]{49}$`},
	} {
		if text := identity.New(test.kind).Reveal(); !regexp.MustCompile(test.shape).MatchString(text) {
			t.Errorf("%v: %q is not %s", test.kind, text, test.shape)
		}
	}
}

// The checksum is part of the format: keys made today must be read by every later version.
func TestAKnownSecretStaysReadable(t *testing.T) {
	t.Parallel()
	const text = "mt_key_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg01mg2L"
	secret, err := identity.Parse(identity.APIKey, text)
	if err != nil {
		t.Fatal(err)
	}
	if secret.Prefix() != "01234567" || secret.Last4() != "mg2L" {
		t.Errorf("prefix %q, last four %q", secret.Prefix(), secret.Last4())
	}
	if got, want := secret.SHA256(), "f59e701e1b3af66ef2ae5c898096b6c5c875dab4b26834c186c05a29d0cef693"; got != want {
		t.Errorf("SHA256 = %q, want %q", got, want)
	}
}

func TestSecretsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		seen[identity.New(identity.PublicKey).Reveal()] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d different keys of 1000", len(seen))
	}
}

func TestADamagedSecretIsRefused(t *testing.T) {
	t.Parallel()
	good := identity.New(identity.APIKey).Reveal()
	flip := func(i int) string {
		b := []byte(good)
		if b[i] == 'a' {
			b[i] = 'b'
		} else {
			b[i] = 'a'
		}
		return string(b)
	}
	bad := map[string]string{
		"empty":             "",
		"prefix only":       "mt_key_",
		"unknown prefix":    "mt_foo_" + good[7:],
		"another kind":      "mt_sec_" + good[7:],
		"too short":         good[:len(good)-1],
		"too long":          good + "a",
		"huge":              good + strings.Repeat("a", 1<<20),
		"space at the end":  good[:len(good)-1] + " ",
		"NUL inside":        good[:20] + "\x00" + good[21:],
		"not ASCII":         good[:20] + "é" + good[22:],
		"wrong random part": flip(20),
		"wrong checksum":    flip(len(good) - 1),
		"lower case":        strings.ToLower(good),
		"swapped":           "mt_key_" + good[8:9] + good[7:8] + good[9:],
	}
	for name, text := range bad {
		if text == good {
			continue // Two equal characters were swapped, or the random part had no capital.
		}
		if _, err := identity.Parse(identity.AnyKind, text); !errors.Is(err, identity.ErrMalformed) {
			t.Errorf("%s: err = %v, want ErrMalformed", name, err)
		}
	}
}

func TestASecretOfAnotherKindIsRefused(t *testing.T) {
	t.Parallel()
	for _, made := range namedKinds() {
		for _, want := range namedKinds() {
			_, err := identity.Parse(want, identity.New(made).Reveal())
			if (err == nil) != (made == want) {
				t.Errorf("a %v read as a %v: err = %v", made, want, err)
			}
		}
	}
}

func TestEqualComparesTheText(t *testing.T) {
	t.Parallel()
	key := identity.New(identity.APIKey)
	same, err := identity.Parse(identity.APIKey, key.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	if !key.Equal(same) || key.Equal(identity.New(identity.APIKey)) || key.Equal(identity.Secret{}) {
		t.Error("Equal does not tell the texts apart")
	}
}

func TestTheZeroSecretIsHarmless(t *testing.T) {
	t.Parallel()
	var zero identity.Secret
	if !zero.IsZero() || zero.Reveal() != "" || zero.Prefix() != "" || zero.Last4() != "" || zero.String() != "[redacted]" {
		t.Errorf("the zero secret shows something: %v", zero)
	}
	if identity.New(identity.APIKey).IsZero() {
		t.Error("a new secret is zero")
	}
}

func TestAPrintedSecretDoesNotLeak(t *testing.T) {
	t.Parallel()
	secret := identity.New(identity.APIKey)
	type exported struct{ Key identity.Secret }
	type hidden struct{ key identity.Secret }
	values := map[string]any{
		"value": secret, "pointer": &secret, "slice": []identity.Secret{secret},
		"map": map[string]identity.Secret{"k": secret}, "field": exported{secret},
		"unexported field": hidden{secret}, "pointer to unexported": &hidden{secret}, "any": []any{secret},
	}
	for name, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%t", "%T", "%p", "%10.3s", "%e"} {
			mustNotLeak(t, secret, name+" with "+verb, fmt.Sprintf(verb, value))
		}
		var text, object bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("x", "key", value)
		slog.New(slog.NewJSONHandler(&object, nil)).Info("x", "key", value)
		mustNotLeak(t, secret, name+" in a text log", text.String())
		mustNotLeak(t, secret, name+" in a JSON log", object.String())
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Errorf("%s: JSON: %v", name, err)
		}
		mustNotLeak(t, secret, name+" as JSON", string(encoded))
	}
	asXML, err := xml.Marshal(exported{secret})
	if err != nil {
		t.Error(err)
	}
	mustNotLeak(t, secret, "XML", string(asXML))
	mustNotLeak(t, secret, "an error", fmt.Errorf("key %v: %w", secret, identity.ErrMalformed).Error())
	if got := fmt.Sprint(secret); got != "mt_key_[redacted]" {
		t.Errorf("printed as %q", got)
	}
}

func mustNotLeak(t *testing.T, secret identity.Secret, where, shown string) {
	t.Helper()
	random := secret.Reveal()[len("mt_key_"):]
	for i := 0; i+6 <= len(random); i++ {
		part := random[i : i+6]
		if strings.Contains(shown, part) || strings.Contains(shown, fmt.Sprintf("%x", part)) || strings.Contains(shown, fmt.Sprintf("%X", part)) {
			t.Errorf("%s shows a part of the secret: %s", where, shown)
			return
		}
	}
}

func TestMakingASecretOfNoKindPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	identity.New(identity.AnyKind)
}

func FuzzParse(f *testing.F) {
	for _, kind := range namedKinds() {
		f.Add(identity.New(kind).Reveal())
	}
	f.Add("mt_key_")
	f.Add("1|" + strings.Repeat("a", 40))
	f.Fuzz(func(t *testing.T, text string) {
		secret, err := identity.Parse(identity.AnyKind, text)
		if err == nil && (secret.Reveal() != text || len(secret.Prefix()) != 8 || len(secret.Last4()) != 4) {
			t.Errorf("%q was read as something else", text)
		}
		if id, hash, err := identity.ParseSanctum(text); err == nil && (id <= 0 || len(hash) != 64) {
			t.Errorf("%q: id %d, hash %q", text, id, hash)
		}
		if id, err := identity.SessionID(text); err == nil && len(id) != 64 {
			t.Errorf("%q: session id %q", text, id)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	good := identity.New(identity.APIKey).Reveal()
	for name, text := range map[string]string{"good": good, "wrong checksum": good[:len(good)-6] + "000000"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = identity.Parse(identity.AnyKind, text)
			}
		})
	}
}
