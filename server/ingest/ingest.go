// Package ingest takes batches of events in: it decides who the visitor is and where his sessions begin, stores
// everything in one transaction, and answers with a receipt for each event only after COMMIT.
package ingest

import (
	"context"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/enrich"
)

// MaxAge is how old an event may be and still keep its time.
const MaxAge = 7 * 24 * time.Hour

// Status is what became of an event.
type Status int

// The statuses; those of the protocol have the same names.
const (
	Accepted Status = iota + 1
	Duplicate
	Bot
	TooOld
)

// Receipt says what became of one event.
type Receipt struct {
	EventID uuid.UUID
	Status  Status
	// Reason is why a bot is taken for one.
	Reason string
}

// Client is who sends a batch.
type Client struct {
	IP        netip.Addr
	UserAgent string
	// VisitorKey is the visitor's stored id; empty without storage.
	VisitorKey string
	Timezone   string
	// ViewportW and ViewportH are in CSS pixels.
	ViewportW, ViewportH int32
	// Automated says that the browser is driven by a program.
	Automated bool
}

// Event is one valid event as it was sent.
type Event struct {
	ID uuid.UUID
	// At is by the sender's clock; zero means now.
	At                   time.Time
	Type, Name           string
	URL, Referrer, Title string
	PageViewID           uuid.NullUUID
	Selector             string
	ScrollPct            *float64
	X, Y                 *int32
	// EngagedMS is cumulative over the page view.
	EngagedMS *int64
	// Meta is a JSON object, or empty.
	Meta []byte
}

// Batch is what one client sends at once.
type Batch struct {
	Client Client
	// SentAt is when the batch left, by the sender's clock; zero if unknown.
	SentAt time.Time
	Events []Event
}

// Ingester stores batches. Safe for concurrent use.
type Ingester struct {
	now   func() time.Time
	salts *salts
	// committed is told each project that has new events.
	committed func(projectID int64)
}

// New makes an Ingester; committed is called after each COMMIT and must not block.
func New(store *repo.Store, now func() time.Time, committed func(projectID int64)) *Ingester {
	return &Ingester{now: now, salts: &salts{store: store}, committed: committed}
}

// Ingest stores the batch and returns a receipt for each event, in order. When it returns without an error, everything
// accepted is durable; with one, nothing of the batch is stored. repo.ErrUnavailable is worth a retry with the same ids.
func (g *Ingester) Ingest(ctx context.Context, inbox *repo.Inbox, batch Batch) ([]Receipt, error) {
	now := g.now()
	receipts := make([]Receipt, len(batch.Events))
	hits := make([]hit, 0, len(batch.Events))
	device := enrich.ParseUserAgent(batch.Client.UserAgent)
	bot := enrich.DetectBot(enrich.Hit{UserAgent: batch.Client.UserAgent, Automated: batch.Client.Automated})
	clock := clockOf(batch.SentAt, now)
	for i, event := range batch.Events {
		receipts[i] = Receipt{EventID: event.ID, Status: Accepted}
		at := clock.correct(event.At)
		if now.Sub(at) > MaxAge {
			receipts[i].Status = TooOld
			continue
		}
		hits = append(hits, newHit(i, at, event, inbox.WebsiteURL))
	}
	if len(hits) == 0 {
		return receipts, nil
	}
	key, err := g.visitorKey(ctx, inbox.ProjectID, batch.Client, now)
	if err != nil {
		return nil, err
	}
	visit := visit{visitorKey: key, client: batch.Client, device: device, bot: string(bot), hits: hits}
	claimed, err := store(ctx, inbox, visit, now)
	if err != nil {
		return nil, err
	}
	for _, h := range hits {
		switch {
		case !claimed[h.event.EventID]:
			receipts[h.index].Status = Duplicate
		case bot != "":
			receipts[h.index].Status, receipts[h.index].Reason = Bot, string(bot)
		}
		// The same id twice in one batch: the first is stored, the second is a duplicate of it.
		delete(claimed, h.event.EventID)
	}
	g.committed(inbox.ProjectID)
	if now.Sub(inbox.LastUsedAt) > time.Minute {
		// A courtesy to the owner. The events are committed, so its failure is not the caller's.
		_ = inbox.Touch(ctx, now)
	}
	return receipts, nil
}

// clock corrects a sender's wrong clock.
type clock struct {
	now  time.Time
	skew time.Duration
}

func clockOf(sentAt, now time.Time) clock {
	if sentAt.IsZero() {
		return clock{now: now}
	}
	return clock{now: now, skew: now.Sub(sentAt)}
}

// correct returns when it happened by our clock; never in the future. Times are kept to the microsecond, as stored.
func (c clock) correct(at time.Time) time.Time {
	if at.IsZero() {
		return c.now.Truncate(time.Microsecond)
	}
	at = at.Add(c.skew)
	if at.After(c.now) {
		at = c.now
	}
	return at.Truncate(time.Microsecond)
}
