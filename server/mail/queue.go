package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/microtracker/microtracker/server/enrich"
)

const (
	// maxPending bounds the mails that are on their way, those that wait for another try included.
	maxPending = 256
	// workers is how many mails are being sent at once.
	workers = 2
	// maxTries is how often a mail is tried.
	maxTries = 3
	// tryTimeout bounds one try of a sender that has no bound of its own.
	tryTimeout = time.Minute
)

// backOff is how long to wait after the given number of tries: 5 s, then 30 s. Servers that put off strangers
// (greylisting) want longer, but those we hand mail to are to know us.
func backOff(tries int) time.Duration {
	if tries == 1 {
		return 5 * time.Second
	}
	return 30 * time.Second
}

// Queue sends mails in the background, so that how long a request takes tells nothing of whether a mail was sent. It is
// kept in memory: mails not sent when the process dies are lost, and whoever waits for one asks for another.
type Queue struct {
	sender Sender
	logger *slog.Logger
	now    func() time.Time

	mails   chan queued   // has room for all that is pending, so that to put one in never blocks
	closing chan struct{} // closed when Close begins: nothing waits for its next try any longer
	idle    chan struct{} // closed when Close has begun and nothing is pending
	stop    context.CancelFunc
	working sync.WaitGroup

	mu      sync.Mutex
	pending int
	closed  bool
}

type queued struct {
	Message
	since time.Time
	tries int
}

// NewQueue starts to send by sender what Enqueue takes, until Close.
func NewQueue(sender Sender, logger *slog.Logger, now func() time.Time) *Queue {
	ctx, stop := context.WithCancel(context.Background())
	q := &Queue{
		sender:  sender,
		logger:  logger,
		now:     now,
		mails:   make(chan queued, maxPending),
		closing: make(chan struct{}),
		idle:    make(chan struct{}),
		stop:    stop,
	}
	for range workers {
		q.working.Go(func() { q.work(ctx) })
	}
	return q
}

// Enqueue takes a mail to be sent soon. It never blocks: if too many are pending or the queue is closed it returns false,
// and the mail is not sent.
func (q *Queue) Enqueue(m Message) bool {
	mail := queued{Message: m, since: q.now()}
	if !q.admit() {
		q.log(mail).Error("mail not sent: too many are waiting, or the server stops")
		return false
	}
	q.mails <- mail
	return true
}

func (q *Queue) admit() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.pending >= maxPending {
		return false
	}
	q.pending++
	return true
}

// Close takes no more mails and returns when those it has are sent or given up; what waits for another try has it at once.
// When ctx ends first, the rest is dropped and the error says how many.
func (q *Queue) Close(ctx context.Context) error {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.closing)
		if q.pending == 0 {
			close(q.idle)
		}
	}
	q.mu.Unlock()
	defer q.stop()
	select {
	case <-q.idle:
		q.stop()
		q.working.Wait()
		return nil
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.pending == 0 {
		return nil
	}
	return fmt.Errorf("send the last mails: %d not sent: %w", q.pending, context.Cause(ctx))
}

func (q *Queue) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case mail := <-q.mails:
			q.try(ctx, mail)
		}
	}
}

func (q *Queue) try(ctx context.Context, mail queued) {
	mail.tries++
	tryCtx, cancel := context.WithTimeout(ctx, tryTimeout)
	err := q.sender.Send(tryCtx, mail.Message)
	cancel()
	switch {
	case err == nil:
		q.log(mail).Info("mail sent")
	case mail.tries < maxTries && !errors.Is(err, ErrPermanent) && ctx.Err() == nil:
		q.log(mail).Warn("mail not sent yet", "error", withoutSecrets(err, mail.Message))
		// Waiting holds up no worker: a few addresses whose servers put us off must not stop everybody's mail.
		go q.tryLater(ctx, mail)
		return
	default:
		q.log(mail).Error("mail not sent", "error", withoutSecrets(err, mail.Message))
	}
	q.settle()
}

func (q *Queue) tryLater(ctx context.Context, mail queued) {
	timer := time.NewTimer(backOff(mail.tries))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-q.closing:
	case <-ctx.Done(): // Close has counted it as lost.
		return
	}
	q.mails <- mail
}

// settle ends what admit began.
func (q *Queue) settle() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pending--
	if q.closed && q.pending == 0 {
		close(q.idle)
	}
}

// log never has the mail's text, its link or the whole address.
func (q *Queue) log(mail queued) *slog.Logger {
	return q.logger.With("subject", mail.Subject, "to", MaskAddress(mail.To), "tries", mail.tries,
		"age_ms", q.now().Sub(mail.since).Milliseconds())
}

var anyURL = regexp.MustCompile(`(?i)https?://\S*`)

// withoutSecrets is what a sender says, without the recipient and anything that was to be clicked.
func withoutSecrets(err error, m Message) string {
	text := err.Error()
	if m.To != "" {
		text = strings.ReplaceAll(text, m.To, MaskAddress(m.To))
	}
	return enrich.FixText(anyURL.ReplaceAllString(text, "[link]"), 500)
}
