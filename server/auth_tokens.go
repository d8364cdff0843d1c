package server

import (
	"context"
	"time"

	"connectrpc.com/connect/v2"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
)

func (s authServer) CreateToken(ctx context.Context, req *microtrackerv1.CreateTokenRequest) (*microtrackerv1.CreateTokenResponse, error) {
	var expiresAt time.Time
	if req.GetExpiresAt() != nil {
		expiresAt = req.GetExpiresAt().AsTime()
	}
	who := callerFrom(ctx)
	abilities := req.GetAbilities()
	if len(abilities) == 0 {
		abilities = []microtrackerv1.Scope{microtrackerv1.Scope_SCOPE_ALL}
	}
	for _, ability := range abilities {
		if who.Session == nil && !allows(who.Scopes, ability) {
			return nil, fail(connect.CodePermissionDenied, microtrackerv1.ErrorReason_ERROR_REASON_SCOPE_MISSING,
				"abilities: a token cannot make one that may do more than itself; it lacks "+scopeText(ability))
		}
	}
	token := &repo.PersonalAccessToken{Name: req.GetName(), ExpiresAt: expiresAt, CreatedAt: s.config.Now()}
	secret, err := CreateToken(ctx, s.config.Store, who.User.ID, token, scopeTexts(abilities))
	if err != nil {
		return nil, err
	}
	return &microtrackerv1.CreateTokenResponse{Token: tokenToProto(token), Secret: secret.Reveal()}, nil
}

func (s authServer) ListTokens(ctx context.Context, req *microtrackerv1.ListTokensRequest) (*microtrackerv1.ListTokensResponse, error) {
	page, err := afterPage(req, idFromText)
	if err != nil {
		return nil, err
	}
	tokens, err := s.config.Store.Tokens(ctx, callerFrom(ctx).User.ID, page)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListTokensResponse{}
	tokens, res.NextPageToken = cutPage(req, tokens, func(token *repo.PersonalAccessToken) string { return idText(token.ID) })
	for i := range tokens {
		res.Tokens = append(res.Tokens, tokenToProto(&tokens[i]))
	}
	return res, nil
}

func (s authServer) RevokeToken(ctx context.Context, req *microtrackerv1.RevokeTokenRequest) (*microtrackerv1.RevokeTokenResponse, error) {
	if err := s.config.Store.DeleteToken(ctx, callerFrom(ctx).User.ID, req.GetTokenId()); err != nil {
		return nil, err
	}
	return &microtrackerv1.RevokeTokenResponse{}, nil
}

func tokenToProto(token *repo.PersonalAccessToken) *microtrackerv1.Token {
	return &microtrackerv1.Token{
		Id: token.ID, Name: token.Name, LastUsedAt: timeToProto(token.LastUsedAt),
		ExpiresAt: timeToProto(token.ExpiresAt), CreateTime: timeToProto(token.CreatedAt),
		Abilities: scopesFromAbilities(token.Abilities),
	}
}
