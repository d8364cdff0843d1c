package load

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

const (
	// maxViews is how many pages a visit has at most.
	maxViews = 15
	// maxLook is how long somebody looks at a page at most.
	maxLook = 8 * time.Minute
)

// visit is what one visitor does, written down when he begins.
type visit struct {
	number  int
	visitor *Visitor
	// begun and due are times of the schedule: of the visit's beginning and of its next event.
	begun, due time.Duration
	// offset is that of the first event.
	offset time.Duration
	// hits are what is left to be sent.
	hits []Hit
	// held are those that wait for a request that is full.
	held []Hit
}

// writing is a visit that is being written down.
type writing struct {
	*Generator

	visit *visit
	now   time.Duration
	// url and viewID are the page view's that goes on.
	url, viewID string
	page        *page
}

// write fills in the visit's events.
func (g *Generator) write(v *visit) {
	w := &writing{Generator: g, visit: v, now: v.offset}
	v.hits = make([]Hit, 0, 8)
	views := g.views(v.visitor)
	referrer, query := w.arrive()
	for i := range views {
		w.look(i, query, referrer)
		referrer, query = w.url, ""
		if i+1 < views && !v.visitor.Bot {
			w.now += time.Duration(200+g.rand.IntN(1500)) * time.Millisecond // the next page loads
		}
	}
	v.hits[len(v.hits)-1].Last = true
}

// views says how many pages a visit has: for two of five visitors one.
func (g *Generator) views(v *Visitor) int {
	if v.Bot {
		return 1 + g.rand.IntN(maxViews)
	}
	if g.chance(0.42) {
		return 1
	}
	return min(maxViews, 2+int(g.rand.ExpFloat64()*2.6))
}

// arrive says where the visit comes from.
func (w *writing) arrive() (referrer, query string) {
	switch {
	case w.visit.visitor.Bot:
		return "", ""
	case w.chance(w.options.Ads):
		l := land(w.rand, w.platforms, int(w.adZipf.Uint64()))
		return l.referrer, l.query
	case w.chance(0.03):
		return "", "utm_source=newsletter&utm_medium=email&utm_campaign=letter-" + strconv.Itoa(w.rand.IntN(40))
	case w.chance(0.32):
		return "", ""
	}
	return pick(w.rand, w.sources), ""
}

// look is one page view with all that happens during it.
func (w *writing) look(nth int, query, referrer string) {
	w.choose(nth, query)
	view := w.event(microtrackerv1.EventType_EVENT_TYPE_PAGE_VIEW, "")
	view.Event.Title, view.Event.Referrer, view.Event.PageViewId = w.page.title, referrer, ""
	w.viewID = view.Event.GetEventId()
	if w.visit.visitor.Bot {
		w.now += time.Duration(500+w.rand.IntN(4000)) * time.Millisecond // reads nothing
		return
	}
	if w.chance(0.06) {
		w.vital()
	}
	// Log-normal: half look less than 14 seconds, some for minutes.
	length := min(maxLook, time.Duration(14*math.Exp(w.rand.NormFloat64()*1.1)*float64(time.Second))+time.Second)
	begun, end := w.now, w.now+length
	acts := 0
	for w.chance(0.3) && acts < 5 {
		acts++
	}
	for i := range acts {
		w.now = begun + length*time.Duration(i+1)/time.Duration(acts+2)
		w.act()
	}
	if w.page.hasForm && w.chance(0.45) {
		w.form(begun + length*3/4)
	}
	attentive := 0.55 + 0.45*w.rand.Float64()
	scrolled := math.Round(1000*w.rand.Float64()) / 10
	if length > 20*time.Second && w.chance(0.15) { // another tab comes to the front, and this one again
		w.now = max(w.now, begun+length*4/5)
		w.leave(scrolled*0.7, float64(w.now-begun)*attentive)
	}
	w.now = max(w.now, end)
	if !w.chance(0.06) { // some browsers are closed before they can say it
		w.leave(scrolled, float64(w.now-begun)*attentive)
	}
}

// choose goes to a page: most to one that many go to, others to one near the last.
func (w *writing) choose(nth int, query string) {
	index := int(w.zipf.Uint64())
	switch {
	case w.visit.visitor.Bot:
		index = w.rand.IntN(len(w.site.pages)) // a crawler has no favourites
	case nth > 0 && w.chance(0.35):
		index = (index + w.visit.number) % len(w.site.pages)
	}
	w.page = &w.site.pages[index]
	w.url = w.site.origin + w.page.path
	switch {
	case query != "":
		w.url += "?" + query
	case w.page.path == "/search":
		w.url += "?q=" + [...]string{"tent", "rain+jacket", "shoes+43", "lamp", "map+alps"}[w.rand.IntN(5)]
	case w.chance(0.05):
		w.url += "?variant=" + strconv.Itoa(w.rand.IntN(12))
	}
}

