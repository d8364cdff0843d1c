package server

import (
	"context"
	"strings"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/identity"
)

// apiKeysServer serves ApiKeysService.
type apiKeysServer struct{ *Server }

func (s apiKeysServer) CreateApiKey(ctx context.Context, req *microtrackerv1.CreateApiKeyRequest) (*microtrackerv1.CreateApiKeyResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	now := s.config.Now()
	key := &repo.APIKey{
		Name: req.GetName(), Scope: strings.Join(scopeTexts(req.GetScope()), " "), IsActive: true, CreatedAt: now, UpdatedAt: now,
	}
	secret, err := s.giveSecret(ctx, key)
	if err != nil {
		return nil, err
	}
	if err := project.CreateAPIKey(ctx, key); err != nil {
		return nil, err
	}
	return &microtrackerv1.CreateApiKeyResponse{ApiKey: apiKeyToProto(key), Secret: secret.Reveal()}, nil
}

// giveSecret gives the key a new secret; what is stored tells it apart and can prove it, and cannot restore it.
func (s *Server) giveSecret(ctx context.Context, key *repo.APIKey) (identity.Secret, error) {
	secret := identity.New(identity.APIKey)
	hash, err := s.config.Passwords.Hash(ctx, secret.Reveal())
	if err != nil {
		return identity.Secret{}, err
	}
	key.SecretPrefix, key.SecretLast4, key.SecretHash = secret.Prefix(), secret.Last4(), hash
	return secret, nil
}

func (s apiKeysServer) ListApiKeys(ctx context.Context, req *microtrackerv1.ListApiKeysRequest) (*microtrackerv1.ListApiKeysResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	page, err := afterPage(req, idFromText)
	if err != nil {
		return nil, err
	}
	keys, err := project.APIKeys(ctx, page)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListApiKeysResponse{}
	keys, res.NextPageToken = cutPage(req, keys, func(key *repo.APIKey) string { return idText(key.ID) })
	for i := range keys {
		res.ApiKeys = append(res.ApiKeys, apiKeyToProto(&keys[i]))
	}
	return res, nil
}

func (s apiKeysServer) UpdateApiKey(ctx context.Context, req *microtrackerv1.UpdateApiKeyRequest) (*microtrackerv1.UpdateApiKeyResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	key, err := project.APIKey(ctx, req.GetApiKeyId())
	if err != nil {
		return nil, err
	}
	for _, path := range req.GetUpdateMask().GetPaths() {
		empty := false
		switch path {
		case "name":
			key.Name, empty = req.GetName(), req.GetName() == ""
		case "scope":
			key.Scope, empty = strings.Join(scopeTexts(req.GetScope()), " "), len(req.GetScope()) == 0
		case "is_active":
			key.IsActive = req.GetIsActive()
		default:
			return nil, failMask(path, req.ProtoReflect().Descriptor().Fields())
		}
		if empty {
			return nil, failField(path, "it must not be empty")
		}
	}
	key.UpdatedAt = s.config.Now()
	if err := project.SaveAPIKey(ctx, key); err != nil {
		return nil, err
	}
	return &microtrackerv1.UpdateApiKeyResponse{ApiKey: apiKeyToProto(key)}, nil
}

func (s apiKeysServer) RotateApiKey(ctx context.Context, req *microtrackerv1.RotateApiKeyRequest) (*microtrackerv1.RotateApiKeyResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	key, err := project.APIKey(ctx, req.GetApiKeyId())
	if err != nil {
		return nil, err
	}
	secret, err := s.giveSecret(ctx, key)
	if err != nil {
		return nil, err
	}
	key.LastRotatedAt = s.config.Now()
	key.UpdatedAt = key.LastRotatedAt
	if err := project.SaveAPIKey(ctx, key); err != nil {
		return nil, err
	}
	return &microtrackerv1.RotateApiKeyResponse{ApiKey: apiKeyToProto(key), Secret: secret.Reveal()}, nil
}

func (s apiKeysServer) DeleteApiKey(ctx context.Context, req *microtrackerv1.DeleteApiKeyRequest) (*microtrackerv1.DeleteApiKeyResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	if err := project.DeleteAPIKey(ctx, req.GetApiKeyId()); err != nil {
		return nil, err
	}
	return &microtrackerv1.DeleteApiKeyResponse{}, nil
}

func apiKeyToProto(key *repo.APIKey) *microtrackerv1.ApiKey {
	return &microtrackerv1.ApiKey{
		Id: key.ID, ProjectId: key.ProjectID, Name: key.Name, Scope: scopesFromKey(key.Scope),
		SecretPrefix: key.SecretPrefix, SecretLast4: key.SecretLast4, IsActive: key.IsActive,
		LastUsedAt: timeToProto(key.LastUsedAt), LastRotatedAt: timeToProto(key.LastRotatedAt), CreateTime: timeToProto(key.CreatedAt),
	}
}
