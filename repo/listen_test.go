package repo_test

import (
	"context"
	"errors"
	"testing"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
)

// next returns what comes next on the channel, and fails when the test's time is over.
func next[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-t.Context().Done():
		t.Fatal("nothing came")
		panic("not reached")
	}
}

func TestListenHearsWhatIsSentAndConnectsAgain(t *testing.T) {
	t.Parallel()
	url := repotest.DatabaseURL(t)
	here, there := repotest.Open(t, url), repotest.Open(t, url)
	connected, received, lost := make(chan struct{}, 10), make(chan string, 10), make(chan error, 10)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		here.Listen(ctx, "Some channel", repo.Listener{
			Connected: func() { connected <- struct{}{} },
			Received:  func(payload string) { received <- payload },
			Lost:      func(err error) { lost <- err },
		})
	}()

	next(t, connected)
	for _, payload := range []string{"one", "two"} {
		if err := there.Notify(t.Context(), "Some channel", payload); err != nil {
			t.Fatal(err)
		}
		if got := next(t, received); got != payload {
			t.Errorf("received %q, want %q", got, payload)
		}
	}

	repotest.Exec(t, url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'microtracker listen' AND datname = current_database()")
	if err := next(t, lost); !errors.Is(err, repo.ErrUnavailable) {
		t.Errorf("lost the connection with %v, want ErrUnavailable", err)
	}
	next(t, connected)
	if err := there.Notify(t.Context(), "Some channel", "three"); err != nil {
		t.Fatal(err)
	}
	if got := next(t, received); got != "three" {
		t.Errorf("received %q after the connection broke, want three", got)
	}

	stop()
	next(t, ended)
}
