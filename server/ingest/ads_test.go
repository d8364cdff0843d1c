package ingest_test

import (
	"sync"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/ingest"
)

func TestTheAdsThatVisitsComeFromAreStoredWithTheirLatestNames(t *testing.T) {
	t.Parallel()
	both, inbox, project := replicas(t)
	land := func(replica int, visitor, query string, at time.Time) {
		who := client("192.0.2.1")
		who.VisitorKey = visitor
		_, err := both[replica].Ingest(t.Context(), inbox, &ingest.Batch{Client: who, Events: []ingest.Event{view("/?utm_source=facebook&"+query, at)}})
		if err != nil {
			t.Error(err)
		}
	}
	var wg sync.WaitGroup
	for i := range 8 { // at once, through both
		wg.Go(func() { land(i%2, string(rune('a'+i)), "utm_ad_id=7&utm_campaign_id=1&utm_ad=Old+name", noon) })
	}
	wg.Wait()
	land(0, "x", "utm_ad_id=7&utm_ad=New+name", noon.Add(time.Hour)) // without its campaign, which stays known
	land(1, "y", "utm_ad_id=8", noon.Add(time.Hour))
	ads, err := project.Ads(t.Context(), repo.AdFilter{}, repo.Page[string]{Limit: 10})
	if err != nil || len(ads) != 2 {
		t.Fatalf("ads = %+v, %v; want two", ads, err)
	}
	ad := ads[0]
	if ad.AdID != "7" || ad.Platform != "facebook" || ad.CampaignID != "1" || ad.AdName != "New name" ||
		!ad.FirstSeenAt.Equal(noon) || !ad.LastSeenAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("ad = %+v", ad)
	}
}
