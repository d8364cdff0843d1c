package main

import (
	"math"
	"strconv"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// limit is one rule of a field: the key that JSON Schema has for it, and its value, an int64 or a string.
type limit struct {
	key   string
	value any
}

// limitsOf returns what a field's rules ask of it, as far as JSON Schema has words for it. What is left out, the server checks
// all the same. items are those of a list's items.
func limitsOf(field protoreflect.FieldDescriptor) (own, items []limit, isRequired bool) {
	rules, ok := proto.GetExtension(field.Options(), validate.E_Field).(*validate.FieldRules)
	if !ok || rules == nil {
		return nil, nil, false
	}
	own, items = limitsIn(rules)
	return own, items, rules.GetRequired()
}

func limitsIn(rules *validate.FieldRules) (own, items []limit) {
	add := func(key string, has bool, value uint64) {
		if has && value <= math.MaxInt64 {
			own = append(own, limit{key, int64(value)})
		}
	}
	if text := rules.GetString(); text != nil {
		add("minLength", text.HasMinLen(), text.GetMinLen())
		add("maxLength", text.HasMaxLen(), text.GetMaxLen())
		if text.HasPattern() {
			own = append(own, limit{"pattern", text.GetPattern()})
		}
		if text.GetEmail() {
			own = append(own, limit{"format", "email"})
		}
		if text.GetUuid() {
			own = append(own, limit{"format", "uuid"})
		}
	}
	if number := rules.GetInt32(); number != nil {
		own = append(own, bounds(number.HasGte(), int64(number.GetGte()), number.HasGt(), int64(number.GetGt()),
			number.HasLte(), int64(number.GetLte()), number.HasLt(), int64(number.GetLt()))...)
	}
	if number := rules.GetInt64(); number != nil {
		own = append(own, bounds(number.HasGte(), number.GetGte(), number.HasGt(), number.GetGt(),
			number.HasLte(), number.GetLte(), number.HasLt(), number.GetLt())...)
	}
	if list := rules.GetRepeated(); list != nil {
		add("minItems", list.HasMinItems(), list.GetMinItems())
		add("maxItems", list.HasMaxItems(), list.GetMaxItems())
		if list.GetUnique() {
			own = append(own, limit{"uniqueItems", true})
		}
		items, _ = limitsIn(list.GetItems())
	}
	if pairs := rules.GetMap(); pairs != nil {
		add("minProperties", pairs.HasMinPairs(), pairs.GetMinPairs())
		add("maxProperties", pairs.HasMaxPairs(), pairs.GetMaxPairs())
	}
	return own, items
}

// bounds are those of a whole number.
func bounds(hasGte bool, gte int64, hasGt bool, gt int64, hasLte bool, lte int64, hasLt bool, lt int64) []limit {
	var found []limit
	for _, bound := range []struct {
		has   bool
		key   string
		value int64
	}{{hasGte, "minimum", gte}, {hasGt, "exclusiveMinimum", gt}, {hasLte, "maximum", lte}, {hasLt, "exclusiveMaximum", lt}} {
		if bound.has {
			found = append(found, limit{bound.key, bound.value})
		}
	}
	return found
}

// words says a limit to people.
func (l limit) words() string {
	var value string
	switch v := l.value.(type) {
	case int64:
		value = strconv.FormatInt(v, 10)
	case string:
		value = v
	}
	switch l.key {
	case "minLength":
		return "at least " + value + " characters"
	case "maxLength":
		return "at most " + value + " characters"
	case "minItems", "minProperties":
		return "at least " + value
	case "maxItems", "maxProperties":
		return "at most " + value
	case "minimum":
		return value + " or more"
	case "exclusiveMinimum":
		return "more than " + value
	case "maximum":
		return value + " or less"
	case "exclusiveMaximum":
		return "less than " + value
	case "pattern":
		return "matches `" + value + "`"
	case "uniqueItems":
		return "none twice"
	default:
		return value
	}
}
