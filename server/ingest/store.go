package ingest

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/enrich"
)

// visit is what one visitor sends in one batch.
type visit struct {
	visitorKey string
	client     Client
	device     enrich.Device
	// bot is why he is taken for a bot, empty for a person.
	bot  string
	hits []hit
}

// store writes the visit in one transaction and returns which event ids were new.
func store(ctx context.Context, inbox *repo.Inbox, v visit, now time.Time) (map[uuid.UUID]bool, error) {
	var claimed map[uuid.UUID]bool
	err := inbox.InTx(ctx, func(tx *repo.IngestTx) error {
		var err error
		claimed, err = tx.ClaimEventIDs(ctx, v.eventIDs(), now)
		if err != nil {
			return err
		}
		fresh := v.fresh(claimed)
		if len(fresh) == 0 {
			return nil
		}
		return write(ctx, tx, v, fresh, now)
	})
	return claimed, err
}

func write(ctx context.Context, tx *repo.IngestTx, v visit, fresh []hit, now time.Time) error {
	since, until := span(fresh)
	visitorIDs, err := tx.SeeVisitors(ctx, []repo.Sighting{{
		VisitorKey: v.visitorKey, FirstSeenAt: since, LastSeenAt: until, IsBot: v.bot != "",
		Timezone: v.client.Timezone, ViewportW: v.client.ViewportW, ViewportH: v.client.ViewportH, UserAgent: v.client.UserAgent,
	}}, now)
	if err != nil {
		return err
	}
	visitorID := visitorIDs[v.visitorKey]
	near, err := tx.SessionsNear(ctx, []int64{visitorID}, since, until, SessionIdle)
	if err != nil {
		return err
	}
	sessions := sessionise(near, fresh)
	var changed []*repo.TrackingSession
	for _, s := range sessions {
		if s.row.ID == 0 {
			s.row.VisitorID = visitorID
			s.row.Device, s.row.Browser, s.row.OS = v.device.Device, v.device.Browser, v.device.OS
			s.row.IsBot, s.row.BotReason = v.bot != "", v.bot
		}
		if s.changed {
			changed = append(changed, s.row)
		}
	}
	if len(changed) > 0 {
		if err := tx.SaveSessions(ctx, changed, now); err != nil {
			return err
		}
	}
	return writeEvents(ctx, tx, visitorID, sessions, now)
}

func writeEvents(ctx context.Context, tx *repo.IngestTx, visitorID int64, sessions []*session, now time.Time) error {
	var events []repo.Event
	var sessionIDs []int64
	since, until := sessions[0].row.StartedAt, sessions[0].row.LastActivityAt
	for _, s := range sessions {
		sessionIDs = append(sessionIDs, s.row.ID)
		since, until = earlier(since, s.row.StartedAt), later(until, s.row.LastActivityAt)
		for _, h := range s.hits {
			event := h.event
			event.SessionID, event.VisitorID = s.row.ID, visitorID
			events = append(events, event)
		}
	}
	if err := tx.InsertEvents(ctx, events); err != nil {
		return err
	}
	if err := tx.RefreshSessions(ctx, sessionIDs, since, until, now); err != nil {
		return err
	}
	return tx.RefreshVisitors(ctx, []int64{visitorID}, now)
}

func (v visit) eventIDs() []uuid.UUID {
	ids := make([]uuid.UUID, len(v.hits))
	for i, h := range v.hits {
		ids[i] = h.event.EventID
	}
	return ids
}

// fresh returns the hits whose ids are new, each id once.
func (v visit) fresh(claimed map[uuid.UUID]bool) []hit {
	var fresh []hit
	seen := make(map[uuid.UUID]bool, len(v.hits))
	for _, h := range v.hits {
		if id := h.event.EventID; claimed[id] && !seen[id] {
			seen[id] = true
			fresh = append(fresh, h)
		}
	}
	return fresh
}

// span returns the times of the earliest and the latest hit.
func span(hits []hit) (since, until time.Time) {
	since, until = hits[0].event.CreatedAt, hits[0].event.CreatedAt
	for _, h := range hits {
		since, until = earlier(since, h.event.CreatedAt), later(until, h.event.CreatedAt)
	}
	return since, until
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
