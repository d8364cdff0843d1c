package identity

import (
	"crypto/rand"
	"encoding/base64"
	"strconv"
	"strings"
)

const (
	sessionTokenBytes = 32
	sessionTokenLen   = 43 // 32 bytes in base64url without padding

	// Laravel Sanctum has made secrets of 40, 48 and 80 characters, the later ones with an optional prefix.
	sanctumSecretMin = 40
	sanctumSecretMax = 255
)

// NewSessionToken makes a web session: the value of the cookie, 256 random bits in base64url, and the id that
// sessions.id stores, by which the cookie cannot be recovered.
func NewSessionToken() (cookieValue, id string) {
	var raw [sessionTokenBytes]byte
	_, _ = rand.Read(raw[:]) // It never fails: the program ends rather than run without randomness.
	cookieValue = base64.RawURLEncoding.EncodeToString(raw[:])
	return cookieValue, sha256Hex(cookieValue)
}

// SessionID returns the id of the session that a cookie's value opens: its SHA-256 as 64 hexadecimal digits.
// It returns ErrMalformed for a value that NewSessionToken cannot have made.
func SessionID(cookieValue string) (string, error) {
	if len(cookieValue) != sessionTokenLen {
		return "", ErrMalformed
	}
	// Strict, so that one session has one spelling.
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cookieValue)
	if err != nil || len(raw) != sessionTokenBytes {
		return "", ErrMalformed
	}
	return sha256Hex(cookieValue), nil
}

// ParseSanctum reads a token of the former application, "id|secret", as Laravel Sanctum wrote it: the id of the row in
// personal_access_tokens and the SHA-256, in hexadecimal, of the part after the bar, which is what the row's token
// column holds. Compare the two in constant time. It returns ErrMalformed for anything else.
func ParseSanctum(text string) (id int64, sha256Hash string, err error) {
	digits, secret, found := strings.Cut(text, "|")
	if !found || len(secret) < sanctumSecretMin || len(secret) > sanctumSecretMax {
		return 0, "", ErrMalformed
	}
	// ParseInt alone would take "+7" and "007" for 7, and an id of any length.
	if len(digits) > 19 || digits == "" || digits[0] < '1' || digits[0] > '9' {
		return 0, "", ErrMalformed
	}
	id, err = strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, "", ErrMalformed
	}
	for i := range len(secret) {
		if c := secret[i]; c <= ' ' || c > '~' || c == '|' {
			return 0, "", ErrMalformed
		}
	}
	return id, sha256Hex(secret), nil
}
