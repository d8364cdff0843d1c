package report

// ConversionsOf is the table of the conversions that an event e is, for statements other than Compile's: SQL to be joined
// laterally, with the columns id, worth (what it is worth whose event says no value, null: nothing) and is_first (true for one of
// an event's rows: it is the one whose worth counts).
func ConversionsOf(conversions []Conversion) Where {
	c := new(compiler)
	c.write(`(SELECT id, worth, row_number() OVER (ORDER BY worth IS NULL, id) = 1 AS is_first
		FROM (VALUES (0::bigint, NULL::numeric, false)`)
	for _, conversion := range conversions {
		c.write(", (?::bigint, nullif(?, '')::numeric, ", conversion.ID, conversion.Value)
		c.add(conversion.predicate())
		c.write(")")
	}
	c.write(") AS d (id, worth, hit) WHERE hit)")
	return Where{SQL: c.sql.String(), Args: c.args}
}

// IsConversion is the condition over events e that they are one of these.
func IsConversion(conversions []Conversion) Where {
	c := &compiler{query: Query{Conversions: conversions}}
	f := c.isConversion()
	return Where{SQL: "(" + f.sql + ")", Args: f.args}
}

// AnyConversion is what counts where a project has defined no conversion: the events of type conversion.
func AnyConversion() Conversion { return Conversion{EventType: "conversion"} }
