package load

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"

	"github.com/google/uuid"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

// Visitor is who visits the website: the same each time, for the same seed and number.
type Visitor struct {
	Number int
	// Project is the place in the list of projects whose website he visits.
	Project int
	// Key is the id that his browser stores: a UUID.
	Key string
	// Address is his alone.
	Address   netip.Addr
	UserAgent string
	TimeZone  string
	Currency  string
	// ViewportW and ViewportH are in CSS pixels.
	ViewportW, ViewportH int32
	// Bot: a program, and its user agent or browser says so.
	Bot bool
	// Automated: his browser says that a program drives it.
	Automated bool
}

// Client is what his own browser says of him.
func (v *Visitor) Client() *microtrackerv1.Client {
	return &microtrackerv1.Client{
		VisitorKey: v.Key, TimeZone: v.TimeZone, ViewportW: v.ViewportW, ViewportH: v.ViewportH, Automated: v.Automated,
	}
}

// ServerClient is what the website's server says of him: of one half it knows the id, of the other the address.
func (v *Visitor) ServerClient() *microtrackerv1.Client {
	c := v.Client()
	c.UserAgent = v.UserAgent
	if v.Number%2 == 1 {
		c.VisitorKey, c.IpAddress = "", v.Address.String()
	}
	return c
}

// place is where visitors live.
type place struct {
	zone, currency string
	weight         int
}

func places() []place {
	return []place{
		{"America/New_York", "USD", 22},
		{"America/Chicago", "USD", 10},
		{"America/Los_Angeles", "USD", 12},
		{"America/Toronto", "CAD", 4},
		{"America/Sao_Paulo", "BRL", 4},
		{"America/Mexico_City", "MXN", 2},
		{"Europe/London", "GBP", 11},
		{"Europe/Berlin", "EUR", 14},
		{"Europe/Paris", "EUR", 8},
		{"Europe/Madrid", "EUR", 4},
		{"Europe/Rome", "EUR", 4},
		{"Europe/Amsterdam", "EUR", 3},
		{"Europe/Warsaw", "PLN", 3},
		{"Europe/Stockholm", "SEK", 2},
		{"Europe/Zurich", "CHF", 2},
		{"Asia/Kolkata", "INR", 6},
		{"Asia/Tokyo", "JPY", 4},
		{"Asia/Singapore", "SGD", 2},
		{"Asia/Seoul", "KRW", 2},
		{"Australia/Sydney", "AUD", 3},
		{"Africa/Johannesburg", "ZAR", 1},
	}
}

// browser is a user agent with a place for its version, and the size of its window.
type browser struct {
	format        string
	low, versions int
	weight        int
	width, height int32
	spread        int32
}

func browsers() []browser {
	const (
		windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
		mac     = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/"
		iPhone  = "Mozilla/5.0 (iPhone; CPU iPhone OS %[1]d_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
		android = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
	)
	return []browser{
		{windows + "Chrome/%d.0.0.0 Safari/537.36", 128, 14, 22, 1280, 600, 640},
		{windows + "Chrome/%[1]d.0.0.0 Safari/537.36 Edg/%[1]d.0.0.0", 130, 12, 8, 1280, 620, 640},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:%[1]d.0) Gecko/20100101 Firefox/%[1]d.0", 128, 16, 5, 1280, 640, 640},
		{windows + "Chrome/%[1]d.0.0.0 Safari/537.36 OPR/115.0.0.0", 128, 4, 1, 1360, 640, 560},
		{mac + "537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", 128, 14, 8, 1280, 700, 500},
		{mac + "605.1.15 (KHTML, like Gecko) Version/%d.3 Safari/605.1.15", 15, 4, 6, 1280, 700, 500},
		{"Mozilla/5.0 (X11; Linux x86_64; rv:%[1]d.0) Gecko/20100101 Firefox/%[1]d.0", 128, 16, 2, 1280, 700, 640},
		{"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", 128, 12, 2, 1366, 640, 100},
		{iPhone + "Version/%[1]d.3 Mobile/15E148 Safari/604.1", 15, 4, 20, 375, 640, 55},
		{iPhone + "CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1", 15, 4, 3, 375, 640, 55},
		{iPhone + "Mobile/22A3354 Instagram 358.0.0.25.89 (iPhone14,5; iOS 18_0; de_DE; de; scale=3.00; 1170x2532; 661461283)", 15, 4, 2, 375, 640, 55},
		{android + "Chrome/%d.0.0.0 Mobile Safari/537.36", 120, 22, 22, 360, 620, 70},
		{"Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/%d.0 Chrome/121.0.0.0 Mobile Safari/537.36", 22, 6, 5, 360, 640, 60},
		{"Mozilla/5.0 (Android 14; Mobile; rv:%[1]d.0) Gecko/%[1]d.0 Firefox/%[1]d.0", 128, 12, 1, 360, 640, 60},
		{"Mozilla/5.0 (iPad; CPU OS %[1]d_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/%[1]d.3 Mobile/15E148 Safari/604.1", 15, 4, 3, 768, 954, 256},
		{"Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", 120, 20, 2, 800, 1100, 480},
	}
}

