package ingest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/microtracker/microtracker/server/enrich"
)

// Client is who an event comes from.
type Client struct {
	IP        netip.Addr
	UserAgent string
	// VisitorKey is the visitor's stored id; empty without storage.
	VisitorKey string
	// SessionKey makes a session of the events that have it; empty: time does.
	SessionKey string
	Timezone   string
	// ViewportW and ViewportH are in CSS pixels.
	ViewportW, ViewportH int32
	// Automated says that the browser is driven by a program.
	Automated bool
	// IsServer says that the visitor's own server tells of him: a user agent may be missing, and many may come at once.
	IsServer bool
	// IsHeadless says that the browser has no screen, by its headers.
	IsHeadless bool
}

// sender is a client with all that is found out about it.
type sender struct {
	client Client
	device enrich.Device
	// botReason is why it is taken for a bot, empty for a person.
	botReason       string
	country, region string
	// id tells persons apart while this server runs.
	id personID
	// dayKeys are the visitor keys of the days that were asked for; unused with a stored id.
	dayKeys map[int64]string
}

// personID tells persons apart within one server.
type personID [sha256.Size]byte

// cookielessPrefix marks the keys of visitors who have no stored id. No stored id begins with it.
const cookielessPrefix = "day:"

// ValidVisitorKey reports whether a stored id can be a visitor's key.
func ValidVisitorKey(key string) bool {
	return len(key) < len(cookielessPrefix) || key[:len(cookielessPrefix)] != cookielessPrefix
}

func (g *Ingester) newSender(projectID int64, client Client) *sender {
	known := g.devices.of(client.UserAgent)
	s := &sender{client: client, device: known.device, botReason: string(known.bot)}
	switch {
	case client.IsServer && client.UserAgent == "":
		s.botReason = ""
	case client.Automated:
		s.botReason = string(enrich.BotAutomated)
	case client.IsHeadless && s.botReason == "":
		s.botReason = string(enrich.BotHeadless)
	}
	place := g.config.Locator.Locate(client.IP, client.Timezone)
	s.country, s.region = place.Country, place.Region
	if client.VisitorKey != "" {
		s.id = personID(keyedHash(g.personKey, projectID, []byte("id "), []byte(client.VisitorKey)))
	} else {
		address := client.IP.As16()
		s.id = personID(keyedHash(g.personKey, projectID, address[:], []byte(client.UserAgent)))
	}
	return s
}

// visitorKey returns the key of the visitor who an event at this time makes: the stored id where there is one, else for one
// UTC day a keyed hash of project, address and user agent. The address itself is never stored.
func (g *Ingester) visitorKey(ctx context.Context, projectID int64, s *sender, at time.Time) (string, error) {
	if s.client.VisitorKey != "" {
		return s.client.VisitorKey, nil
	}
	key, err := g.dayKey(ctx, projectID, s, dayOf(at))
	if key != "" || err != nil {
		return key, err
	}
	// The salt of that day is destroyed: who it was cannot be known any more.
	return g.dayKey(ctx, projectID, s, dayOf(g.now()))
}

// linkedKeys returns the keys of the visitors whose sessions an event at this time may be part of, beside its own: the day
// before goes on until its session ends, and the day after may have begun with what was a part of this one's.
func (g *Ingester) linkedKeys(ctx context.Context, projectID int64, s *sender, at time.Time) ([]string, error) {
	if s.client.VisitorKey != "" {
		return nil, nil
	}
	days := []int64{dayOf(at) - 1}
	if dayOf(at.Add(SessionIdle)) != dayOf(at) {
		days = append(days, dayOf(at)+1)
	}
	var keys []string
	for _, day := range days {
		key, err := g.dayKey(ctx, projectID, s, day)
		if err != nil {
			return nil, err
		}
		if key != "" {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// dayKey is the cookieless key of a day, empty if that day has no salt.
func (g *Ingester) dayKey(ctx context.Context, projectID int64, s *sender, day int64) (string, error) {
	if key, ok := s.dayKeys[day]; ok {
		return key, nil
	}
	salt, err := g.salts.of(ctx, day, g.now())
	if err != nil {
		return "", err
	}
	key := ""
	if salt != nil {
		address := s.client.IP.As16()
		sum := keyedHash(salt, projectID, address[:], []byte(s.client.UserAgent))
		key = cookielessPrefix + base64.RawURLEncoding.EncodeToString(sum[:16])
	}
	if s.dayKeys == nil {
		s.dayKeys = make(map[int64]string, 2)
	}
	s.dayKeys[day] = key
	return key, nil
}

func keyedHash(key []byte, projectID int64, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	var id [8]byte
	binary.BigEndian.PutUint64(id[:], uint64(projectID))
	mac.Write(id[:])
	for _, part := range parts {
		mac.Write(part)
	}
	return mac.Sum(nil)
}
