package identity

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestTooManyAtOnceAreRefused(t *testing.T) {
	t.Parallel()
	p := NewPasswords(2)
	for range 2 * (1 + waitersPerHasher) {
		p.admitted <- struct{}{}
	}
	if err := p.VerifyNothing(t.Context(), "flood"); !errors.Is(err, ErrOverloaded) {
		t.Errorf("err = %v, want ErrOverloaded", err)
	}
	<-p.admitted
	if err := p.VerifyNothing(t.Context(), "after the flood"); err != nil {
		t.Errorf("with one place free: %v", err)
	}
	if len(p.running) != 0 {
		t.Errorf("%d places are held by nobody", len(p.running))
	}
}

func TestAWaiterLeavesWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := NewPasswords(1)
		p.running <- struct{}{}
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.Hash(soon, "late"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err = %v, want context.DeadlineExceeded", err)
		}
		if len(p.admitted) != 0 {
			t.Error("the waiter left and kept its place")
		}
	})
}

func TestAWaiterIsServedWhenAPlaceIsFree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := NewPasswords(1)
		p.running <- struct{}{}
		done := make(chan error, 1)
		go func() { done <- p.VerifyNothing(t.Context(), "patient") }()
		synctest.Wait()
		<-p.running
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestAnEndedContextHashesNothing(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NewPasswords(1).Hash(ended, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want context.Canceled", err)
	}
}
