package report

import (
	"fmt"
	"regexp"
	"strings"
)

// Bounds of a filter.
const (
	maxDepth      = 5
	maxConditions = 50
)

// Filter is a tree of conditions: exactly one field is set.
type Filter struct {
	All, Any  []Filter
	Not       *Filter
	Condition *Condition
	HasDone   *HasDone
}

// Operator compares a value with those given.
type Operator int

// The operators.
const (
	OperatorIs Operator = iota + 1
	OperatorIsNot
	OperatorContains
	OperatorStartsWith
	// OperatorMatches: * stands for any characters but a slash, ** for any characters, ? for one.
	OperatorMatches
	// OperatorPresent takes no values.
	OperatorPresent
)

// Condition is about one dimension. Any of the values will do.
type Condition struct {
	Dimension   Dimension
	PropertyKey string
	Operator    Operator
	Values      []string
}

// HasDone keeps sessions that have an event in the range which meets all the conditions; ByVisitor: all sessions of visitors who
// have one.
type HasDone struct {
	ByVisitor bool
	Event     []Condition
}

// fragment is a piece of SQL with its arguments.
type fragment struct {
	sql  string
	args []any
}

func (f fragment) and(g fragment) fragment {
	switch {
	case f.sql == "":
		return g
	case g.sql == "":
		return f
	}
	return fragment{f.sql + " AND " + g.sql, append(append([]any{}, f.args...), g.args...)}
}

// joined puts fragments together between parentheses.
func joined(by string, parts []fragment) fragment {
	texts := make([]string, len(parts))
	var args []any
	for i, p := range parts {
		texts[i] = p.sql
		args = append(args, p.args...)
	}
	return fragment{"(" + strings.Join(texts, by) + ")", args}
}

// check refuses a filter that is too large or has no meaning.
func (f *Filter) check(depth int, conditions *int) error {
	if f == nil {
		return nil
	}
	if depth > maxDepth {
		return fmt.Errorf("%w: the filter is more than %d levels deep: say it flatter", ErrUnsupported, maxDepth)
	}
	for _, parts := range [][]Filter{f.All, f.Any} {
		for i := range parts {
			if err := parts[i].check(depth+1, conditions); err != nil {
				return err
			}
		}
	}
	if err := f.Not.check(depth+1, conditions); err != nil {
		return err
	}
	var leaves []Condition
	if f.Condition != nil {
		leaves = append(leaves, *f.Condition)
	}
	if f.HasDone != nil {
		for _, c := range f.HasDone.Event {
			if !c.Dimension.isOfEvents() {
				return fmt.Errorf("%w: has_done is about an event, and %s is not an event's: filter by it outside of has_done", ErrUnsupported, c.Dimension)
			}
		}
		leaves = append(leaves, f.HasDone.Event...)
	}
	for _, c := range leaves {
		if _, ok := dimensionDefs[c.Dimension]; !ok || c.Dimension.isTime() {
			return fmt.Errorf("%w: there is no filter by %q; times are bounded by the range", ErrUnsupported, c.Dimension)
		}
	}
	if *conditions += len(leaves); *conditions > maxConditions {
		return fmt.Errorf("%w: the filter has more than %d conditions", ErrUnsupported, maxConditions)
	}
	return nil
}

// uses reports whether a condition of the filter is met by the predicate.
func (f *Filter) uses(is func(d dimensionDef) bool) bool {
	if f == nil {
		return false
	}
	for _, parts := range [][]Filter{f.All, f.Any} {
		for i := range parts {
			if parts[i].uses(is) {
				return true
			}
		}
	}
	return f.Not.uses(is) || f.Condition != nil && is(dimensionDefs[f.Condition.Dimension])
}

// filter is the filter over facts: of events, each has to meet what is asked of events; of sessions, one of their events in
// the range has to.
func (c *compiler) filter(f *Filter, ofEvents bool) fragment {
	switch {
	case f == nil:
		return fragment{}
	case f.Not != nil:
		inner := c.filter(f.Not, ofEvents)
		return fragment{"NOT " + inner.sql, inner.args}
	case f.Condition != nil:
		return c.condition(f.Condition, ofEvents)
	case f.HasDone != nil:
		return c.hasDone(f.HasDone, ofEvents)
	case len(f.All) > 0:
		return joined(" AND ", c.filters(f.All, ofEvents))
	default:
		return joined(" OR ", c.filters(f.Any, ofEvents))
	}
}

func (c *compiler) filters(list []Filter, ofEvents bool) []fragment {
	parts := make([]fragment, len(list))
	for i := range list {
		parts[i] = c.filter(&list[i], ofEvents)
	}
	return parts
}