// event adds an event that happens now, on the page view that goes on.
func (w *writing) event(kind microtrackerv1.EventType, name string) *Hit {
	w.visit.hits = append(w.visit.hits, Hit{
		Offset: w.now, Visitor: w.visit.visitor, Visit: w.visit.number, visit: w.visit,
		Event: &microtrackerv1.Event{
			EventId: w.newID().String(), EventType: kind, Name: name, Url: w.url, PageViewId: w.viewID,
		},
	})
	return &w.visit.hits[len(w.visit.hits)-1]
}

// act is one thing that a person does.
func (w *writing) act() {
	switch n := w.rand.IntN(100); {
	case n < 68:
		buttons := []string{"Add to cart", "Show more", "Size", "Menu", "Colour", "Next picture", "Read reviews", "Checkout"}
		b := w.rand.IntN(len(buttons))
		click := w.event(microtrackerv1.EventType_EVENT_TYPE_CLICK, buttons[b]).Event
		click.Selector = fmt.Sprintf("main > section:nth-of-type(%d) button.action-%d", 1+b%3, b)
		click.X = new(w.rand.Int32N(max(1, w.visit.visitor.ViewportW)))
		click.Y = new(w.rand.Int32N(4000))
	case n < 74:
		link := w.event(microtrackerv1.EventType_EVENT_TYPE_OUTBOUND_CLICK, "https://maps.example.org/places")
		link.Event.Selector = "footer a.maps"
	case n < 78:
		w.event(microtrackerv1.EventType_EVENT_TYPE_FILE_DOWNLOAD, fmt.Sprintf("catalogue-%d.pdf", 2020+w.rand.IntN(7)))
	case n < 80:
		w.event(microtrackerv1.EventType_EVENT_TYPE_ERROR, "TypeError: item is undefined").Event.Meta = meta("line", float64(w.rand.IntN(900)))
	default:
		names := []string{"video_play", "size_chart", "wishlist_add", "filter", "coupon"}
		n := w.rand.IntN(len(names))
		w.event(microtrackerv1.EventType_EVENT_TYPE_CUSTOM, names[n]).Event.Meta = meta(
			"position", float64(w.rand.IntN(20)), "list", [...]string{"new", "popular", "similar"}[w.rand.IntN(3)], "signed_in", w.chance(0.2))
	}
}

// form is filled in, and by most sent; the one at the checkout is worth something.
func (w *writing) form(at time.Duration) {
	w.now = max(w.now, at)
	name := w.page.path[1:]
	w.event(microtrackerv1.EventType_EVENT_TYPE_FORM_START, name).Event.Selector = "form#" + name
	if !w.chance(0.6) {
		return
	}
	w.now += time.Duration(5+w.rand.IntN(40)) * time.Second
	w.event(microtrackerv1.EventType_EVENT_TYPE_FORM_SUBMIT, name).Event.Selector = "form#" + name
	w.now += 300 * time.Millisecond
	conversion := w.event(microtrackerv1.EventType_EVENT_TYPE_CONVERSION, name).Event
	if name == "checkout" {
		cents := int(3000 * math.Exp(w.rand.NormFloat64()*0.8))
		conversion.Name, conversion.Currency = "purchase", w.visit.visitor.Currency
		conversion.Value = fmt.Sprintf("%d.%02d", cents/100, cents%100)
		conversion.Meta = meta("items", float64(1+w.rand.IntN(5)))
	}
}

func (w *writing) vital() {
	w.now += time.Duration(800+w.rand.IntN(2500)) * time.Millisecond
	w.event(microtrackerv1.EventType_EVENT_TYPE_WEB_VITAL, "LCP").Event.Meta = meta("value", float64(600+w.rand.IntN(3500)))
}

// leave reports depth and time of the page view so far.
func (w *writing) leave(scrolled, engaged float64) {
	exit := w.event(microtrackerv1.EventType_EVENT_TYPE_EXIT, "").Event
	exit.ScrollPct = new(math.Round(scrolled*10) / 10)
	exit.EngagedMs = new(time.Duration(engaged).Milliseconds())
}

// meta makes properties of names and values in turn.
func meta(pairs ...any) *structpb.Struct {
	fields := make(map[string]*structpb.Value, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		switch value := pairs[i+1].(type) {
		case string:
			fields[name] = structpb.NewStringValue(value)
		case float64:
			fields[name] = structpb.NewNumberValue(value)
		case bool:
			fields[name] = structpb.NewBoolValue(value)
		}
	}
	return &structpb.Struct{Fields: fields}
}
