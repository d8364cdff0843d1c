package ingest

import (
	"sync"
	"time"

	"github.com/microtracker/microtracker/repo"
)

const (
	// adSeenEvery is how exactly it is known when an ad was last seen.
	adSeenEvery = time.Minute
	// maxKnownAds bounds how many ads are remembered.
	maxKnownAds = 10_000
)

// knownAds remembers which ads were stored lately, and how, so that each click does not write its ad's row again. Safe for
// concurrent use.
type knownAds struct {
	mu    sync.RWMutex
	known map[adKey]repo.Ad
}

type adKey struct {
	projectID int64
	id        string
}

func newKnownAds() *knownAds { return &knownAds{known: map[adKey]repo.Ad{}} }

// knows reports whether the ad was stored with these names, as seen about then.
func (k *knownAds) knows(ad *repo.Ad) bool {
	k.mu.RLock()
	known, ok := k.known[adKey{ad.ProjectID, ad.AdID}]
	k.mu.RUnlock()
	if !ok || !ad.FirstSeenAt.After(known.FirstSeenAt.Add(-adSeenEvery)) || ad.LastSeenAt.After(known.LastSeenAt.Add(adSeenEvery)) {
		return false
	}
	known.FirstSeenAt, known.LastSeenAt = ad.FirstSeenAt, ad.LastSeenAt
	return known == *ad
}

// remember notes ads that are committed.
func (k *knownAds) remember(ads []*repo.Ad) {
	if len(ads) == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.known)+len(ads) > maxKnownAds {
		clear(k.known)
	}
	for _, ad := range ads {
		k.known[adKey{ad.ProjectID, ad.AdID}] = *ad
	}
}
