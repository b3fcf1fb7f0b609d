package splunk

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"estream/meta"
	"estream/wire"
)

// A plan is the line of a layout, compiled. It is immutable and shared.
type plan struct {
	head   string // "rec_type=71"
	second *pair  // event_sec, nil if the layout has none
	pairs  []pair
	time   eventTime
}

// A pair writes one name and value.
type pair struct {
	name     string // " name="
	constant string // value, ready to write, when there are neither ops nor a field
	write    writer
	ops      []*meta.Op // computed values; the last that is there counts, before the field
	slot     int
	other    int // writeHost: slot of the legacy address, -1 if none
}

// eventTime is what event_time needs; ops may be nil.
type eventTime struct {
	second, microsecond *meta.Op
}

// A writer says how a field is written.
type writer uint8

const (
	writeNothing writer = iota // no field: without a computed value the pair is left out
	writeConstant
	writeUint
	writeBlock // block type on the wire
	writeUUID
	writeHex
	writeIP
	writeLittle // IPv4 address in reverse byte order
	writeHost   // address of the host in the discovery header
	writeIPv6   // address, left out if it is IPv4
	writeHostIPv6
	writeMAC
	writeText
	writeObject // a string block as a Python dictionary
	writeNested // all computed values of a nested block
)

func (f *splunkFormat) compile(l *wire.Layout) *plan {
	if l.Record == nil {
		return &plan{}
	}
	c := compiler{format: f, layout: l, names: meta.NamesOf(l), profile: f.options.Profile, at: map[string]int{}}
	c.fields()
	if c.profile == meta.Strict && !c.mapped() {
		c.header()
		c.unmapped()
	}
	view := meta.Compile(l, c.profile)
	c.computed(view.Ops)
	c.aliases(view)
	if _, named := c.at["rec_type_desc"]; !named && c.profile == meta.Strict {
		// eNcore has no name for this record type, the protocol does.
		c.entry("rec_type_desc").pair = pair{write: writeConstant, constant: string(appendPlain(nil, l.Record.Name, c.profile))}
	}
	return c.plan(view)
}

// compileOuter makes the plan for the discovery header of a raw record. What
// metadata explains is left out: a raw record is written without tables.
func (f *splunkFormat) compileOuter(l *wire.Layout) *plan {
	c := compiler{format: f, layout: l, names: meta.NamesOf(l), profile: f.options.Profile, at: map[string]int{}, outer: true}
	c.fields()
	if !c.mapped() {
		c.header()
	}
	view := meta.Compile(l, c.profile)
	c.computed(slices.DeleteFunc(slices.Clone(view.Ops), func(op meta.Op) bool {
		switch op.Kind {
		case meta.OpText, meta.OpEventSecond, meta.OpEventMicrosecond:
			return false
		}
		return true
	}))
	return c.plan(view)
}

type compiler struct {
	format  *splunkFormat
	layout  *wire.Layout
	names   *meta.Names
	profile meta.Profile
	outer   bool // only the discovery header is there

	entries []compiled
	at      map[string]int // index in entries by name
	sources []computedSource
}

// A compiled is a pair under construction.
type compiled struct {
	to string
	pair
	dropped bool
}

// A computedSource is an entry of the table whose source is a computed value.
type computedSource struct{ to, key string }

func (c *compiler) mapped() bool {
	lists := c.format.mapping.lists[c.layout.Record.Type]
	return lists != nil && len(lists[c.profile]) > 0
}

// entry returns the place of a name, a new one at the end if there is none yet.
func (c *compiler) entry(to string) *compiled {
	i, ok := c.at[to]
	if !ok {
		i = len(c.entries)
		c.at[to] = i
		c.entries = append(c.entries, compiled{to: to})
	}
	return &c.entries[i]
}

// fields resolves the table's list for the record type.
func (c *compiler) fields() {
	lists := c.format.mapping.lists[c.layout.Record.Type]
	if lists == nil {
		return
	}
	for _, e := range lists[c.profile] {
		c.field(e)
	}
}

