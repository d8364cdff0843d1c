package server

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	// holdWrong is how long the answer to a wrong key is held back: who mistypes does not mind, who loops does.
	holdWrong = 250 * time.Millisecond
	// holdLimited is how long the answer to one who has guessed too often is held back.
	holdLimited = time.Second
	// maxTarpit bounds how many answers are held back at once; more are given at once, which costs least.
	maxTarpit = 2000
)

// maxStrangers is how many credentials that nobody has seen lately are looked up at once. Those that have been right go
// past the queue.
const maxStrangers = 2

// tarpit lets strangers in one after the other and holds answers to wrong ones back. It costs a waiting goroutine each,
// and spares the work of the next guess.
type tarpit struct {
	places    chan struct{}
	strangers chan struct{}
}

func newTarpit() tarpit {
	return tarpit{places: make(chan struct{}, maxTarpit), strangers: make(chan struct{}, maxStrangers)}
}

// enter waits for a stranger's turn. leave gives it back.
func (p tarpit) enter(ctx context.Context) (leave func(), err error) {
	select {
	case p.strangers <- struct{}{}:
		return func() { <-p.strangers }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// hold waits about so long, more or less at random, so that those who were held do not all come again at once. It does
// not wait where too many do already, and no longer than the caller.
func (p tarpit) hold(ctx context.Context, wait time.Duration) {
	select {
	case p.places <- struct{}{}:
		defer func() { <-p.places }()
	default:
		return
	}
	select {
	case <-time.After(wait/2 + rand.N(wait)): //nolint:gosec // nobody gains by guessing it
	case <-ctx.Done():
	}
}
