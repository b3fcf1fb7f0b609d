package strict

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"estream/meta"
	"estream/wire"
)

// A plan is the line of a layout, compiled. It is immutable and shared.
type plan struct {
	signature []piece
	name      []piece
	title     string // the name where the record does not know a better one
	severity  severityPlan
	extension []part
	end       string // the last keys
	uses      []bool // by slot
}

// A piece of a header field is constant text, or a value with its fallback.
type piece struct {
	text  string
	value part
}

// A part writes one key: the first computed value that is there, or the field.
type part struct {
	before string // " KEY="
	after  string // " KEYLabel=LABEL"
	spare  string // " KEY=" of the custom key for what does not fit; "" when before is that key
	key    keyType
	ops    []*meta.Op
	write  writer
	slot   int
	other  int // slot of the legacy address; of the packet's length
	names  []string
	shared bool // addresses of the other kind are in another part's key
}

// A writer says how a field becomes text.
type writer uint8

const (
	writeNothing writer = iota
	writeUint
	writeNamed     // number by names
	writeSeconds   // Unix seconds
	writeEventTime // the time of the event, from two computed values
	writeArchived  // the archive time in the record header
	writeUUID
	writeHex
	writeText
	writeBlob // text or hex
	writePacket
	writeIP
	writeLittle // IPv4 address in reverse byte order
	writeHost   // address in the discovery header
	writeMAC
	writeList   // list or nested block as JSON, and its count
	writeNested // computed values of a nested block
)

const customPrefix = "CiscoFirepower"

// custom returns the custom key for a field. Only letters and digits may stand in
// a key, and layouts from outside can have any names.
func custom(name string) string {
	var b strings.Builder
	b.WriteString(customPrefix)
	start := b.Len()
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z' && b.Len() == start:
			b.WriteByte(c - 'a' + 'A')
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			b.WriteByte(c)
		}
	}
	return b.String()
}

type compiler struct {
	mapping *mapping
	layout  *wire.Layout
	names   *meta.Names
	view    *meta.View
	plan    *plan
	keys    map[string]bool // taken
	shown   []bool          // slots that have a key
	named   map[string]bool // computed values that have a key
}

// compile makes the plan for a layout of a record.
func compile(l *wire.Layout, m *mapping) *plan {
	if l.Record == nil {
		return &plan{} // nested blocks and headers have no line of their own
	}
	c := &compiler{
		mapping: m, layout: l, names: meta.NamesOf(l), view: meta.Compile(l, meta.Strict),
		plan: &plan{title: l.Record.Name, uses: make([]bool, len(l.Fields))},
		keys: map[string]bool{}, shown: make([]bool, len(l.Fields)), named: map[string]bool{},
	}
	c.reserve()
	r := m.Records[l.Record.Type]
	if r == nil {
		r = &recordMapping{}
	}
	c.header(r)
	c.dictionary(r.Extension)
	c.rest()
	c.end()
	c.markUses()
	return c.plan
}

// reserve keeps the keys that every line has, and marks what no line shows.
func (c *compiler) reserve() {
	for _, key := range []string{"RecordType", "BlockType", "ArchiveTime", "Domain"} {
		c.keys[customPrefix+key] = true
	}
	// These say in pieces what rt, cat and the name say.
	for _, key := range []string{"eventSecond", "eventMicrosecond", "eventDateTime", "recordTypeDescription", "originalPacket"} {
		c.named[key] = true
	}
	for i := range c.layout.Fields {
		c.shown[i] = padding(c.layout, i)
	}
}

// padding reports whether a field says nothing on its own: padding, what eNcore
// leaves out of the discovery header, and numbers that count the text behind them.
func padding(l *wire.Layout, slot int) bool {
	switch name := l.Fields[slot].Name; {
	case meta.Hidden(l, slot), name == "pad", slot < l.Discovery && strings.HasPrefix(name, "ignore"), slot < l.Discovery && strings.HasPrefix(l.Fields[slot].Encore, "ignore"):
		return true
	}
	for i := range l.Fields[slot:] {
		if f := &l.Fields[slot+i]; f.Kind == wire.KindText && f.LengthOf == l.Fields[slot].Name {
			return true
		}
	}
	return false
}

