// Package identity makes and checks what proves who is calling: typed keys and tokens, web session tokens, and passwords.
//
// Nothing here reads a database. A malformed credential is told from a well-formed one by its checksum, in under a
// microsecond, before anything is looked up or hashed; only a well-formed one may cost an argon2id computation.
package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"strings"
)

// ErrMalformed is returned for a text that no credential of the wanted kind can be. It never quotes the text.
var ErrMalformed = errors.New("identity: malformed credential")

// Kind says what a Secret opens.
type Kind uint8

const (
	// AnyKind lets Parse accept every kind. No Secret is of this kind.
	AnyKind Kind = iota
	// PublicKey is a project's key in browsers: it may only send events, and stands in the page's source.
	PublicKey
	// SecretKey is the key of one project's own server.
	SecretKey
	// APIKey is a partner's key to one project, limited by scopes.
	APIKey
	// PersonalAccessToken acts for a user, within its abilities, until it expires.
	PersonalAccessToken
)

const (
	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

	// 43 characters of base62 are 256.03 bits.
	secretRandomLen = 43
	// 22 characters of base62 are 130.9 bits: enough that public keys never meet and are not guessed.
	publicRandomLen = 22
	// 62^6 is 5.7e10, so six characters hold any CRC-32.
	checksumLen = 6
	prefixLen   = len("mt_pub_")

	lookupPrefixLen = 8
	last4Len        = 4
)

// Prefix returns what a secret of the kind begins with, such as "mt_key_", or "" for AnyKind.
func (k Kind) Prefix() string {
	switch k {
	case PublicKey:
		return "mt_pub_"
	case SecretKey:
		return "mt_sec_"
	case APIKey:
		return "mt_key_"
	case PersonalAccessToken:
		return "mt_pat_"
	default:
		return ""
	}
}

// String returns the kind's name for messages and logs.
func (k Kind) String() string {
	switch k {
	case PublicKey:
		return "public key"
	case SecretKey:
		return "secret key"
	case APIKey:
		return "API key"
	case PersonalAccessToken:
		return "personal access token"
	default:
		return "any"
	}
}

func (k Kind) randomLen() int {
	if k == PublicKey {
		return publicRandomLen
	}
	return secretRandomLen
}

// Secret is a typed credential: its kind's prefix, random base62 characters, and a checksum of six base62 characters.
// Printing, logging or encoding it shows a redaction; Reveal alone gives the text. The zero Secret is no credential.
type Secret struct {
	_    [0]func() // Not comparable with ==, which would take a time that depends on the content. Use Equal.
	kind Kind
	// A pointer, because fmt prints the unexported fields of a struct that holds a Secret without asking Secret's
	// methods: of a pointer it shows the address.
	text *string
}

// New makes a secret of the kind from the system's random source. It panics if kind is not one of the named kinds,
// which is a mistake in the program.
func New(kind Kind) Secret {
	prefix := kind.Prefix()
	if prefix == "" {
		panic("identity: New needs one of the named kinds")
	}
	body := prefix + randomBase62(kind.randomLen())
	text := body + checksum(body)
	return Secret{kind: kind, text: &text}
}

// Parse reads a secret of the wanted kind, or of any kind if AnyKind is wanted. It checks length, prefix, alphabet and
// checksum, and returns ErrMalformed if one is wrong. A parsed secret is well-formed, not known: look it up next.
func Parse(want Kind, text string) (Secret, error) {
	kind := kindOf(text)
	if kind == AnyKind || (want != AnyKind && want != kind) {
		return Secret{}, ErrMalformed
	}
	if len(text) != prefixLen+kind.randomLen()+checksumLen {
		return Secret{}, ErrMalformed
	}
	for i := prefixLen; i < len(text); i++ {
		if !isBase62(text[i]) {
			return Secret{}, ErrMalformed
		}
	}
	body := len(text) - checksumLen
	if checksum(text[:body]) != text[body:] {
		return Secret{}, ErrMalformed
	}
	own := strings.Clone(text) // The caller's text may be a slice of a whole request.
	return Secret{kind: kind, text: &own}, nil
}

// Kind returns the secret's kind, or AnyKind for the zero Secret.
func (s Secret) Kind() Kind { return s.kind }

// IsZero reports whether s is the zero Secret.
func (s Secret) IsZero() bool { return s.text == nil }

// Reveal returns the whole text of the secret, for its owner's eyes, once.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Prefix returns the first 8 characters of the random part, by which a stored key is looked up (api_keys.secret_prefix).
// What stays unknown of a key whose prefix and last four characters are known is still more than 180 bits.
func (s Secret) Prefix() string {
	if s.text == nil {
		return ""
	}
	return (*s.text)[prefixLen : prefixLen+lookupPrefixLen]
}

// Last4 returns the last 4 characters of the text, by which a person recognizes a key (api_keys.secret_last4).
func (s Secret) Last4() string {
	if s.text == nil {
		return ""
	}
	return (*s.text)[len(*s.text)-last4Len:]
}

// SHA256 returns the SHA-256 of the text as 64 lower-case hexadecimal digits. It is what personal_access_tokens.token
// and caches of verified keys store: a secret of 256 random bits needs no slow hash.
func (s Secret) SHA256() string { return sha256Hex(s.Reveal()) }

// Equal reports whether both secrets have the same text, in a time that does not depend on where they differ.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

func kindOf(text string) Kind {
	if len(text) < prefixLen {
		return AnyKind
	}
	switch text[:prefixLen] {
	case "mt_pub_":
		return PublicKey
	case "mt_sec_":
		return SecretKey
	case "mt_key_":
		return APIKey
	case "mt_pat_":
		return PersonalAccessToken
	default:
		return AnyKind
	}
}

func isBase62(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// checksum is CRC-32 (IEEE) of body in base62, most significant first. It catches typing errors and keeps made-up keys
// away from the database; it is no protection against someone who computes it.
func checksum(body string) string {
	var out [checksumLen]byte
	n := crc32.ChecksumIEEE([]byte(body))
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = base62[n%62]
		n /= 62
	}
	return string(out[:])
}

// randomBase62 returns n characters, each of the 62 equally likely: bytes from 248 on, the rest of 256 / 62, are thrown away.
func randomBase62(n int) string {
	const fair = 256 - 256%len(base62)
	out := make([]byte, 0, n)
	var pool [64]byte
	for len(out) < n {
		_, _ = rand.Read(pool[:]) // It never fails: the program ends rather than run without randomness.
		for _, b := range pool {
			if int(b) < fair && len(out) < n {
				out = append(out, base62[int(b)%len(base62)])
			}
		}
	}
	return string(out)
}

func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
