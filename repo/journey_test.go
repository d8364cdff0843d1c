package repo_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/repo/repotest"
)

// trail is a project whose visitors' ways a test writes down.
type trail struct {
	t       *testing.T
	db      *repo.Store
	project *repo.Project
	inbox   *repo.Inbox
	url     string
	serial  atomic.Uint64
}

func newTrail(t *testing.T) *trail {
	t.Helper()
	url := repotest.DatabaseURL(t)
	db := repotest.Open(t, url)
	if _, err := db.EnsureEventPartitions(t.Context(), at(t, "2026-09-01T00:00:00Z"), at(t, "2026-12-31T00:00:00Z")); err != nil {
		t.Fatal(err)
	}
	project := repotest.Project(t, db)
	return &trail{t: t, db: db, project: project, inbox: openInbox(t, db, project), url: url}
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

// walk stores a session that began at base: events as "type path second [name]". Of the same moment, the one written first
// has the smaller id.
func (tr *trail) walk(visitor string, session repo.TrackingSession, base string, lines ...string) {
	tr.t.Helper()
	tr.walkWith(visitor, session, base, nil, lines...)
}

// walkWith is walk with a change of each event.
func (tr *trail) walkWith(visitor string, session repo.TrackingSession, base string, change func(e *repo.Event), lines ...string) {
	tr.t.Helper()
	events := make([]repo.Event, 0, len(lines))
	var view uuid.UUID
	for _, line := range lines {
		fields := strings.SplitN(line, " ", 4)
		e := repo.Event{
			EventType: fields[0], Name: fields[0], Path: fields[1], EventID: tr.id(),
			CreatedAt: at(tr.t, base).Add(time.Duration(atoi(tr.t, fields[2])) * time.Second),
		}
		if len(fields) > 3 {
			e.Name = fields[3]
		}
		if e.EventType == "page_view" {
			view = e.EventID
		} else {
			e.PageViewID = uuid.NullUUID{UUID: view, Valid: view != uuid.Nil}
		}
		if change != nil {
			change(&e)
		}
		events = append(events, e)
	}
	session.SessionKey = uuid.NewString()
	if session.Source == "" {
		session.Source = "Direct / None"
	}
	session.Channel = "Other"
	store(tr.t, tr.db, tr.inbox, visitor, &session, events)
}

func (tr *trail) id() uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[8:], tr.serial.Add(1))
	return id
}

// on is a journey over a range, in UTC.
func on(t *testing.T, since, until string) repo.Journey {
	t.Helper()
	return repo.Journey{Since: at(t, since), Until: at(t, until), Zone: time.UTC}
}

func is(dimension report.Dimension, values ...string) report.Condition {
	return report.Condition{Dimension: dimension, Operator: report.OperatorIs, Values: values}
}

func only(condition report.Condition) *report.Filter { return &report.Filter{Condition: &condition} }

// shown is a number, or a dash for null.
func shown(value *float64) string {
	if value == nil {
		return "-"
	}
	return fmt.Sprintf("%.5g", *value)
}

// hostile are texts that strangers send, each 10 kB and more.
func hostile() map[string]string {
	long := strings.Repeat("x", 10_000)
	return map[string]string{
		"quotes":   `'); DROP TABLE events; --` + long,
		"markup":   `<script>alert(1)</script>` + long,
		"pattern":  strings.Repeat(`(a+)+$`, 2000) + "?",
		"marks":    strings.Repeat("?0 ?name \\? ", 1000),
		"brackets": strings.Repeat(`{"a":[`, 2000),
		"letters":  strings.Repeat("é漢🙂", 1500),
	}
}

func object(t *testing.T, of map[string]string) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(of)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
