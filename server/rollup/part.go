package rollup

// part is a stretch of time, counted: half an hour of a day, or a whole one. Bots are in bots alone.
type part struct {
	visitors visitorSet
	events   map[string]int64
	// paths are in the order of their texts.
	paths    []pathCount
	ctas     map[string]*ctaCount
	sessions sessionSums
	// bots are the sessions of bots by reason.
	bots map[string]int64
}

type pathCount struct {
	path      string
	pageviews int64
	visitors  visitorSet
}

type ctaCount struct {
	// marked are those of the clicks that met an element marked as a call to action.
	clicks, marked int64
}

// sessionSums are sums over sessions that started in the stretch of time.
type sessionSums struct {
	sessions, bounces, durationSeconds, engagedMS int64
	// scored is how many have a page quality score; score is their sum, in hundredths.
	scored, score int64
	by            [dimensions]map[string]int64
}

// dimensions by which sessions are counted.
const (
	bySource = iota
	byChannel
	byDevice
	byCountry
	byBrowser
	byOS
	dimensions
)

// unknown stands for a device, a browser, … that is not known.
const unknown = "unknown"

func newPart() *part {
	p := &part{events: map[string]int64{}, ctas: map[string]*ctaCount{}, bots: map[string]int64{}}
	for i := range p.sessions.by {
		p.sessions.by[i] = map[string]int64{}
	}
	return p
}

// isEmpty reports whether nothing happened.
func (p *part) isEmpty() bool {
	return len(p.events) == 0 && p.sessions.sessions == 0 && len(p.bots) == 0
}

const (
	pageViewType = "page_view"
	clickType    = "click"
)

func orUnknown(text string) string {
	if text == "" {
		return unknown
	}
	return text
}
