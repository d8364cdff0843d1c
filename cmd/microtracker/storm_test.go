package main

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/microtracker/microtracker/server/load"
	"github.com/microtracker/microtracker/server/localpg"
)

// The storms: servers, the database and the network between them fail while visits go on. Afterwards what was acknowledged
// must be there, each event once. docs/storm.md says how to make them longer.

// weather is how bad a storm is. The short form is what every run of the tests has.
type weather struct {
	serverKills, databaseKills int
	// lasting is how long the storm lasts at least; the kills are spread over it.
	lasting time.Duration
}

// forecast reads the weather from the environment.
func forecast(t *testing.T) weather {
	t.Helper()
	number := func(name string, usual int) int {
		text := os.Getenv(name)
		if text == "" {
			return usual
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			t.Fatalf("%s=%q: give a number", name, text)
		}
		return n
	}
	return weather{
		serverKills: number("STORM_SERVER_KILLS", 3), databaseKills: number("STORM_DATABASE_KILLS", 1),
		lasting: time.Duration(number("STORM_SECONDS", 0)) * time.Second,
	}
}

// between is how many events are answered between two blows, so that each meets a server at work.
const between = 120

// blow does the weather's kills, the database's between those of the servers, and waits after each until events are
// answered again.
func (w weather) blow(t *testing.T, s *storm, killServer, killDatabase func(n int)) {
	t.Helper()
	blows := w.serverKills + w.databaseKills
	begun := time.Now()
	databases := 0
	for i := range blows {
		s.awaitAnswers(t, between)
		s.awaitTime(t, begun.Add(w.lasting*time.Duration(i+1)/time.Duration(blows+1)))
		if (i+1)*w.databaseKills/blows > databases {
			killDatabase(databases)
			databases++
		} else {
			killServer(i - databases)
		}
	}
	s.awaitAnswers(t, between)
	s.awaitTime(t, begun.Add(w.lasting))
}

// senders are those of one server's events: browsers that send single events and small batches, by each protocol and some
// of them late, and a partner's server that sends a stream.
func senders(url string) []load.Config {
	return []load.Config{
		{URL: url, Protocol: load.ConnectJSON, Connections: 8, Batch: 1},
		{URL: url, Protocol: load.Connect, Connections: 8, Batch: 7, Visits: load.Options{Span: 60 * time.Hour}},
		{URL: url, Protocol: load.GRPC, Connections: 4, Batch: 3},
		{URL: url, Protocol: load.GRPC, Connections: 1, Batch: 10, Stream: true},
	}
}

// TestStorm kills the server and the PostgreSQL that it runs itself.
func TestStorm(t *testing.T) {
	t.Parallel()
	dataDir := t.TempDir()
	server := startReplica(t, "--demo", "--data-dir", dataDir)
	db := &storedData{url: attach(t, dataDir)}
	s := newStorm(t, db)
	s.send(t, senders(server.url)...)
	forecast(t).blow(t, s, func(int) {
		server.kill(t)
		server.start(t)
	}, func(int) {
		kill(t, postmaster(t, dataDir)) // the server starts it again
	})
	s.end(t)
	s.mustHaveRetried(t)
	db.check(t, s.statuses(t))
	server.stop(t)
}

// TestStormOnTwoReplicas has two servers on one database. The same visitors come to both.
func TestStormOnTwoReplicas(t *testing.T) {
	t.Parallel()
	postgres := startPostgres(t)
	db := &storedData{url: postgres.URL()}
	first := startReplica(t, "--demo", "--database-url", postgres.URL())
	second := startReplica(t, "--demo", "--database-url", postgres.URL())
	s := newStorm(t, db)
	s.send(t, append(senders(first.url), senders(second.url)...)...)
	forecast(t).blow(t, s, func(n int) {
		switch n % 3 {
		case 0:
			first.kill(t)
			first.start(t)
		case 1:
			second.kill(t)
			second.start(t)
		default:
			first.kill(t)
			second.kill(t)
			first.start(t)
			second.start(t)
		}
	}, func(int) { kill(t, postgres.PID()) })
	s.end(t)
	s.mustHaveRetried(t)
	db.check(t, s.statuses(t))
	first.stop(t)
	second.stop(t)
}

