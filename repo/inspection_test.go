package repo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
)

func TestTheStateOfTheQueueIsTold(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	store := repotest.Open(t, url)
	empty, err := store.WorkState(t.Context())
	if err != nil || len(empty.Queues) != 0 || empty.Marks != 0 || empty.OldestMark != 0 || empty.FailedJobs != 0 {
		t.Fatalf("an empty queue: %+v, %v", empty, err)
	}
	project := repotest.Project(t, store)
	for _, statement := range []string{
		`INSERT INTO jobs (queue, payload, attempts, available_at, created_at) VALUES
			('mail', '{}', 0, epoch_now() - 600, 0), ('mail', '{}', 0, epoch_now() - 30, 0), ('mail', '{}', 0, epoch_now() + 60, 0)`,
		`INSERT INTO jobs (queue, payload, attempts, available_at, created_at, reserved_at) VALUES ('rollups', '{}', 1, epoch_now() - 5000, 0, epoch_now())`,
		`INSERT INTO failed_jobs (uuid, connection, queue, payload, exception, failed_at) VALUES ('u', 'c', 'q', '{}', 'e', '2026-01-02T03:04:05Z')`,
		`INSERT INTO job_schedules (name, cron, time_zone, next_run_at) VALUES
			('late', '* * * * *', 'UTC', now() - interval '1 hour'), ('on time', '* * * * *', 'UTC', now() + interval '1 hour')`,
		fmt.Sprintf(`INSERT INTO rollup_marks (project_id, since, until, marked_at) VALUES
			(%[1]d, '2020-01-01', '2020-01-02', now() - interval '90 seconds'), (%[1]d, now(), now(), now())`, project.ID),
	} {
		repotest.Exec(t, url, statement)
	}
	state, err := store.WorkState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(state.Queues) != 2 {
		t.Fatalf("queues %+v", state.Queues)
	}
	mail, rollups := state.Queues[0], state.Queues[1]
	if mail.Queue != "mail" || mail.Waiting != 2 || mail.Delayed != 1 || mail.Reserved != 0 || !about(mail.OldestWaiting, 10*time.Minute) {
		t.Errorf("mail: %+v", mail)
	}
	if rollups.Waiting != 0 || rollups.Reserved != 1 || rollups.OldestWaiting != 0 {
		t.Errorf("rollups, where nothing waits: %+v", rollups)
	}
	if state.FailedJobs != 1 || !state.LastFailedAt.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("failed jobs: %d, the last %s", state.FailedJobs, state.LastFailedAt)
	}
	if len(state.Schedules) != 2 || !about(state.Schedules[0].Lag, time.Hour) || state.Schedules[1].Lag != 0 {
		t.Errorf("schedules: %+v", state.Schedules)
	}
	if state.Marks != 2 || !about(state.OldestMark, 90*time.Second) {
		t.Errorf("%d marks, the oldest of %s", state.Marks, state.OldestMark)
	}
}

// about allows for a machine that is slow between two questions.
func about(got, want time.Duration) bool { return got >= want-2*time.Second && got < want+time.Minute }

func TestAnInspectionFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	store := repotest.Open(t, url)
	project := repotest.Project(t, store)
	well, err := store.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if well.VersionNum < 150_000 || well.Encoding != "UTF8" || well.IsReplica || !well.MayMakeTables || well.Limit <= 0 || well.Free > well.Limit ||
		well.Settings["autovacuum"] == "" || well.Settings["fsync"] == "" || well.Settings["synchronous_commit"] == "" ||
		well.ClockAhead.Abs() > time.Second || well.Schema.Applied != well.Schema.Embedded {
		t.Errorf("%+v", well)
	}
	if d := well.Data; d == nil || len(d.MissingPartitions) > 0 || len(well.MissingZones) > 0 || d.HasOldEventIDs || d.Users != 1 || d.Operators != 0 ||
		len(d.TablesWithoutAutovacuum) > 0 {
		t.Errorf("data: %+v", d)
	}
	partition := "events_" + time.Now().UTC().Format("2006_01")
	for _, statement := range []string{
		"DROP TABLE " + partition,
		"ALTER TABLE visitors SET (autovacuum_enabled = false)",
		fmt.Sprintf("UPDATE projects SET time_zone = 'Atlantis/Capital' WHERE id = %d", project.ID),
		fmt.Sprintf("INSERT INTO event_ids VALUES (%d, gen_random_uuid(), now() - interval '5 days')", project.ID),
		"UPDATE users SET is_operator = true",
	} {
		repotest.Exec(t, url, statement)
	}
	ill, err := store.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := ill.Data; !slices.Equal(d.MissingPartitions, []string{partition}) || !slices.Equal(d.TablesWithoutAutovacuum, []string{"visitors"}) ||
		!slices.Equal(ill.MissingZones, []string{"Atlantis/Capital"}) || !d.HasOldEventIDs || d.Operators != 1 {
		t.Errorf("zones %v, data %+v", ill.MissingZones, d)
	}
	repotest.Exec(t, url, "DELETE FROM goose_db_version WHERE version_id > 8")
	if old, err := store.Inspect(t.Context()); err != nil || old.Data != nil || old.Schema.Applied != 8 {
		t.Errorf("an old schema: %+v, %v", old, err)
	}
}

func TestAnInspectionOfADatabaseThatIsAwaySaysSo(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	store := repotest.Open(t, url)
	repotest.ShutOut(t, url)
	if _, err := store.Inspect(t.Context()); !errors.Is(err, repo.ErrUnavailable) {
		t.Errorf("inspect: %v", err)
	}
	if _, err := store.WorkState(t.Context()); !errors.Is(err, repo.ErrUnavailable) {
		t.Errorf("work state: %v", err)
	}
}

func TestNotificationsAreHeardWithoutAPooler(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	store := repotest.Open(t, url)
	if hears, err := store.HearsNotify(t.Context(), time.Minute); err != nil || !hears {
		t.Errorf("hears %v, %v", hears, err)
	}
	repotest.ShutOut(t, url)
	if hears, err := store.HearsNotify(t.Context(), time.Minute); err == nil || hears {
		t.Errorf("a database that is away: hears %v, %v", hears, err)
	}
}

func TestStatementsAreTracedByTheirFirstWordAlone(t *testing.T) {
	t.Parallel()
	type traced struct {
		operation string
		err       error
	}
	var all []traced
	store, err := repo.Open(repotest.DatabaseURL(t), repo.Options{MaxConns: 1, TraceQuery: func(_ context.Context, operation string) func(error) {
		return func(err error) { all = append(all, traced{operation, err}) }
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	user := repotest.User(t, store)
	if _, err := store.UserByEmail(t.Context(), "nobody@example.com"); !errors.Is(err, repo.ErrNotFound) {
		t.Fatal(err)
	}
	if want := []traced{{"INSERT", nil}, {"SELECT", nil}}; !slices.Equal(all, want) {
		t.Errorf("traced %v of %s, want %v", all, user.Email, want)
	}
}
