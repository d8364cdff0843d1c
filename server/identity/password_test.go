package identity_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/microtracker/microtracker/server/identity"
	"golang.org/x/crypto/bcrypt"
)

const rightPassword = "correct horse battery staple"

func TestAPasswordIsVerifiedAgainstItsHash(t *testing.T) {
	t.Parallel()
	p := identity.NewPasswords(2)
	hash, err := p.Hash(t.Context(), rightPassword)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash = %q", hash)
	}
	mustVerify(t, p, rightPassword, hash, true, false)
	mustVerify(t, p, "correct horse battery stable", hash, false, false)
	mustVerify(t, p, "", hash, false, false)
	mustVerify(t, p, rightPassword+"\x00", hash, false, false)
}

func TestTheSamePasswordHashesDifferentlyEachTime(t *testing.T) {
	t.Parallel()
	p := identity.NewPasswords(1)
	a, _ := p.Hash(t.Context(), rightPassword)
	b, _ := p.Hash(t.Context(), rightPassword)
	if a == b || a == "" {
		t.Error("the salt is not random")
	}
}

func TestABcryptHashVerifiesAndAsksToBeRehashed(t *testing.T) {
	t.Parallel()
	p := identity.NewPasswords(2)
	made, err := bcrypt.GenerateFromPassword([]byte(rightPassword), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"$2y$", "$2a$", "$2b$"} {
		hash := version + string(made[4:])
		mustVerify(t, p, rightPassword, hash, true, true)
		mustVerify(t, p, "wrong", hash, false, false)
	}
	// Made by libxcrypt, not by the library that checks it here.
	mustVerify(t, p, "rasmuslerdorf", "$2y$05$abcdefghijklmnopqrstuuceoIQuaP.5etEpp9yRDVWWtgzuH1TCS", true, true)
}

func TestABcryptHashOfALongPasswordStillVerifies(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 60) // 120 bytes
	made, err := bcrypt.GenerateFromPassword([]byte(long)[:72], bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	mustVerify(t, identity.NewPasswords(1), long, string(made), true, true)
}

func TestAWeakerArgonHashAsksToBeRehashed(t *testing.T) {
	t.Parallel()
	p := identity.NewPasswords(2)
	weak := map[string]string{
		"less memory":  argonOf(t, 1024, 2, 1, 16, 32),
		"one pass":     argonOf(t, 19456, 1, 1, 16, 32),
		"short salt":   argonOf(t, 19456, 2, 1, 8, 32),
		"short key":    argonOf(t, 19456, 2, 1, 16, 16),
		"former rules": argonOf(t, 4096, 3, 2, 16, 32),
	}
	for name, hash := range weak {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustVerify(t, p, rightPassword, hash, true, true)
		})
	}
	mustVerify(t, p, "wrong", weak["less memory"], false, false)
	mustVerify(t, p, rightPassword, argonOf(t, 65536, 4, 1, 16, 32), true, false) // PHP's default
}

func TestAnAbsurdStoredHashIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	const tail = "$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	p := identity.NewPasswords(1)
	bad := map[string]string{
		"empty":                 "",
		"plain text":            rightPassword,
		"md5":                   "$1$abc$xyz",
		"argon2i":               "$argon2i$v=19$m=19456,t=2,p=1" + tail,
		"4 GiB":                 "$argon2id$v=19$m=4194304,t=2,p=1" + tail,
		"overflowing memory":    "$argon2id$v=19$m=4294967297,t=2,p=1" + tail,
		"billions of passes":    "$argon2id$v=19$m=64,t=4000000000,p=1" + tail,
		"no pass":               "$argon2id$v=19$m=19456,t=0,p=1" + tail,
		"no lane":               "$argon2id$v=19$m=19456,t=2,p=0" + tail,
		"255 lanes":             "$argon2id$v=19$m=19456,t=2,p=255" + tail,
		"no memory":             "$argon2id$v=19$m=0,t=2,p=1" + tail,
		"another version":       "$argon2id$v=16$m=19456,t=2,p=1" + tail,
		"trailing parameters":   "$argon2id$v=19$m=19456,t=2,p=1,x=2" + tail,
		"empty key":             "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$",
		"empty salt":            "$argon2id$v=19$m=19456,t=2,p=1$$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"megabyte":              "$argon2id$v=19$m=19456,t=2,p=1" + tail + strings.Repeat("A", 1<<20),
		"bcrypt of cost 31":     "$2y$31$" + strings.Repeat("a", 53),
		"bcrypt, short":         "$2y$10$abc",
		"bcrypt, broken salt":   "$2y$04$" + strings.Repeat("!", 53),
		"bcrypt, faulty of PHP": "$2x$04$" + strings.Repeat("a", 53),
	}
	for name, hash := range bad {
		start := time.Now()
		ok, rehash, err := p.Verify(t.Context(), rightPassword, hash)
		if ok || rehash || !errors.Is(err, identity.ErrUnsupportedHash) {
			t.Errorf("%s: ok %v, rehash %v, err %v", name, ok, rehash, err)
		}
		if took := time.Since(start); took > 500*time.Millisecond {
			t.Errorf("%s took %v", name, took)
		}
	}
}

func mustVerify(t *testing.T, p *identity.Passwords, password, hash string, wantOK, wantRehash bool) {
	t.Helper()
	ok, rehash, err := p.Verify(t.Context(), password, hash)
	if err != nil || ok != wantOK || rehash != wantRehash {
		t.Errorf("Verify(%.20q, %.40q) = %v, %v, %v, want %v, %v", password, hash, ok, rehash, err, wantOK, wantRehash)
	}
}

func BenchmarkHash(b *testing.B) {
	p := identity.NewPasswords(1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Hash(b.Context(), rightPassword); err != nil {
			b.Fatal(err)
		}
	}
}
