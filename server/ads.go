package server

import (
	"context"
	"encoding/json"
	"fmt"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/enrich"
)

// maxAdText is the length of an ad's ids and names in runes.
const maxAdText = 255

func (s adsServer) UpsertAds(ctx context.Context, req *microtrackerv1.UpsertAdsRequest) (*microtrackerv1.UpsertAdsResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	now := s.config.Now()
	ads, seen := make([]*repo.Ad, len(req.GetAds())), map[string]bool{}
	for i, given := range req.GetAds() {
		ad := &repo.Ad{Platform: given.GetPlatform(), FirstSeenAt: now, LastSeenAt: now, CreatedAt: now, UpdatedAt: now}
		for _, text := range []struct {
			field, from string
			to          *string
		}{
			{"ad_id", given.GetAdId(), &ad.AdID},
			{"campaign_id", given.GetCampaignId(), &ad.CampaignID},
			{"adset_id", given.GetAdsetId(), &ad.AdsetID},
			{"campaign_name", given.GetCampaignName(), &ad.CampaignName},
			{"adset_name", given.GetAdsetName(), &ad.AdsetName},
			{"ad_name", given.GetAdName(), &ad.AdName},
			{"placement", given.GetPlacement(), &ad.Placement},
		} {
			*text.to = enrich.FixText(text.from, maxAdText)
			if enrich.IsMacro(*text.to) {
				return nil, failField(fmt.Sprintf("ads[%d].%s", i, text.field), "it is a macro that its platform should have filled in: write the value itself")
			}
		}
		if ad.AdID == "" || seen[ad.AdID] {
			return nil, failField(fmt.Sprintf("ads[%d].ad_id", i), "it is empty, or the same as another's: name each ad once")
		}
		seen[ad.AdID] = true
		ads[i] = ad
	}
	return &microtrackerv1.UpsertAdsResponse{}, project.UpsertAds(ctx, ads)
}

func (s adsServer) ListAds(ctx context.Context, req *microtrackerv1.ListAdsRequest) (*microtrackerv1.ListAdsResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	page, err := afterPage(req, func(id string) string { return id })
	if err != nil {
		return nil, err
	}
	filter := repo.AdFilter{Platform: req.GetPlatform(), CampaignID: req.GetCampaignId(), AdsetID: req.GetAdsetId()}
	ads, err := project.Ads(ctx, filter, page)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListAdsResponse{}
	ads, res.NextPageToken = cutPage(req, ads, func(ad *repo.ListedAd) string { return ad.AdID })
	for i := range ads {
		res.Ads = append(res.Ads, adToProto(&ads[i]))
	}
	return res, nil
}

func adToProto(ad *repo.ListedAd) *microtrackerv1.Ad {
	res := &microtrackerv1.Ad{
		AdId: ad.AdID, Platform: ad.Platform, CampaignId: ad.CampaignID, CampaignName: ad.CampaignName, AdsetId: ad.AdsetID,
		AdsetName: ad.AdsetName, AdName: ad.AdName, Placement: ad.Placement,
		FirstSeenTime: timestamppb.New(ad.FirstSeenAt), LastSeenTime: timestamppb.New(ad.LastSeenAt),
	}
	for _, former := range ad.FormerNames {
		res.FormerNames = append(res.FormerNames, &microtrackerv1.FormerAdNames{
			CampaignName: former.Campaign, AdsetName: former.Adset, AdName: former.Ad, UntilTime: timestamppb.New(former.Until),
		})
	}
	return res
}

func (s adsServer) ListAdSpend(ctx context.Context, req *microtrackerv1.ListAdSpendRequest) (*microtrackerv1.ListAdSpendResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	filter := repo.AdSpendFilter{Platform: req.GetPlatform(), CampaignID: req.GetCampaignId(), AdsetID: req.GetAdsetId(), AdID: req.GetAdId()}
	if filter.Since, filter.Until, err = daysFromProto(req.GetDays()); err != nil {
		return nil, err
	}
	page := repo.Page[*repo.AdSpendKey]{Limit: pageSize(req, defaultPageSize) + 1}
	after, err := afterPageToken(req)
	if err != nil {
		return nil, err
	}
	if after != "" {
		page.After = new(repo.AdSpendKey)
		if err := json.Unmarshal([]byte(after), page.After); err != nil {
			return nil, fail(connect.CodeInvalidArgument, microtrackerv1.ErrorReason_ERROR_REASON_PAGE_TOKEN_INVALID,
				"page_token: it was not made here; begin again without one")
		}
	}
	rows, err := project.AdSpend(ctx, filter, page)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListAdSpendResponse{Currency: project.Currency}
	rows, res.NextPageToken = cutPage(req, rows, func(row *repo.AdSpend) string {
		key, _ := json.Marshal(row.Key()) // texts marshal
		return string(key)
	})
	for i := range rows {
		res.Spend = append(res.Spend, adSpendToProto(&rows[i]))
	}
	return res, nil
}

func adSpendToProto(row *repo.AdSpend) *microtrackerv1.AdSpend {
	key := row.Key()
	return &microtrackerv1.AdSpend{
		Platform: key.Platform, Date: key.Date, CampaignId: key.CampaignID, AdsetId: key.AdsetID, AdId: key.AdID,
		Impressions: int64(row.Impressions), Clicks: int64(row.Clicks), Spend: row.Spend,
	}
}
