package repo

import "time"

// markQuarter is how finely changes are marked: the hours of every time zone begin with a quarter of UTC's.
const markQuarter = 15 * time.Minute

// rollupMark is a row of rollup_marks. Times are in quarters of an hour since 1970.
type rollupMark struct {
	projectID, since, until int64
}

// marks gathers, each once, the stretches of time whose figures a transaction changes.
type marks map[rollupMark]struct{}

func quarterOf(at time.Time) int64 {
	seconds, quarter := at.Unix(), int64(markQuarter/time.Second)
	if seconds < 0 {
		seconds -= quarter - 1
	}
	return seconds / quarter
}

func quarterStart(n int64) time.Time { return time.Unix(n*int64(markQuarter/time.Second), 0).UTC() }

func (m marks) at(projectID int64, at time.Time) { m.span(projectID, at, at) }

// span marks the quarters from since to until, both included.
func (m marks) span(projectID int64, since, until time.Time) {
	m[rollupMark{projectID: projectID, since: quarterOf(since), until: quarterOf(until) + 1}] = struct{}{}
}

// mark notes what is to be counted anew (docs/rollups.md): each event at its time, each session at its start. Of a session
// of which more than the sums has changed, or that is no more, that is its whole span. When it was before need not be known:
// it began and ended with events, which are still its own, or have moved and are marked.
func (b *ingestBatch) mark(c *Changes, _ time.Time) error {
	changed := marks{}
	bots := botsOf(c)
	for i := range c.Events {
		if e := &c.Events[i]; !bots[SessionRef{ProjectID: e.ProjectID, ID: e.SessionID}] {
			changed.at(e.ProjectID, e.CreatedAt)
		}
	}
	for i := range c.Moved {
		changed.at(c.Moved[i].ProjectID, c.Moved[i].CreatedAt)
	}
	for _, s := range c.NewSessions {
		changed.at(s.ProjectID, s.StartedAt)
	}
	for _, s := range c.Sessions {
		if !s.IsBot { // else markNewBots marks it, in need
			changed.at(s.ProjectID, s.StartedAt)
		}
	}
	for _, sessions := range [...][]*TrackingSession{c.Rewritten, c.Emptied} {
		for _, s := range sessions {
			changed.span(s.ProjectID, s.StartedAt, s.LastActivityAt)
		}
	}
	b.markNewBots(c)
	if len(changed) == 0 {
		return nil
	}
	cut := cutAnew(c)
	projects, adds := make([]int64, 0, len(changed)), make([]bool, 0, len(changed))
	since, until := make([]time.Time, 0, len(changed)), make([]time.Time, 0, len(changed))
	for m := range changed {
		projects, since, until = append(projects, m.projectID), append(since, quarterStart(m.since)), append(until, quarterStart(m.until))
		adds = append(adds, !cut[m.projectID])
	}
	b.exec(`
		INSERT INTO rollup_marks (project_id, since, until, adds)
		SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[], $4::boolean[])`, projects, since, until, adds)
	return nil
}

// cutAnew returns the projects to which more happens than that events come, each with what it changes of its session: events move,
// or sessions change without one.
func cutAnew(c *Changes) map[int64]bool {
	cut := map[int64]bool{}
	for i := range c.Moved {
		cut[c.Moved[i].ProjectID] = true
	}
	for _, sessions := range [...][]*TrackingSession{c.Rewritten, c.Emptied} {
		for _, s := range sessions {
			cut[s.ProjectID] = true
		}
	}
	return cut
}

// botsOf returns the sessions that are a bot's when the changes are written: no figure has their events.
func botsOf(c *Changes) map[SessionRef]bool {
	var bots map[SessionRef]bool
	for _, sessions := range [...][]*TrackingSession{c.NewSessions, c.Sessions, c.Rewritten} {
		for _, s := range sessions {
			if !s.IsBot {
				continue
			}
			if bots == nil {
				bots = map[SessionRef]bool{}
			}
			bots[SessionRef{ProjectID: s.ProjectID, ID: s.ID}] = true
		}
	}
	return bots
}

// markNewBots marks the whole span of sessions that turn out to be a bot's: all of their events leave the figures. It has to
// come before they are written. Those that are a bot's already change no figure: some of them go on for weeks.
func (b *ingestBatch) markNewBots(c *Changes) {
	var projects, ids []int64
	for _, s := range c.Sessions {
		if s.IsBot {
			projects, ids = append(projects, s.ProjectID), append(ids, s.ID)
		}
	}
	if len(ids) == 0 {
		return
	}
	b.exec(`
		INSERT INTO rollup_marks (project_id, since, until)
		SELECT s.project_id, date_bin('15 minutes', s.started_at, 'epoch'),
			date_bin('15 minutes', s.last_activity_at, 'epoch') + interval '15 minutes'
		FROM unnest($1::bigint[], $2::bigint[]) AS bot (project_id, id)
		JOIN tracking_sessions AS s USING (project_id, id)
		WHERE NOT s.is_bot`, projects, ids)
}