func bots() []string {
	return []string{
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/131.0.6778.139 Safari/537.36",
		"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.6778.139 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
		"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
		"Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
		"Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
		"Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)",
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; GPTBot/1.1; +https://openai.com/gptbot",
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36",
		"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
		"Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
		"curl/8.9.1",
		"python-requests/2.32.3",
		"Go-http-client/2.0",
	}
}

// population makes visitors out of their numbers.
type population struct {
	seed          uint64
	size          int
	bots          float64
	projects      []float64 // the shares, added up
	places        []place
	browsers      []browser
	botAgents     []string
	totalPlaces   int
	totalBrowsers int
}

func newPopulation(o Options) *population {
	p := &population{
		seed: o.Seed, size: o.Visitors, bots: o.Bots, places: places(), browsers: browsers(), botAgents: bots(),
	}
	for _, place := range p.places {
		p.totalPlaces += place.weight
	}
	for _, browser := range p.browsers {
		p.totalBrowsers += browser.weight
	}
	total := 0.0
	for i := range o.Projects { // Zipf: the second has half as many as the first
		total += 1 / float64(i+1)
		p.projects = append(p.projects, total)
	}
	return p
}

// visitor makes the visitor of a number.
func (p *population) visitor(number int) *Visitor {
	r := newRand(p.seed, uint64(number))
	v := &Visitor{Number: number, Address: p.address(number)}
	var key uuid.UUID
	binary.BigEndian.PutUint64(key[:8], r.Uint64())
	binary.BigEndian.PutUint64(key[8:], r.Uint64())
	v.Key = asV4(key).String()
	share := r.Float64() * p.projects[len(p.projects)-1]
	for share > p.projects[v.Project] {
		v.Project++
	}
	left := r.IntN(p.totalPlaces)
	for _, place := range p.places {
		if left -= place.weight; left < 0 {
			v.TimeZone, v.Currency = place.zone, place.currency
			break
		}
	}
	left = r.IntN(p.totalBrowsers)
	for _, b := range p.browsers {
		if left -= b.weight; left < 0 {
			v.UserAgent = fmt.Sprintf(b.format, b.low+r.IntN(b.versions))
			v.ViewportW = b.width + 2*r.Int32N(b.spread/2+1)
			v.ViewportH = b.height + 2*r.Int32N(b.spread/4+1)
			break
		}
	}
	if r.Float64() < p.bots {
		v.Bot = true
		if r.IntN(10) == 0 {
			v.Automated = true // a browser that a program drives
		} else {
			v.UserAgent = p.botAgents[r.IntN(len(p.botAgents))]
		}
	}
	return v
}

// address gives each visitor one of his own: every fifth in IPv6, the others in networks of access providers.
func (p *population) address(number int) netip.Addr {
	if number%5 == 4 {
		var a [16]byte
		a[0], a[1] = 0x20, 0x03
		binary.BigEndian.PutUint64(a[2:], uint64(number)<<16) // ends within the first half: networks of their own
		binary.BigEndian.PutUint64(a[8:], mix(p.seed^uint64(number))|1)
		return netip.AddrFrom16(a)
	}
	nets := [...]byte{24, 31, 46, 62, 71, 77, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 109, 151, 176, 178, 188, 193, 212, 213, 217}
	index := uint32(number)
	host := (index/uint32(len(nets))*0x9e3779b1 + uint32(p.seed)) & 0xffffff // odd, so no two meet below 2^24
	return netip.AddrFrom4([4]byte{nets[index%uint32(len(nets))], byte(host >> 16), byte(host >> 8), byte(host)})
}

// newRand returns numbers that depend on the two alone.
func newRand(seed, of uint64) *rand.Rand {
	return rand.New(rand.NewPCG(mix(seed), mix(of+0x9e3779b97f4a7c15))) //nolint:gosec // the same each time is what is wanted
}

// mix spreads a number over all bits.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// asV4 makes random bytes a UUID of version 4.
func asV4(id uuid.UUID) uuid.UUID {
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}
