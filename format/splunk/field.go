package splunk

import (
	"slices"

	"estream/meta"
	"estream/wire"
)

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