func (c *compiler) field(e fieldEntry) {
	p := pair{other: -1}
	switch e.kind {
	case fromNothing:
		c.entry(e.to).dropped = true
		return
	case fromComputed:
		c.sources = append(c.sources, computedSource{e.to, e.from})
		return
	case fromBlock:
		if c.outer {
			return // raw records have block_type
		}
		p.write = writeBlock
		if c.layout.Block == nil || c.layout.EncoreRoot != "" {
			p.write, p.constant = writeConstant, "0"
		}
	case fromWire:
		slot := c.layout.Slot(e.from)
		if slot < 0 {
			return
		}
		p = c.source(meta.Ref{Slot: slot})
	default:
		ref, ok := c.names.Find(e.from)
		if !ok {
			return
		}
		if p = c.source(ref); e.kind == fromIPv6 {
			switch p.write {
			case writeHost:
				p.write = writeHostIPv6
			case writeIP:
				p.write = writeIPv6
			default:
				return
			}
		}
	}
	if p.write == writeNothing {
		return // a list: no line shows one
	}
	to := c.entry(e.to)
	to.pair, to.dropped = p, false
}

// source returns how a field is written.
func (c *compiler) source(ref meta.Ref) pair {
	field := &c.layout.Fields[ref.Slot]
	p := pair{slot: ref.Slot, other: -1}
	switch kind := field.Kind; {
	case field.EncoreForm == "hex":
		p.write = writeHex
	case kind.Integer():
		p.write = writeUint
	case ref.Content || kind == wire.KindText || kind == wire.KindRest:
		p.write = writeText
	case kind == wire.KindString || kind == wire.KindBlob:
		p.write = writeObject
		if c.profile != meta.Compat {
			p.write = writeText
		}
	case kind == wire.KindUUID:
		p.write = writeUUID
	case kind == wire.KindMAC:
		p.write = writeMAC
	case kind == wire.KindIPv6 && ref.Slot < c.layout.Discovery:
		p.write, p.other = writeHost, meta.LegacyHost(c.layout)
	case field.LittleEndian:
		p.write = writeLittle
	case kind == wire.KindIPv4 || kind == wire.KindIPv6:
		p.write = writeIP
	case kind == wire.KindBytes:
		p.write = writeHex
	}
	return p
}

// header adds the fields of the discovery header as the table calls them.
func (c *compiler) header() {
	for _, e := range c.format.mapping.header[c.profile] {
		c.field(e)
	}
}

// unmapped adds the fields of a body without table under the protocol's names. Lists
// are left out, and so are lengths of text.
func (c *compiler) unmapped() {
	fields := c.layout.Fields
	for i := c.layout.Discovery; i < len(fields); i++ {
		isLength := func(f wire.Field) bool { return f.LengthOf == fields[i].Name }
		if _, taken := c.at[fields[i].Name]; taken || slices.ContainsFunc(fields, isLength) {
			continue
		}
		if p := c.source(meta.Ref{Slot: i}); p.write != writeNothing {
			c.entry(fields[i].Name).pair = p
		}
	}
}

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

// plan puts the pairs together.
func (c *compiler) plan(view *meta.View) *plan {
	p := &plan{head: "rec_type=" + strconv.Itoa(int(c.layout.Record.Type))}
	if c.profile == meta.Strict {
		p.time = eventTime{view.Find("eventSecond"), view.Find("eventMicrosecond")}
	}
	for i := range c.entries {
		e := &c.entries[i]
		if e.dropped {
			continue
		}
		e.name = " " + e.to + "="
		// A constant computed value is written once, here.
		if n := len(e.ops); n > 0 && e.ops[n-1].Constant() != nil {
			e.write, e.constant = writeConstant, string(appendValue(nil, e.ops[n-1].Constant(), c.profile))
			e.ops = nil
		}
		if e.to == "event_sec" {
			p.second = &e.pair
			continue
		}
		// Neighbouring constants are written at once.
		if last := len(p.pairs) - 1; e.write == writeConstant && last >= 0 && p.pairs[last].write == writeConstant {
			p.pairs[last].constant += e.name + e.constant
			continue
		}
		p.pairs = append(p.pairs, e.pair)
	}
	return p
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

// uses reports whether a pair reads a slot.
func (p *pair) uses(slot int) bool {
	if slices.ContainsFunc(p.ops, func(op *meta.Op) bool { return op.Uses(slot) }) {
		return true
	}
	switch p.write {
	case writeNothing, writeConstant, writeBlock, writeNested:
		return false
	}
	return slot == p.slot || slot == p.other
}
