package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/bcrypt"
)

var (
	// ErrOverloaded is returned when too many passwords are being hashed or wait for it. Nothing was computed:
	// the caller may try again later.
	ErrOverloaded = errors.New("identity: too many passwords are being checked")
	// ErrUnsupportedHash is returned for a stored hash that is neither argon2id nor bcrypt, is damaged, or asks for more
	// time or memory than a password check may take.
	ErrUnsupportedHash = errors.New("identity: unsupported password hash")
)

const (
	// What Hash costs: 19 MiB, two passes, one lane, one of OWASP's equivalent settings for argon2id
	// (Password Storage Cheat Sheet). About 25 ms on one core.
	argonMemoryKiB = 19 * 1024
	argonPasses    = 2
	argonLanes     = 1
	argonSaltBytes = 16
	argonKeyBytes  = 32

	// What a stored hash may ask for. PHP's default, 64 MiB and four passes, is within.
	maxHashLen         = 255
	maxMemoryKiB       = 128 * 1024
	maxPasses          = 64
	maxMemoryTimesPass = 1024 * 1024 // KiB times passes: about one second
	maxLanes           = 8
	minSaltBytes       = 8
	maxSaltBytes       = 64
	minKeyBytes        = 16
	maxKeyBytes        = 64
	maxBcryptCost      = 14 // about one second

	bcryptMaxBytes   = 72
	waitersPerHasher = 16
)

// Passwords hashes and checks passwords and API keys' secrets. Hashing costs tens of milliseconds and megabytes by
// intent, so only so many run at once and only so many wait; the rest are refused with ErrOverloaded at once.
// It is safe for concurrent use.
type Passwords struct {
	running  chan struct{} // holds one element per computation
	admitted chan struct{} // holds one element per computation and per waiter
	params   argon2id.Params
	nobody   string // a hash that no password has
}

// NewPasswords returns a Passwords that runs at most maxConcurrent computations at once, at least one, of 19 MiB each,
// with 16 times as many waiting: about 400 ms of patience. One per CPU left for the purpose is a good number.
func NewPasswords(maxConcurrent int) *Passwords {
	maxConcurrent = max(1, maxConcurrent)
	p := &Passwords{
		running:  make(chan struct{}, maxConcurrent),
		admitted: make(chan struct{}, maxConcurrent*(1+waitersPerHasher)),
		params: argon2id.Params{
			Memory:      argonMemoryKiB,
			Iterations:  argonPasses,
			Parallelism: argonLanes,
			SaltLength:  argonSaltBytes,
			KeyLength:   argonKeyBytes,
		},
	}
	p.nobody = nobodysHash(p.params)
	return p
}

// Hash returns the argon2id hash of a password in the PHC string format. Errors: ErrOverloaded, the context's.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	release, err := p.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	hash, err := argon2id.CreateHash(password, &p.params)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// Verify reports whether the password is the one hash was made from, and whether a right password should be hashed
// again and stored, because the hash is bcrypt or weaker than those of Hash. It reads argon2id and bcrypt ($2y$, $2a$,
// $2b$) hashes. Errors: ErrUnsupportedHash, ErrOverloaded, the context's; a wrong password is no error.
func (p *Passwords) Verify(ctx context.Context, password, hash string) (ok, rehash bool, err error) {
	check, err := p.checker(hash)
	if err != nil {
		return false, false, err
	}
	release, err := p.acquire(ctx)
	if err != nil {
		return false, false, err
	}
	defer release()
	return check(password)
}

// VerifyNothing takes the time that Verify takes for a hash of Hash, and finds nothing. Call it when the account or key
// does not exist, so that the time of the answer does not tell. Errors: those of Verify, under the same load.
func (p *Passwords) VerifyNothing(ctx context.Context, password string) error {
	_, _, err := p.Verify(ctx, password, p.nobody)
	return err
}

// acquire waits for a place to compute in. The function it returns gives the place back.
func (p *Passwords) acquire(ctx context.Context) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("wait to check a password: %w", err)
	}
	select {
	case p.admitted <- struct{}{}:
	default:
		return nil, ErrOverloaded
	}
	select {
	case p.running <- struct{}{}:
		return func() { <-p.running; <-p.admitted }, nil
	case <-ctx.Done():
		<-p.admitted
		return nil, fmt.Errorf("wait to check a password: %w", ctx.Err())
	}
}

// checker chooses how to check against hash, without computing anything.
func (p *Passwords) checker(hash string) (func(password string) (ok, rehash bool, err error), error) {
	switch {
	case len(hash) > maxHashLen:
		return nil, ErrUnsupportedHash
	case strings.HasPrefix(hash, "$argon2id$"):
		return p.argonChecker(hash)
	case strings.HasPrefix(hash, "$2y$"), strings.HasPrefix(hash, "$2a$"), strings.HasPrefix(hash, "$2b$"):
		return bcryptChecker(hash)
	default:
		return nil, ErrUnsupportedHash
	}
}

func bcryptChecker(hash string) (func(string) (bool, bool, error), error) {
	stored := []byte(hash)
	cost, err := bcrypt.Cost(stored)
	if err != nil || cost > maxBcryptCost {
		return nil, ErrUnsupportedHash
	}
	return func(password string) (bool, bool, error) {
		given := []byte(password)
		// bcrypt reads 72 bytes, and those who made these hashes cut there in silence. The library does so too when it
		// compares, but refuses longer passwords when it hashes: do not depend on which.
		err := bcrypt.CompareHashAndPassword(stored, given[:min(len(given), bcryptMaxBytes)])
		switch {
		case err == nil:
			return true, true, nil
		case errors.Is(err, bcrypt.ErrMismatchedHashAndPassword):
			return false, false, nil
		default:
			return false, false, ErrUnsupportedHash
		}
	}, nil
}
