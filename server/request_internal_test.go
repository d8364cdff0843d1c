package server

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestOnlyTrustedProxiesSayWhoTheClientIs(t *testing.T) {
	t.Parallel()
	s := &Server{config: Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}}
	for _, c := range []struct {
		peer, forwarded, proto string
		client                 string
		secure                 bool
	}{
		{"203.0.113.9:1", "198.51.100.1", "https", "203.0.113.9", false}, // a stranger's word
		{"10.0.0.1:1", "198.51.100.1", "https", "198.51.100.1", true},
		{"10.0.0.1:1", "1.2.3.4, 198.51.100.1, 10.9.9.9", "http", "198.51.100.1", false}, // what stands further left is invented
		{"10.0.0.1:1", "", "", "10.0.0.1", false},
		{"10.0.0.1:1", "unknown", "", "10.0.0.1", false},
		{"10.0.0.1:1", "10.1.1.1, 10.2.2.2", "", "10.1.1.1", false},
		{"[fd00::1]:1", "2001:db8::7", "", "2001:db8::7", false},
		{"[::ffff:10.0.0.1]:1", "[2001:db8::7]:443", "", "2001:db8::7", false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		r.Header.Set("X-Forwarded-Proto", c.proto)
		var got request
		s.withRequest(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = requestFrom(r.Context()) })).
			ServeHTTP(httptest.NewRecorder(), r)
		if got.ClientIP.String() != c.client || got.Secure != c.secure {
			t.Errorf("%s for %q: client %s, secure %v; want %s, %v", c.peer, c.forwarded, got.ClientIP, got.Secure, c.client, c.secure)
		}
	}
}
