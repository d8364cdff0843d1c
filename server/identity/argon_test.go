package identity_test

import (
	"testing"

	"github.com/alexedwards/argon2id"
)

// argonOf hashes rightPassword with parameters that Hash would not choose. memory is in KiB, salt and key in bytes.
func argonOf(t *testing.T, memory, passes uint32, lanes uint8, salt, key uint32) string {
	t.Helper()
	hash, err := argon2id.CreateHash(rightPassword, &argon2id.Params{
		Memory: memory, Iterations: passes, Parallelism: lanes, SaltLength: salt, KeyLength: key,
	})
	if err != nil {
		t.Fatal(err)
	}
	return hash
}
