package server

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/identity"
)

// How long a web session lives without activity.
const (
	plainIdle      = 12 * time.Hour
	rememberedIdle = 30 * 24 * time.Hour
)

// sessionPayload is what a web session carries beside its columns.
type sessionPayload struct {
	CreatedAt time.Time `json:"created_at"`
	// Remember keeps the session when the browser closes.
	Remember bool `json:"remember"`
}

func (p sessionPayload) idle() time.Duration {
	if p.Remember {
		return rememberedIdle
	}
	return plainIdle
}

// payloadOf reads the session's payload; one that cannot be read is that of a plain session.
func payloadOf(session *repo.Session) sessionPayload {
	var payload sessionPayload
	_ = json.Unmarshal([]byte(session.Payload), &payload)
	return payload
}

// Over TLS the cookie bears the prefix that ties it to this host and to TLS.
const (
	plainCookie  = "mt_session"
	secureCookie = "__Host-mt_session"
)

// setSessionCookie puts the session into the response, for as long as the browser is open or is to remember it.
func setSessionCookie(ctx context.Context, value string, remember bool) {
	cookie := sessionCookie(ctx, value) //nolint:gosec // sessionCookie sets what is asked for
	if remember {
		cookie.MaxAge = int(rememberedIdle.Seconds())
	}
	addCookie(ctx, cookie)
}

// clearSessionCookie takes the session out of the browser.
func clearSessionCookie(ctx context.Context) {
	cookie := sessionCookie(ctx, "") //nolint:gosec // sessionCookie sets what is asked for
	cookie.MaxAge = -1
	addCookie(ctx, cookie)
}

func sessionCookie(ctx context.Context, value string) http.Cookie {
	cookie := http.Cookie{ //nolint:gosec // Secure is set below, where there is TLS
		Name: plainCookie, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if requestFrom(ctx).Secure {
		cookie.Name, cookie.Secure = secureCookie, true
	}
	return cookie
}

func addCookie(ctx context.Context, cookie http.Cookie) {
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
