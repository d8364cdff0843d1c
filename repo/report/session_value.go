package report

import "fmt"

// Value is the SQL of what a session has, as text that is never null: over sessions s, and their visitors v.
type Value struct {
	SQL string
	// NeedsVisitors: it looks at the row of the visitor, v.
	NeedsVisitors bool
}

// SessionValue is the value of a dimension that other statements than Compile's take over. ErrUnsupported where a session has
// not one value, but events or times do.
func SessionValue(d Dimension, bots Bots) (Value, error) {
	def, ok := dimensionDefs[d]
	if !ok || def.level != ofSession {
		return Value{}, fmt.Errorf("%w: a session has no %s of its own: break down by what a session has, such as source, country or device", ErrUnsupported, d)
	}
	if d == BotReason && bots == BotsExcluded {
		return Value{}, fmt.Errorf("%w: bot_reason is a bot's: ask with bots included, or for bots only", ErrUnsupported)
	}
	return Value{SQL: "(" + def.expr + ")::text", NeedsVisitors: def.visitor}, nil
}
