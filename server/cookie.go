package server

import (
	"context"
	"net/http"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/microtracker/microtracker/server/identity"
)

// sessionIdle is how long a web session lives without activity.
const sessionIdle = 30 * 24 * time.Hour

// Over TLS the cookie bears the prefix that ties it to this host and to TLS.
const (
	plainCookie  = "mt_session"
	secureCookie = "__Host-mt_session"
)

// setSessionCookie puts the session into the response. An empty value clears it.
func setSessionCookie(ctx context.Context, value string) {
	cookie := http.Cookie{ //nolint:gosec // Secure is set below, where there is TLS
		Name: plainCookie, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		MaxAge: int(sessionIdle.Seconds()),
	}
	if requestFrom(ctx).Secure {
		cookie.Name, cookie.Secure = secureCookie, true
	}
	if value == "" {
		cookie.MaxAge = -1
	}
	info, _ := connect.CallInfoForServerContext(ctx)
	info.ResponseHeader().Add("Set-Cookie", cookie.String())
}

// sessionID returns the id of the session whose cookie the call carries.
func sessionID(info *connect.CallInfo) (string, bool) {
	carrier := http.Request{Header: http.Header{"Cookie": info.RequestHeader().Values("Cookie")}}
	for _, name := range []string{secureCookie, plainCookie} {
		cookie, err := carrier.Cookie(name)
		if err != nil {
			continue
		}
		if id, err := identity.SessionID(cookie.Value); err == nil {
			return id, true
		}
	}
	return "", false
}

func hasSessionCookie(r *http.Request) bool {
	for _, name := range []string{secureCookie, plainCookie} {
		if _, err := r.Cookie(name); err == nil {
			return true
		}
	}
	return false
}
