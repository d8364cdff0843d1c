package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"github.com/microtracker/microtracker/server/identity"
	"github.com/microtracker/microtracker/server/load"
	"github.com/microtracker/microtracker/server/localpg"
)

// patience is how long a test waits for what must come before it gives up.
const patience = 3 * time.Minute

// await waits until it is done.
func await(t *testing.T, what string, isDone func() bool) {
	t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !isDone() {
		select {
		case <-ticker.C:
		case <-timeout.C:
			t.Fatalf("waited %v in vain for %s", patience, what)
		case <-t.Context().Done():
			t.Fatalf("the test ended while waiting for %s", what)
		}
	}
}

// replica is a server process that is killed and started again, always on the same port.
type replica struct {
	url  string
	args []string

	cmd   *exec.Cmd
	ended chan struct{}
	// said is what this process has printed.
	said *record
}

// record keeps what a process prints.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// tail is the last of what was said.
func (r *record) tail() string {
	text := r.String()
	return text[max(0, len(text)-4000):]
}

// startReplica starts a server and waits until it serves.
func startReplica(t *testing.T, args ...string) *replica {
	t.Helper()
	address := freeAddress(t)
	r := &replica{url: "http://" + address, args: append([]string{"serve", "--listen", address, "--trusted-proxies", loopback()}, args...)}
	t.Cleanup(func() { r.clear(t) })
	r.start(t)
	return r
}

func (r *replica) start(t *testing.T) {
	t.Helper()
	r.launch(t)
	r.awaitServing(t)
}

func (r *replica) launch(t *testing.T) {
	t.Helper()
	r.cmd, r.said, r.ended = command(t, r.args...), &record{}, make(chan struct{})
	r.cmd.Stdout, r.cmd.Stderr = r.said, r.said
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func(cmd *exec.Cmd, ended chan struct{}) {
		defer close(ended)
		_ = cmd.Wait() // how it ended is in the cmd
	}(r.cmd, r.ended)
}

// awaitServing waits until it serves. It starts a server that has given up again, as a service manager does.
func (r *replica) awaitServing(t *testing.T) {
	t.Helper()
	tries := 0
	await(t, "the server to serve", func() bool {
		select {
		case <-r.ended:
			if tries++; tries > 100 {
				t.Fatalf("the server ends again and again, saying:\n%s", r.said.tail())
			}
			t.Logf("started again a server that gave up: %s", r.said.tail())
			r.launch(t)
		default:
		}
		return strings.Contains(r.said.String(), "msg=serving")
	})
}

func (r *replica) kill(t *testing.T) {
	t.Helper()
	_ = r.cmd.Process.Kill() // it may have ended
	<-r.ended
}

// stop ends the server as an operator does; nothing may be wrong then.
func (r *replica) stop(t *testing.T) {
	t.Helper()
	_ = r.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	<-r.ended
	if !r.cmd.ProcessState.Success() {
		t.Errorf("after SIGTERM: %v, saying:\n%s", r.cmd.ProcessState, r.said.tail())
	}
}

// clear leaves nothing running after a test that failed.
func (r *replica) clear(t *testing.T) {
	t.Helper()
	if t.Failed() {
		t.Logf("%s said at last:\n%s", r.url, r.said.tail())
	}
	select {
	case <-r.ended:
		if r.cmd.ProcessState.Success() {
			return
		}
	default:
		r.kill(t)
	}
	place := slices.Index(r.args, "--data-dir")
	if place < 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	left, err := localpg.Start(ctx, localpg.Config{Dir: r.args[place+1]})
	if err == nil {
		err = left.Stop(ctx)
	}
	if err != nil {
		t.Error(err)
	}
}

// storm is the visits that go on during a storm, and what was answered.
type storm struct {
	db     *storedData
	notes  bytes.Buffer
	ledger *load.Ledger

	isOver  atomic.Bool
	senders sync.WaitGroup

	mu sync.Mutex
	// done are the counts of the rounds that are over, current those of the rounds that go on, by sender.
	done     load.Counts
	current  map[int]load.Counts
	failures []string
	trouble  map[string]int
}

func newStorm(t *testing.T, db *storedData) *storm {
	t.Helper()
	db.openProject(t)
	s := &storm{db: db, current: map[int]load.Counts{}, trouble: map[string]int{}}
	s.ledger = load.NewLedger(&s.notes)
	return s
}

// eventsInRound is how many events a sender sends before it looks whether the storm is over. All of them must be answered.
const eventsInRound = 200

