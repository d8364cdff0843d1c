package mail_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/microtracker/microtracker/server/mail"
)

// senderFunc is a Sender made of a function.
type senderFunc func(ctx context.Context, m mail.Message) error

func (f senderFunc) Send(ctx context.Context, m mail.Message) error { return f(ctx, m) }

// record counts the tries of each recipient.
type record struct {
	mu    sync.Mutex
	tries map[string]int
}

func (r *record) add(to string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tries == nil {
		r.tries = map[string]int{}
	}
	r.tries[to]++
	return r.tries[to]
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func closeQueue(t *testing.T, q *mail.Queue) {
	t.Helper()
	if err := q.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAQueuedMailIsSentWithoutItsRequestWaiting(t *testing.T) {
	t.Parallel()
	release, sent := make(chan struct{}), make(chan string)
	q := mail.NewQueue(senderFunc(func(_ context.Context, m mail.Message) error {
		<-release
		sent <- m.To
		return nil
	}), quiet(), time.Now)
	if !q.Enqueue(mail.VerifyEmail(recipient, "Ada", link)) { // Returns while the sender is held.
		t.Fatal("not taken")
	}
	close(release)
	if to := <-sent; to != recipient {
		t.Errorf("sent to %q", to)
	}
	closeQueue(t, q)
}

func TestAFailedMailIsTriedThreeTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen record
		q := mail.NewQueue(senderFunc(func(_ context.Context, m mail.Message) error {
			tries := seen.add(m.To)
			switch {
			case m.To == "second@example.com" && tries == 2:
				return nil
			case m.To == "never@example.com":
				return fmt.Errorf("no such user: %w", mail.ErrPermanent)
			default:
				return errors.New("busy")
			}
		}), quiet(), time.Now)
		for _, to := range []string{"second@example.com", "never@example.com", "busy@example.com"} {
			q.Enqueue(mail.Message{To: to})
		}
		time.Sleep(time.Hour) //nolint:forbidigo // the bubble's time: all that waits has had its turn
		synctest.Wait()
		for to, want := range map[string]int{"second@example.com": 2, "never@example.com": 1, "busy@example.com": 3} {
			if got := seen.tries[to]; got != want {
				t.Errorf("%s: %d tries, want %d", to, got, want)
			}
		}
		closeQueue(t, q)
	})
}

func TestMailsThatWaitForAnotherTryHoldUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var arrived time.Time
		q := mail.NewQueue(senderFunc(func(_ context.Context, m mail.Message) error {
			if m.To == recipient {
				arrived = time.Now()
				return nil
			}
			return errors.New("greylisted")
		}), quiet(), time.Now)
		for range 20 {
			q.Enqueue(mail.Message{To: "slow@example.com"})
		}
		q.Enqueue(mail.Message{To: recipient})
		synctest.Wait()
		if !arrived.Equal(start) {
			t.Error("the mail waited for the others' next try")
		}
		closeQueue(t, q)
	})
}

func TestAFullQueueRefusesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		q := mail.NewQueue(senderFunc(func(context.Context, mail.Message) error {
			<-release
			return nil
		}), quiet(), time.Now)
		taken := 0
		for range 1000 {
			if q.Enqueue(mail.Message{To: recipient}) {
				taken++
			}
			synctest.Wait() // Those in a worker's hands count too.
		}
		if taken != 256 {
			t.Errorf("%d taken, want 256", taken)
		}
		close(release)
		synctest.Wait()
		if !q.Enqueue(mail.Message{To: recipient}) {
			t.Error("it is empty and takes nothing")
		}
		closeQueue(t, q)
	})
}

func TestCloseSendsWhatIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var seen record
		q := mail.NewQueue(senderFunc(func(_ context.Context, m mail.Message) error {
			if seen.add(m.To) < 3 {
				return errors.New("busy")
			}
			return nil
		}), quiet(), time.Now)
		for i := range 50 {
			q.Enqueue(mail.Message{To: fmt.Sprint(i, "@example.com")})
		}
		closeQueue(t, q)
		closeQueue(t, q) // A second time does no harm.
		if len(seen.tries) != 50 {
			t.Errorf("%d of 50 mails were tried", len(seen.tries))
		}
		for to, tries := range seen.tries {
			if tries != 3 {
				t.Errorf("%s had %d tries, want 3", to, tries)
			}
		}
		if !time.Now().Equal(start) {
			t.Error("it waited for back-offs while the process stops")
		}
		if q.Enqueue(mail.Message{To: recipient}) {
			t.Error("a closed queue takes mail")
		}
	})
}

func TestCloseGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := mail.NewQueue(senderFunc(func(ctx context.Context, _ mail.Message) error {
			<-ctx.Done() // A server that never answers.
			return ctx.Err()
		}), quiet(), time.Now)
		for range 5 {
			q.Enqueue(mail.Message{To: recipient})
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := q.Close(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "5 not sent") {
			t.Errorf("err = %v", err)
		}
		synctest.Wait() // The bubble fails if a worker lives on.
	})
}

func TestASenderThatHangsIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen record
		q := mail.NewQueue(senderFunc(func(ctx context.Context, m mail.Message) error {
			seen.add(m.To)
			<-ctx.Done()
			return ctx.Err()
		}), quiet(), time.Now)
		q.Enqueue(mail.Message{To: recipient})
		time.Sleep(time.Hour) //nolint:forbidigo // the bubble's time
		synctest.Wait()
		if seen.tries[recipient] != 3 {
			t.Errorf("%d tries, want 3", seen.tries[recipient])
		}
		closeQueue(t, q)
	})
}

func TestLogsTellNeitherLinkNorAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var logged lines
		m := mail.ResetPassword(recipient, "Zoë", link, 60)
		fails := true
		q := mail.NewQueue(senderFunc(func(context.Context, mail.Message) error {
			if fails {
				fails = false
				return fmt.Errorf("554 <%s>: spam: %s", m.To, m.Text)
			}
			return nil
		}), slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})), time.Now)
		q.Enqueue(m)
		closeQueue(t, q)
		q.Enqueue(m) // Refused: it is closed.
		text := logged.String()
		for _, want := range []string{"mail sent", "mail not sent yet", "too many are waiting", m.Subject, "a***@example.com"} {
			if !strings.Contains(text, want) {
				t.Errorf("the log lacks %q:\n%s", want, text)
			}
		}
		for _, secret := range []string{"ada@", "token", "stats.example.com"} {
			if strings.Contains(text, secret) {
				t.Errorf("the log tells %q:\n%s", secret, text)
			}
		}
	})
}

// lines is a buffer that goroutines may share.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