// dictionary adds the keys of the mapping that the layout has values for, in the
// order of their names.
func (c *compiler) dictionary(own map[string]string) {
	all := maps.Clone(c.mapping.Common)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, own)
	if _, ok := all["rt"]; !ok {
		all["rt"] = ""
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		src := parseValue(all[key])
		p, ok := c.value(src, c.mapping.Keys[key])
		if key == "rt" && !ok {
			p, ok = part{key: keyType{kind: keyTime}, write: writeEventTime, slot: -1, other: -1}, true
			p.ops = append(c.find("eventSecond"), c.find("eventMicrosecond")...)
		}
		if !ok {
			continue
		}
		c.keys[key] = true
		p.before = " " + key + "="
		if src.label != "" {
			c.keys[key+"Label"] = true
			p.after = " " + key + "Label=" + string(appendExtension(nil, []byte(src.label)))
		}
		c.plan.extension = append(c.plan.extension, p)
	}
	// A key for IPv4 leaves the rest to the one for IPv6 of the same field, and the
	// other way round. Without that other key they are in the custom one.
	for i := range c.plan.extension {
		p := &c.plan.extension[i]
		if p.key.kind != keyIPv4 && p.key.kind != keyIPv6 {
			continue
		}
		for j := range c.plan.extension {
			if q := &c.plan.extension[j]; q.slot == p.slot && q.key.kind != p.key.kind && (q.key.kind == keyIPv4 || q.key.kind == keyIPv6) {
				p.shared = true
			}
		}
	}
}

// value resolves the sources of a dictionary key.
func (c *compiler) value(src valueSource, key keyType) (p part, ok bool) {
	p.key, p.slot, p.other = key, -1, -1
	spare := ""
	for _, k := range src.computed {
		if ops := c.find(k); len(ops) > 0 {
			p.ops, spare = append(p.ops, ops...), k
			c.named[k] = true
		}
	}
	for _, s := range src.fields {
		ref, found := c.names.Find(s.path)
		if !found {
			continue
		}
		w := c.writer(ref.Slot)
		if s.names != "" && w == writeUint {
			w, p.names = writeNamed, c.mapping.Names[s.names]
		}
		if !key.takes(w) {
			continue
		}
		p.write, p.slot, p.other = w, ref.Slot, c.other(ref.Slot)
		spare = c.layout.Fields[ref.Slot].Encore
		c.shown[ref.Slot] = true
		// The name of the same number is not worth a key of its own.
		if ops := c.about(spare, ref.Slot); s.names == "" && len(p.ops) == 0 && len(ops) > 0 && key.kind == keyText {
			p.ops = ops
			c.named[spare] = true
		}
		break
	}
	if p.write == writeNothing && len(p.ops) == 0 {
		return p, false
	}
	p.spare = " " + c.free(custom(spare)) + "="
	return p, true
}

// takes reports whether a key can hold what a writer writes.
func (k keyType) takes(w writer) bool {
	switch k.kind {
	case keyInteger, keyLong:
		return w == writeUint
	case keyTime:
		return w == writeSeconds || w == writeUint
	case keyIPv4:
		return w == writeIP || w == writeHost || w == writeLittle
	case keyIPv6:
		return w == writeIP || w == writeHost
	case keyMAC:
		return w == writeMAC
	}
	return w != writeList && w != writeNothing
}

// find returns all operations for a computed value; the first that gives one counts.
func (c *compiler) find(key string) (ops []*meta.Op) {
	for i := range c.view.Ops {
		if op := &c.view.Ops[i]; op.Key == key && op.Kind != meta.OpNested {
			ops = append(ops, op)
		}
	}
	return ops
}

// about is find for the values that a field of the same name leads to. The same
// name alone does not say so: a login has a domain of its own.
func (c *compiler) about(key string, slot int) []*meta.Op {
	return slices.DeleteFunc(c.find(key), func(op *meta.Op) bool { return !op.Uses(slot) })
}

// free returns key, or the first of key2, key3, ... that is not taken.
func (c *compiler) free(key string) string {
	unique := key
	for n := 2; c.keys[unique]; n++ {
		unique = key + strconv.Itoa(n)
	}
	c.keys[unique] = true
	return unique
}