// send lets the senders send, round after round, until the storm is over. The visitors of a round are the same for all.
func (s *storm) send(t *testing.T, senders ...load.Config) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(func() { // of a test that failed
		s.isOver.Store(true)
		cancel()
		s.senders.Wait()
	})
	for i, config := range senders {
		if config.Stream {
			config.APIKey, config.ProjectID = s.db.secretKey, s.db.projectID
		} else {
			config.ProjectKeys, config.ForwardFor = []string{s.db.publicKey}, true
		}
		config.Ledger, config.Events, config.GiveUp, config.Timeout = s.ledger, eventsInRound, patience, 10*time.Second
		config.Visits.Visitors, config.Visits.Bots, config.Visits.Ads = 300, 0.03, 0.2
		config.ProgressEvery = 50 * time.Millisecond
		config.Progress = func(now load.Snapshot) { s.progress(i, now) }
		s.senders.Go(func() {
			for round := uint64(0); !s.isOver.Load(); round++ {
				config.Visits.Seed = round % 4 // so that visitors come back
				s.round(ctx, i, config)
			}
		})
	}
}

func (s *storm) round(ctx context.Context, sender int, config load.Config) {
	loader, err := load.New(config)
	var result load.Result
	if err == nil {
		result, err = loader.Run(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.current, sender)
	s.done = sum(s.done, result.Counts)
	if err != nil {
		s.failures = append(s.failures, err.Error())
	}
	for _, reasons := range []map[string]int64{result.Failures, result.Refusals} {
		for reason, events := range reasons {
			s.failures = append(s.failures, fmt.Sprintf("%d events: %s", events, reason))
		}
	}
	if answered := result.Answered(); err == nil && answered+result.Failed != config.Events {
		s.failures = append(s.failures, fmt.Sprintf("a round of %d events ended with %d", config.Events, answered))
	}
}

func (s *storm) progress(sender int, now load.Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current[sender] = now.Counts
	if now.Trouble != "" {
		s.trouble[now.Trouble]++
	}
}

func sum(a, b load.Counts) load.Counts {
	return load.Counts{
		Accepted: a.Accepted + b.Accepted, Duplicate: a.Duplicate + b.Duplicate, Bot: a.Bot + b.Bot, OptedOut: a.OptedOut + b.OptedOut,
		Refused: a.Refused + b.Refused, Committed: a.Committed + b.Committed, Failed: a.Failed + b.Failed, Retried: a.Retried + b.Retried,
	}
}

// counts are those of everything so far.
func (s *storm) counts() load.Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.done
	for _, c := range s.current {
		all = sum(all, c)
	}
	return all
}

// awaitAnswers waits until so many more events are answered.
func (s *storm) awaitAnswers(t *testing.T, more int64) {
	t.Helper()
	until := s.counts().Answered() + more
	await(t, "more answers", func() bool { return s.counts().Answered() >= until || s.isHopeless(t) })
}

// awaitRetries waits until so many more requests were sent once more.
func (s *storm) awaitRetries(t *testing.T, more int64) {
	t.Helper()
	until := s.counts().Retried + more
	await(t, "requests that are sent again", func() bool { return s.counts().Retried >= until || s.isHopeless(t) })
}

// isHopeless ends a test in which something was given up already.
func (s *storm) isHopeless(t *testing.T) bool {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.failures) > 0 {
		t.Fatalf("not everything was taken: %s", strings.Join(s.failures, "; "))
	}
	return false
}

// awaitTime waits until it is so late.
func (*storm) awaitTime(t *testing.T, at time.Time) {
	t.Helper()
	select {
	case <-time.After(time.Until(at)):
	case <-t.Context().Done():
	}
}

// end ends the storm: everything that was begun must still be answered.
func (s *storm) end(t *testing.T) load.Counts {
	t.Helper()
	s.isOver.Store(true)
	s.senders.Wait()
	for _, failure := range s.failures {
		t.Errorf("not everything was taken: %s", failure)
	}
	counts := s.counts()
	t.Logf("%d events answered (%d accepted, %d bots, %d duplicates, %d committed), %d tries again", counts.Answered(), counts.Accepted,
		counts.Bot, counts.Duplicate, counts.Committed, counts.Retried)
	for _, trouble := range slices.Sorted(maps.Keys(s.trouble)) {
		t.Logf("%4d × %s", s.trouble[trouble], trouble)
	}
	return counts
}

