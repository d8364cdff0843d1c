package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// request is what the HTTP request says about the call, beyond the message.
type request struct {
	// ID names the request in the log and in internal errors.
	ID string
	// BaseURL is how the caller reached us: scheme and host.
	BaseURL string
	// Secure says that the caller came over TLS, to us or to a proxy that we trust.
	Secure bool
	// ClientIP is the caller's address; invalid if it could not be read.
	ClientIP netip.Addr
}

type requestKey struct{}

// requestFrom returns the request of the call; zero outside of one.
func requestFrom(ctx context.Context) request {
	r, _ := ctx.Value(requestKey{}).(request)
	return r
}

// withRequest reads the request once for all that follows.
func (s *Server) withRequest(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer := addrOf(r.RemoteAddr)
		trusted := s.trusts(peer)
		info := request{ID: newRequestID(), Secure: r.TLS != nil, ClientIP: peer}
		if trusted {
			info.ClientIP = s.forwardedFor(r, peer)
			info.Secure = info.Secure || r.Header.Get("X-Forwarded-Proto") == "https"
		}
		info.BaseURL = s.config.PublicURL
		if info.BaseURL == "" {
			scheme := "http"
			if info.Secure {
				scheme = "https"
			}
			info.BaseURL = scheme + "://" + r.Host
		} else if strings.HasPrefix(info.BaseURL, "https://") {
			info.Secure = true
		}
		w.Header().Set("X-Request-Id", info.ID)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, info)))
	})
}

func newRequestID() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

func (s *Server) trusts(peer netip.Addr) bool {
	for _, proxy := range s.config.TrustedProxies {
		if proxy.Contains(peer) {
			return true
		}
	}
	return false
}

// forwardedFor returns the address that the nearest untrusted hop came from: everything to its left may be invented.
func (s *Server) forwardedFor(r *http.Request, peer netip.Addr) netip.Addr {
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	client := peer
	for _, text := range slices.Backward(hops) {
		hop := addrOf(strings.TrimSpace(text))
		if !hop.IsValid() {
			break
		}
		client = hop
		if !s.trusts(hop) {
			break
		}
	}
	return client
}

// addrOf reads an address with or without a port; invalid if it is none.
func addrOf(text string) netip.Addr {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}
