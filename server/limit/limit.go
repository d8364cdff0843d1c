// Package limit refuses attempts that come too often: guesses at passwords and keys, requests for mail, registrations.
//
// Attempts are counted in the database, so that all replicas count as one. What is refused until some time is remembered
// in the process and refused until then without asking the database: a flood costs a look into a map.
//
// Where a call counts both the address and the account, count the address first: then a stranger fills the table no
// faster than his address may.
package limit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Rule is a kind of attempt.
type Rule uint8

// The rules, and how many attempts each allows to one subject: a burst by one that has been quiet, then one every interval.
const (
	// LoginPerAccount: 10, then 1 a minute. The subject is Account of the address that was given, whether it exists or not.
	LoginPerAccount Rule = iota + 1
	// LoginPerAddress: 30, then 1 every 10 seconds.
	LoginPerAddress
	// ResetPerAddress: 10 requests for a reset link, then 1 a minute.
	ResetPerAddress
	// RegisterPerAddress: 10, then 1 a minute.
	RegisterPerAddress
	// WrongKeyPerAddress: 60 unknown or wrong keys or tokens, then 1 every 5 seconds. Right ones are not counted.
	WrongKeyPerAddress
	// MailPerAccount: 1 every 60 seconds of each kind of mail that a stranger can cause.
	MailPerAccount

	lastRule = MailPerAccount
)

// quota returns how often a rule allows an attempt, and its name in the keys.
func (r Rule) quota() (name string, burst int, every time.Duration) {
	switch r {
	case LoginPerAccount:
		return "login_account", 10, time.Minute
	case LoginPerAddress:
		return "login_address", 30, 10 * time.Second
	case ResetPerAddress:
		return "reset_address", 10, time.Minute
	case RegisterPerAddress:
		return "register_address", 10, time.Minute
	case WrongKeyPerAddress:
		return "wrong_key_address", 60, 5 * time.Second
	case MailPerAccount:
		return "mail_account", 1, time.Minute
	default:
		panic(fmt.Sprintf("limit: there is no rule %d", r)) // a mistake in the program
	}
}

// Exceeded says that an attempt was refused and not made.
//
//nolint:errname // limit.Exceeded says it
type Exceeded struct {
	// RetryAfter is when the next attempt may be allowed, from now. It is positive.
	RetryAfter time.Duration
}

func (e *Exceeded) Error() string {
	return fmt.Sprintf("too many attempts: try again in %v", e.RetryAfter)
}

// Store counts attempts; *repo.Store is one.
type Store interface {
	TakeRateLimit(ctx context.Context, key string, now time.Time, every time.Duration, burst int) (allowed bool, retryAfter time.Duration, err error)
	ResetRateLimit(ctx context.Context, key string) error
	DeleteIdleRateLimits(ctx context.Context, before time.Time) (int64, error)
}

// Limiter applies the rules. Safe for concurrent use.
type Limiter struct {
	store   Store
	now     func() time.Time
	refused refusals
}

// New makes a limiter that counts in the store. now is the clock.
func New(store Store, now func() time.Time) *Limiter {
	return &Limiter{store: store, now: now}
}

// Allow counts an attempt of the subject and returns nil, or *Exceeded if it may not be made now: then it is not
// counted. Other errors are the store's.
func (l *Limiter) Allow(ctx context.Context, rule Rule, subject string) error {
	key := keyOf(rule, subject)
	now := l.now()
	if err := l.refused.check(key, now); err != nil {
		return err
	}
	_, burst, every := rule.quota()
	allowed, retryAfter, err := l.store.TakeRateLimit(ctx, key, now, every, burst)
	if err != nil {
		return err
	}
	if !allowed {
		l.refused.note(key, now.Add(retryAfter))
		return &Exceeded{RetryAfter: retryAfter}
	}
	return nil
}

// Check returns *Exceeded if this process knows that the subject's next attempt will be refused. It counts nothing and
// asks nobody, so it may stand before work that only a right attempt deserves.
func (l *Limiter) Check(rule Rule, subject string) error {
	return l.refused.check(keyOf(rule, subject), l.now())
}

// Reset forgets the subject's attempts, as after a login that succeeded. Another replica that has refused the subject
// goes on doing so until the time it has told.
func (l *Limiter) Reset(ctx context.Context, rule Rule, subject string) error {
	key := keyOf(rule, subject)
	if err := l.store.ResetRateLimit(ctx, key); err != nil {
		return err
	}
	l.refused.forget(key)
	return nil
}

// DeleteIdle deletes what is as good as forgotten, some thousand at a time, and returns how many there were. Call it
// every few minutes, on any replica.
func (l *Limiter) DeleteIdle(ctx context.Context) (int64, error) {
	var longest time.Duration // until any subject has its whole burst again
	for rule := Rule(1); rule <= lastRule; rule++ {
		_, burst, every := rule.quota()
		longest = max(longest, time.Duration(burst)*every)
	}
	return l.store.DeleteIdleRateLimits(ctx, l.now().Add(-longest))
}

// Address is the subject of a client's address. An IPv6 subscriber has at least a /64 to choose addresses from, so one
// counts as a whole; IPv4 written as IPv6 is IPv4. Clients whose address is unknown (invalid) are one subject together.
func Address(addr netip.Addr) string {
	addr = addr.Unmap().WithZone("")
	if !addr.Is6() {
		return addr.String()
	}
	network, _ := addr.Prefix(64) // fails for lengths beyond the address's
	return network.String()
}

// Account is the subject of an e-mail address, however it is written.
func Account(email string) string {
	return strings.ToLower(strings.TrimSpace(email))
}

// keyOf names the subject in the table, so that neither addresses nor e-mails lie there to be read by whoever looks at
// the table or its backup, and so that a key has one length whatever a stranger sends. A hash without a secret is no
// lock: who has the table and a guess can check it, and may try every IPv4 address. A secret would have to be shared by
// all replicas and kept elsewhere than in the same database, which has the accounts' e-mails beside it anyway; what
// limits the harm is that a row is deleted minutes after the last attempt. The rule stands before the hash in clear,
// so that an operator can tell what is being limited.
func keyOf(rule Rule, subject string) string {
	name, _, _ := rule.quota()
	sum := sha256.Sum256([]byte("microtracker rate limit\x00" + name + "\x00" + subject))
	return name + ":" + hex.EncodeToString(sum[:])
}
