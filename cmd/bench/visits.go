package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// visitors make events one after the other, of many visits that go on at the same time.
type visitors struct {
	random *rand.Rand
	zipf   *rand.Zipf
	open   []*visit
	// name tells the visitors of several generators apart.
	name   string
	visits int
}

// visit is what one visitor does: page views, each of them left.
type visit struct {
	address, agent string
	key            string
	pagesLeft      int
	view           uuid.UUID
	url            string
	landing        string
	left           bool
}

// openVisits is how many visits of one generator go on at the same time.
const openVisits = 20

func newVisitors(name string, seed uint64) *visitors {
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // no secret
	v := &visitors{random: random, zipf: rand.NewZipf(random, 1.2, 4, 2000), name: name}
	for range openVisits {
		v.open = append(v.open, v.arrive())
	}
	return v
}

func (v *visitors) arrive() *visit {
	v.visits++
	agents := [...]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
	}
	arrival := &visit{
		address: fmt.Sprintf("10.%d.%d.%d", v.random.IntN(256), v.random.IntN(256), v.random.IntN(256)),
		agent:   agents[v.random.IntN(len(agents))], key: v.name + strconv.Itoa(v.visits), pagesLeft: 1 + v.random.IntN(7), left: true,
	}
	switch v.random.IntN(4) {
	case 0:
		ad := v.random.IntN(200)
		arrival.landing = fmt.Sprintf("?utm_source=facebook&utm_medium=cpc&utm_campaign_id=%d&utm_ad_id=%d", ad%20, ad)
	case 1:
		arrival.landing = "?utm_source=newsletter&utm_campaign=autumn"
	}
	return arrival
}

// event is the next one, of any of the open visits.
type event struct {
	*visit

	id    uuid.UUID
	isEnd bool
	// scroll in per cent and engaged in milliseconds, of an exit.
	scroll, engaged int
}

func (v *visitors) next() event {
	place := v.random.IntN(len(v.open))
	going := v.open[place]
	e := event{visit: going, id: uuid.New()}
	if going.left { // looks at a page
		going.left, going.pagesLeft, going.view = false, going.pagesLeft-1, e.id
		going.url = fmt.Sprintf("https://shop.example.com/products/%d", v.zipf.Uint64()) + going.landing
		going.landing = ""
		return e
	}
	e.isEnd, e.scroll, e.engaged = true, v.random.IntN(101), v.random.IntN(60_000)
	going.left = true
	if going.pagesLeft == 0 {
		v.open[place] = v.arrive()
	}
	return e
}

// json is the event as the tracker sends it, in a request of its own.
func (e event) json(key string, now time.Time) string {
	at := now.UTC().Format("2006-01-02T15:04:05.000Z")
	kind := `"EVENT_TYPE_PAGE_VIEW","title":"Product - Example Shop","referrer":"https://www.google.com/"`
	if e.isEnd {
		kind = fmt.Sprintf(`"EVENT_TYPE_EXIT","pageViewId":%q,"scrollPct":%d,"engagedMs":%d`, e.view.String(), e.scroll, e.engaged)
	}
	return fmt.Sprintf(`{"projectKey":"%s","sentAt":"%s","client":{"timeZone":"Europe/Berlin","viewportW":1280,"viewportH":720,"automated":false},`+
		`"events":[{"eventId":"%s","eventType":%s,"createTime":"%s","url":"%s"}]}`, key, at, e.id, kind, at, e.url)
}
