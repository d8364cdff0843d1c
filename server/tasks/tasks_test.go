package tasks_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/ingest"
	"github.com/microtracker/microtracker/server/jobs"
	"github.com/microtracker/microtracker/server/mail"
	"github.com/microtracker/microtracker/server/tasks"
)

// chrome is the user agent of a person.
const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

// outbox keeps mails, and fails as it is told.
type outbox struct {
	mails chan mail.Message
	fail  error
}

func (o *outbox) Send(_ context.Context, m mail.Message) error {
	if o.fail != nil {
		return fmt.Errorf("550 <%s> %s: %w", m.To, m.Link, o.fail)
	}
	o.mails <- m
	return nil
}

// office is a database with a worker and a scheduler on it.
type office struct {
	url      string
	store    *repo.Store
	registry *jobs.Registry
	outbox   *outbox
	outcomes chan string
}

func open(t *testing.T) *office {
	t.Helper()
	url := repotest.DatabaseURL(t)
	o := &office{url: url, store: repotest.Open(t, url), registry: jobs.NewRegistry(), outbox: &outbox{mails: make(chan mail.Message, 10)}, outcomes: make(chan string, 1000)}
	logger := slog.New(slog.NewTextHandler(t.Output(), nil))
	tasks.Register(o.registry, tasks.Config{Store: o.store, Logger: logger, Sender: o.outbox, HomeURL: "https://stats.example.com"})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		jobs.NewWorker(jobs.Config{
			Store: o.store, Registry: o.registry, Logger: logger, Queues: tasks.Weights(), Poll: 50 * time.Millisecond,
			Ended: func(kind, outcome string, _ time.Duration) { o.outcomes <- kind + " " + outcome },
		}).Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return o
}

// enqueue enqueues what the schedule would and waits for its end.
func (o *office) run(t *testing.T, schedule jobs.Schedule) {
	t.Helper()
	job, err := schedule.Job()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.store.Enqueue(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	if outcome := <-o.outcomes; !strings.HasSuffix(outcome, " done") {
		t.Errorf("%s: %s", schedule.Name, outcome)
	}
}

func TestEveryScheduleRuns(t *testing.T) {
	t.Parallel()
	o := open(t)
	if _, err := jobs.NewScheduler(jobs.SchedulerConfig{Store: o.store, Registry: o.registry, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	weighted := make([]string, 0, 4)
	for _, queue := range tasks.Weights() {
		weighted = append(weighted, queue.Name)
	}
	slices.Sort(weighted)
	if queues := o.registry.Queues(); !slices.Equal(queues, weighted) {
		t.Errorf("jobs wait in %v, workers take from %v", queues, weighted)
	}
	repotest.Project(t, o.store)
	for _, schedule := range o.registry.Schedules() {
		o.run(t, schedule)
	}
}

func TestNewEventsComeToTheRollups(t *testing.T) {
	t.Parallel()
	o := open(t)
	project := repotest.Project(t, o.store)
	inbox, err := o.store.OpenInbox(t.Context(), project.PublicKey, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ingester := ingest.New(ingest.Config{Store: o.store})
	t.Cleanup(ingester.Close)
	_, err = ingester.Ingest(t.Context(), inbox, &ingest.Batch{Client: ingest.Client{UserAgent: chrome}, Events: []ingest.Event{
		{ID: uuid.New(), Type: "page_view", Name: "page_view", URL: "https://example.com/"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, schedule := range o.registry.Schedules() {
		if schedule.Name == "refresh rollups" {
			o.run(t, schedule)
		}
	}
	if outcome := <-o.outcomes; outcome != "rollups.refresh_project done" {
		t.Fatal(outcome)
	}
	if views := repotest.Number(t, o.url, "SELECT sum(pageviews) FROM daily_rollups WHERE project_id = $1", project.ID); views != 1 {
		t.Errorf("%d page views", views)
	}
}

func TestMailsAreSentAndTheirSecretsAreInNoTable(t *testing.T) {
	t.Parallel()
	o := open(t)
	user := repotest.User(t, o.store)
	for _, kind := range []jobs.Kind[tasks.Address]{tasks.MailVerification(), tasks.MailReset()} {
		if _, err := jobs.Enqueue(t.Context(), o.store, kind, tasks.Address{Email: user.Email}, tasks.OncePerAddress(kind, user.Email)); err != nil {
			t.Fatal(err)
		}
		message := <-o.outbox.mails
		<-o.outcomes
		_, secret, _ := strings.Cut(message.Link, "token=")
		if message.To != user.Email || len(secret) < 20 {
			t.Errorf("%s: mail to %s with %q", kind.Name, message.To, message.Link)
		}
		if strings.Contains(string(repotest.Dump(t, o.url)), secret) {
			t.Errorf("%s: the secret is in the database", kind.Name)
		}
	}
	// Of nobody, nothing is mailed and nothing fails.
	if _, err := jobs.Enqueue(t.Context(), o.store, tasks.MailReset(), tasks.Address{Email: "nobody@example.com"}, jobs.Options{}); err != nil {
		t.Fatal(err)
	}
	if outcome := <-o.outcomes; outcome != "mail.reset done" || len(o.outbox.mails) != 0 {
		t.Errorf("%s, %d mails", outcome, len(o.outbox.mails))
	}
}

func TestAMailThatIsRefusedForGoodFailsWithoutItsSecret(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.outbox.fail = mail.ErrPermanent
	user := repotest.User(t, o.store)
	if _, err := jobs.Enqueue(t.Context(), o.store, tasks.MailReset(), tasks.Address{Email: user.Email}, jobs.Options{}); err != nil {
		t.Fatal(err)
	}
	if outcome := <-o.outcomes; outcome != "mail.reset failed" {
		t.Fatal(outcome)
	}
	failed, err := o.store.FailedJobs(t.Context(), repo.JobFilter{}, repo.Page[int64]{Limit: 1})
	if err != nil || len(failed) != 1 {
		t.Fatalf("%+v, %v", failed, err)
	}
	if e := failed[0].Exception; strings.Contains(e, "token") || strings.Contains(e, user.Email) || !strings.Contains(e, "550") {
		t.Errorf("exception %q", e)
	}
	if len(o.outbox.mails) != 0 {
		t.Error("it was sent")
	}
}
