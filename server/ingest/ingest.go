// Package ingest takes batches of events in: it decides who the visitors are and where their sessions begin, stores the
// batches of many callers in one transaction, and answers each of them with a receipt for every event only after COMMIT.
package ingest

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/enrich"
	"github.com/microtracker/microtracker/server/telemetry"
)

// MaxAge is how old an event may be and still keep its time, unless a server sends it.
const MaxAge = 7 * 24 * time.Hour

// oldest is when the oldest event happened that a server may send.
func oldest() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

var (
	// ErrOverloaded is returned when more events wait to be stored than may: try again in a second.
	ErrOverloaded = errors.New("too many events wait to be stored")
	// ErrSettingsChanged is returned when the project's settings are no longer those of the inbox: open it again.
	ErrSettingsChanged = errors.New("the project's settings have changed")
	// ErrTakenOver is returned when another connection goes on with the stream, or a batch before this one failed.
	ErrTakenOver = errors.New("another connection goes on with the stream")
)

// Status is what became of an event.
type Status int

// The statuses; those of the protocol have the same names.
const (
	Accepted Status = iota + 1
	Duplicate
	Bot
	TooOld
	Invalid
)

// Receipt says what became of one event.
type Receipt struct {
	EventID uuid.UUID
	Status  Status
	// Field is what is wrong with an invalid event.
	Field string
	// Reason is why a bot is taken for one, what to do about an invalid event, or why an event is too old where its age alone
	// does not say so.
	Reason string
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
	// Value is a decimal number, Currency ISO 4217; both may be empty.
	Value, Currency string
	// Client is who the event comes from, where that is not the batch's client.
	Client *Client
}

// Batch is what one caller sends at once.
type Batch struct {
	Client Client
	// SentAt is when the batch left, by the sender's clock; zero if unknown.
	SentAt time.Time
	Events []Event
	// AnyAge lets events keep their times since 2000.
	AnyAge bool
	// OptOuts are hits that are counted and nothing else.
	OptOuts []repo.OptOut
	// Stream is the place of the batch in a stream, nil outside of one.
	Stream *StreamPosition
}

// StreamPosition is the place of a batch in a partner's stream. It is stored only after the one before it.
type StreamPosition struct {
	StreamID     string
	ConnectionID uuid.UUID
	Sequence     int64
}

// Config is what an Ingester needs. Store is required.
type Config struct {
	Store *repo.Store
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// Committed is told each project that has new events, after COMMIT. It must not block.
	Committed func(projectID int64)
	// Locator says which country clients are in; nil: nothing does.
	Locator *enrich.Locator
	Logger  *slog.Logger
	// Writers is how many transactions may run at once; 2 if zero.
	Writers int
	// Metrics hear of the stages, the groups and their outcomes; nil: nobody does.
	Metrics *telemetry.Metrics
	// Tracing makes a span for each group with a request that is recorded; nil: none.
	Tracing *telemetry.Tracing
}

// Ingester stores batches. Safe for concurrent use. Close ends it.
type Ingester struct {
	config    Config
	now       func() time.Time
	salts     *salts
	personKey []byte
	writers   []*writer
	waiting   backlog
	health    health
	// pace tells who sends faster than a person can.
	pace *enrich.Pace
	// devices remembers what user agents say.
	devices *devices
	// ads are those that are stored as they are.
	ads    *knownAds
	growth growth
	// partitions are those of old events.
	partitions partitions
}

