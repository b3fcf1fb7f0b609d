package cef

import (
	"maps"
	"slices"
	"strings"

	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

const cefStart = "CEF:0|Cisco|Firepower|6.0|"

// compile makes the plan of a layout.
func (f *cefFormat) compile(l *wire.Layout) *plan {
	if l.Record == nil {
		return &plan{}
	}
	m := f.mapping.line(l.Record.Type, f.options.Profile)
	if m == nil {
		return &plan{}
	}
	c := newCompiler(l, f.options.Profile)
	p := &plan{view: c.view}
	p.header = c.template(cefStart, m.signature)
	p.header = append(p.header, c.template("|", m.name)...)
	p.header = append(p.header, c.severity(&m.severity))
	for _, key := range slices.Sorted(maps.Keys(m.extension)) {
		if part := c.value(m.extension[key].alts); part != nil {
			for link := part; link != nil; link = link.next {
				link.before = " " + key + "="
			}
			p.extension = append(p.extension, *part)
		}
	}
	return p
}

// line returns what makes up the line of a record type, nil if it has none.
func (m *mapping) line(typ uint16, p meta.Profile) *lineMapping {
	switch r := m.records[typ]; {
	case r == nil:
		return nil
	case p == meta.Compat:
		return &r.compat
	default:
		return &r.fixed
	}
}

// A compiler resolves names for one layout: a record's, or that of a nested block.
type compiler struct {
	layout *wire.Layout
	names  *meta.Names
	view   *meta.View // for a nested block without profile: only Ops are set
	plain  bool       // see meta.BytesAreText
	mend   bool       // not compat: header fields are escaped
}

func newCompiler(l *wire.Layout, p meta.Profile) *compiler {
	return &compiler{
		layout: l, names: meta.NamesOf(l), view: meta.Compile(l, p),
		plain: meta.BytesAreText(l.Record.Type), mend: p != meta.Compat,
	}
}

// value compiles the alternatives of an extension value, in order; nil if it can
// never be there.
func (c *compiler) value(alts []alternative) *part {
	if len(alts) == 0 {
		return nil
	}
	a, rest := alts[0], alts[1:]
	switch {
	case a.constant != "":
		return &part{write: writeText, text: string(text.AppendCEF(nil, []byte(a.constant)))}
	case a.block == "" && a.computed != "":
		op := c.view.Find(a.computed)
		next := c.value(rest)
		switch {
		case op == nil:
			return next
		case next == nil:
			return &part{computed: op}
		case next.computed == nil && next.nested == nil:
			next.computed = op // by far the most frequent case needs one part
			return next
		}
		return &part{computed: op, next: next}
	}
	if nested := c.nested(a); nested != nil {
		return &part{nested: nested, next: c.value(rest)}
	}
	ref, ok := c.names.Find(a.path)
	switch {
	case a.block != "" || !ok && a.optional || !ok && a.function != "":
		return c.value(rest)
	case !ok:
		return &part{write: writeText, text: "None"}
	case a.function == "":
		return c.field(ref)
	}
	p := c.function(a.function, ref)
	if p == nil {
		return c.value(rest)
	}
	return p
}

// field compiles a field that is written as it is.
func (c *compiler) field(ref meta.Ref) *part {
	p := &part{write: c.plainWriter(ref), slot: ref.Slot}
	if p.write == writeHost {
		p.other = meta.LegacyHost(c.layout)
	}
	return p
}

// nested resolves an alternative whose name begins with that of a nested block,
// nil if it does not.
func (c *compiler) nested(a alternative) *nestedSource {
	path := a.path
	if a.block != "" {
		path = a.block + "."
	}
	for i := range path {
		if path[i] != '.' {
			continue
		}
		ref, ok := c.names.Find(path[:i])
		if !ok || c.layout.Fields[ref.Slot].Kind != wire.KindBlock {
			continue
		}
		n := &nestedSource{slot: ref.Slot, from: a}
		n.from.block, n.from.optional = "", true
		if n.from.path = path[i+1:]; n.from.computed != "" {
			n.from.block = strings.TrimSuffix(n.from.path, ".")
			n.from.path = ""
		}
		for i := range c.view.Ops {
			if op := &c.view.Ops[i]; op.Kind == meta.OpNested && op.From.Slot == ref.Slot {
				n.op = op
			}
		}
		return n
	}
	return nil
}

// function compiles a field that a function writes; nil if the function is not
// made for such a field.
func (c *compiler) function(name string, ref meta.Ref) *part {
	field := &c.layout.Fields[ref.Slot]
	header := ref.Slot < c.layout.Discovery
	// Bytes of that length are an address too: eNcore knows no better for some.
	address := field.Kind == wire.KindIPv4 || field.Kind == wire.KindIPv6 || field.Kind == wire.KindBytes && field.Size == 16
	p := &part{slot: ref.Slot}
	switch {
	case name == "milliseconds" && field.Kind.Integer():
		p.write = writeMilliseconds
	case name == "action" && field.Kind.Integer():
		p.write = writeAction
	case name == "ipv4" && address && header:
		p.write, p.other = writeHostIPv4, meta.LegacyHost(c.layout)
	case name == "ipv4" && field.LittleEndian:
		p.write = writeLittle
	case name == "ipv4" && address:
		p.write = writeIPv4Part
	case name == "ipv6" && address:
		p.write = writeIPv6Part
	case name == "payload" && field.Kind == wire.KindText:
		p.write = writePayload
	case name == "packet" && field.Kind == wire.KindText:
		p.write = writePacket
	default:
		return nil
	}
	return p
}

// plainWriter returns how a field is written without a function.
func (c *compiler) plainWriter(ref meta.Ref) writer {
	switch kind := c.layout.Fields[ref.Slot].Kind; {
	case kind.Integer():
		return writeUint
	case ref.Content || kind == wire.KindText || kind == wire.KindRest:
		return writeContent
	case kind == wire.KindUUID:
		return writeUUID
	case kind == wire.KindMAC:
		return writeMAC
	case kind == wire.KindIPv6 && ref.Slot < c.layout.Discovery:
		return writeHost
	case c.layout.Fields[ref.Slot].LittleEndian:
		return writeLittle
	case kind == wire.KindIPv4 || kind == wire.KindIPv6:
		return writeIP
	case kind == wire.KindString || kind == wire.KindBlob:
		return writeObject
	case kind == wire.KindBytes && c.plain:
		return writeHex
	case kind == wire.KindBytes:
		return writeLiteral
	}
	return writeNothing // lists and blocks
}
