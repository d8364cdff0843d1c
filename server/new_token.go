package server

import (
	"context"
	"fmt"
	"strings"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/identity"
)

// Abilities lists what a token may be allowed, as commands write it: "*", "reports:read", …
func Abilities() []string {
	var all []microtrackerv1.Scope
	for number := range len(microtrackerv1.Scope_name) {
		if scope := microtrackerv1.Scope(number); scope != microtrackerv1.Scope_SCOPE_UNSPECIFIED {
			all = append(all, scope)
		}
	}
	return scopeTexts(all)
}

// CreateToken makes a personal access token of the user. token has its name, creation and expiry, zero for none. It
// returns the token's secret, which is kept nowhere, and refuses unknown abilities.
func CreateToken(ctx context.Context, store *repo.Store, userID int64, token *repo.PersonalAccessToken, abilities []string) (identity.Secret, error) {
	scopes := scopesFromTexts(abilities)
	if len(scopes) != len(abilities) || len(abilities) == 0 {
		return identity.Secret{}, fmt.Errorf("the abilities %q are not all known or not all different; there are %s",
			strings.Join(abilities, ","), strings.Join(Abilities(), ", "))
	}
	secret := identity.New(identity.PersonalAccessToken)
	token.Token, token.Abilities, token.UpdatedAt = secret.SHA256(), abilitiesJSON(scopes), token.CreatedAt
	return secret, store.CreateToken(ctx, userID, token)
}