// TestStormOnTheNetwork has bad lines from the clients to the server and from the server to the database.
func TestStormOnTheNetwork(t *testing.T) {
	t.Parallel()
	postgres := startPostgres(t)
	db := &storedData{url: postgres.URL()}
	toDatabase := startLine(t, hostOf(t, postgres.URL()))
	server := startReplica(t, "--demo", "--database-url", through(t, toDatabase, postgres.URL()))
	toServer := startLine(t, hostOf(t, server.url))
	s := newStorm(t, db)
	s.send(t, append(senders(server.url), senders("http://"+toServer.Listen)...)...)

	begun, lasting, silence := time.Now(), forecast(t).lasting, time.Second
	if lasting > 0 {
		silence = 20 * time.Second // the server gives up before
	}
	for isFirst := true; isFirst || time.Since(begun) < lasting; isFirst = false {
		// Slow lines, both ways, and on top of it a line that breaks while transactions are under way.
		toDatabase.add(t, "latency", "downstream", 1, `{"latency": 60, "jitter": 40}`)
		toServer.add(t, "reset_peer", "downstream", 0.5, `{"timeout": 5}`)
		s.awaitAnswers(t, between/2)
		toDatabase.add(t, "timeout", "upstream", 1, `{"timeout": 1}`)
		s.awaitRetries(t, 10)
		toDatabase.calm(t)
		s.awaitAnswers(t, between/2)

		// A narrow line.
		toDatabase.add(t, "bandwidth", "upstream", 1, `{"rate": 200}`)
		toServer.add(t, "latency", "upstream", 1, `{"latency": 100, "jitter": 100}`)
		s.awaitAnswers(t, between/2)
		toDatabase.calm(t)
		toServer.calm(t)

		// The database hears and its answers vanish, those to COMMIT too; then nothing gets through at all.
		for _, direction := range []string{"downstream", "upstream"} {
			s.awaitAnswers(t, between/2)
			toDatabase.add(t, "timeout", direction, 1, `{"timeout": 0}`)
			s.awaitTime(t, time.Now().Add(silence))
			toDatabase.calm(t)
		}
		s.awaitAnswers(t, between/2)
	}
	counts := s.end(t)
	s.mustHaveRetried(t)
	if counts.Duplicate == 0 {
		t.Error("no answer was lost whose event was stored: this test shows little")
	}
	db.check(t, s.statuses(t))
	server.stop(t)
}

// TestStormWithFullDisk has a database that refuses to write for a while, as one does that has become a replica, and then
// fills the disk under it. Where no disk can be made for that, the refusals have to do.
func TestStormWithFullDisk(t *testing.T) {
	t.Parallel()
	dataDir := t.TempDir()
	hasDisk := mountSmallDisk(t, dataDir)
	server := startReplica(t, "--demo", "--data-dir", dataDir)
	db := &storedData{url: attach(t, dataDir)}
	s := newStorm(t, db)
	s.send(t, senders(server.url)...)
	s.awaitAnswers(t, between)
	db.refuseWrites(t, s)
	await(t, "the log to tell of both", func() bool {
		said := server.said.String()
		return strings.Contains(said, "the database takes no events") && strings.Contains(said, "events are stored again")
	})
	if hasDisk {
		ballast := fill(t, dataDir)
		const full = "No space left on device"
		await(t, "the disk to be full", func() bool {
			return strings.Contains(server.said.String(), full) || strings.Contains(postgresLog(t, dataDir), full)
		})
		s.awaitRetries(t, 30)
		await(t, "the log to tell", func() bool { // where the log of PostgreSQL has no room either, it ends
			said := server.said.String()
			return strings.Contains(said, "the database's disk is full") || strings.Contains(said, "the database is lost")
		})
		// A server that starts on a full disk must not make it worse, and needs nobody when there is room again.
		server.kill(t)
		server.launch(t)
		s.awaitRetries(t, 30)
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		server.awaitServing(t)
		s.awaitAnswers(t, between)
	} else {
		t.Log("no disk can be mounted here: the refusals have to do")
	}
	s.end(t)
	s.mustHaveRetried(t)
	db.check(t, s.statuses(t))
	server.stop(t)
}

// loopback is where the clients come from, who say themselves whose requests they bring.
func loopback() string { return netip.PrefixFrom(netip.AddrFrom4([4]byte{127, 0, 0, 0}), 8).String() }

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// startPostgres starts a PostgreSQL that is started again when it is killed.
func startPostgres(t *testing.T) *localpg.Server {
	t.Helper()
	postgres, err := localpg.Start(t.Context(), localpg.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := postgres.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	go postgres.Supervise(t.Context())
	return postgres
}

// postgresLog is what the PostgreSQL of the folder has said.
func postgresLog(t *testing.T, dataDir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dataDir, "postgres", "postgres.log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// attach returns the connection string of the PostgreSQL that the server of the folder runs.
func attach(t *testing.T, dataDir string) string {
	t.Helper()
	url, err := localpg.Attach(dataDir)
	if err != nil {
		t.Fatal(err)
	}
	return url
}
