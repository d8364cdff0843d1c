package load

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// pageCount is how many pages the website has.
const pageCount = 4000

// page is one page of the website.
type page struct {
	path, title string
	// hasForm: there is something to fill in and send.
	hasForm bool
}

// site is the website that is visited: a shop with a magazine. Its first pages are visited most.
type site struct {
	origin string
	pages  []page
}

func newSite(origin string) *site {
	s := &site{origin: strings.TrimSuffix(origin, "/"), pages: make([]page, 0, pageCount)}
	s.pages = append(s.pages,
		page{path: "/", title: "Northwind Outfitters – everything for the way"},
		page{path: "/sale", title: "Sale – Northwind Outfitters"},
		page{path: "/cart", title: "Your cart – Northwind Outfitters"},
		page{path: "/checkout", title: "Checkout – Northwind Outfitters", hasForm: true},
		page{path: "/search", title: "Search – Northwind Outfitters"},
		page{path: "/account/register", title: "Open an account – Northwind Outfitters", hasForm: true},
		page{path: "/contact", title: "Contact – Northwind Outfitters", hasForm: true},
		page{path: "/newsletter", title: "Our letter – Northwind Outfitters", hasForm: true},
		page{path: "/about", title: "Who we are – Northwind Outfitters"},
		page{path: "/help/returns", title: "Returns – Northwind Outfitters"},
	)
	kinds := []string{"jackets", "shoes", "tents", "packs", "lamps", "bottles", "knives", "maps", "gloves", "stoves", "sleeping-bags", "trousers"}
	marks := []string{"Åre", "Fjord", "Sierra", "Kestrel", "Tundra", "Brook", "Müritz", "Granite", "Larch", "Comet", "Harbour", "Ember"}
	cuts := []string{"light", "warm", "dry", "long", "slim", "wide", "pro", "kids"}
	topics := []string{"how-to-pack", "first-aid", "trail-food", "winter-camp", "knots", "reading-clouds", "river-crossing", "mending"}
	for _, kind := range kinds {
		s.pages = append(s.pages, page{path: "/shop/" + kind, title: titled(kind) + " – Northwind Outfitters"})
	}
	for i := 0; len(s.pages) < pageCount; i++ {
		kind, mark, cut := kinds[i%len(kinds)], marks[i/len(kinds)%len(marks)], cuts[i%len(cuts)]
		if i%5 == 4 {
			topic := topics[i/5%len(topics)]
			s.pages = append(s.pages, page{
				path:  fmt.Sprintf("/magazine/%d/%02d/%s-%d", 2020+i%7, 1+i%12, topic, i),
				title: fmt.Sprintf("%s, part %d – the Northwind magazine", titled(topic), i),
			})
			continue
		}
		s.pages = append(s.pages, page{
			path:  fmt.Sprintf("/shop/%s/%s-%s-%d", kind, strings.Map(ascii, strings.ToLower(mark)), cut, 10_000+i),
			title: fmt.Sprintf("%s “%s” %s – Northwind Outfitters", titled(kind), mark, cut),
		})
	}
	return s
}

func titled(slug string) string {
	return strings.ToUpper(slug[:1]) + strings.ReplaceAll(slug[1:], "-", " ")
}

func ascii(r rune) rune {
	switch r {
	case 'å':
		return 'a'
	case 'ü':
		return 'u'
	}
	return r
}

// source is a place that visitors come from.
type source struct {
	referrer string
	weight   int
}

// sources are the search engines, social networks and others that lead to the website without being paid for it. Most
// tell nothing but their host.
func sources() []source {
	return []source{
		{"https://www.google.com/", 420},
		{"https://www.google.de/", 60},
		{"https://www.google.co.uk/", 50},
		{"https://www.google.fr/", 30},
		{"https://www.bing.com/", 60},
		{"https://duckduckgo.com/", 40},
		{"https://search.yahoo.com/", 15},
		{"https://www.ecosia.org/", 8},
		{"https://search.brave.com/", 8},
		{"https://yandex.ru/", 8},
		{"https://www.baidu.com/s?wd=northwind%20tent", 6},
		{"https://www.startpage.com/", 4},
		{"https://www.qwant.com/", 3},
		{"https://search.naver.com/search.naver?query=hiking+shoes", 4},
		{"https://www.facebook.com/", 40},
		{"https://l.facebook.com/", 30},
		{"https://m.facebook.com/", 20},
		{"https://l.instagram.com/", 40},
		{"https://t.co/", 22},
		{"https://www.linkedin.com/", 12},
		{"https://www.reddit.com/", 26},
		{"https://www.youtube.com/", 24},
		{"https://www.pinterest.com/", 18},
		{"https://www.tiktok.com/", 12},
		{"https://bsky.app/", 5},
		{"https://mastodon.social/", 3},
		{"https://news.ycombinator.com/", 6},
		{"https://chatgpt.com/", 22},
		{"https://www.perplexity.ai/", 8},
		{"https://gemini.google.com/", 5},
		{"https://mail.google.com/", 14},
		{"https://outlook.live.com/", 6},
		{"https://en.wikipedia.org/", 10},
		{"https://github.com/", 4},
		{"https://www.outdoors.example/tests/best-tents", 12},
		{"https://hiking.example/forum/t/4711", 6},
	}
}

// pick draws a source by its weight.
func pick(r *rand.Rand, of []source) string {
	total := 0
	for _, s := range of {
		total += s.weight
	}
	left := r.IntN(total)
	for _, s := range of {
		if left -= s.weight; left < 0 {
			return s.referrer
		}
	}
	return ""
}
