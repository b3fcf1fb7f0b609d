package cef

import (
	"fmt"
	"maps"
	"slices"

	"estream/meta"
	"estream/wire"
)

// A plan is the line of a layout, compiled. It is immutable and shared. A layout
// of a record type without line has a nil header.
type plan struct {
	view      *meta.View
	header    []part // CEF version to severity, without the last bar
	extension []part // in the order of their keys
}

// A part writes one value: constant text, then a field or computed value unless
// that is empty.
type part struct {
	before   string   // " key=", or text of the header
	computed *meta.Op // first choice; nil if there is none
	write    writer   // what to write otherwise
	slot     int
	other    int // slot of a second field
	text     string
	severity *severityPlan // writeSeverity, writeMatrix
}

// A severityPlan is what only the severity needs.
type severityPlan struct {
	below     uint64 // writeSeverity: low below this value of the slot, else high
	low, high string
	impact    *meta.Op // writeMatrix: computed impact, if it is not in a field
}

// A writer says how a part gets its text.
type writer uint8

const (
	writeNothing writer = iota // leave the key out
	writeText                  // constant
	writeUint
	writeMilliseconds
	writeUUID
	writeHex       // bytes, printed as text
	writeLiteral   // bytes, printed as b'hex'
	writeContent   // text as it arrives
	writeObject    // a string block as a whole
	writeIP        // address of any kind
	writeLittle    // IPv4 address in reverse byte order
	writeHost      // address of the host in the discovery header
	writeIPv4Part  // the address if it prints without a colon
	writeIPv6Part  // the address if it prints with one
	writeHostIPv4  // the same for the host in the discovery header
	writeMAC       //
	writeAction    // index into actions
	writePayload   // payload of a packet
	writePacket    // a whole packet
	writeSeverity  // by threshold
	writeMatrix    // by priority and impact
	writeTenth     // a tenth of a number, with one decimal
	writeHeaderOp  // computed value in the header
	writeHeaderRaw // text in the header
)

const cefStart = "CEF:0|Cisco|Firepower|6.0|"

func compile(l *wire.Layout) *plan {
	if l.Record == nil {
		return &plan{}
	}
	m := loaded().Records[l.Record.Type]
	if m == nil {
		return &plan{}
	}
	c := compiler{layout: l, names: meta.NamesOf(l), view: meta.Compile(l, meta.Compat), plain: meta.BytesAreText(l.Record.Type)}
	p := &plan{view: c.view}
	p.header = c.template(cefStart, m.Signature)
	p.header = append(p.header, c.template("|", m.Name)...)
	p.header = append(p.header, c.severity(&m.Severity))
	for _, key := range slices.Sorted(maps.Keys(m.Extension)) {
		if part, ok := c.value(parseAlternatives(m.Extension[key])); ok {
			part.before = " " + key + "="
			p.extension = append(p.extension, part)
		}
	}
	return p
}

type compiler struct {
	layout *wire.Layout
	names  *meta.Names
	view   *meta.View
	plain  bool // see meta.BytesAreText
}

// value compiles an extension value; false if it can never be there.
func (c *compiler) value(alts []alternative) (p part, ok bool) {
	for _, a := range alts {
		switch {
		case a.computed != "":
			if p.computed == nil {
				p.computed = c.view.Find(a.computed)
			}
		case a.constant != "":
			p.write, p.text = writeText, a.constant
		default:
			c.source(&p, a)
		}
	}
	return p, p.computed != nil || p.write != writeNothing
}

