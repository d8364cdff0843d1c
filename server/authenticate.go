package server

import (
	"context"
	"errors"
	"strings"
	"time"

	"connectrpc.com/connect/v2"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/identity"
	"github.com/microtracker/microtracker/server/limit"
)

// touchEvery is how exactly the last use of a credential is known; it is not written more often.
const touchEvery = time.Minute

// caller is who makes the call, once a credential has proven it.
type caller struct {
	// User is nil for a key.
	User *repo.User
	// Session is the web session that the call came with, nil for a token or a key.
	Session *repo.Session
	// ProjectID is the project that a key opens, zero for a user.
	ProjectID int64
	// Scopes are what a token or a key may do; a web session may do whatever its user may.
	Scopes []microtrackerv1.Scope
	// Instance says that the user is an operator and the RPC one with which operators reach the whole instance.
	Instance bool
}

type callerKey struct{}

// callerFrom returns who makes the call; zero where anyone may.
func callerFrom(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// authenticate proves who makes the call: by a bearer credential if there is one, else by the session cookie.
func (s *Server) authenticate(ctx context.Context) (caller, error) {
	info, _ := connect.CallInfoForServerContext(ctx)
	now := s.config.Now()
	var who caller
	var err error
	if header := info.RequestHeader().Get("Authorization"); header != "" {
		who, err = s.authenticateBearer(ctx, header, now)
	} else {
		who, err = s.authenticateSession(ctx, info, now)
	}
	if errors.Is(err, repo.ErrNotFound) {
		return caller{}, fail(connect.CodeUnauthenticated, microtrackerv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED,
			"sign in, or send a valid token or API key as \"Authorization: Bearer …\"")
	}
	if err != nil {
		return caller{}, err
	}
	if who.User != nil && !who.User.DisabledAt.IsZero() {
		return caller{}, fail(connect.CodePermissionDenied, microtrackerv1.ErrorReason_ERROR_REASON_ACCOUNT_DISABLED,
			"the operator has disabled this account: ask him")
	}
	return who, nil
}

// authenticateBearer returns repo.ErrNotFound for whatever is no living credential. Noise fails by its checksum before
// any lookup or hashing.
func (s *Server) authenticateBearer(ctx context.Context, header string, now time.Time) (caller, error) {
	scheme, credential, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return caller{}, repo.ErrNotFound
	}
	credential = strings.TrimSpace(credential)
	if id, hash, err := identity.ParseSanctum(credential); err == nil {
		return s.limitGuesses(ctx, hash, func() (caller, error) {
			user, token, err := s.config.Store.TokenUserByID(ctx, id, hash, now)
			return s.tokenCaller(ctx, user, token, err, now)
		})
	}
	secret, err := identity.Parse(identity.AnyKind, credential)
	if err != nil {
		return s.limitGuesses(ctx, "", func() (caller, error) { return caller{}, repo.ErrNotFound })
	}
	return s.limitGuesses(ctx, secret.SHA256(), func() (caller, error) {
		switch secret.Kind() {
		case identity.PersonalAccessToken:
			user, token, err := s.config.Store.TokenUser(ctx, secret.SHA256(), now)
			return s.tokenCaller(ctx, user, token, err, now)
		case identity.APIKey:
			return s.authenticateAPIKey(ctx, secret, now)
		case identity.SecretKey:
			return s.authenticateSecretKey(ctx, secret, now)
		case identity.PublicKey, identity.AnyKind:
		}
		return caller{}, repo.ErrNotFound // a public key sends events and opens nothing
	})
}

// limitGuesses looks a credential up, unless it is unknown and its sender has guessed wrong too often: then neither the
// database nor the processor is asked, and the answer takes its time, so that whoever guesses in a loop loops slowly. A
// credential that has been right lately is not held up by its neighbours' guesses.
func (s *Server) limitGuesses(ctx context.Context, credentialSHA256 string, lookUp func() (caller, error)) (caller, error) {
	subject := limit.Address(requestFrom(ctx).ClientIP)
	if s.verified.knows(credentialSHA256) {
		return lookUp()
	}
	if err := s.limiter.Check(limit.WrongKeyPerAddress, subject); err != nil {
		s.tarpit.hold(ctx, holdLimited)
		return caller{}, err
	}
	who, err := s.lookUpStranger(ctx, subject, lookUp)
	if errors.Is(err, repo.ErrNotFound) {
		s.tarpit.hold(ctx, s.config.HoldWrongKeys)
	}
	return who, err
}