// rest adds custom keys for the fields and computed values that have no key yet.
func (c *compiler) rest() {
	for i := range c.layout.Fields {
		if c.shown[i] {
			continue
		}
		f := &c.layout.Fields[i]
		p := part{write: c.writer(i), slot: i, other: c.other(i)}
		name := f.Encore
		if i < c.layout.Discovery && c.layout.Slot(f.Name) >= c.layout.Discovery {
			name = "header" + custom(name)[len(customPrefix):]
		} else if ops := c.about(name, i); !c.named[name] && len(ops) > 0 {
			p.ops, c.named[name] = ops, true
		}
		key := c.free(custom(name))
		p.before = " " + key + "="
		if p.write == writeList {
			p.after = " " + c.free(key+"Count") + "="
		}
		c.plan.extension = append(c.plan.extension, p)
	}
	for i := range c.view.Ops {
		op := &c.view.Ops[i]
		if op.Kind == meta.OpNested {
			prefix := custom(c.layout.Fields[op.From.Slot].Encore)
			c.plan.extension = append(c.plan.extension, part{before: " " + prefix, ops: []*meta.Op{op}, write: writeNested, slot: op.From.Slot, other: -1})
			continue
		}
		if c.named[op.Key] {
			continue
		}
		c.named[op.Key] = true
		key := custom(op.Key)
		switch {
		case op.Key == "domain": // reserved
		case op.Key == "packet":
			key = c.free(custom("packetPayload"))
		case c.keys[key]:
			key = c.free(key + "Computed") // beside a field of that name
		default:
			key = c.free(key)
		}
		c.plan.extension = append(c.plan.extension, part{before: " " + key + "=", ops: c.find(op.Key), slot: -1, other: -1})
	}
	c.plan.extension = append(c.plan.extension, part{before: " " + customPrefix + "ArchiveTime=", write: writeArchived, slot: -1, other: -1})
}

func (c *compiler) end() {
	var s string
	if c.layout.Block != nil {
		s = " " + customPrefix + "BlockType=" + strconv.FormatUint(uint64(c.layout.Block.Type), 10)
	}
	c.plan.end = s + " " + customPrefix + "RecordType=" + strconv.Itoa(int(c.layout.Record.Type)) + "\n"
}

// writer returns how a field is written.
func (c *compiler) writer(slot int) writer {
	f := &c.layout.Fields[slot]
	switch f.Kind {
	case wire.KindUint8, wire.KindUint16, wire.KindUint64:
		return writeUint
	case wire.KindUint32:
		if slices.Contains(c.mapping.Times, f.Encore) {
			return writeSeconds
		}
		return writeUint
	case wire.KindUUID:
		return writeUUID
	case wire.KindIPv4:
		if f.LittleEndian {
			return writeLittle
		}
		return writeIP
	case wire.KindIPv6:
		if slot < c.layout.Discovery {
			return writeHost
		}
		return writeIP
	case wire.KindMAC:
		return writeMAC
	case wire.KindText:
		if f.Name == "packet_data" {
			return writePacket
		}
		return writeText
	case wire.KindString, wire.KindRest:
		return writeText
	case wire.KindBlob:
		return writeBlob
	case wire.KindList, wire.KindBlock:
		return writeList
	}
	return writeHex
}

func (c *compiler) other(slot int) int {
	if c.writer(slot) == writeHost {
		return meta.LegacyHost(c.layout)
	}
	return -1
}

// markUses collects the slots that the line is made of.
func (c *compiler) markUses() {
	p := c.plan
	mark := func(q *part) {
		for i := range p.uses {
			if q.slot == i || q.other == i || slices.ContainsFunc(q.ops, func(op *meta.Op) bool { return op.Uses(i) }) {
				p.uses[i] = true
			}
		}
	}
	for _, pieces := range [][]piece{p.signature, p.name} {
		for i := range pieces {
			mark(&pieces[i].value)
		}
	}
	for i := range p.extension {
		mark(&p.extension[i])
	}
	mark(&p.severity.value)
	mark(&p.severity.impact)
}