// New makes an Ingester.
func New(config Config) *Ingester {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Committed == nil {
		config.Committed = func(int64) {}
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Writers == 0 {
		config.Writers = 2
	}
	g := &Ingester{
		config: config, now: config.Now, salts: &salts{store: config.Store}, personKey: make([]byte, 32),
		pace: enrich.NewPace(), devices: newDevices(), ads: newKnownAds(), health: health{logger: config.Logger},
	}
	_, _ = rand.Read(g.personKey) // never fails
	for range config.Writers {
		g.writers = append(g.writers, newWriter(g))
	}
	return g
}

// Close stores what waits and ends. Nothing may be handed over any more.
func (g *Ingester) Close() {
	for _, w := range g.writers {
		w.close()
	}
	g.growth.busy.Wait()
}

// Ingest stores the batch and returns a receipt for each event, in order. When it returns without an error, everything
// accepted is durable. With one, the caller cannot know: repo.ErrUnavailable and ErrOverloaded are worth another try with
// the same ids, which stores each event once.
func (g *Ingester) Ingest(ctx context.Context, inbox *repo.Inbox, batch *Batch) ([]Receipt, error) {
	wait, err := g.Submit(ctx, inbox, batch)
	if err != nil {
		return nil, err
	}
	return wait(ctx)
}

// Submit hands the batch over and returns a function that waits for its receipts. Batches of one stream are stored in the
// order in which they are handed over.
func (g *Ingester) Submit(ctx context.Context, inbox *repo.Inbox, batch *Batch) (wait func(ctx context.Context) ([]Receipt, error), err error) {
	it, receipts, err := g.prepare(ctx, inbox, batch)
	if err != nil {
		return nil, err
	}
	if len(it.hits) == 0 && len(it.optOuts) == 0 && it.stream == nil {
		return func(context.Context) ([]Receipt, error) { return receipts, nil }, nil
	}
	if err := g.enqueue(it); err != nil {
		return nil, err
	}
	return func(ctx context.Context) ([]Receipt, error) {
		select {
		case err := <-it.done:
			if err != nil {
				return nil, err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		for i, h := range it.hits {
			it.receipt(h, &receipts[it.places[i]])
		}
		return receipts, nil
	}, nil
}

// item is a batch on its way to the database.
type item struct {
	inbox *repo.Inbox
	hits  []*hit
	// places are the hits' places in the batch.
	places  []int
	optOuts []repo.OptOut
	stream  *StreamPosition
	// events is how many events the item counts for.
	events int64
	// since is when it was handed over, origin the span that it came in.
	since  time.Time
	origin telemetry.Origin
	done   chan error
}

// receipt says what became of a hit, after the item is done.
func (it *item) receipt(h *hit, r *Receipt) {
	switch {
	case h.refusal.Status != 0:
		*r = Receipt{EventID: h.id, Status: h.refusal.Status, Field: h.refusal.Field, Reason: h.refusal.Reason}
	case !h.stored:
		r.Status = Duplicate
	case h.botReason != "":
		r.Status, r.Reason = Bot, h.botReason
	default:
		r.Status = Accepted
	}
}

// prepare does all that needs no transaction.
func (g *Ingester) prepare(ctx context.Context, inbox *repo.Inbox, batch *Batch) (*item, []Receipt, error) {
	now := g.now()
	receipts := make([]Receipt, len(batch.Events))
	it := &item{
		inbox: inbox, hits: make([]*hit, 0, len(batch.Events)), places: make([]int, 0, len(batch.Events)),
		optOuts: batch.OptOuts, stream: batch.Stream, done: make(chan error, 1), events: int64(len(batch.Events)) + 1,
		since: time.Now(), origin: g.config.Tracing.OriginOf(ctx),
	}
	clock := clockOf(batch.SentAt, now)
	var common *sender
	senders := map[Client]*sender{}
	for i := range batch.Events {
		event := &batch.Events[i]
		receipts[i].EventID = event.ID
		at := clock.correct(event.At)
		if now.Sub(at) > MaxAge && !batch.AnyAge || at.Before(oldest()) {
			receipts[i].Status = TooOld
			continue
		}
		if isDeleted(inbox, at) {
			receipts[i].Status, receipts[i].Reason = TooOld, "it happened before what the project keeps: see its retain_events_days"
			continue
		}
		from := common
		switch {
		case event.Client != nil:
			if from = senders[*event.Client]; from == nil {
				from = g.newSender(inbox.ProjectID, *event.Client)
				senders[*event.Client] = from
			}
		case common == nil:
			common = g.newSender(inbox.ProjectID, batch.Client)
			from = common
		}
		h := newHit(inbox.ProjectID, at, event, inbox.WebsiteURL)
		h.from, h.botReason, h.sessionKey = from, from.botReason, from.client.SessionKey
		var err error
		if h.visitorKey, err = g.visitorKey(ctx, inbox.ProjectID, from, at); err != nil {
			return nil, nil, err
		}
		if h.linkedKeys, err = g.linkedKeys(ctx, inbox.ProjectID, from, at); err != nil {
			return nil, nil, err
		}
		it.hits, it.places = append(it.hits, h), append(it.places, i)
	}
	g.markFast(it, common, now) // each event of a browser is of the one client
	return it, receipts, g.ensurePartitions(ctx, it, now)
}

// isDeleted reports whether the time is one of which the events have been deleted for their age, or a session of that time may
// reach to it: it could not be cut anew.
func isDeleted(inbox *repo.Inbox, at time.Time) bool {
	return at.Before(inbox.EventsDeletedBefore.Add(SessionIdle))
}

// markFast takes for a bot a browser that sends faster than a person can. A server may send what it has gathered, and is not
// asked.
func (g *Ingester) markFast(it *item, from *sender, now time.Time) {
	if from == nil || from.client.IsServer {
		return
	}
	views := 0
	for _, h := range it.hits {
		if h.rank == 0 {
			views++
		}
	}
	if !g.pace.Seen(g.pace.Key(it.inbox.ProjectID, string(from.id[:])), now, len(it.hits), views) || from.botReason != "" {
		return
	}
	for _, h := range it.hits {
		h.botReason = string(enrich.BotRate)
	}
}

// ensurePartitions makes the partitions of events that are older than those kept ready.
func (g *Ingester) ensurePartitions(ctx context.Context, it *item, now time.Time) error {
	readySince := now.AddDate(0, 0, -8)
	first := now
	for _, h := range it.hits {
		first = earlier(first, h.event.CreatedAt)
	}
	if first.After(readySince) {
		return nil
	}
	for _, h := range it.hits {
		if at := h.event.CreatedAt; at.Before(readySince) {
			if err := g.partitions.ensure(ctx, g.config.Store, at); err != nil {
				return err
			}
		}
	}
	return nil
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
