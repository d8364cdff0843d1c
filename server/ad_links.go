package server

import (
	"context"
	"encoding/json"
	"fmt"

	"connectrpc.com/connect/v2"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/ads"
)

func (s adsServer) BuildTrackingUrl(ctx context.Context, req *microtrackerv1.BuildTrackingUrlRequest) (*microtrackerv1.BuildTrackingUrlResponse, error) { //nolint:staticcheck // the protocol spells it so
	if _, err := s.openProject(ctx, req.GetProjectId()); err != nil {
		return nil, err
	}
	link, err := ads.Build(ads.LinkRequest{
		Platform: req.GetPlatform(), Page: req.GetPageUrl(), Source: req.GetSource(), Medium: req.GetMedium(), Campaign: req.GetCampaignName(),
	})
	if err != nil {
		return nil, failField("page_url", err.Error())
	}
	return &microtrackerv1.BuildTrackingUrlResponse{Url: link.URL, Parameters: link.Parameters, Static: link.IsStatic}, nil
}

func (s adsServer) LintTrackingUrl(ctx context.Context, req *microtrackerv1.LintTrackingUrlRequest) (*microtrackerv1.LintTrackingUrlResponse, error) { //nolint:staticcheck // the protocol spells it so
	if _, err := s.openProject(ctx, req.GetProjectId()); err != nil {
		return nil, err
	}
	linted, err := ads.Lint(req.GetUrl(), req.GetPlatform())
	if err != nil {
		return nil, failField("url", err.Error())
	}
	return &microtrackerv1.LintTrackingUrlResponse{Platform: linted.Platform, Findings: findingsToProto(linted.Findings), FixedUrl: linted.Fixed}, nil
}

func findingsToProto(findings []ads.Finding) []*microtrackerv1.AdLinkFinding {
	list := make([]*microtrackerv1.AdLinkFinding, len(findings))
	for i, f := range findings {
		list[i] = &microtrackerv1.AdLinkFinding{Kind: string(f.Kind), Parameter: f.Parameter, Value: f.Value, Fixed: f.Fixed, Detail: f.Detail}
	}
	return list
}

func (s adsServer) ListAdFindings(ctx context.Context, req *microtrackerv1.ListAdFindingsRequest) (*microtrackerv1.ListAdFindingsResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	after, err := afterPageToken(req)
	if err != nil {
		return nil, err
	}
	page := repo.Page[*repo.AdFindingKey]{Limit: pageSize(req, defaultPageSize) + 1}
	if after != "" {
		page.After = new(repo.AdFindingKey)
		if err := json.Unmarshal([]byte(after), page.After); err != nil {
			return nil, fail(connect.CodeInvalidArgument, microtrackerv1.ErrorReason_ERROR_REASON_PAGE_TOKEN_INVALID,
				"page_token: it was not made here; begin again without one")
		}
	}
	list, err := project.AdFindings(ctx, page)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListAdFindingsResponse{}
	list, res.NextPageToken = cutPage(req, list, func(f *repo.AdFinding) string {
		key, _ := json.Marshal(repo.AdFindingKey{LastSeenAt: f.LastSeenAt, URLHash: f.URLHash}) // it marshals
		return string(key)
	})
	for i := range list {
		f := &list[i]
		var findings []ads.Finding
		if err := json.Unmarshal(f.Findings, &findings); err != nil {
			return nil, fmt.Errorf("read the findings of %s: %w", f.URLHash, err)
		}
		res.Findings = append(res.Findings, &microtrackerv1.LandingFinding{
			Platform: f.Platform, LandingUrl: f.LandingURL, Findings: findingsToProto(findings), FixedUrl: f.FixedURL, Sessions: f.Sessions,
			FirstSeenTime: timeToProto(f.FirstSeenAt), LastSeenTime: timeToProto(f.LastSeenAt),
		})
	}
	return res, nil
}