// source resolves the field of an alternative.
func (c *compiler) source(p *part, a alternative) {
	ref, ok := c.names.Find(a.path)
	if !ok {
		if !a.optional {
			p.write, p.text = writeText, "None"
		}
		return
	}
	p.slot = ref.Slot
	kind := c.layout.Fields[ref.Slot].Kind
	header := ref.Slot < c.layout.Discovery
	if a.function == "" {
		p.write = c.plainWriter(ref)
		return
	}
	address := kind == wire.KindIPv4 || kind == wire.KindIPv6
	switch {
	case a.function == "milliseconds" && kind.Integer():
		p.write = writeMilliseconds
	case a.function == "action" && kind.Integer():
		p.write = writeAction
	case a.function == "ipv4" && address && header:
		p.write, p.other = writeHostIPv4, meta.LegacyHost(c.layout)
	case a.function == "ipv4" && c.layout.Fields[ref.Slot].LittleEndian:
		p.write = writeLittle
	case a.function == "ipv4" && address:
		p.write = writeIPv4Part
	case a.function == "ipv6" && address:
		p.write = writeIPv6Part
	case a.function == "payload" && kind == wire.KindText:
		p.write = writePayload
	case a.function == "packet" && kind == wire.KindText:
		p.write = writePacket
	case !functions[a.function]:
		panic(fmt.Sprintf("cef: mapping.json: unknown function %q", a.function)) // a bug of ours
	}
}

// functions of the mapping. On a field of a kind that it is not made for a
// function gives nothing, as if the field were missing.
var functions = map[string]bool{"milliseconds": true, "action": true, "ipv4": true, "ipv6": true, "payload": true, "packet": true}

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
	return writeNothing // lists and blocks: no mapping names any
}

// template compiles a header field. Unlike in the extension 0 and empty text are
// written there.
func (c *compiler) template(before, s string) (parts []part) {
	parts = append(parts, part{write: writeText, text: before})
	for _, piece := range parseTemplate(s) {
		p := part{write: writeText, text: piece.text}
		switch {
		case piece.computed != "":
			p.text = "None"
			if op := c.view.Find(piece.computed); op != nil {
				p.write, p.computed = writeHeaderOp, op
			}
		case piece.path != "":
			p.text = "None"
			if ref, ok := c.names.Find(piece.path); ok {
				p.slot, p.write = ref.Slot, c.plainWriter(ref)
				if p.write == writeContent {
					p.write = writeHeaderRaw
				}
			}
		}
		// Neighbouring constants are written at once.
		if last := len(parts) - 1; p.write == writeText && parts[last].write == writeText {
			parts[last].text += p.text
			continue
		}
		parts = append(parts, p)
	}
	return parts
}

func (c *compiler) severity(m *severityMapping) part {
	p := part{before: "|", write: writeText, text: m.Const}
	switch {
	case m.Const != "":
	case len(m.Matrix) == 2:
		p.text = defaultSeverity
		priority, ok := c.number(m.Matrix[0])
		if !ok {
			break
		}
		p.slot, p.other = priority, -1
		p.severity = new(severityPlan)
		if key := m.Matrix[1]; key[0] == '@' {
			p.severity.impact = c.view.Find(key[1:])
		} else if impact, ok := c.number(key); ok {
			p.other = impact
		}
		p.write = writeMatrix
	case m.Tenth != "":
		p.text = "None"
		if slot, ok := c.number(m.Tenth); ok {
			p.write, p.slot = writeTenth, slot
		}
	case m.Then != "":
		p.text = m.Else
		if slot, ok := c.number(m.Field); ok {
			p.write, p.slot = writeSeverity, slot
			p.severity = &severityPlan{below: m.Below, low: m.Then, high: m.Else}
		}
	default:
		p.text = "None"
		if ref, ok := c.names.Find(m.Field); ok {
			p.slot, p.write = ref.Slot, c.plainWriter(ref)
		}
	}
	return p
}

const defaultSeverity = "5"

func (c *compiler) number(path string) (int, bool) {
	ref, ok := c.names.Find(path)
	return ref.Slot, ok && c.layout.Fields[ref.Slot].Kind.Integer()
}

// uses reports whether a part reads a slot.
func (p *part) uses(slot int) bool {
	if p.computed != nil && p.computed.Uses(slot) {
		return true
	}
	if p.severity != nil && p.severity.impact != nil && p.severity.impact.Uses(slot) {
		return true
	}
	switch p.write {
	case writeNothing, writeText, writeHeaderOp:
		return false
	case writeHostIPv4, writeHost, writeMatrix:
		return slot == p.slot || slot == p.other
	}
	return slot == p.slot
}
