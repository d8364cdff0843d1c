package identity

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
)

// argonChecker reads the parameters of a stored hash and refuses those that would cost too much before spending them.
// A stored hash is not trusted blindly: whoever can write one must not be able to stop the server with it.
func (p *Passwords) argonChecker(hash string) (func(string) (bool, bool, error), error) {
	params, salt, key, err := argon2id.DecodeHash(hash)
	if err != nil || !affordable(params) || encodeArgon(params, salt, key) != hash {
		return nil, ErrUnsupportedHash
	}
	return func(password string) (bool, bool, error) {
		ok, err := argon2id.ComparePasswordAndHash(password, hash)
		if err != nil {
			return false, false, ErrUnsupportedHash
		}
		return ok, ok && p.outgrown(params), nil
	}, nil
}

func affordable(params *argon2id.Params) bool {
	memory, passes, lanes := params.Memory, params.Iterations, uint32(params.Parallelism)
	return lanes >= 1 && lanes <= maxLanes &&
		memory >= 8*lanes && memory <= maxMemoryKiB && // 8 KiB a lane is the least of RFC 9106
		passes >= 1 && uint64(memory)*uint64(passes) <= maxMemoryTimesPass && passes <= maxPasses &&
		params.SaltLength >= minSaltBytes && params.SaltLength <= maxSaltBytes &&
		params.KeyLength >= minKeyBytes && params.KeyLength <= maxKeyBytes
}

// outgrown reports whether a hash is weaker than today's in one of its parameters.
func (p *Passwords) outgrown(params *argon2id.Params) bool {
	return params.Memory < p.params.Memory || params.Iterations < p.params.Iterations ||
		params.SaltLength < p.params.SaltLength || params.KeyLength < p.params.KeyLength
}

// nobodysHash returns a hash whose key is random instead of computed: checking against it costs the same and never holds.
func nobodysHash(params argon2id.Params) string {
	salt, key := make([]byte, params.SaltLength), make([]byte, params.KeyLength)
	_, _ = rand.Read(salt)
	_, _ = rand.Read(key)
	return encodeArgon(&params, salt, key)
}

// encodeArgon writes the PHC string format. A hash that does not come out as it went in has trailing or odd text in it,
// which the library's reader passes over.
func encodeArgon(params *argon2id.Params, salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		params.Memory, params.Iterations, params.Parallelism,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}
