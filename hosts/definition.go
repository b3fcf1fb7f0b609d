package hosts

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// A definition is a host attribute as far as the map needs it.
type definition struct {
	name string
	typ  uint32
}

type definitionKey struct {
	realm
	id uint32
}

// isNotes reports whether the attribute is the one that profiles show as notes.
func (d definition) isNotes() bool { return strings.EqualFold(d.name, "notes") }

// define keeps the definition of an attribute.
func (m *Map) define(k definitionKey, d definition) {
	old, known := m.names[k]
	if !known && len(m.names) >= maxDefinitions {
		m.stats.Refused++
		return
	}
	if d.typ == 0 {
		d.typ = old.typ // metadata names an attribute without saying its type
	}
	m.names[k] = d
}

// definitions codes all definitions, in the order of their numbers.
func (m *Map) definitions(c *codec) {
	keys := slices.SortedFunc(maps.Keys(m.names), func(a, b definitionKey) int {
		return cmp.Or(cmp.Compare(a.space, b.space), cmp.Compare(a.netmap, b.netmap), cmp.Compare(a.id, b.id))
	})
	list(c, &keys, maxDefinitions, func(c *codec, k *definitionKey) {
		num(c, &k.space)
		num(c, &k.netmap)
		num(c, &k.id)
		d := m.names[*k]
		text(c, &d.name)
		num(c, &d.typ)
		if c.reading && !c.bad {
			m.names[*k] = d
		}
	})
}
