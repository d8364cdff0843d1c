package load

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
)

// platform is where ads are shown.
type platform struct {
	source, medium, clickID, referrer, macro string
	placements                               []string
}

func platforms() []platform {
	return []platform{
		{"google", "cpc", "gclid", "https://www.google.com/", "{campaignid}", []string{"search", "shopping", "youtube"}},
		{"facebook", "paid_social", "fbclid", "https://l.facebook.com/", "{{campaign.id}}", []string{"Facebook_Mobile_Feed", "Facebook_Desktop_Feed", "Facebook_Stories"}},
		{"instagram", "paid_social", "fbclid", "https://l.instagram.com/", "{{campaign.id}}", []string{"Instagram_Feed", "Instagram_Reels", "Instagram_Stories"}},
		{"bing", "cpc", "msclkid", "https://www.bing.com/", "{CampaignId}", []string{"search", "audience"}},
		{"tiktok", "paid_social", "ttclid", "https://www.tiktok.com/", "__CAMPAIGN_ID__", []string{"TikTok", "Pangle"}},
		{"linkedin", "paid_social", "li_fat_id", "https://www.linkedin.com/", "", []string{"feed", "right_rail"}},
	}
}

// The ads: each campaign belongs to a platform and has ad sets, which have ads.
const (
	campaignCount     = 24
	adsetsPerCampaign = 3
	adsPerAdset       = 4
	adCount           = campaignCount * adsetsPerCampaign * adsPerAdset
)

// landing is how an ad's click arrives.
type landing struct{ query, referrer string }

// land makes the click on an ad. Each has a click id of its own.
func land(r *rand.Rand, on []platform, ad int) landing {
	adset := ad / adsPerAdset
	campaign := adset / adsetsPerCampaign
	p := on[campaign%len(on)]
	seasons := []string{"spring", "summer", "autumn", "winter"}
	campaignID := strconv.Itoa(120_200_000_000 + campaign)
	if p.macro != "" && r.IntN(200) == 0 { // somebody has set the ad's tracking up wrongly
		campaignID = p.macro
	}
	q := make([]byte, 0, 400)
	q = fmt.Appendf(q, "utm_source=%s&utm_medium=%s&utm_campaign=%s-%d&utm_campaign_id=%s",
		p.source, p.medium, seasons[campaign%len(seasons)], campaign, url.QueryEscape(campaignID))
	q = fmt.Appendf(q, "&utm_adset=audience-%d&utm_adset_id=%d&utm_ad=picture-%d&utm_ad_id=%d&utm_placement=%s",
		adset%adsetsPerCampaign, 120_210_000_000+adset, ad%adsPerAdset, 120_220_000_000+ad, p.placements[r.IntN(len(p.placements))])
	q = fmt.Appendf(q, "&%s=%s", p.clickID, clickID(r))
	return landing{query: string(q), referrer: p.referrer}
}

func clickID(r *rand.Rand) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
	id := make([]byte, 0, 56)
	id = append(id, "Cj0K"...)
	for len(id) < 52 {
		for n, bits := 0, r.Uint64(); n < 8; n++ {
			id = append(id, letters[bits&63])
			bits >>= 6
		}
	}
	return string(id)
}
