package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/localpg"
)

const (
	// clockApart is how far the clocks may be apart.
	clockApart = 2 * time.Second
	// jobsLate, schedulesLate and rollupsLate are when what waits has waited too long.
	jobsLate      = 10 * time.Minute
	schedulesLate = 10 * time.Minute
	rollupsLate   = 10 * time.Minute
	// notifyPatience is how long a notification may take.
	notifyPatience = 3 * time.Second
	// examineTimeout bounds all questions to the database.
	examineTimeout = 30 * time.Second
	// goodMajor is the version from which a session's row is updated in place.
	goodMajor = 16
	// listenConns are connections beside the pools: one that hears of new jobs.
	listenConns = 1
)

// examineDatabase opens the database as a server would, and asks it about itself. It changes nothing there.
func (c *doctorCommand) examineDatabase(ctx context.Context, flags *cli, found *findings, logger *slog.Logger) {
	if flags.Database.DatabaseURL == "" {
		if _, err := os.Stat(filepath.Join(flags.Database.DataDir, "postgres")); err != nil {
			found.ok("database", "there is none yet: the first microtracker serve makes one in %s", flags.Database.DataDir)
			return
		}
	}
	ctx, cancel := context.WithTimeout(ctx, examineTimeout)
	defer cancel()
	db, err := flags.Database.openBeside(ctx, logger)
	if err != nil {
		found.fail("database", err.Error(), databaseRemedy(err))
		return
	}
	defer db.close()
	inspection, err := db.Inspect(ctx)
	if err != nil {
		found.fail("database", err.Error(), databaseRemedy(err))
		return
	}
	examineServer(inspection, found)
	examineRole(inspection, flags.Database, found)
	hears, err := db.HearsNotify(ctx, notifyPatience)
	examineNotify(hears, err, found)
	if inspection.Data != nil {
		examineData(inspection, found)
		examineWork(&inspection.Data.Work, found)
	}
}

func databaseRemedy(err error) string {
	if inUse, ok := errors.AsType[*localpg.InUseError](err); ok {
		return inUse.Error()
	}
	if errors.Is(err, repo.ErrUnavailable) {
		return "see that PostgreSQL runs, that DATABASE_URL names it, and that pg_hba.conf lets this machine in"
	}
	return "see that DATABASE_URL is right, and the role and password in it"
}

// examineServer judges what PostgreSQL says of itself.
func examineServer(i *repo.Inspection, found *findings) {
	version := i.Settings["server_version"]
	switch major := i.VersionNum / 10_000; {
	case major < localpg.OldestMajor:
		found.fail("version", "PostgreSQL "+version+" is too old", fmt.Sprintf("use %d or newer", localpg.OldestMajor))
	case major < goodMajor:
		found.warn("version", "PostgreSQL "+version+" works, and writes a session's index entries anew with each event",
			fmt.Sprintf("%d and newer update the row in place", goodMajor))
	default:
		found.ok("version", "PostgreSQL %s", version)
	}
	if i.IsReplica {
		found.fail("database", "it takes no changes: it is a replica, or was set to only read", "let DATABASE_URL name the primary")
	} else {
		found.ok("database", "it answers and takes changes")
	}
	if i.Encoding != "UTF8" {
		found.fail("encoding", "the database's is "+i.Encoding+", which cannot hold all text",
			"make a new one: CREATE DATABASE microtracker ENCODING 'UTF8' TEMPLATE template0")
	} else {
		found.ok("encoding", "UTF8")
	}
	switch s := i.Schema; {
	case s.Applied < s.Embedded:
		found.warn("schema", fmt.Sprintf("migration %d is the newest applied, of %d", s.Applied, s.Embedded),
			"microtracker serve applies the rest when it starts, or microtracker migrate up now")
	case s.Applied > s.Embedded:
		found.warn("schema", fmt.Sprintf("migration %d is newer than this program, which knows %d", s.Applied, s.Embedded),
			"use the program that applied it")
	default:
		found.ok("schema", "up to date: migration %d", s.Applied)
	}
	examineDurability(i, found)
	examineClock(i, found)
}

func examineDurability(i *repo.Inspection, found *findings) {
	var off []string
	for _, name := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		if i.Settings[name] == "off" {
			off = append(off, name)
		}
	}
	if len(off) > 0 {
		found.fail("durability", strings.Join(off, ", ")+" off: a crash loses events that were acknowledged, or the whole database",
			"set it on in postgresql.conf, for the role and for the database")
	} else {
		found.ok("durability", "fsync, full_page_writes and synchronous_commit are on")
	}
	if i.Settings["autovacuum"] != "on" || i.Settings["track_counts"] != "on" {
		found.fail("autovacuum", "it is off: tables grow without end and plans go by old figures", "set autovacuum and track_counts on in postgresql.conf")
		return
	}
	if i.Data != nil && len(i.Data.TablesWithoutAutovacuum) > 0 {
		found.warn("autovacuum", "it is off for "+strings.Join(i.Data.TablesWithoutAutovacuum, ", "), "ALTER TABLE … RESET (autovacuum_enabled)")
		return
	}
	found.ok("autovacuum", "on")
}

func examineClock(i *repo.Inspection, found *findings) {
	ahead := i.ClockAhead.Round(time.Millisecond)
	if apart := i.ClockAhead.Abs() - i.Uncertainty/2; apart > clockApart {
		found.warn("clock", fmt.Sprintf("the database's clock is %s ahead of this machine's", ahead),
			"let both follow a time server: events would be dated wrong, and jobs seem late")
		return
	}
	found.ok("clock", "the database's is %s ahead of this machine's", ahead)
}

