package server

import (
	"context"
	"time"
)

const (
	// tarpitHold is how long an answer to one who guesses too much is held back.
	tarpitHold = time.Second
	// maxTarpit bounds how many answers are held back at once; more are given at once, which costs least.
	maxTarpit = 2000
)

// tarpit holds answers back. It costs a waiting goroutine each, and spares the work of the next guess.
type tarpit struct {
	places chan struct{}
}

func newTarpit() tarpit {
	return tarpit{places: make(chan struct{}, maxTarpit)}
}

// hold waits, unless too many do already, and no longer than the caller.
func (p tarpit) hold(ctx context.Context) {
	select {
	case p.places <- struct{}{}:
		defer func() { <-p.places }()
	default:
		return
	}
	select {
	case <-time.After(tarpitHold):
	case <-ctx.Done():
	}
}
