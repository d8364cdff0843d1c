package rollup

import (
	"math/big"
	"strconv"

	"github.com/microtracker/microtracker/repo/report"
)

// decimal is a number as the database's numeric has it: digits / 10^scale.
type decimal struct {
	digits *big.Int
	scale  int
}

func whole(n int64) decimal { return decimal{big.NewInt(n), 0} }

// hundredths are n / 100.
func hundredths(n int64) decimal { return decimal{big.NewInt(n), 2} }

// float is the number as the database's float8 has it.
func (d decimal) float() float64 {
	f, err := strconv.ParseFloat(d.digits.String()+"e-"+strconv.Itoa(d.scale), 64)
	if err != nil {
		return 0 // the digits are made here
	}
	return f
}

// weight is the place of the first digit to the base of 10,000 before which the point is, and the digit.
func (d decimal) weight() (place, digit int) {
	if d.digits.Sign() == 0 {
		return 0, 0
	}
	text := d.digits.String()
	before := len(text) - d.scale // how many decimal digits are before the point
	place = floorDiv(before-1, 4)
	first := before - 4*place
	for len(text) < first {
		text += "0"
	}
	digit, _ = strconv.Atoi(text[:first])
	return place, digit
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// divide divides as the database does: with 16 significant digits at least, rounded half up. Nil: by nothing. Neither is negative.
func (d decimal) divide(by decimal) *decimal {
	if by.digits.Sign() == 0 {
		return nil
	}
	placeA, digitA := d.weight()
	placeB, digitB := by.weight()
	place := placeA - placeB
	if digitA <= digitB {
		place--
	}
	scale := max(16-4*place, d.scale, by.scale, 0)
	return &decimal{quotient(d.digits, by.digits, scale-d.scale+by.scale), scale}
}

// quotient is a * 10^shift / b, rounded half up.
func quotient(a, b *big.Int, shift int) *big.Int {
	up, down := new(big.Int).Set(a), new(big.Int).Set(b)
	if shift >= 0 {
		up.Mul(up, power(shift))
	} else {
		down.Mul(down, power(-shift))
	}
	up.Lsh(up, 1).Add(up, down)
	return up.Quo(up, down.Lsh(down, 1))
}

// round rounds to so many decimals, half up.
func (d decimal) round(scale int) decimal {
	if d.scale <= scale {
		return d
	}
	return decimal{quotient(d.digits, power(d.scale-scale), 0), scale}
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// needs says what a metric is computed from: of events, of sessions, or both; of events that are conversions, and of whether sessions
// have one.
type needs struct{ events, sessions, visitors, conversions, converting bool }

func (n needs) or(other needs) needs {
	return needs{
		n.events || other.events, n.sessions || other.sessions, n.visitors || other.visitors, n.conversions || other.conversions,
		n.converting || other.converting,
	}
}

// needsOf returns what a metric is computed from. False: days do not have it.
func needsOf(m report.Metric) (needs, bool) {
	switch m {
	case report.Visitors:
		return needs{events: true, visitors: true}, true
	case report.Pageviews, report.Events, report.Exits, report.Clicks, report.FormStarts, report.FormSubmits, report.FormCompletion:
		return needs{events: true}, true
	case report.ViewsPerSession:
		return needs{events: true, sessions: true}, true
	case report.Sessions, report.Bounces, report.BounceRate, report.AvgSessionDuration, report.AvgEngagedTime, report.ScrollDepth, report.PCQS:
		return needs{sessions: true}, true
	case report.Conversions:
		return needs{conversions: true}, true
	case report.ConversionRate:
		return needs{sessions: true, converting: true}, true
	default:
		return needs{}, false
	}
}

// value computes a metric that needs no visitors, as docs/metrics.md and the compiler do; nil where there is nothing to divide by.
func value(m report.Metric, n *[tallyNumbers]int64) *float64 {
	var result *decimal
	switch m {
	case report.BounceRate:
		result = whole(n[bounces]).divide(whole(n[sessions]))
	case report.ConversionRate:
		result = whole(n[converting]).divide(whole(n[sessions]))
	case report.AvgSessionDuration:
		result = whole(n[duration]).divide(whole(n[sessions]))
	case report.ViewsPerSession:
		if result = whole(n[pageviews]).divide(whole(n[sessions])); result != nil {
			result = new(result.round(2))
		}
	case report.FormCompletion:
		result = whole(n[formSubmits]).divide(whole(n[formStarts]))
	case report.AvgEngagedTime:
		result = whole(n[engaged]).divide(whole(1000)).divide(whole(n[sessions]))
	case report.ScrollDepth:
		result = hundredths(n[scroll]).divide(whole(n[scrolled]))
	case report.PCQS:
		result = hundredths(n[score]).divide(whole(n[scored]))
	default:
		return new(float64(n[numberOf(m)]))
	}
	if result == nil {
		return nil
	}
	return new(result.float())
}

// numberOf is the number that is a metric.
func numberOf(m report.Metric) int {
	switch m {
	case report.Pageviews:
		return pageviews
	case report.Exits:
		return exits
	case report.Clicks:
		return clicks
	case report.FormStarts:
		return formStarts
	case report.FormSubmits:
		return formSubmits
	case report.Sessions:
		return sessions
	case report.Bounces:
		return bounces
	case report.Conversions:
		return conversions
	default:
		return events
	}
}
