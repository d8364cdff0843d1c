package server

import (
	"encoding/json"
	"slices"
	"strings"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

// scopeText is a scope as tables and commands write it: "reports:read" for SCOPE_REPORTS_READ, "*" for SCOPE_ALL.
func scopeText(scope microtrackerv1.Scope) string {
	if scope == microtrackerv1.Scope_SCOPE_ALL {
		return "*"
	}
	name := strings.ToLower(strings.TrimPrefix(scope.String(), "SCOPE_"))
	place := strings.LastIndex(name, "_")
	if place < 0 {
		return name
	}
	return name[:place] + ":" + name[place+1:]
}

// scopeTexts writes scopes in the order of the enum.
func scopeTexts(scopes []microtrackerv1.Scope) []string {
	sorted := slices.Sorted(slices.Values(scopes))
	texts := make([]string, len(sorted))
	for i, scope := range sorted {
		texts[i] = scopeText(scope)
	}
	return texts
}

// scopesFromTexts reads what scopeTexts wrote; what is unknown gives nothing.
func scopesFromTexts(texts []string) []microtrackerv1.Scope {
	var scopes []microtrackerv1.Scope
	for number := range len(microtrackerv1.Scope_name) {
		scope := microtrackerv1.Scope(number)
		if scope != microtrackerv1.Scope_SCOPE_UNSPECIFIED && slices.Contains(texts, scopeText(scope)) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// abilitiesJSON is the form of personal_access_tokens.abilities.
func abilitiesJSON(scopes []microtrackerv1.Scope) string {
	if len(scopes) == 0 {
		scopes = []microtrackerv1.Scope{microtrackerv1.Scope_SCOPE_ALL}
	}
	text, _ := json.Marshal(scopeTexts(scopes)) // texts marshal
	return string(text)
}

// scopesFromAbilities reads personal_access_tokens.abilities; what is no JSON array of texts allows nothing.
func scopesFromAbilities(abilities string) []microtrackerv1.Scope {
	var texts []string
	if err := json.Unmarshal([]byte(abilities), &texts); err != nil {
		return nil
	}
	return scopesFromTexts(texts)
}

// scopesFromKey reads api_keys.scope, which separates scopes by spaces.
func scopesFromKey(scope string) []microtrackerv1.Scope {
	return scopesFromTexts(strings.Fields(scope))
}

// allows reports whether the scopes that a credential has contain the one that a call needs.
func allows(has []microtrackerv1.Scope, needs microtrackerv1.Scope) bool {
	return slices.Contains(has, microtrackerv1.Scope_SCOPE_ALL) || slices.Contains(has, needs)
}

// forKeys reports whether a key of one project may ever have the scope: those about accounts, and those that change
// who may do what, are for users.
func forKeys(scope microtrackerv1.Scope) bool {
	switch scope {
	case microtrackerv1.Scope_SCOPE_ALL, microtrackerv1.Scope_SCOPE_PROJECTS_READ, microtrackerv1.Scope_SCOPE_TRACK_WRITE,
		microtrackerv1.Scope_SCOPE_REPORTS_READ, microtrackerv1.Scope_SCOPE_ADS_READ, microtrackerv1.Scope_SCOPE_ADS_WRITE,
		microtrackerv1.Scope_SCOPE_VISITORS_READ, microtrackerv1.Scope_SCOPE_VISITORS_ERASE,
		microtrackerv1.Scope_SCOPE_JOBS_READ, microtrackerv1.Scope_SCOPE_JOBS_WRITE:
		return true
	case microtrackerv1.Scope_SCOPE_UNSPECIFIED, microtrackerv1.Scope_SCOPE_ACCOUNT_READ, microtrackerv1.Scope_SCOPE_ACCOUNT_WRITE,
		microtrackerv1.Scope_SCOPE_PROJECTS_WRITE, microtrackerv1.Scope_SCOPE_API_KEYS_READ, microtrackerv1.Scope_SCOPE_API_KEYS_WRITE:
	}
	return false
}
