package load

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Latencies up to 2^40 µs, in steps of 1/64 of their size: each figure is at most 1.6 % too large.
const (
	stepBits = 6
	steps    = 1 << stepBits
	maxBits  = 40
)

// histogram counts latencies in memory that does not grow. It is safe for concurrent use.
type histogram struct {
	counts [(maxBits - stepBits + 1) * steps]atomic.Int64
	max    atomic.Int64
	sum    atomic.Int64
	total  atomic.Int64
}

func (h *histogram) add(latency time.Duration) {
	us := min(max(latency.Microseconds(), 0), 1<<maxBits-1)
	h.counts[step(us)].Add(1)
	h.sum.Add(us)
	h.total.Add(1)
	for {
		old := h.max.Load()
		if us <= old || h.max.CompareAndSwap(old, us) {
			return
		}
	}
}

// step is the place of a latency: the small ones have one each, then each doubling has as many as the one before.
func step(us int64) int {
	if us < steps {
		return int(us)
	}
	shift := bits.Len64(uint64(us)) - stepBits - 1
	return shift*steps + int(us>>shift)
}

// upTo is the largest latency of a place.
func upTo(place int) int64 {
	if place < steps {
		return int64(place)
	}
	shift := place/steps - 1
	return (int64(place-shift*steps)+1)<<shift - 1
}

// quantile is the latency that a share of all do not exceed.
func (h *histogram) quantile(share float64) time.Duration {
	rank := int64(share*float64(h.total.Load()) + 0.9999999)
	seen := int64(0)
	for place := range h.counts {
		if seen += h.counts[place].Load(); seen >= rank && seen > 0 {
			return time.Duration(min(upTo(place), h.max.Load())) * time.Microsecond
		}
	}
	return 0
}

func (h *histogram) latencies() Latencies {
	l := Latencies{
		P50: h.quantile(0.5), P90: h.quantile(0.9), P99: h.quantile(0.99), P999: h.quantile(0.999),
		Max: time.Duration(h.max.Load()) * time.Microsecond,
	}
	if total := h.total.Load(); total > 0 {
		l.Mean = time.Duration(h.sum.Load()/total) * time.Microsecond
	}
	return l
}