// mustHaveRetried fails where the storm was none.
func (s *storm) mustHaveRetried(t *testing.T) {
	t.Helper()
	if s.counts().Retried == 0 {
		t.Error("no request had to be sent again: this test shows nothing")
	}
}

// statuses is what was answered, by event id.
func (s *storm) statuses(t *testing.T) map[string]string {
	t.Helper()
	if err := s.ledger.Flush(); err != nil {
		t.Fatal(err)
	}
	statuses, err := load.ReadLedger(&s.notes)
	if err != nil {
		t.Fatal(err)
	}
	return statuses
}

// storedData is the database, looked at from outside.
type storedData struct {
	url                  string
	projectID            int64
	publicKey, secretKey string
}

// openProject finds the demo's project and gives it a secret key that we know.
func (d *storedData) openProject(t *testing.T) {
	t.Helper()
	secret := identity.New(identity.SecretKey)
	err := d.connect(t).QueryRow(t.Context(), "UPDATE projects SET secret_key = $1 RETURNING id, public_key", secret.SHA256()).
		Scan(&d.projectID, &d.publicKey)
	if err != nil {
		t.Fatal(err)
	}
	d.secretKey = secret.Reveal()
}

// connect waits for the database, which may just have been killed.
func (d *storedData) connect(t *testing.T) *pgx.Conn {
	t.Helper()
	var conn *pgx.Conn
	await(t, "the database to answer", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var err error
		conn, err = pgx.Connect(ctx, d.url)
		return err == nil
	})
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// refuseWrites makes the database refuse to write until requests have failed.
func (d *storedData) refuseWrites(t *testing.T, s *storm) {
	t.Helper()
	conn := d.connect(t)
	run := func(sql string) {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	run("ALTER SYSTEM SET default_transaction_read_only = on")
	run("SELECT pg_reload_conf()")
	s.awaitRetries(t, 10)
	run("ALTER SYSTEM RESET default_transaction_read_only")
	run("SELECT pg_reload_conf()")
	s.awaitAnswers(t, between)
}

// check compares the answers with what is stored.
func (d *storedData) check(t *testing.T, statuses map[string]string) {
	t.Helper()
	conn := d.connect(t)
	d.checkEvents(t, conn, statuses)
	for _, c := range []struct{ what, query string }{
		{"event ids claimed without their event", `SELECT i.event_id::text FROM event_ids i
			WHERE i.project_id = $1 AND NOT EXISTS (SELECT FROM events e WHERE e.project_id = i.project_id AND e.event_id = i.event_id)`},
		{"events without their id", `SELECT e.event_id::text FROM events e
			WHERE e.project_id = $1 AND NOT EXISTS (SELECT FROM event_ids i WHERE i.project_id = e.project_id AND i.event_id = e.event_id)`},
		{"events without their session, or without their visitor", `SELECT e.event_id::text FROM events e
			LEFT JOIN tracking_sessions s ON s.project_id = e.project_id AND s.id = e.session_id AND s.visitor_id = e.visitor_id
			LEFT JOIN visitors v ON v.project_id = e.project_id AND v.id = e.visitor_id
			WHERE e.project_id = $1 AND (s.id IS NULL OR v.id IS NULL)`},
		{"sessions that count other page views than they have", `SELECT format('%s: %s, has %s', s.id, s.pageviews, count(e.id)) FROM tracking_sessions s
			LEFT JOIN events e ON e.project_id = s.project_id AND e.session_id = s.id AND e.event_type = 'page_view'
			WHERE s.project_id = $1 GROUP BY s.project_id, s.id HAVING s.pageviews <> count(e.id)`},
		{"sessions without events", `SELECT s.id::text FROM tracking_sessions s
			WHERE s.project_id = $1 AND NOT EXISTS (SELECT FROM events e WHERE e.project_id = s.project_id AND e.session_id = s.id)`},
		{"sessions that begin or end with no event of theirs", `SELECT s.id::text FROM tracking_sessions s
			JOIN events e ON e.project_id = s.project_id AND e.session_id = s.id
			WHERE s.project_id = $1 GROUP BY s.project_id, s.id HAVING min(e.created_at) <> s.started_at OR max(e.created_at) <> s.last_activity_at`},
		{"visitors who count other sessions than they have", `SELECT format('%s: %s, has %s', v.id, v.sessions_count, count(s.id)) FROM visitors v
			LEFT JOIN tracking_sessions s ON s.project_id = v.project_id AND s.visitor_id = v.id
			WHERE v.project_id = $1 GROUP BY v.project_id, v.id HAVING v.sessions_count <> count(s.id)`},
	} {
		rows, err := conn.Query(t.Context(), c.query, d.projectID)
		var wrong []string
		if err == nil {
			wrong, err = pgx.CollectRows(rows, pgx.RowTo[string])
		}
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
		report(t, c.what, wrong)
	}
	var events, pageViews, countedViews, sessions, countedSessions int64
	err := conn.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM events WHERE project_id = $1),
		(SELECT count(*) FROM events WHERE project_id = $1 AND event_type = 'page_view'),
		(SELECT coalesce(sum(pageviews), 0) FROM tracking_sessions WHERE project_id = $1),
		(SELECT count(*) FROM tracking_sessions WHERE project_id = $1),
		(SELECT coalesce(sum(sessions_count), 0) FROM visitors WHERE project_id = $1)`, d.projectID).
		Scan(&events, &pageViews, &countedViews, &sessions, &countedSessions)
	if err != nil || pageViews != countedViews || sessions != countedSessions {
		t.Errorf("%d page views, counted %d; %d sessions, counted %d; %v", pageViews, countedViews, sessions, countedSessions, err)
	}
	if pageViews == 0 || sessions == 0 {
		t.Error("nothing was stored: this test shows nothing")
	}
	t.Logf("stored: %d events, %d of them page views, in %d sessions", events, pageViews, sessions)
}

// checkEvents compares the stored events with the answers.
func (d *storedData) checkEvents(t *testing.T, conn *pgx.Conn, statuses map[string]string) {
	t.Helper()
	rows, err := conn.Query(t.Context(), "SELECT event_id::text FROM events WHERE project_id = $1", d.projectID)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	copies := make(map[string]int, len(ids))
	for _, id := range ids {
		copies[id]++
	}
	var missing, doubled, unknown []string
	for id, status := range statuses {
		switch status {
		case "accepted", "bot", "duplicate", "committed":
			if copies[id] == 0 {
				missing = append(missing, id+" "+status)
			}
		}
	}
	for id, n := range copies {
		if n > 1 {
			doubled = append(doubled, fmt.Sprintf("%s %d times", id, n))
		}
		if _, isKnown := statuses[id]; !isKnown {
			unknown = append(unknown, id)
		}
	}
	report(t, "events acknowledged and not stored", missing)
	report(t, "events stored more than once", doubled)
	report(t, "events stored and not acknowledged in the end", unknown)
}

// report fails the test with the first of what is wrong.
func report(t *testing.T, what string, wrong []string) {
	t.Helper()
	if len(wrong) > 0 {
		slices.Sort(wrong)
		t.Errorf("%d %s:\n  %s", len(wrong), what, strings.Join(wrong[:min(20, len(wrong))], "\n  "))
	}
}

// line is a network connection that can be made worse.
type line struct{ *toxiproxy.Proxy }

// startLine makes a line to an address.
func startLine(t *testing.T, to string) line {
	t.Helper()
	zerolog.SetGlobalLevel(zerolog.Disabled) // toxiproxy's parts log through the global logger, too
	proxy := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), t.Name(), "127.0.0.1:0", to)
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	return line{proxy}
}

// add makes the line worse in one direction, for a share of its connections.
func (l line) add(t *testing.T, kind, direction string, share float64, attributes string) {
	t.Helper()
	toxic := fmt.Sprintf(`{"type": %q, "stream": %q, "toxicity": %v, "attributes": %s}`, kind, direction, share, attributes)
	if _, err := l.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		t.Fatalf("%s: %v", toxic, err)
	}
}

// calm makes the line good again.
func (l line) calm(t *testing.T) {
	t.Helper()
	l.Toxics.ResetToxics(t.Context())
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Host
}

// through is the database's address by way of the line.
func through(t *testing.T, l line, databaseURL string) string {
	t.Helper()
	parsed, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := net.SplitHostPort(l.Listen); err != nil {
		t.Fatal(err)
	}
	parsed.Host = l.Listen
	return parsed.String()
}

// fill fills the disk of a folder to the last byte and returns the file that does.
func fill(t *testing.T, dir string) string {
	t.Helper()
	file, err := os.CreateTemp(dir, "ballast")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(file.Name()) })
	defer file.Close()
	for block := make([]byte, 1<<20); len(block) > 0; {
		if _, err := file.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2]
		} else if err != nil {
			t.Fatal(err)
		}
	}
	return file.Name()
}
