package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
)

const connections = 64

// singleEvents measures requests of one event each, as Connect JSON over HTTP/1.1 with 64 connections.
func singleEvents(ctx context.Context, b *bench) ([]row, error) {
	s, err := b.servedSite(ctx, "single")
	if err != nil {
		return nil, err
	}
	defer s.close() //nolint:errcheck // its folder goes
	idle, err := b.serveNoop(ctx)
	if err != nil {
		return nil, err
	}
	defer idle.stop() //nolint:errcheck // it has done its work
	var shares, full []float64
	var lastRate float64
	for round := range b.rounds {
		nothing, err := b.fire(ctx, idle.address, s.project.PublicKey, uint64(round), 0)
		if err != nil {
			return nil, err
		}
		stored, err := b.fire(ctx, s.tracker.address, s.project.PublicKey, uint64(round), 0)
		if err != nil {
			return nil, err
		}
		lastRate = stored.rate
		fmt.Printf("   no-op %.0f/s, stored %.0f/s, p50 %v, p99 %v\n", nothing.rate, stored.rate, stored.percentile(50), stored.percentile(99))
		shares = append(shares, stored.rate/nothing.rate)
		full = append(full, float64(stored.percentile(99))/float64(100*time.Millisecond))
	}
	half, err := b.fire(ctx, s.tracker.address, s.project.PublicKey, 1000, lastRate/2)
	if err != nil {
		return nil, err
	}
	return []row{
		{"single event: rate / no-op handler", median(shares), 0.5, true, fmt.Sprintf("%.0f/s", lastRate)},
		{"single event: p99 at full load / 100 ms", median(full), 1, false, ""},
		{"single event: p99 at half load / 25 ms", float64(half.percentile(99)) / float64(25*time.Millisecond), 1, false, fmt.Sprintf("p99 %v at %.0f/s", half.percentile(99), half.rate)},
		{"single event: server memory / 250 MB", s.tracker.memory() / 250, 1, false, fmt.Sprintf("%.0f MB", s.tracker.memory())},
	}, nil
}

// shots are the outcome of a while of requests.
type shots struct {
	rate      float64
	latencies []time.Duration
}

func (s shots) percentile(p int) time.Duration {
	if len(s.latencies) == 0 {
		return 0
	}
	return s.latencies[(len(s.latencies)-1)*p/100].Round(10 * time.Microsecond)
}

// fire sends requests for a while, as fast as it goes, or at a rate: then the connections take turns, and a latency counts from when
// its request was due.
func (b *bench) fire(ctx context.Context, address, key string, seed uint64, rate float64) (shots, error) {
	ctx, cancel := context.WithTimeout(ctx, b.duration)
	defer cancel()
	var mu sync.Mutex
	var all []time.Duration
	var firstErr error
	begun := time.Now()
	var wg sync.WaitGroup
	for i := range connections {
		p := pace{}
		if rate > 0 {
			p = pace{first: begun.Add(time.Duration(float64(i) / rate * float64(time.Second))), every: time.Duration(connections / rate * float64(time.Second))}
		}
		wg.Go(func() {
			latencies, err := fireOne(ctx, address, key, newVisitors(fmt.Sprintf("%d-%d-", seed, i), seed*connections+uint64(i)), p)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, latencies...)
			if firstErr == nil {
				firstErr = err
			}
		})
	}
	wg.Wait()
	took := time.Since(begun)
	slices.Sort(all)
	return shots{rate: float64(len(all)) / took.Seconds(), latencies: all}, firstErr
}

// pace is when the requests of a connection are due; zero: each when the one before it is answered.
type pace struct {
	first time.Time
	every time.Duration
}

// fireOne sends one request after the other on a connection of its own.
func fireOne(ctx context.Context, address, key string, from *visitors, p pace) ([]time.Duration, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // it has done its work
	answers := bufio.NewReader(conn)
	var latencies []time.Duration
	for due := p.first; ctx.Err() == nil; due = due.Add(p.every) {
		e := from.next()
		body := e.json(key, time.Now())
		request := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nUser-Agent: %s\r\nX-Forwarded-For: %s\r\nContent-Length: %d\r\n\r\n%s",
			microtrackerv1connect.TrackingServiceTrackProcedure, e.agent, e.address, len(body), body)
		if p.every > 0 {
			select {
			case <-time.After(time.Until(due)):
			case <-ctx.Done():
				return latencies, nil
			}
		} else {
			due = time.Now()
		}
		if _, err := io.WriteString(conn, request); err != nil {
			return latencies, err
		}
		if err := readAnswer(answers); err != nil {
			return latencies, err
		}
		latencies = append(latencies, time.Since(due))
	}
	return latencies, nil
}

func readAnswer(from *bufio.Reader) error {
	res, err := http.ReadResponse(from, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // it is read to its end
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		return fmt.Errorf("%d: %s", res.StatusCode, body)
	}
	return err
}
