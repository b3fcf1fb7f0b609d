// Package csv writes one line per intrusion event, with the columns of the SDK's csv
// plugin and, like that one, a vertical bar between them unless told otherwise. The
// first line names the columns. It needs intrusion events only: request flag bits 2 to
// 6 choose the version, no metadata.
//
// All versions of intrusion events are written, over IPv4 and IPv6, each value as the
// record has it: numbers in decimal, addresses as text (RFC 5952; IPv4 as a dotted quad
// also where the record maps it into IPv6). A field that a version lacks stays empty.
// No value can hold a separator or a quote, so no line has quotes; with commas the
// output is what encoding/csv would write, RFC 4180 with LF as line end.
//
// Guarantee: what Flush has returned for is with the writer, in whole lines, in the
// order of the records. Nothing is repeated or skipped after an error.
package csv

import (
	"context"
	"io"
	"slices"

	"estream/format/text"
	"estream/meta"
	"estream/request/internal/whole"
	"estream/wire"
)

// columns are the names of the columns and of the fields that they show. The name of a
// field is the same in all versions of the record.
var columns = [...]struct {
	name, field string
	address     bool
}{
	{"sensor_id", "device_id", false},
	{"event_id", "event_id", false},
	{"event_sec", "event_second", false},
	{"event_usec", "event_microsecond", false},
	{"sid", "rule_id", false},
	{"gen", "generator_id", false},
	{"rev", "rule_revision", false},
	{"class", "classification_id", false},
	{"priority", "priority_id", false},
	{"src_addr", "source_ip_address", true},
	{"dst_addr", "destination_ip_address", true},
	{"src_port", "source_port_or_icmp_type", false},
	{"dst_port", "destination_port_or_icmp_code", false},
	{"ip_proto", "ip_protocol_id", false},
	{"impact_flag", "impact_flags", false},
	{"pad", "pad", false},
}

// Stats counts what became of the messages that were given to an [Output]: each is in
// one of the three.
type Stats struct {
	Lines     uint64 // intrusion events
	Other     uint64 // records of other kinds, left out
	Undecoded uint64 // records that are malformed or of unknown layout, left out
}

// An Output writes lines to a writer. It is not safe for concurrent use.
type Output struct {
	out       *whole.Buffer
	separator byte
	plans     map[*wire.Layout]*plan // as many as there are layouts
	stats     Stats
}

// A plan says for one layout where each column's value is.
type plan [len(columns)]cell

type cell struct {
	slot int // -1: the layout has no such field
	kind cellKind
}

type cellKind uint8

const (
	number cellKind = iota
	address
	reversed // an IPv4 address with its bytes in reverse order
)

// New returns an output to w, with comma between the columns or a vertical bar. The
// line with the names of the columns is written with the first Flush. w is not closed.
func New(w io.Writer, comma bool) *Output {
	o := &Output{out: whole.New(w), separator: '|', plans: map[*wire.Layout]*plan{}}
	if comma {
		o.separator = ','
	}
	var head []byte
	for i := range columns {
		head = append(append(head, columns[i].name...), o.separator)
	}
	head[len(head)-1] = '\n'
	o.out.Keep(head)
	return o
}

// Record writes the line of an intrusion event; other records are counted. Nothing of
// the record is kept. An error is the writer's, and the record is then not taken.
func (o *Output) Record(_ *wire.Decoder, r *wire.Record, _ []byte, _ *meta.Snapshot, _ error) error {
	if r == nil || r.Layout == nil {
		o.stats.Undecoded++
		return nil
	}
	p, ok := o.plans[r.Layout]
	if !ok {
		p = compile(r.Layout)
		o.plans[r.Layout] = p
	}
	if p == nil {
		o.stats.Other++
		return nil
	}
	dst, err := o.out.Room()
	if err != nil {
		return err
	}
	o.stats.Lines++
	o.out.Keep(p.append(dst, &r.View, o.separator))
	return nil
}

// compile returns the plan for a layout, nil if its records are no intrusion events.
// Only numbers and addresses are taken, also from layouts that somebody else defined,
// because they alone can do without quotes.
func compile(l *wire.Layout) *plan {
	if l.Record == nil || l.Record.Category != "intrusion" {
		return nil
	}
	p := new(plan)
	for i := range columns {
		c := &p[i]
		c.slot = l.Slot(columns[i].field)
		if c.slot < 0 {
			continue
		}
		switch f := &l.Fields[c.slot]; {
		case columns[i].address && f.LittleEndian:
			c.kind = reversed
		case columns[i].address && (f.Kind == wire.KindIPv4 || f.Kind == wire.KindIPv6):
			c.kind = address
		case columns[i].address || !f.Kind.Integer():
			c.slot = -1
		}
	}
	if !slices.ContainsFunc(p[:], func(c cell) bool { return c.slot >= 0 }) {
		return nil // records of this type can carry a block that is no event
	}
	return p
}

func (p *plan) append(dst []byte, v *wire.View, separator byte) []byte {
	for i := range p {
		c := &p[i]
		switch {
		case c.slot < 0:
		case c.kind == address:
			dst = text.AppendAddress(dst, v.Bytes(c.slot))
		case c.kind == reversed:
			dst = text.AppendIPv4Little(dst, v.Bytes(c.slot))
		default:
			dst = text.AppendUint(dst, v.Uint(c.slot))
		}
		dst = append(dst, separator)
	}
	dst[len(dst)-1] = '\n'
	return dst
}

// Flush hands all lines to the writer. The context is not looked at: a write to a file
// cannot be called off.
func (o *Output) Flush(context.Context) error { return o.out.Flush() }

// Close is Flush; there is nothing else to let go of.
func (o *Output) Close(context.Context) error { return o.out.Flush() }

// Stats returns what has been counted so far.
func (o *Output) Stats() Stats { return o.stats }
