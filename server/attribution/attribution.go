// Package attribution shares a conversion among the touches that led to it, by five models (docs/metrics.md). It computes in
// whole numbers, so that parts add up to the whole exactly, and knows nothing of where touches come from.
package attribution

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"time"
)

// Model says how a conversion is shared among its touches.
type Model int

// The models, in the order in which answers have them.
const (
	First Model = iota
	Last
	Linear
	TimeDecay
	Position
	// Models is how many there are.
	Models
)

// HalfLife is by how much earlier a touch has half of another one's share under TimeDecay.
const HalfLife = 7 * 24 * time.Hour

// Whole is the weight of a conversion: weights are millionths of it.
const Whole = 1_000_000

// heaviest is the share of the latest touch under TimeDecay, before shares are divided by their sum. Times Whole, or times what
// is worth most, it is no more than 128 bits hold.
const heaviest = 1 << 48

// Shares are the relative shares of touches, from the first to the last, none negative and not all zero. It returns none for none.
func Shares(model Model, touches []time.Time) []uint64 {
	n := len(touches)
	shares := make([]uint64, n)
	if n == 0 {
		return shares
	}
	switch model {
	case First:
		shares[0] = 1
	case Last:
		shares[n-1] = 1
	case TimeDecay:
		for i, at := range touches {
			halves := float64(touches[n-1].Sub(at)) / float64(HalfLife)
			shares[i] = uint64(math.Round(heaviest * math.Exp2(-halves)))
		}
	case Position:
		position(shares)
	default:
		for i := range shares {
			shares[i] = 1
		}
	}
	return shares
}

// position gives 40 % to the first and the last touch each, and 20 % to those between; where there are none between, a half to
// each. In fifths of the number between, so that all are whole.
func position(shares []uint64) {
	n := len(shares)
	between := uint64(max(1, n-2))
	for i := range shares {
		shares[i] = 1
	}
	if n > 2 {
		shares[0], shares[n-1] = 2*between, 2*between
	}
}

// Split divides an amount by relative shares: each part is rounded down, and what is left goes, one by one, to those that lost
// most by it, of equal ones to the earliest. The parts add up to the amount. The shares must not add up to more than 63 bits
// hold, nor to nothing.
func Split(amount int64, shares []uint64) []int64 {
	parts := make([]int64, len(shares))
	var sum uint64
	for _, share := range shares {
		sum += share
	}
	if sum == 0 {
		return parts
	}
	negative := amount < 0
	whole := uint64(amount)
	if negative {
		whole = -whole
	}
	left := whole
	lost := make([]uint64, len(shares))
	order := make([]int, len(shares))
	for i, share := range shares {
		high, low := bits.Mul64(whole, share)
		part, remainder := bits.Div64(high, low, sum)
		parts[i], lost[i], order[i] = int64(part), remainder, i
		left -= part
	}
	if left > 0 {
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(lost[b], lost[a]) })
		for _, i := range order[:left] {
			parts[i]++
		}
	}
	if negative {
		for i := range parts {
			parts[i] = -parts[i]
		}
	}
	return parts
}
