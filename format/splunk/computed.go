package splunk

import (
	"strings"
	"unicode"

	"estream/meta"
)

// computed adds the computed values: in the place of the field of the same name, or
// at the end.
func (c *compiler) computed(ops []meta.Op) {
	fixed := c.profile != meta.Compat
	for i := range ops {
		op := &ops[i]
		if op.Kind == meta.OpNested {
			c.entries = append(c.entries, compiled{pair: pair{write: writeNested, ops: []*meta.Op{op}}})
			continue
		}
		if fixed && op.Constant() != nil && op.Constant().Text == "" {
			continue // an empty text would hide the field
		}
		for name := range strings.FieldsSeq(c.format.mapping.name(op.Key, c.profile)) {
			to := c.entry(name)
			if to.dropped {
				to.pair, to.dropped = pair{}, false
			}
			to.ops = append(to.ops, op)
		}
	}
}

// aliases adds the computed values that the table writes under a second name.
func (c *compiler) aliases(view *meta.View) {
	for _, s := range c.sources {
		if op := view.Find(s.key); op != nil {
			to := c.entry(s.to)
			to.ops = append(to.ops, op)
		}
	}
}

// name returns the names of a computed value, separated by spaces.
func (m *mapping) name(key string, p meta.Profile) string {
	if p != meta.Compat {
		if name, ok := m.ComputedFixed[key]; ok {
			return name
		}
	}
	name, ok := m.Computed[key]
	if !ok && p != meta.Compat {
		return snakeCase(key)
	}
	return name
}

// snakeCase turns clientOS into client_os.
func snakeCase(key string) string {
	var b strings.Builder
	lower := false
	for _, r := range key {
		if unicode.IsUpper(r) && lower {
			b.WriteByte('_')
		}
		lower = !unicode.IsUpper(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