func (c *compiler) condition(cond *Condition, ofEvents bool) fragment {
	if cond.Operator == OperatorIsNot {
		is := *cond
		is.Operator = OperatorIs
		inner := c.condition(&is, ofEvents)
		return fragment{"NOT " + inner.sql, inner.args}
	}
	if !cond.Dimension.isOfEvents() || ofEvents {
		return cond.predicate()
	}
	inner := cond.predicate()
	if dimensionDefs[cond.Dimension].level == ofPage {
		inner.sql = "e.event_type = 'page_view' AND " + inner.sql
	}
	return c.amongEvents("s.id", "session_id", inner)
}

func (c *compiler) hasDone(done *HasDone, ofEvents bool) fragment {
	parts := make([]fragment, len(done.Event))
	for i := range done.Event {
		is := done.Event[i]
		if is.Operator == OperatorIsNot {
			is.Operator = OperatorIs
			parts[i] = is.predicate()
			parts[i].sql = "NOT " + parts[i].sql
			continue
		}
		parts[i] = is.predicate()
	}
	who, of := "s.id", "session_id"
	switch {
	case done.ByVisitor && ofEvents:
		who, of = "e.visitor_id", "visitor_id"
	case done.ByVisitor:
		who, of = "s.visitor_id", "visitor_id"
	case ofEvents:
		who = "e.session_id"
	}
	return c.amongEvents(who, of, joined(" AND ", parts))
}

// amongEvents keeps whoever is a column of an event in the range that meets the condition.
func (c *compiler) amongEvents(who, column string, condition fragment) fragment {
	return fragment{
		"(" + who + " IN (SELECT e." + column + " FROM events AS e WHERE e.project_id = ? AND e.created_at >= ? AND e.created_at < ? AND " + condition.sql + "))",
		append([]any{c.projectID, c.query.Since, c.query.Until}, condition.args...),
	}
}

// predicate compares the dimension's value.
func (cond *Condition) predicate() fragment {
	def := dimensionDefs[cond.Dimension]
	value := fragment{sql: def.expr}
	if def.keyed {
		value.args = []any{cond.PropertyKey}
	}
	compare := func(format string, of func(text string) string) fragment {
		parts := make([]fragment, len(cond.Values))
		for i, text := range cond.Values {
			parts[i] = fragment{fmt.Sprintf(format, value.sql), append(append([]any{}, value.args...), of(text))}
		}
		return joined(" OR ", parts)
	}
	same := func(text string) string { return text }
	switch cond.Operator {
	case OperatorContains:
		return compare("strpos(%s, ?) > 0", same)
	case OperatorStartsWith:
		return compare("starts_with(%s, ?)", same)
	case OperatorMatches:
		return compare("%s ~ ?", PatternRegexp)
	case OperatorPresent:
		return fragment{"(" + value.sql + " <> '')", value.args}
	default:
		texts := make([]any, len(cond.Values))
		for i, text := range cond.Values {
			texts[i] = text
		}
		marks := strings.TrimSuffix(strings.Repeat("?, ", len(texts)), ", ")
		return fragment{"(" + value.sql + " IN (" + marks + "))", append(append([]any{}, value.args...), texts...)}
	}
}

// PatternRegexp is the regular expression of a pattern (OperatorMatches): nothing in it goes back, so it takes as long as
// the text is.
func PatternRegexp(pattern string) string {
	var text strings.Builder
	text.WriteString("^")
	for rest := pattern; rest != ""; {
		switch {
		case strings.HasPrefix(rest, "**"):
			text.WriteString(".*")
			rest = strings.TrimLeft(rest, "*")
		case rest[0] == '*':
			text.WriteString("[^/]*")
			rest = rest[1:]
		case rest[0] == '?':
			text.WriteString(".")
			rest = rest[1:]
		default:
			end := strings.IndexAny(rest, "*?")
			if end < 0 {
				end = len(rest)
			}
			text.WriteString(regexp.QuoteMeta(rest[:end]))
			rest = rest[end:]
		}
	}
	text.WriteString("$")
	return text.String()
}

// conversion is what makes an event a conversion.
func (conversion Conversion) predicate() fragment {
	var all fragment
	if conversion.EventType != "" {
		all = all.and(fragment{"e.event_type = ?", []any{conversion.EventType}})
	}
	if conversion.Name != "" {
		all = all.and(fragment{"e.name = ?", []any{conversion.Name}})
	}
	if conversion.PathPattern != "" {
		all = all.and(fragment{"coalesce(e.path, '') ~ ?", []any{PatternRegexp(conversion.PathPattern)}})
	}
	if conversion.PropertyKey != "" {
		all = all.and(fragment{"coalesce(e.meta ->> ?, '') = ?", []any{conversion.PropertyKey, conversion.PropertyValue}})
	}
	if all.sql == "" {
		return fragment{sql: "false"}
	}
	return all
}