// lookUpStranger looks up a credential that has not been seen lately, when it is its turn, and counts a wrong one.
func (s *Server) lookUpStranger(ctx context.Context, subject string, lookUp func() (caller, error)) (caller, error) {
	leave, err := s.tarpit.enter(ctx)
	if err != nil {
		return caller{}, err
	}
	defer leave()
	who, err := lookUp()
	if errors.Is(err, repo.ErrNotFound) {
		if limited := s.limiter.Allow(ctx, limit.WrongKeyPerAddress, subject); limited != nil {
			return caller{}, limited
		}
	}
	return who, err
}

func (s *Server) tokenCaller(ctx context.Context, user *repo.User, token *repo.PersonalAccessToken, err error, now time.Time) (caller, error) {
	if err != nil {
		return caller{}, err
	}
	if now.Sub(token.LastUsedAt) > touchEvery {
		if err := s.config.Store.TouchToken(ctx, token.ID, now); err != nil {
			return caller{}, err
		}
	}
	s.verified.remember(token.Token, "")
	return caller{User: user, Scopes: scopesFromAbilities(token.Abilities)}, nil
}

func (s *Server) authenticateSecretKey(ctx context.Context, secret identity.Secret, now time.Time) (caller, error) {
	project, err := s.config.Store.ProjectBySecretKey(ctx, secret.SHA256(), now)
	if err != nil {
		return caller{}, err
	}
	if now.Sub(project.LastUsedAt) > touchEvery {
		if err := s.config.Store.TouchProject(ctx, project.ID, now); err != nil {
			return caller{}, err
		}
	}
	s.verified.remember(secret.SHA256(), "")
	return caller{ProjectID: project.ID, Scopes: []microtrackerv1.Scope{microtrackerv1.Scope_SCOPE_ALL}}, nil
}

// authenticateAPIKey finds the key by the first characters of its secret and checks the rest. A secret that has matched
// a stored hash is remembered with that hash, and the row is read each time: a key that was rotated, switched off or
// deleted is refused at once on every replica, without hashing again for those that were not.
func (s *Server) authenticateAPIKey(ctx context.Context, secret identity.Secret, now time.Time) (caller, error) {
	keys, err := s.config.Store.ActiveAPIKeys(ctx, secret.Prefix())
	if err != nil {
		return caller{}, err
	}
	for i := range keys {
		key := &keys[i]
		if key.SecretLast4 != secret.Last4() {
			continue // a guess at a prefix that is known is not worth hashing
		}
		ok, err := s.matchesAPIKey(ctx, secret, key)
		if err != nil {
			return caller{}, err
		}
		if !ok {
			continue
		}
		if now.Sub(key.LastUsedAt) > touchEvery {
			if err := s.config.Store.TouchAPIKey(ctx, key, now); err != nil {
				return caller{}, err
			}
		}
		return caller{ProjectID: key.ProjectID, Scopes: scopesFromKey(key.Scope)}, nil
	}
	return caller{}, repo.ErrNotFound
}

func (s *Server) matchesAPIKey(ctx context.Context, secret identity.Secret, key *repo.APIKey) (bool, error) {
	if s.verified.matches(secret.SHA256(), key.SecretHash) {
		return true, nil
	}
	ok, _, err := s.config.Passwords.Verify(ctx, secret.Reveal(), key.SecretHash)
	if err != nil {
		return false, err
	}
	if ok {
		s.verified.remember(secret.SHA256(), key.SecretHash)
	}
	return ok, nil
}

// authenticateSession returns repo.ErrNotFound without a living session.
func (s *Server) authenticateSession(ctx context.Context, info *connect.CallInfo, now time.Time) (caller, error) {
	id, ok := sessionID(info)
	if !ok {
		return caller{}, repo.ErrNotFound
	}
	user, session, err := s.config.Store.SessionUser(ctx, id, now.Add(-rememberedIdle))
	if err != nil {
		return caller{}, err
	}
	if lastActivity := time.Unix(session.LastActivity, 0); now.Sub(lastActivity) > payloadOf(session).idle() {
		return caller{}, repo.ErrNotFound
	} else if now.Sub(lastActivity) > touchEvery {
		if err := s.config.Store.TouchSession(ctx, id, addressText(ctx), now); err != nil {
			return caller{}, err
		}
	}
	return caller{User: user, Session: session}, nil
}

// addressText is the caller's address as text, empty if it is not known.
func addressText(ctx context.Context) string {
	if ip := requestFrom(ctx).ClientIP; ip.IsValid() {
		return ip.String()
	}
	return ""
}
