package identity

import (
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/google/go-cmp/cmp"
)

// What costs the same takes as long: the parameters are compared, not a clock.
func TestVerifyingNothingComputesWhatAVerificationComputes(t *testing.T) {
	t.Parallel()
	p := NewPasswords(1)
	hash, err := p.Hash(t.Context(), "somebody's password")
	if err != nil {
		t.Fatal(err)
	}
	something, _, _, err := argon2id.DecodeHash(hash)
	if err != nil {
		t.Fatal(err)
	}
	nothing, _, _, err := argon2id.DecodeHash(p.nobody)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(something, nothing); diff != "" {
		t.Errorf("somebody (-) and nobody (+) differ:\n%s", diff)
	}
	if ok, _, err := p.Verify(t.Context(), "", p.nobody); ok || err != nil {
		t.Errorf("nobody's password was found: %v, %v", ok, err)
	}
}
