package filter

import (
	"slices"

	"estream/wire"
)

// typesDense bounds the record types whose verdict is kept. All known ones are
// below.
const typesDense = 1024

// A typeVerdict says what the record type alone decides.
type typeVerdict uint8

const (
	typeOpen  typeVerdict = iota // the rest of the header has to be looked at
	typeSkip                     // no record of the type can match
	typeKeeps                    // the header never rules a record of the type out
)

// A truth is the result of an expression of which only some values are known.
type truth uint8

const (
	unknown truth = iota
	no
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// Skips reports that no record with this header can match, so that it need not be
// decoded. False means nothing. It looks at record type, category, domain and
// archive time, and at whether records of the type can have the fields at all.
func (f *Filter) Skips(h *wire.RecordHeader) bool {
	if int(h.Type) < typesDense {
		if v := f.types[h.Type]; v != typeOpen {
			return v == typeSkip
		}
	}
	e := headerEval{filter: f, typ: h.Type, def: f.names.records[h.Type], header: h}
	return e.run(f.root) == no
}

// decideTypes makes the verdicts of all known types.
func (f *Filter) decideTypes() {
	for typ, def := range f.names.records {
		if int(typ) >= typesDense {
			continue
		}
		e := headerEval{filter: f, typ: typ, def: def}
		switch {
		case e.run(f.root) == no:
			f.types[typ] = typeSkip
		case !e.looked:
			f.types[typ] = typeKeeps
		}
	}
}

// A headerEval evaluates an expression with what a record header says.
type headerEval struct {
	filter *Filter
	typ    uint16
	def    *wire.RecordDef    // nil for a type without definition
	header *wire.RecordHeader // nil while only the type is known
	looked bool               // a leaf needs the header
}

func (e *headerEval) run(n *node) truth {
	switch n.kind {
	case nodeLeaf:
		return e.leaf(n.leaf)
	case nodeNot:
		switch e.run(n.kids[0]) {
		case yes:
			return no
		case no:
			return yes
		}
		return unknown
	}
	decides, result := no, yes
	if n.kind == nodeOr {
		decides, result = yes, no
	}
	for _, kid := range n.kids {
		switch t := e.run(kid); t {
		case decides:
			return decides
		case unknown:
			result = unknown
		}
	}
	return result
}

func (e *headerEval) leaf(l *leaf) truth {
	switch l.name.scope {
	case scopeRecord, scopeCategory:
		return truthOf(l.typeTest(e.typ, e.filter.names.category(e.typ)))
	case scopeTime:
		e.looked = true
		if e.header != nil {
			return truthOf(l.timeTest(e.header))
		}
	case scopeDomain:
		// The name of a domain is not in the header.
		if l.test.op == opHas || len(l.test.texts.list) > 0 {
			return unknown
		}
		e.looked = true
		if e.header != nil {
			return truthOf(l.domainTest(e.header.NetmapID).of(l))
		}
	case scopeAny, scopeField, scopeComputed:
		if !e.filter.names.possible(l, e.def) {
			return no
		}
	}
	return unknown
}

// possible reports whether records of a type can have the value that a leaf is
// about. A record may carry any block of its series, not only the usual ones.
func (n *names) possible(l *leaf, def *wire.RecordDef) bool {
	if def == nil {
		return false // it has no layout
	}
	if l.name.scope != scopeField && !def.Unknown && (l.name.scope == scopeComputed || n.isComputed(l.name.name)) {
		return true
	}
	if l.name.scope == scopeComputed {
		return false
	}
	if n.occurs(l.name.name, def) {
		return true
	}
	prefix := def.EncoreRoot + "."
	return def.EncoreRoot != "" && len(l.name.name) > len(prefix) && l.name.name[:len(prefix)] == prefix && n.occurs(l.name.name[len(prefix):], def)
}

func (n *names) occurs(name string, def *wire.RecordDef) bool {
	info := n.fields[name]
	if info == nil {
		return false
	}
	return info.header && def.Discovery || info.types[def.Type] ||
		!def.Unknown && def.Series != 0 && info.series[def.Series]
}

// category returns the category of a record type, "" where it has none.
func (n *names) category(typ uint16) string {
	if def := n.records[typ]; def != nil {
		return def.Category
	}
	return ""
}

// typeTest tests the record type or its category.
func (l *leaf) typeTest(typ uint16, category string) bool {
	if l.name.scope == scopeRecord {
		return l.numberTest(uint64(typ))
	}
	var v verdict
	switch {
	case category == "":
	case l.test.op == opHas:
		v.add(true)
	default:
		// Categories are constants, so the copy is made for each layout and type
		// once, and for each record only where nothing else is known of it.
		v.add(l.categories(category))
	}
	return v.of(l)
}

func (l *leaf) categories(name string) bool {
	if l.test.op == opIn {
		return slices.ContainsFunc(l.literals, func(lit literal) bool { return lit.text == name })
	}
	return l.test.text([]byte(name), &l.test.texts)
}

// numberTest tests an attribute that is a number and always there.
func (l *leaf) numberTest(n uint64) bool {
	v := verdict{present: true, passed: l.test.op == opHas || l.test.number(n, l.test.numbers)}
	return v.of(l)
}

// timeTest tests the archive time.
func (l *leaf) timeTest(h *wire.RecordHeader) bool {
	var v verdict
	if h.Extended {
		v.add(l.test.op == opHas || l.test.number(uint64(h.ArchiveTimestamp), l.test.seconds))
	}
	return v.of(l)
}

// domainTest tests the number of the domain, if the leaf has numbers.
func (l *leaf) domainTest(netmap uint16) (v verdict) {
	switch {
	case l.test.op == opHas:
		v.add(true)
	case len(l.test.numbers) > 0:
		v.add(l.test.number(uint64(netmap), l.test.numbers))
	}
	return v
}