// examineRole judges what the role may do and how many connections it may open.
func examineRole(i *repo.Inspection, flags databaseFlags, found *findings) {
	switch {
	case !i.MayMakeTables:
		found.fail("privileges", "the role may not make partitions of events: next month's events could not be stored",
			"let the role own the tables, and GRANT CREATE ON SCHEMA public TO it")
	case !i.MaySkipForeignKeys:
		found.warn("privileges", "the role may not set session_replication_role: each event's foreign keys are checked once more, and storing is slower",
			"as a superuser: GRANT SET ON PARAMETER session_replication_role TO the role")
	default:
		found.ok("privileges", "the role may make partitions and set session_replication_role")
	}
	wanted := flags.MaxConns + max(1, flags.IngestConns) + listenConns
	message := fmt.Sprintf("a server opens up to %d, the role may open %d, of which %d are free now", wanted, i.Limit, i.Free)
	switch {
	case wanted > i.Limit:
		found.fail("connections", message, "lower --max-conns, or raise max_connections")
	case wanted > i.Free:
		found.warn("connections", message, "fine if a running server has the others; else lower --max-conns or raise max_connections")
	default:
		found.ok("connections", "%s", message)
	}
}

func examineNotify(hears bool, err error, found *findings) {
	switch {
	case err != nil:
		found.warn("notify", "whether notifications arrive could not be tried: "+err.Error(), "see connections and privileges")
	case !hears:
		found.warn("notify", "what is sent with NOTIFY does not arrive: a pooler such as PgBouncer in transaction mode is in between",
			"nothing must be done: waiting jobs are found by looking, some seconds later; or let DATABASE_URL name PostgreSQL itself")
	default:
		found.ok("notify", "notifications arrive")
	}
}

// examineData judges what is in the tables.
func examineData(i *repo.Inspection, found *findings) {
	data := i.Data
	if len(i.MissingZones) > 0 {
		found.fail("time zones", "PostgreSQL does not know "+strings.Join(i.MissingZones, ", ")+", which projects use: their reports fail",
			"install the system's time zone data (tzdata) where PostgreSQL runs")
	} else {
		found.ok("time zones", "PostgreSQL knows those of all projects")
	}
	if len(data.MissingPartitions) > 0 {
		found.fail("partitions", strings.Join(data.MissingPartitions, ", ")+" is missing: events of that month cannot be stored",
			"start a server, which makes it; if it is running, its log says why it could not")
	} else {
		found.ok("partitions", "those of this and the next month are there")
	}
	if data.HasOldEventIDs {
		found.warn("event ids", fmt.Sprintf("some are older than three days, of about %d: they are not being cleared away", data.EventIDs),
			"see that a server or a worker runs and that no schedule is overdue")
	} else {
		found.ok("event ids", "about %d, none older than three days", data.EventIDs)
	}
	switch {
	case data.Users == 0:
		found.warn("operator", "there is no account yet", "microtracker user create you@example.com")
	case data.Operators == 0:
		found.warn("operator", "no account may see what concerns the whole instance, such as the instance's jobs",
			"microtracker user operator you@example.com; the command line may see everything without")
	default:
		found.ok("operator", "%d of %d accounts are operators", data.Operators, data.Users)
	}
}

// examineWork judges what waits to be done.
func examineWork(work *repo.WorkState, found *findings) {
	var waiting int64
	var oldest time.Duration
	where := ""
	for _, queue := range work.Queues {
		waiting += queue.Waiting
		if queue.OldestWaiting > oldest {
			oldest, where = queue.OldestWaiting, queue.Queue
		}
	}
	if oldest > jobsLate {
		found.warn("jobs", fmt.Sprintf("%d wait, the oldest for %s in the queue %s", waiting, oldest.Round(time.Minute), where),
			"see that a server or a worker of that queue runs, or start more of them")
	} else {
		found.ok("jobs", "%d wait, the oldest for %s", waiting, oldest)
	}
	if work.FailedJobs > 0 {
		found.warn("failed jobs", fmt.Sprintf("%d were given up, the last %s", work.FailedJobs, work.LastFailedAt.UTC().Format(time.RFC3339)),
			"microtracker jobs failed shows why; then microtracker jobs retry, or jobs discard")
	} else {
		found.ok("failed jobs", "none")
	}
	var late []string
	for _, schedule := range work.Schedules {
		if schedule.Lag > schedulesLate {
			late = append(late, fmt.Sprintf("%s by %s", schedule.Name, schedule.Lag.Round(time.Minute)))
		}
	}
	if len(late) > 0 {
		found.warn("schedules", "overdue: "+strings.Join(late, ", "), "see that a server runs: one of them schedules")
	} else {
		found.ok("schedules", "%d, none overdue", len(work.Schedules))
	}
	if work.OldestMark > rollupsLate {
		found.warn("rollups", fmt.Sprintf("%d changes are not in the daily rollups, the oldest for %s", work.Marks, work.OldestMark.Round(time.Minute)),
			"see that a server or a worker runs, and whether its jobs fail")
	} else {
		found.ok("rollups", "%d changes wait to be counted, the oldest for %s", work.Marks, work.OldestMark.Round(time.Second))
	}
}
