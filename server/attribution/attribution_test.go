package attribution_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/microtracker/microtracker/server/attribution"
)

// days are the times that many days after some noon.
func days(after ...float64) []time.Time {
	noon := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	var times []time.Time
	for _, day := range after {
		times = append(times, noon.Add(time.Duration(day*24*float64(time.Hour))))
	}
	return times
}

func TestWeightsAreWhatAHandComputes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		touches []time.Time
		want    [attribution.Models][]int64
	}{
		{"one touch has all", days(3), [attribution.Models][]int64{{1_000_000}, {1_000_000}, {1_000_000}, {1_000_000}, {1_000_000}}},
		{"two, a week apart", days(0, 7), [attribution.Models][]int64{
			{1_000_000, 0}, {0, 1_000_000}, {500_000, 500_000}, {333_333, 666_667}, {500_000, 500_000}, // 1 : 2
		}},
		{"three, a week apart each", days(0, 7, 14), [attribution.Models][]int64{
			{1_000_000, 0, 0},
			{0, 0, 1_000_000},
			{333_334, 333_333, 333_333},
			{142_857, 285_714, 571_429}, // 1 : 2 : 4 of 7
			{400_000, 200_000, 400_000},
		}},
		{"five", days(0, 0, 7, 7, 7), [attribution.Models][]int64{
			{1_000_000, 0, 0, 0, 0},
			{0, 0, 0, 0, 1_000_000},
			{200_000, 200_000, 200_000, 200_000, 200_000},
			{125_000, 125_000, 250_000, 250_000, 250_000},
			{400_000, 66_667, 66_667, 66_666, 400_000}, // 20 % by three
		}},
		{"none", nil, [attribution.Models][]int64{{}, {}, {}, {}, {}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for model := range attribution.Models {
				got := attribution.Split(attribution.Whole, attribution.Shares(model, c.touches))
				if diff := cmp.Diff(c.want[model], got); diff != "" {
					t.Errorf("model %d (-want +got):\n%s", model, diff)
				}
			}
		})
	}
}

func TestMoneyIsSharedToTheCent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cents  int64
		shares []uint64
		want   []int64
	}{
		{100, []uint64{1, 1, 1}, []int64{34, 33, 33}},
		{101, []uint64{2, 1, 2}, []int64{41, 20, 40}}, // 40.4, 20.2, 40.4
		{1, []uint64{1, 3}, []int64{0, 1}},
		{0, []uint64{1, 3}, []int64{0, 0}},
		{-100, []uint64{1, 1, 1}, []int64{-34, -33, -33}},
		{math.MaxInt64, []uint64{1, 1}, []int64{math.MaxInt64/2 + 1, math.MaxInt64 / 2}},
	} {
		if diff := cmp.Diff(c.want, attribution.Split(c.cents, c.shares)); diff != "" {
			t.Errorf("%d by %v (-want +got):\n%s", c.cents, c.shares, diff)
		}
	}
}

// naive is the same in fractions of any size, with shares as the definitions say them.
func naive(model attribution.Model, amount int64, touches []time.Time) []*big.Rat {
	n := len(touches)
	parts := make([]*big.Rat, n)
	sum := new(big.Rat)
	for i := range touches {
		share := new(big.Rat)
		switch model {
		case attribution.First:
			if i == 0 {
				share.SetInt64(1)
			}
		case attribution.Last:
			if i == n-1 {
				share.SetInt64(1)
			}
		case attribution.TimeDecay:
			share.SetFloat64(math.Pow(2, -touches[n-1].Sub(touches[i]).Hours()/(7*24)))
		case attribution.Position:
			switch {
			case n <= 2:
				share.SetInt64(1)
			case i == 0 || i == n-1:
				share.SetFrac64(2, 5)
			default:
				share.SetFrac64(1, int64(5*(n-2)))
			}
		default:
			share.SetInt64(1)
		}
		parts[i] = share
		sum.Add(sum, share)
	}
	for _, part := range parts {
		part.Mul(part.Quo(part, sum), new(big.Rat).SetInt64(amount))
	}
	return parts
}

func TestPartsAreThoseOfANaiveModelAndAddUp(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 7))
	for range 20_000 {
		after := make([]float64, 1+random.IntN(12))
		for i := range after {
			after[i] = random.Float64() * 365
		}
		slices.Sort(after)
		touches := days(after...)
		amount := random.Int64N(int64(1) << (1 + random.IntN(40)))
		for model := range attribution.Models {
			parts := attribution.Split(amount, attribution.Shares(model, touches))
			want := naive(model, amount, touches)
			var sum int64
			for i, part := range parts {
				sum += part
				// A part is what it should be, but for what rounding moves: less than one.
				off, _ := new(big.Rat).Sub(new(big.Rat).SetInt64(part), want[i]).Float64()
				if math.Abs(off) > 1.001 || part < 0 {
					t.Fatalf("model %d: %d of %d is off by %v for touches after %v days", model, part, amount, off, after)
				}
			}
			if sum != amount {
				t.Fatalf("model %d: the parts add up to %d, not %d", model, sum, amount)
			}
		}
	}
}
